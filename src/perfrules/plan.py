"""A scheme written out as formulas: ordered, named steps over one record.

Presence, rounding, make-up, caps, gates, totals and grades are lowered here once; a reading only computes steps. Beside
authors' formulas stand generated ones over placeholder names (`x`, `c0`, …), bound to steps or constants; so the same few
texts serve every node. Names with `__` are the plan's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from graphlib import TopologicalSorter

from attrs import define, evolve, field, frozen

from perfrules import model
from perfrules.formula import Formula
from perfrules.model import Policies, Policy, Rounding, Scheme, TreeNode

Binding = str | Fraction
Bindings = Mapping[str, Binding]
_NO_BINDINGS: Bindings = {}


@frozen(eq=False)
class Step:
    """One formula and the name of its result; `bindings` say which steps or constants its local names stand for."""

    name: str
    formula: Formula
    bindings: Bindings = _NO_BINDINGS


@frozen(eq=False)
class Fold:
    """A statistic over items: other steps of the record, or (in a row block) one step over the rows.

    Items that are not applicable do not enter, nor those where `where` fails. An empty range is undefined, a `count` of
    it 0, and any fold with `empty_is_zero`.
    """

    name: str
    statistic: model.Statistic
    items: tuple[str, ...]
    where: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    k: int | None = None
    at: Fraction | None = None
    method: model.QuantileMethod | None = None
    empty_is_zero: bool = False


@frozen(eq=False)
class RowBlock:
    """Steps over each row of a kind, then folds over those rows whose `where` step holds (all, where there is none)."""

    name: str
    rows: str
    steps: tuple[Step, ...]
    where: str = ""
    folds: tuple[Fold, ...] = ()


PlanStep = Step | Fold | RowBlock


@frozen(eq=False)
class DefinitionPlan:
    """A definition as steps over its parameters; strict: a hole in an argument is reached before any of them."""

    name: str
    parameters: tuple[str, ...]
    defaults: Mapping[str, Formula]
    steps: tuple[Step, ...]
    result: str


@frozen
class Stage:
    """One change to a node's score on its way: what did it, and the step that holds the score afterwards."""

    kind: model.LineKind
    step: str
    name: str = ""
    source: model.Adjustment | model.Gate | None = None
    trigger: str = ""


@frozen
class Arms:
    """Where a body has arms: the step that tells which was taken, and what each yields."""

    step: str
    outcomes: tuple[model.Outcome, ...]


@frozen
class NodePlan:
    """How a node of the tree stands in the plan: `score` is the step with its score, `body` the one with its rule's
    result before presence, `first` its score before any stage."""

    node: TreeNode
    key: str
    score: str
    possible: str
    raw: str
    body: str = ""
    first: str = ""
    applies: str = ""
    arms: Arms | None = None
    stages: tuple[Stage, ...] = ()
    rows: str = ""
    row_points: str = ""
    grade: str = ""
    grade_labels: tuple[str, ...] = ()


@frozen
class GradePlan:
    """How a grade scale stands in the plan: the step with the place of its label, and that of the other reading."""

    scale: model.GradeScale
    rank: str
    other: str = ""
    gates: tuple[Stage, ...] = ()


@frozen
class CheckPlan:
    """How a check stands in the plan; `block` names the row block where it is a check of rows."""

    check: model.Check
    step: str
    block: str = ""


@frozen(eq=False)
class Plan:
    """A scheme as ordered steps, and where in them the parts of the scheme are found."""

    scheme: Scheme
    steps: tuple[PlanStep, ...]
    definitions: Mapping[str, DefinitionPlan]
    nodes: tuple[NodePlan, ...]
    grades: tuple[GradePlan, ...]
    checks: tuple[CheckPlan, ...]
    producers: Mapping[str, PlanStep] = field(init=False, repr=False)
    foundations: dict[int, model.Provenance] = field(factory=dict, repr=False)

    @producers.default
    def _producers(self) -> Mapping[str, PlanStep]:
        """Where each result comes from."""
        made: dict[str, PlanStep] = {}
        for step in self.steps:
            if isinstance(step, RowBlock):
                made |= {f.name: step for f in step.folds}
            else:
                made[step.name] = step
        return made

    def node(self, path: str) -> NodePlan:
        """The plan of the node at a path."""
        return next(n for n in self.nodes if n.node.path == path)


@define
class Results:
    """What every step came to for one record, and for each row of each row block.

    `computed` holds the figures that rulings overruled; `trace` is whatever a reading kept of the way.
    """

    values: dict[str, model.Datum | model.Hole]
    rows: dict[str, list[tuple[model.Row, dict[str, model.Datum | model.Hole]]]] = field(factory=dict)
    computed: dict[str, model.Datum | model.Hole] = field(factory=dict)
    trace: dict[str, list[model.Traced]] = field(factory=dict)


def plan(scheme: Scheme) -> Plan:
    """The plan of a scheme whose names and kinds have been checked."""
    return _Planner(scheme).plan()


# --------------------------------------------------------------------------------------------- generated formulas

_REFUSED, _ABSENT = "refused()", "absent()"


def _presence(policies: Policies, *, applies: bool, refuse: str) -> str:
    """What a body's result `x` becomes by policy; a policy of its own formula is a further step."""
    missing, undefined, inapplicable = policies.settled()
    for_missing = _policy(missing, "if_missing", refuse)
    for_undefined = _policy(undefined, "if_undefined" if policies.undefined else "if_missing", refuse)
    for_inapplicable = _policy(inapplicable, "if_not_applicable", refuse)
    text = (
        f"x if hole(x) == '' else {for_missing} if hole(x) == 'missing' else {for_undefined} "
        f"if hole(x) == 'undefined' else {for_inapplicable} if hole(x) == 'not_applicable' else {refuse}"
    )
    if applies:
        text = f"{refuse} if hole(applies) != '' else {for_inapplicable} if not applies else {text}"
    return text


def _policy(policy: Policy, formula: str, refuse: str) -> str:
    match policy.kind:
        case "refuse":
            return refuse
        case "zero":
            return "0"
        case "full":
            return "points"
        case "exclude":
            return _ABSENT
        case "formula":
            return f"({formula} if hole({formula}) == '' else {refuse})"


def rounding_text(rounding: Rounding) -> str:
    """Rounding of `x` as a formula."""
    scale = 10**rounding.places
    match rounding.mode:
        case "half_up":
            return f"round(x, {rounding.places})"
        case "down":
            return f"floor(x * {scale}) / {scale} if x >= 0 else -(floor(-x * {scale}) / {scale})"
        case "up":
            return f"-floor(-x * {scale}) / {scale} if x >= 0 else floor(x * {scale}) / {scale}"


def _total(count: int) -> str:
    return " + ".join(f"(0 if hole(c{i}) == 'not_applicable' else c{i})" for i in range(count)) or "0"


def _present(count: int) -> str:
    return " + ".join(f"(0 if hole(c{i}) == 'not_applicable' else 1)" for i in range(count)) or "0"


def _arm_index(conditions: Sequence[str], *, ends: bool) -> str:
    last = str(len(conditions)) if ends else "missing()"
    return "".join(f"{i} if {c} else " for i, c in enumerate(conditions)) + last


def _arm_choice(count: int) -> str:
    return "".join(f"o{i} if arm == {i} else " for i in range(count - 1)) + f"o{count - 1}"


# --------------------------------------------------------------------------------------------- planning


@define
class _Unit:
    """The steps of one value, node, grade or check: placed together, after the units that they read."""

    steps: list[PlanStep] = field(factory=list)
    reads: dict[str, None] = field(factory=dict)


class _Planner:
    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.units: dict[str, _Unit] = {}
        self.unit = _Unit()
        self.nodes: list[NodePlan] = []
        self.raw: dict[str, str] = {}
        self.keys: dict[str, str] = {}

    def plan(self) -> Plan:
        for index, node in enumerate(self.scheme.tree.walk()):
            self.keys[node.path] = node.identifier or f"n{index}__"
        for value in self.scheme.values.values():
            self.open(value.name)
            self.value(value, "", {})
        self.node(self.scheme.tree)
        order = {path: i for i, path in enumerate(self.keys)}
        self.nodes.sort(key=lambda n: order[n.node.path])
        grades = tuple(self.grade(g, f"grade{i}__") for i, g in enumerate(self.scheme.grades.values()))
        nodes = tuple(self._with_grade(n) for n in self.nodes)
        checks = [self._check(c, f"check{i}__") for i, c in enumerate(self.scheme.checks)]
        for kind in self.scheme.rows.values():
            checks += self._row_checks(kind)
        definitions = {d.name: self.definition(d) for d in self.scheme.definitions.values()}
        return Plan(self.scheme, self._ordered(), definitions, nodes, grades, tuple(checks))

    def _ordered(self) -> tuple[PlanStep, ...]:
        owner = {step.name: name for name, unit in self.units.items() for step in unit.steps}
        owner |= {f.name: n for n, u in self.units.items() for s in u.steps if isinstance(s, RowBlock) for f in s.folds}
        graph: TopologicalSorter[str] = TopologicalSorter()
        for name, unit in self.units.items():
            graph.add(name, *dict.fromkeys(owner[r] for r in unit.reads if r in owner and owner[r] != name))
        return tuple(step for name in graph.static_order() for step in self.units[name].steps)

    # ------------------------------------------------------------------------------------- emitting

    def open(self, name: str) -> None:
        self.unit = self.units.setdefault(name, _Unit())

    def emit(self, name: str, formula: Formula | str, bindings: Bindings = _NO_BINDINGS) -> str:
        """Add a step to the open unit, and return its name."""
        made = Formula.generated(formula) if isinstance(formula, str) else formula
        self.unit.steps.append(Step(name, made, bindings))
        self._reads(made.names, bindings)
        return name

    def _reads(self, names: Iterable[str], bindings: Bindings) -> None:
        for name in names:
            bound = bindings.get(name, name)
            if isinstance(bound, str):
                self.unit.reads[bound] = None

    def fold(self, fold: Fold) -> str:
        self.unit.steps.append(fold)
        self._reads((*fold.items, *fold.where, *fold.weights), {})
        return fold.name

    # ------------------------------------------------------------------------------------- bodies

    def body(self, body: model.Body, name: str, bindings: Bindings) -> tuple[str, Arms | None]:
        """Emit a body; the name of the step with its result, and its arms."""
        match body:
            case model.FormulaBody(formula=formula) | model.GivenBody(name=formula):
                return self.emit(name, formula, bindings), None
            case model.RuleBody(definition=definition, arguments=arguments):
                return self._rule(definition, dict(arguments), name, bindings), None
            case model.BandsBody() | model.CasesBody():
                return self._armed(body, name, bindings)
            case model.StatisticBody():
                return self._statistic(body, name, bindings), None

    def _rule(self, definition: str, given: Mapping[str, Formula], name: str, bindings: Bindings) -> str:
        target = self.scheme.definitions[definition]
        bound: dict[str, Binding] = {"points": bindings["points"]} if "points" in bindings else {}
        words = []
        for index, parameter in enumerate(target.parameters):
            formula = given.get(parameter) or target.defaults[parameter]
            bound[f"c{index}"] = self.emit(f"{name}__{parameter}", formula, bindings)
            words.append(f"c{index}")
        return self.emit(name, f"{definition}({', '.join(words)})", bound)

    def arm(self, body: model.BandsBody | model.CasesBody, name: str, bindings: Bindings) -> Arms:
        """Emit the step that tells which arm is taken, counted from 0."""
        conditions: list[str] = []
        bound: dict[str, Binding] = {}
        if isinstance(body, model.BandsBody):
            bound["of"] = self.emit(f"{name}__of", body.of, bindings)
            outcomes = tuple(b.outcome for b in body.bands)
            for i, band in enumerate(body.bands):
                conditions.append(_band_text(band, i, bound, body.side))
            # the last band of cut points takes what is left; a printed table may leave a gap
            ends = body.side != "between"
            text = _arm_index(conditions[:-1] if ends else conditions, ends=ends)
            if text.isdigit():  # a single band that takes everything is still strict in its quantity
                text = f"{text} if of == of else {text}"
        else:
            outcomes = tuple(c.outcome for c in body.cases)
            stated = [c.when for c in body.cases if c.when is not None]
            for i, when in enumerate(stated):
                bound[f"c{i}"] = self.emit(f"{name}__case{i}", when, bindings)
                conditions.append(f"c{i}")
            text = _arm_index(conditions, ends=len(stated) < len(body.cases))
        return Arms(self.emit(f"{name}__arm", text, bound), outcomes)

    def _armed(self, body: model.BandsBody | model.CasesBody, name: str, bindings: Bindings) -> tuple[str, Arms]:
        arms = self.arm(body, name, bindings)
        bound: dict[str, Binding] = {"arm": arms.step}
        for i, outcome in enumerate(arms.outcomes):
            assert outcome.value is not None
            bound[f"o{i}"] = self.emit(f"{name}__out{i}", outcome.value, bindings)
        return self.emit(name, _arm_choice(len(arms.outcomes)), bound), arms

    def _statistic(self, body: model.StatisticBody, name: str, bindings: Bindings) -> str:
        if body.over in self.scheme.rows:
            return self._row_statistic(body, name, bindings)
        over = self.scheme.node(body.over)
        items, where, weights = [], [], []
        for i, child in enumerate(c for c in over.children if c.counts and c.points is not None):
            key = self.keys[child.path]
            local: dict[str, Binding] = {**bindings, "score": key, "possible": f"{key}__possible"}
            if child.points is not None and child.points.high is not None:
                local["points"] = child.points.high
            items.append(self._child_item(f"{name}__item{i}", body.item, local, key))
            if body.where is not None:
                where.append(self._child_item(f"{name}__where{i}", body.where, local, key))
            if body.weight is not None:
                weights.append(self.emit(f"{name}__weight{i}", body.weight, local))
        return self.fold(
            Fold(name, body.statistic, tuple(items), tuple(where), tuple(weights), body.k, body.at, body.method)
        )

    def _child_item(self, name: str, formula: Formula, local: Bindings, child: str) -> str:
        """An absent child does not enter, whatever the item says of it."""
        inner = self.emit(f"{name}_of", formula, local)
        return self.emit(name, "absent() if hole(c) == 'not_applicable' else x", {"c": child, "x": inner})

    def _row_statistic(self, body: model.StatisticBody, name: str, bindings: Bindings) -> str:
        kind = self.scheme.rows[body.over]
        outer, self.unit = self.unit, _Unit()
        local = {**bindings, **self._row_points(kind, name)}
        item = self.emit(f"{name}__item", body.item, local)
        where = self.emit(f"{name}__where", body.where, local) if body.where is not None else ""
        weights = (self.emit(f"{name}__weight", body.weight, local),) if body.weight is not None else ()
        fold = Fold(name, body.statistic, (item,), (), weights, body.k, body.at, body.method)
        return self._close_block(outer, RowBlock(f"{name}__rows", kind.name, (), where, (fold,)), name)

    def _row_points(self, kind: model.RowKind, name: str) -> dict[str, Binding]:
        if kind.points is None:
            return {}
        return {"points": self.emit(f"{name}__points", kind.points)}

    def _close_block(self, outer: _Unit, block: RowBlock, result: str) -> str:
        """Put the steps emitted since into a row block of the outer unit."""
        inner, self.unit = self.unit, outer
        steps = tuple(s for s in inner.steps if isinstance(s, Step))
        self.unit.steps.append(evolve(block, steps=steps))
        columns = {c.name for c in self.scheme.rows[block.rows].columns}
        own = {s.name for s in steps}
        self.unit.reads.update({r: None for r in inner.reads if r not in columns and r not in own})
        return result

    def presence(
        self,
        x: str,
        policies: Policies,
        name: str,
        points: Binding | None,
        *,
        applies: str = "",
        refuse: str = _REFUSED,
    ) -> str:
        """Emit what a result becomes by its policies."""
        bound: dict[str, Binding] = {"x": x}
        if points is not None:
            bound["points"] = points
        if applies:
            bound["applies"] = applies
        for word in ("missing", "undefined", "not_applicable"):
            policy: Policy | None = getattr(policies, word)
            if policy is not None and policy.formula is not None:
                local: Bindings = {"points": points} if points is not None else {}
                bound[f"if_{word}"] = self.emit(f"{name}__if_{word}", policy.formula, local)
        return self.emit(name, _presence(policies, applies=bool(applies), refuse=refuse), bound)

    # ------------------------------------------------------------------------------------- values, definitions

    def value(self, value: model.Value, prefix: str, bindings: Bindings) -> None:
        """A value without a policy passes its hole on to whoever reads it, whose policy it then is."""
        name = f"{prefix}{value.name}"
        stated = any((value.policies.missing, value.policies.undefined, value.policies.not_applicable))
        if not stated and value.round is None:
            self.body(value.body, name, bindings)
            return
        x, _ = self.body(value.body, f"{name}__body", bindings)
        if stated:
            last = f"{name}__present" if value.round else name
            passing = Policies(*(p if p is None or p.kind != "refuse" else None for p in _each(value.policies)))
            x = self._value_presence(x, passing, last)
        if value.round is not None:
            self.emit(name, rounding_text(value.round), {"x": x})

    def _value_presence(self, x: str, policies: Policies, name: str) -> str:
        bound: dict[str, Binding] = {"x": x}
        text = ""
        words = (("missing", policies.missing), ("undefined", policies.undefined or policies.missing))
        for word, policy in (*words, ("not_applicable", policies.not_applicable)):
            if policy is None:
                continue
            if policy.formula is not None and f"if_{word}" not in bound:
                bound[f"if_{word}"] = self.emit(f"{name}__if_{word}", policy.formula)
            chosen = f"if_{word}" if policy.kind == "formula" else _policy(policy, "", _REFUSED)
            text += f"{chosen} if hole(x) == '{word}' else "
        return self.emit(name, text + "x", bound)

    def definition(self, definition: model.Definition) -> DefinitionPlan:
        """A definition's own steps; its values come in the order that they read each other."""
        self.unit = _Unit()
        names = {v.name for v in definition.values}
        graph: TopologicalSorter[str] = TopologicalSorter()
        for value in definition.values:
            graph.add(value.name, *(n for f in model.formulas(value) for n in f.names if n in names))
        by_name = {v.name: v for v in definition.values}
        for name in graph.static_order():
            self.value(by_name[name], "", {})
        result, _ = self.body(definition.body, f"{definition.name}__result", {})
        steps = tuple(s for s in self.unit.steps if isinstance(s, Step))
        return DefinitionPlan(definition.name, definition.parameters, definition.defaults, steps, result)

    # ------------------------------------------------------------------------------------- the tree

    def node(self, node: TreeNode) -> None:
        for child in node.children:
            self.node(child)
        if node.points is None and not isinstance(node.holds, model.Group):
            key = self.keys[node.path]
            self.nodes.append(NodePlan(node, key, "", "", ""))
            return
        if node.points is None:
            self.nodes.append(NodePlan(node, self.keys[node.path], "", "", ""))
            return
        key = self.keys[node.path]
        self.open(key)
        match node.holds:
            case model.Group(body=None):
                made = self._group(node, node.holds, key)
            case model.OpenGroup():
                made = self._open_group(node, node.holds, key)
            case model.Group(body=body):
                assert body is not None
                made = self._leaf(node, body, key)
            case None:
                made = NodePlan(node, key, "", "", "")
            case body:
                made = self._leaf(node, body, key)
        self.nodes.append(made)

    def _leaf(self, node: TreeNode, body: model.Body, key: str) -> NodePlan:
        assert node.points is not None
        points = node.points.high
        bindings: Bindings = {} if points is None else {"points": points}
        result, arms = self.body(body, f"{key}__body", bindings)
        applies = self.emit(f"{key}__applies", node.applies_when, bindings) if node.applies_when else ""
        stages = self._stage_list(node, key)
        first = f"{key}__first" if stages else key
        self.presence(result, node.policies, first, points, applies=applies)
        made, raw = self._stages(stages, first, key)
        possible = Fraction(0) if points is None else points
        self.emit(f"{key}__possible", "0 if hole(x) == 'not_applicable' else p", {"x": key, "p": possible})
        return NodePlan(
            node, key, key, f"{key}__possible", raw, result, first, applies, arms, made,
        )  # fmt: skip

    def _group(self, node: TreeNode, group: model.Group, key: str) -> NodePlan:
        counted = [c for c in node.children if c.counts and c.points is not None]
        keys = [self.keys[c.path] for c in counted]
        each: dict[str, Binding] = {f"c{i}": k for i, k in enumerate(keys)}
        total = sum((c.worth for c in counted if c.worth is not None), Fraction(0))
        count = self.emit(f"{key}__count", _present(len(keys)), each)
        if group.combine == "sum":
            together = self.emit(f"{key}__together", _total(len(keys)), each)
            possibles: dict[str, Binding] = {f"c{i}": f"{k}__possible" for i, k in enumerate(keys)}
            sum_text = " + ".join(f"c{i}" for i in range(len(keys))) or "0"
            possible = self.emit(f"{key}__could", sum_text, possibles)
            whole = total
        else:
            together = self.fold(Fold(f"{key}__together", group.combine, tuple(keys)))  # type: ignore[arg-type]
            whole = node.points.high if node.points and node.points.high is not None else Fraction(0)
            possible = self.emit(f"{key}__could", "w", {"w": whole})
        return self._gathered(node, key, together, count, possible, whole)

    def _open_group(self, node: TreeNode, group: model.OpenGroup, key: str) -> NodePlan:
        kind = self.scheme.rows[group.rows]
        assert node.points is not None
        share: Binding | None = None
        if node.split and node.points.high is not None:
            self._row_block(kind, group, node, f"{key}__n", None, counting=True)
            share = self.emit(f"{key}__share", "p / n", {"p": node.points.high, "n": f"{key}__n__number"})
        self._row_block(kind, group, node, f"{key}__r", share)
        rows = f"{key}__r__rows"
        made = self._gathered(
            node, key, f"{key}__r__together", f"{key}__r__count", f"{key}__r__could",
            node.points.high if node.points.high is not None else Fraction(0), rows,
        )  # fmt: skip
        return evolve(made, row_points=f"{key}__r__all")

    def _row_block(
        self, kind: model.RowKind, group: model.OpenGroup, node: TreeNode, name: str, share: Binding | None,
        *, counting: bool = False,
    ) -> None:  # fmt: skip
        """The rows of an open group, scored; or (counting) only how many there are that count."""
        outer, self.unit = self.unit, _Unit()
        bindings: dict[str, Binding] = {}
        if share is not None:
            bindings["points"] = share
            self.emit(f"{name}__points", "p", {"p": share})
            bindings["points"] = f"{name}__points"
        elif not counting:
            bindings = self._row_points(kind, name)
        where = self.emit(f"{name}__where", group.where, bindings) if group.where else ""
        counts = self.emit(f"{name}__counts", kind.counts or "True", bindings)
        folds: tuple[Fold, ...]
        if counting:
            one = self.emit(f"{name}__one", "1 if counts else absent()", {"counts": counts})
            folds = (Fold(f"{name}__number", "sum", (one,), empty_is_zero=True),)
        else:
            points = bindings.get("points")
            assert kind.body is not None
            assert points is not None
            result, _ = self.body(kind.body, f"{name}__body", bindings)
            applies = self.emit(f"{name}__applies", kind.applies_when, bindings) if kind.applies_when else ""
            last = f"{name}__present" if kind.round else f"{name}__score"
            x = self.presence(result, kind.policies, last, points, applies=applies)
            if kind.round:
                x = self.emit(f"{name}__score", rounding_text(kind.round), {"x": x})
            into = {"counts": counts, "x": x, "points": points}
            scored = self.emit(f"{name}__counted", "x if counts else absent()", into)
            could = "absent() if not counts else 0 if hole(x) == 'not_applicable' else points"
            possible = self.emit(f"{name}__possible", could, into)
            there = self.emit(f"{name}__there", "absent() if not counts or hole(x) == 'not_applicable' else 1", into)
            worth = self.emit(f"{name}__worth", "points if counts else absent()", into)
            folds = tuple(
                Fold(f"{name}__{word}", "sum", (step,), empty_is_zero=True)
                for word, step in (
                    ("together", scored),
                    ("could", possible),
                    ("count", there),
                    ("all", worth),
                )
            )
        self._close_block(outer, RowBlock(f"{name}__rows", kind.name, (), where, folds), name)

    def _gathered(
        self,
        node: TreeNode,
        key: str,
        together: str,
        count: str,
        possible: str,
        whole: Fraction,
        rows: str = "",
    ) -> NodePlan:
        """From what children or rows came to, to the node's score: enough of them, make-up, scale, and the rest."""
        otherwise = {"absent": _ABSENT, "zero": "0", "refuse": _REFUSED}[node.otherwise]
        stages = self._stage_list(node, key)
        applies = self.emit(f"{key}__applies", node.applies_when) if node.applies_when else ""
        first = f"{key}__first" if stages else key
        text = f"refused() if hole(n) != '' else x if n >= least and hole(x) == '' else {_REFUSED} if n >= least else {otherwise}"
        bound: dict[str, Binding] = {"n": count, "x": together, "least": Fraction(node.at_least)}
        if applies:
            text = f"refused() if hole(applies) != '' else absent() if not applies else {text}"
            bound["applies"] = applies
        self.emit(first, text, bound)
        made, raw = self._stages(stages, first, key, possible, whole)
        could: dict[str, Binding] = {
            "x": key,
            "q": possible,
            "n": count,
            "least": Fraction(node.at_least),
            "w": whole,
        }
        full = "w" if node.rescale else "(q if hole(q) == '' else w) if hole(n) == '' and n >= least else w"
        possible_text = f"0 if hole(x) == 'not_applicable' else {full}"
        if node.scale_to is not None and whole:
            could |= {"t": node.scale_to}
            possible_text = f"0 if hole(x) == 'not_applicable' else ({full}) * t / w"
        self.emit(f"{key}__possible", possible_text, could)
        return NodePlan(node, key, key, f"{key}__possible", raw, "", first, applies, None, made, rows)

    def _stage_list(self, node: TreeNode, key: str) -> list[tuple[model.LineKind, object]]:
        """What happens to a node's score after its body, in the fixed order."""
        stages: list[tuple[model.LineKind, object]] = []
        gathers = isinstance(node.holds, model.OpenGroup) or (
            isinstance(node.holds, model.Group) and not node.holds.body
        )
        if gathers and node.rescale:
            stages.append(("make-up", None))
        if gathers and node.scale_to is not None:
            stages.append(("scale", node.scale_to))
        stages += [("adjustment", node)] if node.adjustments else []
        stages += [("gate", g) for g in node.gates]
        if node.round is not None:
            stages.append(("rounding", node.round))
        return stages

    def _stages(
        self,
        stages: list[tuple[model.LineKind, object]],
        x: str,
        key: str,
        possible: str = "",
        whole: Fraction = Fraction(0),
    ) -> tuple[tuple[Stage, ...], str]:
        """Emit the stages, the last under the node's own name; also the step that holds the score before rounding."""
        made: list[Stage] = []
        raw = x
        for i, (kind, about) in enumerate(stages):
            name = key if i == len(stages) - 1 else f"{key}__stage{i}"
            match kind, about:
                case "make-up", _:
                    bound: dict[str, Binding] = {"x": x, "q": possible, "w": whole}
                    self.emit(name, "x if hole(x) != '' else refused() if q == 0 else x * w / q", bound)
                    made.append(Stage(kind, name))
                case "scale", Fraction() as to:
                    self.emit(name, "x * t / w", {"x": x, "t": to, "w": whole})
                    made.append(Stage(kind, name))
                case "adjustment", TreeNode() as node:
                    made += self._adjusted(node, x, name, key)
                case "gate", model.Gate() as gate:
                    made.append(self._gated(gate, x, name, f"{key}__gate{i}"))
                case "rounding", Rounding() as rounding:
                    self.emit(name, rounding_text(rounding), {"x": x})
                    made.append(Stage(kind, name))
                case _:
                    raise AssertionError(kind)
            x = name
            if kind != "rounding":
                raw = name
        return tuple(made), raw

    def _adjusted(self, node: TreeNode, x: str, name: str, key: str) -> list[Stage]:
        """Bonuses and deductions, each within its bounds and all within theirs; one that cannot be told refuses."""
        made: list[Stage] = []
        total: dict[str, Binding] = {"x": x}
        for i, adjustment in enumerate(node.adjustments):
            own = f"{key}__adjustment{i}"
            points: Binding | None = node.points.high if node.points else None
            result, _ = self.body(adjustment.body, f"{own}__body", {} if points is None else {"points": points})
            low, high = adjustment.low, adjustment.high
            bounded = low is not None and high is not None
            present = self.presence(result, adjustment.policies, f"{own}__present" if bounded else own, points)
            if low is not None and high is not None:
                self.emit(own, "min(max(x, low), high)", {"x": present, "low": low, "high": high})
            total[f"c{i}"] = own
            made.append(Stage("adjustment", own, adjustment.name, adjustment))
        text = _total(len(node.adjustments))
        if node.adjustments_low is not None and node.adjustments_high is not None:
            total |= {"low": node.adjustments_low, "high": node.adjustments_high}
            text = f"min(max({text}, low), high)"
        self.emit(
            name,
            f"x if hole(x) != '' else x + {text}" if "min" in text else f"x if hole(x) != '' else x + ({text})",
            total,
        )
        made.append(Stage("adjustment", name))
        return made

    def _gated(self, gate: model.Gate, x: str, name: str, own: str) -> Stage:
        when = self.emit(own, gate.when)
        assert gate.at_most is not None
        text = "x if hole(x) != '' else refused() if hole(when) != '' else min(x, most) if when else x"
        self.emit(name, text, {"x": x, "when": when, "most": gate.at_most})
        return Stage("gate", name, gate.name, gate, when)

    # ------------------------------------------------------------------------------------- grades and checks

    def grade(self, scale: model.GradeScale, key: str, bindings: Bindings = _NO_BINDINGS) -> GradePlan:
        """The place of a label, best 0; a scale that would read otherwise rounded or raw has both readings."""
        self.open(key)
        raw = {n.key: n.raw for n in self.nodes if n.raw and n.raw != n.score}
        names = {n for f in model.formulas(scale) for n in f.names}
        touched = {n: r for n, r in raw.items() if n in names or bindings.get("score") == n}
        unrounded: dict[str, Binding] = {**bindings, **{n: r for n, r in touched.items() if n in names}}
        if bindings.get("score") in touched:
            unrounded["score"] = touched[str(bindings["score"])]
        first, second = (unrounded, bindings) if scale.reads == "raw" else (bindings, unrounded)
        rank, gates = self._rank(scale, key, first)
        other = self._rank(scale, f"{key}other__", second)[0] if touched else ""
        return GradePlan(scale, rank, other, gates)

    def _rank(self, scale: model.GradeScale, name: str, bindings: Bindings) -> tuple[str, tuple[Stage, ...]]:
        place = {label: i for i, label in enumerate(scale.labels)}
        match scale.body:
            case model.BandsBody() | model.CasesBody():
                arms = self.arm(scale.body, name, bindings)
                bound: dict[str, Binding] = {"arm": arms.step}
                bound |= {f"o{i}": Fraction(place[o.label]) for i, o in enumerate(arms.outcomes)}
                x = self.emit(f"{name}place", _arm_choice(len(arms.outcomes)), bound)
            case body:
                assert body is not None
                label, _ = self.body(body, f"{name}label", bindings)
                conditions = [f"x == {label_!r}" for label_ in scale.labels]
                x = self.emit(f"{name}place", _arm_index(conditions, ends=False), {"x": label})
        gates = []
        for i, gate in enumerate(scale.gates):
            when = self.emit(f"{name}gate{i}", gate.when, bindings)
            step = f"{name}gated{i}"
            text = "x if hole(x) != '' else refused() if hole(when) != '' else max(x, worst) if when else x"
            self.emit(step, text, {"x": x, "when": when, "worst": Fraction(place[gate.no_better_than])})
            gates.append(Stage("gate", step, gate.name, gate, when))
            x = step
        return x, tuple(gates)

    def _with_grade(self, made: NodePlan) -> NodePlan:
        grade = made.node.grade
        if grade is None or not made.score:
            return made
        scale = self.scheme.grades[grade] if isinstance(grade, str) else grade
        key = f"{made.key}__grade"
        if scale.combine:
            target = self.scheme.grades.get(scale.name)
            children = [c for c in made.node.children if c.grade is not None and c.counts]
            self.open(key)
            self.fold(Fold(key, "max", tuple(f"{self.keys[c.path]}__grade" for c in children)))
            labels = scale.labels or (target.labels if target else self._child_labels(children))
            return evolve(made, grade=key, grade_labels=labels)
        bindings: dict[str, Binding] = {"score": made.score, "possible": made.possible}
        if made.node.points is not None and made.node.points.high is not None:
            bindings["points"] = made.node.points.high
        planned = self.grade(scale, f"{key}__", bindings)
        self.emit(key, "absent() if hole(s) == 'not_applicable' else x", {"s": made.score, "x": planned.rank})
        return evolve(made, grade=key, grade_labels=scale.labels)

    def _child_labels(self, children: Sequence[TreeNode]) -> tuple[str, ...]:
        for child in children:
            scale = self.scheme.grades.get(child.grade) if isinstance(child.grade, str) else child.grade
            if scale is not None and scale.labels:
                return scale.labels
        return ()

    def _check(self, check: model.Check, key: str) -> CheckPlan:
        self.open(key)
        return CheckPlan(check, self.emit(key, check.holds))

    def _row_checks(self, kind: model.RowKind) -> list[CheckPlan]:
        if not kind.checks:
            return []
        name = f"{kind.name}__checks"
        self.open(name)
        outer, self.unit = self.unit, _Unit()
        points = self._row_points(kind, name)
        made = [CheckPlan(c, self.emit(f"{name}{i}", c.holds, points), name) for i, c in enumerate(kind.checks)]
        self._close_block(outer, RowBlock(name, kind.name, ()), name)
        return made


def _band_text(band: model.Band, index: int, bound: dict[str, Binding], side: str) -> str:
    """When a quantity is in a band that those before it have left over: of cut points, the one cut says it."""
    parts = []
    if band.low is not None and side not in ("to", "below"):
        bound[f"low{index}"] = band.low
        parts.append(f"of {'>=' if band.low_in else '>'} low{index}")
    if band.high is not None and side not in ("from", "above"):
        bound[f"high{index}"] = band.high
        parts.append(f"of {'<=' if band.high_in else '<'} high{index}")
    return "(" + " and ".join(parts or ["of == of"]) + ")"


def _each(policies: Policies) -> tuple[Policy | None, Policy | None, Policy | None]:
    return policies.missing, policies.undefined, policies.not_applicable
