"""What changes over a population 总体变化 when one scheme takes the place of another: every record scored by both, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from perfrules import model, records, scoring, verbs
from perfrules.findings import Finding, RecordError
from perfrules.formats import read_records
from perfrules.model import Frozen, Record, Scheme, TreeNode
from perfrules.numbers import published
from perfrules.plan import Cohort, Fold, NodePlan, Plan, PlanStep, RowBlock, Step

ZERO = Fraction(0)
Pair = tuple[str | None, str | None]
"""A node's path in each of two schemes; None where it is not there."""


@frozen
class RecordChange:
    """What a record's score becomes 得分变化: before and after, None where it has none; its grades, by scale.

    `nodes` are the changes of the nodes that points are made at, by their paths in the two schemes; they and
    `otherwise` (adjustments, gates, rounding, make-up, what groups do) make up `change`.
    """

    record: str
    before: Fraction | None
    after: Fraction | None
    grades: Mapping[str, tuple[str | None, str | None]]
    nodes: Mapping[Pair, Fraction]

    @property
    def change(self) -> Fraction | None:
        """Points gained (negative: lost); None where one of the two is no score."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def otherwise(self) -> Fraction | None:
        """The part of the change that is made at no node."""
        return None if self.change is None else self.change - sum(self.nodes.values(), ZERO)

    def as_json(self) -> dict[str, Any]:
        """The change as plain data, numbers as exact strings."""
        return {
            "record": self.record,
            "before": _text(self.before),
            "after": _text(self.after),
            "change": _text(self.change),
            "grades": {scale: list(labels) for scale, labels in self.grades.items()},
            "nodes": [{"path": path, "to": to, "change": published(c)} for (path, to), c in self.nodes.items()],
            "otherwise": _text(self.otherwise),
        }


@frozen
class NodeTotal:
    """What a node comes to over a population 指标合计, by its paths in the two schemes."""

    path: str | None
    to: str | None
    before: Fraction
    after: Fraction

    @property
    def change(self) -> Fraction:
        """Points gained over all records."""
        return self.after - self.before


@frozen
class PopulationDiff:
    """What changes over a population 总体变化: record by record and node by node; sums are over records with both scores.

    `set_aside` are ids that could not be read by one of the schemes, or are not in both.
    """

    records: tuple[RecordChange, ...]
    nodes: tuple[NodeTotal, ...]
    set_aside: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def both(self) -> tuple[RecordChange, ...]:
        """The records with a score by either scheme."""
        return tuple(r for r in self.records if r.change is not None)

    @property
    def before(self) -> Fraction:
        """The sum of the scores before."""
        return sum((r.before for r in self.both if r.before is not None), ZERO)

    @property
    def after(self) -> Fraction:
        """The sum of the scores after."""
        return sum((r.after for r in self.both if r.after is not None), ZERO)

    @property
    def count(self) -> dict[str, int]:
        """How many records gain, lose, stay, have no score by one of the schemes, and are set aside."""
        changes = [r.change for r in self.both]
        gain, lose = (sum(sign * c > 0 for c in changes if c is not None) for sign in (1, -1))
        return {
            "records": len(self.records) + len(self.set_aside),
            "gain": gain,
            "lose": lose,
            "same": len(changes) - gain - lose,
            "without": len(self.records) - len(changes),
            "set_aside": len(self.set_aside),
        }

    @property
    def grades(self) -> Mapping[str, Mapping[tuple[str | None, str | None], int]]:
        """By scale, how many records go from which grade to which."""
        made: dict[str, dict[tuple[str | None, str | None], int]] = {}
        for each in self.records:
            for scale, labels in each.grades.items():
                table = made.setdefault(scale, {})
                table[labels] = table.get(labels, 0) + 1
        return made

    def as_json(self) -> dict[str, Any]:
        """The population as plain data."""
        return {
            "count": self.count,
            "total": {
                "before": _text(self.before),
                "after": _text(self.after),
                "change": _text(self.after - self.before),
            },
            "nodes": [
                {
                    "path": n.path,
                    "to": n.to,
                    "before": _text(n.before),
                    "after": _text(n.after),
                    "change": _text(n.change),
                }
                for n in self.nodes
            ],
            "grades": {
                scale: [{"before": old, "after": new, "records": times} for (old, new), times in table.items()]
                for scale, table in self.grades.items()
            },
            "records": [r.as_json() for r in self.records],
            "set_aside": list(self.set_aside),
            "findings": [f.as_json() for f in self.findings],
        }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else published(value)


def population_diff(
    a: Scheme, b: Scheme, pairs: Mapping[str, str], population: str | Path | Iterable[Any]
) -> PopulationDiff:
    """Every record of a population by both schemes, whose nodes go together as `pairs` say. Raises RecordError."""
    first, second, aside, found = _read(a, b, population)
    return _over(a, b, pairs, first, second, aside, found)


def _read(
    a: Scheme, b: Scheme, population: str | Path | Iterable[Any]
) -> tuple[list[Record], list[Record], tuple[str, ...], tuple[Finding, ...]]:
    """The records as each scheme reads them, in one order; the ids that only one of them has, and all that was found."""
    if not isinstance(population, str | Path):
        given = list(population)
        if any(isinstance(r, Record) for r in given) and not _same_data(a, b):
            seen = {"a": a.id, "b": b.id}
            raise RecordError([Finding("records-of-one-scheme", None, "", seen)])
        of_a, of_b = ([records.record_from(s, r) for r in given] for s in (a, b))
        return of_a, of_b, (), ()
    batches = [read_records(population, scheme) for scheme in (a, b)]
    found = [f for each in batches for f in each.findings]
    found += [f for each in batches for aside in each.set_aside for f in aside.findings]
    ids = [{r.id: r for r in each.records} for each in batches]
    everyone = dict.fromkeys(
        r for each in batches for r in [*(x.id for x in each.records), *(x.id for x in each.set_aside)]
    )
    both = [name for name in everyone if all(name in each for each in ids)]
    aside = tuple(name for name in everyone if name not in set(both))
    first, second = ([each[name] for name in both] for each in ids)
    return first, second, aside, tuple({(f.name, str(f.where), f.path, str(f.seen)): f for f in found}.values())


def _same_data(a: Scheme, b: Scheme) -> bool:
    return (a.inputs, {n: k.columns for n, k in a.rows.items()}) == (
        b.inputs,
        {n: k.columns for n, k in b.rows.items()},
    )


@frozen
class _Reader:
    """What of a scheme's results a comparison reads: the steps of its nodes, those that points are made at, its grades."""

    plan: Plan
    nodes: Mapping[str, NodePlan]
    leaves: frozenset[str]
    frozen: Mapping[str, Frozen]

    @classmethod
    def of(cls, scheme: Scheme, population: Sequence[Record]) -> _Reader:
        plan = verbs.plan(scheme)
        nodes = {p.node.path: p for p in plan.nodes if p.score}
        wanted = [*(n.score for n in nodes.values()), *(g.rank for g in plan.grades)]
        frozen = verbs.freeze(scheme, population) if scheme.benchmarks else {}
        return cls(_no_more_than(plan, wanted), nodes, frozenset(_leaves(scheme.tree)), frozen)

    def scores(self, record: Record) -> tuple[dict[str, Fraction], dict[str, str | None]]:
        """What each node of a record came to, where it has a score, and each grade."""
        values = scoring.evaluate(self.plan, record, frozen=self.frozen).values
        scores = {p: v for p, n in self.nodes.items() if isinstance(v := values[n.score], Fraction)}
        grades: dict[str, str | None] = {}
        for each in self.plan.grades:
            rank = values[each.rank]
            grades[each.scale.name] = each.scale.labels[int(rank)] if isinstance(rank, Fraction) else None
        return scores, grades


def _no_more_than(plan: Plan, wanted: Iterable[str]) -> Plan:
    """The plan with only those steps that lead to the wanted ones; the others are half the work."""
    needed: set[str] = set()
    left = list(wanted)
    while left:
        name = left.pop()
        if name not in needed:
            needed.add(name)
            left += _names_in(plan.producers.get(name))
    made = [
        s
        for s in plan.steps
        if s.name in needed or (isinstance(s, RowBlock) and any(f.name in needed for f in s.folds))
    ]
    return evolve(plan, steps=tuple(made))


def _names_in(step: PlanStep | None) -> Iterator[str]:
    """The names that a step reads; a definition sees its caller's points."""
    match step:
        case Step(formula=formula, bindings=bindings):
            names = [*formula.names, *(["points"] if formula.definitions else [])]
            yield from (bound for n in names if isinstance(bound := bindings.get(n, n), str))
        case Fold():
            yield from (*step.items, *step.where, *step.weights)
        case RowBlock(steps=steps):
            yield from (name for inner in steps for name in _names_in(inner))
        case Cohort(by=by):
            yield by
        case None:
            pass


def _leaves(node: TreeNode) -> Iterable[str]:
    """The paths of the nodes that points are made at, components left out."""
    if not node.counts or node.points is None:
        return
    if isinstance(node.holds, model.Group) and node.holds.body is None:
        for child in node.children:
            yield from _leaves(child)
    else:
        yield node.path


def _over(
    a: Scheme, b: Scheme, pairs: Mapping[str, str], first: Sequence[Record], second: Sequence[Record],
    aside: tuple[str, ...], found: tuple[Finding, ...],
) -> PopulationDiff:  # fmt: skip
    """Every record by both schemes, and what nodes come to over those that have a score by either."""
    one, other = _Reader.of(a, first), _Reader.of(b, second)
    came = {to: path for path, to in pairs.items()}
    everything: list[Pair] = [(p, to if (to := pairs.get(p)) in other.nodes else None) for p in one.nodes]
    everything += [(None, to) for to in other.nodes if came.get(to) not in one.nodes]
    sums: dict[Pair, list[Fraction]] = {pair: [ZERO, ZERO] for pair in everything}
    made: list[RecordChange] = []
    for record, again in zip(first, second, strict=True):
        (before, old), (after, new) = one.scores(record), other.scores(again)
        nodes: dict[Pair, Fraction] = {}
        scored = "" in before and "" in after
        for (path, to), total in sums.items():
            was = before.get(path, ZERO) if path is not None else ZERO
            now = after.get(to, ZERO) if to is not None else ZERO
            if scored:
                total[0] += was
                total[1] += now
            at_leaf = (was if path in one.leaves else ZERO, now if to in other.leaves else ZERO)
            if at_leaf[0] != at_leaf[1]:
                nodes[path, to] = at_leaf[1] - at_leaf[0]
        grades = {scale: (old.get(scale), new.get(scale)) for scale in dict.fromkeys([*old, *new])}
        made.append(RecordChange(record.id, before.get(""), after.get(""), grades, nodes))
    totals = tuple(NodeTotal(path, to, was, now) for (path, to), (was, now) in sums.items())
    return PopulationDiff(tuple(made), totals, aside, found)
