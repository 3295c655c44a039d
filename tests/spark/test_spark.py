"""Spark frames: every worker scores its parts, and the whole is what one machine makes of it, to the last digit."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import types as T

import perfrules as pr
from frame_schemes import GROUPS, PROJECTS, RECORDS, ROWS, came, expected
from perfrules.findings import FindingWarning

pytestmark = pytest.mark.filterwarnings("ignore")  # Spark's own, about what else is installed

_TYPES = {"预算": T.DoubleType(), "执行": T.DoubleType(), "满意度": T.DoubleType(), "三公变动率": T.DoubleType(),
          "完成日期": T.DateType(), "事故": T.BooleanType(), "分值": T.IntegerType(), "完成": T.DoubleType()}  # fmt: skip


def _frame(spark: Any, lines: list[dict[str, Any]], parts: int = 2) -> DataFrame:
    fields = [T.StructField(name, _TYPES.get(name, T.StringType())) for name in lines[0]]
    return spark.createDataFrame([tuple(line.values()) for line in lines], T.StructType(fields)).repartition(parts)


def _lines(frame: DataFrame) -> list[dict[str, Any]]:
    lines = [row.asDict() for row in frame.collect()]
    return sorted(lines, key=lambda line: str(line["项目编号"]))


def _many(count: int) -> pl.DataFrame:
    """Records as they come, something wrong with some of them."""
    draw = np.random.default_rng(3)
    budget = np.round(draw.uniform(1, 500, count), 2)
    made = pl.DataFrame(
        {
            "项目编号": [f"P-{i:06d}" for i in range(count)],
            "预算": np.where(draw.uniform(size=count) < 0.02, -1, budget),
            "执行": np.round(budget * draw.uniform(0.3, 1.2, count), 2),
            "满意度": np.round(draw.uniform(0.2, 1, count), 4),
            "三公变动率": np.round(draw.uniform(10, 60, count), 1),
            "类别": np.where(draw.uniform(size=count) < 0.5, "新增", "延续"),
            "完成日期": pl.Series([date(2023, 6, 30), date(2024, 2, 1)] * (count // 2)),
            "事故": draw.uniform(size=count) < 0.1,
        }
    )
    return made.with_columns(满意度=pl.when(pl.int_range(pl.len()) % 50 == 7).then(None).otherwise(pl.col("满意度")))


def _digest(lines: list[dict[str, Any]]) -> str:
    """A digest of every cell of every line, lines in the order of their keys."""
    text = "\n".join(repr([(k, list(v) if k == "findings" else v) for k, v in line.items()]) for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()


def test_every_line_is_what_score_says_of_its_record(spark: Any) -> None:
    """A Spark frame in, a Spark frame out, with the points, grades and findings of `score`."""
    scored = pr.score_frame(PROJECTS, _frame(spark, RECORDS))
    assert isinstance(scored, DataFrame)
    assert came(PROJECTS, _lines(scored)) == expected(PROJECTS, RECORDS)


def test_rows_come_in_a_frame_of_their_own(spark: Any) -> None:
    """Rows are joined to their records by id; rows of no record are nobody's, and records without rows have none."""
    records = [{name: line[name] for name in ("项目编号", "预算", "执行")} for line in RECORDS[:4]]
    nested = [{**r, "指标": [{k: v for k, v in row.items() if k != "项目编号"} for row in ROWS
                             if row["项目编号"] == r["项目编号"]]} for r in records]  # fmt: skip
    rows = [*ROWS, {**ROWS[0], "项目编号": "Z-99"}]
    scored = pr.score_frame(GROUPS, _frame(spark, records), _frame(spark, rows, 3))
    assert came(GROUPS, _lines(scored)) == expected(GROUPS, nested)
    with pytest.raises(pr.RecordError, match="rows-without-key"):
        pr.score_frame(GROUPS, _frame(spark, records), _frame(spark, ROWS).withColumn("项目编号", pl_lit(1)))


def pl_lit(value: int) -> Any:
    """A column of one whole number."""
    from pyspark.sql import functions as F

    return F.lit(value)


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_row_counts_and_digests_are_those_of_one_machine(spark: Any, parts: int) -> None:
    """However a frame is parted, every cell is what one machine makes of it, and no line is lost or doubled."""
    records = _many(12_000)
    alone = pr.score_frame(PROJECTS, records).to_dicts()
    frame = spark.createDataFrame(records.to_arrow()).repartition(parts)
    scored = _lines(pr.score_frame(PROJECTS, frame))
    assert len(scored) == 12_000
    assert _digest(scored) == _digest(sorted(alone, key=lambda line: line["项目编号"]))


def test_nothing_hangs_on_what_else_is_in_a_part(spark: Any) -> None:
    """Ids that stand twice are for whoever sees them all: here each line is scored, in one part or in two."""
    twice = [dict(RECORDS[0]), {**RECORDS[0], "执行": 50.0}]
    for parts in (1, 2):
        scored = _lines(pr.score_frame(PROJECTS, _frame(spark, twice, parts)))
        assert sorted(line["执行率"] for line in scored) == [Decimal("30.00"), Decimal("52.50")]


def test_columns_of_sparks_types_and_names(spark: Any) -> None:
    """Decimals, whole numbers, texts, and names with dots and quotes go through; the key keeps its type."""
    fields = [
        T.StructField("编号.旧", T.StringType()), T.StructField("项目编号", T.LongType()), T.StructField("预算", T.DecimalType(20, 4)),
        T.StructField("执行", T.IntegerType()), T.StructField("满意度", T.StringType()), T.StructField("类别", T.StringType()),
        T.StructField("完成日期", T.TimestampNTZType()), T.StructField("事故", T.StringType()), T.StructField("a`b", T.LongType()),
    ]  # fmt: skip
    lines = [("x", 7, Decimal("120.0000"), 90, "92.5%", "新增", datetime(2023, 5, 1), "否", 1)]
    scored = pr.score_frame(PROJECTS, spark.createDataFrame(lines, T.StructType(fields)), nodes=["执行率", "及时"])
    assert scored.schema["项目编号"].dataType == T.LongType()
    (line,) = scored.collect()
    assert (line["项目编号"], line["执行率"], line["及时"], line["findings"]) == (
        7,
        Decimal("45.00"),
        Decimal("10"),
        [],
    )


def test_a_column_that_is_wanting_warns_once(spark: Any) -> None:
    """What is wrong with the columns is told where the frame is, not on the workers."""
    with pytest.warns(FindingWarning, match="missing-column"):
        scored = pr.score_frame(PROJECTS, _frame(spark, RECORDS).drop("预算"))
    assert all("no-score 执行率" in line["findings"] for line in _lines(scored)[:4])


def test_this_environment_has_no_plugins() -> None:
    """The workers above had none to load a scheme with."""
    assert pr.schemes() == {} or not pr.schemes()[0]
