"""Hypothesis strategies 随机取样: records of a scheme, whole forms of them, records beside its lines; formulas and schemes.

All come from what the scheme declares of its inputs: kinds, units, bounds, choices, decimals, rows, stages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

from hypothesis import note, reject
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from perfrules import scoring
from perfrules.model import Frozen, Input, Scheme
from perfrules.records.headings import ID_HEADINGS, STAGE_HEADINGS
from perfrules.testing.authoring import FOCUSES, Author, default_inputs, scope_of
from perfrules.testing.authoring_trees import loaded, scheme_data, text_of
from perfrules.testing.drafts import Drawing, cell
from perfrules.testing.lines import Search

_MOST_LINES = 3
"""How many lines are tried of a record before it stays as it was drawn."""
Record = dict[str, Any]
"""What is drawn: a mapping, as `pr.score` takes it, and as one could type it."""


def records(
    scheme: Scheme, *, holes: bool = True, most_rows: int = 4, fixed: Mapping[str, Any] | None = None
) -> st.SearchStrategy[Record]:
    """Records 评价记录 of a scheme: mappings that `pr.score` accepts without an error finding.

    - numbers: 0 or the bound nearest to it, numbers of few decimals, the numbers that the scheme speaks of and their
      neighbours, and any up to 10¹⁵ with up to 12 decimals (or as `decimals` says); int or Decimal. Percentages are text
      with their sign, such as `"85.5%"`. Divisors are zero as often as other numbers are
    - days 2000 to 2039, or within the bounds, and those that the scheme speaks of; choices; words for text
    - rows: up to `most_rows` of each kind, with names of their own; a row's measures agree
    - with `holes` one record in four has some: missing is None, not applicable is 不适用
    - where the scheme has stages, one of them or none

    `fixed` says what inputs (or row kinds, or 阶段) are instead: cells, or strategies of cells. They shrink to no holes,
    no rows, and zeros. Raises InvalidArgument.
    """
    drawing = _drawing("records", scheme, holes, most_rows)
    return _records(drawing, _fixed("records", scheme, fixed))


def forms(
    scheme: Scheme, *, least: int = 1, most: int = 10, holes: bool = True, most_rows: int = 4,
    fixed: Mapping[str, Any] | None = None,
) -> st.SearchStrategy[list[Record]]:  # fmt: skip
    """Whole batches 表: lists of `least` to `most` records, each with an id of its own under the scheme's `key` or 编号.

    As `records` draws them; every one of a list is kept when they are read together, and it may be written out as a file.
    Raises InvalidArgument.
    """
    drawing = _drawing("forms", scheme, holes, most_rows)
    for name, number in (("least", least), ("most", most)):
        _count("forms", name, number)
    if least > most:
        raise InvalidArgument(f"forms: least ({least}) is more than most ({most})")
    taken = _fixed("forms", scheme, fixed)
    if scheme.key in taken:
        raise InvalidArgument(f"forms: fixed holds {scheme.key!r}, which tells the records apart")
    return st.lists(_records(drawing, taken), min_size=least, max_size=most).map(lambda made: _told_apart(scheme, made))


def near_lines(
    scheme: Scheme, *, at: str | None = None, benchmarks: Mapping[str, Frozen] | None = None, most_rows: int = 3
) -> st.SearchStrategy[Record]:
    """Records on and beside a scheme's lines 界: each on a line, or one unit of the grid below or above it.

    Lines are the zeros and bounds of inputs, and wherever a step of the scheme turns: the two sides of a comparison are
    equal, a quantity is on a cut of bands or grades, arguments of `min` or `max` (so of `clip`) tie, `abs` is of zero,
    `floor` of a whole number, a rounding is half-way, a divisor is zero; within definitions and rows too.

    A record is drawn of numbers that divide well, one line of those that scoring it meets is chosen, and inputs are moved
    until the line is reached: for `a / b >= 90%` b is kept and a is 90% of it. Beside is the next number that a cell can
    hold: by `decimals`, else 0.01 (0.01 % for percentages), finer where the line is. There are no holes.

    `at` keeps to the lines of the node at a path, or of a value; `benchmarks` are those of `pr.freeze`, without which no line that
    hangs on one is met. Raises InvalidArgument.
    """
    drawing = _drawing("near_lines", scheme, False, most_rows).of_easy_numbers()
    if at is not None:
        known = {n.path for n in scheme.tree.walk() if n.points is not None} | set(scheme.values)
        if at not in known:
            raise InvalidArgument(f"near_lines: at is {at!r}, which is neither a scored node's path nor a value")
    if benchmarks is not None and (not _is_mapping(benchmarks, Frozen) or set(benchmarks) - set(scheme.benchmarks)):
        raise InvalidArgument("near_lines: benchmarks are not the scheme's own; pr.freeze makes them")
    return _near_lines(drawing, at, dict(benchmarks or {}))


def formulas(
    inputs: Scheme | Mapping[str, Input] | None = None,
    *,
    kind: Literal["number", "boolean", "any"] = "any",
    depth: int = 3,
) -> st.SearchStrategy[str]:
    """Formula texts 公式, well-kinded, over the inputs of a scheme, or given ones, or default ones (see `default_inputs`).

    All signs and primitives but `ln exp power`, calls of the prelude's definitions, quoted labels and days. `depth` is how
    deep operators stand in one another. They shrink to a literal. Raises InvalidArgument.
    """
    given = inputs.inputs if isinstance(inputs, Scheme) else default_inputs() if inputs is None else inputs
    if not _is_mapping(given, Input):
        raise InvalidArgument("formulas: inputs is neither a Scheme nor a mapping of Input")
    if kind not in ("number", "boolean", "any"):
        raise InvalidArgument(f"formulas: kind is {kind!r}, not 'number', 'boolean' or 'any'")
    _count("formulas", "depth", depth)
    if depth > 8:
        raise InvalidArgument(f"formulas: depth is {depth}; deeper than 8 is longer than a formula may be")
    return _formulas(dict(given), kind, depth)


def schemes(*, focus: str = "everything") -> st.SearchStrategy[Scheme]:
    """Whole schemes 体系, as loading makes them: every body, policy, aggregation, rounding, gate, adjustment and scale,
    open groups, statistics, values, definitions, checks, benchmarks, ranking, stages; trees up to four levels deep.

    `focus` draws more of one part: leaves, edges (figures at cut points and half-way), groups, rows, definitions. A failing
    example notes the scheme's text. They shrink to one leaf. What `load` remarks of ranges takes it longer than all else, and
    is left out of their findings: `pr.loads(scheme.resolved())` has it. Raises InvalidArgument.
    """
    if focus not in FOCUSES:
        raise InvalidArgument(f"schemes: focus is {focus!r}, not one of {', '.join(FOCUSES)}")
    return _schemes(focus)


# ---------------------------------------------------------------------------------------------------- drawing


def _records(drawing: Drawing, fixed: Mapping[str, Any]) -> st.SearchStrategy[Record]:
    # closures, here and below: Hypothesis writes a strategy out with its arguments, and schemes are long
    @st.composite
    def record(draw: st.DrawFn) -> Record:
        made = drawing.draft(draw).written(drawing.scheme)
        for name, about in fixed.items():
            made[name] = draw(about) if isinstance(about, st.SearchStrategy) else about
        return made

    return record()


def _near_lines(drawing: Drawing, at: str | None, benchmarks: Mapping[str, Frozen]) -> st.SearchStrategy[Record]:
    search = Search(scoring.plan(drawing.scheme), benchmarks)

    @st.composite
    def record_near_a_line(draw: st.DrawFn) -> Record:
        draft = drawing.draft(draw)
        found = search.lines(draft, at)
        first = draw(st.integers(0, max(len(found) - 1, 0)))
        turn = draw(st.integers(0, 7))
        side = draw(st.sampled_from((0, 1, -1)))
        for line in (*found[first:], *found[:first])[:_MOST_LINES]:
            variables = search.variables(draft, line)
            turned = turn % max(len(variables), 1)
            moved = search.moved(draft, line, [*variables[turned:], *variables[:turned]], side)
            if moved is not None:
                return moved.written(drawing.scheme)
        return draft.written(drawing.scheme)

    return record_near_a_line()


def _formulas(inputs: Mapping[str, Input], kind: str, depth: int) -> st.SearchStrategy[str]:
    @st.composite
    def formula(draw: st.DrawFn) -> str:
        author = Author(draw)
        scope = scope_of(author, inputs)
        of_number = kind == "number" or (kind == "any" and draw(st.booleans()))
        return author.number(scope, depth) if of_number else author.truth(scope, depth)

    return formula()


@st.composite
def _schemes(draw: st.DrawFn, focus: str) -> Scheme:
    text = text_of(draw(scheme_data(focus)), block=draw(st.booleans()))
    note(text)
    scheme = loaded(text)
    return reject() if scheme is None else scheme


def _told_apart(scheme: Scheme, made: list[Record]) -> list[Record]:
    """Records with ids of their own; where the key is a figure or choice of the scheme, those that share one are dropped."""
    key = scheme.key or ID_HEADINGS[0]
    own = scheme.inputs.get(key)
    if own is None or own.kind == "text":
        return [
            {key: f"{number:03}", **{k: v for k, v in record.items() if k != key}}
            for number, record in enumerate(made, 1)
        ]
    if own.kind == "number":
        return [{**record, key: _nth(own, number)} for number, record in enumerate(made)]
    first: dict[str, Record] = {}
    for record in made:
        first.setdefault(str(record[key]), record)
    return list(first.values())


def _nth(input: Input, number: int) -> Any:
    low = input.low if isinstance(input.low, Fraction) else Fraction(0)
    return cell(input, Fraction(math.ceil(low) + number))


# ---------------------------------------------------------------------------------------------------- arguments


def _drawing(who: str, scheme: object, holes: object, most_rows: object) -> Drawing:
    if not isinstance(scheme, Scheme):
        raise InvalidArgument(
            f"{who}: scheme is a {type(scheme).__name__}, not a Scheme; pr.load and pr.scheme give one"
        )
    if not isinstance(holes, bool):
        raise InvalidArgument(f"{who}: holes is {holes!r}, not True or False")
    return Drawing.of(scheme, holes=holes, most_rows=_count(who, "most_rows", most_rows))


def _count(who: str, name: str, number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise InvalidArgument(f"{who}: {name} is {number!r}, not a whole number from 0")
    return number


def _is_mapping(given: object, kind: type) -> bool:
    return isinstance(given, Mapping) and all(isinstance(each, kind) for each in given.values())


def _fixed(who: str, scheme: Scheme, fixed: object) -> dict[str, Any]:
    if fixed is None:
        return {}
    if not isinstance(fixed, Mapping):
        raise InvalidArgument(f"{who}: fixed is a {type(fixed).__name__}, not a mapping of inputs to cells")
    known = {*scheme.inputs, *scheme.rows, *(STAGE_HEADINGS if scheme.stages else ())}
    for name in fixed:
        if name not in known:
            raise InvalidArgument(
                f"{who}: fixed holds {name!r}, which is neither an input nor a row kind of {scheme.id}"
            )
    return dict(fixed)
