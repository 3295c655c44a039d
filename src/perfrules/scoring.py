"""One record's score 计分: by the fastest reading that has it, compiled where it can be, else exact; the two are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cached_property, lru_cache
from math import floor
from pathlib import Path
from typing import Any

from attrs import define, frozen

from perfrules import records, scorecards
from perfrules.findings import Finding, Language, SchemeError, visible
from perfrules.model import Datum, Frozen, Record, Scheme, Scorecard
from perfrules.plan import Plan, Results, folding
from perfrules.plan import plan as make_plan
from perfrules.rational import Beyond
from perfrules.readings import compiled, exact, prose
from perfrules.records.cells import shown

FEW = 20
"""Records of a plan that are read exactly before it is compiled, which takes as long as reading some of them."""


def plan(scheme: Scheme) -> Plan:
    """The plan of a scheme, made once. Raises SchemeError for what is no scheme."""
    must_be_scheme(scheme)  # before it is looked up: what is none may have no hash
    return _planned(scheme)


@lru_cache(maxsize=16)  # it holds the schemes too, and they may be strangers'
def _planned(scheme: Scheme) -> Plan:
    return make_plan(scheme)


def must_be_scheme(given: object) -> None:
    """Refuse what is no scheme, a scheme's id or file above all, with words for how to get one. Raises SchemeError."""
    if not isinstance(given, Scheme):
        seen = {
            "seen": shown(str(given)) if isinstance(given, str | Path) else "—",
            "kind": type(given).__name__,
        }
        raise SchemeError([Finding("scheme-wanted", None, "", seen)])


@define
class _Times:
    """How often a plan has been evaluated."""

    times: int = 0

    @property
    def often(self) -> bool:
        """Whether that has been often enough that compiling it is worth while."""
        return self.times >= FEW


@lru_cache(maxsize=64)
def _times(plan: Plan) -> _Times:
    return _Times()


def evaluate(
    plan: Plan, record: Record, *, trace: bool = False, supposed: Mapping[str, Datum] | None = None,
    frozen: Mapping[str, Frozen] | None = None,
) -> Results:  # fmt: skip
    """Every step of the plan over one record; see `readings.exact.evaluate`."""
    if not trace and not supposed and not record.rulings:
        seen = _times(plan)
        if seen.often:
            with suppress(Beyond):  # huge numbers, or what no whole number says
                return compiled.evaluate(plan, record, frozen=frozen)
        seen.times += 1
    return exact.evaluate(plan, record, trace=trace, supposed=supposed, frozen=frozen)


def generated(plan: Plan) -> dict[str, str]:
    """The Python that is generated for a plan, by what it is called."""
    plain, found = compiled.plain(plan), {}
    if plain is not None:
        found["plain"] = plain.source
    with suppress(Beyond):
        found["whole"] = compiled.sizes(plan).general(0).source
    return found


def freeze(plan: Plan, records: Sequence[Record]) -> dict[str, Frozen]:
    """The benchmarks of a plan over a population, layer by layer."""
    return folding.freeze(plan, records, lambda record, before: evaluate(plan, record, frozen=before))


def card(plan: Plan, record: Record, results: Results, frozen: Mapping[str, Frozen]) -> Scorecard:
    """The scorecard of what a record came to."""
    benchmarks = {n: f for n, f in frozen.items() if n in plan.scheme.benchmarks}
    return scorecards.scorecard(
        plan, record, results, benchmarks=benchmarks, evidence=Evidence(plan, results, record, frozen)
    )


def plain_card(plan: Plan, mapping: Mapping[str, Any], frozen: Mapping[str, Frozen]) -> Scorecard | None:
    """The scorecard of a mapping with nothing unusual in it, the rest of which is made when it is looked at; else None."""
    plain = compiled.plain(plan) if _times(plan).often else None
    raw = None if plain is None else plain.scores(mapping, frozen)
    if plain is None or raw is None:
        return None
    scheme, scored = plan.scheme, Scored(plain.layout, raw)
    kept = dict(mapping)  # it may change before the rest is looked at
    return Scorecard.begun(
        lambda: _whole(plan, kept, frozen),
        lambda: scored.nodes,
        record=plain.name(mapping), scheme=scheme.id, edition=scheme.edition, scheme_digest=scheme.digest,
        points=scored.points, max=plan.nodes[0].node.worth, grades=scored.grades, rulings=(), stage="",
        benchmarks={n: f for n, f in frozen.items() if n in scheme.benchmarks},
    )  # fmt: skip


def _whole(plan: Plan, mapping: Mapping[str, Any], frozen: Mapping[str, Frozen]) -> Scorecard:
    record = records.record_from(plan.scheme, mapping)
    return card(plan, record, evaluate(plan, record, frozen=frozen), frozen)


@frozen(slots=False)
class Evidence:
    """What a scorecard was made from, kept beside it for its explanation."""

    plan: Plan
    results: Results
    record: Record
    benchmarks: Mapping[str, Frozen]

    @cached_property
    def traced(self) -> Results:
        """The results with every value on the way, which only the exact reading keeps."""
        if self.results.trace:
            return self.results
        return exact.evaluate(self.plan, self.record, trace=True, frozen=self.benchmarks)

    def explain(self, card: Scorecard, lang: Language, path: str | None) -> str:
        """The scorecard in words."""
        told = prose.explain(self.plan, self.traced, self.record, card, lang, path)
        return "\n".join(map(visible, told.split("\n")))


# ------------------------------------------------------------------------------------------------ only the scores


class Scored:
    """What a record came to, and nothing about it 得分: points, grades and the points of every node, worked out on demand.

    `scaled` are whole numbers of `layout.units`, by `layout.paths`; a fraction of one where a score is no multiple of it,
    None for a node without a score.
    """

    __slots__ = ("_plain", "_raw", "layout")

    def __init__(self, layout: compiled.Layout, raw: Sequence[Any], *, plain: bool = True) -> None:
        self.layout = layout
        self._raw = raw
        self._plain = plain  # by the plain function: no fraction among them

    @property
    def points(self) -> Fraction | None:
        """The points of the whole; None where it has no score."""
        of = self.layout
        if not of.of_whole:
            return None
        if self._plain and of.is_whole:
            total = self._raw[0]
            return None if total is None else of.multiples[0][total]
        return self._node(0)

    @property
    def grade(self) -> str | None:
        """The label of the first grade scale, or None."""
        return self._label(0) if self.layout.grades else None

    @property
    def grades(self) -> dict[str, str | None]:
        """The label by each grade scale."""
        return {name: self._label(i) for i, (name, *_) in enumerate(self.layout.grades)}

    @property
    def nodes(self) -> dict[str, Fraction | None]:
        """The points of every node by its path, "" being the whole; None for one without a score."""
        of = self.layout
        if of.is_whole and None not in self._raw:
            return dict(
                zip(of.paths, [kept[num] for kept, num in zip(of.multiples, self._raw, strict=False)], strict=True)
            )
        return {path: self._node(i) for i, path in enumerate(of.paths)}

    @property
    def scaled(self) -> tuple[int | Fraction | None, ...]:
        """The points of every node in its unit."""
        of = self.layout
        if of.is_whole and self._plain:
            try:
                return tuple(map(floor, self._raw[: of.count]))
            except TypeError:  # one is None
                pass
        return tuple(self._scaled(i) for i in range(of.count))

    def _label(self, i: int) -> str | None:
        """The label by a grade scale."""
        labels = self.layout.labels
        rank = self._raw[i - len(labels)]
        return None if rank is None else labels[i][rank]

    def _node(self, i: int) -> Fraction | None:
        scaled = self._scaled(i)
        if isinstance(scaled, int):
            return self.layout.multiples[i][scaled]
        return None if scaled is None else scaled * self.layout.units[i]

    def _scaled(self, i: int) -> int | Fraction | None:
        num, den = self._raw[i], self.layout.dens[i]
        if num is None or isinstance(num, Fraction):
            return num
        return int(num) if den is None else Fraction(int(num), int(self._raw[den]))

    def __repr__(self) -> str:
        return f"Scored({self.points}, {self.grade})"


def scores(plan: Plan) -> tuple[compiled.Layout, Callable[[Any, Mapping[str, Frozen]], Sequence[Any] | None]]:
    """The plan's plain function (one that finds nothing plain, where there is none) and the layout of what it gives."""
    plain = compiled.plain(plan)
    return (_layout(plan), lambda record, frozen: None) if plain is None else (plain.layout, plain.scores)


def score_slowly(plan: Plan, layout: compiled.Layout, record: Record, frozen: Mapping[str, Frozen]) -> Sequence[Any]:
    """What the plain function would give, of a record that is not plain."""
    values = evaluate(plan, record, frozen=frozen).values
    nodes = [values[n.score] for n in plan.nodes if n.score]
    scores = [v / u if isinstance(v, Fraction) else None for v, u in zip(nodes, layout.units, strict=True)]
    whole = [x.numerator if x is not None and x.denominator == 1 else x for x in scores]
    dens = [1 for den in layout.dens if den is not None]
    places = [values[g.rank] for g in plan.grades]
    ranks = [
        r / unit if isinstance(r, Fraction) else None for r, (_, _, unit) in zip(places, layout.grades, strict=True)
    ]
    return (*whole, *dens, *ranks)


def _layout(plan: Plan) -> compiled.Layout:
    """The layout of scores in points."""
    paths = tuple(n.node.path for n in plan.nodes if n.score)
    grades = tuple((g.scale.name, g.scale.labels, Fraction(1)) for g in plan.grades)
    return compiled.Layout(paths, (Fraction(1),) * len(paths), (None,) * len(paths), grades)
