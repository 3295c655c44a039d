"""Laws of what a scheme declares, or what follows from it: directions, cliffs, sums, amendments, provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

import attrs
from attrs import frozen

from perfrules import model, supplying
from perfrules.findings import PerfrulesError, nearest
from perfrules.model import Provenance, PublishedFigure, Record, Scheme
from perfrules.numbers import exact, published
from perfrules.plan import NodePlan
from perfrules.procedures.diff import diff
from perfrules.testing.laws.making import law
from perfrules.testing.laws.subject import Raw, Subject, grid, values_of, with_cell
from perfrules.testing.laws.verdicts import Breach

ZERO = Fraction(0)
Way = Literal["up", "down"]


# ------------------------------------------------------------------------------------------------ directions


@frozen
class Direction:
    """Which way a node's score may go as a quantity grows: an input, or what its bands are of (`step`)."""

    planned: NodePlan
    way: Way
    input: str = ""
    step: str = ""

    @property
    def quantity(self) -> str:
        """What it is that grows."""
        return self.input or "bands"


def directions(subject: Subject) -> list[Direction]:
    """Every direction that is declared (to the law, in `claims`, as a lever of monitoring) or follows from bands.

    Bands say a direction where the outcome at one end is better than at the other; those alike at both ends say none.
    """
    found: list[Direction] = []
    by_path = {n.node.path: n for n in subject.plan.nodes}
    stated = {path: dict(ways) for path, ways in subject.directions.items()}
    monitoring = subject.scheme.procedures.monitoring
    for path, (name, toward) in (monitoring.levers if monitoring else {}).items():
        stated.setdefault(subject.scheme.node(path).path, {}).setdefault(name, toward)
    for claim in subject.scheme.claims:
        node = _claimed(subject, claim)
        if node is not None and claim.input in subject.scheme.inputs:
            stated.setdefault(node.node.path, {}).setdefault(claim.input, "up" if claim.way == "rises" else "down")
    for path, ways in stated.items():
        planned = by_path[subject.scheme.node(path).path]
        for name, way in ways.items():
            if name not in subject.scheme.inputs:
                near = nearest(name, subject.scheme.inputs)
                told = f"; the nearest is {near!r}" if near else ""
                raise ValueError(
                    f"{subject.scheme.id} has no input {name!r}, which a direction of {path!r} names{told}"
                )
            if way not in ("up", "down"):
                raise ValueError(f"a direction is {{input: 'up' or 'down'}}, not {{{name!r}: {way!r}}}")
            found.append(Direction(planned, "up" if way == "up" else "down", input=name))
    for planned in subject.plan.nodes:
        body = planned.node.holds
        if isinstance(body, model.BandsBody) and (towards := _of_bands(body, planned)):
            found.append(Direction(planned, towards, step=f"{planned.key}__body__of"))
    return found


def _claimed(subject: Subject, claim: model.Claim) -> NodePlan | None:
    """The node that a claim of a direction is about, where it is about a node."""
    names = claim.of.names if claim.of is not None else ()
    if claim.of is None or len(names) != 1 or claim.of.source.strip() not in names:
        return None
    return next((n for n in subject.plan.nodes if n.score and n.node.identifier == names[0]), None)


def _of_bands(body: model.BandsBody, planned: NodePlan) -> Way | None:
    """The direction that the outcomes at the two ends say, where both are constants and differ."""
    low = min(body.bands, key=lambda b: (b.low is not None, b.low or ZERO))
    high = max(body.bands, key=lambda b: (b.high is None, b.high or ZERO))
    worth = planned.node.points.high if planned.node.points else None
    ends = [_constant(band.outcome, worth) for band in (low, high)]
    if ends[0] is None or ends[1] is None or ends[0] == ends[1]:
        return None
    return "up" if ends[1] > ends[0] else "down"


def _constant(outcome: model.Outcome, worth: Fraction | None) -> Fraction | None:
    """What an outcome is, where it is the node's points or a number."""
    if outcome.value is None:
        return None
    text = outcome.value.source.strip()
    if text == "points":
        return worth
    try:
        return exact(text)
    except ValueError:
        return None


@law(applies=lambda subject: bool(directions(subject)))
def monotone(subject: Subject) -> Iterator[Breach]:
    """Where a direction is declared or follows from bands, a better figure never scores less."""
    for each in directions(subject):

        def wrong(raw: Raw, each: Direction = each) -> Iterator[Breach]:
            record = subject.record(raw)
            if record is None:
                return
            names = (each.input,) if each.input else subject.touched(each.step).inputs
            for name in names:
                yield from _against(subject, each, name, raw, record)

        yield from subject.breaches(wrong, subject.bases)


@frozen
class _Point:
    """A record with one value changed: what the quantity is, and what the node scores."""

    quantity: Fraction
    score: Fraction
    raw: Raw


def _along(subject: Subject, each: Direction, name: str, raw: Raw, record: Record) -> list[_Point]:
    """The scores along the values of one input, by the quantity."""
    input = subject.scheme.inputs[name]
    points: list[_Point] = []
    if input.kind != "number":
        return points
    for value in values_of(input, subject.touched(each.planned.score), record):
        changed_raw, changed = with_cell(raw, record, input, value)
        score = subject.value(changed, each.planned.first or each.planned.score)
        quantity = subject.value(changed, each.step) if each.step else value
        if isinstance(score, Fraction) and isinstance(quantity, Fraction):
            points.append(_Point(quantity, score, changed_raw))
    return sorted(points, key=lambda p: p.quantity)


def _against(subject: Subject, each: Direction, name: str, raw: Raw, record: Record) -> Iterator[Breach]:
    points = _along(subject, each, name, raw, record)
    path = each.planned.node.path or each.planned.node.name
    for before, after in pairwise(points):
        worse = after.score < before.score if each.way == "up" else after.score > before.score
        if worse and before.quantity < after.quantity and _as_read(subject, each, before, after):
            input = subject.scheme.inputs[name]
            seen = {"path": path, "input": input.label, "one": str(before.raw[name]), "other": str(after.raw[name])}
            seen |= {"score": published(before.score), "then": published(after.score)}
            yield Breach("monotone", f"{path}：{name}", seen, after.raw, each.way)
            return


def _as_read(subject: Subject, each: Direction, before: _Point, after: _Point) -> bool:
    """Whether the two records, read as they are written, score what was worked out."""
    step = each.planned.first or each.planned.score
    return subject.values(before.raw).get(step) == before.score and subject.values(after.raw).get(step) == after.score


# ------------------------------------------------------------------------------------------------ cliffs


@law(applies=lambda subject: bool(subject.cliffs))
def no_cliff(subject: Subject) -> Iterator[Breach]:
    """Where a largest jump is declared, the smallest step of one figure moves the score by no more than that."""
    by_path = {n.node.path: n for n in subject.plan.nodes}
    for path, size in subject.cliffs.items():
        planned = by_path[subject.scheme.node(path).path]
        most = exact(size)

        def wrong(raw: Raw, planned: NodePlan = planned, most: Fraction = most) -> Iterator[Breach]:
            record = subject.record(raw)
            if record is None:
                return
            for name in subject.touched(planned.score).inputs:
                input = subject.scheme.inputs[name]
                if input.kind != "number":
                    continue
                values = [
                    v for v in values_of(input, subject.touched(planned.score), record) if isinstance(v, Fraction)
                ]
                step = grid(input)
                for value in values:
                    pair = [with_cell(raw, record, input, v) for v in (value, value + step)]
                    scores = [subject.value(changed, planned.score) for _, changed in pair]
                    one, other = scores
                    if not isinstance(one, Fraction) or not isinstance(other, Fraction) or abs(other - one) <= most:
                        continue
                    raws = [each for each, _ in pair]
                    cards = [subject.card(each) for each in raws]
                    if any(c is None or c[planned.node.path].score != s for c, s in zip(cards, scores, strict=True)):
                        continue
                    shown = planned.node.path or planned.node.name
                    seen = {"path": shown, "input": input.label, "one": str(raws[0][name]), "other": str(raws[1][name])}
                    seen |= {"score": published(one), "then": published(other), "most": published(most)}
                    yield Breach("no-cliff", f"{shown}：{name}", seen, raws[1])
                    break

        yield from subject.breaches(wrong, subject.bases)


# ------------------------------------------------------------------------------------------------ sums


def _sums(scheme: Scheme) -> list[model.TreeNode]:
    """The groups that are nothing but the sum of their children: nothing makes up, restates, adjusts or rounds."""
    return [
        node
        for node in scheme.tree.walk()
        if isinstance(node.holds, model.Group)
        and node.holds.body is None
        and node.holds.combine == "sum"
        and node.points is not None
        and not (node.rescale or node.scale_to is not None or node.adjustments or node.gates or node.round)
    ]


@law(applies=lambda subject: bool(_sums(subject.scheme)))
def additive(subject: Subject) -> Iterator[Breach]:
    """A group that is a sum scores exactly what its counted children score together."""
    groups = _sums(subject.scheme)

    def wrong(raw: Raw) -> Iterator[Breach]:
        card = subject.card(raw)
        if card is None:
            return
        nodes = {n.path: n for n in card.nodes if n.role != "row"}
        for group in groups:
            score = nodes[group.path].score
            parts = [nodes[c.path] for c in group.children if c.counts and c.points is not None]
            if score is None or all(p.state == "absent" for p in parts):
                continue
            together = sum((p.score for p in parts if p.score is not None), ZERO)
            if together != score or any(p.state == "refused" for p in parts):
                seen = {"path": group.path or group.name, "score": published(score), "parts": published(together)}
                yield Breach("additive", group.path or group.name, seen, raw)

    yield from subject.breaches(wrong)


# ------------------------------------------------------------------------------------------------ amendments


@law(applies=lambda subject: bool(subject.scheme.amends))
def amendment_says_all(subject: Subject) -> Iterator[Breach]:
    """A scheme that amends another differs from it in what its amendments say and what follows from that, and in
    nothing else."""
    scheme = subject.scheme
    try:
        parent = supplying.scheme(scheme.amends)
    except PerfrulesError as problem:
        yield Breach(
            "amendment-says-all", scheme.amends, {"problem": problem.findings[0].message("zh")}, None, "orphan"
        )
        return
    for change in diff(parent, scheme).unexplained:
        seen = {"what": change.place, "aspect": change.aspect or change.kind, "parent": parent.id}
        yield Breach("amendment-says-all", f"{change.place}：{change.aspect or change.kind}", seen)


# ------------------------------------------------------------------------------------------------ provenance


def marks(part: Any, path: str = "") -> Iterator[tuple[str, Provenance]]:
    """Every provenance in a part of a scheme, with the way to it; the prelude's arithmetic is nobody's rule."""
    if isinstance(part, Provenance):
        yield path, part
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from marks(value, f"{path}/{key}")
    elif isinstance(part, tuple | list):
        for value in part:
            yield from marks(value, f"{path}/{getattr(value, 'name', '')}")
    elif attrs.has(type(part)) and getattr(part, "origin", "") != "prelude":
        for field in attrs.fields(type(part)):
            if not (isinstance(part, PublishedFigure) and field.name == "column"):  # the figure itself is marked
                yield from marks(getattr(part, field.name), f"{path}.{field.name}")


@law()
def values_cited(subject: Subject) -> Iterator[Breach]:
    """Every rule and every number says where it comes from: a clause, or `unverified` or `assumed` with its reason."""
    for path, mark in marks(subject.scheme):
        if path == ".provenance":
            continue  # the mark of the whole is for what is beneath it, and need not be there
        where = path.lstrip("./")
        if mark.status == "unmarked":
            yield Breach("values-cited", where, {"where": where})
        elif mark.status != "stated" and not mark.why:
            yield Breach("values-cited", where, {"where": where, "status": mark.status}, None, "without-reason")
