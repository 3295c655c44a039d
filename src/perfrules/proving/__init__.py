"""Proofs 证明: what is claimed of a scheme, decided over all records, and every record shown re-scored exactly.

The proof reading proposes, the exact reading confirms: only what it confirms is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from attrs import evolve

from perfrules.findings import Finding, SchemeError
from perfrules.formula import Formula
from perfrules.model import Scheme
from perfrules.plan import Plan, ask, asked, names_behind
from perfrules.proving.answers import Answer, Decided, Example, Proofs, Proved, Refuted, Unknown
from perfrules.readings.proof.claims import Holds, Subject, Within, own, standard

__all__ = ["Answer", "Decided", "Example", "Proofs", "Proved", "Refuted", "Unknown", "prove", "prove_same"]


def prove(scheme: Scheme, plan: Plan, claim: Formula | None = None) -> Proofs:
    """Every standard claim of a scheme and all of its author's, or one that is given as a condition, each with its answer.

    Raises SchemeError where z3 is not installed.
    """
    _wanted()
    from perfrules.proving.deciding import Deciding

    if claim is not None:
        whole = _with_questions(plan, {"claim": claim})
        holds = Holds(Subject("", "scheme"), asked("claim"), claim.source.strip())
        behind = names_behind(whole, [asked("claim")])
        base = [c for c in standard(plan) if isinstance(c, Within) and c.of.role == "node" and c.step in behind]
        return Proofs((Deciding(scheme, whole).decide([*base, holds])[-1],))
    questions = {f"claim{i}": c.holds or c.reached or c.of for i, c in enumerate(scheme.claims)}
    whole = _with_questions(plan, questions)
    claims = [own(c, asked(f"claim{i}")) for i, c in enumerate(scheme.claims)]
    return Proofs(tuple(Deciding(scheme, whole).decide([*standard(plan), *claims])))


def prove_same(scheme: Scheme, plan: Plan, other: Scheme, other_plan: Plan) -> Proofs:
    """Whether each node, value and grade of a scheme comes to the same in another, for every record that both read.

    Raises SchemeError where z3 is not installed.
    """
    _wanted()
    from perfrules.proving.same import Comparing

    return Proofs(tuple(Comparing(scheme, plan, other, other_plan).decide()))


def _wanted() -> None:
    """Raises SchemeError where the solver is not installed."""
    if find_spec("z3") is None:
        raise SchemeError([Finding("proof-not-installed", None, "", {})])


def _with_questions(plan: Plan, questions: Mapping[str, Formula | None]) -> Plan:
    """The plan with the steps that its questions add."""
    if not questions:
        return plan
    more = [s for s in ask(plan, questions).steps if s.name not in {p.name for p in plan.steps}]
    return evolve(plan, steps=(*plan.steps, *more))
