"""What the names in a scheme's procedures mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from perfrules import model
from perfrules.formula import PURE, Meaning

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
    for word, scale in (("outcome", reconciling.outcome), ("item_outcome", reconciling.item_outcome)):
        if scale is not None:
            names.grade(scale, f"{path}/{word}", own=False, **own)
    if reconciling.penalty is not None:
        names.body(reconciling.penalty.body, names.scope(**own), f"{path}/penalty")
        names.policies(reconciling.penalty.policies, names.scope(), f"{path}/penalty")


def _monitoring(names: Names, monitoring: model.Monitoring) -> None:
    pass


def _outcomes(names: Names, outcomes: model.Outcomes) -> None:
    pass
