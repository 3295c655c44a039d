"""What is printed and how: text for people, JSON for programs, on consoles of any encoding."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any

from attrs import frozen

from perfrules.findings import SEVERITIES, SEVERITY_WORDS, Finding, Language, Severity, display_width

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

USAGE = frozenset(
    {
        "unknown-scheme", "distribution-not-scheme", "unknown-edition",
        "unknown-facts", "unknown-check", "unknown-record", "unknown-indicator", "ambiguous-indicator",
        "record-not-chosen", "file-unreadable", "file-not-found", "file-not-readable", "unknown-file-type",
        "file-not-writable", "output-over-input", "no-such-month", "no-such-stage", "nothing-to-check", "nothing-to-audit",
        "template-needs-workbook",
    }
)  # fmt: skip
"""Findings that say that the command line itself names what is not there: exit 2."""

FINE, FAULTY, MISUSED = 0, 1, 2
"""The exit codes 退出码."""

SEVERITY_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "remark": "cyan"}

_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_WITHOUT_UNICODE = str.maketrans("−＾", "-^")
"""Signs of our own that code page 936 or an ASCII console lacks, and what they say instead."""


def forgive_streams() -> None:
    """Let text that a console cannot show be written as escapes, not fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def visible(text: str) -> str:
    """The text with signs that steer a terminal or hide (escape, bidirectional marks) written out; lines are kept."""
    return _UNPRINTABLE.sub(lambda m: " " if m[0] == "\t" else f"\\u{ord(m[0]):04x}", text)


def aligned(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Rows of cells as lines with aligned columns, by display width; `right` are the columns set flush right."""
    rows = [[visible(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(display_width(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    flush = frozenset(right)
    lines = []
    for row in rows:
        cells = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blank = " " * (width - display_width(cell))
            cells.append(blank + cell if place in flush else cell + blank)
        lines.append("  ".join(cells).rstrip())
    return lines


def count_by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many errors, warnings and remarks there are."""
    graves = [f.severity for f in findings]
    return {severity: graves.count(severity) for severity in SEVERITIES}


def many(count: int, thing: str) -> str:
    """So many of a thing, in English."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def exit_code(findings: Iterable[Finding], *, strict: bool = False) -> int:
    """The exit code that findings come to: 1 for an error, and for anything at all where `strict`."""
    found = [f for f in findings if strict or f.severity == "error"]
    return FAULTY if found else FINE


@frozen
class Screen:
    """Where a command prints 输出: in one language, as text or as JSON."""

    lang: Language
    json: bool

    def say(self, zh: str, en: str) -> str:
        """The words of the language that was asked for."""
        return zh if self.lang == "zh" else en

    # ------------------------------------------------------------------------------------------ text

    def line(self, text: str = "", style: str = "", *, err: bool = False) -> None:
        """Print text as it is: nothing in it is markup, and no line is broken or cut."""
        self._print(styled(text, style), err=err)

    def report(self, text: str) -> None:
        """Print text that a procedure made, its severities coloured."""
        made = styled(text)
        for severity, style in SEVERITY_STYLES.items():
            made.highlight_regex(rf"(?m)^(?:\S+: )?{severity}\b", style)
        self._print(made, err=False)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> None:
        """Print a table."""
        head, *lines = aligned([heads, *rows], right)
        self.line(head, "bold")
        if lines:
            self.line("\n".join(lines))

    def tree(self, tree: Tree) -> None:
        """Print a tree, broken to the width of a terminal where there is one."""
        _console(sys.stdout).print(tree)

    def findings(self, findings: Iterable[Finding], *, of: str = "", err: bool = False) -> None:
        """Print findings as editors read them; `of` is the record that those without a place belong to."""
        for finding in findings:
            head = f"{finding.where}: " if finding.where else f"{of}: " if of else ""
            whole = finding.render(self.lang)
            text = styled(whole if finding.where else head + whole)
            start = len(visible(head))
            text.stylize(SEVERITY_STYLES[finding.severity], start, start + len(finding.severity))
            self._print(text, err=err)

    def _print(self, text: Text, *, err: bool) -> None:
        stream = sys.stderr if err else sys.stdout
        if not _speaks_unicode(stream):
            text.plain = text.plain.translate(_WITHOUT_UNICODE)
        _console(stream).print(text, soft_wrap=True)

    def severities(self, findings: Iterable[Finding]) -> str:
        """How many findings of each kind, in words."""
        words = SEVERITY_WORDS[self.lang]
        counts = count_by_severity(findings).items()
        if self.lang == "zh":
            return "，".join(f"{words[severity]} {count}" for severity, count in counts)
        return ", ".join(many(count, words[severity]) for severity, count in counts)

    # ------------------------------------------------------------------------------------------ JSON

    def give(self, data: Any) -> None:
        """Print plain data as JSON: ASCII where the stream is not UTF-8, so that it is valid JSON anywhere."""
        sys.stdout.write(json.dumps(data, ensure_ascii=not _speaks_unicode(sys.stdout), indent=1) + "\n")

    def give_text(self, text: str) -> None:
        """Print JSON that is text already, as it is; on a stream that is not UTF-8 with its letters written as escapes."""
        if _speaks_unicode(sys.stdout):
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
        else:
            self.give(json.loads(text))

    def stop(self, findings: Sequence[Finding]) -> int:
        """Print what kept a command from its work, and give the exit code."""
        if self.json:
            self.give({"findings": [f.as_json() for f in findings]})
        else:
            self.findings(findings, err=True)
        return MISUSED if any(f.name in USAGE for f in findings) else FAULTY


def styled(text: str, style: str = "") -> Text:
    """Text for a console: what could steer a terminal written out, nothing taken for markup."""
    from rich.text import Text

    return Text(visible(text), style=style)


def _console(stream: IO[str]) -> Console:
    """A console that breaks no lines where its stream is no terminal."""
    from rich.console import Console

    width = None if stream.isatty() else 100_000
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def _speaks_unicode(stream: IO[str]) -> bool:
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")
