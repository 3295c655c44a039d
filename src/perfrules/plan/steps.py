"""Steps, and where the parts of a scheme are found among them: types only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from attrs import define, field, frozen

from perfrules import model
from perfrules.formula import Formula
from perfrules.model import Scheme, TreeNode

Binding = str | Fraction
Bindings = Mapping[str, Binding]
NO_BINDINGS: Bindings = {}


@frozen(eq=False)
class Step:
    """One formula and the name of its result; `bindings` say which steps or constants its local names stand for."""

    name: str
    formula: Formula
    bindings: Bindings = NO_BINDINGS


@frozen(eq=False)
class Fold:
    """A statistic over items: other steps of the record, or (in a row block) one step over the rows.

    Items that are not applicable (or whose weight is) do not enter, nor those where `where` fails; where that cannot
    be told, nothing can. An empty range is undefined, a `count` of it 0, and any fold with `empty_is_zero`.
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


@frozen(eq=False)
class Cohort:
    """A benchmark: per record the steps that it is made of, then a fold over all records, frozen, read back by group.

    `layer` counts from 1: a benchmark reads only benchmarks of layers before it.
    """

    name: str
    fold: Fold
    by: str = ""
    round: model.Rounding | None = None
    layer: int = 1


PlanStep = Step | Fold | RowBlock | Cohort


def reads(step: PlanStep) -> list[str]:
    """The names that a step reads; those of a row block's own steps and columns among them."""
    match step:
        case Step(formula=formula, bindings=bindings):
            return [bound for n in formula.names if isinstance(bound := bindings.get(n, n), str)]
        case Fold():
            return [*step.items, *step.where, *step.weights]
        case Cohort(fold=fold):
            return [*fold.items, *fold.where, *fold.weights, *([step.by] if step.by else [])]
        case RowBlock():
            return [name for inner in step.steps for name in reads(inner)]


@frozen
class RankingPlan:
    """How the ranking stands in the plan: the steps with what is ranked, what breaks ties, and the group."""

    ranking: model.Ranking
    of: str
    key: str = ""
    within: str = ""


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

    def label(self, rank: object) -> str | None:
        """The label at a place; None for a hole."""
        return self.scale.labels[int(rank)] if isinstance(rank, Fraction) else None


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
    ranking: RankingPlan | None = None
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

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """The benchmarks, in an order in which each reads only those before it."""
        return tuple(s for s in self.steps if isinstance(s, Cohort))

    def node(self, path: str) -> NodePlan:
        """The plan of the node at a path."""
        return next(n for n in self.nodes if n.node.path == path)


@define
class Results:
    """What every step came to for one record, and for each row of each row block.

    `computed` holds the figures that rulings overruled; `trace` is whatever a reading kept of the way.
    """

    values: Mapping[str, model.Datum | model.Hole]
    rows: Mapping[str, Sequence[tuple[model.Row, Mapping[str, model.Datum | model.Hole]]]] = field(factory=dict)
    computed: dict[str, model.Datum | model.Hole] = field(factory=dict)
    trace: dict[str, list[model.Traced]] = field(factory=dict)
