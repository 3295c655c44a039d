"""Monitoring 运行监控: the lights of every object at a month, rolled up, and what would turn each light that is not good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from attrs import define, evolve, field, frozen

from perfrules import scoring, verbs
from perfrules.findings import Finding, RecordError
from perfrules.model import Cell, Frozen, Hole, Monitoring, Record, Scheme
from perfrules.numbers import published
from perfrules.plan import NodePlan, Plan, ask, asked, behind
from perfrules.plan.folding import group_of
from perfrules.scorecards import origin

_LEAPS, _LEAP = 15, 16


@frozen
class Light:
    """The light of one node of one object; `needed` is what its lever would have to be for it to be good.

    Figures are in `unit`, the lever's own: percentages for %. `needed` is None where no lever is declared or none of its
    values would do. `because` is the hole for which there is no light.
    """

    path: str
    light: str | None
    good: bool
    lever: str = ""
    now: Fraction | None = None
    needed: Fraction | None = None
    unit: str = ""
    because: Hole | None = None

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""
        data: dict[str, Any] = {"path": self.path, "light": self.light, "good": self.good}
        if self.because is not None:
            name = "" if "__" in self.because.name else self.because.name
            data["because"] = {"kind": self.because.kind, "name": name}
        if self.lever:
            data["lever"] = self.lever
            data["now"] = None if self.now is None else published(self.now)
            data["needed"] = None if self.needed is None else published(self.needed)
            data["unit"] = self.unit
        return data


@frozen
class Watched:
    """One object under watch: its own light (the worst of its nodes, or as the scheme says), and those of its nodes.

    Where a light could not be told for want of data, the worst of the others is its own only if that is not good.
    """

    record: str
    group: str
    light: str | None
    lights: tuple[Light, ...]

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""
        lights = [x.as_json() for x in self.lights]
        return {"record": self.record, "group": self.group, "light": self.light, "lights": lights}


@frozen
class Watch:
    """What monitoring found at a month 监控结果: every object, and by group and over all the count of each light."""

    scheme: str
    month: Fraction | None
    labels: tuple[str, ...]
    objects: tuple[Watched, ...]
    counts: Mapping[str, int]
    groups: Mapping[str, Mapping[str, int]]

    def worst(self, group: str) -> str | None:
        """The worst light of a group; None where none of it has a light."""
        found = [label for label in self.labels if self.groups.get(group, {}).get(label)]
        return found[-1] if found else None

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings; counts add up to the number of objects."""
        return {
            "scheme": self.scheme,
            "month": None if self.month is None else published(self.month),
            "objects": [o.as_json() for o in self.objects],
            "counts": dict(self.counts),
            "by": {g: {"light": self.worst(g), "counts": dict(c)} for g, c in self.groups.items()},
        }


NO_LIGHT = "—"
"""Under what objects without a light are counted."""


def monitor(
    scheme: Scheme, objects: Iterable[Record], *, month: int | None = None, frozen: Mapping[str, Frozen] | None = None
) -> Watch:
    """The lights of every object; `month` (1–12) stands in the place of each record's own.

    Raises RecordError where the scheme declares no monitoring, or for a month that is none.
    """
    scoring.must_be_scheme(scheme)
    declared = scheme.procedures.monitoring
    if declared is None:
        seen = {"scheme": scheme.id, "key": "monitoring"}
        raise RecordError([Finding("procedure-not-declared", None, scheme.id, seen)])
    if month is not None and not 1 <= month <= 12:
        raise RecordError([Finding("no-such-month", None, scheme.id, {"month": str(month)})])
    return _Monitoring(scheme, declared, month, frozen or {}).watch(objects)


@define
class _Monitoring:
    scheme: Scheme
    declared: Monitoring
    month: int | None
    frozen: Mapping[str, Frozen]
    plan: Plan = field(init=False)
    lit: tuple[NodePlan, ...] = field(init=False)
    labels: tuple[str, ...] = field(init=False)
    plans: dict[str, Plan] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        whole = verbs.plan(self.scheme)
        wanted: dict[str, Any] = {"by": self.declared.by}
        asking = ask(whole, wanted)
        steps = {id(s) for s in whole.steps}
        both = evolve(whole, steps=(*whole.steps, *(s for s in asking.steps if id(s) not in steps)))
        self.lit = tuple(n for n in whole.nodes if n.grade)
        self.labels = _merged([n.grade_labels for n in self.lit])
        names = [n.grade for n in self.lit] + ([asked("by")] if self.declared.by is not None else [])
        self.plan = behind(both, names)
        self.plans = {n.grade: behind(whole, [n.grade]) for n in self.lit if n.node.path in self.declared.levers}

    def watch(self, objects: Iterable[Record]) -> Watch:
        counts: Counter[str] = Counter()
        groups: dict[str, Counter[str]] = {}
        watched = []
        for record in objects:
            one = self.one(at_month(self.scheme, record, self.month))
            watched.append(one)
            counts[one.light or NO_LIGHT] += 1
            groups.setdefault(one.group, Counter())[one.light or NO_LIGHT] += 1
        order = [*self.labels, NO_LIGHT]

        def listed(counter: Counter[str]) -> dict[str, int]:
            return {label: counter[label] for label in order if counter[label]}

        by = {name: listed(groups[name]) for name in sorted(groups)}
        month = None if self.month is None else Fraction(self.month)
        return Watch(self.scheme.id, month, self.labels, tuple(watched), listed(counts), by)

    def one(self, record: Record) -> Watched:
        values = scoring.evaluate(self.plan, record, frozen=self.frozen).values
        lights = [self.light(record, n, values) for n in self.lit if n.node.path]
        root = next((n for n in self.lit if not n.node.path), None)
        own = _label(root.grade, root.grade_labels, values) if root is not None else self.worst(lights)
        group = group_of(values[asked("by")]) if self.declared.by is not None else ""
        return Watched(record.id, group or "", own, tuple(lights))

    def worst(self, lights: Sequence[Light]) -> str | None:
        """The worst of the lights; none where it would be a good one and some could not be told."""
        seen = [x.light for x in lights if x.light is not None]
        worst = max(seen, key=self.labels.index) if seen else None
        untold = any(x.because is not None and x.because.kind != "not_applicable" for x in lights)
        return None if untold and worst in self.declared.good else worst

    def light(self, record: Record, node: NodePlan, values: Mapping[str, Any]) -> Light:
        path, step, labels = node.node.path, node.grade, node.grade_labels
        label = _label(step, labels, values)
        good = label in self.declared.good
        lever = self.declared.levers.get(path)
        if label is None:
            return Light(path, label, good, because=_because(node, values))
        if good or lever is None:
            return Light(path, label, good)
        name, toward = lever
        cell = record.cells.get(name)
        each = self.scheme.inputs[name]
        unit = each.unit.text if each.unit else ""
        if cell is None or isinstance(cell.value, Hole) or not isinstance(cell.value, Fraction):
            return Light(path, label, good, name, unit=unit)
        now = cell.value / each.scale
        needed = self.needed(record, name, toward, step, labels, now)
        told = each.unit.factor if each.unit and each.unit.percent else 1
        return Light(path, label, good, name, now / told, None if needed is None else needed / told, unit)

    def needed(
        self, record: Record, name: str, toward: str, step: str, labels: tuple[str, ...], now: Fraction
    ) -> Fraction | None:
        """The nearest value of the lever, on its own grid, with which the light is good: leapt towards, then halved.

        The answer has been tried, and the grid's point before it has been found wanting.
        """
        each = self.scheme.inputs[name]
        percent = each.unit is not None and each.unit.percent
        places = each.decimals if each.decimals is not None else 4 if percent else 2
        grid = Fraction(1, 10**places) * (1 if toward == "up" else -1)
        start = Fraction(floor(now / grid)) * grid  # on the grid, at most a step before: what follows is beyond it
        bound = each.high if toward == "up" else each.low

        def does(steps: int) -> bool:
            value = self.within(start + grid * steps, bound, toward)
            cells = {**record.cells, name: Cell(value * each.scale)}
            values = scoring.evaluate(self.plans[step], evolve(record, cells=cells), frozen=self.frozen).values
            return _label(step, labels, values) in self.declared.good

        high = 1
        for _ in range(_LEAPS):
            if does(high):
                break
            if isinstance(bound, Fraction) and self.within(start + grid * high, bound, toward) == bound:
                return None
            high *= _LEAP
        else:
            return None
        low = high // _LEAP
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (low, middle) if does(middle) else (middle, high)
        return self.within(start + grid * high, bound, toward)

    @staticmethod
    def within(value: Fraction, bound: object, toward: str) -> Fraction:
        if not isinstance(bound, Fraction):
            return value
        return min(value, bound) if toward == "up" else max(value, bound)


def at_month(scheme: Scheme, record: Record, month: int | None) -> Record:
    """The record as if it were of a month; as it is where none is given, or the scheme declares no monitoring."""
    declared = scheme.procedures.monitoring
    if month is None or declared is None:
        return record
    cells = {**record.cells, declared.month: Cell(month * scheme.inputs[declared.month].scale, str(month))}
    return evolve(record, cells=cells)


def _because(node: NodePlan, values: Mapping[str, Any]) -> Hole | None:
    """Why a node has no light: what its rule came upon, where it is for that that its score is refused."""
    hole, body = values[node.grade], values.get(node.body)
    if isinstance(hole, Hole) and hole.kind == "refused" and isinstance(body, Hole):
        return origin(body, values)
    return hole if isinstance(hole, Hole) else None


def _label(step: str, labels: Sequence[str], values: Mapping[str, Any]) -> str | None:
    rank = values[step]
    return labels[int(rank)] if isinstance(rank, Fraction) else None


def _merged(scales: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The labels of all scales, best first: in the order of the longest, those of others after what they stand behind."""
    merged: list[str] = []
    for labels in sorted(scales, key=len, reverse=True):
        for place, label in enumerate(labels):
            if label not in merged:
                merged.insert(merged.index(labels[place - 1]) + 1 if place else 0, label)
    return tuple(merged)
