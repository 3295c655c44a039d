"""The laws of what is not there: nobody is better off for leaving a figure out, and a division by zero is provided for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import islice

from perfrules import model
from perfrules.checking.witnesses import Effort, candidates
from perfrules.model import Datum, Hole, Input, Record
from perfrules.numbers import published
from perfrules.plan import NodePlan, RowBlock
from perfrules.testing.laws.making import law
from perfrules.testing.laws.reaching import Goal, find, reaches
from perfrules.testing.laws.subject import Raw, Subject, as_day, values_of, with_cell, with_row_cell
from perfrules.testing.laws.verdicts import Breach, shown

_BASES, _DIRECTED, _OF_ROWS, _VALUES = 6, 24, 60, 10
"""How many records of the pool are looked at for a datum, how many made by directed candidates (for rows, whose rules hang on
more), and how many figures are put in its place."""


@law()
def missing_earns_no_more(subject: Subject) -> Iterator[Breach]:
    """Leaving a datum out never earns an indicator more than the worst figure in its place would.

    Looked past are indicators whose policy for missing data cites a clause that says so.
    """
    for planned in subject.plan.nodes:
        if planned.body and not _excused(planned.node.policies):
            starts = _starts(subject, planned)
            for name in subject.touched(planned.score).inputs:
                input = subject.scheme.inputs[name]
                yield from subject.breaches(partial(_left_out, subject, planned, input), starts, once=True)
    seen: set[str] = set()
    for planned, block in subject.blocks():
        kind = subject.scheme.rows[block.rows]
        if block.rows in seen or _excused(kind.policies):
            continue
        seen.add(block.rows)
        key = block.name.removesuffix("__rows") + "__score"
        starts = _row_starts(subject, block, key)
        for column in kind.columns:
            if column.name in subject.touched(key, block).inputs and column.kind != "measure" and not column.fill_down:
                wrong = partial(_left_out_of_row, subject, planned, block, column)
                yield from subject.breaches(wrong, starts, once=True)


def _excused(policies: model.Policies) -> bool:
    """Whether a clause is cited for what happens to missing data."""
    missing, _, _ = policies.settled()
    return missing.kind in ("full", "exclude", "formula") and bool(missing.provenance.clause)


# ------------------------------------------------------------------------------------------------ of the record


def _starts(subject: Subject, planned: NodePlan) -> Sequence[Raw]:
    """Records to leave something out of: some of the pool, and these with figures that the rule itself compares with."""
    made = list(subject.bases[:_BASES])
    for given in islice(candidates(subject.plan, planned.score, None, Effort()), _DIRECTED):
        raw, record = subject.bases[0], subject.record(subject.bases[0])
        for name, value in given.items():
            if record is not None:
                raw, record = with_cell(
                    raw, record, subject.scheme.inputs[name], as_day(value, subject.scheme.inputs[name])
                )
        made.append(raw)
    return made


def _left_out(subject: Subject, planned: NodePlan, input: Input, raw: Raw) -> Iterator[Breach]:
    record = subject.record(raw)
    if record is None or input.name not in record.cells or isinstance(record.cells[input.name].value, Hole):
        return
    without_raw, without = with_cell(raw, record, input, None)
    earned = subject.value(without, planned.score)
    if not isinstance(earned, Fraction):
        return
    path = planned.node.path or planned.node.name
    for value in _worse(subject, input, record, planned.score):
        given_raw, given = with_cell(raw, record, input, value)
        with_it = subject.value(given, planned.score)
        if isinstance(with_it, Fraction) and with_it < earned and _confirmed(subject, planned, without_raw, given_raw):
            seen = {"path": path, "input": input.label, "earned": published(earned), "worst": published(with_it)}
            seen |= {"value": shown(given_raw[input.name])}
            yield Breach("missing-earns-no-more", f"{path}：{input.name}", seen, without_raw)
            return


def _worse(subject: Subject, input: Input, record: Record, step: str, block: RowBlock | None = None) -> list[Datum]:
    """Figures to put in the place of one that is missing."""
    values = values_of(input, subject.touched(step, block), record)
    return values if len(values) <= _VALUES else values[:: -(-len(values) // _VALUES)]


def _confirmed(subject: Subject, planned: NodePlan, without: Raw, given: Raw) -> bool:
    """Whether the records, read as they are written, come to the same."""
    cards = subject.card(without), subject.card(given)
    if cards[0] is None or cards[1] is None:
        return False
    one, other = (card[planned.node.path].score for card in cards if card is not None)
    return one is not None and other is not None and one > other


# ------------------------------------------------------------------------------------------------ of rows


def _row_starts(subject: Subject, block: RowBlock, key: str) -> Sequence[Raw]:
    """Records with rows of the kind, and one of them with figures in its first row that the rule itself compares with."""
    kind = subject.scheme.rows[block.rows]
    made = [raw for raw in subject.pool if raw.get(kind.name)][: 2 * _BASES]
    placed = [raw for raw in made if (record := subject.record(raw)) and subject.row_values(record, block)][:2]
    for start in placed:
        for given in islice(candidates(subject.plan, key, block, Effort()), _OF_ROWS):
            raw, record = start, subject.record(start)
            for name, value in given.items():
                if record is None:
                    continue
                if name in subject.scheme.inputs:
                    input = subject.scheme.inputs[name]
                    raw, record = with_cell(raw, record, input, as_day(value, input))
                else:
                    column = kind.column(name)
                    raw, record = with_row_cell(raw, record, kind.name, 0, column, as_day(value, column))
            made.append(raw)
    return made


def _left_out_of_row(subject: Subject, planned: NodePlan, block: RowBlock, column: Input, raw: Raw) -> Iterator[Breach]:
    record = subject.record(raw)
    rows = () if record is None else record.rows.get(block.rows, ())
    key = block.name.removesuffix("__rows") + "__score"
    for place, row in enumerate(rows[:2]):
        if record is None or isinstance(row.cells[column.name].value, Hole):
            continue
        without_raw, without = with_row_cell(raw, record, block.rows, place, column, None)
        earned = _row_score(subject, without, block, row, key)
        if earned is None:
            continue
        for value in _worse(subject, column, record, key, block):
            given_raw, given = with_row_cell(raw, record, block.rows, place, column, value)
            with_it = _row_score(subject, given, block, row, key)
            if with_it is not None and with_it < earned and subject.card(without_raw) and subject.card(given_raw):
                seen = {"path": f"{planned.node.path}/{row.name}", "input": column.label}
                seen |= {"earned": published(earned), "worst": published(with_it)}
                seen |= {"value": shown(given_raw[block.rows][place][column.name])}
                yield Breach("missing-earns-no-more", f"{block.rows}：{column.name}", seen, without_raw)
                return


def _row_score(subject: Subject, record: Record, block: RowBlock, row: model.Row, key: str) -> Fraction | None:
    for each, local in subject.row_values(record, block):
        if each.number == row.number:
            value = local.get(key)
            return value if isinstance(value, Fraction) else None
    return None


# ------------------------------------------------------------------------------------------------ divisions by zero


@law()
def divisions_guarded(subject: Subject) -> Iterator[Breach]:
    """Where an indicator's figures leave it without a value (a division by zero), the scheme says what happens then.

    It says so by `undefined`, by a rule that takes such figures another way, or by `applies_when` that leaves them out.
    """
    for planned in subject.plan.nodes:
        if planned.body and planned.node.policies.undefined is None:
            path = planned.node.path or planned.node.name
            yield from _unguarded(
                subject, path, path, Goal(planned.body, _undefined, applies=_applying(subject, planned))
            )
    seen: set[str] = set()
    for planned, block in subject.blocks():
        kind = subject.scheme.rows[block.rows]
        if kind.policies.undefined is None and block.rows not in seen:
            seen.add(block.rows)
            prefix = block.name.removesuffix("__rows")
            applies = (*_applying(subject, planned), f"{prefix}__applies")
            goal = Goal(f"{prefix}__body", _undefined, block=block, applies=applies)
            yield from _unguarded(subject, block.rows, planned.node.path, goal)


def _applying(subject: Subject, planned: NodePlan) -> tuple[str, ...]:
    """The conditions on which a node, and all that it stands beneath, apply."""
    path = planned.node.path
    above = (
        n for n in subject.plan.nodes if n.applies and f"{path}/".startswith(f"{n.node.path}/" if n.node.path else "")
    )
    return tuple(n.applies for n in above)


def _undefined(value: Datum | Hole) -> bool:
    return isinstance(value, Hole) and value.kind == "undefined"


def _unguarded(subject: Subject, about: str, path: str, goal: Goal) -> Iterator[Breach]:
    if "undefined" not in subject.holes(goal.step, goal.block):
        return  # the analysis of the formula says that it cannot be
    found = find(subject, goal)
    if found is None:
        return

    def wrong(raw: Raw) -> Iterator[Breach]:
        if reaches(subject, raw, goal):
            yield Breach("divisions-guarded", about, {"path": path}, raw)

    yield from subject.breaches(wrong, [found], once=True)
