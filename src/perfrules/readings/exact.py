"""One record, exactly: simpleeval walks the author's own syntax tree over rationals, and leaves a trace of every value.

simpleeval's defaults (operators, functions, names, node handlers) are replaced, not trimmed.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from attrs import define
from simpleeval import FeatureNotAvailable, FunctionNotDefined, SimpleEval

from perfrules import numbers
from perfrules.formula import Formula
from perfrules.model import Datum, Frozen, Hole, Record, Row, Traced
from perfrules.nodes import HoleKind
from perfrules.numbers import rounded
from perfrules.plan import Cohort, DefinitionPlan, Fold, Plan, Results, RowBlock, Step

BITS_LIMIT, WORK_LIMIT = 20_000, 10**12
"""The size at which a number is no figure of this world any more, and how much time large ones may take of a record (the
sum of their squared sizes, some seconds); reaching either is undefined."""


class _Reached(Exception):
    """Evaluation reached a hole."""

    def __init__(self, hole: Hole) -> None:
        self.hole = hole
        super().__init__(hole)


def evaluate(
    plan: Plan, record: Record, *, trace: bool = False, supposed: Mapping[str, Datum] | None = None,
    frozen: Mapping[str, Frozen] | None = None,
) -> Results:  # fmt: skip
    """Every step of the plan over one record.

    `supposed` are figures put in the place of computed ones to see what would follow, by step, a row's by step, `#`
    and its number; unlike rulings nobody has decided them. `frozen` are the benchmarks; one that is not there is missing.
    """
    return _Run(plan, record, trace, supposed or {}, frozen or {}).run()


def freeze(plan: Plan, records: Sequence[Record]) -> dict[str, Frozen]:
    """The benchmarks over a population, layer by layer; records without the item are left out and counted."""
    frozen: dict[str, Frozen] = {}
    layers: dict[int, list[Cohort]] = {}
    for cohort in plan.cohorts:
        layers.setdefault(cohort.layer, []).append(cohort)
    for _, cohorts in sorted(layers.items()):
        values = [evaluate(plan, record, frozen=frozen).values for record in records]
        frozen |= {c.name: _frozen(c, [r.id for r in records], values) for c in cohorts}
    return frozen


def _frozen(cohort: Cohort, ids: Sequence[str], records: Sequence[Mapping[str, Datum | Hole]]) -> Frozen:
    groups: dict[str, list[Mapping[str, Datum | Hole]]] = {}
    put_in: list[list[str]] = []
    left_out = 0
    (item,) = cohort.fold.items
    for name, values in zip(ids, records, strict=True):
        parts = [item, *cohort.fold.where, *cohort.fold.weights, *([cohort.by] if cohort.by else [])]
        if any(isinstance(v := values[p], Hole) and v.kind != "not_applicable" for p in parts):
            left_out += 1
            continue
        group = group_of(values[cohort.by]) if cohort.by else ""
        if group is None:
            continue
        groups.setdefault(group, []).append(values)
        put_in.append([name, *(_written(values[p]) for p in parts)])
    found: dict[str, Fraction | Hole] = {}
    for group, members in sorted(groups.items()):
        columns = [
            [m[p] for m in members for p in names]
            for names in (cohort.fold.items, cohort.fold.where, cohort.fold.weights)
        ]
        value = fold(cohort.fold, columns)
        if isinstance(value, Fraction) and cohort.round is not None:
            value = rounded(value, cohort.round.places, cohort.round.mode)
        assert isinstance(value, Fraction | Hole)
        found[group] = value
    digest = hashlib.sha256(json.dumps(sorted(put_in), ensure_ascii=False).encode()).hexdigest()
    return Frozen(cohort.name, found, len(put_in), left_out, digest)


def group_of(value: Datum | Hole) -> str | None:
    """The name of the group that a value puts a record in; None for a record that is in none."""
    return None if isinstance(value, Hole) else _written(value)


def _written(value: Datum | Hole) -> str:
    match value:
        case Hole(kind=kind):
            return kind
        case Fraction():
            return numbers.published(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)


class _Run:
    def __init__(
        self, plan: Plan, record: Record, trace: bool, supposed: Mapping[str, Datum], frozen: Mapping[str, Frozen]
    ) -> None:
        self.plan = plan
        self.frozen = frozen
        self.record = record
        self.results = Results({})
        self.tracing = trace
        self.work = 0
        self.evaluator = _Evaluator(self)
        self.overruled: dict[str, Datum] = {**_overruled(plan, record), **supposed}

    def run(self) -> Results:
        values = self.results.values
        for name in self.plan.scheme.inputs:
            values[name] = self._at_its_stage(name)
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

    def _at_its_stage(self, name: str) -> Datum | Hole:
        """An input of another stage than the record's is not applicable."""
        stages = self.plan.scheme.inputs[name].at
        if stages and self.record.stage and self.record.stage not in stages:
            return Hole("not_applicable", name, self.record.stage)
        return _cell(self.record.cells, name)

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
                raise _undefined()

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
            scope = _Layered(local, {c.name: _cell(row.cells, c.name) for c in kind.columns}, values)
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
        self.results.rows[block.name] = seen
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
            raise _Reached(
                found if found.name else Hole(found.kind, str(here.step.bindings.get(name, name)), found.why)
            )
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
        except _Reached as reached:
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
        except _Reached as reached:
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
            left = self.operators[type(step.op)](*_dates(left, right))
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
            if not self.operators[type(operation)](*_dates(left, right)):
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
        if function in _REACHES:
            raise _Reached(Hole(_REACHES[function]))
        given = [self._eval(a) for a in node.args]
        primitive = _PRIMITIVES.get(function)
        if primitive is not None:
            value = primitive(*given)
            if function in _TRANSCENDENT:
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
            raise _Reached(result)
        return result


def fold(fold: Fold, columns: Sequence[Sequence[Datum | Hole]]) -> Datum | Hole:
    """A statistic over items; `columns` are the items, whether each enters (or empty), and weights (or empty)."""
    items, where, weights = columns
    entered: list[tuple[Fraction, Fraction]] = []
    counted = 0
    for i, item in enumerate(items):
        chosen = where[i] if where else True
        if isinstance(chosen, Hole) and chosen.kind != "not_applicable":
            return chosen
        weight = weights[i] if weights else Fraction(1)
        if chosen is not True or any(isinstance(x, Hole) and x.kind == "not_applicable" for x in (item, weight)):
            continue
        if isinstance(item, Hole):
            return item
        if isinstance(weight, Hole):
            return weight
        if fold.statistic == "count":
            counted += item is True
        else:
            assert isinstance(item, Fraction)
            assert isinstance(weight, Fraction)
            entered.append((item, weight))
    if fold.statistic == "count":
        return Fraction(counted)
    if not entered:
        return Fraction(0) if fold.empty_is_zero else Hole("undefined", fold.name)
    return _statistic(fold, entered)


def _statistic(fold: Fold, entered: list[tuple[Fraction, Fraction]]) -> Fraction | Hole:
    values = sorted(v for v, _ in entered)
    match fold.statistic:
        case "sum":
            total = _sum(values)
            return Hole("undefined", fold.name) if total is None else total
        case "mean":
            weight = _sum([w for _, w in entered])
            total = _sum([v * w for v, w in entered])
            return total / weight if weight and total is not None else Hole("undefined", fold.name)
        case "min":
            return values[0]
        case "max":
            return values[-1]
        case "largest" | "smallest":
            assert fold.k is not None
            if fold.k > len(values):
                return Hole("undefined", fold.name)
            return values[-fold.k] if fold.statistic == "largest" else values[fold.k - 1]
        case "quantile":
            assert fold.at is not None
            return _quantile(values, fold.at, fold.method == "linear")
        case _:
            raise AssertionError(fold.statistic)


def _sum(values: Sequence[Fraction]) -> Fraction | None:
    """The sum, or None where it grows beyond all measure; many rows of unrounded ratios grow it far."""
    total = Fraction(0)
    for value in values:
        total += value
        if max(total.numerator.bit_length(), total.denominator.bit_length()) > 10 * BITS_LIMIT:
            return None
    return total


def _quantile(values: list[Fraction], at: Fraction, linear: bool) -> Fraction:
    """Nearest rank: the least value that a share of `at` do not exceed. Linear: between ranks (the spreadsheet's INC)."""
    if linear:
        place = at * (len(values) - 1)
        low = place.numerator // place.denominator
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (place - low)
    rank = -((-at * len(values)).__floor__())
    return values[max(rank, 1) - 1]


def _cell(cells: Mapping[str, Any], name: str) -> Datum | Hole:
    cell = cells.get(name)
    if cell is None:
        return Hole("missing", name)
    value: Datum | Hole = cell.value
    return Hole(value.kind, name, value.why) if isinstance(value, Hole) and not value.name else value


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


# ---------------------------------------------------------------------------------------------- the operators


def _dates(left: Any, right: Any) -> tuple[Any, Any]:
    """Quoted text beside a date is a date; the words of a measure are none."""
    if type(left) is type(right):
        return left, right
    try:
        if isinstance(left, date) and isinstance(right, str):
            return left, date.fromisoformat(right)
        if isinstance(right, date) and isinstance(left, str):
            return date.fromisoformat(left), right
    except ValueError:
        raise _undefined() from None
    return left, right


def _undefined() -> _Reached:
    return _Reached(Hole("undefined"))


def _sized(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > BITS_LIMIT or value.denominator.bit_length() > BITS_LIMIT:
        raise _undefined()
    return value


def _numbers(left: Any, right: Any) -> None:
    """A measure that is a date in its row does no arithmetic but a difference."""
    if not isinstance(left, Fraction) or not isinstance(right, Fraction):
        raise _undefined()


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, date):
        return _moved(left, right)
    if isinstance(right, date):
        return _moved(right, left)
    _numbers(left, right)
    return _sized(left + right)


def _subtract(left: Any, right: Any) -> Any:
    if isinstance(left, date) and isinstance(right, date):
        return Fraction((left - right).days)
    if isinstance(left, date):
        return _moved(left, _negate(right))
    _numbers(left, right)
    return _sized(left - right)


def _moved(day: date, by: Any) -> date:
    if not isinstance(by, Fraction) or by.denominator != 1:
        raise _undefined()
    try:
        return day + timedelta(days=by.numerator)
    except OverflowError:
        raise _undefined() from None


def _multiply(left: Any, right: Any) -> Fraction:
    _numbers(left, right)
    return _sized(left * right)


def _divide(left: Any, right: Any) -> Fraction:
    _numbers(left, right)
    if right == 0:
        raise _undefined()
    return _sized(left / right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return _alike(compare, Fraction, date)


def _alike(compare: Callable[[Any, Any], bool], *kinds: type) -> Callable[[Any, Any], bool]:
    """A comparison of two of one kind; a measure may turn out to be of another in its row."""

    def compared(left: Any, right: Any) -> bool:
        if type(left) is not type(right) or type(left) not in kinds:
            raise _undefined()
        return compare(left, right)

    return compared


def _negate(x: Any) -> Fraction:
    if not isinstance(x, Fraction):
        raise _undefined()
    return -x


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: _subtract,
    ast.Mult: _multiply,
    ast.Div: _divide,
    ast.USub: _negate,
    ast.Not: lambda x: not x,
    ast.Lt: _ordered(lambda a, b: bool(a < b)),
    ast.LtE: _ordered(lambda a, b: bool(a <= b)),
    ast.Gt: _ordered(lambda a, b: bool(a > b)),
    ast.GtE: _ordered(lambda a, b: bool(a >= b)),
    ast.Eq: _alike(lambda a, b: bool(a == b), Fraction, date, str, bool),
    ast.NotEq: _alike(lambda a, b: bool(a != b), Fraction, date, str, bool),
}


def _strict(function: Callable[..., Fraction]) -> Callable[..., Fraction]:
    def checked(*given: Any) -> Fraction:
        if not all(isinstance(x, Fraction) for x in given):
            raise _undefined()
        return function(*given)

    return checked


def _defined(function: Callable[..., Fraction]) -> Callable[..., Fraction]:
    """A function that is undefined where it raises ValueError."""

    def given(*arguments: Fraction) -> Fraction:
        try:
            return _sized(function(*arguments))
        except ValueError:
            raise _undefined() from None

    return given


_PRIMITIVES: Mapping[str, Callable[..., Fraction]] = {
    "min": _strict(min),
    "max": _strict(max),
    "abs": _strict(abs),
    "floor": _strict(lambda x: Fraction(x.__floor__())),
    "round": _strict(lambda x, places: rounded(x, int(places))),
    "ln": _strict(_defined(numbers.ln)),
    "exp": _strict(_defined(numbers.exp)),
    "power": _strict(_defined(numbers.power)),
}
_TRANSCENDENT = ("ln", "exp", "power")
_REACHES: Mapping[str, HoleKind] = {"absent": "not_applicable", "missing": "missing", "refused": "refused"}
