"""What scores frames anywhere: a scheme as one text and what goes with it, to be carried to workers that have no plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from perfrules import assembling, scoring, verbs
from perfrules.findings import Finding, RecordError, nearest
from perfrules.model import Frozen, Scheme
from perfrules.records import Headings, records_from_mappings
from perfrules.records.headings import Heading

if TYPE_CHECKING:
    import polars as pl

Made = TypeVar("Made")


def require(make: Callable[[], Made]) -> Made:
    """What is made with the libraries of the extra `frames`. Raises RecordError where one of them is not installed."""
    try:
        return make()
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in ("polars", "pyarrow", "narwhals", "numpy"):
            raise
        raise RecordError([Finding("frames-not-installed", None, "", {"library": problem.name or ""})]) from None


@frozen
class Scorer:
    """A scheme with benchmarks, stage and nodes: the same scores wherever it is called.

    It is pickled as the scheme's resolved text, which loads where no plugin is installed.
    """

    scheme: Scheme
    benchmarks: Mapping[str, Frozen] | None = None
    stage: str = ""
    nodes: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls, scheme: Scheme, *, benchmarks: Mapping[str, Frozen] | None = None, stage: str = "",
        nodes: Sequence[str] | None = None,
    ) -> Scorer:  # fmt: skip
        """The scorer of a scheme. Raises RecordError where the scheme has no such stage, KeyError for a path it lacks."""
        scoring.must_be_scheme(scheme)
        for path in nodes or ():
            if path not in (known := [n.path for n in scheme.tree.walk() if n.points is not None]):
                near = nearest(path, known)
                raise KeyError(f"{scheme.id} scores no node {path!r}" + (f"; the nearest is {near!r}" if near else ""))
        made = cls(scheme, benchmarks and dict(benchmarks), stage, None if nodes is None else tuple(nodes))
        made.whole(_blank([]), {})  # what is wrong shows here, and not on some worker
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (self.scheme.resolved(), self.benchmarks, self.stage, self.nodes)

    def whole(self, frame: pl.DataFrame, rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """The scores of a whole frame, its lines compared: ids that stand twice, fractions beside percentages."""
        return self._scored(frame, rows, apart=False)

    def part(self, frame: pl.DataFrame, rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """The scores of a part of a frame: every line by itself, whatever else is in the part."""
        return self._scored(frame, rows, apart=True)

    def _scored(self, frame: pl.DataFrame, rows: Mapping[str, pl.DataFrame], *, apart: bool) -> pl.DataFrame:
        return verbs.score_columns(
            self.scheme, frame, rows=rows, benchmarks=self.benchmarks, stage=self.stage, nodes=self.nodes, apart=apart
        )

    def layout(self, names: Sequence[str]) -> pl.Schema:
        """The columns that come out of a frame with these; the key as text."""
        return self.part(_blank(names), {}).schema

    def key(self, names: Sequence[str], kind: str = "") -> str | None:
        """The column that tells records apart, in a frame of records or of rows of a kind."""
        return key_column(self.scheme, names, kind)

    def about(self, names: Sequence[str]) -> list[Finding]:
        """What is found of the columns of a whole frame: what is wanting, what stands twice, what may be misspelt.

        A column that is like nothing the scheme wants is no finding: frames carry more than a scheme reads. Raises
        RecordError where a column contradicts the scheme.
        """
        blank: dict[str, object] = dict.fromkeys(names)
        found = records_from_mappings(self.scheme, [blank, blank]).findings
        wrong = [f for f in found if f.severity == "error"]
        if wrong:
            raise RecordError(wrong)
        return [f for f in found if f.name != "unknown-heading" or f.nearest]


def _unpacked(
    resolved: str, benchmarks: Mapping[str, Frozen] | None, stage: str, nodes: tuple[str, ...] | None
) -> Scorer:
    return Scorer(_loaded(resolved), benchmarks, stage, nodes)


@lru_cache(maxsize=8)  # a worker gets one scorer for every part
def _loaded(resolved: str) -> Scheme:
    return assembling.loads(resolved)


def _blank(names: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=dict.fromkeys(names, pl.String()))


def key_column(scheme: Scheme, names: Sequence[str], kind: str = "") -> str | None:
    """The column that tells records apart: of several the scheme's own key, else the first."""
    headings = Headings(scheme)
    found: list[tuple[str, Heading]] = []
    for name in names:
        if kind and headings.of_row(name, kind) is not None:
            continue
        heading = headings.of_record(name)
        if heading is not None and heading.role == "id":
            found.append((name, heading))
    return min(found, key=lambda pair: pair[1].name != scheme.key, default=(None, None))[0]


def told_apart(names: Sequence[object]) -> list[str]:
    """Headings as texts of which no two are the same: what stands twice gets blanks at its end, which headings pass over."""
    made: list[str] = []
    seen: set[str] = set()
    for name in names:
        text = name if isinstance(name, str) else str(name)
        while text in seen:
            text += " "
        seen.add(text)
        made.append(text)
    return made


def kinds_of(scheme: Scheme, rows: object) -> dict[str, object]:
    """Frames of rows by their kind; a frame alone is of the only kind that there is. Raises RecordError."""
    if rows is None:
        return {}
    kinds = list(scheme.rows)
    if isinstance(rows, Mapping):
        for kind in rows:
            if kind not in scheme.rows:
                raise RecordError([_which_kind(kinds)])
        return dict(rows)
    if len(kinds) != 1:
        raise RecordError([_which_kind(kinds)])
    return {kinds[0]: rows}


def _which_kind(kinds: Sequence[str]) -> Finding:
    return Finding("rows-of-which-kind", None, "rows", {"kinds": "、".join(kinds) or "—"})
