"""What `audit` prints: of the forms in a file, of a folder of them, of the figures that documents print."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from perfrules.cli.console import FAULTY, FINE, Screen, exit_code, many
from perfrules.cli.telling import chosen, read, tell_set_aside, watched
from perfrules.findings import SEVERITY_WORDS, Finding, RecordError
from perfrules.model import Batch, Scheme
from perfrules.procedures.auditing import Audit, audit
from perfrules.procedures.facts import VERDICTS, FactsReport, audit_distribution
from perfrules.procedures.folders import REPEATED, FileAudit, FolderAudit, audit_file, folder_audit, tables_in

# ------------------------------------------------------------------------------------------------ one file


def audit_forms(screen: Screen, scheme: Scheme, path: Path, wanted: str | None, *, strict: bool) -> int:
    """Audit the forms of a file, or that of one record, and print what does not foot."""
    batch = read(scheme, path)
    if wanted is not None:
        batch = Batch((chosen(batch, path, wanted),), (), batch.findings)
    audits = tuple(audit(scheme, record) for record in watched(batch.records, screen.say("审核", "auditing")))
    made = FileAudit(str(path), audits, batch.set_aside, batch.findings)
    count = {"records" if word == "forms" else word: number for word, number in made.count.items()}
    if screen.json:
        data: dict[str, Any] = {
            "scheme": {"id": scheme.id, "edition": scheme.edition, "digest": scheme.digest},
            "audits": [each.as_json() for each in audits],
            "set_aside": [each.as_json() for each in batch.set_aside],
            "findings": [f.as_json() for f in batch.findings],
            "count": count,
        }
        screen.give(data)
        return _code([made], strict=strict)
    screen.findings(batch.findings)
    for each in audits:
        _tell_audit(screen, each)
        screen.line()
    tell_set_aside(screen, batch.set_aside)
    zh = "共 {records} 份：相符 {foot}，不符 {do_not_foot}，搁置 {set_aside}；列出 {items} 处。"
    en = f"{many(count['records'], 'form')}: foot {{foot}}, do not foot {{do_not_foot}}, set aside {{set_aside}}; "
    screen.line(screen.say(zh, en + many(count["items"], "item") + ".").format_map(count))
    return _code([made], strict=strict)


def _code(files: Iterable[FileAudit], *, strict: bool) -> int:
    """1 where a form does not foot, a record is set aside, or a file cannot be read; with `strict`, for anything told."""
    for each in files:
        count, found = each.count, [f for where, _, f in each.told() if where == "reading"]
        if count["do_not_foot"] or count["set_aside"] or not each.readable or exit_code(found, strict=strict) != FINE:
            return FAULTY
        if strict and count["items"]:
            return FAULTY
    return FINE


def _tell_audit(screen: Screen, each: Audit, at: str = "") -> None:
    screen.report(f"{at}{each.render(screen.lang)}")
    screen.findings(each.findings, of=each.record)


# ------------------------------------------------------------------------------------------------ folders


def audit_tables(screen: Screen, scheme: Scheme, folder: Path, *, every: bool, strict: bool) -> int:
    """Audit every table beneath a folder, and print a summary by file and by kind of fault."""
    taken, passed = tables_in(folder)
    files = [audit_file(scheme, path, folder) for path in _shown(taken, screen.say("审核", "auditing"))]
    made = folder_audit(scheme, folder, files, passed)
    if not taken:
        raise RecordError([Finding("nothing-to-audit", None, "", {"folder": str(folder)})])
    if screen.json:
        screen.give(made.as_json())
        return _code(made.files, strict=strict)
    for each in made.files:
        if every:
            for found in each.audits:
                _tell_audit(screen, found, f"{each.file} ")
            tell_set_aside(screen, each.set_aside)
        told = each.findings if every or not each.readable else [f for f in each.findings if f.name == REPEATED]
        screen.findings(told, of=each.file)
    _tell_tables(screen, made)
    return _code(made.files, strict=strict)


def _tell_tables(screen: Screen, made: FolderAudit) -> None:
    say = screen.say
    heads = say("文件 份数 相符 不符 搁置 不符之处", "file forms foot do-not-foot set-aside items").split()
    rows = []
    for each in made.files:
        numbers = [str(number) for number in each.count.values()]
        rows.append([each.file, *(numbers if each.readable else [say("读不了", "unreadable")] + [""] * 4)])
    screen.table(heads, rows, right=range(1, 6))
    if made.faults:
        screen.line()
        heads = say("问题 轻重 出自 次数 份数 文件数", "fault severity met-in times forms files").split()
        where = {"form": say("表", "form"), "reading": say("读表", "reading")}
        words = SEVERITY_WORDS[screen.lang]
        rows = [
            [f.name, words[f.severity], where[f.met_in], str(f.times), str(f.forms), str(f.files)] for f in made.faults
        ]
        screen.table(heads, rows, right=range(3, 6))
    screen.line()
    count = made.count
    files = many(count["files"], "file")
    zh = (
        "共 {files} 个文件：读了 {read}，读不了 {unreadable}，略过 {passed_over}。"
        "共 {forms} 份：相符 {foot}，不符 {do_not_foot}，搁置 {set_aside}；列出 {items} 处。"
    )
    en = (
        f"{files}: read {{read}}, unreadable {{unreadable}}, passed over {{passed_over}}. "
        f"{many(count['forms'], 'form')}: foot {{foot}}, do not foot {{do_not_foot}}, set aside {{set_aside}}; "
        f"{many(count['items'], 'item')}."
    )
    screen.line(say(zh, en).format_map(count))


def _shown(paths: Sequence[Path], what: str) -> Iterable[Path]:
    """The files one by one; on a terminal a bar shows how far it is."""
    if len(paths) < 2 or not sys.stderr.isatty():
        return paths
    from rich.console import Console
    from rich.progress import track

    return track(paths, what, console=Console(stderr=True), transient=True)


# ------------------------------------------------------------------------------------------------ facts


def audit_facts(screen: Screen, name: str, *, strict: bool) -> int:
    """Audit the figures of documents against one another, and print every conflict and what cannot be decided."""
    report = audit_distribution(name)
    if screen.json:
        screen.give(report.as_json(screen.lang))
    else:
        _tell_facts(screen, report)
    conflicts = report.count("conflict") or (strict and report.count("undecidable"))
    return FAULTY if conflicts or exit_code(report.findings, strict=strict) != FINE else FINE


def _tell_facts(screen: Screen, report: FactsReport) -> None:
    say = screen.say
    screen.findings(report.findings)
    for each in report.audits:
        screen.line(f"{each.facts.title or each.facts.id}  {each.facts.id}", "bold")
        for verdict in ("conflict", "undecidable"):
            for outcome in each.outcomes:
                if outcome.verdict == verdict and outcome.finding is not None:
                    plain = evolve(outcome, finding=evolve(outcome.finding, where=None))
                    screen.report(plain.render(screen.lang))
        screen.line(_verdicts(screen, {v: each.count(v) for v in VERDICTS}))
        screen.line()
    whole = _verdicts(screen, {v: report.count(v) for v in VERDICTS})
    documents = len(report.audits)
    screen.line(say(f"共 {documents} 份文件：{whole}", f"{many(documents, 'document')}: {whole}"))


def _verdicts(screen: Screen, count: dict[Any, int]) -> str:
    total = sum(count.values())
    zh = f"核对 {total} 处：相符 {{agree}}，冲突 {{conflict}}，无法核对 {{undecidable}}。"
    en = f"{many(total, 'check')}: agree {{agree}}, conflict {{conflict}}, undecidable {{undecidable}}."
    return screen.say(zh, en).format_map(count)
