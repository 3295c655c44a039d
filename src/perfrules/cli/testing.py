"""What `test` and `cases` print: every check of a plugin or scheme, and what differs from worked cases."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from perfrules import supplying
from perfrules.cli import examining
from perfrules.cli.console import FAULTY, FINE, MISUSED, Screen, many
from perfrules.findings import Finding, PerfrulesError, RecordError, SchemeError, nearest
from perfrules.formats import read_records
from perfrules.formats.writing import write_whole
from perfrules.testing import cases as worked
from perfrules.testing import recording
from perfrules.testing.conformance import OF_SCHEMES, Check, Report, checks_of, checks_of_scheme, is_distribution
from perfrules.testing.known import by_check, known_in
from perfrules.testing.needs import needed

_ANSWERS = {
    "passed": ("通过", "passed", "green"),
    "failed": ("不符", "failed", "bold red"),
    "known": ("已知不符", "known", "yellow"),
    "not-applicable": ("不适用", "not applicable", "dim"),
}


def test_target(
    screen: Screen, target: str, cases: Path | None, known: Path | None, examples: int, only: Sequence[str]
) -> int:
    """Print what every check of a distribution, or of a scheme, comes to."""
    needed("hypothesis")
    try:
        checks = _chosen(_checks(target, cases, known, examples), only)
    except ValueError as problem:  # a known failure of what there is not
        screen.line(str(problem), err=True)
        return MISUSED
    reports = [_run(screen, check) for check in checks]
    counts = {answer: sum(r.answer == answer for r in reports) for answer in _ANSWERS}
    if screen.json:
        screen.give({"target": target, "count": counts, "checks": [r.as_json() for r in reports]})
    else:
        told = [f"{_ANSWERS[a][0] if screen.lang == 'zh' else _ANSWERS[a][1]} {n}" for a, n in counts.items()]
        screen.line(
            screen.say(
                f"共 {len(reports)} 项：{'，'.join(told)}。", f"{many(len(reports), 'check')}: {', '.join(told)}."
            )
        )
    return FAULTY if counts["failed"] else FINE


def _checks(target: str, cases: Path | None, known: Path | None, examples: int) -> list[Check]:
    """The checks of a distribution, of a scheme, or of every scheme in a folder. Raises SchemeError for what is neither."""
    if Path(target).is_dir():
        return _checks_of_folder(Path(target), cases, known, examples)
    if is_distribution(target):
        return checks_of(target, cases=cases, known=known, examples=examples)
    return checks_of_scheme(supplying.scheme(target), cases=cases, known=known, examples=examples)


def _checks_of_folder(folder: Path, cases: Path | None, known: Path | None, examples: int) -> list[Check]:
    examined = list(examining.examine(folder))
    schemes = [each.scheme for each in examined if each.scheme is not None]
    wrong = [f for each in examined if each.scheme is None for f in each.findings if f.severity == "error"]
    if wrong or not schemes:
        raise SchemeError(wrong or [Finding("nothing-to-check", None, "", {"folder": str(folder)})])
    failures = known_in(known)
    by_check(failures, {scheme.id: OF_SCHEMES for scheme in schemes})  # refuses what none of them is called
    made: list[Check] = []
    for scheme in schemes:
        own = {scheme.id: failures[scheme.id]} if scheme.id in failures else {}
        made += checks_of_scheme(scheme, cases=cases, known=own, examples=examples)
    return made


def _chosen(checks: list[Check], only: Sequence[str]) -> list[Check]:
    names = list(dict.fromkeys(check.name for check in checks))
    for name in only:
        if name not in names:
            seen = {"name": name, "known": "、".join(names)}
            raise SchemeError([Finding("unknown-check", None, "", seen, nearest(name, names))])
    return [check for check in checks if not only or check.name in only]


def _run(screen: Screen, check: Check) -> Report:
    """One check, told as soon as it is done."""
    report = check.run()
    if not screen.json:
        zh, en, style = _ANSWERS[report.answer]
        screen.line(f"{screen.say(zh, en):<8}  {report.id}", style)
        if report.answer != "passed":
            for line in report.render(screen.lang).split("\n"):
                screen.line(f"    {line}")
    return report


# ------------------------------------------------------------------------------------------------ worked cases


def run_cases(screen: Screen, files: Sequence[Path]) -> int:
    """Print what differs from worked cases."""
    outcomes: list[worked.Outcome] = []
    found: list[Finding] = []
    untried = 0
    for path in (each for file in files for each in worked.find_cases(file)):
        try:
            cases = worked.read_cases(path)
        except PerfrulesError as problem:
            found += problem.findings
            continue
        for case in cases:
            try:
                outcomes.append(worked.try_case(case))
            except PerfrulesError as problem:
                found += [f for f in problem.findings if f not in found]  # of a name at the head every case tells
                untried += 1
    differing = [o for o in outcomes if o.differences]
    if screen.json:
        data: dict[str, Any] = {"cases": [o.as_json() for o in outcomes], "findings": [f.as_json() for f in found]}
        screen.give(data)
    else:
        for outcome in differing:
            screen.line(outcome.render(screen.lang))
        screen.findings(found)
        screen.line(_summed_up(screen, outcomes, untried))
    return FAULTY if differing or any(f.severity == "error" for f in found) else FINE


def _summed_up(screen: Screen, outcomes: Sequence[worked.Outcome], untried: int) -> str:
    same = [o for o in outcomes if not o.differences]
    unconfirmed = sum(o.case.is_unconfirmed for o in same)
    zh = f"共 {len(outcomes) + untried} 个算例：相符 {len(same)}"
    zh += f"（其中待核对 {unconfirmed}）" if unconfirmed else ""
    zh += f"，不符 {len(outcomes) - len(same)}" + (f"，未能试算 {untried}" if untried else "") + "。"
    en = f"{many(len(outcomes) + untried, 'worked case')}: {len(same)} as worked"
    en += f" ({unconfirmed} to be confirmed)" if unconfirmed else ""
    en += f", {len(outcomes) - len(same)} not" + (f", {untried} could not be tried" if untried else "") + "."
    return screen.say(zh, en)


def record_cases(screen: Screen, name: str, file: Path, output: Path, source: str) -> int:
    """Write the records of a file, and what they come to, as worked cases."""
    scheme = supplying.scheme(name)
    batch = read_records(file, scheme)
    called = os.path.relpath(name, output.parent) if Path(name).is_file() else name
    cases = [evolve(case, scheme=called) for case in recording.recorded(scheme, batch.records, source=source)]
    text = recording.cases_text(cases, scheme=called)
    try:
        write_whole(output, text.encode())
    except OSError as problem:
        seen = {"file": output.name, "why": problem.strerror or ""}
        raise RecordError([Finding("file-not-writable", None, "", seen)]) from None
    if screen.json:
        screen.give({"written": str(output), "cases": len(cases), "set_aside": [a.as_json() for a in batch.set_aside]})
    else:
        screen.line(
            screen.say(f"已写出 {output}：{len(cases)} 个算例。", f"Wrote {output}: {many(len(cases), 'case')}.")
        )
        for aside in batch.set_aside:
            screen.findings(aside.findings, of=aside.id)
    return FAULTY if batch.set_aside else FINE
