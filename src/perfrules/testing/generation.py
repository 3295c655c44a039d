"""Case generation 用例生成: few records that together take every arm of a scheme both ways and touch every edge.

The records are found by moving one input after another onto the lines that scoring meets (see `lines`), and the smallest
set of them is chosen greedily. What they should score is for the author to say, or to confirm.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from attrs import evolve, field, frozen

from perfrules import verbs
from perfrules.findings import RecordError
from perfrules.model import Frozen, Hole, Input, RowKind, Scheme
from perfrules.numbers import published
from perfrules.plan import Plan, names_behind
from perfrules.plan.steps import reads
from perfrules.records.measures import UNIT_COLUMNS
from perfrules.testing.drafts import Draft, Grid, Landmarks, Plain
from perfrules.testing.lines import Line, Search
from perfrules.testing.walking import Seen, Site

Item = tuple[Any, ...]
"""One thing to be seen: a side of a line, an arm, a truth, a hole, a choice."""
Sides = dict[Site, Fraction]
"""How far from each line."""
_COUNTED = ("__arm", "place", "__place")
_ATTEMPTS, _COHORT = 6, 3
_FAR = Fraction(1, 4)
"""How far two arguments of `min` or `max` are apart at least in one record, so that no rounding hides which is taken."""
_PLAIN = tuple(map(Fraction, ("80", "10", "1", "1/2", "1/10", "3", "2", "1000")))
_COUNT = Fraction(1000)
"""A plain count where it is not bounded: one more or less is a small step."""
EVALUATIONS, MOST_ROWS = 3000, 12
"""How many records are tried at most, and how many rows are put into one."""
_NAMED = 3
"""How many of its edges a record is named after."""


@frozen
class Generated:
    """One record that was found 生成的记录: what `score` takes, and what it was kept for: the items that no other brings.

    `cohort` are the other records over which benchmarks are frozen together with it; None where there are none.
    """

    record: Mapping[str, Any]
    seen: frozenset[Item] = field(repr=False)
    title: str = ""
    cohort: tuple[Mapping[str, Any], ...] | None = None


def generate(
    scheme: Scheme, *, frozen: Mapping[str, Frozen] | None = None, most: int = EVALUATIONS
) -> tuple[Generated, ...]:
    """The records, simplest first. `most` bounds how many are tried.

    `frozen` are the scheme's benchmarks; where it has some and none are given, they are frozen over the first few plain
    records.
    """
    if not scheme.benchmarks or frozen is not None:
        return _generated(scheme, frozen or {}, most)
    others: list[Mapping[str, Any]] = []
    for draft in _starts(scheme, _read(verbs.plan(scheme))):
        whole = not any(isinstance(value, Hole) and not scheme.inputs[n].optional for n, value in draft.cells.items())
        if whole and len(others) < _COHORT and _is_read(scheme, written := draft.written(scheme)):
            others.append(written)
    made = _generated(scheme, verbs.freeze(scheme, others), most)
    return tuple(evolve(each, cohort=tuple(others)) for each in made)


def _is_read(scheme: Scheme, record: Mapping[str, Any]) -> bool:
    try:
        verbs.freeze(scheme, [record])
    except RecordError:
        return False
    return True


def _generated(scheme: Scheme, frozen: Mapping[str, Frozen], most: int) -> tuple[Generated, ...]:
    search = Search(verbs.plan(scheme), frozen, tired_after=2)
    found = _Found(scheme, search)
    for draft in _starts(scheme, _read(search.plan)):
        found.add(draft)
    met: deque[tuple[Draft, Line]] = deque()
    asked: Counter[Item] = Counter()
    explored, tried = 0, len(found.drafts)
    while tried < most:
        for draft, _, _ in found.drafts[explored:]:
            met.extend((draft, line) for line in search.lines(draft) if line.variable is None)
        explored = len(found.drafts)
        if not met:
            break
        draft, line = met.popleft()
        if all(asked["side", line.site, side] >= _ATTEMPTS for side in (0, -1, 1)):
            continue
        order, here = search.variables(draft, line), draft
        for side in (0, -1, 1):
            tried += 1
            moved = search.moved(here, line, order, side)
            reached = None if moved is None else found.add(moved, line.site)
            asked["side", line.site, side] += _ATTEMPTS if reached == side else 1
            if side == 0 and (moved is None or reached != 0):
                break  # what cannot be reached from here may be from elsewhere
            here = moved if side == 0 and moved is not None else here  # beside a line is one step from it
    return found.chosen()


def _read(plan: Plan) -> frozenset[str]:
    """The names that steps read."""
    return frozenset(name for step in plan.steps for name in reads(step))


class _Found:
    """The drafts that brought something new, in the order of finding."""

    def __init__(self, scheme: Scheme, search: Search) -> None:
        self.scheme = scheme
        self.search = search
        self.items: set[Item] = set()
        self.drafts: list[tuple[Draft, set[Item], Sides]] = []
        self.nearest: dict[Item, Fraction] = {}

    def add(self, draft: Draft, site: Site | None = None) -> int | None:
        """Keep a draft if it brings anything new, or comes nearer to a line than any before; on which side of the line at
        a site it stands."""
        items, sides = self._seen(draft)
        nearer = False
        for each, quantity in sides.items():
            key = ("side", each, _sign(quantity))
            if key not in self.nearest or abs(quantity) < self.nearest[key]:
                self.nearest[key] = abs(quantity)
                nearer = True
        if nearer or not items <= self.items:
            self.items |= items
            self.drafts.append((draft, items, sides))
        return _sign(sides[site]) if site in sides else None

    def _seen(self, draft: Draft) -> tuple[set[Item], Sides]:
        sides: Sides = {}
        return set(_items(draft, self.search, sides)), sides

    def _all(self, items: set[Item], sides: Sides) -> set[Item]:
        """What a draft brings: its items, and the sides of lines to which none comes nearer."""
        keys = {site: ("side", site, _sign(q)) for site, q in sides.items()}
        near = {k for site, k in keys.items() if k in self.nearest and abs(sides[site]) == self.nearest[k]}
        return items | near

    def chosen(self) -> tuple[Generated, ...]:
        """A small set of records that brings all that was found: greedily the drafts that bring most of what is left, then
        those of them put into one that bring the same together."""
        brought = [(draft, self._all(items, sides)) for draft, items, sides in self.drafts]
        left = set().union(*(items for _, items in brought))
        chosen: list[tuple[int, Draft, set[Item]]] = []
        while left:
            index, (draft, items) = max(enumerate(brought), key=lambda pair: (len(pair[1][1] & left), -pair[0]))
            chosen.append((index, draft, items & left))
            left -= items
        merged: list[tuple[Draft, set[Item]]] = []
        for _, draft, items in sorted(chosen, key=lambda c: c[0]):
            for place, (other, wanted) in enumerate(merged):
                both = self._together(other, draft)
                if both is not None and wanted | items <= self._all(*self._seen(both)):
                    merged[place] = both, wanted | items
                    break
            else:
                merged.append((draft, items))
        return tuple(
            Generated(d.written(self.scheme), frozenset(items), _title(self.search, number, d, items))
            for number, (d, items) in enumerate(merged, start=1)
        )

    def _together(self, a: Draft, b: Draft) -> Draft | None:
        """Two drafts' changes to the first draft of all, in one; None where they change the same."""
        base = self.drafts[0][0]
        made = a.copy()
        if a.stage != b.stage:
            return None
        for name, value in b.cells.items():
            if value != base.cells[name]:
                if a.cells[name] not in (base.cells[name], value):
                    return None
                made.cells[name] = value
        for kind, rows in b.rows.items():
            if rows != base.rows[kind]:
                kept = a.rows[kind] if a.rows[kind] not in (base.rows[kind], rows) else []
                if not rows or (kept == [] and a.rows[kind] == []) or len(kept) + len(rows) > MOST_ROWS:
                    return None
                made.rows[kind] = self._numbered(kind, [*kept, *rows])
        return made

    def _numbered(self, kind: str, rows: Sequence[Mapping[str, Plain]]) -> list[dict[str, Plain]]:
        """Rows with names of their own."""
        column = self.scheme.rows[kind].name_column
        named = [isinstance(row.get(column), str) for row in rows]
        return [
            {**row, column: f"指标{number}"} if name else dict(row)
            for number, (row, name) in enumerate(zip(rows, named, strict=True), start=1)
        ]


def _title(search: Search, number: int, draft: Draft, items: set[Item]) -> str:
    """A name for a record: the cells, values and scores that stand on or beside an edge, the nodes in which others do, and
    what is left blank or chosen."""
    plan = search.plan
    record = draft.written(plan.scheme)
    values = next((seen.values for seen in search.seen(draft) if seen.row is None), {})
    labels = {name: name for name in plan.scheme.values}
    labels |= {name: n.node.label for n in plan.nodes for name in (n.key, n.score) if name}
    labels |= {g.rank.partition("__")[0]: g.scale.name for g in plan.grades}
    edges: dict[str, None] = {}
    within: dict[str, None] = {}
    others: dict[str, None] = {}
    for item in sorted(items, key=repr):
        match item:
            case "side", (str(name), *_), int(side):
                cells = sorted(names_behind(plan, [name]) & plan.scheme.inputs.keys())
                label = labels.get(name) or labels.get(name.partition("__")[0], "")
                figures = _figures(plan, name, label, labels)
                if len(cells) == 1:
                    edges[_told(cells[0], record[cells[0]])] = None
                elif len(figures) == 1 and isinstance(values.get(of := next(iter(figures))), Fraction):
                    edges[_told(figures[of], values[of])] = None
                elif label:
                    within[f"{label}在界{'旁' if side else '上'}"] = None
            case (("cell" | "choice"), "", str(name), _):
                others[_told(name, record[name])] = None
            case _:
                pass
    told = list(dict.fromkeys((*edges, *within, *others)))
    more = "等" if len(told) > _NAMED else ""
    return f"{number:02d}" + (f" {'、'.join(told[:_NAMED])}{more}" if told else "")


def _figures(plan: Plan, name: str, label: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The scores, values and figures of bands that a step reads, and what each is called."""
    found = {}
    for each in reads(plan.producers[name]) if name in plan.producers else ():
        if each in labels:
            found[each] = labels[each]
        elif each.endswith("__of"):
            behind = [labels[n] for n in reads(plan.producers[each]) if n in labels]
            found[each] = behind[0] if len(behind) == 1 else label
    return {each: told for each, told in found.items() if told}


def _told(name: str, value: object) -> str:
    match value:
        case None:
            return f"{name} 未填"
        case bool():
            return f"{name} {'是' if value else '否'}"
        case Fraction():
            return f"{name} {published(value)}"
        case _:
            return f"{name} {value}"


# ------------------------------------------------------------------------------------------------ what is seen


def _sign(quantity: Fraction) -> int:
    return (quantity > 0) - (quantity < 0)


def _items(draft: Draft, search: Search, sides: Sides) -> Iterator[Item]:
    """What scoring a draft meets; how far it stands from the lines that it meets goes into `sides`, the nearest of rows."""
    read = _read(search.plan)
    for name, value in draft.cells.items():
        if name in read:
            yield from _cell_items("", name, value)
    for kind, rows in draft.rows.items():
        for name, value in (cell for row in rows for cell in row.items()):
            if name in read:
                yield from _cell_items(kind, name, value)
    for seen in search.seen(draft):
        yield from _seen_items(seen, sides)


def _cell_items(kind: str, name: str, value: Plain) -> Iterator[Item]:
    match value:
        case bool():
            yield "cell", kind, name, value
        case str() if name not in UNIT_COLUMNS:
            yield "choice", kind, name, value
        case Hole(kind=hole):
            yield "cell", kind, name, hole
        case _:
            pass


def _seen_items(seen: Seen, sides: Sides) -> Iterator[Item]:
    kind = seen.row[0] if seen.row else ""
    for site, quantity in seen.quantities.items():
        if site[-1] in ("half", "whole"):
            rest = quantity - quantity.__floor__()
            if rest == (Fraction(1, 2) if site[-1] == "half" else 0):
                yield "side", site, 0
            continue
        yield "met", site, _sign(quantity)
        if site[-1] == "tie" and abs(quantity) >= _FAR:
            yield "far", site, _sign(quantity)
        if site not in sides or abs(quantity) < abs(sides[site]):
            sides[site] = quantity
    for name, value in seen.values.items():
        match value:
            case bool():
                yield "truth", kind, name, value
            case Hole(kind=hole):
                yield "hole", kind, name, hole
            case Fraction() if name.endswith(_COUNTED):
                yield "arm", kind, name, value
            case _:
                pass


# ------------------------------------------------------------------------------------------------ where to look


def _starts(scheme: Scheme, read: frozenset[str]) -> Iterator[Draft]:
    """A plain record, and for each input, choice and presence that could matter one with just that changed."""
    words = Landmarks.of(verbs.plan(scheme)).words
    rows = {name: [_plain_row(kind, {})] for name, kind in scheme.rows.items()}
    idle = {name for name, each in scheme.inputs.items() if each.optional and name not in read}
    base = Draft({n: Hole("missing") if n in idle else _plain(each) for n, each in scheme.inputs.items()}, rows)
    yield base
    for name, each in scheme.inputs.items():
        for other in _others(each, words.get(name, ())) if name in read else ():
            yield _changed(base, name, other)
    for kind_name, kind in scheme.rows.items():
        for choices in _row_choices(kind):
            row = _plain_row(kind, choices)
            yield Draft(dict(base.cells), {**base.rows, kind_name: [row]})
            for column in kind.columns:
                others = _others(column, ()) if len(choices) < 2 and column.kind in ("number", "measure") else ()
                for other in (*others, Hole("missing"), Hole("not_applicable")) if column.name in read else ():
                    yield Draft(dict(base.cells), {**base.rows, kind_name: [{**row, column.name: other}]})
        yield Draft(dict(base.cells), {**base.rows, kind_name: []})
        two = [_plain_row(kind, {}), _plain_row(kind, {}, number=2)]
        yield Draft(dict(base.cells), {**base.rows, kind_name: two})
    for stage in scheme.stages:
        yield Draft(dict(base.cells), base.rows, stage)


def _changed(draft: Draft, name: str, value: Plain) -> Draft:
    made = draft.copy()
    made.cells[name] = value
    return made


def _others(each: Input, words: Sequence[str]) -> Iterator[Plain]:
    match each.kind:
        case "boolean":
            yield from (True, False)
        case "choice":
            yield from each.choices
        case "number" | "measure":
            grid = Grid.of(each)
            plain = _plain(each)
            double = (
                plain * 2 if isinstance(plain, Fraction) else None
            )  # so that no rounding hides what is beyond a cap
            wanted = (grid.low, grid.high, Fraction(0), double)
            yield from (number for number in wanted if number is not None and grid.holds(number))
        case "text":
            yield from words
        case "date":
            pass
    yield Hole("missing")
    yield Hole("not_applicable")


def _row_choices(kind: RowKind) -> Iterator[dict[str, Plain]]:
    """Every two choices of a row's columns together, and each truth."""
    choosing = [c for c in kind.columns if c.kind in ("choice", "boolean")]
    yield {}
    for place, column in enumerate(choosing):
        for value in column.choices or (True, False):
            yield {column.name: value}
            for other in choosing[:place]:
                for second in other.choices or (True, False):
                    yield {column.name: value, other.name: second}


def _plain_row(kind: RowKind, choices: Mapping[str, Plain], number: int = 1) -> dict[str, Plain]:
    row = {c.name: choices.get(c.name, _plain(c)) for c in kind.columns}
    if kind.name_column and kind.column(kind.name_column).kind == "text":
        row[kind.name_column] = f"指标{number}"
    for column in UNIT_COLUMNS:
        if column in row and any(c.kind == "measure" for c in kind.columns):
            row[column] = "个"
    return row


def _plain(each: Input) -> Plain:
    """The plainest value of an input that is no edge of its own."""
    match each.kind:
        case "boolean":
            return False
        case "choice":
            return each.choices[0]
        case "text":
            return "甲"
        case "date":
            days = [end for end in (each.low, each.high) if isinstance(end, date)]
            return days[0] if days else date(2024, 6, 30)
        case "number" | "measure":
            grid = Grid.of(each)
            if each.decimals == 0 and grid.high is None and grid.holds(_COUNT):
                return _COUNT
            inside = [n for n in _PLAIN if grid.holds(n) and n not in (grid.low, grid.high)]
            if inside:
                return inside[0]
            places = next(iter(grid.places), 0)
            return grid.nearest(((grid.low or Fraction(0)) + (grid.high or Fraction(100))) / 2, places) or Fraction(0)
