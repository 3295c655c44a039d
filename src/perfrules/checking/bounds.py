"""What can leave its range or fall through, each with a record that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import partial
from itertools import product
from typing import TypeGuard

from perfrules import model, nodes
from perfrules.checking.bands import MISSING, NO_GRADE, Then, band_gaps, becomes, cuts_without_percent
from perfrules.checking.forecast import Forecast, inputs_of
from perfrules.checking.witnesses import TRIES, Effort, falling_record, witness
from perfrules.findings import Finding, Location
from perfrules.numbers import published
from perfrules.plan import NodePlan, Plan, RowBlock
from perfrules.ranges import (
    Numbers,
    Range,
    contains,
)

DEFINITIONS_DEEP = 30
RESERVED = frozenset({"points", "score", "possible"})


def check_ranges(plan: Plan) -> list[Finding]:
    """What can leave its range or fall through, each with a record that shows it."""
    effort = Effort()
    return [
        *_range_findings(plan, effort), *_reach_findings(plan), *_gap_findings(plan, effort), *_bonus_findings(plan),
        *_gate_findings(plan), *cuts_without_percent(plan),
    ]  # fmt: skip


def _bonus_findings(plan: Plan) -> Iterator[Finding]:
    """Bonuses that can lift a node over its points, as nothing states a cap."""
    forecast = Forecast(plan)
    for planned in plan.nodes:
        node, worth = planned.node, planned.node.worth
        steps = [s.step for s in planned.stages if isinstance(s.source, model.Adjustment)]
        if worth is None or not steps:
            continue
        bonus: Fraction | None = Fraction(0)
        for step in steps:
            found = forecast.read(step).range
            high = found.high if isinstance(found, Numbers) else Fraction(0)
            bonus = None if bonus is None or high is None else bonus + max(high, Fraction(0))
        if node.adjustments_high is not None:
            bonus = node.adjustments_high if bonus is None else min(bonus, node.adjustments_high)
        if bonus is None or bonus > 0:
            most = "∞" if bonus is None else published(worth + bonus)
            yield Finding("bonus-over-points", node.location, node.path, {"points": published(worth), "most": most})


def _gate_findings(plan: Plan) -> Iterator[Finding]:
    """What a score that a gate has cut to its most reads as by the scales."""
    for planned in plan.nodes:
        for gate in planned.node.gates:
            for scale in plan.scheme.grades.values():
                body = scale.body
                if (
                    gate.at_most is None
                    or not isinstance(body, model.BandsBody)
                    or not isinstance(body.of.node, nodes.Name)
                ):
                    continue
                if body.of.node.name == planned.key:
                    label = next((b.outcome.label for b in body.bands if _holds(b, gate.at_most)), "—")
                    seen = {"gate": gate.name, "most": published(gate.at_most), "scale": scale.name, "label": label}
                    yield Finding("gate-reads-as", gate.location, planned.node.path, seen)


def _holds(band: model.Band, value: Fraction) -> bool:
    low = band.low is None or value > band.low or (band.low_in and value == band.low)
    return low and (band.high is None or value < band.high or (band.high_in and value == band.high))


def _outside(allowed: Numbers, found: Numbers, _: Forecast) -> bool:
    return not contains(allowed, found)


def _ruled(plan: Plan) -> Iterator[tuple[NodePlan, model.Points]]:
    """The nodes whose score comes from a rule of their own, with their points where these have an upper end."""
    for planned in plan.nodes:
        node = planned.node
        body = node.holds.body if isinstance(node.holds, model.Group) else node.holds
        if body is None or isinstance(body, model.OpenGroup | model.GivenBody):
            continue
        if node.points is not None and node.points.high is not None:
            yield planned, node.points


def _reach_findings(plan: Plan) -> Iterator[Finding]:
    """Nodes that their own rule never gives all their points, and no bonus either."""
    forecast = Forecast(plan)
    for planned, points in _ruled(plan):
        found = forecast.read(planned.first).range
        if not isinstance(found, Numbers) or found.high is None or points.high is None or planned.node.adjustments:
            continue
        if found.high < points.high:
            seen = {"points": published(points.high), "best": published(found.high)}
            yield Finding("points-out-of-reach", planned.node.location, planned.node.path, seen)


def _range_findings(plan: Plan, effort: Effort) -> Iterator[Finding]:
    forecast = Forecast(plan)
    for planned, points in _ruled(plan):
        node = planned.node
        allowed = Numbers(points.low, points.high)
        found = forecast.read(planned.first).range
        if not isinstance(found, Numbers) or contains(allowed, found):
            continue
        shown = witness(plan, planned.first, None, partial(_outside, allowed), effort)
        if shown is not None:
            yield _out_of_range("can-leave-its-range", node.location, node.path, shown, allowed)
    for kind, block in _blocks(plan):
        score = block.name.removesuffix("__rows") + "__score"

        def beyond(result: Numbers, forecast: Forecast, block: RowBlock = block) -> bool:
            points = forecast.read(block.name.removesuffix("__rows") + "__points").range
            return (
                isinstance(points, Numbers)
                and points.low == points.high
                and not contains(Numbers(Fraction(0), points.high), result)
            )

        shown = witness(plan, score, block, beyond, effort)
        if shown is not None:
            yield _out_of_range("can-leave-its-range", kind.location, kind.name, shown, None)


def _blocks(plan: Plan) -> Iterator[tuple[model.RowKind, RowBlock]]:
    """One scoring block of each row kind."""
    seen: set[str] = set()
    for step in plan.steps:
        if (
            isinstance(step, RowBlock)
            and any(s.name.endswith("__r__score") for s in step.steps)
            and step.rows not in seen
        ):
            seen.add(step.rows)
            yield plan.scheme.rows[step.rows], step


def _out_of_range(
    name: str,
    where: Location | None,
    path: str,
    witness: tuple[Range, Mapping[str, str]],
    allowed: Numbers | None,
) -> Finding:
    result, record = witness
    assert isinstance(result, Numbers)
    high = "分值" if allowed is None or allowed.high is None else published(allowed.high)
    low = "0" if allowed is None or allowed.low is None else published(allowed.low)
    came = published(result.low) if result.low is not None else "?"
    told = "，".join(f"{k} = {v}" for k, v in record.items())
    return Finding(name, where, path, {"record": told, "came": came, "low": low, "high": high})


def _gap_findings(plan: Plan, effort: Effort) -> Iterator[Finding]:
    """Cases without `else` that can fall through, and printed bands that leave a gap, each with a record if one is found."""
    told: set[str] = set()
    for body, arm, block, path, where, then in _open_ended(plan):
        if not any("missing" in reached for reached in _reached_by_choice(plan, arm, block, effort)):
            continue
        key = f"{where}{path}"
        if key in told:
            continue
        told.add(key)
        if isinstance(body, model.BandsBody):
            yield from band_gaps(plan, body, Forecast(plan, block=block, present=True), arm, path, then)
            continue
        record = falling_record(plan, arm, block, effort)
        if record is not None:
            yield Finding("falls-through", where, path, {"record": "，".join(f"{k} = {v}" for k, v in record.items())})
        else:
            yield Finding("may-fall-through", where, path, {})


def _reached_by_choice(plan: Plan, arm: str, block: RowBlock | None, effort: Effort) -> Iterator[set[nodes.HoleKind]]:
    """The holes that a step reaches on purpose, for each way of the choices and truths that it hangs on."""
    touched: dict[str, None] = {}
    Forecast(plan, block=block, present=True, touched=touched).read(arm)
    inputs = inputs_of(plan, block)
    closed = [inputs[n] for n in touched if inputs[n].kind in ("choice", "boolean")]
    ways: list[list[Fraction | bool | str | date]] = [
        [True, False] if i.kind == "boolean" else list(i.choices) for i in closed
    ]
    size = 1
    for way in ways:
        size *= len(way)
    if size > TRIES or effort.left <= 0:
        closed, ways = [], []
    for combination in product(*ways):
        given: dict[str, Fraction | bool | str | date] = {
            i.name: value for i, value in zip(closed, combination, strict=True)
        }
        forecast = Forecast(plan, given, block, present=True)
        forecast.read(arm)
        effort.spend(forecast)
        yield forecast.reached.get(arm, set())


def _open_ended(
    plan: Plan,
) -> Iterator[tuple[model.BandsBody | model.CasesBody, str, RowBlock | None, str, Location | None, Then]]:
    """Each body with what becomes of a record that none of its arms takes."""
    for planned in plan.nodes:
        body = planned.node.holds.body if isinstance(planned.node.holds, model.Group) else planned.node.holds
        if _ends_open(body) and planned.arms is not None:
            then = becomes(planned.node.policies)
            yield body, planned.arms.step, None, planned.node.path, planned.node.location, then
    for value in plan.scheme.values.values():
        if _ends_open(value.body):
            name = f"{value.name}__arm" if not value.round else f"{value.name}__body__arm"
            yield value.body, name, None, value.name, value.location, MISSING
    for kind, block in _blocks(plan):
        if _ends_open(kind.body):
            arm = block.name.removesuffix("__rows") + "__body__arm"
            yield kind.body, arm, block, kind.name, kind.location, becomes(kind.policies)
    for made in plan.grades:
        if _ends_open(made.scale.body):
            arm = made.rank.split("__")[0] + "____arm"
            yield made.scale.body, arm, None, made.scale.name, made.scale.location, NO_GRADE


def _ends_open(body: object) -> TypeGuard[model.BandsBody | model.CasesBody]:
    """Whether a body has arms and none that takes whatever is left."""
    if isinstance(body, model.CasesBody):
        return all(c.when is not None for c in body.cases)
    return isinstance(body, model.BandsBody) and body.side == "between"
