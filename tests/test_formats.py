"""Files of records: one table is the same records in every format, encoding and layout; every fault is a finding."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import zipfile
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import perfrules as pr
from perfrules.findings import RecordError
from perfrules.formats import read_records, write_template
from perfrules.model import Batch, Hole, RowKind, Scheme
from record_schemes import BUDGET, INDICATORS, PROJECTS, SELF_EVALUATION, a_scheme, an_input

ON_DISK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)

HEADINGS = ["项目编号", "项目名称", "全年预算数", "全年执行数", "满意度", "重大事故", "完成日期", "类别"]
LINES = [
    ["P1", "修路", "1,234.5", "１２３４．５", "95%", "否", "2023年10月", "延续"],
    ["P2", "建校", "3万", "50000元", "/", "无", "2023-10-01", "＞＝5年"],
    ["P3", "济困\n（二期）", "0.1", "≥266", "", "是", "", ""],
]
FORM_HEADINGS = [
    "编号",
    "全年预算数",
    "全年执行数",
    "一级指标",
    "三级指标",
    "分值",
    "性质",
    "目标值",
    "完成值",
    "自评得分",
]
FORM = [
    ["A", "100", "87", "产出", "道路长度", "20", "≥", "≥266公里", "266公里", "20"],
    ["", "", "", "", "合格率", "30", "≥", "90%", "95.5%", "30"],
    ["A", "100", "", "效益", "改善", "40", "定性", "显著", "显著", "40"],
    ["B", "5", "5", "产出", "道路长度", "90", "≤", "5300", "5830", "90"],
]


def csv_text(lines: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(lines)
    return text.getvalue()


def written(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def workbook(path: Path, sheets: dict[str, list[list[Any]]], **formats: str) -> Path:
    """A workbook; a cell may be (value, number format)."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for row, line in enumerate(lines):
                for column, cell in enumerate(line):
                    value, form = cell if isinstance(cell, tuple) else (cell, "")
                    form = form or ("yyyy-mm-dd" if isinstance(value, date) else "")
                    sheet.write(row, column, value, book.add_format({"num_format": form}) if form else None)
    return path


def plain(batch: Batch) -> list[Any]:
    """What a batch says, but for places: values, holes, rows, and the findings by name."""

    def cell(value: Any) -> Any:
        return value.kind if isinstance(value, Hole) else value

    kept = [
        (
            r.id,
            {n: cell(c.value) for n, c in r.cells.items()},
            {
                k: [(row.name, {n: cell(c.value) for n, c in row.cells.items()}) for row in rows]
                for k, rows in r.rows.items()
            },
            [f.name for f in r.findings],
        )
        for r in batch.records
    ]
    return [kept, [(s.id, [f.name for f in s.findings]) for s in batch.set_aside], [f.name for f in batch.findings]]


def refusal(path: Path, scheme: Scheme = PROJECTS) -> list[str]:
    with pytest.raises(RecordError) as refused:
        read_records(path, scheme)
    assert all(f.where is not None and f.where.file == str(path) for f in refused.value.findings)
    assert str(refused.value)
    return [f.name for f in refused.value.findings]


# ------------------------------------------------------------------------------------------------ one table, many files


def test_the_worked_list(tmp_path: Path) -> None:
    """A list of projects reads as its values, holes and findings, cell by cell."""
    batch = read_records(written(tmp_path / "表.csv", csv_text([HEADINGS, *LINES])), PROJECTS)
    first, second, third = batch.records
    assert [r.id for r in batch.records] == ["P1", "P2", "P3"]
    assert first.cells["全年执行数"].value == Fraction("1234.5")
    assert first.cells["满意度"].value == Fraction("0.95")
    assert first.cells["完成日期"].value == date(2023, 10, 31)
    assert [second.cells[n].value for n in ("全年预算数", "全年执行数", "重大事故", "类别")] == [3, 5, False, "≥5年"]
    assert second.cells["满意度"].value == Hole("not_applicable", "满意度", "/")
    assert third.cells["项目名称"].value == "济困\n（二期）"
    (finding,) = third.findings
    assert (finding.name, finding.path, str(finding.where)) == (
        "repeated-operator",
        "全年执行数",
        f"{tmp_path / '表.csv'}:4:4",
    )
    assert first.cells["满意度"].raw == "95%"


texts = st.text(st.sampled_from("中文路桥，、（）％abc019 -"), min_size=1, max_size=8).filter(
    lambda t: t.strip("- ").strip()
)
lines = st.lists(
    st.tuples(texts, *[st.sampled_from(["1,234.5", "５", "3万元", "/", "", "完成", "1,23", "≥7", "0.1"])] * 2,
              st.sampled_from(["95%", "", "0.5", "/", "86.18"]), st.sampled_from(["是", "否", "×", "", "大概"]),
              st.sampled_from(["2023-10-01", "2023年10月", "", "年底"]), st.sampled_from(["新增", ">=5年", "", "停"])).map(list),
    max_size=5,
)  # fmt: skip


@ON_DISK
@given(lines=lines)
def test_a_table_is_the_same_in_every_format(tmp_path: Path, lines: list[list[str]]) -> None:
    """CSV in every encoding and with every separator, XLSX, JSON and mappings come to the same batch."""
    numbered = [[f"P{i}", *line] for i, line in enumerate(lines)]
    table = [HEADINGS, *numbered]
    text = csv_text(table)
    expected = plain(read_records(written(tmp_path / "a.csv", text), PROJECTS))
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        assert plain(read_records(written(tmp_path / "b.csv", text.encode(encoding)), PROJECTS)) == expected
    for delimiter, suffix in [("\t", ".tsv"), (";", ".csv"), ("\t", ".txt")]:
        assert plain(read_records(written(tmp_path / f"c{suffix}", csv_text(table, delimiter)), PROJECTS)) == expected
    assert plain(read_records(workbook(tmp_path / "d.xlsx", {"一": table}), PROJECTS)) == expected
    mappings = [dict(zip(HEADINGS, line, strict=True)) for line in numbered]
    for whole in (mappings, {"records": mappings}):
        assert plain(read_records(written(tmp_path / "e.json", json.dumps(whole)), PROJECTS)) == expected
    assert sum(map(len, expected[:2])) == len(lines)


def test_a_form_is_the_same_in_every_layout(tmp_path: Path) -> None:
    """Rows under their record in one table, on a sheet of their own, and nested in JSON are the same records."""
    form = read_records(written(tmp_path / "a.csv", csv_text([FORM_HEADINGS, *FORM])), SELF_EVALUATION)
    assert [(r.id, [row.name for row in r.rows["绩效指标"]]) for r in form.records] == [
        ("A", ["道路长度", "合格率", "改善"]),
        ("B", ["道路长度"]),
    ]
    second = form.records[0].rows["绩效指标"][1]
    assert (second.number, second.cells["一级指标"].value, second.cells["完成值"].value) == (
        2,
        "产出",
        Fraction("0.955"),
    )
    assert second.where is not None
    assert second.where.line == 3
    expected = plain(form)
    one_sheet = workbook(tmp_path / "b.xlsx", {"表": [FORM_HEADINGS, *FORM]})
    records = [FORM_HEADINGS[:3], ["A", 100, 87], ["B", 5, 5]]
    rows = [[FORM_HEADINGS[0], *FORM_HEADINGS[3:]], *([line[0], *line[3:]] for line in FORM)]
    two_sheets = workbook(tmp_path / "c.xlsx", {"评价记录": records, "绩效指标": rows})
    nested = [
        {"编号": i, "全年预算数": b, "全年执行数": s,
         "绩效指标": [dict(zip(FORM_HEADINGS[3:], line[3:], strict=True)) for line in FORM if (line[0] or "A") == i]}
        for i, b, s in records[1:]
    ]  # fmt: skip
    for path in (one_sheet, two_sheets, written(tmp_path / "d.json", json.dumps(nested))):
        assert plain(read_records(path, SELF_EVALUATION)) == expected


def test_a_form_without_ids_is_one_record(tmp_path: Path) -> None:
    """All lines are one record where no column tells records apart; what its lines contradict sets it aside."""
    headings, lines = FORM_HEADINGS[1:], [line[1:] for line in FORM[:3]]
    batch = read_records(written(tmp_path / "a.csv", csv_text([headings, *lines])), SELF_EVALUATION)
    assert [(r.id, len(r.rows["绩效指标"])) for r in batch.records] == [("1", 3)]
    lines[2][0] = "101"
    batch = read_records(written(tmp_path / "b.csv", csv_text([headings, *lines])), SELF_EVALUATION)
    assert batch.set_aside[0].findings[0].name == "conflicting-values"
    alone = {
        "评价记录": [["全年预算数", "全年执行数"], [100, 87]],
        "绩效指标": [headings[2:], *(line[2:] for line in lines)],
    }
    batch = read_records(workbook(tmp_path / "c.xlsx", alone), SELF_EVALUATION)
    assert len(batch.records[0].rows["绩效指标"]) == 3


def test_rows_without_their_record_are_told(tmp_path: Path) -> None:
    """Rows on a sheet of their own that name no record, or one that is not there, are errors about the file."""
    records = [["编号", "全年预算数", "全年执行数"], ["A", 1, 1], ["B", 1, 1]]
    row = ["产出", "甲", 10, "≥", 5, 5]
    columns = FORM_HEADINGS[3:9]
    lost = workbook(tmp_path / "a.xlsx", {"记录": records, "绩效指标": [["编号", *columns], ["C", *row], ["A", *row]]})
    batch = read_records(lost, SELF_EVALUATION)
    assert [(f.name, f.seen["id"]) for f in batch.findings] == [("rows-of-unknown-record", "C")]
    assert [len(r.rows["绩效指标"]) for r in batch.records] == [1, 0]
    nameless = workbook(tmp_path / "b.xlsx", {"记录": records, "绩效指标": [columns, row]})
    assert [f.name for f in read_records(nameless, SELF_EVALUATION).findings] == ["rows-without-record-id"]
    headless = workbook(tmp_path / "c.xlsx", {"记录": records, "绩效指标": [["x", "y"], [1, 2]], "说明": [["如何填"]]})
    assert [f.name for f in read_records(headless, SELF_EVALUATION).findings] == ["no-heading-line", "sheet-not-read"]


# ------------------------------------------------------------------------------------------------ tables as they come


def test_titles_above_the_heading_are_passed_over(tmp_path: Path) -> None:
    """The heading is the first line with two known headings; what stands above it is told."""
    table = [["某县项目绩效表"], ["单位：万元"], [], HEADINGS, *LINES]
    batch = read_records(written(tmp_path / "a.csv", csv_text(table)), PROJECTS)
    (finding,) = batch.findings
    assert (finding.name, finding.seen["count"], finding.seen["line"]) == ("lines-above-headings", "2", "4")
    assert len(batch.records) == 3
    assert batch.records[0].where is not None
    assert batch.records[0].where.line == 5


def test_columns_that_stand_for_nothing_are_told(tmp_path: Path) -> None:
    """Unknown headings, columns without one, two of one meaning, and impossible units: each told at its place."""
    headings = [
        "项目编号",
        "项目名称",
        "全年预算数（元）",
        "全年执行",
        "",
        "重大事故",
        "全年预算数",
        "满意度（公里）",
        "编号",
    ]
    line = ["P1", "修路", "30000", "5", "x", "否", "3", "1", "7"]
    batch = read_records(written(tmp_path / "a.csv", csv_text([headings, line])), PROJECTS)
    assert [(f.name, f.where and f.where.column, f.nearest) for f in batch.findings] == [
        ("unknown-heading", 4, "全年执行数"),
        ("column-without-heading", 5, ""),
        ("two-columns-for-one", 7, ""),
        ("wrong-unit-in-heading", 8, ""),
        ("unknown-heading", 9, ""),
    ]
    assert batch.records[0].cells["全年预算数"].value == 3
    assert [f.name for f in batch.records[0].findings] == ["missing-value"]


def test_ragged_lines_are_told(tmp_path: Path) -> None:
    """A line with cells beyond the heading may be shifted, and is set aside for that alone; a short one is read."""
    text = "编号,全年预算数,全年执行数\nA,1,234.5,6\nB,7\nC,1,2,,\nD,1,2\n"
    batch = read_records(written(tmp_path / "a.csv", text), SELF_EVALUATION)
    assert [(s.id, s.row, [f.name for f in s.findings]) for s in batch.set_aside] == [("A", 2, ["line-too-long"])]
    assert [(r.id, [f.name for f in r.findings]) for r in batch.records] == [
        ("B", ["line-too-short", "missing-value"]),
        ("C", []),
        ("D", []),
    ]


def test_totals_are_no_records(tmp_path: Path) -> None:
    """A line that adds up the others is neither a record nor a row, and it is told."""
    text = "编号,全年预算数,全年执行数\nA,1,1\n合 计,1,1\n"
    batch = read_records(written(tmp_path / "a.csv", text), SELF_EVALUATION)
    assert ([r.id for r in batch.records], [f.name for f in batch.findings]) == (["A"], ["total-line-skipped"])
    form = [FORM_HEADINGS, FORM[0], ["", "", "", "总分", "", "20", "", "", "", "20"]]
    batch = read_records(written(tmp_path / "b.csv", csv_text(form)), SELF_EVALUATION)
    assert [f.name for f in batch.records[0].findings] == ["repeated-operator", "total-line-skipped"]
    assert len(batch.records[0].rows["绩效指标"]) == 1


def test_published_columns_and_a_key_that_is_an_input(tmp_path: Path) -> None:
    """Columns of published figures are kept apart from the data; the key column is read as the input that it names."""
    scheme = attrs.evolve(PROJECTS, key="项目名称")
    text = "项目名称,全年预算数,全年执行数,重大事故,得分,等级\n修路,1,1,否,91.36分,优\n"
    (record,) = read_records(written(tmp_path / "a.csv", text), scheme).records
    assert (record.id, record.cells["项目名称"].value) == ("修路", "修路")
    assert {n: c.value for n, c in record.published.items()} == {"得分": Fraction("91.36"), "等级": "优"}


def test_cover_and_hidden_sheets_are_passed_over(tmp_path: Path) -> None:
    """Records are on the first sheet that people see with headings on it; a hidden sheet is not even told of."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        cover, hidden, shown = (book.add_worksheet(name) for name in ("封面", "一", "二"))
        cover.write(3, 2, "某县绩效自评表")
        hidden.hide()
        for sheet, budget in ((shown, 1), (hidden, 2)):
            sheet.write_row(0, 0, ["编号", "全年预算数", "全年执行数"])
            sheet.write_row(1, 0, ["A", budget, 1])
    batch = read_records(path, SELF_EVALUATION)
    assert batch.records[0].cells["全年预算数"].value == 1
    assert [(f.name, f.seen["sheet"]) for f in batch.findings] == [("sheet-not-read", "封面")]


def test_two_kinds_of_row_share_a_form(tmp_path: Path) -> None:
    """In a form with two kinds of row each line is a row of the kind whose own columns it fills."""
    tasks = RowKind("任务", name_column="任务名", columns=(an_input("任务名", "text"), an_input("进度", unit="%")))
    scheme = a_scheme(BUDGET, [INDICATORS, tasks])
    lines = [[*FORM[0], "", ""], ["A", *[""] * 9, "招标", "50%"]]
    batch = read_records(written(tmp_path / "a.csv", csv_text([[*FORM_HEADINGS, "任务名", "进度"], *lines])), scheme)
    assert {k: [r.name for r in rows] for k, rows in batch.records[0].rows.items()} == {
        "绩效指标": ["道路长度"],
        "任务": ["招标"],
    }


def test_spreadsheet_cells_are_what_they_show(tmp_path: Path) -> None:
    """Typed numbers, percentages, dates and truth values, error values and formulas never calculated."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        percent, custom, day = (
            book.add_format({"num_format": f}) for f in ("0.00%", "0.0%;[Red]-0.0%", "yyyy年m月d日")
        )
        quoted = book.add_format({"num_format": '0.0"%"'})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [*HEADINGS, "三公变动率"])
        sheet.write_row(1, 0, [7, "修路", 0.1 + 0.2, 100.09])
        sheet.write(1, 4, 0.9518, percent)
        sheet.write_boolean(1, 5, False)
        sheet.write_datetime(1, 6, date(2023, 10, 1), day)
        sheet.write(1, 8, 0.05, custom)
        sheet.write_row(2, 0, ["P2", 2023, 1, 2])
        sheet.write_formula(2, 4, "=1/0", None, "#DIV/0!")
        sheet.write_boolean(2, 5, True)
        sheet.write(2, 8, 86.18, quoted)
        sheet.write_row(3, 0, ["P3", "x"])
        sheet.write_datetime(3, 2, date(2023, 1, 2), day)
        sheet.write(3, 3, 5)
        sheet.write_boolean(3, 5, True)
    batch = read_records(path, PROJECTS)
    first, second = batch.records
    assert first.id == "7"
    assert [first.cells[n].value for n in ("全年预算数", "全年执行数", "满意度", "三公变动率", "重大事故", "完成日期")] == [
        Fraction(3, 10), Fraction("100.09"), Fraction("0.9518"), Fraction(1, 20), False, date(2023, 10, 1)
    ]  # fmt: skip
    assert first.cells["满意度"].raw == "95.18%"
    assert first.findings == ()
    assert second.cells["项目名称"].value == "2023"
    assert second.cells["三公变动率"].value == Fraction("0.8618")
    (error,) = second.findings
    assert (error.name, error.seen["seen"], error.where and (error.where.line, error.where.column)) == (
        "error-value",
        "#DIV/0!",
        (3, 5),
    )
    assert [f.name for f in batch.set_aside[0].findings] == ["date-in-number-cell"]


def test_a_formula_never_calculated_is_told(tmp_path: Path) -> None:
    """A formula whose result was never stored is missing with a finding, and not a blank that nobody notices."""
    path = workbook(tmp_path / "a.xlsx", {"表": [["编号", "全年预算数", "全年执行数"], ["A", 5, "@"]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = re.sub(rb'<c r="C2".*?</c>', b'<c r="C2"><f>1+1</f></c>', sheet)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    (record,) = read_records(path, SELF_EVALUATION).records
    assert [(f.name, f.seen["seen"]) for f in record.findings] == [("error-value", "#CALC!")]


def test_sheet_places_name_sheet_row_and_column(tmp_path: Path) -> None:
    """A refused cell of a workbook says its sheet, row and column, wherever the table begins."""
    table = [[], ["", "某县"], ["", "编号", "全年预算数", "全年执行数"], ["", "A", "1,23", 5]]
    path = workbook(tmp_path / "a.xlsx", {"一季度": table})
    (finding,) = read_records(path, SELF_EVALUATION).set_aside[0].findings
    assert str(finding.where) == f"{path}[一季度]:4:3"


def test_json_numbers_keep_every_digit_and_their_place(tmp_path: Path) -> None:
    """A JSON number is exact, and every datum says its line and column."""
    text = '[\n {"编号": "A", "全年预算数": 0.1234567890123456789012345678901234567,\n  "全年执行数": "1,23"}\n]'
    batch = read_records(written(tmp_path / "a.json", text), SELF_EVALUATION)
    assert str(batch.set_aside[0].findings[0].where) == f"{tmp_path / 'a.json'}:3:12"
    text = '{"编号": "A", "全年预算数": 0.1234567890123456789012345678901234567, "全年执行数": 1e2}'
    record = read_records(written(tmp_path / "b.json", text), SELF_EVALUATION).records[0]
    assert record.cells["全年预算数"].value == Fraction("0.1234567890123456789012345678901234567")
    assert record.cells["全年执行数"].value == 100


@ON_DISK
@given(value=st.recursive(st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=5),
                          lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)))  # fmt: skip
def test_our_json_reader_agrees_with_the_standard_one(value: Any) -> None:
    """What the standard library writes, in either style, our reader reads as the same."""
    from perfrules.formats.json_records import parse_json
    from perfrules.records import Raw

    def bare(found: Any) -> Any:
        if isinstance(found, dict):
            return {k: bare(v) for k, v in found.items()}
        if isinstance(found, list):
            return [bare(v) for v in found]
        assert isinstance(found, Raw)
        return found.value

    for text in (json.dumps(value, ensure_ascii=False, indent=1), json.dumps(value)):
        assert bare(parse_json(text, "x.json")) == value


# ------------------------------------------------------------------------------------------------ files that cannot be read


def test_each_unreadable_file_says_why(tmp_path: Path) -> None:
    """What cannot be read at all is one error with its reason, never an empty batch."""
    assert refusal(tmp_path / "没有.csv") == ["file-not-found"]
    assert refusal(tmp_path / "表.xls") == ["unknown-file-type"]
    assert refusal(tmp_path / "表") == ["unknown-file-type"]
    (tmp_path / "夹.csv").mkdir()
    assert refusal(tmp_path / "夹.csv") == ["file-not-readable"]
    assert refusal(written(tmp_path / "a.csv", b"\xff\xff\xff")) == ["unknown-encoding"]
    assert refusal(written(tmp_path / "a.csv", "")) == ["no-heading-line"]
    assert refusal(written(tmp_path / "a.csv", "甲,乙\n1,2\n")) == ["no-heading-line"]
    assert refusal(written(tmp_path / "a.csv", '项目编号,全年预算数\n"A,1\nB,2\n')) == ["broken-csv"]
    assert refusal(written(tmp_path / "a.json", "5")) == ["json-without-records"]
    assert refusal(workbook(tmp_path / "a.xlsx", {"空": []})) == ["no-heading-line"]
    assert refusal(written(tmp_path / "a.xlsx", "编号,全年预算数")) == ["broken-workbook"]
    assert refusal(written(tmp_path / "a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))) == [
        "encrypted-or-old-workbook"
    ]


def test_a_missing_spreadsheet_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, the finding says what to install."""
    path = workbook(tmp_path / "a.xlsx", {"表": [HEADINGS]})
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert refusal(path) == ["excel-not-installed"]
    with pytest.raises(RecordError, match=r"perfrules\[excel\]"):
        write_template(PROJECTS, tmp_path / "b.xlsx")


# ------------------------------------------------------------------------------------------------ blank forms

AWKWARD = a_scheme(
    [
        an_input("增减", title="-同比（增减）"),
        an_input("等式", title="=1+1"),
        an_input("选项", "choice", choices=tuple(f"很长的选项名称之{i}" for i in range(60))),
        an_input("有逗号", "choice", choices=("a,b", "c"), optional=True),
        an_input("引号", "text", title='“三公”,"经费"'),
        an_input("日", "date", low=date(2023, 1, 1)),
        an_input("两位", decimals=2, low=Fraction(0)),
    ]
)


@pytest.mark.parametrize("scheme", [PROJECTS, SELF_EVALUATION, AWKWARD], ids=["projects", "form", "awkward"])
@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_a_template_reads_back_without_a_finding(tmp_path: Path, scheme: Scheme, suffix: str) -> None:
    """The blank form of a scheme has every column that the scheme reads, and nothing to be told about."""
    path = tmp_path / f"空表{suffix}"
    write_template(scheme, path)
    assert read_records(path, scheme) == Batch(())
    assert os.listdir(tmp_path) == [path.name]


@ON_DISK
@given(lines=lines)
def test_a_filled_template_reads_as_the_table(tmp_path: Path, lines: list[list[str]]) -> None:
    """A blank form with lines written under it reads as the table of those lines."""
    write_template(PROJECTS, tmp_path / "a.csv")
    headings = (tmp_path / "a.csv").read_text("utf-8-sig").split("\n")[0].strip().split(",")
    mappings = [dict(zip(HEADINGS, [f"P{i}", *line], strict=True)) for i, line in enumerate(lines)]
    text = csv_text([headings, *([m.get(h, "") for h in headings] for m in mappings)])
    filled = plain(read_records(written(tmp_path / "b.csv", text), PROJECTS))
    assert filled == plain(read_records(written(tmp_path / "c.json", json.dumps(mappings)), PROJECTS))


def test_a_template_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    """Another suffix, a folder that is not there, and columns that one CSV cannot tell apart are findings; no file is left."""
    clash = a_scheme([an_input("分值")], [INDICATORS])
    for scheme, path, name in [
        (PROJECTS, tmp_path / "a.ods", "unknown-file-type"),
        (PROJECTS, tmp_path / "没有" / "a.csv", "file-not-writable"),
        (PROJECTS, tmp_path / "没有" / "a.xlsx", "file-not-writable"),
        (clash, tmp_path / "a.csv", "template-needs-workbook"),
        (
            a_scheme((), [INDICATORS, attrs.evolve(INDICATORS, name="别的")]),
            tmp_path / "a.csv",
            "template-needs-workbook",
        ),
    ]:
        with pytest.raises(RecordError) as refused:
            write_template(scheme, path)
        assert [f.name for f in refused.value.findings] == [name]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_a_template_asks_for_the_stage(tmp_path: Path, suffix: str) -> None:
    """A scheme with stages has a column for them beside the id, which reads back; an input of that name takes its place."""
    text = (
        "perfrules: 1\nscheme: a.b\ntitle: t\nassumed: 例\nkey: 单位\nstages: [年初, 年末]\n"
        "inputs: {甲: {kind: number, at: 年末}%s}\ntree: {points: free, formula: 甲}\n"
    )
    scheme = pr.loads(text % "")
    write_template(scheme, tmp_path / f"空表{suffix}")
    assert read_records(tmp_path / f"空表{suffix}", scheme) == Batch(())
    write_template(scheme, tmp_path / "空表.csv")
    form = (tmp_path / "空表.csv").read_text("utf-8-sig").strip()
    assert form == "单位,阶段,甲"
    filled = written(tmp_path / "填好.csv", form + "\n某单位,年末,3\n别的,,2\n")
    assert [(r.id, r.stage) for r in read_records(filled, scheme).records] == [("某单位", "年末"), ("别的", "")]
    for other, headings in [
        (", 阶段: {kind: text}", "单位,stage,甲,阶段"),
        (", 乙: {kind: text, title: 阶段}", "单位,stage,甲,阶段"),
    ]:
        write_template(pr.loads(text % other), tmp_path / "另.csv")
        assert (tmp_path / "另.csv").read_text("utf-8-sig").strip() == headings
