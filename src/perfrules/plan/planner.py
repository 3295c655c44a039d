"""A whole scheme as a plan: the tree, grades and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from graphlib import TopologicalSorter

from attrs import evolve

from perfrules import model
from perfrules.model import Rounding, Scheme, TreeNode
from perfrules.plan.bodies import Bodies, Unit
from perfrules.plan.steps import (
    NO_BINDINGS,
    Binding,
    Bindings,
    CheckPlan,
    Cohort,
    Fold,
    GradePlan,
    NodePlan,
    Plan,
    PlanStep,
    RankingPlan,
    RowBlock,
    Stage,
    reads,
)
from perfrules.plan.texts import (
    arm_choice,
    arm_index,
    otherwise_text,
    present_text,
    rounding_text,
    total_text,
)


class Planner(Bodies):
    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.units: dict[str, Unit] = {}
        self.unit = Unit()
        self.nodes: list[NodePlan] = []
        self.raw: dict[str, str] = {}
        self.keys: dict[str, str] = {}

    def plan(self) -> Plan:
        for index, node in enumerate(self.scheme.tree.walk()):
            self.keys[node.path] = node.identifier or f"n{index}__"
        for value in self.scheme.values.values():
            self.open(value.name)
            self.value(value, "", {})
        for benchmark in self.scheme.benchmarks.values():
            self.open(benchmark.name)
            self.benchmark(benchmark)
        self.node(self.scheme.tree)
        order = {path: i for i, path in enumerate(self.keys)}
        self.nodes.sort(key=lambda n: order[n.node.path])
        grades = tuple(
            self.grade(g, f"grade{i}__") for i, g in enumerate(self.scheme.grades.values()) if not g.of_nodes
        )
        nodes = tuple(self._with_grade(n) for n in self.nodes)
        checks = [self._check(c, f"check{i}__") for i, c in enumerate(self.scheme.checks)]
        for kind in self.scheme.rows.values():
            checks += self._row_checks(kind)
        definitions = {d.name: self.definition(d) for d in self.scheme.definitions.values()}
        ranking = self._ranking(self.scheme.ranking) if self.scheme.ranking else None
        return Plan(self.scheme, self._layered(self.ordered()), definitions, nodes, grades, tuple(checks), ranking)

    def ordered(self) -> tuple[PlanStep, ...]:
        """The steps of all units, each unit after those that it reads."""
        owner = {step.name: name for name, unit in self.units.items() for step in unit.steps}
        owner |= {f.name: n for n, u in self.units.items() for s in u.steps if isinstance(s, RowBlock) for f in s.folds}
        graph: TopologicalSorter[str] = TopologicalSorter()
        for name, unit in self.units.items():
            graph.add(name, *dict.fromkeys(owner[r] for r in unit.reads if r in owner and owner[r] != name))
        return tuple(step for name in graph.static_order() for step in self.units[name].steps)

    # ------------------------------------------------------------------------------------- the tree

    def _layered(self, steps: tuple[PlanStep, ...]) -> tuple[PlanStep, ...]:
        """Each benchmark with its layer: one more than the deepest benchmark behind it."""
        depth: dict[str, int] = {}
        made: list[PlanStep] = []
        for step in steps:
            layer = max((depth.get(r, 0) for r in reads(step)), default=0)
            match step:
                case Cohort():
                    step = evolve(step, layer=layer + 1)
                    depth[step.name] = step.layer
                case RowBlock():
                    depth |= {f.name: layer for f in step.folds}
                case _:
                    depth[step.name] = layer
            made.append(step)
        return tuple(made)

    def benchmark(self, benchmark: model.Benchmark) -> None:
        """What each record puts into a statistic over all of them, and the statistic."""
        name, body = benchmark.name, benchmark.body
        item = self.emit(f"{name}__item", body.item)
        where = (self.emit(f"{name}__where", body.where),) if body.where is not None else ()
        weights = (self.emit(f"{name}__weight", body.weight),) if body.weight is not None else ()
        by = self.emit(f"{name}__by", body.by) if body.by is not None else ""
        fold = Fold(name, body.statistic, (item,), where, weights, body.k, body.at, body.method)
        self.unit.steps.append(Cohort(name, fold, by, benchmark.round))

    def _ranking(self, ranking: model.Ranking) -> RankingPlan:
        self.open("ranking__")
        of = self.emit("ranking__of", ranking.of)
        key = self.emit("ranking__key", ranking.key) if ranking.key else ""
        within = self.emit("ranking__within", ranking.within) if ranking.within else ""
        return RankingPlan(ranking, of, key, within)

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
        if any(c.points is not None and c.counts for c in node.children):
            settled = self.presence(result, node.policies, f"{key}__settled", points, applies=applies)
            self._enough(node, key, first, settled, applies)
        else:
            self.presence(result, node.policies, first, points, applies=applies)
        made, raw = self._stages(stages, first, key, whole=points or Fraction(0))
        self.emit(
            f"{key}__possible", "0 if hole(x) == 'not_applicable' else p", {"x": key, "p": node.worth or Fraction(0)}
        )
        return NodePlan(
            node, key, key, f"{key}__possible", raw, result, first, applies, arms, made,
        )  # fmt: skip

    def _enough(self, node: TreeNode, key: str, name: str, x: str, applies: str) -> None:
        """What a group's own body came to, where enough of its children are present."""
        children = [self.keys[c.path] for c in node.children if c.points is not None and c.counts]
        count = self.emit(f"{key}__count", present_text(len(children)), {f"c{i}": k for i, k in enumerate(children)})
        bound: dict[str, Binding] = {"x": x, "n": count, "least": Fraction(node.at_least)}
        text = f"x if n >= least else {otherwise_text(node.otherwise)}"
        if applies:
            text = f"x if hole(applies) != '' or not applies else {text}"
            bound["applies"] = applies
        self.emit(name, text, bound)

    def _group(self, node: TreeNode, group: model.Group, key: str) -> NodePlan:
        counted = [c for c in node.children if c.counts and c.points is not None]
        keys = [self.keys[c.path] for c in counted]
        each: dict[str, Binding] = {f"c{i}": k for i, k in enumerate(keys)}
        total = sum((c.worth for c in counted if c.worth is not None), Fraction(0))
        count = self.emit(f"{key}__count", present_text(len(keys)), each)
        if (combine := group.combine) == "sum":
            together = self.emit(f"{key}__together", total_text(len(keys)), each)
            possibles: dict[str, Binding] = {f"c{i}": f"{k}__possible" for i, k in enumerate(keys)}
            sum_text = " + ".join(f"c{i}" for i in range(len(keys))) or "0"
            possible = self.emit(f"{key}__could", sum_text, possibles)
            whole = total
        elif combine == "product" or combine == "geometric":  # which narrows its type, as `in` does not
            whole = node.points.high if node.points and node.points.high is not None else Fraction(0)
            text, bound = _shares(counted, keys, whole, geometric=combine == "geometric")
            together = self.emit(f"{key}__together", text, bound)
            possible = self.emit(f"{key}__could", "w", {"w": whole})
        else:
            together = self.fold(Fold(f"{key}__together", combine, tuple(keys)))
            whole = node.points.high if node.points and node.points.high is not None else Fraction(0)
            possible = self.emit(f"{key}__could", "w", {"w": whole})
        return self._gathered(node, key, together, count, possible, whole)

    def _open_group(self, node: TreeNode, group: model.OpenGroup, key: str) -> NodePlan:
        kind = self.scheme.rows[group.rows]
        assert node.points is not None
        share: Binding | None = None
        if node.split and node.points.high is not None:
            self._row_block(kind, group, node, f"{key}__n", None, counting=True)
            share = self.emit(
                f"{key}__share",
                "refused() if hole(n) != '' else p / n",
                {"p": node.points.high, "n": f"{key}__n__number"},
            )
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
        outer, self.unit = self.unit, Unit()
        bindings: dict[str, Binding] = {}
        if share is not None:
            bindings["points"] = share
            self.emit(f"{name}__points", "p", {"p": share})
            bindings["points"] = f"{name}__points"
        elif not counting:
            bindings = self._row_points(kind, name)
        where = self.emit(f"{name}__where", group.where, bindings) if group.where else ""
        counts = self.emit(f"{name}__counts", kind.counts or "True", bindings)
        unknown = "refused() if hole(counts) != '' else"
        folds: tuple[Fold, ...]
        if counting:
            one = self.emit(f"{name}__one", f"{unknown} 1 if counts else absent()", {"counts": counts})
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
            scored = self.emit(f"{name}__counted", f"{unknown} x if counts else absent()", into)
            could = f"{unknown} absent() if not counts else 0 if hole(x) == 'not_applicable' else points"
            possible = self.emit(f"{name}__possible", could, into)
            there_text = f"{unknown} absent() if not counts or hole(x) == 'not_applicable' else 1"
            there = self.emit(f"{name}__there", there_text, into)
            worth = self.emit(f"{name}__worth", f"{unknown} points if counts else absent()", into)
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
        stages = self._stage_list(node, key)
        applies = self.emit(f"{key}__applies", node.applies_when) if node.applies_when else ""
        first = f"{key}__first" if stages else key
        text = (
            "refused() if hole(n) != '' or hole(x) == 'refused' else x if n >= least and hole(x) == '' "
            f"else refused() if n >= least else {otherwise_text(node.otherwise)}"
        )
        bound: dict[str, Binding] = {"n": count, "x": together, "least": Fraction(node.at_least)}
        if applies:
            text = f"refused() if hole(applies) != '' else absent() if not applies else {text}"
            bound["applies"] = applies
        self.emit(first, text, bound)
        least = Fraction(node.at_least)
        all_there: Binding = rows.removesuffix("__rows") + "__all" if rows else whole
        make_up: Bindings = {"q": possible, "a": all_there, "n": count, "least": least}
        made, raw = self._stages(stages, first, key, make_up, whole)
        could: dict[str, Binding] = {
            "x": key,
            "q": all_there if node.rescale else possible,
            "n": count,
            "least": least,
            "w": whole,
        }
        full = "(q if hole(q) == '' else w) if hole(n) == '' and n >= least else w"
        if rows:  # rows of other points than stated are no absence: only what does not apply is not possible
            could |= {"a": all_there}
            full = (
                "(max(w - a + q, 0) if hole(q) == '' and hole(a) == '' else w) if hole(n) == '' and n >= least else w"
            )
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
        if (node.children and node.scale_to is not None) or (gathers and node.scale_to is not None):
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
        make_up: Bindings = NO_BINDINGS,
        whole: Fraction = Fraction(0),
    ) -> tuple[tuple[Stage, ...], str]:
        """Emit the stages, the last under the node's own name; also the step that holds the score before rounding."""
        made: list[Stage] = []
        raw = x
        for i, (kind, about) in enumerate(stages):
            name = key if i == len(stages) - 1 else f"{key}__stage{i}"
            match kind, about:
                case "make-up", _:
                    short = "x if hole(x) != '' or n < least else refused() if hole(q) != '' or hole(a) != '' or q == 0"
                    self.emit(name, f"{short} else x * a / q", {"x": x, **make_up})
                    made.append(Stage(kind, name))
                case "scale", Fraction() as to:
                    self.emit(name, "x * t / w", {"x": x, "t": to, "w": whole})
                    made.append(Stage(kind, name))
                case "adjustment", TreeNode() as node:
                    made += self._adjusted(node, x, name, key)
                case "gate", model.Gate() as gate:
                    made.append(self._gated(gate, x, name, f"{key}__gate{i}"))
                case "rounding", Rounding() as rounding:
                    raw = self.emit(f"{key}__unrounded", "x", {"x": x})  # a step of its own, which a ruling overrules
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
            points: Binding | None = node.worth
            result, _ = self.body(adjustment.body, f"{own}__body", {} if points is None else {"points": points})
            low, high = adjustment.low, adjustment.high
            bounded = low is not None and high is not None
            present = self.presence(result, adjustment.policies, f"{own}__present" if bounded else own, points)
            if low is not None and high is not None:
                self.emit(own, "min(max(x, low), high)", {"x": present, "low": low, "high": high})
            total[f"c{i}"] = own
            made.append(Stage("adjustment", own, adjustment.name, adjustment))
        text = total_text(len(node.adjustments))
        if node.adjustments_low is not None and node.adjustments_high is not None:
            total |= {"low": node.adjustments_low, "high": node.adjustments_high}
            text = f"min(max({text}, low), high)"
        self.emit(
            name,
            f"x if hole(x) != '' else x + ({text})",
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

    def grade(self, scale: model.GradeScale, key: str, bindings: Bindings = NO_BINDINGS) -> GradePlan:
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
                x = self.emit(f"{name}place", arm_choice(len(arms.outcomes)), bound)
            case body:
                assert body is not None
                label, _ = self.body(body, f"{name}label", bindings)
                conditions = [f"x == {label_!r}" for label_ in scale.labels]
                x = self.emit(f"{name}place", arm_index(conditions, ends=False), {"x": label})
        return self._kept_down(scale, name, bindings, x, place)

    def _kept_down(
        self, scale: model.GradeScale, name: str, bindings: Bindings, x: str, place: Mapping[str, int]
    ) -> tuple[str, tuple[Stage, ...]]:
        """The place of a label after the gates of its scale, which only worsen it."""
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
            children = [c for c in made.node.children if c.grade is not None and c.counts and c.points is not None]
            labels = scale.labels or (target.labels if target else ()) or self._child_labels(children)
            self.open(key)
            worst = self.fold(Fold(f"{key}__worst", "max", tuple(f"{self.keys[c.path]}__grade" for c in children)))
            place = {label: i for i, label in enumerate(labels)}
            rank, _ = self._kept_down(scale, f"{key}__", NO_BINDINGS, worst, place)
        else:
            bindings: dict[str, Binding] = {"score": made.score, "possible": made.possible}
            if made.node.worth is not None:
                bindings["points"] = made.node.worth
            rank, labels = self.grade(scale, f"{key}__", bindings).rank, scale.labels
        text = "absent() if hole(s) == 'not_applicable' else refused() if hole(s) != '' else x"
        self.emit(key, text, {"s": made.score, "x": rank})
        return evolve(made, grade=key, grade_labels=labels)

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
        outer, self.unit = self.unit, Unit()
        points = self._row_points(kind, name)
        made = [CheckPlan(c, self.emit(f"{name}{i}", c.holds, points), name) for i, c in enumerate(kind.checks)]
        self._close_block(outer, RowBlock(name, kind.name, ()), name)
        return made


def _shares(
    counted: list[TreeNode], keys: list[str], whole: Fraction, *, geometric: bool
) -> tuple[str, dict[str, Binding]]:
    """The whole times each present child's share of its points; geometric: their mean by weight, equal where none is."""
    bound: dict[str, Binding] = {"w": whole}
    weighted = any(c.weight is not None for c in counted)
    factors, weights = [], []
    for i, (child, key) in enumerate(zip(counted, keys, strict=True)):
        bound |= {f"c{i}": key, f"p{i}": child.worth or Fraction(1), f"k{i}": child.weight or Fraction(1)}
        share = f"power(c{i} / p{i}, k{i} / ({{sum}}))" if geometric and weighted else f"c{i} / p{i}"
        factors.append(f"(1 if hole(c{i}) == 'not_applicable' else {share})")
        weights.append(f"(0 if hole(c{i}) == 'not_applicable' else k{i})")
    product, total = " * ".join(factors) or "1", " + ".join(weights) or "1"
    if not geometric:
        return f"w * {product}", bound
    if weighted:
        return f"w * {product.replace('{sum}', total)}", bound
    return f"w * power({product}, 1 / ({total}))", bound
