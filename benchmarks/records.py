"""The records of the standard workload: made up, the same on every machine, as whole numbers, decimals and floats.

Amounts are kept as whole ten-thousandths of 万元, which are 元; a float column has the same figures in 万元. Each leaf
draws from a stream of its own, so a leaf's figures are the same in schemes of every width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from workload import FORM_ROWS, STANDARD, Layout, Leaf

Sort = Literal["realistic", "adversarial"]
Column = np.ndarray[Any, np.dtype[Any]]

SCALE = 10_000
"""Units of the last decimal in one unit of amount."""
KEY = "编号"
SEED = 2024
ROUND_TARGETS = (10, 20, 30, 50, 60, 80, 100, 120, 150, 200, 300, 500, 1000, 37.5, 12.5, 0.95)
LARGEST = 2_000
"""No target is more."""

EXACT, EDGE, NOTHING, NO_TARGET = 0.15, 0.10, 0.03, 0.02
"""Shares of ratios: exactly the target, exactly at an edge of the bands, actual 0, target 0."""
TIES, NUDGED = 1 / 2, 1 / 3
"""Adversarial: the share of ratios whose points are exactly a half cent (or that lie exactly on an edge of the bands),
and the share of those that are then moved by one unit of the last decimal."""
MISSING, NOT_APPLICABLE = 0.02, 0.02
"""Full variant: the share of cells that are blank, and of leaves that are not applicable."""


@dataclass(frozen=True)
class Records:
    """Columns of records: amounts in 元, everything else as it is; and which cells are blank."""

    amounts: Mapping[str, Column]
    others: Mapping[str, Column]
    blank: Mapping[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.amounts.values())))

    @property
    def keys(self) -> Column:
        """The id of each record."""
        return np.arange(len(self), dtype=np.int64)

    def integers(self) -> dict[str, Column]:
        """Every column as whole numbers, amounts in 元 (booleans stay booleans)."""
        return {**self.amounts, **self.others}

    def floats(self) -> dict[str, Column]:
        """Every column as floats, amounts in 万元 (booleans stay booleans)."""
        amounts = {name: column / SCALE for name, column in self.amounts.items()}
        others = {n: c if c.dtype == bool else c.astype(np.float64) for n, c in self.others.items()}
        return {**amounts, **others}

    def first_of(self, count: int) -> Records:
        """The first of them."""
        kinds = (
            {name: column[:count] for name, column in of.items()} for of in (self.amounts, self.others, self.blank)
        )
        amounts, others, blank = kinds
        return Records(amounts, others, blank)

    def mappings(self, *, decimals: bool = False) -> Iterator[dict[str, Any]]:
        """Each record as a mapping of its id, amounts in 万元 as floats or Decimals, and whole numbers; blanks are None."""
        columns: dict[str, list[Any]] = {KEY: [str(key) for key in self.keys.tolist()]}
        for name, column in self.amounts.items():
            columns[name] = [_decimal(v) for v in column.tolist()] if decimals else (column / SCALE).tolist()
        columns |= {name: column.tolist() for name, column in self.others.items()}
        for name, blank in self.blank.items():
            for place in np.flatnonzero(blank).tolist():
                columns[name][place] = None
        for cells in zip(*columns.values(), strict=True):
            yield dict(zip(columns, cells, strict=True))


def joined(*parts: Records) -> Records:
    """Several lots of records as one, numbered anew."""

    def column(lots: Sequence[Mapping[str, Column]], name: str) -> Column:
        return np.concatenate([lot[name] for lot in lots])

    kinds = [p.amounts for p in parts], [p.others for p in parts], [p.blank for p in parts]
    amounts, others, blank = ({name: column(lots, name) for name in lots[0]} for lots in kinds)
    return Records(amounts, others, blank)


def _decimal(units: int) -> Decimal:
    return Decimal(units).scaleb(-4)


def make(
    count: int, of: Layout = STANDARD, sort: Sort = "realistic", *, full: bool = False, seed: int = SEED
) -> Records:
    """So many records for a layout, the same every time."""
    amounts: dict[str, Column] = {}
    others: dict[str, Column] = {}
    for leaf in of.leaves:
        chance = np.random.default_rng([seed, sort == "adversarial", leaf.number])
        match leaf.kind:
            case "ratio" | "bands":
                actual, target = _realistic(chance, count)
                if sort == "adversarial":
                    actual, target = _spoiled(chance, leaf, actual, target)
                amounts |= dict(zip(leaf.reads, (actual, target), strict=True))
            case "count":
                others[leaf.reads[0]] = np.minimum(chance.poisson(1.5, count), 20).astype(np.int64)
            case "tier":
                others[leaf.reads[0]] = chance.integers(1, 5, count)
    return _with_everything(Records(amounts, others), of, seed) if full else Records(amounts, others)


def _realistic(chance: np.random.Generator, count: int) -> tuple[Column, Column]:
    """Actuals and targets as they occur, in 元."""
    printed = np.array([round(target * SCALE) for target in ROUND_TARGETS], dtype=np.int64)
    target = np.where(
        chance.random(count) < 0.7,
        printed[chance.integers(0, len(printed), count)],
        chance.integers(1, LARGEST * SCALE + 1, count),
    )
    cut = chance.choice(np.array([SCALE, SCALE // 100, 1]), count, p=[0.35, 0.40, 0.25])
    actual = (target * chance.uniform(0.4, 1.3, count)).astype(np.int64) // cut * cut
    tenths = np.array([9, 8, 6])[chance.integers(0, 3, count)]
    drawn = chance.random(count)
    sorts = np.searchsorted(np.cumsum([EXACT, EDGE, NOTHING, NO_TARGET]), drawn, side="right")
    actual = np.select([sorts == 0, sorts == 1, sorts == 2], [target, target * tenths // 10, 0], actual)
    return actual, np.where(sorts == 3, 0, target)


def _spoiled(chance: np.random.Generator, leaf: Leaf, actual: Column, target: Column) -> tuple[Column, Column]:
    """The same with half of the ratios where floats go wrong: exact half cents and exact edges, some one unit beside."""
    count = len(actual)
    if leaf.kind == "ratio":
        # points × actual ÷ target = odd ÷ 200: a target of 200 × points × m has an actual of odd × m
        parts = 200 * leaf.points
        m = chance.integers(1, LARGEST * SCALE // parts + 1, count)
        tied = (2 * chance.integers(0, parts // 2, count) + 1) * m, parts * m
    else:
        m = chance.integers(1, LARGEST * SCALE // 10 + 1, count)
        tied = np.array([9, 8, 6])[chance.integers(0, 3, count)] * m, 10 * m
    nudge = np.where(chance.random(count) < NUDGED, chance.choice(np.array([-1, 1]), count), 0)
    chosen = chance.random(count) < TIES
    return np.where(chosen, tied[0] + nudge, actual), np.where(chosen, tied[1], target)


def _with_everything(plain: Records, of: Layout, seed: int) -> Records:
    """The same with what the full variant reads, and blanks."""
    chance = np.random.default_rng([seed, 2])
    count = len(plain)
    others = dict(plain.others)
    for number, group in enumerate(of.groups):
        drawn = chance.random(count) / NOT_APPLICABLE
        others[f"不适用{of.salt}{number}"] = np.where(drawn < len(group), drawn.astype(np.int64) + 1, 0)
    others[f"重大事故{of.salt}"] = chance.random(count) < 0.01
    others[f"示范{of.salt}"] = chance.random(count) < 0.05
    others[f"迟报天数{of.salt}"] = np.minimum(chance.poisson(0.5, count), 20).astype(np.int64)
    blank = {name: chance.random(count) < MISSING for name in of.inputs}
    return Records(plain.amounts, others, blank)


def ties(leaf: Leaf, records: Records) -> Column:
    """Where a leaf's points are exactly a half cent before rounding (a ratio), or on an edge exactly (bands)."""
    actual, target = (records.amounts[name] for name in leaf.reads)
    tied: Column
    if leaf.kind == "ratio":
        doubled, below = 200 * leaf.points * actual, (target > 0) & (actual < target)
        whole = np.where(target > 0, target, 1)
        tied = below & (doubled % whole == 0) & (doubled // whole % 2 == 1)
        return tied
    tied = (target > 0) & np.any([10 * actual == tenths * target for tenths in (9, 8, 6)], axis=0)
    return tied


# ---------------------------------------------------------------------------------------------- forms


@dataclass(frozen=True)
class Forms:
    """Forms of eight rows each: budgets and what was spent, and by row target and actual, all in 元."""

    records: Records
    rows: Records
    """The rows of all forms, one form's after another's."""

    def mappings(self) -> Iterator[dict[str, Any]]:
        """Each form as a mapping, its rows under their kind."""
        rows = self.rows.mappings()
        for record in self.records.mappings():
            mine = [next(rows) for _ in FORM_ROWS]
            listed = [
                {"一级指标": group, "三级指标": f"指标{n}", "分值": points, "性质": way,
                 "目标值": row["目标值"], "完成值": row["完成值"]}
                for n, ((group, points, way), row) in enumerate(zip(FORM_ROWS, mine, strict=True), start=1)
            ]  # fmt: skip
            yield {**record, "指标行": listed}


def make_forms(count: int, *, seed: int = SEED) -> Forms:
    """So many forms, the same every time."""
    spent, budget = _realistic(np.random.default_rng([seed, 3]), count)
    actual, target = _realistic(np.random.default_rng([seed, 4]), count * len(FORM_ROWS))
    return Forms(
        Records({"全年执行数": spent, "全年预算数": budget}, {}),
        Records({"完成值": actual, "目标值": target}, {}),
    )


def row_columns(forms: Forms) -> dict[str, Any]:
    """The rows of forms as columns beside the key of their form; amounts as floats in 万元."""
    count = len(forms.records)
    groups, points, ways = zip(*FORM_ROWS, strict=True)
    return {
        KEY: np.repeat(forms.records.keys, len(FORM_ROWS)),
        "一级指标": np.tile(np.array(groups, dtype=object), count),
        "三级指标": np.tile(np.array([f"指标{n}" for n in range(1, len(FORM_ROWS) + 1)], dtype=object), count),
        "分值": np.tile(np.array(points, dtype=np.int64), count),
        "性质": np.tile(np.array(ways, dtype=object), count),
        "目标值": forms.rows.amounts["目标值"] / SCALE,
        "完成值": forms.rows.amounts["完成值"] / SCALE,
    }
