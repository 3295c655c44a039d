"""Plugins supply schemes and definitions; one that fails is told, and the others work."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import perfrules as pr
from perfrules import plugins, supplying
from perfrules.hookspecs import hookimpl

SCHEME = """perfrules: 1
scheme: test.plugged
title: 插件之体系
edition: "{edition}"
effective: {effective}
clause: 试
inputs: {{a: {{kind: number}}}}
tree: {{id: 总分, points: 10, formula: {rule}}}
"""


def _plugin(**hooks: Any) -> ModuleType:
    module = ModuleType("some_plugin")
    for name, hook in hooks.items():
        hook.__name__ = name
        setattr(module, name, hookimpl(hook))
    return module


def _scheme(folder: Path, edition: str, effective: str, rule: str = '"clip(a, 0, points)"') -> Path:
    path = folder / f"{edition}.yaml"
    path.write_text(SCHEME.format(edition=edition, effective=effective, rule=rule), encoding="utf-8")
    return path


class _Point:
    """An entry point that loads what it is given, or raises it."""

    def __init__(self, name: str, loads: Any) -> None:
        self.name = name
        self.dist = SimpleNamespace(name=f"perfrules-{name}", version="1.2")
        self._loads = loads

    def load(self) -> Any:
        if isinstance(self._loads, BaseException):
            raise self._loads
        return self._loads


def test_editions_come_newest_first(tmp_path: Path) -> None:
    """Of several editions the list begins with the newest."""
    paths = [_scheme(tmp_path, "2020", "2020-01-01"), _scheme(tmp_path, "2024", "2024-01-01")]
    registry = plugins.load([], {"p": _plugin(register_schemes=lambda: paths)})
    made, found = supplying.schemes(registry)
    assert [s.edition for s in made["test.plugged"]] == ["2024", "2020"]
    assert found == []


def test_a_plugin_that_raises_is_a_finding_and_the_rest_work(tmp_path: Path) -> None:
    """The finding names the distribution and its version; whatever another plugin supplies is there."""
    good = _plugin(register_schemes=lambda: [_scheme(tmp_path, "2024", "2024-01-01")])

    def broken() -> list[Path]:
        raise RuntimeError("{boom}")

    points = [
        _Point("a", ImportError("no such module")),
        _Point("b", _plugin(register_schemes=broken)),
        _Point("c", good),
    ]
    registry = plugins.load(points)  # type: ignore[arg-type]
    made, found = supplying.schemes(registry)
    assert list(made) == ["test.plugged"]
    assert [(f.name, f.path) for f in found] == [("plugin-failed", "perfrules-a"), ("plugin-failed", "perfrules-b")]
    assert all("1.2" in f.render("en") for f in found)


def test_a_misspelt_hook_is_told(tmp_path: Path) -> None:
    """A hook that nothing calls is a finding, not silence."""
    wrong = _plugin(register_scheme=lambda: ())
    registry = plugins.load([_Point("w", wrong)])  # type: ignore[arg-type]
    assert [f.name for f in registry.findings] == ["plugin-failed"]
    assert "register_scheme" in registry.findings[0].message("en")


def test_a_bad_scheme_of_a_plugin_is_a_finding_and_the_rest_work(tmp_path: Path) -> None:
    """One scheme file that does not load leaves the others as they are."""
    paths = [_scheme(tmp_path, "2023", "2023-01-01", rule="没有这个 + 1"), _scheme(tmp_path, "2024", "2024-01-01")]
    made, found = supplying.schemes(plugins.load([], {"p": _plugin(register_schemes=lambda: paths)}))
    assert [s.edition for s in made["test.plugged"]] == ["2024"]
    assert [f.name for f in found] == ["unknown-name"]


def test_the_same_edition_twice_is_told(tmp_path: Path) -> None:
    """Two files with one id and edition cannot both be meant."""
    path = _scheme(tmp_path, "2024", "2024-01-01")
    _, found = supplying.schemes(plugins.load([], {"p": _plugin(register_schemes=lambda: [path, path])}))
    assert [f.name for f in found] == ["edition-twice"]


@pytest.fixture
def library(tmp_path: Path) -> plugins.Registry:
    rules = tmp_path / "rules.yaml"
    rules.write_text("perfrules: 1\nclause: 试\ndefinitions:\n  减半(x): x / 2\n", encoding="utf-8")
    return plugins.load([_Point("lib", _plugin(register_definitions=lambda: [rules]))])  # type: ignore[arg-type]


def _using(use: str) -> str:
    text = SCHEME.format(edition="1", effective="2024-01-01", rule='"clip(减半(a), 0, 10)"')
    return text.replace("tree:", f"{use}tree:")


def test_definitions_are_seen_by_use_and_not_without(library: plugins.Registry) -> None:
    """A scheme sees another distribution's definitions where it names it, and only there."""
    scheme = pr.loads(_using("use: [perfrules-lib]\n"), registry=library)
    assert pr.score(scheme, {"a": 8}).points == 4
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(_using(""), registry=library)
    assert [f.name for f in caught.value.findings] == ["unknown-definition"]


def test_a_resolved_scheme_needs_no_plugin(library: plugins.Registry) -> None:
    """resolved() carries what it borrowed: the same digest and score with no registry at all."""
    scheme = pr.loads(_using("use: [perfrules-lib]\n"), registry=library)
    again = pr.loads(scheme.resolved(), registry=plugins.Registry())
    assert again.digest == scheme.digest
    assert pr.score(again, {"a": 8}).points == 4


def test_a_clash_of_definitions_is_an_error(library: plugins.Registry) -> None:
    """A scheme's own definition may not go by the name of one that it borrows."""
    text = _using("use: [perfrules-lib]\ndefinitions: {减半(x): x / 3}\n")
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(text, registry=library)
    assert "name-clash" in {f.name for f in caught.value.findings}


def test_an_unknown_distribution_is_told(library: plugins.Registry) -> None:
    """`use:` of what is not installed says so, and what is nearest."""
    with pytest.raises(pr.SchemeError) as caught:
        pr.loads(_using("use: [perfrules-lob]\n"), registry=library)
    finding = next(f for f in caught.value.findings if f.name == "unknown-distribution")
    assert finding.nearest == "perfrules-lib"
