"""Worked cases 算例: records whose points were worked out by hand or published, as data; read, tried, and told where they
differ.

A file of cases is YAML and is called `*.cases.yaml`: `docs/how-to/worked-cases.md` says what stands in it. Whatever a case
states must come out exactly; what it does not state is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from perfrules import assembling, documents, supplying, verbs
from perfrules.documents import Mapping as Map
from perfrules.documents import Node, Scalar, Sequence, place
from perfrules.findings import Finding, Language, RecordError, SchemeError, nearest
from perfrules.formats import read_records
from perfrules.model import Frozen, Record, Scheme, Scorecard
from perfrules.numbers import published
from perfrules.records import record_from
from perfrules.testing.comparing import Difference, differences, listed
from perfrules.testing.naming import (
    Mark,
    Marks,
    Way,
    key_place,
    marks_of,
    placed,
    unknown_in_expected,
    unknown_in_record,
)

SUFFIX = ".cases.yaml"
SCHEME_FILES = (".yaml", ".yml", ".json")
EXPECTED = (
    "points",
    "max",
    "nodes",
    "grades",
    "lights",
    "values",
    "benchmarks",
    "findings",
    "broken",
    "resting",
    "refused",
)
"""What a case may state of its scorecard."""
UNCONFIRMED = "待核对：由程序算出，尚未手算 computed, not yet worked by hand"
"""The source of a case whose figures only the program has worked out."""
_ABOUT = ("name", "source", "scheme", "like", "record", "file", "stage", "cohort")
_TOP = ("scheme", "source", "record", "cases")
_MAPPINGS = ("nodes", "grades", "lights", "values", "benchmarks", "resting")
_LISTS = ("findings", "broken", "refused")


@frozen
class Case:
    """One worked case 算例: the record, or the file that holds it, and what is expected of its scorecard.

    `scheme` is an id, `id@edition`, a file beside this one, or the whole text of a scheme. `cohort` are other records over
    which benchmarks are frozen together with this one; each is as this one but for what it says.
    """

    name: str
    source: str
    scheme: str
    record: Mapping[str, Any]
    expected: Mapping[str, Any]
    path: Path
    line: int
    file: Path | None = None
    id: str = ""
    stage: str = ""
    cohort: tuple[Mapping[str, Any], ...] | None = None
    marks: Marks = field(factory=dict, eq=False, repr=False)

    @property
    def is_unconfirmed(self) -> bool:
        """Whether nobody has worked it out yet 待核对: its source says so."""
        return self.source.startswith(UNCONFIRMED.partition("：")[0])

    @property
    def is_inline(self) -> bool:
        """Whether its scheme is written out in the file."""
        return "\n" in self.scheme


@frozen
class Outcome:
    """What a case came to 算例结果: every difference, and the scorecard where there is one; else why the record is refused."""

    case: Case
    differences: tuple[Difference, ...]
    card: Scorecard | None = field(default=None, repr=False)
    refusals: tuple[Finding, ...] = ()

    def render(self, lang: Language | None = None) -> str:
        """The differences as lines of text, in one language or in both; then how the indicators that differ were scored."""
        head = f"{self.case.path.name}:{self.case.line}  {self.case.name}"
        lines = [f"{head}  ({self.case.source})"]
        for each in self.differences:
            told = [each.message(lang)] if lang else [each.message("zh"), each.message("en")]
            lines.append("  " + "    ".join(told))
        for refusal in self.refusals if self.differences else ():
            lines += [f"  {line}" for line in refusal.render(lang or "zh").split("\n")]
            lines += [] if lang else [f"    {refusal.message('en')}"]
        if self.card is not None:
            paths = [d.at for d in self.differences if d.what == "nodes"][:3]
            for path in paths:
                try:
                    lines.append(self.card.explain(lang or "zh", path).rstrip("\n"))
                except KeyError:
                    continue
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The outcome as plain data."""
        return {
            "case": self.case.name,
            "file": str(self.case.path),
            "line": self.case.line,
            "scheme": "" if self.case.is_inline else self.case.scheme,
            "source": self.case.source,
            "differences": [
                {
                    "what": d.what,
                    "at": d.at,
                    "expected": d.expected,
                    "got": d.got,
                    "message": {"zh": d.message("zh"), "en": d.message("en")},
                }
                for d in self.differences
            ],
            "refusals": [f.as_json() for f in self.refusals],
            "confirmed": not self.case.is_unconfirmed,
        }


# ------------------------------------------------------------------------------------------------ reading


def find_cases(folder: Path) -> list[Path]:
    """The files of cases in a folder and beneath it, in order; a file is itself."""
    return sorted(folder.rglob(f"*{SUFFIX}")) if folder.is_dir() else [folder]


def read_cases(path: str | Path) -> tuple[Case, ...]:
    """The cases in a file. Raises SchemeError with every finding at once."""
    path = Path(path)
    try:
        text = path.read_bytes()
    except OSError as problem:
        seen = {"file": str(path), "why": problem.strerror or type(problem).__name__}
        raise SchemeError([Finding("file-unreadable", None, "", seen)]) from None
    root, found = documents.read(text, str(path))
    reader = _Reader(path, list(found))
    cases = reader.cases(root) if root is not None else ()
    if any(f.severity == "error" for f in reader.findings):
        raise SchemeError(reader.findings)
    return cases


class _Reader:
    """One pass over a file of cases; whatever is wrong is told, and reading goes on."""

    def __init__(self, path: Path, findings: list[Finding]) -> None:
        self.path = path
        self.findings = findings
        self.common: dict[Way, Mark] = {}

    def cases(self, root: Node) -> tuple[Case, ...]:
        top = self._keys(root, _TOP, "算例文件", "a file of cases")
        self.common = marks_of(top.get("record"), ("record",))
        common = self._record(top.get("record"))
        listed = top.get("cases")
        if not isinstance(listed, Sequence):
            self._wanting(root if listed is None else listed, "cases", "list-wanted" if listed else "")
            return ()
        made: dict[str, Case] = {}
        for item in listed.items:
            case = self._case(item, top, common, made)
            if case is not None:
                made[case.name] = case
        return tuple(made.values())

    def _case(
        self, item: Node, top: Mapping[str, Node], common: Mapping[str, Any], made: Mapping[str, Case]
    ) -> Case | None:
        found = self._keys(item, (*_ABOUT, *EXPECTED), "算例", "a case")
        if not found:
            return None
        texts = {key: self._text(found.get(key, top.get(key)), key) for key in ("name", "source", "scheme")}
        for key, text in texts.items():
            if not text:
                self._wanting(item, key)
        record, marks = dict(common), dict(self.common)
        if "like" in found:
            name = self._text(found["like"], "like")
            other = made.get(name)
            if other is None:
                near = nearest(name, made)
                self.findings.append(Finding("unknown-case", place(found["like"]), "like", {"name": name}, near))
            else:
                record = dict(other.record)
                marks = {way: mark for way, mark in other.marks.items() if way[0] == "record"}
        for key in (*(k for k in EXPECTED if k in found), *(k for k in ("record", "cohort") if k in found)):
            marks |= marks_of(found[key], (key,))
        scheme = found.get("scheme", top.get("scheme"))
        if scheme is not None:
            marks["scheme",] = Mark(scheme, scheme)
        file, chosen = found.get("file"), found.get("record")
        if file is None:
            record |= self._record(chosen)
        cohort = found.get("cohort")
        others = [self._record(n) for n in cohort.items] if isinstance(cohort, Sequence) else None
        return Case(
            name=texts["name"],
            source=texts["source"],
            scheme=texts["scheme"],
            record=record,
            expected=self._expected(found),
            path=self.path,
            line=item.mark.line,
            file=None if file is None else self.path.parent / self._text(file, "file"),
            id="" if file is None or chosen is None else self._text(chosen, "record"),
            stage=self._text(found.get("stage"), "stage"),
            cohort=None if others is None else tuple(others),
            marks=marks,
        )

    def _expected(self, found: Mapping[str, Node]) -> dict[str, Any]:
        expected: dict[str, Any] = {}
        for key in EXPECTED:
            node = found.get(key)
            if node is None:
                continue
            if key in _MAPPINGS and not isinstance(node, Map):
                self._shape("names-wanted", node, key)
            elif key in _LISTS and not isinstance(node, Sequence):
                self._shape("list-wanted", node, key)
            else:
                expected[key] = documents.plain(node)
        return expected

    def _record(self, node: Node | None) -> dict[str, Any]:
        if node is None:
            return {}
        if not isinstance(node, Map):
            self._shape("names-wanted", node, "record")
            return {}
        record: dict[str, Any] = documents.plain(node)
        return record

    def _keys(self, node: Node, known: tuple[str, ...], zh: str, en: str) -> dict[str, Node]:
        if not isinstance(node, Map):
            self.findings.append(Finding("mapping-wanted", place(node), "", {"form": zh, "form_en": en}))
            return {}
        found: dict[str, Node] = {}
        for key, value in node.entries:
            if key.text in known:
                found[key.text] = value
                continue
            seen = {"key": key.text[:60], "form": zh, "form_en": en, "known": "、".join(known)}
            self.findings.append(Finding("unknown-key", place(key), "", seen, nearest(key.text, known)))
        return found

    def _text(self, node: Node | None, key: str) -> str:
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self._shape("text-wanted", node, key)
            return ""
        return node.text if node.style == "literal" else node.text.strip()

    def _shape(self, name: str, node: Node, key: str) -> None:
        self.findings.append(Finding(name, place(node), "", {"key": key}))

    def _wanting(self, node: Node, key: str, name: str = "") -> None:
        if name:
            self._shape(name, node, key)
            return
        seen = {"key": key, "form": "算例", "form_en": "a case"}
        self.findings.append(Finding("key-wanting", place(node), "", seen))


# ------------------------------------------------------------------------------------------------ trying


def scheme_of(case: Case) -> Scheme:
    """The scheme that a case is of. Raises SchemeError, which says where the case names it."""
    try:
        if case.is_inline:
            return _inline(case.scheme, str(case.path))
        if Path(case.scheme).suffix in SCHEME_FILES:
            return _from_file(str(case.path.parent / case.scheme))
        return supplying.scheme(case.scheme)
    except SchemeError as problem:
        named = key_place(case.marks, ("scheme",))
        raise SchemeError([f if f.where else evolve(f, where=named) for f in problem.findings]) from None


@lru_cache(maxsize=4)
def _inline(text: str, file: str) -> Scheme:
    return assembling.loads(text, file=file)


@lru_cache(maxsize=4)
def _from_file(path: str) -> Scheme:
    return assembling.load(path)


def try_case(case: Case, scheme: Scheme | None = None) -> Outcome:
    """Score a case's record by its scheme (or another) and compare. Raises SchemeError, for names that the scheme does not
    know too, and RecordError for a file that does not hold the record."""
    scheme = scheme or scheme_of(case)
    unknown = _unknown_cells(case, scheme)
    try:
        record: Any = _record_of(case, scheme)
        cohort = None if case.cohort is None else frozen_over(case, scheme, record)
        card = verbs.score(scheme, record, stage=case.stage, benchmarks=cohort)
    except RecordError as problem:
        _halt_on([*unknown, *unknown_in_expected(case.expected, scheme, None, case.marks)])
        names = sorted({f.name for f in problem.findings if f.severity == "error"})
        wanted = sorted(map(str, case.expected.get("refused", ())))
        if "refused" in case.expected and names == wanted:
            return Outcome(case, ())
        difference = Difference("refused", "", listed(wanted), listed(names))
        return Outcome(case, (difference,), None, _refusals(case, scheme, problem))
    _halt_on([*unknown, *unknown_in_expected(case.expected, scheme, card, case.marks)])
    return Outcome(case, tuple(differences(case.expected, card, cohort or {})), card)


def _unknown_cells(case: Case, scheme: Scheme) -> list[Finding]:
    """The names in a case's record and cohort that its scheme does not know; none where just that is what it is about."""
    if case.file is not None or {"unknown-heading"} & set(map(str, case.expected.get("findings", ()))):
        return []
    found = [*unknown_in_record(case.record, scheme, case.marks, ("record",))]
    for number, other in enumerate(case.cohort or ()):
        found += unknown_in_record(other, scheme, case.marks, ("cohort", number))
    return found


def _halt_on(unknown: list[Finding]) -> None:
    if unknown:
        raise SchemeError(unknown)


def _refusals(case: Case, scheme: Scheme, problem: RecordError) -> tuple[Finding, ...]:
    """Why a record is refused, each reason with its cell in the file of the case where it is one of its own record."""
    if case.file is None:
        try:
            record_from(scheme, placed(case.record, case.marks, ("record",)))
        except RecordError as told:
            problem = told
    return tuple(f for f in problem.findings if f.severity == "error")


def frozen_over(case: Case, scheme: Scheme, record: Any = None) -> dict[str, Frozen]:
    """The benchmarks over the case's record and its cohort."""
    others = [{**case.record, **other} for other in case.cohort or ()]
    return verbs.freeze(scheme, [case.record if record is None else record, *others])


def _record_of(case: Case, scheme: Scheme) -> Mapping[str, Any] | Record:
    if case.file is None:
        return case.record
    batch = read_records(case.file, scheme)
    if batch.set_aside and not case.id:
        raise RecordError([f for aside in batch.set_aside for f in aside.findings])
    records = [r for r in batch.records if not case.id or r.id == case.id]
    if len(records) == 1:
        return records[0]
    file = case.file.name
    if case.id:
        raise RecordError([Finding("unknown-record", None, "", {"file": file, "id": case.id})])
    some = "、".join(r.id for r in records[:5])
    raise RecordError(
        [Finding("record-not-chosen", None, "", {"file": file, "count": str(len(records)), "some": some})]
    )


def with_expected(case: Case, card: Scorecard) -> Case:
    """The case with all that its scorecard says as what is expected, to be looked through before it is kept."""
    expected: dict[str, Any] = {"points": _plain(card.points)}
    if card.grades:
        expected["grades"] = dict(card.grades)
    leaves = [n for n in card.nodes[1:] if n.role in ("leaf", "row") and n.state != "described"]
    expected["nodes"] = {n.path: _plain(n.score) if n.state == "scored" else n.state for n in leaves}
    broken = sorted({f.seen["check"] for f in card.findings if f.name == "check-broken"})
    if broken:
        expected["broken"] = broken
    if card.findings:
        expected["findings"] = sorted({f.name for f in card.findings})
    return evolve(case, expected=expected)


def _plain(score: Fraction | None) -> str | None:
    return None if score is None else published(score)
