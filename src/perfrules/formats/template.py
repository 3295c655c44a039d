"""Blank forms 空表: the columns that a scheme expects, as a workbook or CSV file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from perfrules.findings import display_width
from perfrules.formats.tables import refused
from perfrules.formats.writing import csv_bytes, guarded, write_whole
from perfrules.model import Input, Scheme
from perfrules.numbers import published
from perfrules.records.headings import Headings
from perfrules.records.spelling import heading_key

RECORDS_SHEET = "评价记录"
_LIST_LIMIT = 255
"""The most characters of a list of choices that a spreadsheet program takes."""

_KINDS = {
    "number": "数字",
    "boolean": "是/否",
    "choice": "选项",
    "date": "日期",
    "text": "文字",
    "measure": "数字、百分比、日期或文字",
}


def write_csv(scheme: Scheme, path: Path) -> None:
    """Write the headings as CSV, in UTF-8 with the mark that spreadsheet programs look for.

    Raises RecordError, OSError.
    """
    columns = [c.label for kind in scheme.rows.values() for c in kind.columns]
    labels = [*(label for label, _ in _record_columns(scheme)), *columns]
    if len(scheme.rows) > 1 or len(set(map(heading_key, labels))) < len(labels):
        raise refused("template-needs-workbook", path)
    write_whole(path, csv_bytes([[guarded(label) for label in labels]]))


def write_workbook(scheme: Scheme, path: Path) -> None:
    """Write the headings as a workbook, a sheet for records and one for each kind of row.

    Raises RecordError, OSError.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise refused("excel-not-installed", path) from None
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        _sheet(book.add_worksheet(RECORDS_SHEET), _record_columns(scheme), bold)
        identifier = (Headings(scheme).id_heading, None)
        for name, kind in scheme.rows.items():
            _sheet(book.add_worksheet(name[:31]), [identifier, *((c.label, c) for c in kind.columns)], bold)
    write_whole(path, data.getvalue())


def _record_columns(scheme: Scheme) -> list[tuple[str, Input | None]]:
    """The headings of records: the id, the stage where there are stages, every input, then the published figures."""
    identifier = Headings(scheme).id_heading
    inputs = [i for i in scheme.inputs.values() if heading_key(i.name) != heading_key(identifier)]
    labelled = [(i.label, i) for i in [*inputs, *(p.column for p in scheme.published.values())]]
    stage = Headings(scheme).stage_heading
    stages = [(stage, Input(stage, "choice", choices=scheme.stages, optional=True))] if stage else []
    return [(identifier, scheme.inputs.get(identifier)), *stages, *labelled]


def _sheet(sheet: Any, columns: Sequence[tuple[str, Input | None]], bold: Any) -> None:
    sheet.freeze_panes(1, 1)
    for place, (label, input) in enumerate(columns):
        sheet.write_string(0, place, label, bold)
        sheet.set_column(place, place, min(40, max(10, display_width(label) + 2)))
        if input is None:
            continue
        sheet.write_comment(0, place, "\n".join(_notes(input)), {"x_scale": 1.5})
        choices = ["是", "否"] if input.kind == "boolean" else list(input.choices)
        # A list is one text with commas in between; what does not fit such a text is left to the note.
        fits = len(",".join(choices)) <= _LIST_LIMIT and not any("," in choice for choice in choices)
        if choices and fits:
            options = {"validate": "list", "source": choices, "error_type": "warning"}
            sheet.data_validation(1, place, 9_999, place, options)


def _notes(input: Input) -> Iterator[str]:
    """What to know about a column before it is filled in."""
    yield _KINDS[input.kind] + ("（可不填）" if input.optional else "（必填）")
    if input.at:
        yield f"阶段：{'、'.join(input.at)}"
    if input.unit:
        yield f"单位：{input.unit.text}"
    if input.unit and input.unit.percent:
        bare = "0.95" if input.written == "fraction" else "95"
        yield f"写作 95%；不写百分号时，{bare} 即 95%"
    if input.choices:
        yield "选项：" + "、".join(input.choices)
    bounds = [b for b in (input.low, input.high) if b is not None]
    if bounds:
        low, high = (_bound(b) for b in (input.low, input.high))
        yield f"范围：{low} 至 {high}"
    if input.decimals is not None:
        yield f"至多 {input.decimals} 位小数"
    if input.kind not in ("text", "choice"):
        yield "不适用写 /"


def _bound(value: Any) -> str:
    return "…" if value is None else str(value) if not hasattr(value, "numerator") else published(value)
