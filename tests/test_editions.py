"""Files of records: by the edition of each record's period, at their stage, by plugins' forms; and their ids."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import perfrules as pr
from perfrules import editions, plugins, supplying
from perfrules.cli.commands import perfrules as commands
from perfrules.formats import read_editions, read_records
from perfrules.hookspecs import hookimpl
from perfrules.model import Batch, Scheme
from perfrules.records import records_from_mappings

OLD = """perfrules: 1
scheme: test.editions
title: 分版
edition: "2020"
effective: 2020-01-01
until: 2022-12-31
period: 年度
assumed: 试
inputs:
  年度: {kind: number, decimals: 0}
  旧率: {kind: number, unit: "%", min: 0, max: 1}
tree: {id: 总分, points: 50, formula: 旧率 * points}
grades: {等级: {bands: {of: 总分, from: {40: 好, else: 差}}}}
"""
NEW = (
    OLD.replace('"2020"', '"2023"').replace("effective: 2020-01-01\nuntil: 2022-12-31", "effective: 2023-01-01")
    .replace("旧率", "新率").replace("50", "100").replace("40: 好", "90: 优, 60: 好")
)  # fmt: skip
LINES = [
    ["编号", "年度", "旧率", "新率", "备注"],
    ["甲", "2022", "80%", "", ""],
    ["乙", "2023", "", "95%", ""],
    ["丙", "2019", "80%", "80%", ""],
    ["丁", "", "80%", "80%", ""],
    ["戊", "2021", "120%", "90%", ""],
    ["己", "2024", "300%", "50%", ""],
]


def a_csv(folder: Path, lines: list[list[str]], name: str = "记录.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of records of two editions that a plugin supplies."""
    paths = []
    for name, text in (("old.yaml", OLD), ("new.yaml", NEW)):
        paths.append(tmp_path / name)
        paths[-1].write_text(text, encoding="utf-8")
    registry = plugins.Registry(tuple(plugins.SchemeFile(p, "fake", "1") for p in paths))
    monkeypatch.setattr(plugins, "registry", lambda: registry)
    supplying._editions.cache_clear()
    yield a_csv(tmp_path, LINES)
    supplying._editions.cache_clear()


def run(*words: str | Path) -> tuple[int, Any]:
    result = CliRunner().invoke(commands, [*map(str, words), "--format", "json"], prog_name="perfrules")
    return result.exit_code, json.loads(result.stdout)


def test_records_are_scored_by_the_edition_of_their_period(both: Path) -> None:
    """Each by its own; one that no edition covers is set aside, as is one without a period; counts add up."""
    code, data = run("score", "test.editions", both)
    jsonschema.validate(data, json.loads((Path(pr.__file__).parent / "scorecard.schema.json").read_text("utf-8")))
    cards = {c["record"]: (c["scheme"]["edition"], c["points"]) for c in data["scorecards"]}
    assert cards == {"甲": ("2020", "40"), "乙": ("2023", "95"), "己": ("2023", "50")}
    aside = {a["record"]: [f["name"] for f in a["findings"] if f["severity"] == "error"] for a in data["set_aside"]}
    assert aside["丙"] == ["no-edition-then"]
    assert aside["丁"][-1] == "no-period"
    assert aside["戊"] == ["out-of-bounds"]
    assert data["count"]["records"] == 6
    assert data["count"]["grades"] == {"等级": {"优": 1, "好": 1, "差": 1}}
    assert [e["scorecards"] for e in data["editions"]] == [2, 1]
    assert [f["seen"]["column"] if "seen" in f else f["name"] for f in data["findings"]].count("unknown-heading") == 1
    assert code == 1
    text = CliRunner().invoke(commands, ["score", "test.editions", str(both)], prog_name="perfrules").stdout
    assert "各版：2023 2，2020 1。" in text


def test_an_edition_that_is_named_scores_them_all(both: Path) -> None:
    """`id@edition` is one edition, whatever the period."""
    _, data = run("score", "test.editions@2023", both)
    assert {c["scheme"]["edition"] for c in data["scorecards"]} == {"2023"}
    assert "editions" not in data


def test_explain_takes_the_edition_too(both: Path) -> None:
    """One record, by its own edition; a rank is by one edition only."""
    _, data = run("explain", "test.editions", both, "--record", "甲")
    assert data["scorecard"]["scheme"]["edition"] == "2020"
    code, data = run("rank", "test.editions", both)
    assert (code, [f["name"] for f in data["findings"]]) == (1, ["several-editions"])


@given(st.lists(st.integers(2018, 2026), max_size=8))
def test_every_record_is_in_one_place(years: list[int]) -> None:
    """It is scored by the edition of its year, or set aside: never both, never neither."""
    both = [pr.loads(NEW), pr.loads(OLD)]
    rows = [{"编号": f"第{i}", "年度": y, "旧率": "80%", "新率": "80%"} for i, y in enumerate(years)]
    reading = editions.by_period([(e, records_from_mappings(e, rows)) for e in both])
    assert reading.batch.count == len(years)
    by_id = {r.id: reading.scheme_of(r).edition for r in reading.batch.records}
    wanted = {f"第{i}": "2023" if y >= 2023 else "2020" for i, y in enumerate(years) if y >= 2020}
    assert by_id == wanted
    assert sum(len(reading.records_of(s)) for s in reading.schemes) == len(wanted)


def test_a_year_means_its_last_day() -> None:
    """An edition in effect from the middle of a year is that year's."""
    scheme = pr.loads(NEW.replace("2023-01-01", "2023-07-01"))
    (record,) = records_from_mappings(scheme, [{"年度": 2023, "新率": "1%"}]).records
    day = editions.period_of(scheme, record.cells)
    assert str(day) == "2023-12-31"
    assert day is not None
    assert editions.in_effect(scheme, day)


# ── plugins' forms ────────────────────────────────────────────────────────────────────────────────


def registry(read: Callable[[Path, Scheme], Any]) -> plugins.Registry:
    class Fake:
        @hookimpl
        def read_records(self, path: Path, scheme: Scheme) -> Any:
            return read(path, scheme)

    return plugins.load([], {"fake": Fake()})


def test_a_plugin_reads_its_own_form(tmp_path: Path) -> None:
    """Before the suffix is looked at; a form that it does not know is read by suffix."""
    scheme = pr.loads(NEW)
    made = registry(
        lambda path, scheme: (
            records_from_mappings(scheme, [{"编号": "甲", "新率": "90%"}]) if path.suffix == ".form" else None
        )
    )
    (form := tmp_path / "a.form").write_text("…", encoding="utf-8")
    assert [r.id for r in read_records(form, scheme, registry=made).records] == ["甲"]
    path = a_csv(tmp_path, [["编号", "年度", "新率"], ["乙", "2023", "90%"]])
    batch = read_records(path, scheme, registry=made)
    assert ([r.id for r in batch.records], batch.findings) == (["乙"], ())
    assert [r.id for r in read_editions(path, [scheme], registry=made).batch.records] == ["乙"]


@pytest.mark.parametrize("wrong", [lambda *_: 1 / 0, lambda *_: [], lambda *_: (_ for _ in ()).throw(KeyError("x"))])
def test_a_plugin_that_fails_is_told(tmp_path: Path, wrong: Callable[..., Any]) -> None:
    """The file is read all the same, or the refusal says both."""
    scheme, made = pr.loads(NEW), registry(wrong)
    path = a_csv(tmp_path, [["编号", "年度", "新率"], ["乙", "2023", "90%"]])
    batch = read_records(path, scheme, registry=made)
    assert (len(batch.records), [f.name for f in batch.findings]) == (1, ["plugin-failed"])
    (other := tmp_path / "a.form").write_text("…", encoding="utf-8")
    with pytest.raises(pr.RecordError) as caught:
        read_records(other, scheme, registry=made)
    assert [f.name for f in caught.value.findings] == ["plugin-failed", "unknown-file-type"]


# ── ids and stages ────────────────────────────────────────────────────────────────────────────────

STAGED = pr.loads("""perfrules: 1
scheme: test.staged
title: 阶段
assumed: 试
stages: [年初, 年末]
inputs:
  进度: {kind: number, min: 0, max: 100}
tree: {id: 总分, points: 100, formula: 进度}
benchmarks:
  平均: {mean: 进度, over: cohort}
""")


def test_an_id_is_one_datum() -> None:
    """An object, a list or a truth value is nobody's name; no other record suffers by it."""
    rows = [{"编号": thing, "进度": 1} for thing in ({"a": 1}, [1], True, "1", 7)]
    batch = records_from_mappings(STAGED, rows)
    assert [r.id for r in batch.records] == ["1", "7"]
    assert [(a.id, [f.name for f in a.findings]) for a in batch.set_aside] == [("", ["not-an-id"])] * 3


def test_records_bring_their_stage(tmp_path: Path) -> None:
    """A column 阶段 or `stage`; one that the scheme has not sets its record aside."""
    path = a_csv(tmp_path, [["编号", "阶段", "进度"], ["甲", "年初", "1"], ["乙", "", "2"], ["丙", "年中", "3"]])
    batch = read_records(path, STAGED)
    assert [(r.id, r.stage) for r in batch.records] == [("甲", "年初"), ("乙", "")]
    assert [f.name for a in batch.set_aside for f in a.findings] == ["unknown-stage"]
    at = editions.at_stage(editions.Reading(batch, (STAGED,)), "年末").batch
    assert [(r.id, r.stage) for r in at.records] == [("乙", "年末")]
    assert [a.findings[-1].name for a in at.set_aside] == ["another-stage", "unknown-stage"]
    assert pr.score(STAGED, {"编号": "甲", "stage": "年初", "进度": 3}).stage == "年初"


def scheme_file(folder: Path) -> Path:
    (path := folder / "staged.json").write_text(STAGED.resolved(), encoding="utf-8")
    return path


def test_stages_of_two_files(tmp_path: Path) -> None:
    """Who is in both is compared; who is in one is told."""
    scheme = scheme_file(tmp_path)
    before = a_csv(tmp_path, [["编号", "进度"], ["甲", "0"], ["乙", "1"]], "a.csv")
    after = a_csv(tmp_path, [["编号", "阶段", "进度"], ["甲", "年末", "60"], ["丙", "年末", "9"]], "b.csv")
    words = ["stages", scheme, "--before", before, "--after", after, "--month", "9"]
    code, data = run(*words, "--before-stage", "年初")
    assert (code, data["count"]) == (1, {"compared": 1, "at_one_stage": 2, "set_aside": 0})
    assert data["comparisons"][0]["nodes"][0]["behind"] == "15"
    _, data = run(*words)
    assert [f["name"] for a in data["set_aside"] for f in a["findings"]] == ["stage-wanting"] * 2
    assert run(*words[:-1], "13", "--before-stage", "年初")[0] == 2
    assert run("score", scheme, before, "--stage", "年中")[0] == 2


def test_benchmarks_are_kept_and_given_back(tmp_path: Path) -> None:
    """What a population came to scores another; a file of another scheme, or of something else, is refused."""
    scheme, kept = scheme_file(tmp_path), tmp_path / "kept.json"
    first = a_csv(tmp_path, [["编号", "进度"], ["甲", "10"], ["乙", "20"]], "a.csv")
    second = a_csv(tmp_path, [["编号", "进度"], ["丙", "90"]], "b.csv")
    code, data = run("score", scheme, first, "--save-benchmarks", kept)
    mine = data["scorecards"][0]["benchmarks"]
    assert (code, mine["平均"]["values"]) == (0, {"": "15"})
    _, data = run("score", scheme, second, "--benchmarks", kept)
    assert data["scorecards"][0]["benchmarks"] == mine
    assert run("explain", scheme, second, "--benchmarks", kept)[1]["scorecard"]["benchmarks"] == mine
    other = tmp_path / "other.json"
    other.write_text(STAGED.resolved().replace("试", "另试"), encoding="utf-8")
    code, data = run("score", other, second, "--benchmarks", kept)
    assert (code, [f["name"] for f in data["findings"]]) == (1, ["benchmarks-of-another-scheme"])
    for text in ("[]", '{"frozen": [1]}', kept.read_text("utf-8").replace('"15"', '"1e9999999"')):
        kept.write_text(text, encoding="utf-8")
        code, data = run("score", scheme, second, "--benchmarks", kept)
        assert (code, [f["name"] for f in data["findings"]]) == (1, ["not-benchmarks"])
    assert run("score", scheme, second, "--save-benchmarks", second)[0] == 2


def test_a_batch_keeps_every_record() -> None:
    """What was set aside stays set aside when a stage is chosen."""
    batch = Batch((), ())
    assert editions.at_stage(editions.Reading(batch, (STAGED,)), "年初").batch == batch
