"""Hostile formulas: each is refused by a finding, in bounded time and memory; what is let pass evaluates to its end."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from simpleeval import InvalidExpression

import perfrules
from attacks import cage
from perfrules import numbers
from perfrules.findings import catalogue
from perfrules.formula import Formula
from perfrules.model import Record
from perfrules.parsing import FormulaProblems, parse
from perfrules.plan import Step, plan
from perfrules.readings.exact import evaluation
from perfrules.readings.exact.operators import Reached

HERE = Path(__file__).parent
CLASSES = yaml.load((HERE / "formulas.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
EXPRESSIONS = (HERE / "expressions.txt").read_text(encoding="utf-8").splitlines()


def written(item: str | dict[str, str]) -> str:
    """A formula as the file says it."""
    if isinstance(item, str):
        return item
    times = int(item["times"])
    return item["before"] * times + item.get("middle", "") + item.get("after", "") * times


@pytest.mark.parametrize("name", CLASSES)
def test_hostile_formulas_are_refused(name):
    """Every hostile formula ends as findings with words, whatever it was made of."""
    attacks = [
        {"name": f"{i}: {written(f)[:60]}", "text": written(f), "formula": True} for i, f in enumerate(CLASSES[name])
    ]
    ended = cage.attack(attacks)
    assert {n: e["end"] for n, e in ended.items() if e["end"] != "refused"} == {}
    assert len(ended) == len(attacks)
    assert {f for e in ended.values() for f in e["findings"]} <= catalogue().keys()


def test_there_are_enough():
    """The suite stays a suite."""
    assert sum(map(len, CLASSES.values())) >= 300
    assert len(EXPRESSIONS) >= 60


# ── what is no text ───────────────────────────────────────────────────────────────────────────────


class TwoFaced(str):
    """A text that says one thing to whoever measures it and another to whoever reads it."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: Any) -> str:
        return "9"

    def translate(self, table: Any) -> str:
        return "1"

    def encode(self, *_: Any) -> bytes:
        raise SystemExit("ran a stranger's code")


@pytest.mark.parametrize(
    "given",
    [ast.parse("1", mode="eval"), ast.parse("1", mode="eval").body, TwoFaced("__import__('os')"), b"1", 1, 1.5, None,
     True, ["1"], object(), lambda: "1", Formula.generated("absent()")],
    ids=lambda g: type(g).__name__,
)  # fmt: skip
def test_only_text_is_parsed(given):
    """A tree parsed beforehand, a text with methods of its own, and all else that is no text, are refused unread."""
    with pytest.raises(FormulaProblems) as refused:
        parse(given)
    assert [p.name for p in refused.value.problems] == ["formula-not-text"]


# ── the evaluator's own wall ──────────────────────────────────────────────────────────────────────


class Exact(ast.NodeTransformer):
    """Numbers as parsing leaves them in a tree, so that they are not what an expression is refused for."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if type(node.value) in (int, float):
            node.value = numbers.exact(node.value)
        return node


ONE_INPUT = {"perfrules": 1, "scheme": "a", "title": "t", "inputs": {"x": {"kind": "number"}}}


@pytest.fixture(scope="module")
def evaluator():
    scheme = perfrules.loads({**ONE_INPUT, "tree": {"points": 1, "formula": "x"}})
    run = evaluation._Run(plan(scheme), Record("1", {}), False, {}, {})
    run.evaluator.here = evaluation._Here(Step("s", Formula.generated("0")), {"x": numbers.exact(2)}, "s")
    return run.evaluator


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_no_expression_evaluates(expression, evaluator):
    """What is dangerous to simpleeval's users is no formula, and even parsed by Python and handed to the evaluator
    itself, numbers exact or not, it has no value."""
    with pytest.raises(perfrules.SchemeError):
        perfrules.loads({**ONE_INPUT, "tree": {"points": 1, "formula": expression}})
    refused = (InvalidExpression, Reached)
    with pytest.raises(refused):
        evaluator.eval(expression)
    for change in (ast.NodeVisitor(), Exact()):
        tree = ast.parse(expression)
        change.visit(tree)
        for statement in tree.body:
            inner = statement.value if isinstance(statement, ast.Expr) else statement
            for node in ast.walk(inner):
                node.at = (0, 0)
            with pytest.raises(refused):
                evaluator._eval(inner)


# ── whatever else there is ────────────────────────────────────────────────────────────────────────

TOKENS = [
    "x",
    "y",
    "g",
    "d",
    "points",
    "总分",
    "0",
    "1",
    "2.5",
    "100%",
    "1e5",
    "'a'",
    '"b"',
    "“c”",
    "'2023-01-01'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "+",
    "-",
    "*",
    "/",
    "**",
    "//",
    "%",
    "<",
    "<=",
    "==",
    "!=",
    ">",
    ">=",
    "and",
    "or",
    "not",
    "if",
    "else",
    "True",
    "None",
    "lambda",
    "for",
    "in",
    "is",
    ":",
    ":=",
    ",",
    ".",
    ";",
    "=",
    "#",
    "\\",
    "@",
    "~",
    "^",
    "&",
    "|",
    "min(",
    "max(",
    "abs(",
    "floor(",
    "round(",
    "ln(",
    "exp(",
    "power(",
    "present(",
    "clip(",
    "hole(",
    "absent()",
    "×",
    "÷",
    "≥",
    "≤",
    "≠",
    "＋",
    "（",
    "）",
    "，",
    "％",
    "＝",
    "！",
    "__",
    "\t",
    "\n",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map(" ".join) | st.text(max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_formula_or_problems(text):
    """No text makes the parser raise anything but problems, each with a name that has words."""
    problems: tuple[Any, ...] = ()
    try:
        parse(text)
    except FormulaProblems as refused:
        problems = refused.problems or ("none",)
    assert {p.name for p in problems} <= catalogue().keys()
