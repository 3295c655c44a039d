"""The package as its users meet it."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars
import pytest

import perfrules
import perfrules as pr
from perfrules import assembling, grammar, parsing
from perfrules.testing import laws

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_no_public_name_is_a_submodules() -> None:
    """`from perfrules import x` can mean only one thing."""
    modules = {m.name for m in pkgutil.iter_modules(perfrules.__path__)}
    assert not modules & set(perfrules.__all__)


def test_every_public_name_is_there() -> None:
    """What `__all__` promises can be had, and dir() shows it."""
    for name in perfrules.__all__:
        assert getattr(perfrules, name) is not None
    assert set(perfrules.__all__) <= set(dir(perfrules))


def test_importing_does_no_work() -> None:
    """A bare import loads none of the package's own modules and none of its dependencies."""
    code = (
        "import sys, perfrules; print([m for m in sys.modules if m.startswith('perfrules.') or m in ('yaml', 'attr')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_core_needs_no_extra() -> None:
    """Loading and scoring import nothing but the four core dependencies."""
    code = (
        "import sys, perfrules as pr\n"
        "s = pr.loads('perfrules: 1\\nscheme: a.b\\ntitle: t\\nclause: c\\ninputs: {a: {kind: number}}\\n"
        'tree: {points: 5, formula: "clip(a, 0, 5)"}\')\n'
        "assert pr.score(s, {'a': 3}).points == 3\n"
        "print([m for m in ('click', 'rich', 'python_calamine', 'xlsxwriter', 'polars', 'z3', 'hypothesis') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_prelude_is_sound() -> None:
    """Every definition of the prelude loads without a finding, and hides no word of the language."""
    names = assembling.prelude()
    assert "clip" in names
    assert not set(names) & (parsing.FUNCTIONS | parsing.WORDS | {"points", "score", "possible"})


def test_every_key_of_the_grammar_is_described() -> None:
    """Each key has a line in both languages, for the schema and the docs."""
    for form in grammar.FORMS.values():
        for name, key in form.keys.items():
            assert key.zh, name
            assert key.en, name


@pytest.mark.parametrize(
    "call",
    [
        lambda pr, given: pr.score(given, {}),
        lambda pr, given: pr.scorer(given),
        lambda pr, given: pr.freeze(given, []),
        lambda pr, given: pr.prove(given),
        lambda pr, given: pr.audit(given, {}),
        lambda pr, given: pr.diff(given, given),
        lambda pr, given: pr.sample(given, [], seed=1),
        lambda pr, given: pr.monitor(given, []),
        lambda pr, given: pr.reconcile(given, [], []),
        lambda pr, given: pr.score_file(given, "a.parquet", "b.parquet"),
        lambda pr, given: pr.score_frame(given, polars.DataFrame({"甲": [1]})),
    ],
)
def test_an_id_is_no_scheme(call: Any) -> None:
    """Where a scheme is wanted, its id or file is refused in words that say how to get it."""
    for given in ("mof.project", Path("甲.yaml"), None, {"scheme": "mof.project"}):
        with pytest.raises(pr.SchemeError) as caught:
            call(pr, given)
        (found,) = caught.value.findings
        assert found.name == "scheme-wanted"
        assert "pr.scheme(" in found.mend("zh")
        assert (str(given) if isinstance(given, str | Path) else type(given).__name__) in found.message("en")


def test_what_is_misspelt_is_told_with_the_nearest() -> None:
    """A node to publish, the node or the input of a direction: each says what there is, and not another mistake."""
    scheme = pr.load(EXAMPLES / "township-water.yaml")
    path = next(n.path for n in scheme.tree.walk() if n.path and n.points is not None)
    with pytest.raises(KeyError, match=f"no node '{path}x'; the nearest is '{path}'"):
        pr.score_frame(scheme, polars.DataFrame({"甲": [1]}), nodes=[f"{path}x"])
    with pytest.raises(ValueError, match=f"no node '{path}x'; the nearest is '{path}'"):
        laws.monotone(scheme, directions={f"{path}x": {}})
    name = next(iter(scheme.inputs))
    with pytest.raises(ValueError, match=f"no input '{name}x'.*; the nearest is '{name}'"):
        laws.monotone(scheme, directions={path: {f"{name}x": "up"}})
    with pytest.raises(ValueError, match="'up' or 'down'"):
        laws.monotone(scheme, directions={path: {name: "upwards"}})
