"""What people do with schemes and records: the only place where readings meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from perfrules import assembling, checking, plugins, proving, records, scoring
from perfrules.findings import Finding, RecordError, SchemeError, nearest
from perfrules.formula import Formula
from perfrules.model import Frozen, Record, Ruling, Scheme, Scorecard
from perfrules.parsing import FormulaProblems
from perfrules.scoring import plan as plan

if TYPE_CHECKING:
    import polars as pl


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
            slow = scoring.score_slowly(self._plan, self.layout, made, self.benchmarks)
            return scoring.Scored(self.layout, slow, plain=False)
        return scoring.Scored(self.layout, raw)

    def __reduce__(self) -> tuple[Any, ...]:
        return _scorer_again, (self.scheme.resolved(), self.benchmarks)


def _scorer_again(text: str, benchmarks: Mapping[str, Frozen]) -> Scorer:
    return Scorer(assembling.loads(text, registry=plugins.Registry()), benchmarks)


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
