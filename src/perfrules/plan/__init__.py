"""A scheme written out as formulas: ordered, named steps over one record.

Presence, rounding, make-up, caps, gates, totals and grades are lowered here once; a reading only computes steps. Beside
authors' formulas stand generated ones over placeholder names (`x`, `c0`, …), bound to steps or constants; so the same few
texts serve every node. Names with `__` are the plan's own.
"""

from perfrules.model import Scheme
from perfrules.plan.asking import Question, ask, asked, behind, names_behind
from perfrules.plan.planner import Planner
from perfrules.plan.steps import (
    Arms,
    Bindings,
    CheckPlan,
    Cohort,
    DefinitionPlan,
    Fold,
    GradePlan,
    NodePlan,
    Plan,
    PlanStep,
    RankingPlan,
    Results,
    RowBlock,
    Stage,
    Step,
)

__all__ = [
    "Arms",
    "Bindings",
    "CheckPlan",
    "Cohort",
    "DefinitionPlan",
    "Fold",
    "GradePlan",
    "NodePlan",
    "Plan",
    "PlanStep",
    "Question",
    "RankingPlan",
    "Results",
    "RowBlock",
    "Stage",
    "Step",
    "ask",
    "asked",
    "behind",
    "names_behind",
    "plan",
]


def plan(scheme: Scheme) -> Plan:
    """The plan of a scheme whose names and kinds have been checked."""
    return Planner(scheme).plan()
