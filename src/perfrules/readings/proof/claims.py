"""What can be claimed of a plan: that which is claimed of every indicator, and what an author claims.

Most claims are of all records and refuted by one; `Attained`, `Arms` and `Reached` are of some record and shown by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, assert_never

from attrs import evolve, field, frozen

from perfrules import model
from perfrules.model import Datum, Hole, Policies, TreeNode
from perfrules.plan import Arms as PlanArms
from perfrules.plan import NodePlan, Plan, RowBlock, Step, names_behind

Way = Literal["rises", "falls", "either"]
Role = Literal["node", "row", "adjustment", "value", "grade", "scheme"]


@frozen
class Subject:
    """What a claim is about: its path, what it is, and the row block that its steps stand in (empty: the record)."""

    path: str
    role: Role
    label: str = ""
    block: str = ""


@frozen
class Within:
    """The step lies between two bounds wherever it has a value; an upper bound may be another step's value.

    Of rows that come with the record only where their points add up to those of their group: `footing` are the steps with
    such sums, and what they should be.
    """

    of: Subject
    step: str
    low: Fraction | None
    high: Fraction | str | None
    footing: tuple[tuple[str, Fraction], ...] = ()


@frozen
class Attained:
    """Some record gives exactly this."""

    of: Subject
    step: str
    amount: Fraction | str
    which: Literal["full", "least"]


@frozen
class Monotone:
    """With all else equal, more of an input never gives less (`rises`), never more (`falls`), or one of the two.

    Of a rule it is claimed where the rule decides: its `body` comes to something, and what it is `asked_if` holds; what a
    policy gives for a hole is no matter of the rule.
    """

    of: Subject
    step: str
    input: str
    way: Way = "either"
    body: str = ""
    asked_if: str = ""


@frozen
class Defined:
    """No division by zero is reached where the rule is asked at all; or what happens then is `stated`.

    `asked_if` is the step that tells whether it is asked, here and of bands and cases (empty: always).
    """

    of: Subject
    step: str
    stated: bool
    asked_if: str = ""


@frozen
class Arms:
    """Every arm can be taken."""

    of: Subject
    step: str
    written: tuple[str, ...]
    asked_if: str = ""


@frozen
class NoGap:
    """No record falls through: where all that is asked is there, some band or case takes it."""

    of: Subject
    step: str
    asked: tuple[str, ...]
    asked_if: str = ""


@frozen
class NoOverlap:
    """No two printed bands take the same quantity."""

    of: Subject
    step: str
    bands: tuple[model.Band, ...]
    asked_if: str = ""


@frozen
class NoGift:
    """With all else equal, no input that is not optional earns more when it is missing than some value of it would."""

    of: Subject
    step: str
    inputs: tuple[str, ...]


@frozen
class Holds:
    """A condition of the author's holds for every record for which it can be told."""

    of: Subject
    step: str
    text: str


@frozen
class Reached:
    """A condition of the author's holds for some record."""

    of: Subject
    step: str
    text: str


@frozen
class Same:
    """A step of this plan comes to the same as one of another scheme's, for every record that both read."""

    of: Subject
    step: str
    other: str
    with_: str


Claim = Within | Attained | Monotone | Defined | Arms | NoGap | NoOverlap | NoGift | Holds | Reached | Same
EXISTENTIAL = (Attained, Arms, Reached)
"""Claims of some record."""


@frozen
class Candidate:
    """A record that the solver proposes: values by input in working units, rows by kind, frozen benchmarks, the stage.

    `second` is what one input is in the other of two records that are alike but for it.
    """

    cells: Mapping[str, Datum | Hole] = field(factory=dict)
    rows: Mapping[str, tuple[Mapping[str, Datum | Hole], ...]] = field(factory=dict)
    benchmarks: Mapping[str, Fraction | Hole] = field(factory=dict)
    stage: str = ""
    second: tuple[str, Datum] | None = None


def steps_of(claim: Claim) -> list[str]:
    """The steps, and inputs, whose values tell whether a record refutes (or shows) a claim."""
    match claim:
        case Within(step=step, high=high, footing=footing):
            return [step, *([high] if isinstance(high, str) else []), *(step_ for step_, _ in footing)]
        case Attained(step=step, amount=amount):
            return [step, amount] if isinstance(amount, str) else [step]
        case NoGift(step=step, inputs=inputs):
            return [step, *inputs]
        case NoGap(step=step, asked=asked, asked_if=asked_if):
            return [step, *asked, *filter(None, (asked_if,))]
        case Monotone(step=step, input=name, body=body, asked_if=asked_if):
            return [step, name, *filter(None, (body, asked_if))]
        case Defined(step=step, asked_if=asked_if) | Arms(step=step, asked_if=asked_if):
            return [step, *filter(None, (asked_if,))]
        case NoOverlap(step=step, asked_if=asked_if):
            return [step, *filter(None, (asked_if,))]
        case Holds(step=step) | Reached(step=step):
            return [step]
        case Same(step=step):
            return [step]
    assert_never(claim)


def standard(plan: Plan) -> list[Claim]:
    """What is claimed of every scheme: of its nodes, their adjustments, its rows, values and grade scales."""
    made: list[Claim] = []
    for planned in plan.nodes:
        made += _of_node(plan, planned)
    seen: set[str] = set()
    for step in plan.steps:
        scoring = isinstance(step, RowBlock) and any(s.name.endswith("__r__score") for s in step.steps)
        if isinstance(step, RowBlock) and scoring and step.rows not in seen:
            seen.add(step.rows)
            made += _of_rows(plan, step)
    for value in plan.scheme.values.values():
        prefix = value.name if _body_step(value) else f"{value.name}__body"
        made += _of_arms(Subject(value.name, "value", value.name), value.body, prefix, arms=False)
    for grade in plan.grades:
        prefix = grade.rank.split("__")[0] + "__"
        made += _of_arms(Subject(grade.scale.name, "grade", grade.scale.name), grade.scale.body, prefix)
    return made


def _body_step(value: model.Value) -> bool:
    """Whether a value's own step is that of its body (see `plan.bodies.Bodies.value`)."""
    stated = any((value.policies.missing, value.policies.undefined, value.policies.not_applicable))
    return not stated and value.round is None


def _of_node(plan: Plan, planned: NodePlan) -> list[Claim]:
    node = planned.node
    if not planned.score or node.points is None:
        return []
    subject = Subject(node.path, "node", node.label)
    made: list[Claim] = []
    last, high = settled_score(planned)
    if high is not None:
        footing = _footing(plan, node)
        down, up = _moved_beneath(node)
        low = None if node.points.low is None else node.points.low + down
        made.append(Within(subject, last, low, high + up, footing))
    if planned.body and high is not None:
        made.append(Attained(subject, last, high, "full"))
        if node.points.low is not None:
            made.append(Attained(subject, last, node.points.low, "least"))
    if planned.body:
        read = _inputs_of(plan, planned.body)
        rule, asked_if = planned.body, planned.applies
        made += [Monotone(subject, last, n, body=rule, asked_if=asked_if) for n in _movable(plan, rule)]
        made.append(Defined(subject, rule, _states_undefined(node.policies), asked_if))
        body = node.holds.body if isinstance(node.holds, model.Group) else node.holds
        made += _of_arms(subject, body, rule, asked_if, planned=planned.arms)
        needed = tuple(n for n in read if not plan.scheme.inputs[n].optional)
        if needed and not _given_by_policy(node.policies):
            made.append(NoGift(subject, last, needed))
    elif not node.path and high is not None:
        made += [Attained(subject, last, high, "full"), Attained(subject, last, Fraction(0), "least")]
    for stage in planned.stages:
        adjustment = stage.source
        if isinstance(adjustment, model.Adjustment):
            its = Subject(f"{node.path}/{adjustment.name}".lstrip("/"), "adjustment", adjustment.name)
            if adjustment.low is not None and adjustment.high is not None:
                made.append(Within(its, stage.step, adjustment.low, adjustment.high))
            body_step = f"{stage.step}__body"
            made.append(Defined(its, body_step, _states_undefined(adjustment.policies)))
            made += _of_arms(its, adjustment.body, body_step)
    return made


def _moved_beneath(node: TreeNode) -> tuple[Fraction, Fraction]:
    """By how much bonuses and deductions declared beneath a node may move its score (see `TreeNode.span`)."""
    span = evolve(node, adjustments=(), adjustments_low=None, adjustments_high=None).span
    if span is None or node.points is None or node.worth is None:
        return Fraction(0), Fraction(0)
    return span[0] - (node.points.low or Fraction(0)), span[1] - node.worth


def _footing(plan: Plan, node: TreeNode) -> tuple[tuple[str, Fraction], ...]:
    """The groups of rows at or beneath a node: the step with what their rows' points add up to, and their own points."""
    beneath = {n.path for n in node.walk()}
    found = [(n.row_points, n.node.points) for n in plan.nodes if n.row_points and n.node.path in beneath]
    return tuple((step, points.high) for step, points in found if points is not None and points.high is not None)


def settled_score(planned: NodePlan) -> tuple[str, Fraction | None]:
    """The step with a node's score before any bonus or deduction, and the most that it should be."""
    points = planned.node.points
    last, high = planned.first, points.high if points else None
    for stage in planned.stages:
        if stage.kind == "adjustment":
            return last, high
        if stage.kind == "scale":
            high = planned.node.worth
        last = stage.step
    return planned.score, high


def _of_rows(plan: Plan, block: RowBlock) -> list[Claim]:
    """Claims of one row, whatever the others."""
    kind = plan.scheme.rows[block.rows]
    name = block.name.removesuffix("__rows")
    subject = Subject(kind.name, "row", kind.name, block.name)
    score, points, body = f"{name}__score", f"{name}__points", f"{name}__body"
    asked_if = f"{name}__applies" if kind.applies_when else ""
    made: list[Claim] = [
        Within(subject, score, Fraction(0), points),
        Attained(subject, score, points, "full"),
        Attained(subject, score, Fraction(0), "least"),
    ]
    by_name = {s.name: s for s in block.steps}
    columns = {c.name: c for c in kind.columns}
    read = _read_in_block(by_name, body)
    numbers = [n for n in read if n in columns and columns[n].kind == "number"]
    made += [Monotone(subject, score, n, body=body, asked_if=asked_if) for n in numbers]
    made.append(Defined(subject, body, _states_undefined(kind.policies), asked_if))
    needed = tuple(n for n in read if n in columns and not columns[n].optional)
    if needed and not _given_by_policy(kind.policies):
        made.append(NoGift(subject, score, needed))
    made += _of_arms(subject, kind.body, body, asked_if)
    return made


def _read_in_block(steps: dict[str, Step], name: str) -> list[str]:
    seen: dict[str, None] = {name: None}
    stack = [name]
    while stack:
        step = steps.get(stack.pop())
        for read in step.formula.names if step else ():
            bound = step.bindings.get(read, read) if step else read
            if isinstance(bound, str) and bound not in seen:
                seen[bound] = None
                stack.append(bound)
    return [n for n in seen if n not in steps]


def _states_undefined(policies: Policies) -> bool:
    return policies.undefined is not None


def _given_by_policy(policies: Policies) -> bool:
    """Whether it is stated what a missing value earns."""
    return policies.missing is not None and policies.missing.kind in ("full", "formula")


def _inputs_of(plan: Plan, step: str) -> list[str]:
    return [n for n in sorted(_behind(plan, step)) if n in plan.scheme.inputs]


def _behind(plan: Plan, step: str) -> set[str]:
    return names_behind(plan, [step])


def _movable(plan: Plan, step: str) -> list[str]:
    """The numbers and dates among the inputs that lead to a step without passing another node."""
    scores = {n.score for n in plan.nodes if n.score}
    if _behind(plan, step) & (scores - {step}):
        return []
    return [n for n in _inputs_of(plan, step) if plan.scheme.inputs[n].kind in ("number", "date")]


def _of_arms(
    subject: Subject, body: object, prefix: str, asked_if: str = "", *, arms: bool = True,
    planned: PlanArms | None = None,
) -> list[Claim]:  # fmt: skip
    """What is claimed of bands and cases."""
    step = planned.step if planned else f"{prefix}__arm"
    made: list[Claim] = []
    match body:
        case model.BandsBody(side=side, bands=bands):
            if side == "between":
                made.append(NoGap(subject, step, (step.removesuffix("__arm") + "__of",), asked_if))
                made.append(NoOverlap(subject, step.removesuffix("__arm") + "__of", bands, asked_if))
            written = tuple(b.written for b in bands)
        case model.CasesBody(cases=cases):
            asked = tuple(f"{step.removesuffix('__arm')}__case{i}" for i, c in enumerate(cases) if c.when is not None)
            if len(asked) == len(cases):
                made.append(NoGap(subject, step, asked, asked_if))
            written = tuple(c.written or "else" for c in cases)
        case _:
            return []
    return [*made, Arms(subject, step, written, asked_if)] if arms else made


def own(claim: model.Claim, step: str) -> Claim:
    """An author's claim; `step` is the one that its condition has among the steps asked for."""
    subject = Subject(claim.name, "scheme", claim.name)
    if claim.holds is not None:
        return Holds(subject, step, claim.holds.source.strip())
    if claim.reached is not None:
        return Reached(subject, step, claim.reached.source.strip())
    return Monotone(subject, step, claim.input, claim.way)
