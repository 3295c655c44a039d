"""Laws that there is a record: one with full points, one with none, one for every arm. Search finds it, or says that it did
not; that there is none, only a proof can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from attrs import frozen

from perfrules import model
from perfrules.checking.witnesses import Effort, candidates
from perfrules.model import Datum, Hole, Record
from perfrules.numbers import published
from perfrules.plan import NodePlan, RowBlock, Step
from perfrules.testing.laws.making import law
from perfrules.testing.laws.subject import (
    Raw,
    Subject,
    as_day,
    values_of,
    with_cell,
    with_row_cell,
)
from perfrules.testing.laws.verdicts import Breach

Reached = Callable[[Datum | Hole], bool]
_STARTS, _ROUNDS = 4, 2
"""From how many records a climb starts, and how often it goes over every input."""


@frozen
class Goal:
    """What is looked for: a step of the record (or of a row block) whose value is `reached`; what is higher by `towards` is
    nearer, and a step that is made of `parts` is climbed by these. Records that do not fulfil `applies` (conditions of
    the record, or of the block's rows) are no answer."""

    step: str
    reached: Reached
    towards: Callable[[Fraction], Fraction] | None = None
    block: RowBlock | None = None
    parts: tuple[NodePlan, ...] = ()
    applies: tuple[str, ...] = ()


def find(subject: Subject, goal: Goal) -> Raw | None:
    """A record that reaches the goal: in the pool, with one datum left out, among directed candidates, or by climbing."""
    for raw in subject.pool:
        if reaches(subject, raw, goal):
            return raw
    return directed(subject, goal) or _left_out(subject, goal) or _climbed(subject, goal)


def _left_out(subject: Subject, goal: Goal) -> Raw | None:
    """Records of the pool without one of the data that the step hangs on."""
    if goal.block is not None:
        return None
    for raw in subject.bases[:_STARTS]:
        record = subject.record(raw)
        for name in subject.touched(goal.step).inputs if record is not None else ():
            assert record is not None
            blank_raw, blank = with_cell(raw, record, subject.scheme.inputs[name], None)
            if goal.reached(subject.value(blank, goal.step)) and reaches(subject, blank_raw, goal):
                return blank_raw
    return None


def reaches(subject: Subject, raw: Raw, goal: Goal) -> bool:
    """Whether the record, read as it is written, reaches the goal."""
    return any(goal.reached(v) for v in _values(subject, raw, goal))


def _values(subject: Subject, raw: Raw, goal: Goal) -> Iterator[Datum | Hole]:
    card = subject.card(raw)
    if card is None:
        return
    results = card.evidence.results
    if any(results.values.get(step) is False for step in goal.applies):
        return
    if goal.block is None:
        yield results.values[goal.step]
        return
    for _, local in results.rows.get(goal.block.name, ()):
        if goal.step in local and not any(local.get(step) is False for step in goal.applies):
            yield local[goal.step]


def directed(subject: Subject, goal: Goal) -> Raw | None:
    """Records of bounds, landmarks and the numbers that the step's own formulas compare with, over some of the pool."""
    inputs = subject.scheme.inputs
    rows = goal.block.rows if goal.block is not None else ""
    starts = [r for r in subject.bases if not rows or r.get(rows)][: 1 if rows else 2]
    for given in candidates(subject.plan, goal.step, goal.block, Effort()):
        for start in starts:
            raw, record = start, subject.record(start)
            if record is None:
                continue
            for name in given.keys() & inputs.keys():
                raw, record = with_cell(raw, record, inputs[name], as_day(given[name], inputs[name]))
            if goal.block is not None:
                others = {n: v for n, v in given.items() if n not in inputs}
                found = _in_a_row(subject, goal, raw, record, others)
                if found is not None:
                    return found
            elif goal.reached(subject.value(record, goal.step)) and reaches(subject, raw, goal):
                return raw
    return None


def _in_a_row(subject: Subject, goal: Goal, raw: Raw, record: Record, given: Mapping[str, Any]) -> Raw | None:
    """The record with the values given put into its first row, where that reaches the goal."""
    assert goal.block is not None
    kind = subject.scheme.rows[goal.block.rows]
    for name, value in given.items():
        column = kind.column(name)
        raw, record = with_row_cell(raw, record, kind.name, 0, column, as_day(value, column))
    found = any(
        goal.step in local and goal.reached(local[goal.step]) for _, local in subject.row_values(record, goal.block)
    )
    return raw if found and reaches(subject, raw, goal) else None


def _climbed(subject: Subject, goal: Goal) -> Raw | None:
    """From the best records of the pool, one input after another is set to what brings the score nearest to the goal.

    The whole is climbed leaf by leaf, each over the inputs that it hangs on.
    """
    if goal.towards is None or goal.block is not None:
        return None
    parts = [(n.score, subject.touched(n.score).inputs) for n in goal.parts] or [
        (goal.step, subject.touched(goal.step).inputs)
    ]
    for raw, record in _starts(subject, goal):
        for _ in range(_ROUNDS):
            for step, names in parts:
                raw, record = _higher(subject, goal, raw, record, step, names)
            if reaches(subject, raw, goal):
                return raw
    return None


def _starts(subject: Subject, goal: Goal) -> Iterator[tuple[Raw, Record]]:
    """The best records of the pool, then the best of them without one or another datum that may be left out."""
    inputs = subject.scheme.inputs
    for raw in subject.bases[:_STARTS]:
        record = subject.record(raw)
        if record is not None:
            yield raw, record
    best = subject.record(subject.bases[0])
    optional = [n for n in subject.touched(goal.step).inputs if inputs[n].optional]
    for name in optional[:_STARTS] if best is not None else ():
        assert best is not None
        yield with_cell(subject.bases[0], best, inputs[name], None)


def _higher(
    subject: Subject, goal: Goal, raw: Raw, record: Record, step: str, names: Sequence[str]
) -> tuple[Raw, Record]:
    """The record with its inputs set, one after another, to what brings a step highest."""
    assert goal.towards is not None
    now = subject.value(record, step)
    best = goal.towards(now) if isinstance(now, Fraction) else None
    for name in names:
        input = subject.scheme.inputs[name]
        if name in record.cells and isinstance(record.cells[name].value, Hole) and input.optional:
            continue  # left out on purpose
        for value in values_of(input, subject.touched(step), record):
            tried_raw, tried = with_cell(raw, record, input, value)
            came = subject.value(tried, step)
            height = goal.towards(came) if isinstance(came, Fraction) else None
            if height is not None and (best is None or height > best):
                best, raw, record = height, tried_raw, tried
    return raw, record


# ------------------------------------------------------------------------------------------------ full and zero


def _scored(subject: Subject) -> list[NodePlan]:
    """The whole and the leaves that have bounds; of a whole that rows of the record have a say in, its leaves alone."""
    return [
        n
        for n in subject.plan.nodes
        if n.score
        and n.node.points is not None
        and not n.node.points.free
        and (n.body or not (n.node.path or any(isinstance(b.holds, model.OpenGroup) for b in n.node.walk())))
    ]


def _row_groups(subject: Subject) -> list[str]:
    return [planned.node.path for planned, _ in subject.blocks()]


@law(applies=lambda subject: bool(_scored(subject) or _row_groups(subject)))
def full_marks_attainable(subject: Subject) -> Iterator[Breach]:
    """Every indicator, a row of every group of rows, and the whole, can score full points: no rule takes away what it
    promises. A whole that holds rows is not looked at: how many points it can give is for the record to say."""
    leaves = tuple(n for n in subject.plan.nodes if n.body and n.score and n.node.counts)
    for planned in _scored(subject):
        most = planned.node.worth
        assert most is not None

        def reached(value: Datum | Hole, most: Fraction = most) -> bool:
            return isinstance(value, Fraction) and value >= most

        parts = () if planned.body else leaves
        if not find(subject, Goal(planned.score, reached, lambda score: score, parts=parts)):
            yield _unreached(subject, "full-marks-attainable", planned, most)
    for planned, block in subject.blocks():
        if not _row_reaches(subject, planned, block, lambda score, points: score >= points, 1):
            yield Breach("full-marks-attainable", f"{planned.node.path}/*", {"path": planned.node.path}, None, "row")


@law(applies=lambda subject: bool([n for n in _scored(subject) if n.body] or _row_groups(subject)))
def zero_attainable(subject: Subject) -> Iterator[Breach]:
    """Every indicator, and a row of every group of rows, can score its lowest points: none is given away to whoever
    turns up."""
    for planned in _scored(subject):
        if not planned.body:
            continue  # the whole is at its lowest where its indicators are
        assert planned.node.points is not None
        least = planned.node.points.low or Fraction(0)

        def reached(value: Datum | Hole, least: Fraction = least) -> bool:
            return isinstance(value, Fraction) and value <= least

        if not find(subject, Goal(planned.score, reached, lambda score: -score)):
            yield _unreached(subject, "zero-attainable", planned, least)
    for planned, block in subject.blocks():
        if not _row_reaches(subject, planned, block, lambda score, _: score <= 0, -1):
            yield Breach("zero-attainable", f"{planned.node.path}/*", {"path": planned.node.path}, None, "row")


def _row_reaches(
    subject: Subject, planned: NodePlan, block: RowBlock, reached: Callable[[Fraction, Fraction], bool], way: int
) -> bool:
    """Whether a row of a group is found that scores so much: among the pool's, or by setting one column after another."""
    for raw in subject.pool:
        card = subject.card(raw)
        for node in card.nodes if card is not None else ():
            its = node.role == "row" and node.path.startswith(f"{planned.node.path}/")
            if its and node.points and node.score is not None and reached(node.score, node.points):
                return True
    start = find(subject, Goal(block.where, lambda value: value is True, block=block)) if block.where else None
    starts = [raw for raw in subject.bases if raw.get(block.rows)] if not block.where else [start] if start else []
    return any(_row_climbed(subject, block, raw, reached, way) for raw in starts[:2])


def _row_climbed(
    subject: Subject, block: RowBlock, raw: Raw, reached: Callable[[Fraction, Fraction], bool], way: int
) -> bool:
    """From a record, one column after another of a row of the block is set to what brings its score up, or down."""
    prefix = block.name.removesuffix("__rows")
    record = subject.record(raw)
    if record is None:
        return False
    taken = subject.row_values(record, block)
    numbers = [row.number for row, _ in taken]
    place = next((i for i, row in enumerate(record.rows[block.rows]) if row.number in numbers), None)
    if place is None:
        return False
    number = record.rows[block.rows][place].number

    def came(tried: Record) -> tuple[Fraction, Fraction] | None:
        for row, local in subject.row_values(tried, block):
            score, points = local.get(f"{prefix}__score"), local.get(f"{prefix}__points")
            if row.number == number and isinstance(score, Fraction) and isinstance(points, Fraction) and points:
                return score, points
        return None

    best = came(record)
    for _ in range(_ROUNDS):
        for column in subject.scheme.rows[block.rows].columns:
            if column.kind == "text" or column.kind == "measure":
                continue
            for value in values_of(column, subject.touched(f"{prefix}__score", block), record):
                tried_raw, tried = with_row_cell(raw, record, block.rows, place, column, value)
                now = came(tried)
                if now is not None and (best is None or way * now[0] / now[1] > way * best[0] / best[1]):
                    best, raw, record = now, tried_raw, tried
    return best is not None and reached(*best) and subject.card(raw) is not None


def _unreached(subject: Subject, name: str, planned: NodePlan, wanted: Fraction) -> Breach:
    path = planned.node.path
    scores = [s for raw in subject.pool if isinstance(s := subject.values(raw).get(planned.score), Fraction)]
    nearest = min(scores, key=lambda s: abs(s - wanted), default=None)
    seen = {"wanted": published(wanted), "nearest": "—" if nearest is None else published(nearest)}
    return Breach(name, path or planned.node.name, {**seen, "path": path or planned.node.name})


# ------------------------------------------------------------------------------------------------ arms


@frozen
class _Armed:
    """A body with arms, as the plan has it: what it is of, the step that tells the arm, and how each is written."""

    subject: str
    step: str
    arms: tuple[str, ...]
    block: RowBlock | None = None


def _armed(subject: Subject) -> Iterator[_Armed]:
    """Every body of bands or cases: of indicators, rows, values, and grade scales where no rows have a say in what they read."""
    for planned in subject.plan.nodes:
        body = planned.node.holds.body if isinstance(planned.node.holds, model.Group) else planned.node.holds
        if planned.arms is not None and isinstance(body, model.BandsBody | model.CasesBody):
            yield _Armed(planned.node.path or planned.node.name, planned.arms.step, _written(body))
    for planned, block in subject.blocks():
        body = subject.scheme.rows[block.rows].body
        if isinstance(body, model.BandsBody | model.CasesBody):
            step = block.name.removesuffix("__rows") + "__body__arm"
            yield _Armed(f"{planned.node.path}/*", step, _written(body), block)
    for number, scale in enumerate(() if _row_groups(subject) else subject.scheme.grades.values()):
        step = f"grade{number}____arm"
        if isinstance(scale.body, model.BandsBody | model.CasesBody) and step in subject.plan.producers:
            yield _Armed(scale.name, step, _written(scale.body))
    for value in subject.scheme.values.values():
        if isinstance(value.body, model.BandsBody | model.CasesBody):
            names = {s.name for s in subject.plan.steps if isinstance(s, Step)}
            step = next(n for n in (f"{value.name}__body__arm", f"{value.name}__arm") if n in names)
            yield _Armed(value.name, step, _written(value.body))


def _written(body: model.BandsBody | model.CasesBody) -> tuple[str, ...]:
    if isinstance(body, model.BandsBody):
        return tuple(band.written or "else" for band in body.bands)
    return tuple(case.written or "else" for case in body.cases)


@law(applies=lambda subject: any(True for _ in _armed(subject)))
def arms_reachable(subject: Subject) -> Iterator[Breach]:
    """Every band and every case is taken by some record: none is dead text."""
    merged: dict[tuple[str, int], list[_Armed]] = {}
    for armed in _armed(subject):
        of = subject.scheme.rows[armed.block.rows].name if armed.block else armed.subject
        for place in range(len(armed.arms)):
            merged.setdefault((of, place), []).append(armed)
    for (of, place), every in merged.items():

        def reached(value: Datum | Hole, place: int = place) -> bool:
            return isinstance(value, Fraction) and value == place

        if not any(find(subject, Goal(a.step, reached, block=a.block)) for a in every):
            arm = every[0].arms[place]
            yield Breach("arms-reachable", f"{of}：{arm}", {"of": of, "arm": arm})
