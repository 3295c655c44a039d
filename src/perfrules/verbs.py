"""What people do with schemes and records: the only place where readings meet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from perfrules import amending, checking, documents, loading, model, plugins, proving, records, scoring
from perfrules.findings import Finding, Location, PerfrulesError, RecordError, SchemeError, nearest
from perfrules.formula import Formula
from perfrules.model import Frozen, Record, Ruling, Scheme, Scorecard
from perfrules.parsing import FormulaProblems
from perfrules.plan import plan as make_plan
from perfrules.scoring import plan as plan

if TYPE_CHECKING:
    import polars as pl


def load(path: str | Path, *, registry: plugins.Registry | None = None) -> Scheme:
    """The scheme in a file. Raises SchemeError with every finding at once."""
    return loads(_bytes(Path(path)), file=str(path), registry=registry)


def loads(
    text: str | bytes | Mapping[str, Any], *, file: str = "<text>", registry: plugins.Registry | None = None,
    distribution: str = "",
) -> Scheme:  # fmt: skip
    """The scheme that a text says: YAML, or the JSON (or mapping) that `resolved()` gives.

    `distribution` is the one that supplies it, whose definitions it sees. Raises SchemeError.
    """
    if not isinstance(text, str | bytes):
        try:
            text = documents.dumps(text)
        except (TypeError, ValueError, RecursionError) as problem:
            raise SchemeError([Finding("scheme-not-plain", None, "", {"why": str(problem)[:100]})]) from None
    root, found = documents.read(text, file)
    if root is None:
        raise SchemeError(found)
    return _made(root, file, registry, distribution, found)


def amend(scheme: Scheme, child: str | Path, *, registry: plugins.Registry | None = None) -> Scheme:
    """The scheme with the amendments in a file made, whichever parent the file names. Raises SchemeError."""
    parent, _ = documents.read(scheme.text, scheme.file or scheme.id)
    root, found = documents.read(_bytes(Path(child)), str(child))
    if root is None:
        raise SchemeError(found)
    return _made(root, str(child), registry, "", found, parent)


def _made(
    root: documents.Node, file: str, registry: plugins.Registry | None, distribution: str, found: list[Finding],
    parent: documents.Node | None = None,
) -> Scheme:  # fmt: skip
    """The scheme of a document: amended, read, checked and planned, every finding at once."""
    distributions = [distribution] if distribution else []
    amends = ""
    amendments: tuple[model.Amendment, ...] = ()
    replaced: list[str] = []
    if isinstance(root, documents.Mapping) and "amends" in root.keys():
        lineage = _Lineage(registry, found, distributions)
        amends = lineage.name(root)
        root, amendments = lineage.amended(root, parent)
        replaced = lineage.replaced
        if any(f.severity == "error" for f in found):
            raise SchemeError(_in_order(found))
    library = _library(root, distributions, registry, found)
    scheme, more = loading.load(root, file, library, replaced)
    found += _elsewhere(more, found)
    if scheme is None:
        raise SchemeError(_in_order(found))
    whole = not any(f.severity == "error" for f in found)
    meant = checking.check_names(scheme)
    found += _elsewhere(meant if whole else [f for f in meant if f.name in _TOLD_OF_A_PART], found)
    if not any(f.severity == "error" for f in found):
        found += checking.check_ranges(make_plan(scheme))  # not kept: it may yet be refused
    if any(f.severity == "error" for f in found):
        raise SchemeError(_in_order(found))
    return evolve(scheme, findings=tuple(_in_order(found)), amends=amends, amendments=amendments)


@define
class _Lineage:
    """The parents of an amending file, found among what plugins supply; their distributions' definitions come along."""

    given: plugins.Registry | None
    found: list[Finding]
    distributions: list[str]
    seen: list[str] = field(factory=list)
    replaced: list[str] = field(factory=list)

    def name(self, child: documents.Mapping) -> str:
        """What an amending file says that it amends."""
        node = child.get("amends")
        return node.text.strip() if isinstance(node, documents.Scalar) else ""

    def amended(
        self, child: documents.Mapping, parent: documents.Node | None = None
    ) -> tuple[documents.Node, tuple[model.Amendment, ...]]:
        """The child's document over its parent's, which may itself amend another."""
        if parent is None:
            parent = self.parent(child)
        if not isinstance(parent, documents.Mapping):
            return child, ()
        if "amends" in parent.keys():
            above, _ = self.amended(parent)
            if not isinstance(above, documents.Mapping) or above is parent:
                return child, ()
            parent = above
        library = _library(parent, self.distributions, self.given, [])
        borrowed = {n: f"{n}({', '.join(d.parameters)})" for n, d in library.items()}
        root, made, more = amending.amend(parent, child, borrowed)
        self.found += more
        targets = [a.target.removeprefix("definitions/") for a in made if a.target.startswith("definitions/")]
        self.replaced += [name for name in targets if name in borrowed]
        return root, made

    def parent(self, child: documents.Mapping) -> documents.Node | None:
        name = self.name(child)
        at = child.get("amends")
        where = documents.place(at) if at is not None else None
        wanted, _, edition = name.partition("@")
        if name in self.seen:
            ring = " → ".join([*self.seen, name])
            self.found.append(Finding("ring-of-names", where, "amends", {"ring": ring}))
            return None
        self.seen.append(name)
        known = self.given or registry()
        made: list[tuple[str, str, documents.Node, list[Finding]]] = []
        for each in known.scheme_files:
            text = _bytes(each.path)
            if _declared(text) == wanted:
                root, found = documents.read(text, str(each.path))
                if isinstance(root, documents.Mapping) and (not edition or _text(root, "edition") == edition):
                    made.append((_text(root, "effective"), each.distribution, root, found))
        if not made:
            ids = [d for f in known.scheme_files if (d := _declared(_bytes(f.path)))]
            self.found.append(Finding("unknown-scheme", where, "amends", {"name": name}, nearest(wanted, ids)))
            return None
        _, distribution, root, found = max(made, key=lambda m: m[0])
        self.found += found
        if distribution not in self.distributions:
            self.distributions.append(distribution)
        return root


def _text(root: documents.Mapping, key: str) -> str:
    node = root.get(key)
    return node.text.strip() if isinstance(node, documents.Scalar) else ""


_TOLD_OF_A_PART = frozenset(
    {
        "unknown-name",
        "unit-mismatch",
        "wrong-kind",
        "not-comparable",
        "unknown-choice",
        "arms-differ",
        "date-arithmetic",
    }
    | {"not-a-date", "score-has-unit", "name-clash", "reserved-name", "name-is-no-definition", "ring-of-names"}
    | {"definition-without-brackets", "wrong-number-of-arguments", "argument-wanting", "unknown-argument"}
)
"""What is true of a formula even where other parts of its scheme could not be read."""


def _elsewhere(more: Iterable[Finding], found: Iterable[Finding]) -> list[Finding]:
    """Those of `more` on lines that nothing is told of yet: a line that is wrong as YAML says nothing else."""
    lines = {(f.where.file, f.where.line) for f in found if f.where and f.severity == "error"}
    return [f for f in more if f.where is None or (f.where.file, f.where.line) not in lines]


def _in_order(found: Iterable[Finding]) -> list[Finding]:
    """Findings in file order."""
    return sorted(found, key=lambda f: (f.where.file, f.where.line, f.where.column) if f.where else ("", 0, 0))


@cache
def registry() -> plugins.Registry:
    """The installed plugins, loaded once."""
    return plugins.load()


def _known(given: plugins.Registry | None) -> plugins.Registry:
    return given or registry()


@cache
def prelude() -> Mapping[str, model.Definition]:
    """The definitions that every scheme sees."""
    text = files("perfrules").joinpath("prelude.yaml").read_text(encoding="utf-8")
    definitions, found = definitions_in(text, "prelude.yaml", "prelude")
    assert not [f for f in found if f.severity == "error"], found
    return definitions


def definitions_in(text: str | bytes, file: str, origin: str) -> tuple[Mapping[str, model.Definition], list[Finding]]:
    """The definitions in a text, checked, and every finding."""
    root, found = documents.read(text, file)
    if root is None:
        return {}, found
    definitions, more = loading.load_definitions(root, file, origin)
    found = [*found, *more]
    if not any(f.severity == "error" for f in found):
        known = definitions if origin == "prelude" else {**prelude(), **definitions}
        found += checking.check_definitions(known)
    return definitions, found


def _library(
    root: documents.Node, distributions: list[str], given: plugins.Registry | None, found: list[Finding]
) -> Mapping[str, model.Definition]:
    """What a scheme sees: the prelude, its own distribution's definitions, and those it names in `use:`."""
    library = dict(prelude())
    wanted = list(distributions)
    places: dict[str, Location] = {}
    if isinstance(root, documents.Mapping):
        use = root.get("use")
        if isinstance(use, documents.Sequence):
            places = {i.text: i.locate() for i in use.items if isinstance(i, documents.Scalar)}
            wanted += places
    if not wanted:
        return library
    known = given or registry()
    for name in wanted:
        if name not in distributions and name not in {f.distribution for f in known.definition_files}:
            near = nearest(name, {f.distribution for f in known.definition_files})
            found.append(Finding("unknown-distribution", places[name], "use", {"name": name}, near))
    for each in known.definition_files:
        if each.distribution not in wanted:
            continue
        definitions, problems = definitions_in(_bytes(each.path), str(each.path), each.distribution)
        found += problems
        for name, definition in definitions.items():
            if name in library:
                origin = library[name].origin
                seen = {"name": name, "other": f"{origin} 的定义", "other_en": f"a definition of {origin}"}
                found.append(Finding("name-clash", definition.location, name, seen))
            library[name] = definition
    return library


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(documents.TEXT_LIMIT + 1)  # one too many is told by whoever reads the text
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else None
        seen = {"file": str(path), "why": why or type(problem).__name__}
        raise SchemeError([Finding("file-unreadable", None, "", seen)]) from None


# ----------------------------------------------------------------------------------------- schemes of plugins


def schemes(
    given: plugins.Registry | None = None, only: str | None = None
) -> tuple[Mapping[str, list[Scheme]], list[Finding]]:
    """Every scheme that plugins supply (or `only` those of an id), by id, its editions newest first; and what went
    wrong on the way."""
    known = given or registry()
    found = list(known.findings)
    made: dict[str, list[Scheme]] = {}
    for each in known.scheme_files:
        try:
            text = _bytes(each.path)
            if only is not None and _declared(text) not in (only, None):
                continue
            scheme_ = loads(text, file=str(each.path), registry=known, distribution=each.distribution)
        except PerfrulesError as problem:
            found += problem.findings
            continue
        if any(s.edition == scheme_.edition for s in made.get(scheme_.id, [])):
            seen = {"id": scheme_.id, "edition": scheme_.edition, "distribution": each.distribution}
            found.append(Finding("edition-twice", None, scheme_.id, seen))
            continue
        made.setdefault(scheme_.id, []).append(scheme_)
    for editions in made.values():
        editions.sort(key=lambda s: (s.effective or date.min, s.edition), reverse=True)
    return made, found


_DECLARED = re.compile(rb"^scheme: *([^\s#'\"]+)", re.MULTILINE)


def _declared(text: bytes) -> str | None:
    """The id that a scheme file plainly declares, without reading it; None where it is not plain."""
    found = _DECLARED.search(text)
    return found.group(1).decode("utf-8", "replace") if found else None


@lru_cache(maxsize=64)
def _editions(name: str) -> tuple[list[Scheme], list[Finding]]:
    made, found = schemes(only=name)
    return made.get(name, []), found


def scheme(name: str, *, on: date | None = None) -> Scheme:
    """The scheme of a plugin by id, `id@edition`, or a path to a file; of several editions the newest, or that in
    effect `on` a day. Raises SchemeError."""
    if _is_file(name):
        return load(name)
    wanted, _, edition = name.partition("@")
    editions, found = _editions(wanted)
    if not editions:
        unreadable = [f for f in found if f.severity == "error"]
        if any(_declared(_bytes(f.path)) == wanted for f in registry().scheme_files):
            raise SchemeError(unreadable)  # it is there, and cannot be used
        known = [d for f in registry().scheme_files if (d := _declared(_bytes(f.path)))]
        raise SchemeError([Finding("unknown-scheme", None, "", {"name": wanted}, nearest(wanted, known)), *unreadable])
    if edition:
        for each in editions:
            if each.edition == edition:
                return each
        have = "、".join(e.edition for e in editions)
        raise SchemeError([Finding("unknown-edition", None, wanted, {"edition": edition, "have": have})])
    if on is not None:
        for each in editions:
            if in_effect(each, on):
                return each
        raise SchemeError([Finding("no-edition-then", None, wanted, {"on": on.isoformat()})])
    return editions[0]


def _is_file(name: str) -> bool:
    return Path(name).suffix in (".yaml", ".yml", ".json") or "/" in name


def in_effect(scheme: Scheme, on: date) -> bool:
    """Whether an edition is the one for a day: from the day it takes effect until its last, both included."""
    return (scheme.effective is None or scheme.effective <= on) and (scheme.until is None or on <= scheme.until)


def editions(name: str) -> tuple[Scheme, ...]:
    """The schemes that a name may mean for a record, newest first: every edition of an id; one, where it names one.

    Raises SchemeError.
    """
    if _is_file(name) or "@" in name:
        return (scheme(name),)
    scheme(name)  # raises where there is none
    return tuple(_editions(name)[0])


# ----------------------------------------------------------------------------------------- records of files


@frozen
class Reading:
    """A file as it was read 读取: its records, and the edition of the scheme that each is of.

    `schemes` are the editions in use, newest first; the newest of all where there are no records.
    """

    batch: model.Batch
    schemes: tuple[Scheme, ...]
    by_record: Mapping[str, Scheme] = field(factory=dict)

    def scheme_of(self, record: Record) -> Scheme:
        """The edition that a record is of."""
        return self.by_record.get(record.id, self.schemes[0])

    def records_of(self, scheme: Scheme) -> tuple[Record, ...]:
        """The records of one edition, in the order of the file."""
        return tuple(r for r in self.batch.records if self.scheme_of(r) is scheme)


_Seen = Record | model.SetAside


def by_period(batches: Sequence[tuple[Scheme, model.Batch]]) -> Reading:
    """One reading out of those by each edition, newest first: every record as the edition in effect on its period reads it.

    The period is the input that `period` names: a date, or a year, which means its 31 December. A record that no edition
    was in effect for is set aside, as is one whose period is not there.
    """
    named = next((e.period for e, _ in batches if e.period), "")
    seen: dict[int | str, list[tuple[Scheme, _Seen]]] = {}
    for each, batch in batches:
        for record in batch.records:
            seen.setdefault(record.number or record.id, []).append((each, record))
        for aside in batch.set_aside:
            seen.setdefault(aside.row or aside.id, []).append((each, aside))
    chosen: list[tuple[Scheme, Record]] = []
    set_aside: list[model.SetAside] = []
    used: dict[str, Scheme] = {}
    for things in seen.values():
        days = [(each, thing, period_of(each, thing.cells, named)) for each, thing in things]
        of = next(((each, thing) for each, thing, day in days if day is not None and in_effect(each, day)), None)
        if of is None:
            day = next((day for *_, day in days if day is not None), None)
            set_aside.append(_of_no_edition(things[0], day, named))
            continue
        used[of[0].digest] = of[0]
        match of:
            case each, Record() as record:
                chosen.append((each, record))
            case _, model.SetAside() as aside:
                set_aside.append(aside)
    times = Counter(record.id for _, record in chosen)
    for _, record in chosen:
        if times[record.id] > 1:  # editions may tell records apart by different columns
            lines = "、".join(str(r.number) for _, r in chosen if r.id == record.id)
            twice = Finding("duplicate-record-id", record.where, "", {"id": record.id, "lines": lines})
            set_aside.append(model.SetAside(record.number, record.id, (*record.findings, twice), record.cells))
    kept = sorted((c for c in chosen if times[c[1].id] == 1), key=lambda c: c[1].number)
    schemes = [each for each, _ in batches if each.digest in used] or [batches[0][0]]
    batch = model.Batch(
        tuple(record for _, record in kept),
        tuple(sorted(set_aside, key=lambda a: a.row)),
        tuple(_about_all([batch for each, batch in batches if each in schemes])),
    )
    return Reading(batch, tuple(schemes), {record.id: each for each, record in kept})


def period_of(scheme: Scheme, cells: Mapping[str, model.Cell], named: str = "") -> date | None:
    """The day that says which edition a record is of; a year means its 31 December. None where nothing tells."""
    name = scheme.period or named
    value = cells[name].value if name in cells else None
    if isinstance(value, Fraction):
        year = value / scheme.inputs[name].scale
        return date(int(year), 12, 31) if year.denominator == 1 and 1 <= year <= 9999 else None
    return value if isinstance(value, date) else None


def _of_no_edition(thing: tuple[Scheme, _Seen], day: date | None, named: str) -> model.SetAside:
    """A record that no edition is for, set aside with what else was found in it."""
    scheme, seen = thing
    number, where = (seen.number, seen.where) if isinstance(seen, Record) else (seen.row, None)
    where = where or next((c.where for c in seen.cells.values() if c.where), None)
    if day is None:
        why = Finding("no-period", where, named, {"name": scheme.period or named})
    else:
        why = Finding("no-edition-then", where, named, {"on": day.isoformat()})
    return model.SetAside(number, seen.id, (*seen.findings, why), seen.cells)


def _about_all(batches: Sequence[model.Batch]) -> Iterable[Finding]:
    """What is found about the whole by each edition in use, once; a heading is unknown where none of them knows it."""
    told: set[tuple[str, str]] = set()
    unknown = [{str(f.where) + f.seen["column"] for f in b.findings if f.name == "unknown-heading"} for b in batches]
    for batch in batches:
        for each in batch.findings:
            if each.name == "unknown-heading" and not all(str(each.where) + each.seen["column"] in u for u in unknown):
                continue
            key = (each.name, each.message("zh") + str(each.where))
            if key not in told:
                told.add(key)
                yield each


def at_stage(reading: Reading, stage: str) -> Reading:
    """The reading at a stage of the year; a record that says that it is of another is set aside.

    Raises RecordError where the scheme has no such stage.
    """
    for each in reading.schemes:
        if stage not in each.stages:
            seen = {"name": stage, "stages": "、".join(each.stages) or "—"}
            raise RecordError([Finding("no-such-stage", None, each.id, seen, nearest(stage, each.stages))])
    batch = reading.batch
    kept = tuple(evolve(r, stage=stage) for r in batch.records if r.stage in ("", stage))
    others = tuple(
        model.SetAside(
            r.number or place, r.id,
            (*r.findings, Finding("another-stage", r.where, "", {"stage": r.stage, "wanted": stage})), r.cells,
        )
        for place, r in enumerate(batch.records, start=1) if r.stage not in ("", stage)
    )  # fmt: skip
    aside = tuple(sorted((*batch.set_aside, *others), key=lambda a: a.row))
    return evolve(reading, batch=evolve(batch, records=kept, set_aside=aside))


# ----------------------------------------------------------------------------------------- scoring


def score(
    scheme: Scheme, record: Any, *, rulings: Iterable[Ruling] = (), trace: bool = False,
    benchmarks: Mapping[str, Frozen] | None = None, stage: str = "",
) -> Scorecard:  # fmt: skip
    """The scorecard of one record: a mapping, an object with attributes, or a Record.

    `benchmarks` are the frozen ones of the scheme (see `freeze`); `stage` is the stage of the year that the record is of.
    `trace` keeps every value on the way at once; without it they are worked out when an explanation is asked for.
    Raises RecordError where the record cannot be read or the scheme has no such stage.
    """
    planned, frozen = plan(scheme), dict(benchmarks) if benchmarks else {}
    if type(record) is dict and not (rulings or trace or stage):
        card = scoring.plain_card(planned, record, frozen)
        if card is not None:
            return card
    made = record if isinstance(record, Record) else records.record_from(scheme, record)
    _has_stage(scheme, stage, made.id)
    if rulings or stage:
        made = evolve(made, rulings=(*made.rulings, *rulings), stage=stage or made.stage)
    return scoring.card(planned, made, scoring.evaluate(planned, made, trace=trace, frozen=frozen), frozen)


def _has_stage(scheme: Scheme, stage: str, where: str) -> None:
    if stage and stage not in scheme.stages:
        seen = {"name": stage, "stages": "、".join(scheme.stages) or "—"}
        raise RecordError([Finding("unknown-stage", None, where, seen, nearest(stage, scheme.stages))])


def score_columns(
    scheme: Scheme, frame: pl.DataFrame, *, rows: Mapping[str, pl.DataFrame] | None = None,
    benchmarks: Mapping[str, Frozen] | None = None, stage: str = "", nodes: Sequence[str] | None = None, apart: bool = False,
) -> pl.DataFrame:  # fmt: skip
    """Scores by the column: one line for every line of a frame, with its key, the points of each node, grades and findings.

    `rows` are the rows that records bring, a frame for each kind, keyed by the record's id; `nodes` the paths of those to
    publish (all). With `apart` every line is read by itself: shared ids and mixed magnitudes are not looked for, and a
    column that is not there is told of no line. Raises RecordError where the whole cannot be read, KeyError for a path
    that the scheme does not score. Needs the extra `frames`.
    """
    from perfrules.readings import columns

    _has_stage(scheme, stage, scheme.id)
    return columns.score(
        plan(scheme), frame, rows=rows, benchmarks=benchmarks, stage=stage, nodes=nodes, apart=apart,
        one=lambda record: score(scheme, record, trace=False, benchmarks=benchmarks, stage=stage),
    )  # fmt: skip


def scorer(scheme: Scheme, *, benchmarks: Mapping[str, Frozen] | None = None) -> Scorer:
    """A function that gives the scores of one record and no more: for loops, and picklable for workers."""
    return Scorer(scheme, dict(benchmarks or {}))


class Scorer:
    """Scores one record after another and gives no more than the scores; pickles as the scheme's resolved text."""

    def __init__(self, scheme: Scheme, benchmarks: Mapping[str, Frozen]) -> None:
        self.scheme = scheme
        self.benchmarks = benchmarks
        self._plan = plan(scheme)
        self.layout, self._plainly = scoring.scores(self._plan)

    def __call__(self, record: Any) -> scoring.Scored:
        """The scores of a record: a mapping, an object with attributes, or a Record. Raises RecordError."""
        raw = self._plainly(record, self.benchmarks)
        if raw is None:
            made = records.record_from(self.scheme, record)
            raw = scoring.score_slowly(self._plan, self.layout, made, self.benchmarks)
        return scoring.Scored(self.layout, raw)

    def __reduce__(self) -> tuple[Any, ...]:
        return _scorer_again, (self.scheme.resolved(), self.benchmarks)


def _scorer_again(text: str, benchmarks: Mapping[str, Frozen]) -> Scorer:
    return Scorer(loads(text, registry=plugins.Registry()), benchmarks)


def generated(scheme: Scheme) -> dict[str, str]:
    """The Python that is generated for a scheme's records: `plain` for mappings of plain numbers, `whole` for any record.

    One is not there where the scheme has none; only the exact reading reads it then.
    """
    return scoring.generated(plan(scheme))


def freeze(scheme: Scheme, population: Iterable[Any]) -> dict[str, Frozen]:
    """The scheme's benchmarks over a population of records, to be kept and given to `score`.

    Raises RecordError where a record cannot be read.
    """
    made = [r if isinstance(r, Record) else records.record_from(scheme, r) for r in population]
    return scoring.freeze(plan(scheme), made)


# ----------------------------------------------------------------------------------------- proofs


def prove(scheme: Scheme, claim: str | None = None, *, same_as: Scheme | None = None) -> proving.Proofs:
    """What holds of a scheme for every record, claim by claim: proved, refuted with a record, or unknown and why.

    Without a claim: what is claimed of every indicator, row and adjustment, and the scheme's own `claims:`. With one, a
    condition over inputs, values and nodes: whether it holds. `same_as`: whether each node and grade of another scheme
    comes to the same. Raises SchemeError where the claim is no such condition, or z3 is not installed.
    """
    if same_as is not None:
        return proving.prove_same(scheme, plan(scheme), same_as, plan(same_as))
    formula = None if claim is None else condition(scheme, claim)
    return proving.prove(scheme, plan(scheme), formula)


def condition(scheme: Scheme, text: str) -> Formula:
    """A condition over the inputs, values and nodes of a scheme. Raises SchemeError."""
    try:
        formula = Formula.parse(text)
    except FormulaProblems as problems:
        raise SchemeError([Finding(p.name, None, text, p.seen, p.nearest) for p in problems.problems]) from None
    found = checking.check_condition(scheme, formula)
    if found:
        raise SchemeError(found)
    return formula
