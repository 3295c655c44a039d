"""The registry: distributions found by entry point, loaded one by one and only when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy
from attrs import define, field, frozen

from perfrules import hookspecs
from perfrules.findings import Finding, PerfrulesError
from perfrules.hookspecs import PROJECT, hookimpl
from perfrules.model import Batch, Scheme

__all__ = ["Registry", "SchemeFile", "hookimpl"]


@frozen
class SchemeFile:
    """A file of schemes, definitions or facts that a distribution supplies."""

    path: Path
    distribution: str
    version: str


@define
class Registry:
    """The plugins there are 插件登记处; one that fails becomes a finding, and the others work."""

    scheme_files: tuple[SchemeFile, ...] = ()
    definition_files: tuple[SchemeFile, ...] = ()
    fact_files: tuple[SchemeFile, ...] = field(default=(), kw_only=True)
    findings: tuple[Finding, ...] = ()
    manager: pluggy.PluginManager = field(factory=lambda: _manager(), repr=False)
    about: Mapping[str, tuple[str, str]] = field(factory=dict, kw_only=True)

    def read_records(self, path: Path, scheme: Scheme) -> tuple[Batch | None, list[Finding]]:
        """The records of a local form of return, read by the first plugin, by name, that knows it; None where none does.

        A plugin that fails is told of, and the next is asked. Raises what a plugin says against the file: RecordError.
        """
        found: list[Finding] = []
        given = {"path": path, "scheme": scheme}
        for implementation in sorted(self.manager.hook.read_records.get_hookimpls(), key=lambda i: i.plugin_name):
            distribution, version = self.about.get(implementation.plugin_name, (implementation.plugin_name, "?"))
            try:
                batch = implementation.function(*(given[name] for name in implementation.argnames))
                if batch is not None and not isinstance(batch, Batch):
                    raise TypeError(f"read_records gave a {type(batch).__name__}, not a Batch")
            except PerfrulesError:
                raise
            except Exception as problem:  # a stranger's code: whatever it raises is told, with its name
                found.append(_failed(distribution, version, problem))
                continue
            if batch is not None:
                return batch, found
        return None, found


def load(points: Iterable[EntryPoint] | None = None, plugins: Mapping[str, Any] | None = None) -> Registry:
    """Load every plugin of the group `perfrules`, and those handed in by name."""
    manager = _manager()
    findings: list[Finding] = []
    about: dict[str, tuple[str, str]] = {}
    found = sorted(entry_points(group=PROJECT) if points is None else points, key=lambda p: p.name)
    for point in found:
        distribution = point.dist.name if point.dist else point.name
        version = point.dist.version if point.dist else "?"
        try:
            plugin = point.load()
            manager.register(plugin, name=point.name)
        except Exception as problem:  # a stranger's code: whatever it raises is told, with its name
            findings.append(_failed(distribution, version, problem))
            continue
        about[point.name] = (distribution, version)
    for name, plugin in (plugins or {}).items():
        manager.register(plugin, name=name)
        about[name] = (name, "?")
    _check_hooks(manager, about, findings)
    schemes = tuple(_files(manager, "register_schemes", about, findings))
    definitions = tuple(_files(manager, "register_definitions", about, findings))
    facts = tuple(_files(manager, "register_facts", about, findings))
    return Registry(schemes, definitions, tuple(findings), manager, fact_files=facts, about=about)


@cache
def registry() -> Registry:
    """The installed plugins, loaded once."""
    return load()


def is_called(distribution: str, name: str) -> bool:
    """Whether a distribution is meant by a name: its own however it is written, or that without `perfrules-`."""
    own, said = (each.replace("_", "-").replace(".", "-").lower() for each in (distribution, name))
    return own in (said, f"{PROJECT}-{said}")


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _check_hooks(manager: pluggy.PluginManager, about: dict[str, tuple[str, str]], findings: list[Finding]) -> None:
    """Misspelt hooks are told, not passed over."""
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as problem:
        name = manager.get_name(problem.plugin) or "?"
        distribution, version = about.get(name, (name, "?"))
        findings.append(_failed(distribution, version, problem))
        manager.unregister(problem.plugin)
        _check_hooks(manager, about, findings)


def _files(
    manager: pluggy.PluginManager, hook: str, about: Mapping[str, tuple[str, str]], findings: list[Finding]
) -> Iterator[SchemeFile]:
    """The files that each plugin's hook names, in the order of the plugins' names."""
    for implementation in sorted(getattr(manager.hook, hook).get_hookimpls(), key=lambda i: i.plugin_name):
        distribution, version = about[implementation.plugin_name]
        try:
            paths = [Path(p) for p in implementation.function()]
        except Exception as problem:  # a stranger's code: whatever it raises is told, with its name
            findings.append(_failed(distribution, version, problem))
            continue
        for path in paths:
            yield SchemeFile(path, distribution, version)


def _failed(distribution: str, version: str, problem: Exception) -> Finding:
    seen = {
        "distribution": distribution,
        "version": version,
        "problem": f"{type(problem).__name__}: {problem}"[:300],
    }
    return Finding("plugin-failed", None, distribution, seen)
