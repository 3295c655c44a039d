"""What perfrules does, made ready to be measured and read back cell by cell: the verbs of its front door, nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import cycle, islice
from typing import Any

import decimal_tables
import frames_by_hand
import truth
from records import KEY, Records, make
from tasks import DIFFERENT, NotThere, Ready, Task, layout_of, records_of, sample_of
from truth import Wrong
from workload import SPREAD, layout, text_of

import perfrules as pr


def verb(name: str) -> Any:
    """A public verb. Raises NotThere."""
    try:
        return getattr(pr, name)
    except (AttributeError, ImportError) as problem:
        raise NotThere(f"perfrules.{name}: {problem}") from None


def scheme_of(task: Task, unit: str = "万元") -> pr.Scheme:
    """The scheme of a task."""
    return pr.loads(text_of(layout_of(task), task.variant, unit=unit))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- one record

SINGLES = (
    "perfrules, one record, floats",
    "perfrules, one record, Decimals",
    "perfrules, one record, floats to Fractions",
    "perfrules, scorecard",
    "perfrules, scorecard with lines and findings",
    "perfrules, scorecard with its trace",
)


def single(task: Task) -> Ready | None:
    """One record at a time: leaves, total and grade; or the scorecard with every node."""
    if task.way not in SINGLES:
        return None
    scheme = scheme_of(task)
    decimals = task.way.endswith("Decimals")
    different = make(min(task.size, DIFFERENT), layout_of(task))
    listed = list(islice(cycle(different.mappings(decimals=decimals)), task.size))
    score: Callable[[Mapping[str, Any]], Any]
    if "scorecard" in task.way:
        trace, lines = task.way.endswith("trace"), not task.way.endswith("scorecard")
        paths = [path for _, path in layout_of(task).nodes]

        def score(record: Mapping[str, Any]) -> Any:
            return pr.score(scheme, record, trace=trace)

        def run() -> None:
            for record in listed:
                card = score(record)
                assert card.grade
                assert len(card.scores) >= len(paths)
                assert not lines or card.nodes

        def check() -> dict[str, Wrong]:
            records, right = sample_of(task)
            cards = [score(mapping) for mapping in records.mappings()]
            points = {p: [card[p].score for card in cards] for p in right.points}
            grades = {name: [card.grades[name] for card in cards] for name in right.grades}
            found = [tuple(sorted(finding.name for finding in card.findings)) for card in cards]
            return {"the exact reading": truth.compare(right, points, grades, found)}

        return Ready(run, task.size, check)

    score = verb("scorer")(scheme)

    fractions = task.way.endswith("Fractions")
    for record in listed[: len(different)]:
        record.pop(KEY, None)  # those that it is measured beside are given the inputs alone, too

    def run_() -> None:
        for record in listed:
            scored = score(record)
            assert scored.grade
            assert scored.points is not None
            assert scored.nodes if fractions else scored.scaled

    def check_() -> dict[str, Wrong]:
        records, right = sample_of(task)
        made = [score(mapping) for mapping in records.mappings(decimals=decimals)]
        nodes = [each.nodes if fractions else _scaled(each) for each in made]
        assert [each.points for each in made] == [of[""] for of in nodes]
        points = {path: [of[path] for of in nodes] for path in right.points}
        return {"the exact reading": truth.compare(right, points, {"等级": [each.grade for each in made]})}

    return Ready(run_, task.size, check_)


def _scaled(scored: Any) -> dict[str, Fraction | None]:
    """The points by path, of whole numbers and the units that they are in."""
    layout = scored.layout
    triples = zip(layout.paths, scored.scaled, layout.units, strict=True)
    return {path: None if scaled is None else scaled * unit for path, scaled, unit in triples}


# ---------------------------------------------------------------------------------------------- planning

PLANNING = ("load", "plan and generate")


def planning(task: Task) -> Ready | None:
    """Loading a scheme, or planning it and generating its scorer; names are new in every run, so no cache helps."""
    if task.way not in PLANNING:
        return None
    texts = (text_of(layout(groups=task.width // 5, salt=f"轮{number}次", mix=SPREAD)) for number in range(10_000))
    if task.way == "load":
        return Ready(lambda: {"seconds": _timed(lambda text: pr.loads(text), next(texts))}, task.width)
    return Ready(lambda: {"seconds": _timed(verb("scorer"), pr.loads(next(texts)))}, task.width)


def _timed(what: Callable[[Any], object], given: Any) -> float:
    started = time.perf_counter()
    what(given)
    return time.perf_counter() - started


# ---------------------------------------------------------------------------------------------- frames

FRAMES = ("perfrules, integers", "perfrules, decimals", "perfrules, floats")


def frame(task: Task) -> Ready | None:
    """A Polars frame of whole numbers (in 元), of decimals or of floats (in 万元), every column with its blanks."""
    if task.way not in FRAMES:
        return None
    kind = task.way.removeprefix("perfrules, ")
    of, score_frame = layout_of(task), verb("score_frame")
    scheme = scheme_of(task, "元" if kind == "integers" else "万元")
    given = given_as(kind, records_of(task))

    def run() -> None:
        score_frame(scheme, given)

    def check() -> dict[str, Wrong]:
        records, right = sample_of(task)
        wrong = {"the exact reading": compare(right, cells(scheme, score_frame(scheme, given_as(kind, records))))}
        if task.variant == "rounded":
            made = score_frame(scheme, given)
            wrong["whole numbers"] = truth.compare_cents(of, records_of(task), *hundredths(scheme, made))
        return wrong

    return Ready(run, task.size, check)


def given_as(kind: str, records: Records) -> Any:
    """The records as a Polars frame of integers, decimals or floats."""
    import polars as pl

    if kind == "floats":
        return frames_by_hand.polars_floats(records)
    if kind == "decimals":
        return pl.from_arrow(decimal_tables.decimal_table(records))
    columns = {KEY: pl.Series(KEY, records.keys)}
    for name, column in records.integers().items():
        series = pl.Series(name, column)
        blank = records.blank.get(name)
        columns[name] = (
            series if blank is None else series.to_frame().select(pl.when(~pl.Series(blank)).then(name))[name]
        )
    return pl.DataFrame(columns)


def _from_arrow(table: Any) -> Any:
    import polars as pl

    return pl.from_arrow(table)


def _to_pandas(frame: Any) -> Any:
    import pandas as pd

    return pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})


def _from_pandas(frame: Any) -> Any:
    import pyarrow as pa

    return _from_arrow(pa.Table.from_pandas(frame, preserve_index=False))


def _to_duckdb(frame: Any) -> Any:
    import duckdb

    held = duckdb.connect()
    held.register("given", frame.to_arrow())
    held.execute("create table records as select * from given")
    return held.table("records")


TYPES = {
    "perfrules, Polars": (lambda floats: floats, lambda made: made),
    "perfrules, lazy Polars": (lambda floats: floats.lazy(), lambda made: made.collect()),
    "perfrules, PyArrow": (lambda floats: floats.to_arrow(), _from_arrow),
    "perfrules, pandas": (lambda floats: _to_pandas(floats), lambda made: _from_pandas(made)),
    "perfrules, DuckDB": (lambda floats: _to_duckdb(floats), lambda made: _from_arrow(made.to_arrow_table())),
}
"""From a Polars frame of floats to a frame of another type, and from the result to a Polars frame."""


def of_type(task: Task) -> Ready | None:
    """A frame of floats of some type, and the same type out; results that come late are fetched."""
    if task.way not in TYPES:
        return None
    scheme, score_frame = scheme_of(task), verb("score_frame")
    make_frame, take = TYPES[task.way]
    given = make_frame(given_as("floats", records_of(task)))

    def run() -> None:
        made = score_frame(scheme, given)
        assert type(made).__name__ == type(given).__name__, f"{type(given)} in, {type(made)} out"
        if task.way in ("perfrules, lazy Polars", "perfrules, DuckDB"):
            take(made)

    def check() -> dict[str, Wrong]:
        records, right = sample_of(task)
        made = take(score_frame(scheme, make_frame(given_as("floats", records))))
        return {"the exact reading": compare(right, cells(scheme, made.sort(KEY)))}

    return Ready(run, task.size, check)


ROOT, GRADE, FINDINGS = "points", "grade", "findings"
Cells = tuple[dict[str, list[Fraction | None]], dict[str, list[str | None]], list[tuple[str, ...]]]
"""Points by path, labels by scale, and the names of the findings of each record."""


def headings(scheme: pr.Scheme) -> dict[str, str]:
    """What the column of each scored node is called, by path."""
    return {node.path: node.path or ROOT for node in scheme.tree.walk() if node.points is not None}


def cells(scheme: pr.Scheme, table: Any) -> Cells:
    """Every cell of a Polars frame of scores, exactly."""
    points = {path: _points(table, heading) for path, heading in headings(scheme).items()}
    scales = [name for name, scale in scheme.grades.items() if not scale.of_nodes]
    grades = {name: table[GRADE if n == 0 else f"{GRADE}: {name}"].to_list() for n, name in enumerate(scales)}
    found = [tuple(sorted(re.split("[ :：]", text)[0] for text in texts or ())) for texts in table[FINDINGS].to_list()]
    return points, grades, found


def _points(table: Any, heading: str) -> list[Fraction | None]:
    """A column of decimals, or the two of a numerator and a denominator."""
    if heading in table.columns:
        return [None if value is None else Fraction(value) for value in table[heading].to_list()]
    pairs = zip(*(table[f"{heading}: {part}"].to_list() for part in ("numerator", "denominator")), strict=True)
    return [None if above is None else Fraction(int(above), int(below)) for above, below in pairs]


def hundredths(scheme: pr.Scheme, table: Any) -> tuple[dict[str, Any], Any]:
    """Every column of points as whole hundredths by path, and the grades."""
    return {path: _hundredths(table[heading]) for path, heading in headings(scheme).items()}, table[GRADE].to_numpy()


def _hundredths(column: Any) -> Any:
    """A column of decimals as whole hundredths; whatever is no hundredth makes a number that is none."""
    import polars as pl

    places = column.dtype.scale
    whole = column.to_physical().cast(pl.Int64).to_numpy()
    return whole / 10 ** (places - 2) if places > 2 else whole * 10 ** (2 - places)


def compare(right: truth.Truth, made: Cells) -> Wrong:
    """What is wrong with cells by the exact reading."""
    return truth.compare(right, *made)
