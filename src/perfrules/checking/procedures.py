"""What the names in a scheme's procedures mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from perfrules import model
from perfrules.checking.tree import check_grade
from perfrules.findings import nearest
from perfrules.formula import PURE, TEXT, Meaning

if TYPE_CHECKING:
    from perfrules.checking.names import Names

RECONCILED = ("deviation", "self_score", "review_score")
"""The names that bodies of `reconciling` may read beside those of the scheme."""


def check_procedures(names: Names, procedures: model.Procedures) -> None:
    """Report every problem of names and kinds in procedures."""
    if procedures.sampling is not None:
        _sampling(names, procedures.sampling)
    if procedures.reconciling is not None:
        _reconciling(names, procedures.reconciling)
    if procedures.monitoring is not None:
        _monitoring(names, procedures.monitoring)
    if procedures.outcomes is not None:
        _outcomes(names, procedures.outcomes)


def _sampling(names: Names, sampling: model.Sampling) -> None:
    path, scope = "procedures/sampling", names.scope()
    if sampling.amount is not None:
        names.number(sampling.amount, scope, path, pure=False)
    if sampling.where is not None:
        names.truth(sampling.where, scope, path)
    if sampling.strata is not None:
        names.meaning(sampling.strata, scope, path)
    for name, when in sampling.certain.items():
        names.truth(when, scope, f"{path}/certainty/{name}")


def _reconciling(names: Names, reconciling: model.Reconciling) -> None:
    path = "procedures/reconciling"
    own: Mapping[str, Meaning] = dict.fromkeys(RECONCILED, PURE)
    for word in own.keys() & names.meanings.keys():
        seen = {"other": "复核比对里的同名", "other_en": "a name of reconciling"}
        names.report("name-clash", reconciling.location, path, name=word, **seen)
    for word, scale in (("outcome", reconciling.outcome), ("item_outcome", reconciling.item_outcome)):
        if scale is not None:
            check_grade(names, scale, f"{path}/{word}", own=False, **own)
    if reconciling.penalty is not None:
        names.body(reconciling.penalty.body, names.scope(**own), f"{path}/penalty")
        names.policies(reconciling.penalty.policies, names.scope(), f"{path}/penalty")


def _monitoring(names: Names, monitoring: model.Monitoring) -> None:
    scheme = names.scheme
    assert scheme is not None
    path, where = "procedures/monitoring", monitoring.location
    month = scheme.inputs.get(monitoring.month)
    if month is None or month.kind != "number":
        names.report("unknown-month", where, path, nearest(monitoring.month, scheme.inputs), name=monitoring.month)
    if monitoring.by is not None:
        names.meaning(monitoring.by, names.scope(), path)
    lit = {n.path: n for n in scheme.tree.walk() if n.grade is not None}
    if not lit:
        names.report("no-lights", where, path)
    labels = {label for n in lit.values() for label in _labels(scheme, n)}
    for label in monitoring.good:
        if labels and label not in labels:
            seen = "、".join(sorted(labels))
            names.report("unknown-label", where, path, nearest(label, labels), label=label, labels=seen)
    for node, (name, _) in monitoring.levers.items():
        if node not in lit:
            names.report("lever-without-light", where, path, nearest(node, lit), name=node)
        if name not in scheme.inputs or scheme.inputs[name].kind != "number":
            names.report("unknown-lever", where, path, nearest(name, scheme.inputs), name=name)


def _labels(scheme: model.Scheme, node: model.TreeNode) -> tuple[str, ...]:
    scale = scheme.grades.get(node.grade) if isinstance(node.grade, str) else node.grade
    return scale.labels if scale is not None else ()


OUTCOME_NAMES = ("grade", "rank")
"""What rules of `outcomes` may read beside the scheme's names: the first scale's label, and the place in the ranking."""


def _outcomes(names: Names, outcomes: model.Outcomes) -> None:
    scheme = names.scheme
    assert scheme is not None
    path = "procedures/outcomes"
    first = next((g for g in scheme.grades.values() if not g.of_nodes), None)
    grade = Meaning("choice", labels=first.labels) if first is not None else TEXT
    scope = names.scope(grade=grade, rank=PURE)
    if outcomes.awards and scheme.ranking is None:
        names.report("no-ranking", outcomes.location, path, scheme=scheme.id)
    for award in outcomes.awards:
        if award.where is not None:
            names.truth(award.where, names.scope(grade=grade), f"{path}/awards/{award.name}")
    for rule in outcomes.rules:
        names.truth(rule.when, scope, f"{path}/rules/{rule.name}")
    if outcomes.factor is not None:
        names.body(outcomes.factor.body, scope, f"{path}/factor")
        names.policies(outcomes.factor.policies, scope, f"{path}/factor")
    if outcomes.base is not None:
        names.number(outcomes.base, names.scope(), f"{path}/base", pure=False)
