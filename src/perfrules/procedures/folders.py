"""The audit of a whole folder of published forms 成批审核: every table in it, and a summary by kind of fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from attrs import evolve, field, frozen

from perfrules.findings import SEVERITIES, Finding, RecordError, Severity
from perfrules.formats import read_records
from perfrules.formats.tables import refused
from perfrules.model import Batch, Scheme, SetAside
from perfrules.procedures.auditing import Audit, audit

KINDS = (".csv", ".tsv", ".xlsx", ".xlsm", ".json")
"""The kinds of file that are audited; others in the folder are passed over, and counted."""
REPEATED = "record-in-several-files"
"""The finding about a record that another file has too."""


@frozen
class FileAudit:
    """What the audit of one file came to 单个文件的审核结果: its forms, records set aside, and findings about the whole.

    `readable` says whether there was anything to audit: of an unreadable file `findings` say why. `ids` are those that the
    file itself gives its records; records that it only numbers have none.
    """

    file: str
    audits: tuple[Audit, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    findings: tuple[Finding, ...] = ()
    readable: bool = True
    ids: tuple[str, ...] = field(default=(), repr=False)

    @property
    def forms(self) -> int:
        """How many forms were seen; each foots, does not, or is set aside."""
        return len(self.audits) + len(self.set_aside)

    @property
    def count(self) -> dict[str, int]:
        """What became of the forms, and how many items there are."""
        return {
            "forms": self.forms,
            "foot": sum(each.agrees for each in self.audits),
            "do_not_foot": sum(not each.agrees for each in self.audits),
            "set_aside": len(self.set_aside),
            "items": sum(len(each.items) for each in self.audits),
        }

    def told(self) -> Iterator[tuple[Literal["form", "reading"], str, Finding]]:
        """Every item of its forms and every finding of reading it, with the form that it is about (or none)."""
        for each in self.audits:
            yield from (("form", each.record, item.finding) for item in each.items)
            yield from (("reading", each.record, found) for found in each.findings)
        for aside in self.set_aside:
            yield from (("reading", aside.id, found) for found in aside.findings)
        yield from (("reading", found.path if found.name == REPEATED else "", found) for found in self.findings)


@frozen
class Fault:
    """One kind of fault 问题类别: whether forms have it or reading met it, and how often, in how many forms and files."""

    name: str
    severity: Severity
    met_in: Literal["form", "reading"]
    times: int
    forms: int
    files: int


@frozen
class FolderAudit:
    """What the audit of a folder came to 成批审核结果: file by file, with counts that add up."""

    folder: str
    scheme: Scheme = field(repr=False)
    files: tuple[FileAudit, ...]
    passed_over: tuple[str, ...] = ()

    @property
    def count(self) -> dict[str, int]:
        """Files seen, read, unreadable and passed over; then the sums of what became of their forms."""
        read = sum(each.readable for each in self.files)
        seen = len(self.files) + len(self.passed_over)
        of_files = {
            "files": seen,
            "read": read,
            "unreadable": len(self.files) - read,
            "passed_over": len(self.passed_over),
        }
        words = FileAudit("").count
        return of_files | {word: sum(each.count[word] for each in self.files) for word in words}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every kind of fault, the gravest and most frequent first; those in forms add up to the items."""
        told: dict[tuple[Literal["form", "reading"], str, Severity], list[tuple[str, str]]] = {}
        for each in self.files:
            for where, form, found in each.told():
                told.setdefault((where, found.name, found.severity), []).append((each.file, form))
        faults = [
            Fault(name, severity, where, len(met), len({m for m in met if m[1]}), len({file for file, _ in met}))
            for (where, name, severity), met in told.items()
        ]
        return tuple(sorted(faults, key=lambda f: (f.met_in, SEVERITIES.index(f.severity), -f.times, f.name)))

    @property
    def agrees(self) -> bool:
        """Whether every file could be read, no record was set aside, and every form foots."""
        count = self.count
        return not (count["unreadable"] or count["set_aside"] or count["do_not_foot"])

    def as_json(self) -> dict[str, Any]:
        """The audit as plain data: counts, kinds of fault, and file by file every form."""
        return {
            "scheme": {"id": self.scheme.id, "edition": self.scheme.edition, "digest": self.scheme.digest},
            "folder": self.folder,
            "count": self.count,
            "faults": [
                {
                    "name": f.name,
                    "severity": f.severity,
                    "met_in": f.met_in,
                    "times": f.times,
                    "forms": f.forms,
                    "files": f.files,
                }
                for f in self.faults
            ],
            "files": [
                {
                    "file": each.file,
                    "readable": each.readable,
                    "count": each.count,
                    "audits": [a.as_json() for a in each.audits],
                    "set_aside": [a.as_json() for a in each.set_aside],
                    "findings": [f.as_json() for f in each.findings],
                }
                for each in self.files
            ],
            "passed_over": list(self.passed_over),
        }


def audit_folder(scheme: Scheme, folder: str | Path) -> FolderAudit:
    """The audit of every table beneath a folder. Raises RecordError where the folder itself cannot be listed."""
    taken, passed = tables_in(folder)
    return folder_audit(scheme, folder, (audit_file(scheme, path, folder) for path in taken), passed)


def folder_audit(scheme: Scheme, folder: str | Path, files: Iterable[FileAudit], passed: Iterable[Path]) -> FolderAudit:
    """The audits of files, put together; a record that several files have is told with each of them but the first."""
    told = tuple(_tell_repeated(tuple(files)))
    return FolderAudit(str(folder), scheme, told, tuple(_beneath(p, folder) for p in passed))


def _tell_repeated(files: tuple[FileAudit, ...]) -> Iterator[FileAudit]:
    seen: dict[str, list[str]] = {}
    for each in files:
        found = []
        for own in dict.fromkeys(each.ids):
            if others := seen.get(own):
                told = {"id": own, "files": "、".join(others[:5])}
                found.append(Finding(REPEATED, None, own, told))
            seen.setdefault(own, []).append(each.file)
        yield evolve(each, findings=(*each.findings, *found))


def tables_in(folder: str | Path) -> tuple[list[Path], list[Path]]:
    """The files beneath a folder that are audited, and those passed over, by name; hidden ones are not seen at all."""
    taken: list[Path] = []
    passed: list[Path] = []
    if not Path(folder).is_dir():
        raise refused("file-not-found", Path(folder))
    try:
        found = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    except OSError as problem:
        raise refused("file-not-readable", Path(folder), why=problem.strerror or "") from None
    for path in found:
        inner = path.relative_to(folder)
        if any(part.startswith(".") for part in inner.parts):
            continue
        ours = path.suffix.lower() in KINDS and not path.name.startswith("~$")
        (taken if ours else passed).append(path)
    return taken, passed


def audit_file(scheme: Scheme, path: Path, folder: str | Path) -> FileAudit:
    """The audit of one file; whatever keeps it from being read is told in its findings."""
    name = _beneath(path, folder)
    try:
        batch = read_records(path, scheme)
    except RecordError as problem:
        return FileAudit(name, findings=problem.findings, readable=False)
    audits = tuple(audit(scheme, r) for r in batch.records)
    return FileAudit(name, audits, batch.set_aside, batch.findings, ids=tuple(_ids(batch)))


def _ids(batch: Batch) -> Iterator[str]:
    """The ids that a file gives its records, without those that are only their places in it."""
    all_of_it = [(r.number, r.id) for r in batch.records] + [(aside.row, aside.id) for aside in batch.set_aside]
    for place, (_, own) in enumerate(sorted(all_of_it), start=1):
        if own not in ("", str(place)):
            yield own


def _beneath(path: Path, folder: str | Path) -> str:
    return path.relative_to(folder).as_posix()
