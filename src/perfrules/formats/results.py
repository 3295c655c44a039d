"""Results out 写出结果: the scorecards of a file of records, and what was set aside, as JSON, CSV or a workbook."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from attrs import frozen

from perfrules import scorecards
from perfrules.findings import SEVERITY_WORDS, Finding, Language, display_width
from perfrules.formats.tables import refused
from perfrules.formats.writing import csv_bytes, guarded, write_whole
from perfrules.model import Scheme, Scorecard, SetAside
from perfrules.numbers import published

SUFFIXES = (".json", ".csv", ".xlsx")
"""The kinds of file that results are written to."""

Cell = Fraction | str | None
Sheet = Sequence[Sequence[Cell]]

_SPREADSHEET_DIGITS = Context(prec=15, rounding=ROUND_HALF_UP)
"""A spreadsheet program keeps and shows no more; results with all digits are in JSON."""
_CELL_LIMIT = 32_000


@frozen
class Scores:
    """What scoring a file of records came to 评分结果: every record has a scorecard or is set aside.

    `others` are older editions that some of the scorecards are of.
    """

    scheme: Scheme
    cards: tuple[Scorecard, ...]
    set_aside: tuple[SetAside, ...] = ()
    findings: tuple[Finding, ...] = ()
    others: tuple[Scheme, ...] = ()

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        """The editions that scorecards are of, newest first."""
        return (self.scheme, *self.others)

    @property
    def scales(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each grade scale, best first: of the newest edition, and what older ones have beside them."""
        labels: dict[str, dict[str, None]] = {}
        for scheme in self.schemes:
            for scale in scheme.grades.values():
                labels.setdefault(scale.name, {}).update(dict.fromkeys(scale.labels))
        return {name: tuple(each) for name, each in labels.items()}

    @property
    def without_score(self) -> int:
        """How many scorecards have no total: something refused it, or nothing applied."""
        return sum(card.points is None for card in self.cards)

    @property
    def refused(self) -> int:
        """How many of them something refused: data that the scheme cannot do without."""
        return sum(card.nodes[0].state == "refused" for card in self.cards)

    @property
    def grades(self) -> Mapping[str, Mapping[str, int]]:
        """How many records got each label of each grade scale, best first."""
        return {
            name: {label: sum(card.grades.get(name) == label for card in self.cards) for label in labels}
            for name, labels in self.scales.items()
        }

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings about the whole, about records set aside, and of every scorecard."""
        aside = (f for each in self.set_aside for f in each.findings)
        return (*self.findings, *aside, *(f for card in self.cards for f in card.findings))

    def as_json(self) -> dict[str, Any]:
        """Plain data, numbers as strings; `perfrules schema scorecard` prints its JSON Schema."""
        scheme = self.scheme
        editions = [
            {"edition": each.edition, "digest": each.digest,
             "scorecards": sum(card.scheme_digest == each.digest for card in self.cards)}
            for each in self.schemes
        ]  # fmt: skip
        return {
            "scheme": {"id": scheme.id, "edition": scheme.edition, "digest": scheme.digest},
            **({"editions": editions} if self.others else {}),
            "scorecards": [scorecards.as_json(card) for card in self.cards],
            "set_aside": [each.as_json() for each in self.set_aside],
            "findings": [f.as_json() for f in self.findings],
            "count": {
                "records": len(self.cards) + len(self.set_aside),
                "scorecards": len(self.cards),
                "without_score": self.without_score,
                "set_aside": len(self.set_aside),
                "grades": {name: dict(labels) for name, labels in self.grades.items()},
            },
        }


def check_output(path: Path, inputs: Iterable[Path]) -> None:
    """See before the work is done that results can be written in this form, and over none of the files read.

    Raises RecordError.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise refused("unknown-file-type", path, kinds=" ".join(SUFFIXES))
    if any(path.resolve() == each.resolve() for each in inputs):
        raise refused("output-over-input", path)


def write_scores(scores: Scores, path: str | Path, lang: Language = "zh") -> None:
    """Write results as .json, .csv (a line for each record) or .xlsx (further sheets), whole or not at all.

    Raises RecordError where that cannot be done.
    """
    path = Path(path)
    check_output(path, ())
    make = _WRITERS[path.suffix.lower()]
    try:
        write_whole(path, make(scores, path, lang))
    except OSError as problem:
        raise refused("file-not-writable", path, why=problem.strerror or "") from None


def _json(scores: Scores, path: Path, lang: Language) -> bytes:
    return (json.dumps(scores.as_json(), ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace")


def _csv(scores: Scores, path: Path, lang: Language) -> bytes:
    return csv_bytes([_csv_cell(cell) for cell in line] for line in _overview(scores, lang))


def _csv_cell(cell: Cell) -> str:
    return format(_decimal(cell), "f") if isinstance(cell, Fraction) else guarded(cell or "")


def _workbook(scores: Scores, path: Path, lang: Language) -> bytes:
    try:
        import xlsxwriter
    except ImportError:
        raise refused("excel-not-installed", path) from None
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        for (zh, en), lines in _sheets(scores, lang):
            _write_sheet(book.add_worksheet(zh if lang == "zh" else en), lines, bold)
    return data.getvalue()


_WRITERS: Mapping[str, Callable[[Scores, Path, Language], bytes]] = {".json": _json, ".csv": _csv, ".xlsx": _workbook}


def _write_sheet(sheet: Any, lines: Sheet, bold: Any) -> None:
    """Text is written as text, so that nothing in it is taken for a formula or a link."""
    sheet.freeze_panes(1, 1)
    for row, line in enumerate(lines):
        for column, cell in enumerate(line):
            if isinstance(cell, Fraction):
                sheet.write_number(row, column, _decimal(cell))
            elif cell:
                sheet.write_string(row, column, _storable(cell), bold if row == 0 else None)
    for column in range(len(lines[0])):
        widths = (display_width(_text(line[column])) for line in lines[:200])
        sheet.set_column(column, column, min(40, max(8, *widths) + 2))


def _decimal(value: Fraction) -> Decimal:
    """The number as a spreadsheet program keeps it, without needless zeros."""
    quotient = _SPREADSHEET_DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
    return quotient.normalize(_SPREADSHEET_DIGITS)


def _text(cell: Cell) -> str:
    return published(cell) if isinstance(cell, Fraction) else cell or ""


def _storable(text: str) -> str:
    return text[:_CELL_LIMIT].encode("utf-8", "backslashreplace").decode()


# ------------------------------------------------------------------------------------------------ sheets

_STATES = {
    "scored": ("得分", "scored"),
    "absent": ("不计", "absent"),
    "refused": ("无分", "without score"),
    "described": ("只列示", "described"),
    "set aside": ("搁置", "set aside"),
}
_STATUSES = {
    "stated": ("陈述", "stated"),
    "unverified": ("未核实", "unverified"),
    "assumed": ("假定", "assumed"),
    "unmarked": ("无依据", "unmarked"),
}


def _sheets(scores: Scores, lang: Language) -> Iterator[tuple[tuple[str, str], Sheet]]:
    yield ("评分", "scores"), _overview(scores, lang)
    yield ("指标", "indicators"), list(_indicators(scores, lang))
    yield ("失分", "losses"), list(_losses(scores, lang))
    yield ("问题", "findings"), list(_findings(scores, lang))


def _head(lang: Language, *words: tuple[str, str]) -> list[Cell]:
    return [zh if lang == "zh" else en for zh, en in words]


def _word(words: tuple[str, str], lang: Language) -> str:
    return words[0] if lang == "zh" else words[1]


def _overview(scores: Scores, lang: Language) -> Sheet:
    """A line for each record: its state, total, grades, and the score of every node."""
    every = (node for scheme in scores.schemes for node in scheme.tree.walk() if node.path and node.points is not None)
    nodes = list(dict.fromkeys(node.path for node in every))
    scales = list(scores.scales)
    first = _head(lang, ("编号", "record"), ("状态", "state"), ("得分", "points"), ("满分", "max"))
    several = bool(scores.others)
    first[1:1] = _head(lang, ("版本", "edition")) if several else []
    last = _head(lang, ("问题数", "findings"), ("搁置原因", "why set aside"))
    lines: list[list[Cell]] = [[*first, *scales, *nodes, *last]]
    for card in scores.cards:
        by_path = {n.path: n.score for n in card.nodes}
        state = _word(_STATES["scored" if card.points is not None else card.nodes[0].state], lang)
        own = [by_path.get(path) for path in nodes]
        edition = [card.edition] if several else []
        grades = [card.grades.get(scale) for scale in scales]
        lines.append(
            [card.record, *edition, state, card.points, card.max, *grades, *own, Fraction(len(card.findings)), None]
        )
    for each in scores.set_aside:
        blanks: list[Cell] = [None] * (2 + len(scales) + len(nodes))
        reasons = " ".join(f.message(lang) for f in each.findings if f.severity == "error")
        state = _word(_STATES["set aside"], lang)
        lines.append([each.id, *([None] if several else []), state, *blanks, Fraction(len(each.findings)), reasons])
    return lines


def _indicators(scores: Scores, lang: Language) -> Iterator[Sequence[Cell]]:
    """A line for each node and row of each record."""
    yield _head(
        lang, ("编号", "record"), ("指标", "indicator"), ("状态", "state"), ("得分", "points"), ("满分", "max"),
        ("失分", "lost"), ("审定前", "computed"), ("依据", "provenance"),
    )  # fmt: skip
    for card in scores.cards:
        for node in card.nodes[1:]:
            state, status = _word(_STATES[node.state], lang), _word(_STATUSES[node.provenance.status], lang)
            yield [card.record, node.path, state, node.score, node.points, node.lost, node.computed, status]


def _losses(scores: Scores, lang: Language) -> Iterator[Sequence[Cell]]:
    """The lines of loss of each record; they add up to what it lost."""
    yield _head(
        lang, ("编号", "record"), ("指标", "indicator"), ("失分", "lost"), ("名称", "name"), ("原因", "reason"),
        ("依据", "clause"),
    )  # fmt: skip
    for card in scores.cards:
        for line in card.lines:
            reason = line.reason if line.hole is None else scorecards.hole_words(line.hole, lang)
            yield [card.record, line.path, line.amount, line.name, reason, line.clause]


def _findings(scores: Scores, lang: Language) -> Iterator[Sequence[Cell]]:
    """A line for each finding: those about the whole first, then by record."""
    yield _head(
        lang, ("编号", "record"), ("轻重", "severity"), ("问题", "finding"), ("指标", "indicator"), ("位置", "place"),
        ("说明", "message"),
    )  # fmt: skip
    by_record: list[tuple[str, Iterable[Finding]]] = [("", scores.findings)]
    by_record += [(card.record, card.findings) for card in scores.cards]
    by_record += [(each.id, each.findings) for each in scores.set_aside]
    for record, findings in by_record:
        for f in findings:
            yield [record, SEVERITY_WORDS[lang][f.severity], f.name, f.path, str(f.where or ""), f.message(lang)]
