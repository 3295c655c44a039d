"""Formulas as terms: our nodes walked once, definitions made once for the same arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import assert_never

import z3
from attrs import define, field

from perfrules import nodes
from perfrules.nodes import HoleKind, Node
from perfrules.plan import DefinitionPlan, Step
from perfrules.readings.proof.algebra import Algebra, Floor
from perfrules.readings.proof.terms import Condition, Term, Truth, both, either, hole, no, settled, strict, when

Scope = Mapping[str, Term]
NO_TERM = hole("missing")


@define(eq=False)
class Formulas:
    """Makes terms of formulas, in one algebra, with the definitions of one plan."""

    algebra: Algebra
    definitions: Mapping[str, DefinitionPlan]
    _calls: dict[tuple[object, ...], tuple[Term, list[z3.BoolRef], list[Floor], frozenset[str]]] = field(factory=dict)
    _alive: list[object] = field(factory=list)

    def step(self, step: Step, scope: Scope) -> Term:
        """What a step comes to, where names stand for what the scope says."""
        return _Formula(self, step.bindings, scope).term(step.formula.node)

    def call(self, definition: DefinitionPlan, given: Sequence[Term], points: Term | None) -> Term:
        """A definition over values that are there: made once for the same arguments, and shared."""
        key = (definition.name, *(_key(g) for g in given), _key(points) if points is not None else None)
        found = self._calls.get(key)
        if found is not None:
            term, sides, floors, vague = found
            self.algebra.sides += sides
            self.algebra.floors += floors
            self.algebra.vague |= vague
            return term
        at, before = len(self.algebra.sides), len(self.algebra.floors)
        scope: dict[str, Term] = dict(zip(definition.parameters, given, strict=False))
        if points is not None:
            scope["points"] = points
        for name, formula in definition.defaults.items():
            if name not in scope:
                scope[name] = _Formula(self, {}, {}).term(formula.node)
        for step in definition.steps:
            scope[step.name] = self.step(step, scope)
        term = scope[definition.result]
        kept = (self.algebra.sides[at:], self.algebra.floors[before:], frozenset(self.algebra.vague))
        self._calls[key] = (term, *kept)
        self._alive.append((given, points))  # the solver may else give the number of an expression to another
        return term


def _key(term: Term) -> tuple[object, ...]:
    """What tells a term from another: the expressions that it is made of."""
    values = ((_id(guard), _id(value.expression)) for guard, value in term.cases)
    return (*values, *((kind, _id(condition)) for kind, condition in term.holes.items()))


def _id(expression: Condition | z3.ExprRef) -> object:
    return expression if isinstance(expression, bool) else expression.get_id()


@define(eq=False)
class _Formula:
    """One formula being made into a term, where its names stand for what its step says."""

    formulas: Formulas
    bindings: Mapping[str, str | Fraction]
    scope: Scope

    def read(self, name: str) -> Term:
        bound = self.bindings.get(name, name)
        if isinstance(bound, Fraction):
            return settled(self.formulas.algebra.number(bound))
        return self.scope.get(bound, NO_TERM)

    def term(self, node: Node) -> Term:
        algebra = self.formulas.algebra
        match node:
            case nodes.Number(value=value):
                return settled(algebra.number(value))
            case nodes.Text(value=value):
                return settled(algebra.word(value))
            case nodes.Truth(value=value):
                return algebra.truth(value)
            case nodes.Name(name=name):
                return self.read(name)
            case nodes.Present(name=name):
                return algebra.truth(self.read(name).there)
            case nodes.HoleOf():
                raise AssertionError("the kind of a hole is only ever compared with its name")
            case nodes.Reach(kind=kind):
                return hole(kind)
            case nodes.Negate(operand=x):
                return strict([self.term(x)], algebra.negated)
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.Logic():
                return self._logic(node)
            case nodes.Not(operand=x):
                inner = self.term(x)
                return Term(((True, Truth(inner.untruth())),), inner.holes)
            case nodes.If():
                return self._if(node)
            case nodes.Primitive():
                return self._primitive(node)
            case nodes.Use(definition=definition, arguments=arguments):
                return self._use(definition, arguments)
        assert_never(node)

    def _hole_is(self, node: nodes.Compare) -> Term | None:
        """`hole(x) == 'missing'` and its like, without any word; None for another comparison."""
        match node:
            case nodes.Compare(first=nodes.HoleOf(name=name), links=(("==" | "!=" as sign, nodes.Text(value=word)),)):
                found = self.read(name)
                holds = found.hole(word) if word else found.there  # type: ignore[arg-type]  # generated text asks for nothing but kinds
                return self.formulas.algebra.truth(holds if sign == "==" else no(holds))
            case _:
                return None

    def _arithmetic(self, node: nodes.Arithmetic) -> Term:
        """A chain of operators to the left is walked, not recursed into."""
        spine = [node]
        while isinstance(first := spine[-1].left, nodes.Arithmetic):
            spine.append(first)
        left = self.term(first)
        for each in reversed(spine):
            sign = each.sign
            left = strict(
                [left, self.term(each.right)], lambda a, b, sign=sign: self.formulas.algebra.operated(sign, a, b)
            )
        return left

    def _compare(self, node: nodes.Compare) -> Term:
        """Links are reached left to right, and none after one that fails."""
        asked = self._hole_is(node)
        if asked is not None:
            return asked
        terms = [self.term(node.first), *(self.term(x) for _, x in node.links)]
        made: Term | None = None
        for (sign, _), left, right in reversed(list(zip(node.links, terms[:-1], terms[1:], strict=True))):
            link = strict([left, right], lambda a, b, sign=sign: self.formulas.algebra.compared(sign, a, b))
            made = link if made is None else self._then(link, made, stop=False)
        assert made is not None
        return made

    def _then(self, first: Term, rest: Term, *, stop: bool) -> Term:
        """A condition, and another after it where the first is not what stops."""
        goes_on = first.untruth() if stop else first.truth()
        end = self.formulas.algebra.truth(stop)
        return when(first.empty, Term((), first.holes), when(goes_on, rest, end))

    def _logic(self, node: nodes.Logic) -> Term:
        terms = [self.term(x) for x in node.operands]
        made = terms[-1]
        for each in reversed(terms[:-1]):
            made = self._then(each, made, stop=node.sign == "or")
        return made

    def _if(self, node: nodes.If) -> Term:
        """A chain of "else … if" is walked, not recursed into."""
        arms: list[tuple[Term, Term]] = []
        last: Node = node
        while isinstance(last, nodes.If):
            arms.append((self.term(last.condition), self.term(last.then)))
            last = last.otherwise
        made = self.term(last)
        for condition, then in reversed(arms):
            made = when(condition.empty, Term((), condition.holes), when(condition.truth(), then, made))
        return made

    def _primitive(self, node: nodes.Primitive) -> Term:
        algebra = self.formulas.algebra
        if node.function == "round":
            places = node.arguments[1]
            assert isinstance(places, nodes.Number)
            return strict([self.term(node.arguments[0])], lambda x: algebra.rounded(x, int(places.value)))
        given = [self.term(a) for a in node.arguments]
        return strict(given, lambda *values: algebra.called(node.function, *values))

    def _use(self, name: str, arguments: Sequence[Node]) -> Term:
        """A call of a definition: holes of its arguments come before anything of its own."""
        given = [self.term(a) for a in arguments]
        definition = self.formulas.definitions[name]
        bound = self.bindings.get("points", "points")
        points: Term | None = None
        if isinstance(bound, Fraction):
            points = settled(self.formulas.algebra.number(bound))
        elif bound in self.scope:
            points = self.scope[bound]
        holes: dict[HoleKind, Condition] = {}
        reached: Condition = True
        for term in given:
            for kind, condition in term.holes.items():
                holes[kind] = either(holes.get(kind, False), both(reached, condition))
            reached = both(reached, term.there)
        inner = self.formulas.call(definition, [Term(g.cases) for g in given], points)
        for kind, condition in inner.holes.items():
            holes[kind] = either(holes.get(kind, False), both(reached, condition))
        return Term(inner.cases, {k: c for k, c in holes.items() if c is not False})
