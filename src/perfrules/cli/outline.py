"""A scheme in outline 体系概要: what `show` and `list` tell of it, as plain data that both JSON and the tree are made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import assert_never

from perfrules import model, verbs
from perfrules.cli.declared import benchmark_data, procedures_data, ranking_data
from perfrules.cli.parts import (
    Data,
    check_data,
    definition_data,
    grade_data,
    input_data,
    mark_data,
    node_data,
    number_text,
    one_line,
    rows_data,
    stated,
    value_data,
)
from perfrules.findings import Language
from perfrules.model import Scheme, TreeNode
from perfrules.numbers import published
from perfrules.plan import Cohort, Fold, PlanStep, RowBlock, Step
from perfrules.scorecards.foundations import Foundations, outcomes_of

STATUS_WORDS: Mapping[Language, Mapping[model.ProvenanceStatus, str]] = {
    "zh": {"stated": "陈述", "unverified": "未核实", "assumed": "假定", "unmarked": "无依据"},
    "en": {"stated": "stated", "unverified": "unverified", "assumed": "assumed", "unmarked": "unmarked"},
}


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
            for outcome in outcomes_of(each):
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
            "key": scheme.key or None,
            "period": scheme.period or None,
            "stages": list(scheme.stages),
            "provenance": mark_data(scheme.provenance),
        },
        "points": number_text(scheme.tree.worth) or None,
        "resting": {status: published(points) for status, points in resting(scheme).items()},
        "tree": node_data(scheme.tree),
        "inputs": [input_data(i) for i in scheme.inputs.values()],
        "rows": [rows_data(kind) for kind in scheme.rows.values()],
        "values": [value_data(v) for v in scheme.values.values()],
        "benchmarks": [benchmark_data(b) for b in scheme.benchmarks.values()],
        "definitions": [definition_data(d) for d in scheme.definitions.values() if d.origin != "prelude"],
        "grades": [grade_data(g) for g in scheme.grades.values()],
        "checks": [check_data(c) for c in scheme.checks],
        "ranking": ranking_data(scheme.ranking) if scheme.ranking else None,
        "procedures": procedures_data(scheme.procedures),
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
            return {"step": name, "formula": one_line(formula)} | stated(bindings=bound)
        case Fold(name=name, statistic=statistic, items=items, where=where, weights=weights):
            data: Data = {"fold": name, "statistic": statistic, "items": list(items)}
            return data | stated(where=list(where), weights=list(weights), at=number_text(step.at), k=str(step.k or ""))
        case RowBlock(name=name, rows=rows, steps=steps, folds=folds, where=where):
            inner: Iterable[PlanStep] = (*steps, *folds)
            return {"block": name, "rows": rows} | stated(where=where) | {"steps": [_step(s) for s in inner]}
        case Cohort(name=name, fold=fold, by=by, layer=layer):
            return {"cohort": name, "layer": str(layer)} | stated(by=by) | {"of": _step(fold)}
        case _:
            assert_never(step)
