"""Frames of any library: the same type out, a line for every line, and in each line what `score` says of the record."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import dask.dataframe as dd
import duckdb
import narwhals as nw
import narwhals.stable.v2 as stable
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import perfrules as pr
from frame_schemes import GROUPS, PROJECTS, RECORDS, ROWS, came, expected, midnight
from perfrules.findings import FindingWarning
from perfrules.formats.frames.scorer import Scorer

Lines = list[dict[str, Any]]


def _columns(lines: Lines) -> dict[str, list[Any]]:
    return {name: [line[name] for line in lines] for name in lines[0]}


def _pandas_lines(frame: pd.DataFrame) -> Lines:
    def plain(value: Any) -> Any:
        if isinstance(value, list | np.ndarray):
            return list(value)
        return None if pd.isna(value) else value

    return [{str(k): plain(v) for k, v in line.items()} for line in frame.to_dict("records")]


def _classic(lines: Lines) -> pd.DataFrame:
    """A pandas frame as a CSV file of old gives it: NumPy's types, objects for text, NaN and NaT for what is not there."""
    columns = _columns(lines)
    made = {
        name: pd.Series(pd.to_datetime([midnight(v) for v in values])) if name == "完成日期"
        else pd.Series(values, dtype=object if not isinstance(values[0], float) else None)
        for name, values in columns.items()
    }  # fmt: skip
    return pd.DataFrame(made)


def _nullable(lines: Lines) -> pd.DataFrame:
    """A pandas frame of its nullable types, choices as categories."""
    made = _classic(lines).convert_dtypes()
    return made.assign(类别=made["类别"].astype("category")) if "类别" in made else made


def _relation(lines: Lines) -> Any:
    table = pa.Table.from_pylist(lines)
    connection = duckdb.connect()
    return connection.from_arrow(table) if hasattr(connection, "from_arrow") else connection.sql("FROM table")


MAKES: dict[str, tuple[Callable[[Lines], Any], type, Callable[[Any], Lines]]] = {
    "Polars": (pl.DataFrame, pl.DataFrame, lambda f: f.to_dicts()),
    "lazy Polars": (pl.LazyFrame, pl.LazyFrame, lambda f: f.collect().to_dicts()),
    "PyArrow": (pa.Table.from_pylist, pa.Table, lambda f: f.to_pylist()),
    "pandas of NumPy": (_classic, pd.DataFrame, _pandas_lines),
    "pandas nullable": (_nullable, pd.DataFrame, _pandas_lines),
    "pandas of Arrow": (
        lambda lines: pa.Table.from_pylist(lines).to_pandas(types_mapper=pd.ArrowDtype), pd.DataFrame, _pandas_lines,
    ),
    "DuckDB": (_relation, duckdb.DuckDBPyRelation, lambda f: f.to_arrow_table().to_pylist()),
    "Dask": (lambda lines: dd.from_pandas(_classic(lines), npartitions=2), dd.DataFrame, lambda f: _pandas_lines(f.compute())),
    "narwhals": (lambda lines: nw.from_native(pl.DataFrame(lines)), nw.DataFrame, lambda f: f.to_native().to_dicts()),
    "narwhals, stable": (
        lambda lines: stable.from_native(pl.DataFrame(lines)), stable.DataFrame, lambda f: f.to_native().to_dicts(),
    ),
}  # fmt: skip
EAGER = [name for name in MAKES if name not in ("lazy Polars", "Dask")]


@pytest.mark.parametrize("library", MAKES)
def test_every_line_is_what_score_says_of_its_record(library: str) -> None:
    """Whatever the library: its own type comes out, in the same order, with the points, grades and findings of `score`."""
    make, kind, lines_of = MAKES[library]
    scored = pr.score_frame(PROJECTS, make(RECORDS))
    assert isinstance(scored, kind)
    assert came(PROJECTS, lines_of(scored)) == expected(PROJECTS, RECORDS)


@pytest.mark.parametrize("library", MAKES)
def test_rows_come_in_a_frame_of_their_own(library: str) -> None:
    """The rows of open groups are brought to their records by id, whatever the library and wherever they stand."""
    make, _, lines_of = MAKES[library]
    records = [{name: line[name] for name in ("项目编号", "预算", "执行")} for line in RECORDS[:4]]
    nested = [{**r, "指标": [{k: v for k, v in row.items() if k != "项目编号"} for row in ROWS
                             if row["项目编号"] == r["项目编号"]]} for r in records]  # fmt: skip
    scored = pr.score_frame(GROUPS, make(records), make(ROWS))
    lines = sorted(lines_of(scored), key=lambda line: line["项目编号"])
    assert came(GROUPS, lines) == expected(GROUPS, nested)
    by_kind = pr.score_frame(GROUPS, make(records), {"指标": pl.DataFrame(ROWS)})
    assert came(GROUPS, sorted(lines_of(by_kind), key=lambda line: line["项目编号"])) == expected(GROUPS, nested)


@pytest.mark.parametrize("library", MAKES)
def test_a_frame_without_lines_has_the_same_columns(library: str) -> None:
    """No lines in, no lines out, under the same headings."""
    make, _, lines_of = MAKES[library]
    full = make(RECORDS)
    if library == "DuckDB":
        empty = full.limit(0)
    elif library == "Dask":
        empty = dd.from_pandas(_classic(RECORDS).iloc[:0], npartitions=1)
    elif library == "PyArrow":
        empty = full.slice(0, 0)
    else:
        empty = full.head(0)
    scored = pr.score_frame(PROJECTS, empty)
    assert lines_of(scored) == []
    names = scored.collect_schema().names() if library == "lazy Polars" else getattr(scored, "column_names", None)
    whole = lines_of(pr.score_frame(PROJECTS, full))
    assert list(names if names is not None else scored.columns) == list(whole[0])


@pytest.mark.parametrize("library", EAGER)
def test_what_shows_over_all_lines_is_found(library: str) -> None:
    """Two lines of one id, and fractions beside percentages, have no points, whatever the library."""
    make, _, lines_of = MAKES[library]
    lines = [
        dict(RECORDS[0]),
        {**RECORDS[1], "项目编号": "A-01"},
        {**RECORDS[2], "满意度": 0.5, "三公变动率": 0.5},
        dict(RECORDS[3]),
    ]
    scored = came(PROJECTS, lines_of(pr.score_frame(PROJECTS, make(lines))))
    assert scored == expected(PROJECTS, lines)
    assert [line[1] for line in scored[:3]] == [None, None, None]
    assert "duplicate-record-id" in scored[0][4]
    assert "magnitude-in-doubt 三公变动率" in scored[2][4]


def test_the_key_stays_as_it_came() -> None:
    """The column that tells records apart keeps its type, and a pandas frame its index."""
    numbered = [{**line, "项目编号": number} for number, line in enumerate(RECORDS)]
    index = pd.Index(list("uvwxyx"), name="所在行")
    frame = _classic(numbered).astype({"项目编号": "int32"}).set_index(index)
    scored = pr.score_frame(PROJECTS, frame)
    pd.testing.assert_index_equal(scored.index, index)
    pd.testing.assert_series_equal(scored["项目编号"], frame["项目编号"])
    categories = pl.DataFrame(RECORDS).with_columns(pl.col("项目编号").cast(pl.Categorical))
    assert pr.score_frame(PROJECTS, categories).schema["项目编号"] == pl.Categorical
    assert pr.score_frame(PROJECTS, categories.lazy()).collect().schema["项目编号"] == pl.Categorical
    table = (
        pl.DataFrame(RECORDS)
        .to_arrow()
        .cast(
            pl.DataFrame(RECORDS).to_arrow().schema.set(0, pa.field("项目编号", pa.dictionary(pa.int8(), pa.string())))
        )
    )
    assert pr.score_frame(PROJECTS, table).schema.field("项目编号").type == pa.dictionary(pa.int8(), pa.string())


def test_nodes_may_be_chosen() -> None:
    """Only the nodes that are asked for are published; one that is not there is an error."""
    scored = pr.score_frame(PROJECTS, pl.DataFrame(RECORDS), nodes=["", "满意"])
    assert scored.columns == ["项目编号", "points: numerator", "points: denominator", "满意: numerator",
                              "满意: denominator", "grade", "findings"] or scored.columns[0] == "项目编号"  # fmt: skip
    assert not [name for name in scored.columns if name.startswith(("执行率", "及时"))]
    with pytest.raises(KeyError):
        pr.score_frame(PROJECTS, pl.DataFrame(RECORDS), nodes=["没有"])


# ── cells ─────────────────────────────────────────────────────────────────────────────────────────


def _with(**cells: Any) -> Lines:
    return [{**RECORDS[0], **cells}]


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (pd.Series([None, Decimal("87.50"), 87], dtype=object), [None, Decimal("87.50"), 87]),
        (pd.Series(["87.5万元", 12.5, True], dtype=object), ["87.5万元", 12.5, True]),
        (pd.Series([2**70, 1, None], dtype=object), [2**70, 1, None]),
        (pd.Series(["１２", "约12", float("nan")], dtype=object), ["１２", "约12", None]),
        (pd.Series([1.5, float("nan"), float("inf")]), [1.5, None, float("inf")]),
        (pd.Series([0.1, 16.7, None], dtype="float32"), [np.float32(0.1), np.float32(16.7), None]),
        (pd.Series([0.1, 16.7, None], dtype="float16"), [np.float16(0.1), np.float16(16.7), None]),
        (pd.Series([1, None, 3], dtype="Int64"), [1, None, 3]),
        (pd.Series([1, 2, 3], dtype="uint8"), [1, 2, 3]),
        (pd.Series([True, False, None], dtype="boolean"), [True, False, None]),
        (pd.Series([1.5, float("nan"), None], dtype=pd.ArrowDtype(pa.float64())), [1.5, None, None]),
        (pd.Series(["1", "2", None], dtype="category"), ["1", "2", None]),
        (pd.Series([3, 2, None], dtype="category"), [3, 2, None]),
        (pd.Series(pd.to_datetime(["2023-01-02", None, "2023-01-03"])), [date(2023, 1, 2), None, date(2023, 1, 3)]),
        (pd.Series(pd.period_range("2023-01", periods=3, freq="M")), None),
        (pd.Series(pd.to_timedelta([1, 2, 3], unit="D")), None),
        (pd.Series([[1], (2,), {"a": 3}], dtype=object), [[1], (2,), {"a": 3}]),
        (pd.Series([1 + 2j, 3, 4]), [1 + 2j, 3 + 0j, 4 + 0j]),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")) or None,
)  # fmt: skip
def test_cells_of_pandas_mean_what_they_are(column: pd.Series, read: list[Any] | None) -> None:
    """Whatever type a column has, each cell is read as it would be alone; what pandas counts as not there is missing.

    A cell that is no number (a period, a duration) is refused, and never read by the number that stands behind it.
    """
    frame = _classic([{**RECORDS[0], "项目编号": f"A-{i}"} for i in range(3)]).assign(执行=column)
    scored = came(PROJECTS, _pandas_lines(pr.score_frame(PROJECTS, frame)))
    if read is None:
        assert all("unreadable-kind 执行" in line[4] for line in scored)
        assert all(line[1] is None for line in scored)
        return
    records = [{**RECORDS[0], "项目编号": f"A-{i}", "执行": cell} for i, cell in enumerate(read)]
    assert scored == expected(PROJECTS, records)


def test_nan_is_a_finding_where_null_is_not_there() -> None:
    """Polars, PyArrow and DuckDB tell NaN from null, and so do we: null is missing, NaN is no number."""
    lines = [*_with(执行=None), {**RECORDS[1], "执行": float("nan")}]
    for library in ("Polars", "PyArrow", "DuckDB"):
        make, _, lines_of = MAKES[library]
        missing, broken = came(PROJECTS, lines_of(pr.score_frame(PROJECTS, make(lines))))
        assert missing[4][0] == "missing-value 执行", library
        assert broken[4] == ["number-not-finite 执行"], library


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([Decimal("87.5")], pa.decimal256(60, 20)),
        pa.array([b"87"], pa.binary()),
        pa.array([875], pa.duration("s")),
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        pa.array([{"a": 1}]),
        pa.array([87.5], pa.float16()),
        pa.array([None]),
        pa.array([[1, 2]]),
    ],
    ids=lambda cells: str(cells.type),
)
def test_columns_of_any_arrow_type_are_read_or_refused(cells: pa.Array) -> None:
    """A table may hold what no scheme reads: it is refused in its line, and nothing raises."""
    table = pl.DataFrame(_with(执行=1)).to_arrow()
    table = table.set_column(table.column_names.index("执行"), "执行", cells)
    (line,) = came(PROJECTS, pr.score_frame(PROJECTS, table).to_pylist())
    if cells.type in (pa.decimal256(60, 20), pa.float16()):
        assert line == expected(PROJECTS, _with(执行=87.5))[0]
    elif cells.null_count:
        assert line[4][0] == "missing-value 执行"
    else:
        assert line[4] == ["unreadable-kind 执行"]


# ── headings ──────────────────────────────────────────────────────────────────────────────────────


def test_two_columns_of_one_heading_must_agree() -> None:
    """pandas and PyArrow may hold a heading twice: told once, and lines where the two differ have no points."""
    frame = _classic(RECORDS[:2])
    twice = pd.concat([frame, pd.DataFrame({"执行": [87.5, 1.0]})], axis=1)
    for made in (twice, pa.Table.from_pandas(frame).append_column("执行", pa.array([87.5, 1.0]))):
        with pytest.warns(FindingWarning, match="two-columns-for-one"):
            scored = pr.score_frame(PROJECTS, made)
        lines = _pandas_lines(scored) if isinstance(scored, pd.DataFrame) else scored.to_pylist()
        first, second = came(PROJECTS, lines)
        assert first == expected(PROJECTS, RECORDS[:1])[0]
        assert second[4] == ["conflicting-values 执行"]


def test_what_is_wrong_with_headings_is_told() -> None:
    """A column that is wanting warns, as does one that may be misspelt; one that has nothing to do with the scheme does not."""
    frame = pl.DataFrame(RECORDS).rename({"执行": "执行数额"}).with_columns(地区=pl.lit("甲"))
    with pytest.warns(FindingWarning) as told:
        scored = pr.score_frame(PROJECTS, frame)
    assert {w.message.finding.name for w in told} == {"missing-column", "unknown-heading"}
    assert all("地区" not in str(w.message) for w in told)
    assert scored["findings"].to_list()[0] == ["no-score 执行率"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pr.score_frame(PROJECTS, pl.DataFrame(RECORDS).with_columns(地区=pl.lit("甲")))


def test_a_heading_with_the_wrong_unit_is_an_error() -> None:
    """What sets a whole column aside in a file raises here, for there is nobody to tell."""
    with pytest.raises(pr.RecordError, match="wrong-unit-in-heading"):
        pr.score_frame(PROJECTS, pl.DataFrame(RECORDS).rename({"执行": "执行（公里）"}))


def test_units_in_headings_are_converted() -> None:
    """A unit printed in a heading holds for the bare numbers beneath it."""
    made = (
        pl.DataFrame(RECORDS[:2]).with_columns((pl.col("执行") * 10_000).cast(pl.Int64)).rename({"执行": "执行（元）"})
    )
    assert came(PROJECTS, pr.score_frame(PROJECTS, made).to_dicts()) == expected(PROJECTS, RECORDS[:2])


# ── what is no frame, and what is wanting ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("thing", [[1], {"a": [1]}, None, "a.csv", np.zeros(3), pl.Series([1]), pd.Series([1])])
def test_what_is_no_frame_is_told(thing: Any) -> None:
    """The finding names the libraries whose frames are known and the extras to install."""
    with pytest.raises(pr.RecordError) as caught:
        pr.score_frame(PROJECTS, thing)
    (found,) = caught.value.findings
    assert found.name == "not-a-frame"
    assert "perfrules[spark]" in found.mend("en")
    with pytest.raises(pr.RecordError, match="not-a-frame"):
        pr.score_frame(GROUPS, pl.DataFrame(RECORDS), {"指标": thing})


def test_rows_need_their_kind() -> None:
    """Rows of a scheme without any, or of a kind that it lacks, are refused, not passed over."""
    for scheme, rows in ((PROJECTS, pl.DataFrame(ROWS)), (GROUPS, {"别的": pl.DataFrame(ROWS)})):
        with pytest.raises(pr.RecordError, match="rows-of-which-kind"):
            pr.score_frame(scheme, pl.DataFrame(RECORDS), rows)


def test_rows_on_many_machines_need_keys_of_one_type() -> None:
    """Equal ids of two types are not equal to machines that hash them: refused, not lost."""
    records = dd.from_pandas(_classic([{"项目编号": 1.0, "预算": 1.0, "执行": 1.0}]), npartitions=1)
    with pytest.raises(pr.RecordError, match="rows-without-key"):
        pr.score_frame(GROUPS, records, dd.from_pandas(_classic([{**ROWS[0], "项目编号": "1"}]), npartitions=1))
    with pytest.raises(pr.RecordError, match="rows-without-key"):
        keyless = pd.DataFrame({"预算": [1.0], "执行": [1.0]})
        pr.score_frame(GROUPS, dd.from_pandas(keyless, npartitions=1), dd.from_pandas(_classic(ROWS), npartitions=1))


def test_a_missing_library_is_told() -> None:
    """Without the extra `frames` the finding says what to install."""
    code = (
        "import sys; sys.modules['polars'] = None\n"
        "import perfrules as pr, pandas as pd\n"
        "s = pr.loads({'perfrules': 1, 'scheme': 'a.b', 'title': 't', 'clause': 'c', 'tree': {'points': 1, 'formula': '1'}})\n"
        "try: pr.score_frame(s, pd.DataFrame({'id': [1]}))\n"
        "except pr.RecordError as e: print(e.findings[0].name, e.findings[0].mend('en'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "frames-not-installed Run pip install perfrules[frames]."


# ── workers ───────────────────────────────────────────────────────────────────────────────────────


def test_a_scorer_travels() -> None:
    """A scorer is a text and a few data: pickled and unpickled in a process without plugins it makes the same scores."""
    scheme = pr.scheme("mof.self-evaluation")
    scorer = pickle.loads(pickle.dumps(Scorer.of(scheme)))
    assert scorer.scheme.digest == scheme.digest
    sent = Scorer.of(PROJECTS, nodes=[""])
    code = (
        "import pickle, sys, importlib.metadata as m\n"
        "m.entry_points = lambda **_: []\n"
        "import polars as pl\n"
        "scorer, frame = pickle.load(sys.stdin.buffer)\n"
        "sys.stdout.buffer.write(pickle.dumps(scorer.part(frame, {}).to_dicts()))"
    )
    frame = pl.DataFrame(RECORDS)
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps((sent, frame)), capture_output=True, check=True
    )
    assert pickle.loads(done.stdout) == pr.score_frame(PROJECTS, frame, nodes=[""]).to_dicts()


def test_a_part_is_scored_line_by_line() -> None:
    """On workers nothing hangs on how a frame is parted: ids are not compared, and a lone line is as one of many."""
    twice = [dict(RECORDS[0]), dict(RECORDS[0]), dict(RECORDS[2])]
    scorer = Scorer.of(PROJECTS)
    frame = pl.DataFrame(twice).drop("预算")
    whole = scorer.part(frame, {}).to_dicts()
    assert whole == [line for i in range(3) for line in scorer.part(frame.slice(i, 1), {}).to_dicts()]
    assert not [f for line in whole for f in line["findings"] if f.startswith(("duplicate", "missing-value 预算"))]


@pytest.mark.parametrize("parts", [1, 3, 7])
def test_dask_makes_of_parts_what_one_machine_makes_of_the_whole(parts: int) -> None:
    """However a frame is parted, each line comes out once, in order, and every cell is the same."""
    many = [{**RECORDS[n % 6], "项目编号": f"P-{n:03d}", "执行": n / 4} for n in range(200)]
    scored = pr.score_frame(PROJECTS, dd.from_pandas(_classic(many), npartitions=parts)).compute()
    assert _pandas_lines(scored) == _pandas_lines(pr.score_frame(PROJECTS, _classic(many)))
    assert came(PROJECTS, _pandas_lines(scored)) == expected(PROJECTS, many)


def test_what_is_lazy_stays_lazy() -> None:
    """A lazy frame is not touched before its result is asked for, and its columns are known beforehand."""
    touched: list[int] = []

    def seen(frame: pl.DataFrame) -> pl.DataFrame:
        touched.append(frame.height)
        return frame

    source = pl.LazyFrame(RECORDS).map_batches(seen, schema=pl.DataFrame(RECORDS).schema)
    scored = pr.score_frame(PROJECTS, source)
    schema = scored.collect_schema()
    assert touched == []
    result = scored.filter(pl.col("项目编号") == "A-02").collect()
    assert touched == [len(RECORDS)]
    assert result.schema == schema
    assert result.height == 1
