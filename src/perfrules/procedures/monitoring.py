"""Monitoring 运行监控: the lights of every object at a month, rolled up, and what would turn each light that is not good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from attrs import define, evolve, field, frozen

from perfrules import verbs
from perfrules.findings import Finding, RecordError
from perfrules.model import Cell, Frozen, Hole, Monitoring, Record, Scheme
from perfrules.numbers import published
from perfrules.plan import Plan, ask, asked
from perfrules.readings import exact
from perfrules.readings.exact import group_of

_DOUBLINGS = 60


@frozen
class Light:
    """The light of one node of one object; `needed` is what its lever would have to be for it to be good.

    Figures are in the lever's own unit. `needed` is None where no lever is declared or none of its values would do.
    """

    path: str
    light: str | None
    good: bool
    lever: str = ""
    now: Fraction | None = None
    needed: Fraction | None = None

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""
        data: dict[str, Any] = {"path": self.path, "light": self.light, "good": self.good}
        if self.lever:
            data["lever"] = self.lever
            data["now"] = None if self.now is None else published(self.now)
            data["needed"] = None if self.needed is None else published(self.needed)
        return data


@frozen
class Watched:
    """One object under watch: its own light (the worst of its nodes, or as the scheme says), and those of its nodes."""

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

    def __attrs_post_init__(self) -> None:
        whole = verbs.plan(self.scheme)
        wanted: dict[str, Any] = {"by": self.declared.by}
        asking = ask(whole, wanted)
        steps = {id(s) for s in whole.steps}
        self.plan = evolve(whole, steps=(*whole.steps, *(s for s in asking.steps if id(s) not in steps)))

    def watch(self, objects: Iterable[Record]) -> Watch:
        labels = self.labels()
        counts: Counter[str] = Counter()
        groups: dict[str, Counter[str]] = {}
        watched = []
        for record in objects:
            one = self.one(self.at_month(record))
            watched.append(one)
            counts[one.light or NO_LIGHT] += 1
            groups.setdefault(one.group, Counter())[one.light or NO_LIGHT] += 1
        order = [*labels, NO_LIGHT]

        def listed(counter: Counter[str]) -> dict[str, int]:
            return {label: counter[label] for label in order if counter[label]}

        by = {name: listed(groups[name]) for name in sorted(groups)}
        month = None if self.month is None else Fraction(self.month)
        return Watch(self.scheme.id, month, labels, tuple(watched), listed(counts), by)

    def labels(self) -> tuple[str, ...]:
        """The labels of the lights, best first."""
        return next((n.grade_labels for n in self.plan.nodes if n.grade_labels), ())

    def at_month(self, record: Record) -> Record:
        if self.month is None:
            return record
        cells = {**record.cells, self.declared.month: Cell(Fraction(self.month), str(self.month))}
        return evolve(record, cells=cells)

    def one(self, record: Record) -> Watched:
        values = exact.evaluate(self.plan, record, frozen=self.frozen).values
        lights = []
        for node in self.plan.nodes:
            if not node.grade or not node.node.path:
                continue
            label = self.label(node.grade, node.grade_labels, values)
            lights.append(self.light(record, node.node.path, node.grade, node.grade_labels, label))
        root = self.plan.nodes[0]
        own = self.label(root.grade, root.grade_labels, values) if root.grade else self.worst(lights)
        group = group_of(values[asked("by")]) if self.declared.by is not None else ""
        return Watched(record.id, group or "", own, tuple(lights))

    def label(self, step: str, labels: tuple[str, ...], values: Mapping[str, Any]) -> str | None:
        rank = values[step]
        return labels[int(rank)] if isinstance(rank, Fraction) else None

    def worst(self, lights: Iterable[Light]) -> str | None:
        labels = self.labels()
        seen = [x.light for x in lights if x.light in labels]
        return max(seen, key=labels.index) if seen else None

    def light(self, record: Record, path: str, step: str, labels: tuple[str, ...], label: str | None) -> Light:
        good = label in self.declared.good
        lever = self.declared.levers.get(path)
        if good or label is None or lever is None:
            return Light(path, label, good)
        name, toward = lever
        cell = record.cells.get(name)
        if cell is None or isinstance(cell.value, Hole) or not isinstance(cell.value, Fraction):
            return Light(path, label, good, name)
        each = self.scheme.inputs[name]
        now = cell.value / each.scale
        return Light(path, label, good, name, now, self.needed(record, name, toward, step, labels, now))

    def needed(
        self, record: Record, name: str, toward: str, step: str, labels: tuple[str, ...], now: Fraction
    ) -> Fraction | None:
        """The nearest value of the lever, on its own grid, with which the light is good: doubled towards, then halved.

        The answer has been tried, and the grid's point before it has been found wanting.
        """
        each = self.scheme.inputs[name]
        percent = each.unit is not None and each.unit.percent
        places = each.decimals if each.decimals is not None else 4 if percent else 2
        grid = Fraction(1, 10**places) * (1 if toward == "up" else -1)
        start = Fraction((now / abs(grid)).__floor__()) * abs(grid)
        bound = each.high if toward == "up" else each.low

        def does(steps: int) -> bool:
            value = self.within(start + grid * steps, bound, toward)
            cells = {**record.cells, name: Cell(value * each.scale)}
            values = exact.evaluate(self.plan, evolve(record, cells=cells), frozen=self.frozen).values
            return self.label(step, labels, values) in self.declared.good

        high = 1
        for _ in range(_DOUBLINGS):
            if does(high):
                break
            if isinstance(bound, Fraction) and self.within(start + grid * high, bound, toward) == bound:
                return None
            high *= 2
        else:
            return None
        low = high // 2
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (low, middle) if does(middle) else (middle, high)
        return self.within(start + grid * high, bound, toward)

    def within(self, value: Fraction, bound: object, toward: str) -> Fraction:
        if not isinstance(bound, Fraction):
            return value
        return min(value, bound) if toward == "up" else max(value, bound)
