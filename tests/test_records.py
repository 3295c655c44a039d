"""Records: what people write in cells comes out as one exact value, as one kind of hole, or is refused with its place."""

from __future__ import annotations

import dataclasses
import itertools
from collections import namedtuple
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfrules.findings import Location, RecordError
from perfrules.model import Hole, Record, Ruling
from perfrules.records import Raw, read_cell, record_from, records_from_mappings
from record_schemes import BUDGET, INDICATORS, PROJECTS, SELF_EVALUATION, a_scheme, an_input

NUMBER = an_input("数")
MONEY = an_input("资金", unit="万元")
RATE = an_input("率", unit="%")
PERCENT_RATE = an_input("率", unit="%", written="percent")
FULL_WIDTH = str.maketrans("0123456789.,+-%", "０１２３４５６７８９．，＋－％")


def read(raw: Any, input: Any = NUMBER, **rest: Any) -> tuple[Any, list[str]]:
    """The value (or the kind of hole) and the names of the findings."""
    cell, findings = read_cell(raw, input, **rest)
    value = cell.value
    return (value.kind if isinstance(value, Hole) else value), [f.name for f in findings]


def names(findings: Any) -> list[str]:
    return [f.name for f in findings]


# ------------------------------------------------------------------------------------------------ numbers

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)


@given(
    number=decimals,
    grouped=st.booleans(),
    full_width=st.booleans(),
    spaces=st.sampled_from(["", " ", "\u3000", "\xa0", "\n"]),
    operator=st.sampled_from(["", "≥", ">=", "＞＝", "≦", "=", "＝", "不低于", "大于等于 "]),
    suffix=st.sampled_from([("", 1), ("万元", 1), ("元", Fraction(1, 10000)), (" 亿元", 10000), ("千元", Fraction(1, 10)),
                            ("万", 1), ("亿", 10000)]),
)  # fmt: skip
def test_a_number_is_the_same_however_it_is_written(
    number: Decimal, grouped: bool, full_width: bool, spaces: str, operator: str, suffix: tuple[str, Fraction]
) -> None:
    """Any exact decimal, in any accepted writing, reads as that decimal in the input's own unit."""
    text = f"{number:,f}" if grouped else f"{number:f}"
    text = text.translate(FULL_WIDTH) if full_width else text
    value, found = read(spaces + operator + text + suffix[0] + spaces, MONEY)
    assert value == Fraction(number) * suffix[1]
    assert found == (["repeated-operator"] if operator else [])


@given(decimals)
def test_every_kind_of_number_is_the_decimal_that_it_prints(number: Decimal) -> None:
    """Text, Decimal, Fraction and float of one short decimal are one value."""
    short = number.quantize(Decimal("0.01"))
    ways = [str(short), short, Fraction(short), float(short)]
    assert {read(way)[0] for way in ways} == {Fraction(short)}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=1000))
def test_a_percent_sign_settles_a_ratio(number: Decimal) -> None:
    """`95%` is 0.95 whatever the scheme says of bare cells; a bare cell is what the scheme says."""
    for input in (RATE, PERCENT_RATE, NUMBER):
        assert read(f"{number}%", input) == (Fraction(number) / 100, [])
    assert read(str(number), RATE) == (Fraction(number), [])
    assert read(str(number), PERCENT_RATE) == (Fraction(number) / 100, [])


@given(st.floats(1e-9, 1e12) | st.floats(-1e12, -1e-9))
def test_a_spreadsheet_float_is_read_at_fifteen_digits(number: float) -> None:
    """A spreadsheet's number is what such a program shows: 15 significant digits; another float its shortest form."""
    assert read(number, spreadsheet=True)[0] == Fraction(Decimal(f"{number:.15g}"))
    assert read(number)[0] == Fraction(Decimal(repr(number)))


class Wide(float):
    """A float of another library, which calls itself by another name."""

    def __repr__(self) -> str:
        return f"Wide({float(self)})"


def test_numbers_of_other_libraries_are_numbers() -> None:
    """What Python counts as a number is read by its value, whatever it calls itself."""
    assert read(Wide(0.1)) == (Fraction(1, 10), [])
    assert read(Wide(0.1), spreadsheet=True) == (Fraction(1, 10), [])


def test_binary_debris_is_kept_and_told() -> None:
    """Digits left over from binary floats are read as they stand, with a remark; honest digits have none."""
    for debris in ("0.0900000762939453", 8.61999988555908, 0.1 + 0.2, "8.61999988555908%"):
        assert read(debris)[1] == ["single-precision-debris"]
    assert read("0.0900000762939453")[0] == Fraction("0.0900000762939453")
    for honest in (0.1, "98.618304", "0.333333333333333", "10000000000.55", "1.00005", 1e-7, "86.18304"):
        assert read(honest)[1] == []
    assert read(0.1 + 0.2, spreadsheet=True) == (Fraction(3, 10), [])


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("1,23", "bad-grouping"),
        ("12,34,567", "bad-grouping"),
        ("1，2345", "bad-grouping"),
        (",5", "bad-grouping"),
        ("1.2.3", "unreadable-number"),
        ("100-200", "unreadable-number"),
        ("3~5", "unreadable-number"),
        ("1 234", "unreadable-number"),
        ("12/15", "unreadable-number"),
        ("5-", "unreadable-number"),
        ("5²", "unreadable-number"),
        ("1.23E+05", "scientific-notation"),
        ("1e400", "scientific-notation"),
        ("9" * 41, "number-too-long"),
        (10**50, "number-too-long"),
        pytest.param(10**5000, "number-too-long", id="5000 digits"),
        (Decimal("1e999999"), "number-too-long"),
        (Fraction(1, 10**60), "number-too-long"),
        (float("nan"), "number-not-finite"),
        (float("-inf"), "number-not-finite"),
        (Decimal("sNaN"), "number-not-finite"),
        (True, "boolean-in-number-cell"),
        (date(2023, 1, 2), "date-in-number-cell"),
        ([1], "unreadable-kind"),
        ({}, "unreadable-kind"),
        (1j, "number-not-finite"),
        ("\ud800", "unreadable-text"),
        ("5" * 40_000, "text-too-long"),
        ("5万元", "wrong-unit"),
        ("3公里", "wrong-unit"),
    ],
)
def test_what_is_no_number_is_refused(text: Any, finding: str) -> None:
    """What could be read in two ways, or in none, sets the record aside with the reason."""
    assert read(text) == ("refused", [finding])


@pytest.mark.parametrize(
    "text", ["完成", "显著提升", "已完成3项", "约100", "3以上", "100左右", "2023年底前", "≥", "三", "5²个", "x"]
)
def test_words_in_a_number_cell_are_missing(text: str) -> None:
    """Words where a number should be are missing, with a finding; never zero, never what digits stand among them."""
    assert read(text) == ("missing", ["words-in-number-cell"])


@pytest.mark.parametrize(
    ("raw", "hole", "finding"),
    [
        (None, "missing", ["missing-value"]),
        ("", "missing", ["missing-value"]),
        (" \u3000\n", "missing", ["missing-value"]),
        ("/", "not_applicable", []),
        ("／", "not_applicable", []),
        ("不适用", "not_applicable", []),
        ("不适用：本年无采购", "not_applicable", []),
        ("N/A", "not_applicable", []),
        ("n/a", "not_applicable", []),
        ("-", "missing", ["dash-for-missing"]),
        ("—", "missing", ["dash-for-missing"]),
        ("——", "missing", ["dash-for-missing"]),
        ("无", "missing", ["dash-for-missing"]),
        ("#DIV/0!", "missing", ["error-value"]),
        ("#N/A", "missing", ["error-value"]),
    ],
)
def test_each_hole_is_of_one_kind(raw: Any, hole: str, finding: list[str]) -> None:
    """A blank, a dash and an error value are missing, `/` is not applicable; none of them is zero."""
    assert read(raw) == (hole, finding)
    optional = attrs.evolve(NUMBER, optional=True)
    assert read(raw, optional) == (hole, [f for f in finding if f != "missing-value"])


def test_a_mark_says_why_it_does_not_apply() -> None:
    """A not-applicable hole keeps what was written as its reason."""
    cell, _ = read_cell("不适用：本年无采购", NUMBER)
    assert cell.value == Hole("not_applicable", "数", "不适用:本年无采购")


def test_units_convert_within_their_dimension() -> None:
    """A unit beside the number converts to the input's own, and then to the scheme's working unit; others are refused."""
    assert read("7.29万", MONEY)[0] == read("72900元", MONEY)[0] == read("7.29 万元", MONEY)[0] == Fraction("7.29")
    in_yuan = an_input("资金", unit="元")
    assert read("7.29万", in_yuan)[0] == 72900
    assert read("3万", an_input("里程", unit="公里"))[0] == 30000
    scaled = an_input("资金", unit="亿元", scale=Fraction(10000))
    assert read("2", scaled)[0] == read("20000万元", scaled)[0] == 20000
    assert read("12个月", an_input("工期", unit="年"))[0] == 1
    assert read("3名", an_input("人数", unit="人")) == (3, [])
    for text in ("5个", "95%", "3公里", "100元/人"):
        assert read(text, MONEY) == ("refused", ["wrong-unit"])


def test_a_count_word_may_stand_where_no_unit_is_declared() -> None:
    """`3个` of an input without a unit is 3, with a finding; a multiple counts."""
    assert read("3个") == (3, ["unexpected-unit"])
    assert read("1.5万人") == (15000, ["unexpected-unit"])
    assert read("3万") == (30000, [])
    assert read("10分", an_input("分值", unit="分")) == (10, [])


def test_bounds_and_places_hold_in_the_inputs_own_terms() -> None:
    """Bounds are in the input's own unit (a ratio for %), whatever unit the cell is in; places are never rounded for you."""
    bounded = an_input("资金", unit="万元", low=Fraction(1), high=Fraction(10), decimals=2, scale=Fraction(10000))
    assert read("100000元", bounded) == (100000, [])
    assert read("100001元", bounded) == ("refused", ["too-many-decimals"])
    assert read("10.01", bounded) == read("0.99", bounded) == ("refused", ["out-of-bounds"])
    assert read("1.250", bounded)[1] == []
    assert read("100.1%", an_input("率", unit="%", high=Fraction(1))) == ("refused", ["out-of-bounds"])
    assert read("100%", an_input("率", unit="%", high=Fraction(1))) == (1, [])


# ------------------------------------------------------------------------------------------------ other kinds


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_date_is_the_same_however_it_is_written(day: date) -> None:
    """Every accepted writing of a day is that day."""
    y, m, d = f"{day.year:04}", day.month, day.day
    ways: list[Any] = [
        day, datetime(day.year, m, d, 13, 5), day.isoformat(), f"{y}/{m}/{d}", f"{y}年{m}月{d}日", f"{y}.{m:02}.{d:02}",
        f"{y}{m:02}{d:02}", int(f"{y}{m:02}{d:02}"), f" {y} 年 {m} 月 {d} 日", f"{day} 00:00:00", f"{day}T08:30",
        day.isoformat().translate(FULL_WIDTH),
    ]  # fmt: skip
    assert {read(way, an_input("日", "date"))[0] for way in ways} == {day}


def test_a_month_is_a_day_only_where_a_rule_says_which() -> None:
    """A month-only cell is the first or the last day as the input says, and else refused."""
    for text in ("2024-02", "2024年2月", "2024/2", "２０２４．０２", "202402"):
        assert read(text, an_input("日", "date", month="first")) == (date(2024, 2, 1), [])
        assert read(text, an_input("日", "date", month="last")) == (date(2024, 2, 29), [])
        assert read(text, an_input("日", "date")) == ("refused", ["month-without-day"])


@pytest.mark.parametrize(
    "raw",
    [
        *["2023-02-30", "2023-13-01", "0000-01-01", "23-1-1", "年底前", "2023年10月底", "٢٠٢٣-01-01"],
        45200,
        45200.0,
        45200.5,
        True,
    ],
)
def test_what_is_no_day_is_refused(raw: Any) -> None:
    """A text that names no day, and a day number without a date format, are refused."""
    assert read(raw, an_input("日", "date")) == ("refused", ["unreadable-date"])


def test_dates_keep_their_bounds() -> None:
    """A day outside min and max is refused."""
    bounded = an_input("日", "date", low=date(2023, 1, 1), high=date(2023, 12, 31))
    assert read("2023-12-31", bounded)[1] == []
    assert read("2024-01-01", bounded) == ("refused", ["out-of-bounds"])


def test_booleans_have_their_own_words() -> None:
    """是 有 √ true 1 are true, 否 无 × false 0 false, and nothing else is either."""
    flag = an_input("有否", "boolean")
    for word in (True, 1, 1.0, "1", "１", "是", "有", "√", "TRUE", "True", "yes", "Ｙ"):
        assert read(word, flag) == (True, [])
    for word in (False, 0, "0", "否", "无", "×", "FALSE", "n"):
        assert read(word, flag) == (False, [])
    for word in (2, "或许", "是否", -1):
        assert read(word, flag) == ("refused", ["unreadable-boolean"])
    assert read("/", flag) == ("not_applicable", [])
    assert read(None, flag) == ("missing", ["missing-value"])


def test_a_choice_is_one_of_its_labels() -> None:
    """A label matches as printed or with full-width signs and `>=` made plain; anything else is refused, the nearest named."""
    way = an_input("性质", "choice", choices=("≥", "≤", "=", "定性", "A（甲）", "1"))
    for text, label in [("≥", "≥"), (">=", "≥"), ("＞＝", "≥"), ("<=", "≤"), ("＝", "="), ("==", "="), (" 定 性 ", "定性"),
                        ("a(甲)", "A（甲）"), (1, "1"), (1.0, "1"), ("１", "1")]:  # fmt: skip
        assert read(text, way) == (label, [])
    cell, (finding,) = read_cell("定姓", way)
    assert (finding.name, finding.nearest, cell.value.kind) == ("choice-not-offered", "定性", "refused")
    assert read(True, way)[1] == ["choice-not-offered"]
    assert read("无", an_input("有无", "choice", choices=("有", "无"))) == ("无", [])


def test_text_is_kept() -> None:
    """Text is what was written less its outer spaces; numbers are written out, and a lone mark still marks a hole."""
    note = an_input("说明", "text")
    assert read(" 三公（经费） ", note) == ("三公（经费）", [])
    assert read(3.0, note) == ("3", [])
    assert read("无", note) == ("无", [])
    assert read("/", note) == ("not_applicable", [])
    assert read("-", note) == ("missing", ["dash-for-missing"])


def test_a_cell_keeps_its_evidence() -> None:
    """A cell keeps what was written and where; findings say the place, the column and the text."""
    where = Location("表.xlsx", 7, 3, sheet="一")
    cell, (finding,) = read_cell("≥266", NUMBER, where)
    assert (cell.raw, cell.where) == ("≥266", where)
    assert finding.where == where
    assert finding.path == "数"
    assert "≥266" in finding.message()
    assert "266" in finding.message("en")


# ------------------------------------------------------------------------------------------------ measures


def measured(target: Any, actual: Any, *, way: str = "≥", unit: str | None = None) -> tuple[list[Any], list[str]]:
    """The target and actual of one row, and the names of all findings of its record."""
    columns = INDICATORS.columns if unit is None else (*INDICATORS.columns, an_input("计量单位", "text", optional=True))
    scheme = a_scheme(rows=[attrs.evolve(INDICATORS, columns=columns)])
    row = {
        "一级指标": "产出",
        "三级指标": "甲",
        "分值": 10,
        "性质": way,
        "目标值": target,
        "完成值": actual,
        "计量单位": unit,
    }
    if unit is None:
        del row["计量单位"]
    batch = records_from_mappings(scheme, [{"绩效指标": [row]}])
    if batch.set_aside:
        return [], names(batch.set_aside[0].findings)
    cells = batch.records[0].rows["绩效指标"][0].cells
    values = [cells[name].value for name in ("目标值", "完成值")]
    return [v.kind if isinstance(v, Hole) else v for v in values], names(batch.records[0].findings)


@given(
    st.integers(1, 10**6),
    st.sampled_from([("万元", "元", 10000), ("公里", "米", 1000), ("年", "个月", 12), ("人", "名", 1)]),
)
def test_measures_of_one_dimension_compare(number: int, units: tuple[str, str, int]) -> None:
    """Target and actual in two units of one dimension stand in the ratio of the quantities."""
    (target, actual), found = measured(f"{number}{units[0]}", f"{number}{units[1]}")
    assert target / actual == units[2]
    assert found == []


def test_a_measure_takes_its_kind_row_by_row() -> None:
    """Numbers, percentages and dates are read; words are missing, told lightly where the whole row is words."""
    assert measured("100", 87) == ([100, 87], [])
    assert measured("100%", "95%") == ([1, Fraction(19, 20)], [])
    assert measured("2023年12月31日", date(2023, 11, 30)) == ([date(2023, 12, 31), date(2023, 11, 30)], [])
    assert measured("显著提升", "显著提升") == (["missing", "missing"], ["words-in-number-cell"] * 2)
    assert measured(">=266", ">=266") == ([266, 266], ["repeated-operator"] * 2)
    assert measured("266公里", None) == ([266, "missing"], [])
    assert measured("/", "/") == (["not_applicable"] * 2, [])
    assert measured(100, "完成") == ([100, "missing"], ["words-in-number-cell"])


def test_how_grave_words_are_depends_on_the_row() -> None:
    """Words beside words are a remark; words beside a number are a warning."""
    for target, severity in [("显著", "remark"), (100, "warning")]:
        row = {"一级指标": "产出", "三级指标": "甲", "分值": 10, "性质": "定性", "目标值": target, "完成值": "显著"}
        record = record_from(a_scheme(rows=[INDICATORS]), {"绩效指标": [row]})
        assert {f.severity for f in record.findings if f.name == "words-in-number-cell"} == {severity}


def test_how_grave_an_operator_is_depends_on_the_row() -> None:
    """The sign on a target alone is a remark; on target and actual both it is a warning, for it is no actual value."""
    for actual, severity in [("95%", "remark"), ("≥95%", "warning")]:
        row = {"一级指标": "产出", "三级指标": "甲", "分值": 10, "性质": "≥", "目标值": "≥90%", "完成值": actual}
        record = record_from(a_scheme(rows=[INDICATORS]), {"绩效指标": [row]})
        assert {(f.name, f.severity) for f in record.findings} == {("repeated-operator", severity)}


def test_measures_that_do_not_compare_are_missing() -> None:
    """A percentage beside a bare number, a date beside a number, and two dimensions leave both without a value."""
    for target, actual in [
        ("100%", 1),
        ("95%", 96),
        ("2023-12-31", 5),
        ("5公里", "3万元"),
        ("5万", 40000),
        ("10个", "3%"),
    ]:
        assert measured(target, actual) == (["missing", "missing"], ["measures-differ"] * 2)


def test_a_unit_is_taken_over_and_told() -> None:
    """Where only one cell states its unit the other has the same, and it is told; gravely for 万元, where it may be 元."""
    assert measured("266公里", 200) == ([266, 200], ["unit-taken-over"])
    row = {"一级指标": "产出", "三级指标": "甲", "分值": 10, "性质": "≥", "目标值": "7.29万元", "完成值": 72890}
    (finding,) = record_from(a_scheme(rows=[INDICATORS]), {"绩效指标": [row]}).findings
    assert (finding.name, finding.severity) == ("unit-taken-over", "warning")


def test_a_unit_column_states_the_units_of_its_row() -> None:
    """What the unit column says holds for bare numbers; a unit in a cell goes before it; `/` says nothing."""
    assert measured(5, 4, unit="公里") == ([5, 4], [])
    assert measured(5, "4000米", unit="公里") == ([5, 4], [])
    assert measured("95%", 97, unit="%") == ([Fraction(19, 20), Fraction(97, 100)], [])
    assert measured("95%", 0.97, unit="%") == (["missing"] * 2, ["measures-differ"] * 2)
    assert measured(95, 0.97, unit="百分比") == (["missing"] * 2, ["measures-differ"] * 2)
    assert measured(5, 4, unit="/") == ([5, 4], [])
    assert measured("3栋楼", "2栋楼") == ([3, 2], [])


def test_opposite_directions_set_the_record_aside() -> None:
    """A target that repeats ≤ in a row that says ≥ is refused: a wrong direction is a wrong score in waiting."""
    assert measured("≤5300", 5830, way="≥")[1] == ["opposite-operator", "repeated-operator"]
    assert measured("≤5300", 5830, way="≤")[1] == ["repeated-operator"]
    assert measured("=100%", "100%", way="≥")[1] == ["repeated-operator"]


# ------------------------------------------------------------------------------------------------ records


def test_headings_match_by_name_or_label() -> None:
    """Names and labels match with spaces, quotes, brackets and full-width signs folded, and what is in brackets left out."""
    scheme = a_scheme([an_input("三公变动率", title="“三公”经费变动率（本级）"), an_input("预算", unit="万元")])
    for heading in (
        "三公变动率",
        "“三公”经费变动率（本级）",
        '"三公" 经费变动率(本级)',
        "三公经费\n变动率（本级）",
        "三公变动率（B/A）",
    ):
        assert record_from(scheme, {heading: 5, "预算": 1}).cells["三公变动率"].value == 5


def test_a_unit_in_the_heading_holds_for_bare_numbers() -> None:
    """A heading's unit converts what stands bare beneath it; one that cannot be the input's is an error."""
    scheme = a_scheme([an_input("预算", unit="万元"), an_input("率", unit="%")])
    record = record_from(scheme, {"预算（元）": 72890, "率（%）": "0.95"})
    assert (record.cells["预算"].value, record.cells["率"].value) == (Fraction("7.289"), Fraction(19, 20))
    assert record_from(scheme, {"预算（元）": "3万元", "率": 1}).cells["预算"].value == 3
    with pytest.raises(RecordError) as refused:
        record_from(scheme, {"预算（公里）": 5, "率": 1})
    assert "wrong-unit-in-heading" in names(refused.value.findings)


def test_unmatched_headings_are_told_once() -> None:
    """A heading that stands for nothing is told once for all records, with the nearest name; a missing column likewise."""
    batch = records_from_mappings(a_scheme(BUDGET), [{"全年预算": 1, "备注": "x"}, {"全年预算": 2}])
    assert [(f.name, f.nearest) for f in batch.findings] == [
        ("unknown-heading", "全年预算数"),
        ("unknown-heading", ""),
        ("missing-column", ""),
    ]
    assert batch.findings[-1].seen["column"].count("、") == 1  # one finding for both
    assert all(r.findings == () for r in batch.records)


def test_a_lone_record_says_itself_what_it_lacks() -> None:
    """Of one record alone every missing datum is its own finding, and what was said about headings is its finding too."""
    record = record_from(a_scheme(BUDGET), {"全年预算数": 5, "全年执行": 3})
    assert names(record.findings) == ["unknown-heading", "missing-value"]


Named = namedtuple("Named", ["全年预算数", "全年执行数"])


@attrs.define
class Defined:
    全年预算数: Any
    全年执行数: Any


@dataclasses.dataclass
class Data:
    全年预算数: Any
    全年执行数: Any


class Plain:
    def __init__(self, 全年预算数: Any, 全年执行数: Any) -> None:
        self.全年预算数, self.全年执行数, self._hidden = 全年预算数, 全年执行数, 1


def as_mapping(budget: Any, spent: Any) -> dict[str, Any]:
    return {"全年预算数": budget, "全年执行数": spent}


@pytest.mark.parametrize("make", [as_mapping, Named, Defined, Data, Plain])
def test_objects_are_read_as_mappings(make: Any) -> None:
    """A mapping, a named tuple, an attrs class, a dataclass and a plain object of the same data are the same record."""
    assert record_from(a_scheme(BUDGET), make("1,000", 870)) == Record(
        "1", record_from(a_scheme(BUDGET), as_mapping("1,000", 870)).cells, {}, {}
    )


@pytest.mark.parametrize("thing", [5, "文", None, [1], type, 3.5])
def test_what_is_no_record_is_set_aside(thing: Any) -> None:
    """A thing without names for its data is set aside, alone, with its number; alone it raises."""
    batch = records_from_mappings(a_scheme(BUDGET), [as_mapping(1, 2), thing])
    assert [(s.row, names(s.findings)) for s in batch.set_aside] == [(2, ["not-a-record"])]
    with pytest.raises(RecordError) as refused:
        record_from(a_scheme(BUDGET), thing)
    assert names(refused.value.findings) == ["not-a-record"]


good = st.fixed_dictionaries(
    {"全年预算数": st.integers(0, 999), "全年执行数": st.sampled_from([5, "5万元", "≥5", "/", None])}
)
bad = st.fixed_dictionaries({"全年预算数": st.sampled_from(["1,23", -1, "5个", True]), "全年执行数": st.integers(0, 9)})


@given(st.lists(st.tuples(good | bad | st.just(3), st.sampled_from(["a", "b", "c", None, ""]))))
def test_counts_add_up(things: list[tuple[Any, Any]]) -> None:
    """Every record is kept or set aside, none twice, and those kept are exactly the ones without an error."""
    entries = [{**t, "编号": i} if isinstance(t, dict) else t for t, i in things]
    batch = records_from_mappings(a_scheme(BUDGET), entries)
    assert batch.count == len(entries)
    assert all(f.severity != "error" for r in batch.records for f in r.findings)
    assert all(any(f.severity == "error" for f in s.findings) for s in batch.set_aside)
    ids = [r.id for r in batch.records]
    assert len(set(ids)) == len(ids)


def test_a_bad_record_has_all_its_reasons() -> None:
    """Every reason is given at once, and only that record is set aside."""
    scheme = a_scheme([*BUDGET, an_input("事故", "boolean")])
    wrong = {"id": "乙", "全年预算数": "1,23", "全年执行数": -1, "事故": "也许"}
    right = {"id": "甲", "全年预算数": 1, "全年执行数": 1, "事故": "无"}
    batch = records_from_mappings(scheme, [right, wrong])
    assert [r.id for r in batch.records] == ["甲"]
    (aside,) = batch.set_aside
    assert (aside.row, aside.id) == (2, "乙")
    assert names(aside.findings) == ["bad-grouping", "out-of-bounds", "unreadable-boolean"]


def test_ids_tell_records_apart() -> None:
    """The scheme's key goes before 编号, id and record; without one records are numbered; who shares an id is set aside."""
    scheme = a_scheme(BUDGET, key="项目编号")
    keyed = {"项目编号": "P1", "编号": "x", **as_mapping(1, 1)}
    batch = records_from_mappings(scheme, [keyed, {"ID": 7.0, **as_mapping(1, 1)}, as_mapping(1, 1)])
    assert [r.id for r in batch.records] == ["P1", "7", "3"]
    assert names(batch.findings) == ["unknown-heading"]
    twins = records_from_mappings(scheme, [{"id": i, **as_mapping(1, 1)} for i in ("a", "b", "ａ")])
    assert [r.id for r in twins.records] == ["b"]
    assert [names(s.findings) for s in twins.set_aside] == [["duplicate-record-id"]] * 2
    blank = records_from_mappings(scheme, [{"id": "", **as_mapping(1, 1)}])
    assert names(blank.records[0].findings) == ["missing-record-id"]


def test_a_key_may_be_an_input() -> None:
    """Where the key names an input, its column is both."""
    scheme = a_scheme([an_input("项目名称", "text", title="项目全称"), *BUDGET], key="项目名称")
    record = record_from(scheme, {"项目全称": "修路", **as_mapping(1, 1)})
    assert (record.id, record.cells["项目名称"].value) == ("修路", "修路")


def test_two_headings_for_one_input_must_agree() -> None:
    """Name and label both brought: told; where they differ the record is set aside."""
    scheme = a_scheme([an_input("预算", title="全年预算数")])
    batch = records_from_mappings(scheme, [{"预算": "1,000", "全年预算数": 1000}, {"预算": 1, "全年预算数": 2}])
    assert names(batch.findings) == ["two-columns-for-one"]
    assert [r.id for r in batch.records] == ["1"]
    assert names(batch.set_aside[0].findings) == ["conflicting-values"]


def test_mixed_magnitudes_are_found() -> None:
    """0.8618 beside 86.18 in a bare % column: the column is told of, and who contradicts the scheme is set aside."""
    entries = [{"率": 0.8618}, {"率": 86.18}, {"率": "86.18%"}, {"率": 0}]
    fractions = records_from_mappings(a_scheme([RATE]), entries)
    assert names(fractions.findings) == ["mixed-magnitudes"]
    assert "1（0.8618）" in fractions.findings[0].message()
    assert [(s.id, names(s.findings)) for s in fractions.set_aside] == [("2", ["magnitude-in-doubt"])]
    percents = records_from_mappings(a_scheme([PERCENT_RATE]), entries)
    assert [s.id for s in percents.set_aside] == ["1"]
    for calm in ([0.8, 1.2, 3], ["86%", 0.86], [0.5], [86, 5]):
        assert records_from_mappings(a_scheme([RATE]), [{"率": x} for x in calm]).findings == ()


def test_published_figures_never_set_aside() -> None:
    """A published figure is read like an optional input; one that cannot be read is a warning, as it is never scored."""
    record = record_from(SELF_EVALUATION, {**as_mapping(1, 1), "总分": "98.62"})
    assert record.published["总分"].value == Fraction("98.62")
    record = record_from(SELF_EVALUATION, {**as_mapping(1, 1), "总分": "1,23"})
    assert [(f.name, f.severity) for f in record.findings] == [("bad-grouping", "warning")]
    assert names(record_from(SELF_EVALUATION, as_mapping(1, 1)).findings) == []


# ------------------------------------------------------------------------------------------------ rows and rulings


def a_row(name: Any, points: Any = 10, **rest: Any) -> dict[str, Any]:
    return {"一级指标": "产出", "三级指标": name, "分值": points, "性质": "≥", **rest}


def test_rows_are_numbered_named_and_filled_down() -> None:
    """Blank rows are passed over, merged cells repeat the value above, totals are no rows, twins are told."""
    rows = [
        a_row("甲"),
        {},
        {**a_row("乙"), "一级指标": None},
        a_row(""),
        a_row("合计", 100),
        a_row("甲"),
        {"一级指标": "总计"},
    ]
    record = record_from(SELF_EVALUATION, {**as_mapping(1, 1), "绩效指标": rows})
    assert [(r.number, r.name) for r in record.rows["绩效指标"]] == [(1, "甲"), (2, "乙"), (3, "第3行"), (4, "甲")]
    assert record.rows["绩效指标"][1].cells["一级指标"].value == "产出"
    assert names(record.findings) == ["missing-value", "total-line-skipped", "duplicate-row-name", "total-line-skipped"]
    assert record.findings[0].path == "第3行/三级指标"


def test_a_row_column_that_nobody_brings_is_told_once() -> None:
    """A wanted column that no row has is one finding, not one for each row."""
    rows = [{k: v for k, v in a_row(n).items() if k != "性质"} for n in ("甲", "乙")]
    batch = records_from_mappings(SELF_EVALUATION, [{**as_mapping(1, 1), "绩效指标": rows}])
    assert [(f.name, f.path, f.seen["column"]) for f in batch.findings] == [("missing-column", "绩效指标", "性质")]
    assert batch.records[0].findings == ()


def test_bad_rows_set_the_record_aside() -> None:
    """A refused cell in a row sets its record aside, with the row in its path; rows that are no rows likewise."""
    batch = records_from_mappings(SELF_EVALUATION, [{**as_mapping(1, 1), "绩效指标": [a_row("甲", "1,23")]}])
    assert [(f.name, f.path) for f in batch.set_aside[0].findings] == [("bad-grouping", "甲/分值")]
    for wrong in (5, [5], "甲"):
        batch = records_from_mappings(SELF_EVALUATION, [{**as_mapping(1, 1), "绩效指标": wrong}])
        assert names(batch.set_aside[0].findings) == ["not-a-list-of-rows"]
    assert record_from(SELF_EVALUATION, {**as_mapping(1, 1), "绩效指标": None}).rows["绩效指标"] == ()
    odd = record_from(SELF_EVALUATION, {**as_mapping(1, 1), "绩效指标": [a_row("甲", 权重=1)]})
    assert names(odd.findings) == ["unknown-heading"]


RULING = {"path": "产出/甲", "points": "9.5", "reason": "证据不足", "by": "某甲", "date": "2024-03-01"}


def test_rulings_are_read_whole() -> None:
    """A ruling states path, points, reason, by and date, under English or Chinese keys."""
    chinese = dict(zip(["指标", "得分", "理由", "审定人", "日期"], RULING.values(), strict=True))
    for key, ruling in itertools.product(["rulings", "审定"], [RULING, chinese]):
        record = record_from(SELF_EVALUATION, {**as_mapping(1, 1), key: [ruling]})
        assert record.rulings == (Ruling("产出/甲", Fraction("9.5"), "证据不足", "某甲", date(2024, 3, 1)),)


@pytest.mark.parametrize(
    "change", [{"reason": ""}, {"by": None}, {"points": "满分"}, {"date": "2024"}, {"提示": 1}, {"path": "/"}]
)
def test_a_ruling_that_lacks_anything_is_refused(change: dict[str, Any]) -> None:
    """A ruling with anything wanting, unreadable or unknown sets its record aside."""
    batch = records_from_mappings(SELF_EVALUATION, [{**as_mapping(1, 1), "rulings": [{**RULING, **change}]}])
    assert set(names(batch.set_aside[0].findings)) == {"bad-ruling"}


def test_places_travel_with_raw_cells() -> None:
    """A source that knows its places hands them over as Raw; every cell and finding keeps them."""
    places = [Location("表", 4, i) for i in (1, 2)]
    record = record_from(
        a_scheme(BUDGET), {n: Raw("≥5", p) for n, p in zip(["全年预算数", "全年执行数"], places, strict=True)}
    )
    assert [c.where for c in record.cells.values()] == places == [f.where for f in record.findings]


def test_a_record_is_its_own_record() -> None:
    """What is a Record already comes back as it is."""
    record = record_from(PROJECTS, {"项目名称": "修路", **as_mapping(1, 1), "重大事故": "无"})
    assert record_from(PROJECTS, record) is record
