"""Files scored in batches: what comes out is what is scored at once, however the file is cut and wherever work was stopped."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import perfrules as pr
from frame_schemes import GROUPS, PROJECTS, RECORDS, ROWS
from perfrules.cli.commands import perfrules
from perfrules.formats import read_records
from perfrules.formats.frames.scorer import Scorer
from perfrules.formats.streaming import run, score_file, whole
from perfrules.formats.streaming.lines import LinesFile
from perfrules.formats.streaming.sources import source_of
from perfrules.formats.streaming.work import Work

SCHEME = """
perfrules: 1
scheme: test.stream
title: 大文件
key: 编码
clause: 某办法
inputs:
  预算: {kind: number, unit: 万元, min: 0}
  执行: {kind: number, unit: 万元, min: 0}
  满意度: {kind: number, unit: "%", optional: true}
tree:
  id: 总分
  points: 100
  children:
    执行率: {points: 70, formula: "clip(执行 / 预算, 0, 1) * points", round: 2}
    满意: {points: 30, formula: "clip(满意度, 0, 1) * points", round: 2}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 60: 良, else: 差}}}
"""
STREAM = pr.loads(SCHEME)


def records(count: int = 500, *, mixed: bool = False) -> list[dict[str, Any]]:
    """Records with something wrong here and there: out of bounds, missing, an id twice, a line of totals."""
    draw = np.random.default_rng(7)
    made: list[dict[str, Any]] = []
    for number in range(count):
        budget = round(float(draw.uniform(1, 200)), 2)
        line: dict[str, Any] = {"编码": f"P-{number:05d}", "预算": budget, "执行": round(budget * float(draw.uniform(0.4, 1.1)), 2),
                                "满意度": round(float(draw.uniform(0.5, 1)), 4)}  # fmt: skip
        if number % 41 == 3:
            line["预算"] = -line["预算"]
        if number % 53 == 5:
            line["满意度"] = None
        if number % 67 == 9:
            line["编码"] = f"P-{(number * 3) % count:05d}"
        if number % 97 == 11:
            line["编码"] = None  # its place is its id, lines of totals not counted
            line["预算"] *= -1 if number > count // 2 else 1
        if number == count // 2:
            line["编码"] = "合计"
        if mixed and number % 29 == 1:
            line["满意度"] = 86.5
        made.append(line)
    return made


def parquet(path: Path, lines: list[dict[str, Any]], group: int = 100) -> Path:
    """The lines as a Parquet file of several row groups."""
    pl.DataFrame(lines).write_parquet(path, row_group_size=group)
    return path


def texts(path: Path, lines: list[dict[str, Any]]) -> Path:
    """The lines as a CSV file."""
    pl.DataFrame(lines).write_csv(path)
    return path


def read(path: Path) -> pl.DataFrame:
    """A file of scores."""
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)


def aside(path: Path) -> list[list[str]]:
    """A file of what was set aside, without its heading."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def at_once(source: Path, scheme: pr.Scheme = STREAM) -> tuple[dict[str, Any], list[list[str]]]:
    """What a file comes to when it is read whole: points and grades by id, and what is set aside."""
    batch = read_records(source, scheme)
    cards = [pr.score(scheme, record) for record in batch.records]
    scores = {c.record: (c.points, c.grade, [f"{f.name} {f.path}".strip() for f in c.findings]) for c in cards}
    lines = [
        [str(a.row), a.id, "; ".join(f"{f.name} {f.path}".strip() for f in a.findings),
         " ".join(f.message() for f in a.findings if f.severity == "error")]
        for a in batch.set_aside
    ]  # fmt: skip
    return scores, lines


def in_order(frame: pl.DataFrame, source: Path, scheme: pr.Scheme = STREAM) -> dict[str, Any]:
    """A frame of scores by id; a record without one is called by its place, as records are."""
    ids = iter(r.id for r in read_records(source, scheme).records)
    lines: Iterator[tuple[str, dict[str, Any]]] = zip(ids, frame.to_dicts(), strict=True)
    return {own: (line["points"], line["grade"], line["findings"]) for own, line in lines}


# ── the same as at once ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mixed", [False, True], ids=["", "mixed"])
@pytest.mark.parametrize("size", [None, 64, 100, 7])
def test_parquet_in_batches_is_what_it_is_at_once(tmp_path: Path, size: int | None, mixed: bool) -> None:
    """Whatever the batches: each line that stays has its points and findings, each that does not its reasons, in order."""
    source, target = parquet(tmp_path / "in.parquet", records(mixed=mixed)), tmp_path / "out.parquet"
    made = score_file(STREAM, source, target, batch=size)
    scores, left = at_once(source)
    assert in_order(read(target), source) == scores
    assert aside(made.set_aside) == left
    tally = made.tally
    assert (tally.lines, tally.scored, tally.set_aside, tally.passed_over) == (500, len(scores), len(left), 1)
    assert tally.lines == tally.scored + tally.set_aside + tally.passed_over
    assert bool(made.findings) is mixed
    assert {f.name for f in made.findings} <= {"mixed-magnitudes"}
    assert sum(tally.grades["等级"].values()) == tally.scored - tally.without_score
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["in.parquet", "out.parquet", "out.set-aside.csv"]


@pytest.mark.parametrize("size", [None, 4_000, 300])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_batches_is_what_it_is_at_once(tmp_path: Path, size: int | None, encoding: str) -> None:
    """The same of CSV, whatever its encoding, with titles above, blank lines, cells over several lines, odd quotes."""
    plain = texts(tmp_path / "plain.csv", records(120)).read_text("utf-8").split("\n")
    plain[0] += ",备注"
    odd = {20: '"P-1\n000",10,5,0.9,', 33: "", 34: ",,,,", 47: "P-X,10,1,234,0.9,x", 48: "P-Y,10", 60: '"P-Z","1,000",5,90%,"说 ""好"""',
           61: 'P-Q,10,5,0.9,5" 管', 62: "，合 计,1,1,1,", 63: ",,,,注：以上", 64: "Ｐ－０６４,１０,5,/,"}  # fmt: skip
    body = "一览表,,,\n" + "\n".join(odd.get(at, line + ("," if at and line else "")) for at, line in enumerate(plain))
    source, target = tmp_path / "in.csv", tmp_path / "out.parquet"
    source.write_bytes(body.replace("\n", "\r\n" if encoding == "gb18030" else "\n").encode(encoding))
    made = score_file(STREAM, source, target, batch=size)
    scores, left = at_once(source)
    assert in_order(read(target), source) == scores
    assert aside(made.set_aside) == left
    assert {"line-too-long", "duplicate-record-id", "out-of-bounds 预算"} <= {
        n for line in left for n in line[2].split("; ")
    }
    assert {f.name for f in made.findings} >= {"unknown-heading"}


@pytest.mark.parametrize("kind", ["in.parquet", "in.csv"])
def test_the_kinds_of_files_do_not_matter(tmp_path: Path, kind: str) -> None:
    """CSV out of Parquet and Parquet out of CSV say the same; text that looks like a formula is text."""
    lines = [{**line, "编码": f"={number}" if line["编码"] else None} for number, line in enumerate(records(60))]
    make = parquet if kind.endswith("parquet") else texts
    source = make(tmp_path / kind, lines)
    score_file(STREAM, source, tmp_path / "a.parquet")
    score_file(STREAM, source, tmp_path / "a.csv")
    columns, text = read(tmp_path / "a.parquet"), read(tmp_path / "a.csv")
    assert columns.columns == text.columns
    assert [v and f"'{v}" for v in columns["编码"]] == text["编码"].to_list()
    assert [None if v is None else str(v) for v in columns["points"]] == text["points"].to_list()
    assert ["; ".join(v) for v in columns["findings"]] == [v or "" for v in text["findings"]]


def test_lines_without_an_id_are_numbered(tmp_path: Path) -> None:
    """Where no column tells records apart their numbers do, so that they can be found when others were set aside."""
    lines = [{k: v for k, v in line.items() if k != "编码"} for line in records(100)]
    source = parquet(tmp_path / "in.parquet", lines)
    made = score_file(STREAM, source, tmp_path / "out.parquet", batch=30, nodes=["满意"])
    out = read(made.target)
    assert out.columns == ["编码", "满意", "grade", "findings"]
    assert out["编码"].to_list() == [r.number for r in read_records(source, STREAM).records]
    assert [int(line[0]) for line in aside(made.set_aside)] == [a.row for a in read_records(source, STREAM).set_aside]


def test_single_precision_and_odd_keys_stay_what_they_are(tmp_path: Path) -> None:
    """A float of single precision is its own shortest decimal on every way through; a key may be of any type."""
    frame = pl.DataFrame(records(40)).with_columns(
        pl.col("预算").cast(pl.Float32), 编码=pl.Series([[i] for i in range(40)])
    )
    frame.write_parquet(tmp_path / "list.parquet")
    made = score_file(STREAM, tmp_path / "list.parquet", tmp_path / "out.parquet")
    assert made.tally.set_aside == 40  # a list tells nothing apart
    frame = frame.with_columns(编码=pl.Series([i / 4 for i in range(40)]))
    frame.write_parquet(tmp_path / "float.parquet")
    made = score_file(STREAM, tmp_path / "float.parquet", tmp_path / "out.parquet")
    scores, left = at_once(tmp_path / "float.parquet")
    assert in_order(read(made.target), tmp_path / "float.parquet") == scores
    assert aside(made.set_aside) == left
    assert left


@pytest.mark.parametrize("name", ["in.parquet", "in.csv"])
def test_a_file_without_lines_has_columns(tmp_path: Path, name: str) -> None:
    """No lines: no scores, nothing set aside, and both files are there."""
    frame = pl.DataFrame(records(5)).head(0)
    source = tmp_path / name
    frame.write_parquet(source) if name.endswith("parquet") else frame.write_csv(source)
    made = score_file(STREAM, source, tmp_path / "out.parquet")
    assert made.tally.lines == 0
    assert read(made.target).columns == ["编码", "points", "执行率", "满意", "grade", "findings"]
    assert aside(made.set_aside) == []


def test_ids_are_compared_in_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more ids than are held at once the same ones are found twice, share by share."""
    source = parquet(tmp_path / "in.parquet", records())
    monkeypatch.setattr(whole, "HASHES", 60)
    made = score_file(STREAM, source, tmp_path / "out.parquet", batch=64)
    assert aside(made.set_aside) == at_once(source)[1]


def test_equal_hashes_are_not_equal_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first hash cannot tell ids apart the second does."""
    source = parquet(tmp_path / "in.parquet", records())
    real = whole.hash_of

    def poor(ids: pl.Series, seed: int) -> Any:
        return real(ids, seed) % np.uint64(7) if seed == 0 else real(ids, seed)

    monkeypatch.setattr(whole, "hash_of", poor)
    made = score_file(STREAM, source, tmp_path / "out.parquet", batch=64)
    assert aside(made.set_aside) == at_once(source)[1]


def test_decimals_are_short_where_the_scheme_says_so(tmp_path: Path) -> None:
    """A score that cannot have more than 18 digits, whatever the record, is written so; any other keeps room for 38."""
    loose = pr.loads(SCHEME.replace('"clip(执行 / 预算, 0, 1) * points"', '"执行 / 预算 * points"'))
    lines = [
        {"编码": "A", "预算": 0.01, "执行": 9.87e14, "满意度": 1.0},
        {"编码": "B", "预算": 1.0, "执行": 0.5, "满意度": 1.0},
    ]
    source = parquet(tmp_path / "in.parquet", lines)
    kinds = {}
    for scheme in (STREAM, loose):
        made = score_file(scheme, source, tmp_path / "out.parquet")
        kinds[scheme] = read(made.target).schema["执行率"]
        assert in_order(read(made.target), source, scheme) == at_once(source, scheme)[0]
    assert kinds == {STREAM: pl.Decimal(18, 2), loose: pl.Decimal(38, 2)}


# ── bounded memory ────────────────────────────────────────────────────────────────────────────────


def test_no_more_than_a_few_batches_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No frame is larger than a batch, whatever the row groups, and never more than four are there at once."""
    import gc

    heights: list[int] = []
    alive: list[int] = []
    part = Scorer.part

    def watched(self: Scorer, frame: pl.DataFrame, rows: Any) -> pl.DataFrame:
        heights.append(frame.height)
        gc.collect()
        alive.append(sum(1 for o in gc.get_objects() if isinstance(o, run.Batch) and o.frame.height == 50))
        return part(self, frame, rows)

    monkeypatch.setattr(Scorer, "part", watched)
    score_file(STREAM, parquet(tmp_path / "in.parquet", records(), group=500), tmp_path / "out.parquet", batch=50)
    assert max(heights) == 50
    assert len(heights) >= 10
    monkeypatch.undo()
    text = texts(tmp_path / "in.csv", records())
    blocks = list(source_of(text, STREAM, size=2_000).batches())
    assert len(blocks) == pytest.approx(text.stat().st_size / 2_000, abs=2)
    assert isinstance(source_of(text, STREAM), LinesFile)


# ── stopped and taken up again ────────────────────────────────────────────────────────────────────


class Stopped(BaseException):
    """An interruption such as nobody catches."""


def _stopped_after(monkeypatch: pytest.MonkeyPatch, batches: int, *, torn: bool = False) -> None:
    """Work stops after so many batches are noted; `torn`: when one more is half written."""
    note = Work.note

    def stopping(self: Work, scores: Any, aside: int, tally: Any) -> None:
        if self.batches == batches and torn:
            raise Stopped
        note(self, scores, aside, tally)
        if self.batches == batches and not torn:
            raise Stopped

    monkeypatch.setattr(Work, "note", stopping)


@pytest.mark.parametrize("torn", [False, True], ids=["between", "torn"])
@pytest.mark.parametrize("after", [1, 3, 6])
@pytest.mark.parametrize(
    ("name", "target"), [("in.parquet", "out.parquet"), ("in.csv", "out.parquet"), ("in.parquet", "out.csv")]
)
def test_work_is_taken_up_where_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, target: str, after: int, torn: bool
) -> None:
    """Stopped after any batch, or within one, and called again: no line is lost or doubled, and nothing was there before."""
    source = (parquet if name.endswith("parquet") else texts)(tmp_path / name, records())
    size = 60 if name.endswith("parquet") else 2_000
    calm = tmp_path / "calm"
    calm.mkdir()
    want = score_file(STREAM, source, calm / target, batch=size)
    _stopped_after(monkeypatch, after, torn=torn)
    with pytest.raises(Stopped):
        score_file(STREAM, source, tmp_path / target, batch=size)
    assert not (tmp_path / target).exists()
    assert not (tmp_path / "out.set-aside.csv").exists()
    monkeypatch.undo()
    seen: list[tuple[int, int | None]] = []
    made = score_file(STREAM, source, tmp_path / target, batch=size, progress=lambda *told: seen.append(told))
    assert made.resumed == seen[0][0] > 0
    assert made.tally == want.tally
    assert made.target.read_bytes() == want.target.read_bytes()
    assert made.set_aside.read_bytes() == want.set_aside.read_bytes()
    assert not (tmp_path / f".{target}.perfrules").exists()


def test_other_work_is_not_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file, the scheme or an option is another, the finding says which; begun anew, it is done."""
    source, target = parquet(tmp_path / "in.parquet", records()), tmp_path / "out.parquet"
    _stopped_after(monkeypatch, 2)
    with pytest.raises(Stopped):
        score_file(STREAM, source, target, batch=60)
    monkeypatch.undo()
    stricter = pr.loads(SCHEME.replace("90: 优", "91: 优"))
    for what, scheme, given in (
        ("scheme", stricter, {}),
        ("options", STREAM, {"nodes": [""]}),
        ("source", STREAM, {"batch": 61}),
    ):
        with pytest.raises(pr.RecordError) as caught:
            score_file(scheme, source, target, **{"batch": 60, **given})
        (found,) = caught.value.findings
        assert (found.name, found.seen["what"]) == ("unfinished-work-differs", what)
    parquet(source, records(400))
    with pytest.raises(pr.RecordError, match="unfinished-work-differs"):
        score_file(STREAM, source, target, batch=60)
    made = score_file(STREAM, source, target, batch=60, restart=True)
    assert made.tally.lines == 400
    assert made.resumed == 0
    assert in_order(read(target), source) == at_once(source)[0]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """While one run writes a target another is refused."""
    source, target = parquet(tmp_path / "in.parquet", records(20)), tmp_path / "out.parquet"
    held = Work.opened(target, {}, restart=False)
    with pytest.raises(pr.RecordError, match="output-in-work"):
        score_file(STREAM, source, target)
    held.close()
    assert score_file(STREAM, source, target).tally.lines == 20


def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    """The command stopped by SIGINT says how to go on, exits with 130, leaves no result; run again, it ends as if never stopped."""
    scheme, source = tmp_path / "scheme.yaml", parquet(tmp_path / "in.parquet", records(3000))
    scheme.write_text(SCHEME, "utf-8")
    slow = (
        "import sys, time, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from perfrules.formats.frames.scorer import Scorer\n"
        "from perfrules.formats.streaming import sources\n"
        "from perfrules.cli import main\n"
        "part = Scorer.part\n"
        "def slowly(self, frame, rows):\n"
        "    if frame.height: time.sleep(0.2)\n"
        "    return part(self, frame, rows)\n"
        "Scorer.part = slowly\n"
        "sources.BATCH_ROWS = 1024\n"
        "main()\n"
    )
    command = [
        sys.executable,
        "-c",
        slow,
        "score",
        str(scheme),
        str(source),
        "-o",
        str(tmp_path / "out.parquet"),
        "--lang",
        "en",
    ]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    manifest = tmp_path / ".out.parquet.perfrules" / "manifest.json"
    until = time.monotonic() + 60
    while not manifest.exists() and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130, told
    assert "Run the same command again" in told
    assert not (tmp_path / "out.parquet").exists()
    left = json.loads(manifest.read_text("utf-8"))
    assert 0 < left["tally"]["lines"] < 3000
    again = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)
    count = json.loads(again.stdout)["count"]
    assert count["resumed"] == left["tally"]["lines"]
    assert in_order(read(tmp_path / "out.parquet"), source) == at_once(source)[0]


# ── what cannot be done ───────────────────────────────────────────────────────────────────────────


def _refused(name: str, *args: Any, **given: Any) -> pr.Finding:
    with pytest.raises(pr.RecordError) as caught:
        score_file(*args, **given)
    found = caught.value.findings[0]
    assert found.name == name
    assert found.mend("en")
    return found


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    """Whatever keeps a file from being scored is a finding, before anything is written."""
    source = parquet(tmp_path / "in.parquet", records(20))
    out = tmp_path / "out.parquet"
    _refused("file-not-found", STREAM, tmp_path / "no.parquet", out)
    _refused("unknown-file-type", STREAM, tmp_path / "in.xlsx", out)
    _refused("unknown-file-type", STREAM, source, tmp_path / "out.xlsx")
    _refused("output-over-input", STREAM, source, source)
    _refused("output-over-input", STREAM, source, tmp_path / "o.csv", set_aside=tmp_path / "o.csv")
    _refused("file-not-writable", STREAM, source, tmp_path / "nowhere" / "out.parquet")
    broken = tmp_path / "broken.parquet"
    for data in (b"", b"PAR1", source.read_bytes()[:-9], b"\0" * 100):
        broken.write_bytes(data)
        _refused("broken-parquet", STREAM, broken, out)
    pl.DataFrame({"别的": [1]}).write_parquet(broken)
    _refused("no-heading-line", STREAM, broken, out)
    text = tmp_path / "in.csv"
    text.write_text('编码,预算,执行\nA,"1,2\n', "utf-8")
    _refused("broken-csv", STREAM, text, out)
    text.write_bytes("编码,预算,执行\n".encode() + b"A,1,\xff\xff\n")
    _refused("unknown-encoding", STREAM, text, out)
    text.write_text("编码,预算,执行（公里）\nA,1,2\n", "utf-8")
    _refused("wrong-unit-in-heading", STREAM, text, out)
    assert not out.exists()


def test_a_damaged_file_is_told_and_nothing_is_delivered(tmp_path: Path) -> None:
    """A Parquet file that breaks off in the middle ends the run with its row, and no result."""
    source = parquet(tmp_path / "in.parquet", records(), group=100)
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = b"\xff" * 200
    source.write_bytes(bytes(data))
    _refused("broken-parquet", STREAM, source, tmp_path / "out.parquet", batch=50)
    assert not (tmp_path / "out.parquet").exists()


def test_forms_and_benchmarks_need_more_than_a_batch(tmp_path: Path) -> None:
    """Lines that are rows, cells that hold rows, and benchmarks that are not frozen yet are refused with a way out."""
    rows = tmp_path / "rows.parquet"
    pl.DataFrame(ROWS).write_parquet(rows)
    _refused("rows-not-in-batches", GROUPS, rows, tmp_path / "out.parquet")
    pl.DataFrame(
        [{"项目编号": "A", "预算": 1.0, "执行": 1.0, "指标": [{"名称": "x", "分值": 60, "完成": 0.5}]}]
    ).write_parquet(rows)
    _refused("rows-not-in-batches", GROUPS, rows, tmp_path / "out.parquet")
    (record,) = read_records(rows, GROUPS).records
    assert pr.score(GROUPS, record).points == 70
    cohort = pr.loads(
        SCHEME.replace("tree:", "benchmarks:\n  平均执行: {mean: 执行, over: cohort}\ntree:").replace(
            "执行 / 预算", "执行 / 平均执行"
        )
    )
    source = parquet(tmp_path / "in.parquet", records(30))
    _refused("benchmarks-not-frozen", cohort, source, tmp_path / "out.parquet")
    frozen = pr.freeze(cohort, read_records(source, cohort).records)
    made = score_file(cohort, source, tmp_path / "out.parquet", benchmarks=frozen)
    cards = [pr.score(cohort, r, benchmarks=frozen) for r in read_records(source, cohort).records]
    assert read(made.target)["points"].to_list() == [c.points for c in cards]


# ── the command line, and Parquet as a kind of file ───────────────────────────────────────────────


def _command(*args: object) -> Any:
    return CliRunner().invoke(perfrules, [str(a) for a in args])


def test_the_command_counts_and_says_where(tmp_path: Path) -> None:
    """Text for people and JSON for programs; both add up, and what was set aside fails."""
    scheme, source = tmp_path / "scheme.yaml", parquet(tmp_path / "in.parquet", records(200))
    scheme.write_text(SCHEME, "utf-8")
    told = _command(
        "score", scheme, source, "-o", tmp_path / "out.csv", "--set-aside", tmp_path / "left.csv", "--lang", "en"
    )
    assert told.exit_code == 1
    count = score_file(STREAM, source, tmp_path / "again.parquet").tally
    assert (
        f"200 lines: {count.scored - count.without_score} with a score, {count.without_score} without, "
        f"{count.set_aside} set aside, 1 of totals." in told.stdout
    )
    assert f"set aside in {tmp_path / 'left.csv'}" in told.stdout
    assert len(aside(tmp_path / "left.csv")) == count.set_aside
    made = json.loads(_command("score", scheme, source, "-o", tmp_path / "out.parquet", "--format", "json").stdout)
    numbers = made["count"]
    assert numbers["lines"] == numbers["scorecards"] + numbers["set_aside"] + numbers["passed_over"] == 200
    for option in (("--rulings", source), ("--save-benchmarks", source), ("--findings",)):
        assert _command("score", scheme, source, "-o", tmp_path / "out.parquet", *option).exit_code == 2
    assert _command("score", scheme, source, "--restart").exit_code == 2


def test_sound_files_exit_with_nothing(tmp_path: Path) -> None:
    """A file with nothing wrong in it is fine, and the second file has its heading only."""
    source = texts(tmp_path / "in.csv", records(50)[:3])
    (tmp_path / "scheme.yaml").write_text(SCHEME, "utf-8")
    told = _command("score", tmp_path / "scheme.yaml", source, "-o", tmp_path / "out.parquet")
    assert told.exit_code == 0, told.output
    assert "搁置的在" not in told.stdout
    assert aside(tmp_path / "out.set-aside.csv") == []


def test_small_parquet_is_a_kind_of_file_like_others(tmp_path: Path) -> None:
    """Records of Parquet are those of mappings, and a table that is too large says what to do."""
    pl.DataFrame(RECORDS).write_parquet(tmp_path / "in.parquet")
    batch = read_records(tmp_path / "in.parquet", PROJECTS)
    assert [(r.id, {n: c.value for n, c in r.cells.items()}) for r in batch.records] == [
        (r.id, {n: c.value for n, c in r.cells.items()}) for r in pr_records(RECORDS)
    ]
    assert str(batch.set_aside[0].findings[0].where).endswith("in.parquet:5:2")
    (tmp_path / "scheme.yaml").write_text(SCHEME, "utf-8")
    parquet(tmp_path / "small.parquet", records(10))
    assert "共 9 条记录" in _command("score", tmp_path / "scheme.yaml", tmp_path / "small.parquet").stdout
    large = tmp_path / "large.parquet"
    pl.DataFrame({"编码": np.arange(1_048_577), "预算": 1.0, "执行": 1.0}).write_parquet(large)
    told = _command("score", tmp_path / "scheme.yaml", large, "--lang", "en")
    assert told.exit_code == 1
    assert "parquet-too-large" in told.stderr
    assert "-o scores.parquet" in told.stderr


def pr_records(lines: list[dict[str, Any]]) -> Any:
    """The records that mappings come to."""
    from perfrules.records import records_from_mappings

    return records_from_mappings(PROJECTS, lines).records


def test_scoring_a_file_brings_no_pandas_in(tmp_path: Path) -> None:
    """Where it is installed, as it is here: pyarrow imports pandas for some of its calls, which takes longer than everything else before the first batch."""
    source, scheme = tmp_path / "given.parquet", tmp_path / "scheme.yaml"
    pl.DataFrame(records(50)).write_parquet(source)
    scheme.write_text(SCHEME, encoding="utf-8")
    code = (
        "import sys, perfrules as pr; from perfrules.formats.streaming import score_file; "
        "score_file(pr.load(sys.argv[1]), sys.argv[2], sys.argv[3]); print('pandas' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(scheme), str(source), str(tmp_path / "made.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
