"""Bodies, values, definitions and presence, as steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from attrs import define, evolve, field

from perfrules import model
from perfrules.formula import Formula
from perfrules.model import Policies, Policy, Scheme
from perfrules.plan.steps import NO_BINDINGS, Arms, Binding, Bindings, DefinitionPlan, Fold, PlanStep, RowBlock, Step
from perfrules.plan.texts import (
    REFUSED,
    arm_choice,
    arm_index,
    band_text,
    each_policy,
    policy_text,
    presence,
    rounding_text,
)


@define
class Unit:
    """The steps of one value, node, grade or check: placed together, after the units that they read."""

    steps: list[PlanStep] = field(factory=list)
    reads: dict[str, None] = field(factory=dict)


class Bodies:
    """Emits steps into the open unit."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.units: dict[str, Unit] = {}
        self.unit = Unit()
        self.keys: dict[str, str] = {}

    # ------------------------------------------------------------------------------------- emitting

    def open(self, name: str) -> None:
        self.unit = self.units.setdefault(name, Unit())

    def emit(self, name: str, formula: Formula | str, bindings: Bindings = NO_BINDINGS) -> str:
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
                conditions.append(band_text(band, i, bound, body.side))
            # the last band of cut points takes what is left; a printed table may leave a gap
            ends = body.side != "between"
            text = arm_index(conditions[:-1] if ends else conditions, ends=ends)
            if text.isdigit():  # a single band that takes everything is still strict in its quantity
                text = f"{text} if of == of else {text}"
        else:
            outcomes = tuple(c.outcome for c in body.cases)
            stated = [c.when for c in body.cases if c.when is not None]
            for i, when in enumerate(stated):
                bound[f"c{i}"] = self.emit(f"{name}__case{i}", when, bindings)
                conditions.append(f"c{i}")
            text = arm_index(conditions, ends=len(stated) < len(body.cases))
        return Arms(self.emit(f"{name}__arm", text, bound), outcomes)

    def _armed(self, body: model.BandsBody | model.CasesBody, name: str, bindings: Bindings) -> tuple[str, Arms]:
        arms = self.arm(body, name, bindings)
        bound: dict[str, Binding] = {"arm": arms.step}
        for i, outcome in enumerate(arms.outcomes):
            assert outcome.value is not None
            bound[f"o{i}"] = self.emit(f"{name}__out{i}", outcome.value, bindings)
        return self.emit(name, arm_choice(len(arms.outcomes)), bound), arms

    def _statistic(self, body: model.StatisticBody, name: str, bindings: Bindings) -> str:
        if body.over in self.scheme.rows:
            return self._row_statistic(body, name, bindings)
        over = self.scheme.node(body.over)
        items, where, weights = [], [], []
        for i, child in enumerate(c for c in over.children if c.counts and c.points is not None):
            key = self.keys[child.path]
            local: dict[str, Binding] = {**bindings, "score": key, "possible": f"{key}__possible"}
            if child.worth is not None:
                local["points"] = child.worth
            items.append(self._child_item(f"{name}__item{i}", body.item, local, key, "x"))
            if body.where is not None:
                known = "missing() if hole(x) == 'not_applicable' else x"
                where.append(self._child_item(f"{name}__where{i}", body.where, local, key, known))
            if body.weight is not None:
                weights.append(self.emit(f"{name}__weight{i}", body.weight, local))
        return self.fold(
            Fold(name, body.statistic, tuple(items), tuple(where), tuple(weights), body.k, body.at, body.method)
        )

    def _child_item(self, name: str, formula: Formula, local: Bindings, child: str, text: str) -> str:
        """An absent child does not enter, whatever the item says of it."""
        inner = self.emit(f"{name}_of", formula, local)
        return self.emit(name, f"absent() if hole(c) == 'not_applicable' else {text}", {"c": child, "x": inner})

    def _row_statistic(self, body: model.StatisticBody, name: str, bindings: Bindings) -> str:
        kind = self.scheme.rows[body.over]
        outer, self.unit = self.unit, Unit()
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

    def _close_block(self, outer: Unit, block: RowBlock, result: str) -> str:
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
        refuse: str = REFUSED,
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
        return self.emit(name, presence(policies, applies=bool(applies), refuse=refuse), bound)

    # ------------------------------------------------------------------------------------- values, definitions

    def value(self, value: model.Value, prefix: str, bindings: Bindings) -> None:
        """A value without a policy passes its hole on to whoever reads it, whose policy it then is."""
        name = f"{prefix}{value.name}"
        stated = bool(value.policies.stated)
        if not stated and value.round is None:
            self.body(value.body, name, bindings)
            return
        x, _ = self.body(value.body, f"{name}__body", bindings)
        if stated:
            last = f"{name}__present" if value.round else name
            stated_ones = evolve(value.policies, undefined=value.policies.undefined or value.policies.missing)
            passing = Policies(*(p if p is None or p.kind != "refuse" else None for p in each_policy(stated_ones)))
            x = self._value_presence(x, passing, last)
        if value.round is not None:
            self.emit(name, rounding_text(value.round), {"x": x})

    def _value_presence(self, x: str, policies: Policies, name: str) -> str:
        bound: dict[str, Binding] = {"x": x}
        text = ""
        for word, policy in zip(("missing", "undefined", "not_applicable"), each_policy(policies), strict=True):
            if policy is None:
                continue
            if policy.formula is not None and f"if_{word}" not in bound:
                bound[f"if_{word}"] = self.emit(f"{name}__if_{word}", policy.formula)
            chosen = f"if_{word}" if policy.kind == "formula" else policy_text(policy, "", REFUSED)
            text += f"{chosen} if hole(x) == '{word}' else "
        return self.emit(name, text + "x", bound)

    def definition(self, definition: model.Definition) -> DefinitionPlan:
        """A definition's own steps; its values come in the order that they read each other."""
        self.unit = Unit()
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
