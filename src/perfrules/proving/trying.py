"""Candidates re-scored: a record is written as a person would type it, read, and scored by the exact reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, assert_never

from attrs import define, evolve, field

from perfrules import model, records
from perfrules.checking.witnesses import Effort, candidates
from perfrules.findings import RecordError
from perfrules.model import Datum, Frozen, Hole, Record, Scheme
from perfrules.numbers import published
from perfrules.plan import Plan, RowBlock, Step, behind, names_behind
from perfrules.proving.answers import Example
from perfrules.proving.writing import (
    changes,
    input_of,
    moved,
    plainest,
    record_of,
    snapped,
    written_down,
    written_value,
)
from perfrules.readings import exact
from perfrules.readings.proof import claims
from perfrules.readings.proof.claims import Candidate, Claim, steps_of

SIMPLER_TRIES = 60
"""How many changes are tried that would make a record easier to take in."""


class _Everywhere(Mapping[str, Fraction | Hole]):
    """A benchmark that is the same for every group."""

    def __init__(self, value: Fraction | Hole) -> None:
        self.value = value

    def __getitem__(self, group: str) -> Fraction | Hole:
        return self.value

    def __iter__(self) -> Iterator[str]:
        return iter(("",))

    def __len__(self) -> int:
        return 1


@define
class Trial:
    """Scores candidates exactly: only the steps behind those of a claim, over only the inputs that lead to them.

    `together` are the steps that are asked of the same subject, so that one scoring answers for all its claims.
    """

    scheme: Scheme
    plan: Plan
    together: dict[str, list[str]] = field(factory=dict)
    _parts: dict[tuple[str, ...], Plan] = field(factory=dict)
    _kept: dict[tuple[int, str, tuple[str, ...]], Mapping[str, Datum | Hole] | None] = field(factory=dict)

    def values(self, candidate: Candidate, claim: Claim, steps: tuple[str, ...]) -> Mapping[str, Datum | Hole] | None:
        """What steps come to for a candidate as it is; of a row claim for its first row, None where that is not taken."""
        return self._scored(record_of(candidate), candidate, claim.of.block, steps)

    def kept(self, candidate: Candidate, claim: Claim, part: int) -> bool:
        """The same as `bears_out`, for one of a few candidates that every claim of a subject is tried with."""
        steps = tuple(self.together.get(claim.of.block or f"{claim.of.role} {claim.of.path}", steps_of(claim)))
        key = (id(candidate), claim.of.block, steps)
        if key not in self._kept:
            self._kept[key] = self.values(candidate, claim, steps)
        values = self._kept[key]
        return values is not None and wrong(claim, part, values, None)

    def part(self, claim: Claim) -> Scheme:
        """The scheme with only the inputs that lead to a claim and what it is about: what a record of it has to say."""
        return self._part(claim.of.block, self._told_by(claim)).scheme

    def _told_by(self, claim: Claim) -> tuple[str, ...]:
        """The steps of a claim, and the score that a card shows where it is of the score before that is adjusted."""
        shown = self.plan.node(claim.of.path).score if claim.of.role == "node" else ""
        return (*steps_of(claim), *filter(None, (shown,)))

    def _filled(self, candidate: Candidate, claim: Claim) -> Candidate:
        """The candidate with all that its score takes: what the claim itself does not read has a plain value."""
        read = self._part(claim.of.block, tuple(steps_of(claim))).scheme.inputs
        more: dict[str, Datum | Hole] = {}
        for name, its in self.part(claim).inputs.items():
            off_stage = bool(candidate.stage and its.at) and candidate.stage not in its.at
            if name not in candidate.cells and not (its.optional or off_stage or name == self.scheme.key):
                more[name] = model.MISSING if name in read else plainest(its)
        return evolve(candidate, cells={**candidate.cells, **more})

    def _scored(
        self, record: Record, candidate: Candidate, block: str, steps: tuple[str, ...]
    ) -> Mapping[str, Datum | Hole] | None:
        plan = self._part(block, steps)
        frozen = {n: Frozen(n, _Everywhere(v), 0, 0, "") for n, v in candidate.benchmarks.items() if _given(v)}
        results = exact.evaluate(plan, record, frozen=frozen)
        if not block:
            return results.values
        rows = results.rows[block]
        if not rows or rows[0][0].number != 1:
            return None
        row, local = rows[0]
        columns = {n: c.value for n, c in row.cells.items()}
        return {**results.values, **columns, **local}

    def _part(self, block: str, steps: tuple[str, ...]) -> Plan:
        key = (block, *steps)
        made = self._parts.get(key)
        if made is None:
            wanted = list(steps)
            if block:
                whole = next(s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == block)
                wanted = [whole.folds[0].name]
            leading = names_behind(self.plan, wanted)
            inputs = {n: i for n, i in self.scheme.inputs.items() if n in leading or n == self.scheme.key}
            made = self._parts[key] = evolve(behind(self.plan, wanted), scheme=evolve(self.scheme, inputs=inputs))
        return made

    # ------------------------------------------------------------------------------------------ what a claim asks

    def shows(self, candidate: Candidate, claim: Claim, part: int) -> Example | None:
        """The candidate as an example that refutes (or shows) part of a claim, if it does once read and scored."""
        for each in snapped(self.scheme, candidate):
            shown = self.confirmed(each, claim, part)
            if shown is not None:
                return shown if isinstance(claim, claims.EXISTENTIAL) else self._simplest(each, shown, claim, part)
        return None

    def on_grid(self, candidate: Candidate, claim: Claim, part: int) -> Candidate | None:
        """The candidate as numbers that records can have, if it still refutes (or shows) part of a claim."""
        return next((c for c in snapped(self.scheme, candidate) if self.bears_out(c, claim, part)), None)

    def confirmed(self, candidate: Candidate, claim: Claim, part: int) -> Example | None:
        """The candidate as an example, if it refutes (or shows) part of a claim once written down, read and scored."""
        if not self.bears_out(candidate, claim, part):
            return None
        filled = self._filled(candidate, claim)
        written = written_down(self.scheme, filled)
        if written is None:
            return None
        try:
            record = records.record_from(self.part(claim), written)
        except RecordError:
            return None
        shown = self._example(filled, record, written, claim, part)
        return None if shown is None else evolve(shown, candidate=candidate)

    def bears_out(self, candidate: Candidate, claim: Claim, part: int) -> bool:
        """Whether a candidate, scored as it is, refutes (or shows) part of a claim."""
        steps = tuple(steps_of(claim))
        values = self.values(candidate, claim, steps)
        if values is None:
            return False
        second = None
        if candidate.second is not None:
            second = self.values(moved(candidate, claim), claim, steps)
            if second is None:
                return False
        return wrong(claim, part, values, second)

    def _example(
        self, candidate: Candidate, record: Record, written: Mapping[str, Any], claim: Claim, part: int
    ) -> Example | None:
        """The example that a record is, read from what was written down."""
        steps = tuple(steps_of(claim))
        stage = evolve(record, stage=candidate.stage or record.stage)
        values = self._scored(stage, candidate, claim.of.block, steps)
        if values is None:
            return None
        second_values = None
        second = None
        if candidate.second is not None:
            more = moved(candidate, claim)
            again = written_down(self.scheme, more)
            if again is None:
                return None
            try:
                other = records.record_from(self.part(claim), again)
            except RecordError:
                return None
            other = evolve(other, stage=stage.stage)
            second_values = self._scored(other, candidate, claim.of.block, steps)
            its = input_of(self.scheme, claim, candidate.second[0])
            second = (candidate.second[0], written_value(its, candidate.second[1]) or "")
        if not wrong(claim, part, values, second_values):
            return None
        step = subject_step(claim)
        limit = limit_of(claim, values)
        supposed = {n: v for n, v in candidate.benchmarks.items() if _given(v)}
        benchmarks = {n: v.kind if isinstance(v, Hole) else published(v) for n, v in supposed.items()}
        came_second = second_values[step] if second_values is not None else None
        named: dict[str, Datum | Hole] = {}
        if isinstance(claim, claims.Holds | claims.Reached):
            whole = self._scored(stage, candidate, "", tuple(self._named(step)) or steps) or {}
            named = {n: whole[n] for n in self._named(step)}
        return Example(written, values.get(step), benchmarks, second, came_second, limit, named, candidate)

    def _named(self, step: str) -> list[str]:
        """The values and nodes that an author's condition names."""
        made = self.plan.producers[step]
        names = made.formula.names if isinstance(made, Step) else ()
        return [n for n in names if n in self.plan.producers]

    def _simplest(self, candidate: Candidate, shown: Example, claim: Claim, part: int) -> Example:
        """The same with simpler numbers, and with values where there are holes, as long as it shows the same."""
        best = candidate
        for tries, change in enumerate(changes(self.scheme, candidate)):
            if tries >= SIMPLER_TRIES:
                break
            changed = change(best)
            if changed is not None and self.bears_out(changed, claim, part):
                best = changed
        return shown if best is candidate else self.confirmed(best, claim, part) or shown

    # ------------------------------------------------------------------------------------------ directed search

    def directed(self, claim: Claim) -> list[Candidate]:
        """Records to try: at bounds, band edges, ties and zeros, as far as the formulas behind a claim name them."""
        block = next((s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == claim.of.block), None)
        made: list[Candidate] = []
        for given in candidates(self.plan, subject_step(claim), block, Effort()):
            cells = {n: _plain(self.scheme, block, n, v) for n, v in given.items()}
            if block is None:
                made.append(Candidate(cells))
                continue
            columns = {c.name for c in self.scheme.rows[block.rows].columns}
            row = {n: v for n, v in cells.items() if n in columns}
            made.append(Candidate({n: v for n, v in cells.items() if n not in columns}, {block.rows: (row,)}))
        return made


def _given(value: Fraction | Hole) -> bool:
    return not isinstance(value, Hole) or value.kind != "missing"


def _plain(scheme: Scheme, block: RowBlock | None, name: str, value: Fraction | bool | str | date) -> Datum:
    """A value as records have it: an analysis counts dates as numbers."""
    columns = {c.name: c for c in scheme.rows[block.rows].columns} if block is not None else {}
    its = columns.get(name) or scheme.inputs[name]
    return date.fromordinal(max(1, int(value))) if its.kind == "date" and isinstance(value, Fraction) else value


# ------------------------------------------------------------------------------------------------ claims, exactly


def subject_step(claim: Claim) -> str:
    """The step that a claim is about."""
    return claim.step


def limit_of(claim: Claim, values: Mapping[str, Datum | Hole]) -> Fraction | None:
    """The upper bound or amount that a claim sets, for one record."""
    match claim:
        case claims.Within(high=bound) | claims.Attained(amount=bound):
            found = values.get(bound) if isinstance(bound, str) else bound
            return found if isinstance(found, Fraction) else None
        case _:
            return None


def wrong(
    claim: Claim, part: int, values: Mapping[str, Datum | Hole], second: Mapping[str, Datum | Hole] | None
) -> bool:
    """Whether a record (or two) refutes part of a claim of all records, or shows part of one of some."""
    came = values.get(claim.step)
    match claim:
        case claims.Within(low=low, footing=footing):
            high = limit_of(claim, values)
            if not isinstance(came, Fraction) or any(values.get(rows) != points for rows, points in footing):
                return False
            return (low is not None and came < low) or (high is not None and came > high)
        case claims.Attained(amount=amount):
            sought = limit_of(claim, values)
            return sought is not None and came == sought and (isinstance(amount, Fraction) or sought > 0)
        case claims.Monotone(way=way, input=name):
            after = second.get(claim.step) if second is not None else None
            if not isinstance(came, Fraction) or not isinstance(after, Fraction) or second is None:
                return False
            if not _asked(claim, values) or not _asked(claim, second):
                return False
            less, more = values.get(name), second.get(name)
            if type(less) is not type(more) or not isinstance(less, Fraction | date) or not less < more:  # type: ignore[operator]  # both of one type
                return False
            falls = way == "rises" or (way == "either" and part == 0)
            return after < came if falls else after > came
        case claims.Defined():
            return _asked(claim, values) and isinstance(came, Hole) and came.kind == "undefined"
        case claims.Arms():
            return _asked(claim, values) and came == part
        case claims.NoGap(asked=asked):
            told = all(not isinstance(values.get(a), Hole) for a in asked)
            return _asked(claim, values) and isinstance(came, Hole) and came.kind == "missing" and told
        case claims.NoOverlap(bands=bands):
            return _asked(claim, values) and isinstance(came, Fraction) and sum(_holds(b, came) for b in bands) > 1
        case claims.NoGift(inputs=inputs):
            after = second.get(claim.step) if second is not None else None
            absent = values.get(inputs[part])
            if not isinstance(came, Fraction) or not isinstance(after, Fraction):
                return False
            return isinstance(absent, Hole) and absent.kind == "missing" and after < came
        case claims.Holds():
            return came is False
        case claims.Reached():
            return came is True
        case claims.Same():
            return False  # what two schemes come to is compared where both are at hand
    assert_never(claim)


def _asked(
    claim: claims.Monotone | claims.Defined | claims.Arms | claims.NoGap | claims.NoOverlap,
    values: Mapping[str, Datum | Hole],
) -> bool:
    """Whether the rule that a claim is about is asked for this record; of one way only, whether it decides, too."""
    decides = not isinstance(claim, claims.Monotone) or not isinstance(values.get(claim.body), Hole)
    return decides and (not claim.asked_if or values.get(claim.asked_if) is True)


def _holds(band: model.Band, value: Fraction) -> bool:
    low = band.low is None or value > band.low or (band.low_in and value == band.low)
    return low and (band.high is None or value < band.high or (band.high_in and value == band.high))
