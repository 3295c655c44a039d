"""README and docs: every block runs, every key is told of, every link leads somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import pages
from pages import PAGES, ROOT, Page
from perfrules.cli.commands import perfrules
from perfrules.grammar import FORMS

DOCS = ROOT / "docs"
SCHEME_FILE = DOCS / "reference" / "scheme-file.md"
FORMULA_LANGUAGE = DOCS / "reference" / "formula-language.md"
COMMANDS = sorted(perfrules.commands)

ZH = DOCS / "zh"


def is_chinese(page: Path) -> bool:
    """Whether a page is the Chinese one of two."""
    return ZH in page.parents or page.name.endswith(".zh.md")


# Each page that is there in English and in Chinese, with the other.
TWIN = {
    one: other
    for english in PAGES
    if (
        chinese := ZH / english.relative_to(DOCS) if DOCS in english.parents else english.with_suffix(".zh.md")
    ).exists()
    for one, other in ((english, chinese), (chinese, english))
}

pages_ = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())


def text_of(path: Path) -> str:
    """The text of a page."""
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    """The text of a page without its blocks."""
    return re.sub(r"^```.*?^```", "", text_of(path), flags=re.MULTILINE | re.DOTALL)


# ── blocks ────────────────────────────────────────────────────────────────────────────────────────


@pages_
def test_every_block_of_a_page_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page: Python runs, commands print what is shown, schemes have the findings they should have."""
    monkeypatch.chdir(tmp_path)
    pages.folder(tmp_path)
    wrong = list(Page.parse(path).run())
    assert not wrong, "\n".join(wrong)


@pages_
def test_blocks_are_of_known_languages(path: Path) -> None:
    """A block of another language would be looked at by nobody."""
    opened = re.findall(r"^ *```(\S*)", text_of(path), re.MULTILINE)[::2]
    assert set(opened) <= {"python", *pages.LANGUAGES}


@pages_
def test_commands_of_make_exist(path: Path) -> None:
    """`make WORD` is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b(?=`|$|\s+#)", text_of(path), re.MULTILINE)) <= targets


@pages_
def test_commands_of_perfrules_exist(path: Path) -> None:
    """`perfrules WORD` in code is a command."""
    named = re.findall(r"(?:`|\$ )perfrules ([a-z-]+)", text_of(path))
    assert set(named) <= set(COMMANDS)


def test_the_plugin_of_the_readme_works(tmp_path: Path) -> None:
    """The files of the README's plugin make a distribution whose scheme is found, checks clean, and passes its one test."""
    for example in Page.parse(ROOT / "README.md").document.examples():
        if "file" in (about := pages.directives(example)):
            pages.write(tmp_path / about["file"], pages.source_of(example), about.get("under"))
    folder = tmp_path / "perfrules-example"
    project = tomllib.loads(text_of(folder / "pyproject.toml"))["project"]
    installed = tmp_path / "installed" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    installed.mkdir(parents=True)
    about_it = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (installed / "METADATA").write_text(about_it, encoding="utf-8")
    points = "".join(f"{name} = {module}\n" for name, module in project["entry-points"]["perfrules"].items())
    (installed / "entry_points.txt").write_text(f"[perfrules]\n{points}", encoding="utf-8")
    ways = os.pathsep.join([str(folder / "src"), str(installed.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": ways}
    for command in (["pytest", "-q", "-p", "no:cacheprovider", "tests"], ["perfrules.cli", "check", "--strict", "."]):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────


def tables() -> Iterator[tuple[str, list[str], str]]:
    """The tables of keys in the reference: whether a form's own or shared, their rows, and what they are of."""
    for page in sorted((DOCS / "reference").glob("*.md")):
        for comment in re.finditer(r"^<!-- (keys|shared): (.+?) -->\n\n((?:\|.*\n)+)", text_of(page), re.MULTILINE):
            yield comment[1], comment[3].splitlines()[2:], comment[2]


def keys_of(row: str) -> list[str]:
    """The keys that a row of a table is about."""
    return re.findall(r"`([a-z_]+)`", row.split("|")[1])


SHARED = {about: {key for row in rows for key in keys_of(row)} for kind, rows, about in tables() if kind == "shared"}
OWN = {about.split(" + ")[0]: (rows, about.split(" + ")[1:]) for kind, rows, about in tables() if kind == "keys"}


@pytest.mark.parametrize("form", FORMS)
def test_every_key_is_told_of(form: str) -> None:
    """The table of a form lists its keys, and no others; those that forms share stand in tables of their own."""
    rows, shared = OWN[form]
    own = [key for row in rows for key in keys_of(row)]
    told = set(own).union(*(SHARED[word] for word in shared))
    assert told == set(FORMS[form].keys)
    assert len(own) == len(set(own))


@pytest.mark.parametrize("form", FORMS)
def test_required_keys_are_said_to_be(form: str) -> None:
    """A key is called required where it is, and nowhere else."""
    rows, _ = OWN[form]
    told = {key for row in rows if "required" in row for key in keys_of(row)}
    assert told == {key for key, about in FORMS[form].keys.items() if about.required}


@pytest.mark.parametrize("form", FORMS)
def test_every_word_of_a_closed_set_is_told_of(form: str) -> None:
    """Where a key takes one of some words, its row names each of them."""
    every = [row for rows, _ in OWN.values() for row in rows] + [
        row for kind, rows, _ in tables() if kind == "shared" for row in rows
    ]
    rows, _ = OWN[form]
    for key, about in FORMS[form].keys.items():
        if key.startswith(("missing", "undefined", "not_applicable")):
            continue
        row = next((r for r in [*rows, *every] if key in keys_of(r)), "")
        for enum in re.findall(r"enum:([a-z_|0-9]+)", about.shape):
            assert not [word for word in enum.split("|") if f"`{word}`" not in row], (form, key)


def test_every_form_has_one_table() -> None:
    """No form is left out, and none stands twice."""
    told = [about.split(" + ")[0] for kind, _, about in tables() if kind == "keys"]
    assert sorted(told) == sorted(FORMS)


def test_every_definition_of_the_prelude_is_told_of() -> None:
    """The table of definitions that every scheme has lists them with their parameters."""
    from perfrules.assembling import prelude

    told = re.findall(r"^\| `([^`]+\))` \|", text_of(FORMULA_LANGUAGE), re.MULTILINE)
    made = {f"{d.name}({', '.join(d.parameters)})" for d in prelude().values()}
    assert made <= set(told)


def test_the_limits_are_those_of_the_code() -> None:
    """The limits in the text are the limits that hold."""
    from perfrules import documents, formula, numbers, parsing
    from perfrules.checking import names

    text = text_of(FORMULA_LANGUAGE).partition("## Limits")[2].partition("\n## ")[0]
    for limit in (
        parsing.TEXT_LIMIT, parsing.NODE_LIMIT, parsing.DEPTH_LIMIT, numbers.DIGITS_LIMIT, names.DEFINITIONS_DEEP,
        formula.COST_LIMIT,
    ):  # fmt: skip
        assert re.search(rf"\b{limit:,}\b", text), limit
    traps = text_of(SCHEME_FILE).partition("## YAML traps")[2].partition("\n## ")[0]
    for limit in (documents.TEXT_LIMIT // 10**6, documents.NODE_LIMIT, documents.DEPTH_LIMIT):
        assert re.search(rf"\b{limit:,}\b", traps), limit


def test_every_unit_is_told_of() -> None:
    """Each word that the table of units knows stands in the text, multiples too."""
    from perfrules.numbers import BASES, MULTIPLES

    text = text_of(FORMULA_LANGUAGE).partition("## Units")[2].partition("\n## ")[0]
    assert not [word for word in [*BASES, *MULTIPLES] if word not in text]


# ── two languages ─────────────────────────────────────────────────────────────────────────────────


def said(page: Path) -> list[tuple[str, ...]]:
    """What the blocks of a page do, apart from what they print and in which language."""
    done: list[tuple[str, ...]] = []
    for example in Page.parse(page).document.examples():
        about, source = pages.directives(example), pages.source_of(example)
        if pages.language_of(example) == "console":
            commands = re.findall(r"^\$ (.+)$", source.replace(" --lang en", ""), re.MULTILINE)
            done.append(("console", about.get("exit", ""), *commands))
        elif about:
            done.append((*about, *about.values(), source))
        elif ">>>" in (text := example.document.text[example.start : example.end]):
            inputs = re.findall(r"^(?:>>>|\.\.\.) ?(.*)$", text, re.MULTILINE)
            done.append(tuple(re.sub(r'lang="en", |"(?:en|zh)"', "", line) for line in inputs))
    return done


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page in TWIN and not is_chinese(page)], ids=lambda p: p.name
)
def test_a_page_in_two_languages_is_one_page(page: Path) -> None:
    """Both write the same files and give the same commands, in the same order; only words and outputs differ."""
    assert said(page) == said(TWIN[page])


@pytest.mark.parametrize("page", [page for page in PAGES if page in TWIN], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_page_in_two_languages_links_to_the_other_at_its_top(page: Path) -> None:
    """The first thing after the heading is the way to the other language."""
    other = os.path.relpath(TWIN[page], page.parent)
    assert text_of(page).splitlines()[2] == f"[{'English' if is_chinese(page) else '中文'}]({other})"


def test_every_chinese_page_has_an_english_one() -> None:
    """Chinese pages stand where their English ones do, beneath docs/zh."""
    assert {page for page in PAGES if is_chinese(page)} <= TWIN.keys()


# ── links and the rest ────────────────────────────────────────────────────────────────────────────


def slug(heading: str) -> str:
    """The anchor of a heading, in the site and on the forge alike."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def links_of(path: Path) -> set[Path]:
    """The files within the repository that a page links to."""
    targets = re.findall(r"\]\(([^)\s#]+)", prose_of(path))
    return {(path.parent / target).resolve() for target in targets if not re.match(r"[a-z]+:", target)}


@pages_
def test_links_lead_somewhere(path: Path) -> None:
    """Every link within the repository names a file that is there, and a heading that is in it."""
    astray = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        if not to.exists():
            astray.append(target)
        elif anchor:
            headings = re.findall(r"^#+ (.+?) *$", prose_of(to), re.MULTILINE)
            if anchor not in map(slug, headings):
                astray.append(target)
    assert not astray


def test_every_page_is_in_the_navigation() -> None:
    """The site shows every page of docs, and names none that is not there."""
    named = re.findall(r"[\w/.-]+\.md\b", text_of(ROOT / "mkdocs.yml"))
    assert sorted(named) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_every_page_is_linked_from_an_index() -> None:
    """Who begins at an index finds every page from it: from the Chinese one the Chinese page where there is one, else the English."""
    english = {page for page in DOCS.rglob("*.md") if not is_chinese(page)}
    for index, wanted in (DOCS / "index.md", english), (ZH / "index.md", {TWIN.get(page, page) for page in english}):
        assert wanted <= {index, *links_of(index)}


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_readme_names_every_tutorial_and_how_to(readme: str) -> None:
    """The README leads to the tutorials in its own language, and to every how-to page."""
    tutorials = DOCS / ("zh/tutorial" if readme == "README.zh.md" else "tutorial")
    wanted = {*tutorials.glob("*.md"), *(DOCS / "how-to").glob("*.md")}
    assert wanted <= links_of(ROOT / readme)


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_readme_tells_of_every_extra(readme: str) -> None:
    """The table of extras has each that can be installed, once, and no other."""
    extras = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    rows = re.findall(r"^\| (`[a-z]+`(?:(?:, |、)`[a-z]+`)*) \|", text_of(ROOT / readme), re.MULTILINE)
    assert sorted(word for row in rows for word in re.findall(r"[a-z]+", row)) == sorted(extras)


def test_the_table_of_commands_has_every_command() -> None:
    """Every command has its row and its section in the reference."""
    text = text_of(DOCS / "reference" / "command-line.md")
    assert sorted(re.findall(r"^\| \[`([a-z]+)`\]\(#\1\) \|", text, re.MULTILINE)) == COMMANDS
    assert set(COMMANDS) <= set(re.findall(r"^## (.+)$", text, re.MULTILINE))


def test_the_changelog_tells_of_every_command() -> None:
    """What a user can type has been announced."""
    changelog = text_of(ROOT / "CHANGELOG.md")
    assert "## [Unreleased]" in changelog
    assert not [
        command for command in COMMANDS if f"`{command}`" not in changelog and f"perfrules {command}" not in changelog
    ]


def test_the_glossary_has_the_terms_of_the_model() -> None:
    """Each part of the model is in the glossary with its Chinese term, as its docstring gives it."""
    from perfrules import model

    glossary = text_of(DOCS / "reference" / "glossary.md")
    wanting = []
    for name, kind in vars(model).items():
        if (
            isinstance(kind, type)
            and kind.__module__.startswith("perfrules.model.")
            and kind.__doc__
            and not name.startswith("_")
        ):
            terms = re.findall(r"[\u4e00-\u9fff]+(?:/[\u4e00-\u9fff]+)*", kind.__doc__.splitlines()[0])
            wanting += [term for term in terms for part in term.split("/") if part not in glossary]
    assert not wanting
