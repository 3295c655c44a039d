"""What is right: the exact reading for a sample, and whole numbers worked out by hand for every record.

The sample is half realistic and half adversarial. Every way is held against it, cell by cell: points of every node,
grades and findings. Whole numbers do for the standard variant alone, and are themselves held against the exact reading.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from records import SEED, Column, Records, joined, make, ties
from workload import BANDS, LOWEST, TIERS, Layout, Variant, text_of

Points = Mapping[str, Sequence[Fraction | None]]
SLIGHT = 1e-6
"""A float is taken for right when it is no further off than this."""
FEW = 200
"""So many records are not worth starting processes for."""


@dataclass
class Truth:
    """What the exact reading says of records: points by path (the root's is empty), grades by scale, findings."""

    points: dict[str, list[Fraction | None]] = field(default_factory=dict)
    grades: dict[str, list[str | None]] = field(default_factory=dict)
    findings: list[tuple[str, ...]] = field(default_factory=list)
    raw: list[Fraction | None] = field(default_factory=list)
    """The total before it is rounded."""

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def cells(self) -> int:
        """How many points and grades there are."""
        return len(self) * (len(self.points) + len(self.grades))


@dataclass
class Wrong:
    """How many cells were held against what is right, and how many of them are wrong, by what they are."""

    cells: int = 0
    points: int = 0
    totals: int = 0
    grades: int = 0
    findings: int = 0

    @property
    def all(self) -> int:
        """All that is wrong."""
        return self.points + self.totals + self.grades + self.findings

    def __add__(self, other: Wrong) -> Wrong:
        return Wrong(*(a + b for a, b in zip(self.__dict__.values(), other.__dict__.values(), strict=True)))


class WrongByHand(Exception):
    """A hand-written way is wrong where floats have no excuse: it does other work, so comparing with it is not fair."""


def sample(count: int, of: Layout, *, full: bool = False) -> Records:
    """Records to hold everything against: half realistic, half adversarial, none of them among those that are timed."""
    lots = [make(count // 2, of, sort, full=full, seed=SEED + 1) for sort in ("realistic", "adversarial")]
    return joined(*lots)


# ---------------------------------------------------------------------------------------------- the exact reading


def exactly(text: str, mappings: Iterable[dict[str, Any]]) -> Truth:
    """What the exact reading says of records; of many, on all cores."""
    listed = list(mappings)
    if len(listed) < FEW:
        return _exactly(text, listed)
    cores = os.cpu_count() or 1
    size = max(-(-len(listed) // (4 * cores)), 1)
    parts = [listed[start : start + size] for start in range(0, len(listed), size)]
    truth = Truth()
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as workers:
        for part in workers.map(partial(_exactly, text), parts):
            for path, scores in part.points.items():
                truth.points.setdefault(path, []).extend(scores)
            for name, labels in part.grades.items():
                truth.grades.setdefault(name, []).extend(labels)
            truth.findings += part.findings
            truth.raw += part.raw
    return truth


def _exactly(text: str, mappings: list[dict[str, Any]]) -> Truth:
    import perfrules
    from perfrules import scorecards
    from perfrules.plan import plan
    from perfrules.readings import exact
    from perfrules.records import record_from

    scheme = perfrules.loads(text)
    planned = plan(scheme)
    truth = Truth()
    for mapping in mappings:
        record = record_from(scheme, mapping)
        card = scorecards.scorecard(planned, record, exact.evaluate(planned, record))
        for node in card.nodes:
            if node.role != "row":
                truth.points.setdefault(node.path, []).append(node.score)
        for name, label in card.grades.items():
            truth.grades.setdefault(name, []).append(label)
        truth.findings.append(tuple(sorted(finding.name for finding in card.findings)))
        truth.raw.append(card.nodes[0].raw)
    return truth


def kept(path: Path, text: str, mappings: Iterable[dict[str, Any]]) -> Truth:
    """What the exact reading says, worked out once and kept in a file for the processes that need it."""
    if path.exists():
        return read(path)
    truth = exactly(text, mappings)
    path.write_bytes(pickle.dumps(truth))
    return truth


def read(path: Path) -> Truth:
    """What was kept."""
    truth = pickle.loads(path.read_bytes())
    assert isinstance(truth, Truth)
    return truth


def of_sample(folder: Path, count: int, of: Layout, variant: Variant) -> tuple[Records, Truth]:
    """The sample of a variant and what the exact reading says of it."""
    records = sample(count, of, full=variant == "full")
    name = f"{variant}-{len(of.leaves)}-{of.levels}-{count}.pickle"
    return records, kept(folder / name, text_of(of, variant), records.mappings())


# ---------------------------------------------------------------------------------------------- whole numbers


def in_cents(of: Layout, records: Records) -> tuple[dict[str, Column], Column]:
    """Points in hundredths by path, and grades, of the standard variant: everything fits whole numbers of 64 bits."""
    columns = records.integers()
    made: dict[str, Column] = {}
    paths = dict(of.nodes)
    for leaf in of.leaves:
        given = [columns[name] for name in leaf.reads]
        full = 100 * leaf.points
        match leaf.kind:
            case "ratio":
                actual, target = given
                whole = np.where(target > 0, target, 1)
                cents = (2 * np.minimum(actual, target) * full + whole) // (2 * whole)  # half a cent goes up
                made[paths[leaf.name]] = np.where(target > 0, cents, 0)
            case "bands":
                actual, target = given
                reached = [100 * actual >= cut * target for cut in BANDS]
                cents = np.select(reached, [leaf.points * give for give in BANDS.values()], 0)
                made[paths[leaf.name]] = np.where(target > 0, cents, 0)
            case "count":
                made[paths[leaf.name]] = np.maximum(full - 50 * given[0], 0)
            case "tier":
                shares = [leaf.points * give for give in TIERS.values()]
                made[paths[leaf.name]] = np.select([given[0] == tier for tier in TIERS], shares, 0)
    sums = [np.sum([made[paths[leaf.name]] for leaf in group], axis=0) for group in of.groups]
    for n, cents in enumerate(sums):
        made |= {paths[of.group(n, level)]: cents for level in range(2, of.levels + 1)}
    total = made[""] = np.sum(sums, axis=0)
    labels = np.array([*of.cuts.values(), LOWEST])
    return made, labels[np.sum([total < 100 * cut for cut in of.cuts], axis=0)]


# ---------------------------------------------------------------------------------------------- holding against


def compare(
    truth: Truth,
    points: Points,
    grades: Mapping[str, Sequence[str | None]],
    findings: Sequence[tuple[str, ...]] | None = None,
) -> Wrong:
    """How many exact points and grades are other than they should be; one that is not there is wrong.

    `findings` are the sorted names of those of each record, where the way gives any.
    """
    found = Wrong(cells=truth.cells)
    if findings is not None:
        found += _findings(truth, findings)
    for path, right in truth.points.items():
        wrong = sum(a != b for a, b in zip(right, points[path], strict=True))
        found += Wrong(totals=wrong) if path == "" else Wrong(points=wrong)
    for name, labels in truth.grades.items():
        found += Wrong(grades=sum(a != b for a, b in zip(labels, grades[name], strict=True)))
    return found


def _findings(truth: Truth, findings: Sequence[tuple[str, ...]], keep: Column | None = None) -> Wrong:
    wrong = np.array([a != b for a, b in zip(truth.findings, findings, strict=True)])
    wrong = wrong if keep is None else wrong[keep]
    return Wrong(cells=len(wrong), findings=int(wrong.sum()))


def compare_floats(
    truth: Truth,
    cells: Mapping[str, Column],
    names: Mapping[str, str],
    findings: Sequence[tuple[str, ...]] | None = None,
    keep: Column | None = None,
) -> Wrong:
    """How many of a hand-written way's floats and grades are wrong; `names` are its columns by path."""
    keep = np.ones(len(truth), dtype=bool) if keep is None else keep
    found = Wrong(cells=int(keep.sum()) * (len(truth.points) + len(truth.grades)))
    if findings is not None:
        found += _findings(truth, findings, keep)
    for path, right in truth.points.items():
        expected = np.array([np.nan if score is None else float(score) for score in right])
        got = np.asarray(cells[names[path]], dtype=float)
        off = np.where(np.isnan(expected) | np.isnan(got), np.isnan(expected) != np.isnan(got), False)
        off |= np.abs(got - expected) > SLIGHT
        wrong = int(off[keep].sum())
        found += Wrong(totals=wrong) if path == "" else Wrong(points=wrong)
    for name, labels in truth.grades.items():
        found += Wrong(
            grades=int((np.asarray(cells[name], dtype=object) != np.array(labels, dtype=object))[keep].sum())
        )
    return found


def easy(of: Layout, records: Records, truth: Truth) -> Column:
    """Which records floats have no excuse for: no tie, no edge, and a total that is on no cut and no half cent."""
    hard = np.any([ties(leaf, records) for leaf in of.leaves if leaf.kind in ("ratio", "bands")], axis=0)
    cuts = {Fraction(cut) for cut in of.cuts}
    for place, (total, raw) in enumerate(zip(truth.points[""], truth.raw, strict=True)):
        hard[place] |= total in cuts or raw is None or abs(raw * 100 % 1 - Fraction(1, 2)) < Fraction(SLIGHT)
    fair: Column = ~hard
    return fair


def compare_cents(of: Layout, records: Records, cents: Mapping[str, Column], grades: Any) -> Wrong:
    """Every record of the standard variant held against whole numbers worked out by hand; hundredths may be floats."""
    right, labels = in_cents(of, records)
    found = Wrong(cells=len(records) * (len(right) + 1))
    for path, expected in right.items():
        wrong = int((np.abs(np.asarray(cents[path]) - expected) > 100 * SLIGHT).sum())
        found += Wrong(totals=wrong) if path == "" else Wrong(points=wrong)
    return found + Wrong(grades=int((np.asarray(grades, dtype=object) != labels.astype(object)).sum()))
