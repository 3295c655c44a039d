"""A file scored batch by batch: one is read, one scored and one written at the same time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from perfrules import scoring
from perfrules.checking.forecast import Forecast
from perfrules.findings import Finding, Language, RecordError
from perfrules.formats.frames.scorer import Scorer, require
from perfrules.formats.streaming.growing import SHORT, Growing, GrowingCsv, GrowingParquet, GrowingTable, Tail
from perfrules.formats.streaming.sources import Batch, Source, names_of, source_of
from perfrules.formats.streaming.whole import Whole
from perfrules.formats.streaming.work import Tally, Work
from perfrules.formats.tables import Line, refused
from perfrules.model import Frozen, Record, Scheme
from perfrules.ranges import Numbers
from perfrules.records import Headings, Raw, is_total, read_apart

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[int, int | None], None]
"""Told of lines: how many are done, of how many."""


@frozen
class FileScores:
    """What scoring a file in batches came to: `tally` adds up to its lines; `resumed` lines were done at an earlier start."""

    target: Path
    set_aside: Path
    tally: Tally
    findings: tuple[Finding, ...]
    resumed: int = 0


def score_file(
    scheme: Scheme, source: str | Path, target: str | Path, *, set_aside: str | Path | None = None,
    benchmarks: Mapping[str, Frozen] | None = None, stage: str = "", nodes: Sequence[str] | None = None,
    restart: bool = False, lang: Language = "zh", progress: Progress | None = None, batch: int | None = None,
) -> FileScores:  # fmt: skip
    """Score a Parquet or CSV file of any size into another, in bounded memory; what is set aside goes into a second one.

    The target has the columns of `score_frame`, a line for each record that could be read; the second file (beside it, with
    `.set-aside.csv` in place of its suffix) line, id and reasons of each that could not. Both are written whole or not at
    all. Work that was stopped is taken up by the same call again, `restart` begins anew. `batch` is how many rows of
    Parquet, or bytes of CSV, are read at once. Raises RecordError. Needs the extra `frames`.
    """
    scoring.must_be_scheme(scheme)
    source, target = Path(source), Path(target)
    aside = target.with_suffix(".set-aside.csv") if set_aside is None else Path(set_aside)
    _check_paths(source, target, aside)
    if scheme.benchmarks and benchmarks is None:
        raise RecordError([Finding("benchmarks-not-frozen", None, scheme.id, {"names": "、".join(scheme.benchmarks)})])
    every = None if nodes is None else list(dict.fromkeys(["", *nodes]))
    scorer = require(lambda: Scorer.of(scheme, benchmarks=benchmarks, stage=stage, nodes=every))
    opened = source_of(source, scheme, size=batch)
    wrong = [f for f in opened.wide.findings if f.severity == "error"]
    if wrong:  # a column that is not read would cost millions of lines their scores
        raise RecordError(wrong)
    frozen = repr(sorted((name, sorted(each.values.items())) for name, each in (benchmarks or {}).items()))
    of = {
        "source": opened.fingerprint(),
        "scheme": scheme.digest,
        "benchmarks": hashlib.sha256(frozen.encode()).hexdigest(),
        "options": repr((stage, nodes if nodes is None else list(nodes), lang)),
        "version": version("perfrules"),
    }
    try:
        work = Work.opened(target, of, restart=restart)
    except OSError as problem:
        raise refused("file-not-writable", target, why=problem.strerror or "") from None
    try:
        return _Run.made(scorer, opened, work, target, lang, nodes is None or "" in nodes).through(
            target, aside, progress
        )
    except OSError as problem:
        raise refused("file-not-writable", target, why=problem.strerror or "") from None
    finally:
        work.close()


def _check_paths(source: Path, target: Path, aside: Path) -> None:
    from perfrules.formats.streaming import SOURCES, TARGETS

    for path, kinds in ((source, SOURCES), (target, TARGETS), (aside, (".csv",))):
        if path.suffix.lower() not in kinds:
            raise refused("unknown-file-type", path, kinds=" ".join(kinds))
    for path in (target, aside):
        if path.resolve() == source.resolve():
            raise refused("output-over-input", path)
    if target.resolve() == aside.resolve():
        raise refused("output-over-input", aside)


@frozen
class _Done:
    """A batch, scored: the lines that stay, those that are set aside, and what it adds to the tally."""

    frame: pl.DataFrame
    aside: list[list[str]]
    tally: Tally


@frozen
class _Run:
    scorer: Scorer
    source: Source
    work: Work
    whole: Whole
    out: Growing
    aside: GrowingTable
    lang: Language
    with_root: bool

    @classmethod
    def made(cls, scorer: Scorer, source: Source, work: Work, target: Path, lang: Language, with_root: bool) -> _Run:
        kind = GrowingParquet if target.suffix.lower() == ".parquet" else GrowingCsv
        whole = Whole.of(scorer.scheme, source)
        aside = GrowingTable(Tail(work.folder / "aside", work.aside))
        out = kind.at(work.folder, work.scores, short_columns(scorer))
        return cls(scorer, source, work, whole, out, aside, lang, with_root)

    @property
    def scheme(self) -> Scheme:
        return self.scorer.scheme

    def through(self, target: Path, aside: Path, progress: Progress | None) -> FileScores:
        """Do what is left to do, and put the results in their places."""
        resumed = self.work.tally.lines
        if not self.work.batches:
            self.aside.append(
                [["行", "编号", "问题", "说明"] if self.lang == "zh" else ["line", "record", "findings", "reasons"]]
            )
        tell = progress or (lambda done, count: None)
        tell(resumed, self.whole.count)
        with ThreadPoolExecutor(1, "reading") as reader, ThreadPoolExecutor(1, "writing") as writer:
            written: Future[None] | None = None
            totals = self.work.tally.passed_over
            done = resumed
            for batch in _ahead(self.source.batches(after=self.work.batches), reader):
                scored = self.scored(batch, totals)
                totals += scored.tally.passed_over
                done += batch.frame.height
                if written is not None:
                    written.result()
                written = writer.submit(self.write, scored)
                tell(done, self.whole.count)
            if written is not None:
                written.result()
        if not self.work.batches:
            self.write(self.nothing())
        self.out.finish()
        self.work.deliver(target, aside)
        return FileScores(target, aside, self.work.tally, (*self.about(), *self.whole.findings), resumed)

    def write(self, done: _Done) -> None:
        """Write a batch, then note that it is there: what is written and not noted is written over."""
        self.out.append(done.frame)
        self.aside.append(done.aside)
        self.work.note(dict(self.out.state), self.aside.text.length, added(self.work.tally, done.tally))

    def about(self) -> list[Finding]:
        """What is found of the whole file's columns."""
        wanting = {
            name for name, input in self.scheme.inputs.items() if not input.optional
        } - self.source.wide.brought()
        labels = [input.label for name, input in self.scheme.inputs.items() if name in wanting]
        missing = [Finding("missing-column", None, "", {"column": "、".join(labels)})] if labels else []
        return [*self.source.wide.findings, *missing]

    # ------------------------------------------------------------------------------------------ one batch

    def scored(self, batch: Batch, totals: int) -> _Done:
        """A batch's scores; `totals` lines before it were lines of totals."""
        import numpy as np
        import polars as pl

        out = self.scorer.part(batch.frame, {})
        out = self._keyed(out, batch)
        root = out.columns[1]
        lost, aside, passed, told = self._judged(batch, self._suspects(batch, out, root), totals)
        if told:
            found = out["findings"].to_list()
            for at, texts in told.items():
                found[at] = [*texts, *found[at]]
            out = out.with_columns(pl.Series("findings", found, pl.List(pl.String)))
        if lost:
            stay = np.ones(out.height, bool)
            stay[lost] = False
            out = out.filter(pl.Series(stay))
        tally = Tally(batch.frame.height, out.height, out[root].null_count(), len(aside), passed)
        for scale, name in zip(self.scheme.grades, self._scales(out.columns), strict=True):
            tally.grades[scale] = Counter(dict(out[name].drop_nulls().value_counts().iter_rows()))
        names = out["findings"].explode().drop_nulls().str.extract(r"^(\S+)")
        tally.findings.update(dict(names.value_counts().iter_rows()))
        if not self.with_root:
            out = out.drop([n for n in out.columns[1:3] if n.split(": ")[0] == root.split(": ")[0]])
        return _Done(out, aside, tally)

    def nothing(self) -> _Done:
        """What a file without lines comes to."""
        import numpy as np
        import polars as pl

        names = [names_of(self.source.wide)[place] for place in self.source.wide.places]
        frame = pl.DataFrame(schema=dict.fromkeys(names, pl.String()))
        return self.scored(Batch(0, 0, frame, np.zeros(0, np.int64)), 0)

    def _keyed(self, out: pl.DataFrame, batch: Batch) -> pl.DataFrame:
        """The scores with a first column that tells records apart: their places where the file has none."""
        import numpy as np
        import polars as pl

        if self.source.wide.key is None:
            places = pl.Series(
                Headings(self.scheme).id_heading, np.arange(batch.first + 1, batch.first + 1 + out.height)
            )
            return out.insert_column(0, places)
        key = out.columns[0]
        if out.schema[key].is_nested() or out.schema[key] in (pl.Object, pl.Binary):
            texts = [Raw(raw).text for raw in out[key].to_list()]
            return out.with_columns(pl.Series(key, texts, pl.String))
        return out

    def _scales(self, columns: Sequence[str]) -> list[str]:
        """The columns of the scheme's grade scales: the first of those between nodes and findings."""
        chosen = self.scorer.nodes
        plan = scoring.plan(self.scheme)
        own = sum(bool(n.score and n.grade) for n in plan.nodes if chosen is None or n.node.path in chosen)
        first = len(columns) - 1 - own - len(plan.grades)
        return list(columns[first : first + len(plan.grades)])

    def _suspects(self, batch: Batch, out: pl.DataFrame, root: str) -> list[int]:
        """The places of lines that may have to be set aside: all that have to, and a few more."""
        places = set((out[root].is_null() & (out["findings"].list.len() > 0)).arg_true().to_list())
        places |= batch.wrong.keys()
        if self.whole.twice is not None:
            places |= set(self.whole.twice.among(batch.lines).tolist())
        places |= set(self.whole.in_doubt(self.source, batch).tolist())
        stages = self._stages(batch)
        if self.scorer.stage and stages is not None:
            places |= set((stages.is_not_null() & (stages != self.scorer.stage)).arg_true().to_list())
        return sorted(places)

    def _stages(self, batch: Batch) -> pl.Series | None:
        meaning = self.source.wide.columns.meaning
        names = names_of(self.source.wide)
        return next((batch.frame[names[p]] for p in self.source.wide.places if meaning[p][0].role == "stage"), None)

    def _judged(
        self, batch: Batch, suspects: Sequence[int], totals: int
    ) -> tuple[list[int], list[list[str]], int, dict[int, list[str]]]:
        """Of suspects: the places that do not stay, the lines set aside, how many are totals, and what is told of the rest."""
        wide = self.source.wide
        lost: list[int] = []
        aside: list[list[str]] = []
        told: dict[int, list[str]] = {}
        passed = 0
        for at in suspects:
            line = self._line(batch, at)
            entry = evolve(wide.entry(line), findings=tuple(batch.wrong.get(at, ())))
            if entry.id is not None and is_total(entry.id):
                passed += 1
                lost.append(at)
                continue
            place = batch.first + at + 1 - totals - passed
            (record,) = read_apart(self.scheme, [(place, entry)], self._unbrought)
            found = [*record.findings, *self._over_all(record, line.number)]
            if any(f.severity == "error" for f in found):
                lost.append(at)
                reasons = " ".join(f.message(self.lang) for f in found if f.severity == "error")
                names = "; ".join(f"{f.name} {f.path}".strip() for f in found)
                aside.append([str(line.number), record.id, names, reasons])
            elif at in batch.wrong:
                told[at] = [f"{f.name} {f.path}".strip() for f in batch.wrong[at]]
        return lost, aside, passed, told

    def _over_all(self, record: Record, line: int) -> Iterator[Finding]:
        """What is found of a record beside all others."""
        import numpy as np

        if self.whole.twice is not None and len(self.whole.twice.among(np.array([line]))):
            yield Finding(
                "duplicate-record-id", record.where, "", {"id": record.id, "lines": self.whole.twice.beside(line)}
            )
        yield from self.whole.doubts(record)
        wanted = self.scorer.stage
        if wanted and record.stage not in ("", wanted):
            yield Finding("another-stage", record.where, "", {"stage": record.stage, "wanted": wanted})

    @property
    def _unbrought(self) -> frozenset[tuple[str, str]]:
        absent = {name for name, input in self.scheme.inputs.items() if not input.optional}
        return frozenset(("", name) for name in absent - self.source.wide.brought())

    def _line(self, batch: Batch, at: int) -> Line:
        """A line as it is read one by one."""
        import numpy as np
        import polars as pl

        wide = self.source.wide
        names = names_of(wide)
        values: list[Any] = [None] * len(names)
        for place in wide.places:
            cells = batch.frame[names[place]]
            value = cells[at]
            values[place] = np.float32(value) if cells.dtype == pl.Float32 and value is not None else value
        return Line(int(batch.lines[at]), values)


def short_columns(scorer: Scorer) -> frozenset[str]:
    """The columns of nodes whose scores have no more than 18 digits, whatever the record, by the ranges of the scheme."""
    import polars as pl

    plan, layout = scoring.plan(scorer.scheme), scorer.layout([])
    forecast = Forecast(plan)
    found: set[str] = set()
    for planned in plan.nodes:
        column = planned.node.path or "points"
        kind = layout.get(column)
        if planned.score and isinstance(kind, pl.Decimal):
            match forecast.read(planned.score).range:
                case Numbers(low=Fraction() as low, high=Fraction() as high):
                    found |= {column} if max(abs(low), abs(high)) < 10 ** (SHORT - kind.scale) else set()
                case _:
                    pass
    return frozenset(found)


def added(tally: Tally, more: Tally) -> Tally:
    """Two tallies as one."""
    grades = {name: tally.grades.get(name, Counter()) + counts for name, counts in more.grades.items()}
    return Tally(
        tally.lines + more.lines,
        tally.scored + more.scored,
        tally.without_score + more.without_score,
        tally.set_aside + more.set_aside,
        tally.passed_over + more.passed_over,
        grades,
        tally.findings + more.findings,
    )


def _ahead(batches: Iterator[Batch], reader: ThreadPoolExecutor) -> Iterator[Batch]:
    """Batches, the next one read while one is worked on."""
    coming = reader.submit(next, batches, None)
    while (batch := coming.result()) is not None:
        coming = reader.submit(next, batches, None)
        yield batch
