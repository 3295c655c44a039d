"""What a procedure asks of records beside their score, as a plan of its own: its questions, and only the steps behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve

from perfrules import model
from perfrules.formula import Formula
from perfrules.plan.planner import Planner
from perfrules.plan.steps import Binding, Plan, RowBlock, reads

Question = Formula | model.Body | model.GradeScale | model.Value
"""What may be asked: a formula or body for its value, a grade scale for the place of its label."""


def asked(name: str) -> str:
    """The step of a question, or of a name that is given with it."""
    return f"ask__{name}"


def ask(plan: Plan, questions: Mapping[str, Question | None], given: Iterable[str] = ()) -> Plan:
    """A plan whose steps `asked(name)` answer the questions; those that are None are left out.

    `given` are names that questions may read and that whoever evaluates the plan supposes a figure for (by `asked(name)`);
    without one they are missing.
    """
    asker = Planner(plan.scheme)
    asker.nodes = list(plan.nodes)
    asker.keys = {n.node.path: n.key for n in plan.nodes}
    bound: dict[str, Binding] = {}
    for name in given:
        asker.open(asked(name))
        bound[name] = asker.emit(asked(name), "missing()")
    answers: dict[str, str] = {}
    for name, question in questions.items():
        if question is not None:
            asker.open(asked(name))
            answers[name] = _answer(asker, asked(name), question, bound)
    steps = (*plan.steps, *asker.ordered())
    return behind(evolve(plan, steps=steps, checks=(), grades=(), ranking=None), answers.values())


def _answer(asker: Planner, name: str, question: Question, bound: Mapping[str, Binding]) -> str:
    match question:
        case Formula():
            return asker.emit(name, question, bound)
        case model.GradeScale():
            rank = asker.grade(question, f"{name}__", bound).rank
            return asker.emit(name, "x", {"x": rank})
        case model.Value():
            asker.value(evolve(question, name=name), "", bound)
            return name
        case body:
            return asker.body(body, name, bound)[0]


def names_behind(plan: Plan, wanted: Iterable[str]) -> set[str]:
    """The names that lead to those wanted: steps, inputs, columns of rows, and the names wanted themselves."""
    seen = set(wanted)
    stack = list(seen)
    blocks: set[int] = set()
    while stack:
        step = plan.producers.get(stack.pop())
        if step is None or id(step) in blocks:
            continue
        if isinstance(step, RowBlock):
            blocks.add(id(step))
        more = [name for name in reads(step) if name not in seen]
        seen.update(more)
        stack += more
    return seen


def behind(plan: Plan, wanted: Iterable[str]) -> Plan:
    """The plan with only the steps that lead to those wanted."""
    seen = names_behind(plan, wanted)
    leading = {id(step) for name, step in plan.producers.items() if name in seen}
    steps = tuple(s for s in plan.steps if id(s) in leading)
    blocks = {s.name for s in steps if isinstance(s, RowBlock)}
    nodes = tuple(
        evolve(n, rows=n.rows if n.rows in blocks else "") for n in plan.nodes if n.score in seen or n.rows in blocks
    )
    return evolve(plan, steps=steps, nodes=nodes)
