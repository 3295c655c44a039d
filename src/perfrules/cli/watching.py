"""What the commands print that follow objects through the year: lights, ranks, what follows from them, two stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from attrs import evolve

from perfrules.cli.console import FAULTY, Screen, exit_code, many
from perfrules.cli.telling import benchmarks_of, read_by_edition, score_all, tell_set_aside, the_only_edition
from perfrules.editions import Reading
from perfrules.findings import Finding, RecordError
from perfrules.formats.results import Scores
from perfrules.model import Batch, Scheme, SetAside
from perfrules.procedures.monitoring import NO_LIGHT, Light, Watch, at_month, monitor
from perfrules.procedures.outcomes import Settled, settle
from perfrules.procedures.ranking import Ranked, rank
from perfrules.procedures.stages import Comparison, compare
from perfrules.readings.prose import number
from perfrules.scorecards import hole_words

Data = dict[str, Any]


def _rest(set_aside: Iterable[SetAside], findings: Iterable[Finding]) -> Data:
    """What every answer for programs has beside its own: the records set aside, and what was found about the file."""
    return {
        "set_aside": [each.as_json() for each in set_aside],
        "findings": [f.as_json() for f in findings],
    }


def _about(scheme: Scheme) -> Data:
    return {"id": scheme.id, "edition": scheme.edition, "digest": scheme.digest}


def _tell_rest(screen: Screen, set_aside: tuple[SetAside, ...], findings: Sequence[Finding]) -> None:
    if findings:
        screen.line()
        screen.findings(findings)
    tell_set_aside(screen, set_aside, apart=True)
    screen.line()


def _tell_scheme(screen: Screen, scheme: Scheme) -> None:
    screen.line(f"{scheme.title}  {scheme.id}" + (f"@{scheme.edition}" if scheme.edition else ""), "bold")
    screen.line()


def _number(value: Fraction | None) -> str:
    return "—" if value is None else number(value)


# ------------------------------------------------------------------------------------------------ monitoring


def monitor_file(screen: Screen, reading: Reading, month: int | None, kept: Path | None, *, strict: bool) -> int:
    """Print the light of every object of a file, and what would turn each light good."""
    scheme, batch = reading.schemes[0], reading.batch
    if month is not None and not 1 <= month <= 12:
        raise RecordError([Finding("no-such-month", None, scheme.id, {"month": str(month)})])
    records = tuple(at_month(scheme, r, month) for r in batch.records)
    frozen = benchmarks_of(evolve(reading, batch=evolve(batch, records=records)), kept)
    watch = monitor(scheme, records, month=month, frozen=frozen.get(scheme.digest, {}))
    count = {"records": batch.count, "objects": len(watch.objects), "set_aside": len(batch.set_aside)}
    if screen.json:
        data = watch.as_json() | {"scheme": _about(scheme)} | _rest(batch.set_aside, batch.findings)
        screen.give(data | {"count": count | {"lights": dict(watch.counts)}})
    else:
        _tell_watch(screen, scheme, watch, batch)
    return FAULTY if batch.set_aside else exit_code(batch.findings, strict=strict)


def _tell_watch(screen: Screen, scheme: Scheme, watch: Watch, batch: Batch) -> None:
    say, declared = screen.say, scheme.procedures.monitoring
    assert declared is not None
    _tell_scheme(screen, scheme)
    if watch.month is not None:
        screen.line(say(f"按 {number(watch.month)} 月看", f"at month {number(watch.month)}"))
    identifier = scheme.key or say("编号", "record")
    if watch.objects:
        grouped = declared.by is not None
        heads = [*([" ".join(declared.by.source.split())] if declared.by is not None else []), identifier]
        heads += say("灯 其中不好的", "light of-which-not-good").split()
        rows = []
        for one in sorted(watch.objects, key=lambda o: o.group):
            bad = say("、", ", ").join(f"{x.path} {x.light or NO_LIGHT}" for x in one.lights if _told(x))
            rows.append([*([one.group or "—"] if grouped else []), one.record, one.light or NO_LIGHT, bad])
        screen.table(heads, rows)
    for one in watch.objects:
        lines = [_advice(screen, scheme, x) for x in one.lights if _told(x)]
        if any(lines):
            screen.line()
            screen.line(one.record, "bold")
            for line in filter(None, lines):
                screen.line(f"  {line}")
    if declared.by is not None and watch.groups:
        screen.line()
        order = [x for x in (*watch.labels, NO_LIGHT) if x in watch.counts]
        heads = [" ".join(declared.by.source.split()), say("最差", "worst"), *order, say("合计", "all")]
        rows = [
            [
                name or "—",
                watch.worst(name) or NO_LIGHT,
                *(str(counts.get(x, 0)) for x in order),
                str(sum(counts.values())),
            ]
            for name, counts in watch.groups.items()
        ]
        rows.append([say("合计", "all"), "", *(str(watch.counts[x]) for x in order), str(len(watch.objects))])
        screen.table(heads, rows, right=range(2, len(heads)))
    _tell_rest(screen, batch.set_aside, batch.findings)
    counts = say("，", ", ").join(f"{x} {n}" for x, n in watch.counts.items())
    told = say("：", ": ") + counts if counts else ""
    aside = len(batch.set_aside)
    screen.line(
        say(
            f"共 {batch.count} 条记录：有结果 {len(watch.objects)}{'（' + counts + '）' if counts else ''}，搁置 {aside}。",
            f"{many(batch.count, 'record')}: {len(watch.objects)} watched{told}; {aside} set aside.",
        )
    )


def _told(light: Light) -> bool:
    """Whether there is anything to say of a light: it is not good, or data were wanting to tell."""
    if light.light is None:
        return light.because is not None and light.because.kind != "not_applicable"
    return not light.good


def _advice(screen: Screen, scheme: Scheme, light: Light) -> str:
    """What would turn a light good, in words."""
    say = screen.say
    if light.light is None:
        assert light.because is not None
        return f"{light.path} {NO_LIGHT}{say('：', ': ')}{hole_words(light.because, screen.lang)}"
    if not light.lever:
        return ""
    lever = scheme.inputs[light.lever]
    if light.now is None:
        words = say(f"{lever.label}没有数据", f"no data for {lever.label}")
    elif light.needed is None:
        words = say(
            f"{lever.label}现为 {number(light.now)}{light.unit}，怎样变动也不够",
            f"{lever.label} is {number(light.now)}{light.unit}, and no value of it would do",
        )
    else:
        now, needed = (f"{number(figure)}{light.unit}" for figure in (light.now, light.needed))
        words = say(f"{lever.label}现为 {now}，到 {needed} 即可", f"{lever.label} is {now}; {needed} would do")
    return f"{light.path} {light.light}{say('：', ': ')}{words}"


# ------------------------------------------------------------------------------------------------ ranks and outcomes


def rank_file(screen: Screen, reading: Reading, kept: Path | None, *, strict: bool) -> int:
    """Print the place of every record of a file."""
    scores = score_all(screen, reading, benchmarks_of(reading, kept), whole=True)
    ranked = rank(scores.scheme, scores.cards)
    unranked = sum(r.rank is None for r in ranked)
    total = len(ranked) + len(scores.set_aside)
    if screen.json:
        count = {"records": total, "ranked": len(ranked) - unranked, "unranked": unranked}
        count["set_aside"] = len(scores.set_aside)
        data: Data = {"scheme": _about(scores.scheme), "ranking": [_ranked(r) for r in ranked]}
        screen.give(data | _rest(scores.set_aside, scores.findings) | {"count": count})
    else:
        say = screen.say
        _tell_scheme(screen, scores.scheme)
        if ranked:
            _tell_ranked(screen, scores.scheme, ranked)
        _tell_rest(screen, scores.set_aside, scores.findings)
        aside, placed = len(scores.set_aside), len(ranked) - unranked
        screen.line(
            say(
                f"共 {total} 条记录：有名次 {placed}，无名次 {unranked}，搁置 {aside}。",
                f"{many(total, 'record')}: {placed} with a place, {unranked} without, {aside} set aside.",
            )
        )
    return FAULTY if scores.set_aside or unranked else exit_code(scores.findings, strict=strict)


def _ranked(each: Ranked) -> Data:
    data = each.as_json()
    if each.because is not None:
        data["because"] = {"zh": hole_words(each.because), "en": hole_words(each.because, "en")}
    return data


def _tell_ranked(screen: Screen, scheme: Scheme, ranked: Sequence[Ranked]) -> None:
    say, ranking = screen.say, scheme.ranking
    within = ranking is not None and ranking.within is not None
    heads = [say("名次", "rank"), scheme.key or say("编号", "record"), say("按", "by"), say("并列", "tied-with")]
    rows = []
    for each in ranked:
        ties = list(each.ties)
        tied = say("、", ", ").join(ties[:5]) + (say("……", " …") if len(ties) > 5 else "")
        why = hole_words(each.because, screen.lang) if each.because is not None else tied
        rows.append(["—" if each.rank is None else str(each.rank), each.record, _number(each.value), why])
    if within:
        heads.insert(0, say("组", "group"))
        rows = [[each.group or "—", *row] for each, row in zip(ranked, rows, strict=True)]
    screen.table(heads, rows, right=[0 + within, 2 + within])


def settle_file(screen: Screen, reading: Reading, kept: Path | None, *, strict: bool) -> int:
    """Print what follows for every record of a file."""
    scores = score_all(screen, reading, benchmarks_of(reading, kept), whole=True)
    settled = settle(scores.scheme, scores.cards)
    undecided = sum(s.undecided for s in settled)
    count = {"records": len(settled) + len(scores.set_aside), "settled": len(settled) - undecided}
    count |= {"undecided": undecided, "set_aside": len(scores.set_aside)}
    if screen.json:
        data: Data = {"scheme": _about(scores.scheme), "outcomes": [s.as_json() for s in settled]}
        screen.give(data | _rest(scores.set_aside, scores.findings) | {"count": count})
    else:
        _tell_settled(screen, scores, settled, count)
    return FAULTY if scores.set_aside or undecided else exit_code(scores.findings, strict=strict)


def _tell_settled(screen: Screen, scores: Scores, settled: Sequence[Settled], count: Mapping[str, int]) -> None:
    say, scheme = screen.say, scores.scheme
    declared = scheme.procedures.outcomes
    assert declared is not None
    _tell_scheme(screen, scheme)
    if settled:
        heads = [scheme.key or say("编号", "record"), *say("名次 等级 处理", "rank grade outcome").split()]
        money = declared.factor is not None
        heads += say("系数 基数 下年预算", "factor base next-budget").split() if money else []
        rows = []
        for each in settled:
            outcomes = [
                c.outcome if c.state == "applied" else say(f"{c.outcome}（待定）", f"{c.outcome} (undecided)")
                for c in each.consequences
            ]
            row = [each.record, "—" if each.rank is None else str(each.rank), each.grade or "—"]
            row.append(say("、", ", ").join(outcomes) or "—")
            rows.append(row + ([_number(each.factor), _number(each.base), _number(each.budget)] if money else []))
        screen.table(heads, rows, right=[1, 4, 5, 6] if money else [1])
    for each in settled:
        lines = [
            f"{c.outcome}{say('：', ': ')}{c.name}{say('，', ', ')}{say(c.because, c.because_en)}"
            + (f"  [{c.provenance.clause}]" if c.provenance.clause else "")
            for c in each.consequences
        ]
        words = {"factor": say("系数", "factor"), "base": say("基数", "base")}
        lines += [f"{words[key]}{say('：', ': ')}{hole_words(hole, screen.lang)}" for key, hole in each.holes.items()]
        if lines:
            screen.line()
            screen.line(each.record, "bold")
            for line in lines:
                screen.line(f"  {line}")
    _tell_rest(screen, scores.set_aside, scores.findings)
    screen.line(
        say(
            "共 {records} 条记录：已定 {settled}，待定 {undecided}，搁置 {set_aside}。",
            many(count["records"], "record") + ": {settled} settled, {undecided} undecided, {set_aside} set aside.",
        ).format_map(count)
    )


# ------------------------------------------------------------------------------------------------ stages


def compare_files(
    screen: Screen, name: str, sides: Sequence[tuple[Path, str | None]], month: int, *, strict: bool
) -> int:
    """Print how the records of one stage stand to those of an earlier one."""
    readings = []
    for path, stage in sides:
        reading = read_by_edition(name, path, stage=stage)
        scheme = the_only_edition(reading)
        readings.append(evolve(reading, batch=_staged(reading.batch)))
    if readings[0].schemes[0].digest != readings[1].schemes[0].digest:
        editions = "、".join(r.schemes[0].edition for r in readings)
        raise RecordError([Finding("several-editions", None, scheme.id, {"editions": editions})])
    if not 1 <= month <= 12:
        raise RecordError([Finding("no-such-month", None, scheme.id, {"month": str(month)})])
    earlier, later = ({c.record: c for c in score_all(screen, r, benchmarks_of(r)).cards} for r in readings)
    compared = [compare(earlier[own], card, month) for own, card in later.items() if own in earlier]
    found: list[Finding] = []
    for own in [*(o for o in earlier if o not in later), *(o for o in later if o not in earlier)]:
        path = sides[0][0] if own in earlier else sides[1][0]
        found.append(Finding("only-at-one-stage", None, own, {"file": path.name}))
    aside = tuple(each for r in readings for each in r.batch.set_aside)
    about = [*(f for r in readings for f in r.batch.findings), *found]
    count = {"compared": len(compared), "at_one_stage": len(found), "set_aside": len(aside)}
    if screen.json:
        data: Data = {"scheme": _about(scheme), "month": month, "comparisons": [c.as_json() for c in compared]}
        screen.give(data | _rest(aside, about) | {"count": count})
    else:
        _tell_comparisons(screen, scheme, compared, aside, about, count)
    return FAULTY if aside or found else exit_code(about, strict=strict)


def _staged(batch: Batch) -> Batch:
    """The batch without records that do not say of which stage they are."""
    kept = tuple(r for r in batch.records if r.stage)
    wanting = tuple(
        SetAside(r.number or place, r.id, (*r.findings, Finding("stage-wanting", r.where, "", {})), r.cells)
        for place, r in enumerate(batch.records, start=1)
        if not r.stage
    )
    return evolve(batch, records=kept, set_aside=(*batch.set_aside, *wanting))


def _tell_comparisons(
    screen: Screen, scheme: Scheme, compared: Sequence[Comparison], aside: tuple[SetAside, ...],
    found: Sequence[Finding], count: Mapping[str, int],
) -> None:  # fmt: skip
    _tell_scheme(screen, scheme)
    for number_of, each in enumerate(compared):
        if number_of:
            screen.line()
        screen.line(each.render(screen.lang))
    _tell_rest(screen, aside, found)
    screen.line(
        screen.say(
            "对比 {compared} 个，只在一个阶段有 {at_one_stage} 个，搁置 {set_aside} 条记录。",
            "{compared} compared, {at_one_stage} at one stage only, {set_aside} records set aside.",
        ).format_map(count)
    )
