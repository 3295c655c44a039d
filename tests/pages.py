"""The blocks of README and docs: each is run, checked, or written to a file for the next, in the order of its page.

A comment on the line before a block says what it is there for:

    <!-- file: water.yaml -->    the block is that file in the page's own folder
    <!-- under: inputs: -->      (with file) it goes into the file, at the end of what this line opens; or at its `end`
    <!-- whole: water.yaml -->   the block shows that file as it stands
    <!-- wrong: unknown-name --> the scheme has these findings, and no others
    <!-- exit: 1 -->             the last command of a console block ends so

`python tests/pages.py` writes the output in every console block anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from attrs import field, frozen
from click.testing import CliRunner
from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

import perfrules as pr
from perfrules.cli.commands import perfrules
from perfrules.grammar import FORMS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = ("yaml", "console", "csv", "json", "toml", "diff", "text", "sh")
HEAD = {"perfrules": 1, "scheme": "docs.example", "title": "例", "clause": "例"}
TREE = {"points": 10, "formula": "points"}

_DIRECTIVES = re.compile(r"(?:^<!-- [a-z]+: .* -->\n)+\Z", re.MULTILINE)
_DIRECTIVE = re.compile(r"^<!-- ([a-z]+): (.*) -->$", re.MULTILINE)


@frozen
class Page:
    """A page being run: its document, and what the blocks that show something should show."""

    path: Path
    document: Document
    outputs: dict[int, str] = field(factory=dict)

    @classmethod
    def parse(cls, path: Path) -> Page:
        """The page at a path, with its blocks."""
        parsers = [PythonCodeBlockParser(), *(CodeBlockParser(language, _unrun) for language in LANGUAGES)]
        return cls(path, Sybil(parsers).parse(path))

    @property
    def name(self) -> str:
        """Its path from the top of the repository."""
        return self.path.relative_to(ROOT).as_posix()

    def run(self) -> Iterator[str]:
        """Run every block in the folder that is current, and tell what went wrong."""
        for example in self.document.examples():
            about = directives(example)
            try:
                wrong = self.block(example, about)
            except (Exception, SystemExit) as problem:  # whatever a block raises is told, with its line
                wrong = f"{type(problem).__name__}: {problem}"
            if wrong:
                yield f"{self.name}:{example.line}: {wrong}"

    def block(self, example: Example, about: dict[str, str]) -> str:
        """Run one block; what is wrong with it, or nothing."""
        language, source = language_of(example), source_of(example)
        if "file" in about:
            write(Path(about["file"]), source, about.get("under"))
        if language == "python":
            if "file" not in about:
                example.evaluate()
        elif language == "console":
            self.outputs[example.start] = text = played(source, int(about.get("exit", -1)))
            if not shows(example, text):
                return f"the commands print otherwise:\n{text}"
        elif "whole" in about:
            self.outputs[example.start] = text = Path(about["whole"]).read_text(encoding="utf-8")
            if not shows(example, text):
                return f"{about['whole']} reads otherwise"
        elif language == "yaml":
            text = Path(about["file"]).read_text(encoding="utf-8") if "file" in about else source
            return loaded(text, about.get("wrong", ""))
        return ""


def _unrun(_: Example) -> None:
    """Blocks of these languages are looked at by `Page.block`."""


def language_of(example: Example) -> str:
    """The language of a block; a part of a Python session is Python."""
    return str(example.region.lexemes.get("arguments", "python") if example.region.lexemes else "python")


def source_of(example: Example) -> str:
    """What stands between the fences of a block, its indentation kept."""
    text: str = example.document.text[example.start : example.end]
    return text.partition("\n")[2].rpartition("```")[0]


def directives(example: Example) -> dict[str, str]:
    """What the comments right before a block say of it."""
    found = _DIRECTIVES.search(example.document.text[: example.start])
    return dict(_DIRECTIVE.findall(found[0])) if found else {}


def write(path: Path, text: str, under: str | None) -> None:
    """Write a file; or put the text into it, at the end of what a line opens, or of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if under is None:
        path.write_text(text, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if under == "end":
        path.write_text("".join([*lines, "\n", text]), encoding="utf-8")
        return
    start = [line.strip() for line in lines].index(under)
    end = next((i for i in range(start + 1, len(lines)) if _indent(lines[i]) <= _indent(lines[start])), len(lines))
    while not lines[end - 1].strip():
        end -= 1
    path.write_text("".join([*lines[:end], text, *lines[end:]]), encoding="utf-8")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip()) if line.strip() else 1_000


# ---------------------------------------------------------------------------------------------- schemes


def loaded(text: str, wrong: str) -> str:
    """What is wrong with a scheme: it has other findings than it should have. Parts of a scheme are made whole; remarks
    that nobody asked about are let pass."""
    expected = sorted({name.strip() for name in wrong.split(",") if name.strip()})
    whole = made_whole(text)
    if whole is None:
        return "neither a scheme nor the top of one; begin with a key of a scheme file"
    try:
        found = pr.loads(whole).findings
    except pr.SchemeError as problem:
        found = problem.findings
    names = sorted({f.name for f in found if f.severity != "remark" or f.name in expected})
    return "" if names == expected else f"finds {names}:\n" + "\n".join(f.render("en") for f in found)


def made_whole(text: str) -> str | None:
    """A scheme file as it is, or the top of one with the keys that it lacks; None where it is neither."""
    if re.search(r"^(scheme|amends):", text, re.MULTILINE):
        return text
    keys = re.findall(r"^([^\s#:][^:]*):", text, re.MULTILINE)
    if not keys or not set(keys) <= FORMS["scheme"].keys.keys():
        return None
    marks = {"clause", "assumed", "unverified"} & set(keys)
    lacking = {k: v for k, v in {**HEAD, "tree": TREE}.items() if k not in keys and not (k == "clause" and marks)}
    return text + yaml.safe_dump(lacking, allow_unicode=True)


# ---------------------------------------------------------------------------------------------- commands


def played(block: str, code: int) -> str:
    """A console block with what its commands print; `code` is how the last must end, or -1 for 0 or 1."""
    said: list[str] = []
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    for number, command in enumerate(commands, 1):
        said.append(f"$ {command}")
        words = shlex.split(command.partition("  #")[0])
        if words[0] != "perfrules":
            raise AssertionError(f"a console block runs perfrules and nothing else: {command}")
        into = Path(words[words.index(">") + 1]) if ">" in words else None
        result = CliRunner().invoke(
            perfrules, words[1 : words.index(">")] if into else words[1:], prog_name="perfrules"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        last = number == len(commands)
        if result.exit_code != code if last and code >= 0 else result.exit_code not in (0, 1):
            raise AssertionError(f"{command} ends with {result.exit_code}:\n{result.output}")
        if into:
            into.write_text(result.output, encoding="utf-8")
        else:
            said += [line.rstrip() for line in result.output.strip("\n").splitlines()]
    return "\n".join(said) + "\n"


def shows(example: Example, text: str) -> bool:
    """Whether a block shows a text: that of a file to the letter, what commands print with parts left out."""
    return matches(source_of(example), text) if language_of(example) == "console" else source_of(example) == text


def matches(shown: str, text: str) -> bool:
    """Whether a block shows what its commands print; a line “…” stands for any number of lines."""
    printed = text.strip("\n").splitlines()
    place = 0
    parts = _parts([line.rstrip() for line in shown.strip("\n").splitlines()])
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        starts = range(place, len(printed) - len(part) + 1) if number else [0]
        if last and part:
            starts = [start for start in starts if start + len(part) == len(printed)]
        found = next((start for start in starts if printed[start : start + len(part)] == part), None)
        if found is None:
            return False
        place = found + len(part)
    return not parts[-1] or place == len(printed)


def _parts(lines: list[str]) -> list[list[str]]:
    """The lines between those that stand for others."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.strip() == "…":
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def abridged(shown: str, text: str) -> str:
    """What commands print, command by command, with those parts left out that are left out where it still matches."""
    before = re.split(r"^(?=\$ )", shown, flags=re.MULTILINE)[1:]
    after = re.split(r"^(?=\$ )", text, flags=re.MULTILINE)[1:]
    return "".join(old if matches(old, new) else new for old, new in zip(before, after, strict=True))


# ---------------------------------------------------------------------------------------------- writing anew


def folder(at: Path) -> Path:
    """A folder of its own for a page, with the examples in it, made current."""
    shutil.copytree(ROOT / "examples", at / "examples")
    os.chdir(at)
    return at


def rewritten(path: Path) -> Any:
    """The text of a page with the output in its console blocks written anew, and what else is wrong."""
    page = Page.parse(path)
    told = list(page.run())
    text = page.document.text
    for example in sorted(page.document.examples(), key=lambda e: -e.start):
        output = page.outputs.get(example.start)
        if output is not None and language_of(example) == "console":
            output = abridged(source_of(example), output)
        if output is not None and source_of(example) != output:
            opening = text[example.start :].partition("\n")[0]
            text = f"{text[: example.start]}{opening}\n{output}```{text[example.end :]}"
    return text, [line for line in told if " otherwise" not in line]


if __name__ == "__main__":
    wanted = [Path(word).resolve() for word in sys.argv[1:]] or PAGES
    for one in wanted:
        with tempfile.TemporaryDirectory() as temporary:
            folder(Path(temporary))
            written, wrong_ = rewritten(one)
            one.write_text(written, encoding="utf-8")
            print(*wrong_, sep="\n")
            os.chdir(ROOT)
