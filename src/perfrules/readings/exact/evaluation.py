"""One record, exactly: simpleeval walks the author's own syntax tree over rationals, and leaves a trace of every value.

simpleeval's defaults (operators, functions, names, node handlers) are replaced, not trimmed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from attrs import define
from simpleeval import FeatureNotAvailable, FunctionNotDefined, SimpleEval

from perfrules.formula import Formula
from perfrules.model import Datum, Frozen, Hole, Record, Row, Traced
from perfrules.nodes import REACHES
from perfrules.plan import Cohort, DefinitionPlan, Fold, Plan, Results, RowBlock, Step
from perfrules.plan.cells import cell_values, row_values
from perfrules.plan.folding import WORK_LIMIT, fold, group_of
from perfrules.readings.exact.operators import OPERATORS, PRIMITIVES, TRANSCENDENT, Reached, dates, negate, undefined


def evaluate(
    plan: Plan, record: Record, *, trace: bool = False, supposed: Mapping[str, Datum] | None = None,
    frozen: Mapping[str, Frozen] | None = None,
) -> Results:  # fmt: skip
    """Every step of the plan over one record.

    `supposed` are figures put in the place of computed ones to see what would follow, by step, a row's by step, `#`
    and its number; unlike rulings nobody has decided them. `frozen` are the benchmarks; one that is not there is missing.
    """
    return _Run(plan, record, trace, supposed or {}, frozen or {}).run()


class _Run:
    def __init__(
        self, plan: Plan, record: Record, trace: bool, supposed: Mapping[str, Datum], frozen: Mapping[str, Frozen]
    ) -> None:
        self.plan = plan
        self.frozen = frozen
        self.record = record
        self.rows: dict[str, list[tuple[Row, dict[str, Datum | Hole]]]] = {}
        self.results = Results({}, self.rows)
        self.tracing = trace
        self.work = 0
        self.evaluator = _Evaluator(self)
        self.overruled: dict[str, Datum] = {**_overruled(plan, record), **supposed}

    def run(self) -> Results:
        values = cell_values(self.plan.scheme, self.record)
        self.results.values = values
        for step in self.plan.steps:
            match step:
                case Step(name=name):
                    values[name] = self.step(step, values)
                case Fold(name=name):
                    values[name] = fold(step, [[values[i] for i in step.items], [values[i] for i in step.where],
                                               [values[i] for i in step.weights]])  # fmt: skip
                case RowBlock():
                    self.block(step, values)
                    continue
                case Cohort(name=name):
                    values[name] = self._benchmark(step, values)
            if name in self.overruled:
                self.results.computed[name] = values[name]
                values[name] = self.overruled[name]
        return self.results

    def _benchmark(self, step: Cohort, values: Mapping[str, Datum | Hole]) -> Datum | Hole:
        frozen = self.frozen.get(step.name)
        if frozen is None:
            return Hole("missing", step.name)
        group = group_of(values[step.by]) if step.by else ""
        found = frozen.values.get(group) if group is not None else None
        return Hole("missing", step.name) if found is None else found

    def spend(self, value: object, *, at_least: int = 0) -> None:
        """Count the time that a number took."""
        if isinstance(value, Fraction):
            bits = value.numerator.bit_length() + value.denominator.bit_length()
            self.work += at_least * (100 if bits > 1000 else 1) + (bits * bits if bits > 2000 else 0)
            if self.work > WORK_LIMIT and (at_least or bits > 2000):
                raise undefined()

    def step(self, step: Step, scope: Mapping[str, Datum | Hole], label: str = "") -> Datum | Hole:
        """One step; a hole reached on the way is its result."""
        here = _Here(step, scope, label or step.name)
        return self.evaluator.value(here)

    def block(self, block: RowBlock, values: dict[str, Datum | Hole]) -> None:
        kind = self.plan.scheme.rows[block.rows]
        seen: list[tuple[Row, dict[str, Datum | Hole]]] = []
        lost: Hole | None = None
        for row in self.record.rows.get(block.rows, ()):
            local: dict[str, Datum | Hole] = {}
            scope = _Layered(local, row_values(kind.columns, row.cells), values)
            taken = True
            for step in block.steps:
                if not taken:
                    break
                local[step.name] = self.step(step, scope, f"{block.name}#{row.number}/{step.name}")
                ruled = self.overruled.get(f"{step.name}#{row.number}")
                if ruled is not None:
                    self.results.computed[f"{step.name}#{row.number}"] = local[step.name]
                    local[step.name] = ruled
                if step.name == block.where:
                    where = local[step.name]
                    if isinstance(where, Hole):
                        kind_lost = "missing" if where.kind == "not_applicable" else where.kind
                        lost = Hole(kind_lost, where.name, f"#{row.number}")
                    taken = where is True
            if taken:
                seen.append((row, local))
        self.rows[block.name] = seen
        for each in block.folds:
            columns = [
                [local[s] for _, local in seen for s in names] for names in (each.items, each.where, each.weights)
            ]
            values[each.name] = lost if lost is not None else fold(each, columns)


@define
class _Here:
    """Where evaluation stands: the step, the names it sees, and the label under which its trace is kept."""

    step: Step
    scope: Mapping[str, Datum | Hole]
    label: str
    depth: int = 0

    def read(self, name: str) -> Datum | Hole:
        bound = self.step.bindings.get(name, name)
        return bound if isinstance(bound, Fraction) else self.scope[bound]


class _Layered(Mapping[str, Any]):
    """Names looked up in one mapping after another."""

    def __init__(self, *layers: Mapping[str, Any]) -> None:
        self.layers = layers

    def __getitem__(self, name: str) -> Any:
        for layer in self.layers:
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __iter__(self) -> Any:
        return iter(dict.fromkeys(n for layer in self.layers for n in layer))

    def __len__(self) -> int:
        return len(list(iter(self)))


class _Names(Mapping[str, Any]):
    """What simpleeval reads names from: a hole is reached, not returned."""

    def __init__(self, evaluator: _Evaluator) -> None:
        self.evaluator = evaluator

    def __getitem__(self, name: str) -> Datum:
        here = self.evaluator.here
        found = here.read(name)
        if isinstance(found, Hole):
            raise Reached(found if found.name else Hole(found.kind, str(here.step.bindings.get(name, name)), found.why))
        return found

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Evaluator(SimpleEval):  # type: ignore[misc]  # simpleeval ships no types
    """simpleeval with our operators and node handlers and none of its own."""

    def __init__(self, run: _Run) -> None:
        super().__init__(operators=dict(_OPERATORS), functions={}, names=_Names(self))
        self.nodes = {
            ast.Constant: self._eval_constant,
            ast.Name: self._eval_name,
            ast.BinOp: self._eval_binop,
            ast.UnaryOp: self._eval_unaryop,
            ast.BoolOp: self._eval_boolop,
            ast.Compare: self._eval_compare,
            ast.IfExp: self._eval_ifexp,
            ast.Call: self._eval_call,
        }
        self.run = run
        self.here: _Here = _Here(Step("", Formula.generated("0")), {}, "")

    def value(self, here: _Here) -> Datum | Hole:
        """The value of a step, from where it stands."""
        before, self.here = self.here, here
        try:
            found: Datum | Hole = self._eval(here.step.formula.tree)
        except Reached as reached:
            found = reached.hole
        finally:
            self.here = before
        return found

    def _eval(self, node: Any) -> Any:
        handler = self.nodes.get(type(node))
        if handler is None:
            raise FeatureNotAvailable(type(node).__name__)
        if not self.run.tracing:
            return handler(node)
        try:
            value = handler(node)
        except Reached as reached:
            if isinstance(node, ast.Name | ast.BinOp):
                self._note(node, reached.hole)
            raise
        if not isinstance(node, ast.Constant):
            self._note(node, value)
        return value

    def _note(self, node: Any, value: Datum | Hole) -> None:
        here = self.here
        traced = Traced(here.step.name, here.step.formula, node.at, value, here.depth)
        self.run.results.trace.setdefault(here.label, []).append(traced)

    def _eval_binop(self, node: Any) -> Any:
        """A chain of operators to the left is walked, not recursed into."""
        spine = []
        while isinstance(node, ast.BinOp):
            spine.append(node)
            node = node.left
        left = self._eval(node)
        for step in reversed(spine):
            right = self._eval(step.right)
            if type(step.op) not in self.operators:
                raise FeatureNotAvailable(type(step.op).__name__)
            left = self.operators[type(step.op)](*dates(left, right))
            self.run.spend(left)
            if step is not spine[0] and self.run.tracing:
                self._note(step, left)
        return left

    def _eval_compare(self, node: Any) -> Any:
        left = self._eval(node.left)
        for operation, comparator in zip(node.ops, node.comparators, strict=True):
            right = self._eval(comparator)
            if type(operation) not in self.operators:
                raise FeatureNotAvailable(type(operation).__name__)
            if not self.operators[type(operation)](*dates(left, right)):
                return False
            left = right
        return True

    def _eval_ifexp(self, node: Any) -> Any:
        while self._eval(node.test) is not True:
            node = node.orelse
            if not isinstance(node, ast.IfExp):
                return self._eval(node)
        return self._eval(node.body)

    def _eval_boolop(self, node: Any) -> Any:
        stop = isinstance(node.op, ast.Or)
        for value in node.values:
            if self._eval(value) is stop:
                return stop
        return not stop

    @staticmethod
    def _eval_constant(node: Any) -> Any:
        if type(node.value) not in (Fraction, str, bool):  # what parsing leaves in a tree
            raise FeatureNotAvailable(type(node.value).__name__)
        return node.value

    def _eval_call(self, node: Any) -> Any:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise FeatureNotAvailable("a call of anything but a function by its name")
        function = node.func.id
        if function in ("present", "hole"):
            found = self.here.read(node.args[0].id)
            kind = found.kind if isinstance(found, Hole) else ""
            return kind == "" if function == "present" else kind
        if function in REACHES:
            raise Reached(Hole(REACHES[function]))
        given = [self._eval(a) for a in node.args]
        primitive = PRIMITIVES.get(function)
        if primitive is not None:
            value = primitive(*given)
            if function in TRANSCENDENT:
                self.run.spend(value, at_least=2 * 10**7)
            return value
        if function not in self.run.plan.definitions:
            raise FunctionNotDefined(function, "")
        return self._define(self.run.plan.definitions[function], given)

    def _define(self, definition: DefinitionPlan, given: Sequence[Datum]) -> Datum:
        """A call of a definition: its steps, with its parameters and the caller's `points` as names."""
        here = self.here
        scope: dict[str, Datum | Hole] = dict(zip(definition.parameters, given, strict=False))
        points = here.step.bindings.get("points", "points")
        if isinstance(points, Fraction):
            scope["points"] = points
        elif points in here.scope:
            scope["points"] = here.scope[points]
        for name, formula in definition.defaults.items():
            if name not in scope:
                scope[name] = self.value(_Here(Step(name, formula), {}, here.label, here.depth + 1))
        for step in definition.steps:
            scope[step.name] = self.value(_Here(step, scope, here.label, here.depth + 1))
        result = scope[definition.result]
        if isinstance(result, Hole):
            raise Reached(result)
        return result


def _overruled(plan: Plan, record: Record) -> dict[str, Fraction]:
    """Rulings by the step that they overrule; a row's by step and row number."""
    if not record.rulings:
        return {}
    decided = {ruling.path: ruling.points for ruling in record.rulings}
    kinds = {s.name: s.rows for s in plan.steps if isinstance(s, RowBlock)}
    found: dict[str, Fraction] = {}
    for node in plan.nodes:
        path = node.node.path
        if node.score and path in decided:
            found[node.score] = decided[path]
            if node.raw.endswith("__unrounded"):
                found[node.raw] = decided[path]
        elif node.rows:
            for row in record.rows.get(kinds[node.rows], ()):
                if f"{path}/{row.name}" in decided:
                    found[f"{node.rows.removesuffix('__rows')}__score#{row.number}"] = decided[f"{path}/{row.name}"]
    return found


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: OPERATORS["+"],
    ast.Sub: OPERATORS["-"],
    ast.Mult: OPERATORS["*"],
    ast.Div: OPERATORS["/"],
    ast.USub: negate,
    ast.Not: lambda x: not x,
    ast.Lt: OPERATORS["<"],
    ast.LtE: OPERATORS["<="],
    ast.Gt: OPERATORS[">"],
    ast.GtE: OPERATORS[">="],
    ast.Eq: OPERATORS["=="],
    ast.NotEq: OPERATORS["!="],
}
