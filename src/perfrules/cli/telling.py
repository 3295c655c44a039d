"""What commands do with schemes and records between reading and printing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from attrs import evolve

from perfrules import plugins, supplying, verbs
from perfrules.cli import examining, outline
from perfrules.cli.console import (
    MISUSED,
    USAGE,
    Screen,
    count_by_severity,
    exit_code,
    many,
)
from perfrules.cli.parts import Data
from perfrules.editions import Reading, at_stage
from perfrules.findings import SEVERITIES, SEVERITY_WORDS, Finding, RecordError, Severity, nearest
from perfrules.formats import read_editions, read_records
from perfrules.formats.benchmarks import Benchmarks, read_benchmarks
from perfrules.formats.results import Scores
from perfrules.formats.rulings import add_rulings
from perfrules.model import Batch, Record, Scheme, Scorecard, SetAside
from perfrules.numbers import published
from perfrules.readings.prose import number

PROGRESS_FROM = 200
"""So many records take long enough to be worth a progress bar."""


# ------------------------------------------------------------------------------------------------ schemes


def list_schemes(screen: Screen) -> int:
    """Print every scheme that plugins bring, and what went wrong on the way."""
    made, found = supplying.schemes()
    origins = {str(f.path): f for f in plugins.registry().scheme_files}
    schemes = [s for name in sorted(made) for s in made[name]]
    listed: list[Data] = []
    for each in schemes:
        resting = {status: published(points) for status, points in outline.resting(each).items()}
        listed.append(
            {
                "id": each.id,
                "edition": each.edition,
                "title": each.title,
                "distribution": origins[each.file].distribution,
                "version": origins[each.file].version,
                "effective": each.effective and each.effective.isoformat(),
                "points": None if each.tree.worth is None else published(each.tree.worth),
                "resting": resting,
                "file": each.file,
            }
        )
    if screen.json:
        screen.give({"schemes": listed, "findings": [f.as_json() for f in found]})
        return exit_code(found)
    say = screen.say
    words = {str(status): word for status, word in outline.STATUS_WORDS[screen.lang].items()}
    heads = say("编号 版本 名称 发行包 分值 分值的依据", "id edition title distribution points points-rest-on").split()
    rows = []
    for about in listed:
        shares = [f"{words[status]} {points}" for status, points in about["resting"].items()]
        plain = [str(about[key] or "—") for key in ("id", "edition", "title", "distribution", "points")]
        rows.append([*plain, say("，", ", ").join(shares) or "—"])
    screen.table(heads, rows, right=[4])
    if found:
        screen.line()
        screen.findings(found)
    return exit_code(found)


def check_files(screen: Screen, paths: Iterable[Path], *, strict: bool) -> int:
    """Print everything found in files and plugins' folders."""
    examined = [each for path in paths for each in examining.examine(path)]
    found = [f for each in examined for f in each.findings]
    code = MISUSED if any(f.name in USAGE for f in found) else exit_code(found, strict=strict)
    count = {"files": sum(each.kind in ("scheme", "definitions", "facts") for each in examined)}
    count |= {str(severity): number_of for severity, number_of in count_by_severity(found).items()}
    if screen.json:
        screen.give({"files": [_examined(each) for each in examined], "count": count})
        return code
    for each in examined:
        screen.findings(each.findings)
    files, whole = count["files"], screen.severities(found)
    screen.line(screen.say(f"查了 {files} 个文件：{whole}。", f"{many(files, 'file')} checked: {whole}."))
    return code


def _examined(each: examining.Examined) -> Data:
    data: Data = {"file": each.file, "kind": each.kind}
    if each.scheme is not None:
        data["scheme"] = {"id": each.scheme.id, "edition": each.scheme.edition, "digest": each.scheme.digest}
    return data | {"findings": [f.as_json() for f in each.findings]}


# ------------------------------------------------------------------------------------------------ records


def read_by_edition(name: str, path: Path, *, rulings: Path | None = None, stage: str | None = None) -> Reading:
    """The records of a file, each by the edition in effect on its period, with rulings, at a stage. Raises PerfrulesError."""
    reading = read_editions(path, supplying.editions(name))
    if rulings is not None:
        reading = evolve(reading, batch=add_rulings(reading.batch, rulings))
    return reading if stage is None else at_stage(reading, stage)


def the_only_edition(reading: Reading) -> Scheme:
    """The edition that all records are of. Raises RecordError where there are several."""
    if len(reading.schemes) > 1:
        editions = "、".join(s.edition for s in reading.schemes)
        raise RecordError([Finding("several-editions", None, reading.schemes[0].id, {"editions": editions})])
    return reading.schemes[0]


def read(scheme: Scheme, path: Path, rulings: Path | None = None) -> Batch:
    """The records of a file, with the rulings of another. Raises RecordError."""
    batch = read_records(path, scheme)
    return batch if rulings is None else add_rulings(batch, rulings)


def chosen(batch: Batch, path: Path, wanted: str | None) -> Record:
    """The record of that id, or the only one. Raises RecordError: unknown, set aside, or one of several."""
    ids = [r.id for r in batch.records] + [each.id for each in batch.set_aside]
    if wanted is None:
        if len(batch.records) == 1 and not batch.set_aside:
            return batch.records[0]
        if len(ids) == 1:
            raise RecordError((*batch.findings, *batch.set_aside[0].findings))
        some = "、".join(ids[:5]) + ("……" if len(ids) > 5 else "")
        raise RecordError([_about("record-not-chosen", path, count=str(len(ids)), some=some)])
    for record in batch.records:
        if record.id == wanted.strip():
            return record
    aside = [f for each in batch.set_aside if each.id == wanted.strip() for f in each.findings]
    if aside:
        raise RecordError(aside)
    raise RecordError([evolve(_about("unknown-record", path, id=wanted), nearest=nearest(wanted, ids))])


def node_path(card: Scorecard, wanted: str) -> str:
    """The path of the indicator that is meant by a path, a name or a title. Raises RecordError."""
    word = wanted.strip().strip("/")
    named = [n.path for n in card.nodes if word == n.path or (word in (n.name, n.title) and word)]
    if word in [n.path for n in card.nodes]:
        return word
    if len(named) == 1:
        return named[0]
    if named:
        raise RecordError([Finding("ambiguous-indicator", None, "", {"name": word, "paths": "、".join(named)})])
    known = [text for n in card.nodes for text in (n.path, n.name, n.title) if text]
    raise RecordError([Finding("unknown-indicator", None, "", {"name": word}, nearest(word, known))])


def _about(name: str, path: Path, **seen: str) -> Finding:
    return Finding(name, None, "", {"file": path.name, **seen})


def benchmarks_of(reading: Reading, path: Path | None = None) -> Benchmarks:
    """The benchmarks of each edition, where it has any: those of a file, else over the edition's records in this one.

    Raises RecordError.
    """
    wanting = [s for s in reading.schemes if s.benchmarks]
    if path is not None:
        return read_benchmarks(path, reading.schemes)
    return {s.digest: verbs.freeze(s, reading.records_of(s)) for s in wanting}


def score_all(screen: Screen, reading: Reading, benchmarks: Benchmarks, *, whole: bool = False) -> Scores:
    """Score every record of a file; on a terminal a bar shows how far it is. `whole` scorecards keep their evidence."""
    cards = []
    for record in watched(reading.batch.records, screen.say("计分", "scoring")):
        scheme = reading.scheme_of(record)
        card = verbs.score(scheme, record, trace=False, benchmarks=benchmarks.get(scheme.digest, {}))
        cards.append(card if whole else evolve(card, evidence=None))
    newest, *others = reading.schemes
    return Scores(newest, tuple(cards), reading.batch.set_aside, reading.batch.findings, tuple(others))


def watched(records: Sequence[Record], what: str) -> Iterable[Record]:
    if len(records) < PROGRESS_FROM or not sys.stderr.isatty():
        return records
    from rich.console import Console
    from rich.progress import track

    return track(records, what, console=Console(stderr=True), transient=True)


# ------------------------------------------------------------------------------------------------ scores


def tell_scores(screen: Screen, scores: Scores, *, every: bool) -> None:
    """Print a table of scorecards, what was found, what was set aside, and counts that add up."""
    say, scheme = screen.say, scores.scheme
    head = f"{scheme.title}  {scheme.id}" + (f"@{scheme.edition}" if scheme.edition else "")
    screen.line(head + "".join(f"  @{other.edition}" for other in scores.others), "bold")
    screen.line()
    scales = list(scores.scales)
    several = bool(scores.others)
    if scores.cards:
        identifier = scheme.key or say("编号", "record")
        heads = [identifier, *say("得分 满分", "points max").split(), *scales, say("问题", "findings")]
        heads += [say("版本", "edition")] if several else []
        rows = [
            [card.record, _points(card.points), _points(card.max), *(card.grades.get(s) or "—" for s in scales),
             str(len(card.findings) or ""), *([card.edition or "—"] if several else [])]
            for card in scores.cards
        ]  # fmt: skip
        screen.table(heads, rows, right=[1, 2])
    _tell_findings(screen, scores, every=every)
    tell_set_aside(screen, scores.set_aside, apart=True)
    screen.line()
    total, aside = len(scores.cards) + len(scores.set_aside), len(scores.set_aside)
    without, scored = scores.without_score, len(scores.cards) - scores.without_score
    screen.line(
        say(
            f"共 {total} 条记录：有得分 {scored}，无得分 {without}，搁置 {aside}。",
            f"{many(total, 'record')}: {scored} with a score, {without} without, {aside} set aside.",
        )
    )
    if several:
        parts = [f"{e.edition or '—'} {sum(c.scheme_digest == e.digest for c in scores.cards)}" for e in scores.schemes]
        screen.line(say(f"各版：{'，'.join(parts)}。", f"by edition: {', '.join(parts)}."))
    for name, labels in scores.grades.items():
        ungraded = len(scores.cards) - sum(labels.values())
        told = [*labels.items(), *([(say("没有等级", "no grade"), ungraded)] if ungraded else [])]
        counts = say("，", ", ").join(f"{label} {count}" for label, count in told)
        screen.line(f"{name}{say('：', ': ')}{counts}{say('。', '.')}")


def tell_set_aside(screen: Screen, aside: Iterable[SetAside], *, apart: bool = False) -> None:
    """Print the records that could not be read, each with every reason; `apart` from what is above by a blank line."""
    for place, each in enumerate(aside):
        if apart and not place:
            screen.line()
        screen.line(screen.say(f"搁置：第 {each.row} 行  {each.id}", f"set aside: line {each.row}  {each.id}"), "bold")
        screen.findings(each.findings, of=each.id)


def _points(value: Fraction | None) -> str:
    return "—" if value is None else number(value)


def _tell_findings(screen: Screen, scores: Scores, *, every: bool) -> None:
    """Findings about the whole in full; those of scorecards in full where asked for, else counted by name."""
    if scores.findings:
        screen.line()
        screen.findings(scores.findings)
    if every:
        for card in scores.cards:
            screen.findings(card.findings, of=card.record)
        return
    counted: dict[tuple[Severity, str], list[str]] = {}
    for card in scores.cards:
        for found in card.findings:
            counted.setdefault((found.severity, found.name), []).append(card.record)
    if not counted:
        return
    say = screen.say
    screen.line()
    heads = say("问题 轻重 次数 记录", "finding severity times records").split()
    rows = []
    for (severity, name), records in sorted(
        counted.items(), key=lambda item: (SEVERITIES.index(item[0][0]), item[0][1])
    ):
        unique = list(dict.fromkeys(records))
        some = say("、", ", ").join(unique[:3]) + (say("……", " …") if len(unique) > 3 else "")
        rows.append([name, SEVERITY_WORDS[screen.lang][severity], str(len(records)), some])
    screen.table(heads, rows, right=[2])
    screen.line(say("（加 --findings 逐条写出）", "(--findings prints each)"))
