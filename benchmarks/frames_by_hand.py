"""Many records at once, written for the workload by hand in floats: what there is to compare the columns reading with.

Every way does the same work, and gives the key, every leaf (rounded where the variant says so), four subtotals, the
total and the grade; in the full variant both grades and the findings, too. `prepare` is not timed, `run` is, and `cells` says
what came out, for the check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from records import KEY, Column, Records
from workload import BANDS, FAR, FIRST_CUTS, LOWEST, SHORT, TIERS, Layout, Leaf, Variant

TOTAL, GRADE, FIRST_GRADE, FINDINGS = "总分", "等级", "首组等级", "问题"
LABELS = ("优", "良", "中", "差")
BLOCK = 16_384


@dataclass(frozen=True)
class FrameWay:
    """One way to score a frame: what it makes ready, what is timed, and what came out by column."""

    prepare: Callable[[Records], Any]
    run: Callable[[Any], Any]
    cells: Callable[[Any], Mapping[str, Column]]


# ---------------------------------------------------------------------------------------------- Polars


def polars_floats(records: Records) -> Any:
    """The records as a Polars frame of floats, blanks as nulls."""
    import polars as pl

    return pl.DataFrame({KEY: records.keys, **_with_blanks(records)})


def _with_blanks(records: Records) -> dict[str, Any]:
    import polars as pl

    columns: dict[str, Any] = dict(records.floats())
    for name, blank in records.blank.items():
        series = pl.Series(name, columns[name])
        columns[name] = series.to_frame().select(pl.when(~pl.Series("blank", blank)).then(pl.col(name)))[name]
    return columns


def polars(of: Layout, variant: Variant = "rounded", *, steps: bool, engine: str = "auto") -> FrameWay:
    """Polars: all in one lazy select, or (`steps`) a lazy `with_columns` for each level of the tree."""
    query = polars_query(of, variant, steps=steps)
    return FrameWay(
        polars_floats,
        lambda frame: query(frame.lazy()).collect(engine=engine),
        lambda frame: {name: frame[name].to_numpy() for name in frame.columns},
    )


def polars_query(of: Layout, variant: Variant = "rounded", *, steps: bool) -> Callable[[Any], Any]:
    """From a lazy frame of floats to the lazy frame of scores."""
    import polars as pl

    stages = _stages_of_full(of, steps) if variant == "full" else _stages(of, variant, steps)
    if not steps:
        return lambda frame: frame.select(pl.col(KEY), *(e.alias(n) for stage in stages for n, e in stage.items()))
    names = [KEY, *(name for stage in stages for name in stage)]

    def query(frame: Any) -> Any:
        for stage in stages:
            frame = frame.with_columns(expression.alias(name) for name, expression in stage.items())
        return frame.select(names)

    return query


def _r2(x: Any) -> Any:
    return x.round(2, mode="half_away_from_zero")


def _leaf(leaf: Leaf) -> Any:
    """The points of a leaf, unrounded."""
    import polars as pl

    columns, points = [pl.col(name) for name in leaf.reads], float(leaf.points)
    match leaf.kind:
        case "ratio":
            actual, target = columns
            return pl.when(target == 0).then(0.0).otherwise(pl.min_horizontal(actual / target, 1.0) * points)
        case "bands":
            actual, target = columns
            made: Any = pl.when(target == 0).then(0.0)
            for cut, give in BANDS.items():
                made = made.when(actual / target >= cut / 100).then(points * give / 100)
            return made.otherwise(0.0)
        case "count":
            return pl.max_horizontal(points - 0.5 * columns[0], 0.0)
        case "tier":
            return _chosen([(columns[0] == tier, points * give / 100) for tier, give in TIERS.items()], 0.0)


def _chosen(arms: list[tuple[Any, Any]], otherwise: Any) -> Any:
    """The first arm whose condition holds."""
    import polars as pl

    made: Any = pl
    for condition, value in arms:
        made = made.when(condition).then(pl.lit(value))
    return made.otherwise(pl.lit(otherwise))


def _label(score: Any, cuts: Mapping[int, str]) -> Any:
    return _chosen([(score >= cut, label) for cut, label in cuts.items()], LOWEST)


def _named(stage: Mapping[str, Any], steps: bool) -> dict[str, Any]:
    """What the next stage calls a stage's results: columns that are there by then, or the expressions over again."""
    import polars as pl

    return {name: pl.col(name) if steps else expression for name, expression in stage.items()}


def _stages(of: Layout, variant: Variant, steps: bool) -> list[dict[str, Any]]:
    import polars as pl

    leaves = {leaf.name: _r2(_leaf(leaf)) if variant == "rounded" else _leaf(leaf) for leaf in of.leaves}
    stages, below = [leaves], _named(leaves, steps)
    groups = {of.group(n, of.levels): [below[leaf.name] for leaf in group] for n, group in enumerate(of.groups)}
    for level in range(of.levels, 1, -1):
        stages.append({of.group(n, level): pl.sum_horizontal(g) for n, g in enumerate(groups.values())})
        groups = {name: [made] for name, made in _named(stages[-1], steps).items()}
    total = pl.sum_horizontal([made for (made,) in groups.values()])
    stages.append({TOTAL: total if variant == "rounded" else _r2(total)})
    stages.append({GRADE: _label(_named(stages[-1], steps)[TOTAL], of.cuts)})
    return stages


def _stages_of_full(of: Layout, steps: bool) -> list[dict[str, Any]]:
    """Blanks are 0, what does not apply is left out and made up; adjustments, gates, two scales, findings as text."""
    import polars as pl

    excluded = {
        leaf.name: pl.col(f"不适用{of.salt}{n}") == place
        for n, group in enumerate(of.groups)
        for place, leaf in enumerate(group, start=1)
    }
    leaves = {}
    for leaf in of.leaves:
        # min and max pass over nulls, so blanks are seen to first
        blank = pl.any_horizontal(pl.col(name).is_null() for name in leaf.reads)
        scored = _r2(pl.when(blank).then(0.0).otherwise(_leaf(leaf)))
        leaves[leaf.name] = pl.when(excluded[leaf.name]).then(None).otherwise(scored)
    stages, below = [leaves], _named(leaves, steps)
    stages.append({of.group(n): pl.sum_horizontal(below[x.name] for x in g) for n, g in enumerate(of.groups)})
    groups = _named(stages[-1], steps)
    left_out = pl.sum_horizontal(excluded[leaf.name] * float(leaf.points) for leaf in of.leaves)
    made_up = pl.sum_horizontal(groups.values()) * of.points / (of.points - left_out)
    bonus = pl.when(pl.col(f"示范{of.salt}")).then(2.0).otherwise(0.0)
    late = pl.max_horizontal(-0.5 * pl.col(f"迟报天数{of.salt}"), -5.0)
    adjusted = made_up + bonus + late
    raw = pl.when(pl.col(f"重大事故{of.salt}")).then(pl.min_horizontal(adjusted, 59.0)).otherwise(adjusted)
    stages.append({"未舍入": raw})
    raw = _named(stages[-1], steps)["未舍入"]
    stages.append({TOTAL: _r2(raw)})
    total = _named(stages[-1], steps)[TOTAL]
    short = groups[of.group(2)] < SHORT

    def graded(score: Any) -> Any:
        return pl.when(short & (score >= 60)).then(pl.lit("中")).otherwise(_label(score, of.cuts))

    stages.append({GRADE: graded(total), FIRST_GRADE: _label(groups[of.group(0)], FIRST_CUTS)})
    grade = _named(stages[-1], steps)[GRADE]
    (actual, target), (spent, budget) = ([pl.col(name) for name in leaf.reads] for leaf in of.leaves[:2])
    checks = {"远超目标": actual <= FAR / 100 * target, "无预算不得有支出": (budget > 0) | (spent == 0)}
    found = [pl.when(pl.col(name).is_null()).then(pl.lit(f"missing-value {name}")) for name in of.inputs]
    for name, holds in checks.items():
        found.append(pl.when(~holds).then(pl.lit(f"check-broken {name}")))
        found.append(pl.when(holds.is_null()).then(pl.lit(f"check-undecidable {name}")))
    found.append(pl.when(pl.col(f"重大事故{of.salt}")).then(pl.lit("gate-closed 重大事故一票")))
    found.append(pl.when(short).then(pl.lit("gate-closed 短板")))
    found.append(pl.when(graded(raw) != grade).then(pl.lit("grade-hangs-on-rounding")))
    stages.append({FINDINGS: pl.concat_str(found, separator="；", ignore_nulls=True)})
    return stages


# ---------------------------------------------------------------------------------------------- NumPy


def numpy(of: Layout) -> FrameWay:
    """NumPy in blocks of 16,384 records, which stay in the processor's cache."""
    names = [*(leaf.name for leaf in of.leaves), *(of.group(n) for n in range(len(of.groups))), TOTAL]
    cuts, labels = list(of.cuts), np.array(LABELS)

    def run(given: dict[str, Column]) -> dict[str, Column]:
        count = len(given[KEY])
        made = {name: np.empty(count) for name in names}
        grade = np.empty(count, dtype=labels.dtype)
        for start in range(0, count, BLOCK):
            part = slice(start, start + BLOCK)
            for leaf in of.leaves:
                made[leaf.name][part] = _numpy_leaf(leaf, [given[name][part] for name in leaf.reads])
            for n, group in enumerate(of.groups):
                made[of.group(n)][part] = sum(made[leaf.name][part] for leaf in group)
            total = made[TOTAL][part] = sum(made[of.group(n)][part] for n in range(len(of.groups)))
            grade[part] = labels[np.sum([total < cut for cut in cuts], axis=0)]
        return {KEY: given[KEY], **made, GRADE: grade}

    return FrameWay(lambda records: {KEY: records.keys, **records.floats()}, run, lambda made: made)


def _numpy_leaf(leaf: Leaf, columns: list[Column]) -> Column:
    points = float(leaf.points)
    made: Column
    match leaf.kind:
        case "ratio" | "bands":
            actual, target = columns
            reached = np.divide(actual, target, out=np.zeros(len(actual)), where=target != 0)
            if leaf.kind == "ratio":
                made = np.minimum(reached, 1.0) * points
            else:
                shares = [points * give / 100 for give in BANDS.values()]
                made = np.select([reached >= cut / 100 for cut in BANDS], shares, 0.0)
        case "count":
            made = np.maximum(points - 0.5 * columns[0], 0.0)
        case "tier":
            shares = [points * give / 100 for give in TIERS.values()]
            made = np.select([columns[0] == tier for tier in TIERS], shares, 0.0)
    return np.floor(made * 100 + 0.5) / 100


# ---------------------------------------------------------------------------------------------- pandas


def pandas(of: Layout) -> FrameWay:
    """pandas: a Series for each figure."""
    import pandas as pd

    def run(frame: Any) -> Any:
        made: dict[str, Any] = {KEY: frame[KEY]}
        for leaf in of.leaves:
            made[leaf.name] = _pandas_leaf(leaf, [frame[name] for name in leaf.reads])
        for n, group in enumerate(of.groups):
            made[of.group(n)] = sum(made[leaf.name] for leaf in group)
        total = made[TOTAL] = sum(made[of.group(n)] for n in range(len(of.groups)))
        made[GRADE] = np.select([total >= cut for cut in of.cuts], list(of.cuts.values()), LOWEST)
        return pd.DataFrame(made)

    return FrameWay(
        lambda records: pd.DataFrame({KEY: records.keys, **records.floats()}),
        run,
        lambda frame: {name: frame[name].to_numpy() for name in frame.columns},
    )


def _pandas_leaf(leaf: Leaf, columns: list[Any]) -> Any:
    points = float(leaf.points)
    match leaf.kind:
        case "ratio":
            made = (columns[0] / columns[1]).clip(upper=1.0).where(columns[1] != 0, 0.0) * points
        case "bands":
            reached = (columns[0] / columns[1]).where(columns[1] != 0, 0.0)
            shares = [points * give / 100 for give in BANDS.values()]
            made = np.select([reached >= cut / 100 for cut in BANDS], shares, 0.0)
        case "count":
            made = (points - 0.5 * columns[0]).clip(lower=0.0)
        case "tier":
            made = columns[0].map({tier: points * give / 100 for tier, give in TIERS.items()}).fillna(0.0)
    return np.floor(made * 100 + 0.5) / 100


# ---------------------------------------------------------------------------------------------- DuckDB


def duckdb(of: Layout) -> FrameWay:
    """DuckDB: one query over a table of its own, a subquery for each level of the tree, fetched as Arrow."""
    import duckdb as engine

    text = duckdb_query(of)

    def prepare(records: Records) -> Any:
        held = engine.connect()
        frame = polars_floats(records).to_arrow()
        held.register("given", frame)
        held.execute("create table records as select * from given")
        held.unregister("given")
        return held

    return FrameWay(
        prepare,
        lambda held: held.sql(text).to_arrow_table(),
        lambda table: {name: table[name].to_numpy() for name in table.column_names},
    )


def duckdb_query(of: Layout) -> str:
    """The query: leaves, then subtotals, then the total, then the grade."""
    leaves = ", ".join(f'{_duckdb_leaf(leaf)} as "{leaf.name}"' for leaf in of.leaves)
    groups = ", ".join(
        " + ".join(f'"{leaf.name}"' for leaf in group) + f' as "{of.group(n)}"' for n, group in enumerate(of.groups)
    )
    total = " + ".join(f'"{of.group(n)}"' for n in range(len(of.groups)))
    arms = " ".join(f"when {TOTAL} >= {cut} then '{label}'" for cut, label in of.cuts.items())
    return (
        f"with leaves as (select {KEY}, {leaves} from records), groups as (select *, {groups} from leaves), "
        f"totals as (select *, {total} as {TOTAL} from groups) "
        f"select *, case {arms} else '{LOWEST}' end as {GRADE} from totals"
    )


def _duckdb_leaf(leaf: Leaf) -> str:
    columns, points = [f'"{name}"' for name in leaf.reads], leaf.points
    match leaf.kind:
        case "ratio":
            made = f"least({columns[0]} / {columns[1]}, 1) * {points}e0"
        case "bands":
            of = f"{columns[0]} / {columns[1]}"
            arms = " ".join(f"when {of} >= {cut / 100}e0 then {points * give / 100}e0" for cut, give in BANDS.items())
            made = f"case {arms} else 0e0 end"
        case "count":
            return f"round(greatest({points}e0 - 0.5e0 * {columns[0]}, 0e0), 2)"
        case "tier":
            arms = " ".join(f"when {tier} then {points * give / 100}e0" for tier, give in TIERS.items())
            return f"round(case {columns[0]} {arms} else 0e0 end, 2)"
    return f"case when {columns[1]} = 0 then 0e0 else round({made}, 2) end"
