"""What the commands around a review print: the spot check that is drawn, and self-scores beside re-scores."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from perfrules.cli.console import FAULTY, Screen, exit_code
from perfrules.cli.outline import STATUS_WORDS
from perfrules.cli.telling import read, tell_set_aside
from perfrules.findings import Finding
from perfrules.formats.scorecards import read_scorecards
from perfrules.model import Batch, Provenance, Scheme
from perfrules.procedures.deviations import ItemDeviation, Reason, Reconciliation, signed
from perfrules.procedures.reconciling import reconcile
from perfrules.procedures.sampling import sample
from perfrules.procedures.spot_check import Coverage, Sample, percent
from perfrules.readings.prose import number


def sample_file(screen: Screen, scheme: Scheme, path: Path, seed: str, *, strict: bool) -> int:
    """Draw the spot check of a file of records, and print it."""
    drawn = sample(scheme, read(scheme, path), seed=seed)
    if screen.json:
        screen.give(drawn.as_json())
    else:
        _tell_sample(screen, drawn)
    return FAULTY if drawn.set_aside else exit_code(drawn.findings, strict=strict)


def _tell_sample(screen: Screen, drawn: Sample) -> None:
    say, scheme, declared = screen.say, drawn.scheme, drawn.declared
    screen.line(f"{scheme.title}  {scheme.id}" + (f"@{scheme.edition}" if scheme.edition else ""), "bold")
    for line in drawn.summary(screen.lang):
        screen.line(line)
    tell_provenance(screen, declared.provenance)
    if declared.strata is not None and drawn.strata:
        screen.line()
        heads = say(
            "层 总体 至少 抽取 必查 占比 金额占比", "stratum population least sample certain share of-money"
        ).split()
        rows = [
            [each.name or "—", number(each.by_count.population), str(each.least), number(each.by_count.sample),
             str(each.certain), _share(each.by_count), _share(each.by_amount)]
            for each in drawn.strata
        ]  # fmt: skip
        screen.table(heads, rows, right=range(1, 7))
    if drawn.taken:
        screen.line()
        _tell_taken(screen, drawn)
    if drawn.findings:
        screen.line()
        screen.findings(drawn.findings)
    tell_set_aside(screen, drawn.set_aside, apart=True)


def _tell_taken(screen: Screen, drawn: Sample) -> None:
    """A table of who is in, with stratum and amount where the scheme declares any, and why."""
    say, declared = screen.say, drawn.declared
    said = say("必查 金额居前 抽取 续抽", "certain largest drawn further").split()
    words = dict(zip(("certain", "largest", "drawn", "money"), said, strict=True))
    unit = f" {drawn.unit}" if drawn.unit else ""
    heads = [drawn.scheme.key or say("编号", "record")]
    heads += [say("层", "stratum")] * (declared.strata is not None)
    heads += [say("金额", "amount") + unit] * (declared.amount is not None)
    rows = []
    for taken in drawn.taken:
        row = [taken.record]
        row += [taken.stratum or "—"] * (declared.strata is not None)
        row += [_number(taken.amount)] * (declared.amount is not None)
        why = say("、", ", ").join(words[word] for word in taken.why)
        why += f" ({say('、', ', ').join(taken.conditions)})" if taken.conditions else ""
        rows.append([*row, why])
    screen.table([*heads, say("原因", "why")], rows, right=[len(heads) - 1] if declared.amount is not None else [])


def tell_provenance(screen: Screen, mark: Provenance) -> None:
    """Print what a procedure rests on, and how it stands where it is not simply stated."""
    words = [mark.clause] if mark.clause else []
    if mark.status != "stated":
        why = f"{screen.say('：', ': ')}{mark.why}" if mark.why else ""
        words.append(f"[{STATUS_WORDS[screen.lang][mark.status]}{why}]")
    screen.line(f"{screen.say('依据：', 'By: ')}{' '.join(words)}")


def _share(coverage: Coverage | None) -> str:
    return "—" if coverage is None or coverage.share is None else percent(coverage.share)


# ------------------------------------------------------------------------------------------------ reconciling


def reconcile_files(
    screen: Screen, scheme: Scheme, own: Path, review: Path, rulings: Path | None, *, strict: bool
) -> int:
    """Hold the self-scores of a file against the re-scores of another, and print how they differ."""
    before, about_own = _side(scheme, own, None)
    after, about_review = _side(scheme, review, rulings)
    made = reconcile(scheme, before, after)
    found = [*about_own, *about_review, *made.findings]
    if screen.json:
        screen.give(made.as_json() | {"findings": [f.as_json() for f in found]})
    else:
        _tell_reconciliation(screen, made, found)
    return FAULTY if made.set_aside else exit_code(found, strict=strict)


def _side(scheme: Scheme, path: Path, rulings: Path | None) -> tuple[Batch | Iterable[Any], list[Finding]]:
    """The scorecards of a file of results, or the records of any other."""
    cards = read_scorecards(path, scheme) if rulings is None else None
    return (read(scheme, path, rulings), []) if cards is None else cards


def _tell_reconciliation(screen: Screen, made: Reconciliation, found: Iterable[Finding]) -> None:
    say, scheme, declared = screen.say, made.scheme, made.declared
    screen.line(f"{scheme.title}  {scheme.id}" + (f"@{scheme.edition}" if scheme.edition else ""), "bold")
    for line in made.summary(screen.lang):
        screen.line(line)
    tell_provenance(screen, declared.provenance)
    if made.records:
        screen.line()
        heads = [
            scheme.key or say("编号", "record"),
            *say("自评 复核 差额 偏差率 等级", "self review less deviation grade").split(),
        ]
        heads += [say("处理", "outcome")] * bool(declared.outcome) + [say("扣分", "penalty")] * bool(declared.penalty)
        rows = []
        for each in made.records:
            scores = each.scores
            grades = say("，", ", ").join(f"{g.before or '—'} → {g.after or '—'}" for g in each.grades)
            row = [each.record, _number(scores.self_score), _number(scores.review_score), _number(scores.taken_off)]
            row += ["—" if scores.deviation is None else percent(scores.deviation), grades]
            row += [scores.outcome or "—"] * bool(declared.outcome)
            row += [_number(each.penalty)] * bool(declared.penalty)
            rows.append(row)
        screen.table(heads, rows, right=[1, 2, 3, 4, *([len(heads) - 1] if declared.penalty else [])])
    for each in made.records:
        items = each.changed
        if items or each.elsewhere:
            screen.line()
            screen.line(each.record, "bold")
        for item in items:
            screen.line(f"  {_item(screen, item)}")
        if each.elsewhere:
            beside = say("指标之外", "beside the items")
            screen.line(f"  {beside}: {signed(-each.elsewhere)}{_because(screen, each.reasons)}")
    found = list(found)
    if found:
        screen.line()
        screen.findings(found)
    tell_set_aside(screen, made.set_aside, apart=True)


def _item(screen: Screen, item: ItemDeviation) -> str:
    scores = item.scores
    change = "—" if scores.taken_off is None else signed(-scores.taken_off)
    outcome = f"  {scores.outcome}" if scores.outcome else ""
    both = f"{_number(scores.self_score)} → {_number(scores.review_score)}"
    return f"{item.path}: {both} ({change}){outcome}{_because(screen, item.reasons)}"


def _because(screen: Screen, reasons: Iterable[Reason]) -> str:
    told = screen.say("；", "; ").join(dict.fromkeys(r.render() for r in reasons))
    return f"  {told}" if told else ""


def _number(value: Fraction | None) -> str:
    return "—" if value is None else number(value)
