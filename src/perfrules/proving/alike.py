"""Claims that are alike 同形: the same but for what steps and inputs are called, so that one answer serves them all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from fractions import Fraction

from attrs import evolve, frozen

from perfrules import nodes
from perfrules.formula import walk
from perfrules.model import UNMARKED, Input
from perfrules.nodes import Node
from perfrules.plan import Plan, Step
from perfrules.readings.proof import claims
from perfrules.readings.proof.claims import Candidate, Claim, steps_of


@frozen
class Form:
    """What a claim of one record and the steps behind it say, each name by its place in `names`."""

    said: Hashable
    names: tuple[str, ...]


def form_of(plan: Plan, claim: Claim) -> Form | None:
    """The form of a claim of records; None where it hangs on rows, statistics or benchmarks.

    Names are met in an order that hangs on the formulas alone: two claims of the same form are the same once the names
    of the one are put in the place of those of the other.
    """
    if claim.of.block:
        return None
    places: dict[str, int] = {}
    names: list[str] = []

    def place(name: str) -> int:
        if name not in places:
            places[name] = len(names)
            names.append(name)
        return places[name]

    made: list[Hashable] = [type(claim).__name__, tuple(_own(claim)), tuple(map(place, steps_of(claim)))]
    for name in names:  # grows on the way
        match plan.producers.get(name, plan.scheme.inputs.get(name)):
            case Step() as step:
                made.append(tuple(_step(step, place)))
            case Input() as its:
                made.append(evolve(its, name="", title="", provenance=UNMARKED))
            case _:
                return None
    return Form(tuple(made), tuple(names))


def _own(claim: Claim) -> Iterator[Hashable]:
    """What a claim says beside its steps."""
    match claim:
        case claims.Within(low=low, high=high, footing=footing):
            yield from (low, high if isinstance(high, Fraction) else None, *(points for _, points in footing))
        case claims.Attained(amount=amount):
            yield amount if isinstance(amount, Fraction) else None
        case claims.Monotone(way=way, body=body, asked_if=asked_if):
            yield from (way, bool(body), bool(asked_if))
        case claims.Defined(stated=stated):
            yield stated
        case claims.Arms(written=written):
            yield len(written)
        case claims.NoOverlap(bands=bands):
            yield from ((b.low, b.low_in, b.high, b.high_in) for b in bands)
        case claims.NoGap(asked=asked):
            yield len(asked)
        case claims.NoGift() | claims.Holds() | claims.Reached() | claims.Same():
            pass


def _step(step: Step, place: Callable[[str], int]) -> Iterator[Hashable]:
    """The nodes of a step's formula from the top, each with how many there are beneath it."""

    def bound(name: str) -> Hashable:
        stands_for = step.bindings.get(name, name)
        return nodes.Number(stands_for) if isinstance(stands_for, Fraction) else place(stands_for)

    for node in walk(step.formula.node):
        match node:
            case nodes.Name(name=name) | nodes.Present(name=name) | nodes.HoleOf(name=name):
                yield type(node), bound(name)
            case nodes.Number() | nodes.Text() | nodes.Truth() | nodes.Reach():
                yield node
            case _:
                yield type(node), _sign(node), len(nodes.children(node))
    if step.formula.definitions and "points" in step.bindings:  # definitions read it without naming it
        yield bound("points")


def _sign(node: Node) -> Hashable:
    match node:
        case nodes.Arithmetic(sign=sign) | nodes.Logic(sign=sign):
            return sign
        case nodes.Compare(links=links):
            return tuple(sign for sign, _ in links)
        case nodes.Primitive(function=name) | nodes.Use(definition=name):
            return name
        case _:
            return None


def renamed(candidate: Candidate, called: Mapping[str, str]) -> Candidate:
    """A candidate of one claim as one of another of its form."""
    second = candidate.second
    return Candidate(
        {called[n]: v for n, v in candidate.cells.items()}, stage=candidate.stage,
        second=None if second is None else (called[second[0]], second[1]),
    )  # fmt: skip
