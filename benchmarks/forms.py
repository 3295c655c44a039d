"""Forms of eight rows each: hand-written in Polars and by perfrules, and what both are checked against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import ours
import truth
from frames_by_hand import GRADE, TOTAL
from records import KEY, SEED, Forms, make_forms, row_columns
from tasks import Ready, Task
from truth import Truth, Wrong
from workload import FORM_TEXT, GRADES, LOWEST

import perfrules as pr

WAYS = ("Polars, forms", "perfrules, forms")
GROUPS = {"产出": 50, "效益": 30, "满意度": 10}


def ready(task: Task) -> Ready | None:
    """Score two frames, one of records and one of their rows."""
    if task.way not in WAYS:
        return None
    records, rows = frames(make_forms(task.size))
    if task.way == "Polars, forms":
        return Ready(lambda: _discard(by_hand(records, rows)), task.size, lambda: _check_by_hand(task))
    scheme, score_frame = pr.loads(FORM_TEXT), ours.verb("score_frame")

    def check() -> dict[str, Wrong]:
        given, right = _sample(task)
        table = score_frame(scheme, *frames(given))
        return {"the exact reading": ours.compare(right, ours.cells(scheme, table))}

    return Ready(lambda: _discard(score_frame(scheme, records, rows)), task.size, check)


def _discard(_: object) -> None:
    """A run keeps nothing."""


def frames(forms: Forms) -> tuple[Any, Any]:
    """The forms as two Polars frames of floats."""
    import polars as pl

    return pl.DataFrame({KEY: forms.records.keys, **forms.records.floats()}), pl.DataFrame(row_columns(forms))


def _sample(task: Task) -> tuple[Forms, Truth]:
    """Forms to hold everything against, and what is right of them."""
    forms = make_forms(task.sample, seed=SEED + 1)
    return forms, truth.kept(Path(task.folder) / f"forms-{task.sample}.pickle", FORM_TEXT, forms.mappings())


def by_hand(records: Any, rows: Any) -> Any:
    """The same in floats: a query over the rows, added up by form and group, joined to the forms."""
    import polars as pl

    def r2(x: Any) -> Any:
        return x.round(2, mode="half_away_from_zero")

    target, actual, points = pl.col("目标值"), pl.col("完成值"), pl.col("分值")
    up = pl.when(target == 0).then(0.0).otherwise(pl.min_horizontal(actual / target, 1.0) * points)
    over = pl.max_horizontal(points * (1 - (actual - target) / target), 0.0)
    down = pl.when(actual <= target).then(points).when(target == 0).then(0.0).otherwise(over)
    scored = rows.lazy().with_columns(r2(pl.when(pl.col("性质") == "≥").then(up).otherwise(down)).alias("得分"))
    summed = scored.group_by(KEY).agg(
        *(pl.col("得分").filter(pl.col("一级指标") == group).sum().alias(group) for group in GROUPS)
    )
    spent, budget = pl.col("全年执行数"), pl.col("全年预算数")
    rate = r2(pl.when(budget == 0).then(0.0).otherwise(pl.min_horizontal(spent / budget, 1.0) * 10))
    joined = (
        records.lazy().with_columns(rate.alias("预算执行率")).join(summed, on=KEY, how="left", maintain_order="left")
    )
    joined = joined.with_columns(pl.sum_horizontal("预算执行率", *GROUPS).alias(TOTAL))
    grade: Any = pl
    for cut, label in GRADES.items():
        grade = grade.when(pl.col(TOTAL) >= cut).then(pl.lit(label))
    graded = joined.with_columns(grade.otherwise(pl.lit(LOWEST)).alias(GRADE))
    return graded.select(KEY, "预算执行率", *GROUPS, TOTAL, GRADE).collect()


def _check_by_hand(task: Task) -> dict[str, Wrong]:
    forms, right = _sample(task)
    made = by_hand(*frames(forms))
    cells = {name: made[name].to_numpy() for name in made.columns}
    names = {"": TOTAL, **{name: name for name in ("预算执行率", *GROUPS)}}
    wrong = truth.compare_floats(right, cells, names)
    easy = truth.compare_floats(right, cells, names, keep=~_hard(forms, right))
    if easy.all:
        raise truth.WrongByHand(f"{task.of()}: {easy}")
    return {"the exact reading": wrong}


def _hard(forms: Forms, right: Truth) -> Any:
    """Forms with a half cent in a row or in the rate, or a total on a cut."""
    points = np.tile(np.array(row_columns(make_forms(1))["分值"]), len(forms.records))
    rows = forms.rows.amounts
    tied = _tied(points, rows["完成值"], rows["目标值"]) | _tied(
        points, 2 * rows["目标值"] - rows["完成值"], rows["目标值"]
    )
    hard = tied.reshape(len(forms.records), -1).any(axis=1)
    budgets = forms.records.amounts
    hard |= _tied(np.full(len(hard), 10), budgets["全年执行数"], budgets["全年预算数"])
    return hard | np.array([total in GRADES for total in right.points[""]])


def _tied(points: Any, part: Any, whole: Any) -> Any:
    """Where points × part ÷ whole is exactly a half cent."""
    divisor, doubled = np.where(whole > 0, whole, 1), 200 * points * part
    return (whole > 0) & (doubled % divisor == 0) & (doubled // divisor % 2 != 0)
