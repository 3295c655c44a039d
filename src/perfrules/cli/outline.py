"""A scheme in outline 体系概要: what `show` and `list` tell of it, as plain data that both JSON and the tree are made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, assert_never

from perfrules import model, verbs
from perfrules.findings import Language
from perfrules.formula import Formula
from perfrules.model import Policies, Policy, Provenance, Scheme, TreeNode
from perfrules.numbers import published
from perfrules.plan import Cohort, Fold, PlanStep, RowBlock, Step
from perfrules.scorecards.foundations import Foundations, outcomes_of

Data = dict[str, Any]

STATUS_WORDS: Mapping[Language, Mapping[model.ProvenanceStatus, str]] = {
    "zh": {"stated": "陈述", "unverified": "未核实", "assumed": "假定", "unmarked": "无依据"},
    "en": {"stated": "stated", "unverified": "unverified", "assumed": "assumed", "unmarked": "unmarked"},
}
_CUTS = {"from": "≥", "above": ">", "to": "≤", "below": "<", "between": ""}


def resting(scheme: Scheme) -> dict[model.ProvenanceStatus, Fraction]:
    """How many points of the tree rest on rules of each provenance, at their weakest: whatever a leaf may call counts."""
    foundations = Foundations(verbs.plan(scheme))
    shares: dict[model.ProvenanceStatus, Fraction] = {}
    for leaf in _counted_leaves(scheme.tree):
        assert leaf.points is not None
        mark = leaf.provenance.joined(leaf.points_provenance)
        bodies: list[object] = []
        match leaf.holds:
            case model.OpenGroup(rows=rows):
                mark = mark.joined(scheme.rows[rows].provenance)
                bodies = [scheme.rows[rows].body]
            case model.Group(body=body):
                bodies = [body]
            case None:
                pass
            case body:
                bodies = [body]
        for each in bodies:
            mark = mark.joined(foundations.of(each))
            for outcome in outcomes_of(each):  # type: ignore[arg-type]  # of anything without arms there are none
                mark = mark.joined(outcome.provenance)
        shares[mark.status] = shares.get(mark.status, Fraction(0)) + (leaf.points.high or 0)
    return {s: shares[s] for s in STATUS_WORDS["zh"] if s in shares}


def _counted_leaves(node: TreeNode) -> Iterator[TreeNode]:
    """The nodes that rules give points to, components left out."""
    if not node.counts or node.points is None:
        return
    if isinstance(node.holds, model.Group) and node.holds.body is None:
        for child in node.children:
            yield from _counted_leaves(child)
    elif node.holds is not None:
        yield node


# ------------------------------------------------------------------------------------------------ the whole


def outline(scheme: Scheme) -> Data:
    """The whole scheme as plain data, numbers as strings, formulas in the author's words."""
    return {
        "scheme": {
            "id": scheme.id,
            "edition": scheme.edition,
            "digest": scheme.digest,
            "title": scheme.title,
            "effective": scheme.effective and scheme.effective.isoformat(),
            "until": scheme.until and scheme.until.isoformat(),
            "file": scheme.file,
            "amends": scheme.amends or None,
            "provenance": mark_data(scheme.provenance),
        },
        "points": _number(scheme.tree.worth) or None,
        "resting": {status: published(points) for status, points in resting(scheme).items()},
        "tree": _node(scheme.tree),
        "inputs": [_input(i) for i in scheme.inputs.values()],
        "rows": [_row_kind(kind) for kind in scheme.rows.values()],
        "values": [_value(v) for v in scheme.values.values()],
        "definitions": [_definition(d) for d in scheme.definitions.values() if d.origin != "prelude"],
        "grades": [_grade(g) for g in scheme.grades.values()],
        "checks": [_check(c) for c in scheme.checks],
        "amendments": [{"kind": a.kind, "target": a.target, "to": a.to, "clause": a.clause} for a in scheme.amendments],
        "published": [
            {"column": p.column.label, "what": p.what, "target": p.target, "provenance": mark_data(p.provenance)}
            for p in scheme.published.values()
        ],
        "sources": [
            {"name": s.name, "title": s.title, "document": s.document, "issuer": s.issuer, "date": s.date,
             "unverified": s.unverified}
            for s in scheme.sources.values()
        ],
    }  # fmt: skip


def mark_data(mark: Provenance) -> Data:
    """A mark of provenance as plain data."""
    return {"status": mark.status} | {k: v for k, v in (("clause", mark.clause), ("why", mark.why)) if v}


def _node(node: TreeNode) -> Data:
    data: Data = {"path": node.path, "name": node.name}
    if node.title:
        data["title"] = node.title
    data["points"] = None if node.points is None else points_text(node.points)
    data |= _stated(
        scale_to=_number(node.scale_to),
        weight=_number(node.weight),
        component=not node.counts,
        split=node.split,
        applies_when=one_line(node.applies_when),
        rescale=node.rescale,
        at_least=str(node.at_least) if node.at_least != 1 else "",
        otherwise=node.otherwise if node.otherwise != "absent" else "",
        round=_rounding(node.round),
        grade=node.grade if isinstance(node.grade, str) else "",
        own_grade=_grade(node.grade) if isinstance(node.grade, model.GradeScale) else None,
        policies=_policies(node.policies),
        reason=node.reason,
    )
    match node.holds:
        case model.Group(combine=combine, body=body, leaves=leaves):
            data |= _stated(rule=rule_data(body) if body else None, leaves=_policies(leaves))
            if combine != "sum":
                data["combine"] = combine
        case model.OpenGroup(rows=rows, where=where, adjustable=adjustable):
            data |= {"rows": rows} | _stated(where=one_line(where), adjustable=adjustable)
        case None:
            pass
        case body:
            data["rule"] = rule_data(body)
    if node.points is None:
        data["state"] = "described"
    if node.adjustments:
        data["adjustments"] = [
            {"name": a.name, "rule": rule_data(a.body), **_stated(between=_bounds(a.low, a.high), reason=a.reason,
             policies=_policies(a.policies)), "provenance": mark_data(a.provenance)}
            for a in node.adjustments
        ]  # fmt: skip
        data |= _stated(adjustments_between=_bounds(node.adjustments_low, node.adjustments_high))
    if node.gates:
        data["gates"] = [_gate(g) for g in node.gates]
    data["provenance"] = mark_data(node.provenance)
    if node.points_provenance.status != node.provenance.status:
        data["points_provenance"] = mark_data(node.points_provenance)
    if node.children:
        data["children"] = [_node(child) for child in node.children]
    return data


def _input(each: model.Input) -> Data:
    return {"name": each.name, "kind": each.kind} | _stated(
        title=each.title,
        unit=each.unit.text if each.unit else "",
        min=_bound(each.low),
        max=_bound(each.high),
        decimals="" if each.decimals is None else str(each.decimals),
        choices=list(each.choices),
        optional=each.optional,
    )


def _row_kind(kind: model.RowKind) -> Data:
    data: Data = {"name": kind.name, "columns": [_input(c) for c in kind.columns]}
    data |= _stated(
        name_column=kind.name_column,
        published=kind.published,
        points=one_line(kind.points),
        rule=rule_data(kind.body) if kind.body else None,
        policies=_policies(kind.policies),
        round=_rounding(kind.round),
        counts=one_line(kind.counts),
        applies_when=one_line(kind.applies_when),
        checks=[_check(c) for c in kind.checks],
        reason=kind.reason,
    )
    return data | {"provenance": mark_data(kind.provenance)}


def _value(value: model.Value) -> Data:
    data: Data = {"name": value.name, "rule": rule_data(value.body)}
    data |= _stated(policies=_policies(value.policies), round=_rounding(value.round))
    return data | {"provenance": mark_data(value.provenance)}


def _definition(definition: model.Definition) -> Data:
    data: Data = {"name": definition.name, "parameters": list(definition.parameters)}
    data |= _stated(values=[_value(v) for v in definition.values], origin=definition.origin)
    return data | {"rule": rule_data(definition.body), "provenance": mark_data(definition.provenance)}


def _grade(scale: model.GradeScale) -> Data:
    data: Data = {"name": scale.name, "labels": list(scale.labels), "reads": scale.reads}
    data |= _stated(
        rule=rule_data(scale.body) if scale.body else None,
        combine=scale.combine or "",
        gates=[_gate(g) for g in scale.gates],
    )
    return data | {"provenance": mark_data(scale.provenance)}


def _gate(gate: model.Gate) -> Data:
    data: Data = {"name": gate.name, "when": one_line(gate.when)}
    data |= _stated(at_most=_number(gate.at_most), no_better_than=gate.no_better_than, reason=gate.reason)
    return data | {"provenance": mark_data(gate.provenance)}


def _check(check: model.Check) -> Data:
    data: Data = {"name": check.name, "holds": one_line(check.holds), "severity": check.severity}
    return data | _stated(reason=check.reason) | {"provenance": mark_data(check.provenance)}


# ------------------------------------------------------------------------------------------------ parts


def rule_data(body: model.Body) -> Data:
    """A body as plain data: its kind, its formula, and its arms as `when` and `then`."""
    match body:
        case model.FormulaBody(formula=formula):
            return {"kind": "formula", "formula": one_line(formula)}
        case model.GivenBody(name=name):
            return {"kind": "given", "formula": one_line(name)}
        case model.RuleBody(definition=definition, arguments=arguments):
            words = ", ".join(f"{name}={one_line(formula)}" for name, formula in arguments)
            return {"kind": "rule", "formula": f"{definition}({words})"}
        case model.StatisticBody():
            return {"kind": "statistic", "formula": _statistic(body)}
        case model.BandsBody(of=of, side=side, bands=bands):
            arms = [_arm(f"{_CUTS[side]} {b.written}".strip(), b.outcome) for b in bands]
            return {"kind": "bands", "formula": one_line(of), "arms": arms}
        case model.CasesBody(cases=cases):
            return {"kind": "cases", "arms": [_arm(one_line(c.when) or "else", c.outcome) for c in cases]}
        case _:
            assert_never(body)


def _arm(when: str, outcome: model.Outcome) -> Data:
    data: Data = {"when": "else" if when.endswith("else") else when, "then": one_line(outcome.value) or outcome.label}
    if outcome.reason:
        data["reason"] = outcome.reason
    return data | {"provenance": mark_data(outcome.provenance)}


def _statistic(body: model.StatisticBody) -> str:
    more = _stated(
        where=one_line(body.where),
        weighted_by=one_line(body.weight),
        k="" if body.k is None else str(body.k),
        at=_number(body.at),
        method=body.method or "",
    )
    words = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{body.statistic}({one_line(body.item)}), over: {body.over}{words}"


def points_text(points: model.Points) -> str:
    """Points in short: `40`, `[-4, 4]` or `free`."""
    if points.high is None:
        return "free"
    return published(points.high) if points.low == 0 else _bounds(points.low, points.high)


def one_line(formula: Formula | None) -> str:
    """A formula's text on one line, as the author wrote it."""
    return "" if formula is None else " ".join(formula.source.split())


def _bounds(low: Fraction | None, high: Fraction | None) -> str:
    return "" if low is None and high is None else f"[{_bound(low) or '…'}, {_bound(high) or '…'}]"


def _bound(value: Fraction | date | None) -> str:
    return value.isoformat() if isinstance(value, date) else _number(value)


def _number(value: Fraction | None) -> str:
    return "" if value is None else published(value)


def _rounding(rounding: model.Rounding | None) -> str:
    if rounding is None:
        return ""
    return str(rounding.places) if rounding.mode == "half_up" else f"{rounding.places} {rounding.mode}"


def _policies(policies: Policies) -> Data:
    stated = {
        "missing": policies.missing,
        "undefined": policies.undefined,
        "not_applicable": policies.not_applicable,
    }
    return {hole: _policy(policy) for hole, policy in stated.items() if policy is not None}


def _policy(policy: Policy) -> str:
    return one_line(policy.formula) if policy.kind == "formula" else policy.kind


def _stated(**facts: object) -> Data:
    """Only those facts that say something."""
    return {name: fact for name, fact in facts.items() if fact}


# ------------------------------------------------------------------------------------------------ the plan


def plan_steps(scheme: Scheme) -> list[Data]:
    """The steps of a scheme's plan in order; those of a row block are within it."""
    return [_step(step) for step in verbs.plan(scheme).steps]


def _step(step: PlanStep) -> Data:
    match step:
        case Step(name=name, formula=formula, bindings=bindings):
            read = {
                *formula.names,
                *(["points"] if formula.definitions else []),
            }  # definitions see their caller's points
            bound = {k: published(v) if isinstance(v, Fraction) else v for k, v in bindings.items() if k in read}
            return {"step": name, "formula": one_line(formula)} | _stated(bindings=bound)
        case Fold(name=name, statistic=statistic, items=items, where=where, weights=weights):
            data: Data = {"fold": name, "statistic": statistic, "items": list(items)}
            return data | _stated(where=list(where), weights=list(weights), at=_number(step.at), k=str(step.k or ""))
        case RowBlock(name=name, rows=rows, steps=steps, folds=folds, where=where):
            inner: Iterable[PlanStep] = (*steps, *folds)
            return {"block": name, "rows": rows} | _stated(where=where) | {"steps": [_step(s) for s in inner]}
        case Cohort(name=name, fold=fold, by=by, layer=layer):
            return {"cohort": name, "layer": str(layer)} | _stated(by=by) | {"of": _step(fold)}
        case _:
            assert_never(step)
