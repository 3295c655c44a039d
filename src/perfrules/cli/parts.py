"""The parts of a scheme as plain data 体系各部分: numbers as strings, formulas in the author's words, empty facts left out."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any, assert_never

from perfrules import model
from perfrules.formula import Formula
from perfrules.model import Policies, Policy, Provenance, TreeNode
from perfrules.numbers import published

Data = dict[str, Any]

_CUTS = {"from": "≥", "above": ">", "to": "≤", "below": "<", "between": ""}


def mark_data(mark: Provenance) -> Data:
    """A mark of provenance as plain data."""
    return {"status": mark.status} | {k: v for k, v in (("clause", mark.clause), ("why", mark.why)) if v}


def node_data(node: TreeNode) -> Data:
    """A node with everything beneath it."""
    data: Data = {"path": node.path, "name": node.name}
    if node.title:
        data["title"] = node.title
    data["points"] = None if node.points is None else points_text(node.points)
    data |= stated(
        scale_to=number_text(node.scale_to),
        weight=number_text(node.weight),
        component=not node.counts,
        split=node.split,
        applies_when=one_line(node.applies_when),
        rescale=node.rescale,
        at_least=str(node.at_least) if node.at_least != 1 else "",
        otherwise=node.otherwise if node.otherwise != "absent" else "",
        round=rounding_text(node.round),
        grade=node.grade if isinstance(node.grade, str) else "",
        own_grade=grade_data(node.grade) if isinstance(node.grade, model.GradeScale) else None,
        policies=policies_data(node.policies),
        reason=node.reason,
    )
    match node.holds:
        case model.Group(combine=combine, body=body, leaves=leaves):
            data |= stated(rule=rule_data(body) if body else None, leaves=policies_data(leaves))
            if combine != "sum":
                data["combine"] = combine
        case model.OpenGroup(rows=rows, where=where, adjustable=adjustable):
            data |= {"rows": rows} | stated(where=one_line(where), adjustable=adjustable)
        case None:
            pass
        case body:
            data["rule"] = rule_data(body)
    if node.points is None:
        data["state"] = "described"
    if node.adjustments:
        data["adjustments"] = [
            {"name": a.name, "rule": rule_data(a.body), **stated(between=_bounds(a.low, a.high), reason=a.reason,
             policies=policies_data(a.policies)), "provenance": mark_data(a.provenance)}
            for a in node.adjustments
        ]  # fmt: skip
        data |= stated(adjustments_between=_bounds(node.adjustments_low, node.adjustments_high))
    if node.gates:
        data["gates"] = [_gate(g) for g in node.gates]
    data["provenance"] = mark_data(node.provenance)
    if node.points_provenance.status != node.provenance.status:
        data["points_provenance"] = mark_data(node.points_provenance)
    if node.children:
        data["children"] = [node_data(child) for child in node.children]
    return data


def input_data(each: model.Input) -> Data:
    """An input, or a column of rows."""
    return (
        {"name": each.name, "kind": each.kind}
        | stated(
            title=each.title,
            unit=each.unit.text if each.unit else "",
            min=_bound(each.low),
            max=_bound(each.high),
            decimals="" if each.decimals is None else str(each.decimals),
            choices=list(each.choices),
            optional=each.optional,
            stages=list(each.at),
        )
        | {"provenance": mark_data(each.provenance)}
    )


def rows_data(kind: model.RowKind) -> Data:
    """A row kind with its columns and checks."""
    data: Data = {"name": kind.name, "columns": [input_data(c) for c in kind.columns]}
    data |= stated(
        name_column=kind.name_column,
        published=kind.published,
        points=one_line(kind.points),
        rule=rule_data(kind.body) if kind.body else None,
        policies=policies_data(kind.policies),
        round=rounding_text(kind.round),
        counts=one_line(kind.counts),
        applies_when=one_line(kind.applies_when),
        checks=[check_data(c) for c in kind.checks],
        reason=kind.reason,
    )
    return data | {"provenance": mark_data(kind.provenance)}


def value_data(value: model.Value) -> Data:
    """A value: its rule, and what becomes of holes."""
    data: Data = {"name": value.name, "rule": rule_data(value.body)}
    data |= stated(policies=policies_data(value.policies), round=rounding_text(value.round))
    return data | {"provenance": mark_data(value.provenance)}


def definition_data(definition: model.Definition) -> Data:
    """A definition with its parameters and own values."""
    data: Data = {"name": definition.name, "parameters": list(definition.parameters)}
    data |= stated(values=[value_data(v) for v in definition.values], origin=definition.origin)
    return data | {"rule": rule_data(definition.body), "provenance": mark_data(definition.provenance)}


def grade_data(scale: model.GradeScale) -> Data:
    """A grade scale with its gates."""
    data: Data = {"name": scale.name, "labels": list(scale.labels), "reads": scale.reads}
    data |= stated(
        rule=rule_data(scale.body) if scale.body else None,
        combine=scale.combine or "",
        gates=[_gate(g) for g in scale.gates],
    )
    return data | {"provenance": mark_data(scale.provenance)}


def _gate(gate: model.Gate) -> Data:
    data: Data = {"name": gate.name, "when": one_line(gate.when)}
    data |= stated(at_most=number_text(gate.at_most), no_better_than=gate.no_better_than, reason=gate.reason)
    return data | {"provenance": mark_data(gate.provenance)}


def check_data(check: model.Check) -> Data:
    """A check."""
    data: Data = {"name": check.name, "holds": one_line(check.holds), "severity": check.severity}
    return data | stated(reason=check.reason) | {"provenance": mark_data(check.provenance)}


# ------------------------------------------------------------------------------------------------ rules and texts


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
    more = stated(
        where=one_line(body.where),
        weighted_by=one_line(body.weight),
        k="" if body.k is None else str(body.k),
        at=number_text(body.at),
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
    return value.isoformat() if isinstance(value, date) else number_text(value)


def number_text(value: Fraction | None) -> str:
    """A number as text; none is empty."""
    return "" if value is None else published(value)


def rounding_text(rounding: model.Rounding | None) -> str:
    """Decimal places, and the way of rounding where it is not half up."""
    if rounding is None:
        return ""
    return str(rounding.places) if rounding.mode == "half_up" else f"{rounding.places} {rounding.mode}"


def policies_data(policies: Policies) -> Data:
    """What becomes of holes, as far as it is stated."""
    stated = {
        "missing": policies.missing,
        "undefined": policies.undefined,
        "not_applicable": policies.not_applicable,
    }
    return {hole: _policy(policy) for hole, policy in stated.items() if policy is not None}


def _policy(policy: Policy) -> str:
    return one_line(policy.formula) if policy.kind == "formula" else policy.kind


def stated(**facts: object) -> Data:
    """Only those facts that say something."""
    return {name: fact for name, fact in facts.items() if fact}
