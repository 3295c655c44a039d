"""What `check` looks at: scheme files, files of definitions or facts, and plugins' folders, each with everything found in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from attrs import evolve, frozen

from perfrules import assembling, documents, plugins
from perfrules.findings import Finding, Location, PerfrulesError
from perfrules.model import Scheme
from perfrules.procedures.facts_file import read_facts

Kind = Literal["scheme", "definitions", "facts", "plugin", "other"]
_SUFFIXES = (".yaml", ".yml")
_PASSED_OVER = frozenset({"tests", "build", "dist", "site", "node_modules", "__pycache__"})


@frozen
class Examined:
    """One file or plugin that was checked 检查结果, and what was found in it."""

    file: str
    kind: Kind
    findings: tuple[Finding, ...] = ()
    scheme: Scheme | None = None


@frozen
class _Plugin:
    """What a folder's pyproject.toml says of the plugin in it."""

    folder: Path
    distribution: str
    registered: bool

    @property
    def package(self) -> Path:
        """Where its files are: `src` if there is one."""
        inner = self.folder / "src"
        return inner if inner.is_dir() else self.folder


def examine(path: Path) -> Iterator[Examined]:
    """Everything found in a file, or in every file of a plugin's or any other folder."""
    if path.is_dir():
        yield from _folder(path)
    else:
        yield _file(path)


def _folder(folder: Path) -> Iterator[Examined]:
    plugin = _plugin_in(folder)
    ours = [p for p in _files(plugin.package if plugin else folder) if _kind(p) != "other"]
    found = list(_about(plugin)) if plugin else []
    if not ours:
        found.append(Finding("nothing-to-check", None, "", {"folder": str(folder)}))
    if found or plugin:
        yield Examined(str(folder), "plugin" if plugin else "other", tuple(found))
    seen: set[tuple[str, str]] = set()
    for path in ours:
        made = _file(path)
        if made.scheme is not None:
            key = (made.scheme.id, made.scheme.edition)
            if key in seen:
                told = {"id": key[0], "edition": key[1], "distribution": plugin.distribution if plugin else str(folder)}
                made = evolve(made, findings=(*made.findings, Finding("edition-twice", _start(path), key[0], told)))
            seen.add(key)
        yield made


def _files(folder: Path) -> Iterator[Path]:
    """The YAML files beneath a folder, in order; hidden folders, tests and what tools make are passed over."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in _PASSED_OVER and not path.name.startswith("."):
                yield from _files(path)
        elif path.suffix in _SUFFIXES:
            yield path


def _kind(path: Path) -> Kind:
    """What a file is by its keys; one that cannot be read at all counts as a scheme, so that it is told why."""
    try:
        root, _ = documents.read(path.read_bytes(), str(path))
    except OSError:
        return "scheme"
    if root is None:
        return "scheme"
    if not isinstance(root, documents.Mapping):
        return "other"
    keys = {key.text for key, _ in root.entries}
    if "scheme" in keys or "tree" in keys:
        return "scheme"
    if "facts" in keys:
        return "facts"
    return "definitions" if "definitions" in keys else "scheme" if "perfrules" in keys else "other"


def _file(path: Path) -> Examined:
    kind = _kind(path)
    try:
        text = path.read_bytes()
    except OSError as problem:
        seen = {"file": str(path), "why": problem.strerror or type(problem).__name__}
        return Examined(str(path), "other", (Finding("file-unreadable", None, "", seen),))
    plugin = _plugin_around(path.resolve().parent)
    distribution = plugin.distribution if plugin else ""
    if kind == "definitions":
        _, found = assembling.definitions_in(text, str(path), distribution)
        return Examined(str(path), kind, tuple(found))
    if kind == "facts":
        try:
            return Examined(str(path), kind, read_facts(text, str(path)).findings)
        except PerfrulesError as problem:
            return Examined(str(path), kind, problem.findings)
    registry = _registry(plugin) if plugin else None
    try:
        scheme = assembling.loads(text, file=str(path), registry=registry, distribution=distribution)
    except PerfrulesError as problem:
        return Examined(str(path), "scheme", problem.findings)
    return Examined(str(path), "scheme", scheme.findings, scheme)


@cache
def _registry(plugin: _Plugin) -> plugins.Registry:
    """The installed plugins, with the files that lie in a plugin's folder in place of those that it has installed.

    Kept, as it reads every file of the folder and is asked for by each.
    """
    known = plugins.registry()
    own = [(_kind(path), plugins.SchemeFile(path, plugin.distribution, "")) for path in _files(plugin.package)]

    def with_own(files: tuple[plugins.SchemeFile, ...], wanted: Kind) -> tuple[plugins.SchemeFile, ...]:
        others = [f for f in files if f.distribution != plugin.distribution]
        return (*others, *(file for kind, file in own if kind == wanted))

    return evolve(
        known,
        scheme_files=with_own(known.scheme_files, "scheme"),
        definition_files=with_own(known.definition_files, "definitions"),
        fact_files=with_own(known.fact_files, "facts"),
    )


# ------------------------------------------------------------------------------------------------ plugins


def _plugin_in(folder: Path) -> _Plugin | None:
    """The plugin whose project file lies in a folder: it has an entry point, or is built on perfrules and should."""
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text).get("project", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        return None
    points = project.get("entry-points")
    registered = isinstance(points, dict) and bool(points.get("perfrules"))
    needs = project.get("dependencies")
    built_on = isinstance(needs, list) and any(re.match(r"perfrules\b(?!-)", str(need)) for need in needs)
    return _Plugin(folder, project["name"], registered) if registered or built_on else None


def _plugin_around(folder: Path) -> _Plugin | None:
    """The plugin that a folder lies in."""
    for each in (folder, *folder.parents):
        if (each / "pyproject.toml").is_file():
            return _plugin_in(each)
    return None


def _about(plugin: _Plugin) -> Iterator[Finding]:
    """What is to say of the plugin itself: that it registers nothing, is not installed, or fails."""
    where = _start(plugin.folder / "pyproject.toml")
    if not plugin.registered:
        yield Finding("plugin-without-entry-point", where, plugin.distribution)
        return
    registry = plugins.registry()
    failed = [f for f in registry.findings if f.path == plugin.distribution]
    yield from failed
    installed = {f.distribution for f in (*registry.scheme_files, *registry.definition_files, *registry.fact_files)}
    if not failed and plugin.distribution not in installed:
        yield Finding("plugin-not-installed", where, plugin.distribution, {"distribution": plugin.distribution})


def _start(path: Path) -> Location:
    return Location(str(path), 1, 1)
