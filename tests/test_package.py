"""The package as its users meet it."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import perfrules
from perfrules import assembling, grammar, parsing


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
