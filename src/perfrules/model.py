"""What a scheme, a record and a scorecard are: types only. The terms are the field's own, the Chinese one beside each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any, Literal

import attrs
from attrs import field, frozen

from perfrules.findings import Finding, Language, Location, Severity, visible
from perfrules.formula import Formula, Placed
from perfrules.nodes import HoleKind, Span
from perfrules.numbers import RoundingMode, Unit, published

# ------------------------------------------------------------------------------------------------ scheme

ProvenanceStatus = Literal["stated", "unverified", "assumed", "unmarked"]
RESERVED = frozenset({"points", "score", "possible"})
"""Names that stand for the node at hand; nothing else may be called so."""

_TRUST: dict[str, int] = {"stated": 0, "unverified": 1, "assumed": 2, "unmarked": 3}


@frozen
class Provenance:
    """Where a rule comes from 依据: quoted from a source, known but unverified, assumed with a reason, or unmarked."""

    status: ProvenanceStatus = "unmarked"
    clause: str = ""
    source: str = ""
    why: str = ""

    def joined(self, other: Provenance) -> Provenance:
        """The weaker of the two: a rule is no better founded than what it builds on."""
        return other if _TRUST[other.status] > _TRUST[self.status] else self


UNMARKED = Provenance()


@frozen
class Source:
    """A document 文件 that clauses point to."""

    name: str
    title: str = ""
    document: str = ""
    issuer: str = ""
    date: str = ""
    unverified: str = ""


InputKind = Literal["number", "boolean", "choice", "date", "text", "measure"]


@frozen
class Input:
    """A datum that a record brings 数据项, as a column of records or of rows.

    Numbers are kept in the scheme's working unit of their dimension: a cell of 1 `unit` is `scale` working units.
    `low` and `high` are in the input's own unit. `written` says how bare cells of a `%` input are meant.
    """

    name: str
    kind: InputKind
    title: str = ""
    unit: Unit | None = None
    scale: Fraction = Fraction(1)
    low: Fraction | date | None = None
    high: Fraction | date | None = None
    decimals: int | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    at: tuple[str, ...] = ()
    written: Literal["fraction", "percent"] = "fraction"
    month: Literal["first", "last"] | None = None
    fill_down: bool = False
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)

    @property
    def label(self) -> str:
        """What a form prints for it 标签: its title, else its name."""
        return self.title or self.name

    @property
    def ends(self) -> tuple[Fraction | None, Fraction | None]:
        """Its bounds as numbers, a day as its ordinal."""
        low, high = (Fraction(e.toordinal()) if isinstance(e, date) else e for e in (self.low, self.high))
        return low, high


PolicyKind = Literal["refuse", "zero", "full", "exclude", "formula"]


@frozen
class Policy:
    """What to do at one kind of hole 缺失处理."""

    kind: PolicyKind
    formula: Formula | None = None
    provenance: Provenance = UNMARKED


@frozen
class Policies:
    """The three policies of a thing that is computed; None where none is stated (undefined is then as missing)."""

    missing: Policy | None = None
    undefined: Policy | None = None
    not_applicable: Policy | None = None

    def over(self, inherited: Policies) -> Policies:
        """These, and where they say nothing the inherited ones."""
        return Policies(
            self.missing or inherited.missing,
            self.undefined or inherited.undefined,
            self.not_applicable or inherited.not_applicable,
        )

    def settled(self) -> tuple[Policy, Policy, Policy]:
        """Missing, undefined and not-applicable with the language's defaults filled in."""
        missing = self.missing or Policy("refuse")
        return missing, self.undefined or missing, self.not_applicable or Policy("exclude")


@frozen
class Outcome:
    """What a band or case yields: a formula, or in a grade scale a label."""

    value: Formula | None = None
    label: str = ""
    reason: str = ""
    provenance: Provenance = UNMARKED


@frozen
class FormulaBody:
    """`formula:` one formula."""

    formula: Formula


@frozen
class RuleBody:
    """`rule:` a definition called with named arguments, in the order of its parameters."""

    definition: str
    arguments: tuple[tuple[str, Formula], ...]
    placed: Placed | None = field(default=None, eq=False, repr=False)


@frozen
class Band:
    """One band 档: from `low` to `high` (None is no bound), and whether each end belongs to it."""

    low: Fraction | None
    high: Fraction | None
    low_in: bool
    high_in: bool
    outcome: Outcome
    written: str = ""


@frozen
class BandsBody:
    """`bands:` disjoint bands of a quantity, in the order written; None of them where a printed table has a gap."""

    of: Formula
    side: Literal["from", "above", "to", "below", "between"]
    bands: tuple[Band, ...]


@frozen
class Case:
    """One case: its condition (None is `else`), and what it yields."""

    when: Formula | None
    outcome: Outcome
    written: str = ""


@frozen
class CasesBody:
    """`cases:` ordered conditions; the first that holds wins."""

    cases: tuple[Case, ...]


@frozen
class GivenBody:
    """`given:` a published figure taken as it is."""

    name: Formula


Statistic = Literal["sum", "mean", "min", "max", "count", "largest", "smallest", "quantile"]
STATISTICS: tuple[Statistic, ...] = ("sum", "mean", "min", "max", "count", "largest", "smallest", "quantile")
QuantileMethod = Literal["nearest_rank", "linear"]


@frozen
class StatisticBody:
    """A statistic 统计量 over the rows of a kind, or over a node's direct children."""

    statistic: Statistic
    item: Formula
    over: str
    where: Formula | None = None
    by: Formula | None = None
    weight: Formula | None = None
    k: int | None = None
    at: Fraction | None = None
    method: QuantileMethod | None = None
    over_at: Any = field(default=None, eq=False, repr=False)


Body = FormulaBody | RuleBody | BandsBody | CasesBody | GivenBody | StatisticBody


@frozen
class Points:
    """The points 分值 of a node: fixed (low is 0), a range, or free (no bounds, no loss)."""

    high: Fraction | None
    low: Fraction | None = Fraction(0)

    @property
    def free(self) -> bool:
        """Whether there are no bounds."""
        return self.high is None


@frozen
class Rounding:
    """Declared decimal places 保留位数, and which way halves go."""

    places: int
    mode: RoundingMode = "half_up"


@frozen
class Adjustment:
    """A bonus or deduction 加分项/扣分项 that stands on a node."""

    name: str
    body: Body
    policies: Policies = Policies()
    low: Fraction | None = None
    high: Fraction | None = None
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Gate:
    """A veto 否决项: on a node `at_most` points, on a grade scale `no_better_than` a label."""

    name: str
    when: Formula
    at_most: Fraction | None = None
    no_better_than: str = ""
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class GradeScale:
    """A scale of labels 等级标准, best first; `reads` says whether node scores are read rounded or raw."""

    name: str
    body: Body | None
    labels: tuple[str, ...]
    reads: Literal["rounded", "raw"] = "rounded"
    combine: Literal["min"] | None = None
    gates: tuple[Gate, ...] = ()
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)

    @property
    def of_nodes(self) -> bool:
        """Whether it grades the nodes that name it (it reads their `score`, `points` or `possible`, or what grades their
        children have), and not the record."""
        return self.combine is not None or any(
            name in RESERVED for text in formulas((self.body, self.gates)) for name in text.names
        )


Combine = Literal["sum", "mean", "min", "max", "product", "geometric"]


@frozen
class Group:
    """What a node holds that is made of others 上级指标."""

    children: tuple[TreeNode, ...]
    combine: Combine = "sum"
    body: Body | None = None
    leaves: Policies = Policies()


@frozen
class OpenGroup:
    """What a node holds whose rows come with the record 自设指标组."""

    rows: str
    where: Formula | None = None
    levels: tuple[str, ...] = ()
    adjustable: bool = False


@frozen
class TreeNode:
    """A node of the indicator tree 指标: a leaf 末级指标 holds a body, others a group or open group; described ones nothing.

    `path` leaves the root out; `identifier` is what formulas call it by (empty where nothing can).
    `points` is None for a described node. `split` says that what it holds shares its points equally.
    """

    path: str
    name: str
    identifier: str
    title: str
    points: Points | None
    holds: Body | Group | OpenGroup | None
    counts: bool = True
    weight: Fraction | None = None
    round: Rounding | None = None
    policies: Policies = Policies()
    applies_when: Formula | None = None
    at_least: int = 1
    otherwise: Literal["absent", "zero", "refuse"] = "absent"
    rescale: bool = False
    scale_to: Fraction | None = None
    split: bool = False
    adjustments: tuple[Adjustment, ...] = ()
    adjustments_low: Fraction | None = None
    adjustments_high: Fraction | None = None
    gates: tuple[Gate, ...] = ()
    grade: GradeScale | str | None = None
    reason: str = ""
    provenance: Provenance = UNMARKED
    points_provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)

    @property
    def label(self) -> str:
        """What a form prints for it: its title, else its name."""
        return self.title or self.name

    @property
    def children(self) -> tuple[TreeNode, ...]:
        """The nodes directly beneath."""
        return self.holds.children if isinstance(self.holds, Group) else ()

    @property
    def worth(self) -> Fraction | None:
        """The points that its parent counts: `scale_to` where it is restated, else its highest points."""
        if self.scale_to is not None:
            return self.scale_to
        return self.points.high if self.points else None

    def walk(self) -> Iterator[TreeNode]:
        """This node and all beneath it, in scheme order."""
        yield self
        for child in self.children:
            yield from child.walk()


@frozen
class Value:
    """A named formula outside the tree 中间值."""

    name: str
    body: Body
    policies: Policies = Policies()
    round: Rounding | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Definition:
    """A named rule 定义 with parameters, a body, and named steps of its own; strict, and closed but for `points`."""

    name: str
    parameters: tuple[str, ...]
    body: Body
    defaults: Mapping[str, Formula] = field(factory=dict)
    values: tuple[Value, ...] = ()
    origin: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)
    written: Any = field(default=None, eq=False, repr=False)


@frozen
class Benchmark:
    """A statistic over all records 参照值, frozen before any of them is scored by it; `by` gives each group its own."""

    name: str
    body: StatisticBody
    round: Rounding | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Ranking:
    """How records are ranked 排名: by what, which way, what becomes of ties, and within what.

    `ties` is min (1 2 2 4), dense (1 2 2 3), all (as min; a rule for the first n takes in all who tie), or key, where
    `key` breaks them.
    """

    of: Formula
    order: Literal["descending", "ascending"]
    ties: Literal["min", "dense", "all", "key"]
    key: Formula | None = None
    within: Formula | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class RowKind:
    """A kind of row 指标行 that records bring: its columns and how each row is scored."""

    name: str
    columns: tuple[Input, ...]
    name_column: str = ""
    published: str = ""
    points: Formula | None = None
    body: Body | None = None
    policies: Policies = Policies()
    round: Rounding | None = None
    counts: Formula | None = None
    applies_when: Formula | None = None
    checks: tuple[Check, ...] = ()
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)

    def column(self, name: str) -> Input:
        """The column of that name."""
        return next(c for c in self.columns if c.name == name)


@frozen
class Check:
    """A condition that records must keep 勾稽关系."""

    name: str
    holds: Formula
    severity: Severity = "error"
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Claim:
    """What the author claims of the scheme 论断, for proofs; it takes no part in scoring.

    Exactly one is there: `holds` for every record, `reached` by some record, or `of`, which with all else equal never
    falls (`way` is rises) or never rises (falls) with more of an `input`.
    """

    name: str
    holds: Formula | None = None
    reached: Formula | None = None
    of: Formula | None = None
    way: Literal["rises", "falls"] = "rises"
    input: str = ""
    reason: str = ""
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class PublishedFigure:
    """A column that prints a figure of the scheme's own 公布数: for audits, never for scoring.

    `what` is a node's score or points, a value, or a grade scale's label; `target` the node path, value or scale.
    """

    column: Input
    what: Literal["score", "points", "value", "grade"]
    target: str
    provenance: Provenance = UNMARKED


@frozen
class Sampling:
    """How a spot check 抽查 is drawn: least shares by count and by money, the population, its strata, and what is certain.

    `certain` are named conditions, `largest` so many of the largest amounts. Without `strata` it is simple random.
    """

    count: Fraction | None = None
    money: Fraction | None = None
    amount: Formula | None = None
    where: Formula | None = None
    strata: Formula | None = None
    stratum_share: Fraction = Fraction(0)
    stratum_least: int = 0
    apportion: Literal["count", "money"] = "count"
    largest: int = 0
    certain: Mapping[str, Formula] = field(factory=dict)
    until_money: bool = False
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Reconciling:
    """How self-scores are held against re-scores 复核比对: which self-score counts, and what a deviation leads to.

    Its bodies may read `deviation`, `self_score` and `review_score`.
    """

    reads: Literal["computed", "printed"] = "computed"
    round: Rounding | None = None
    outcome: GradeScale | None = None
    penalty: Value | None = None
    item_outcome: GradeScale | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Monitoring:
    """How objects are monitored in the course of the year 运行监控.

    Lights are the grades of nodes; `good` are those with which there is nothing to do. `levers` say by node which input
    can still be moved, and which way.
    """

    month: str
    good: tuple[str, ...]
    by: Formula | None = None
    levers: Mapping[str, tuple[str, Literal["up", "down"]]] = field(factory=dict)
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Award:
    """What follows for the first or the last so many of a ranking 按名次的处理; `ties` says what a tie over the line means.

    Where it says nothing, a ranking whose ties are `all` takes in all who tie; with any other it is to be decided.
    """

    name: str
    first: int = 0
    last: int = 0
    where: Formula | None = None
    ties: Literal["all", "none", "decide", ""] = ""
    outcome: str = ""
    provenance: Provenance = UNMARKED


@frozen
class OutcomeRule:
    """What follows where a condition holds 按条件的处理; it may read `grade` and `rank`."""

    name: str
    when: Formula
    outcome: str
    reason: str = ""
    provenance: Provenance = UNMARKED


@frozen
class Outcomes:
    """What follows from grades, scores and ranks 结果应用; `factor` times `base` is next year's budget."""

    awards: tuple[Award, ...] = ()
    rules: tuple[OutcomeRule, ...] = ()
    factor: Value | None = None
    base: Formula | None = None
    provenance: Provenance = UNMARKED
    location: Location | None = field(default=None, eq=False, repr=False)


@frozen
class Procedures:
    """What evaluators do around the score 评价程序, as far as the scheme declares it."""

    sampling: Sampling | None = None
    reconciling: Reconciling | None = None
    monitoring: Monitoring | None = None
    outcomes: Outcomes | None = None


@frozen
class Amendment:
    """One change that a scheme makes to its parent 修订: its kind, what it changes, what to, and its source."""

    kind: str
    target: str
    to: str
    clause: str


@frozen(eq=False)
class Scheme:
    """An evaluation framework 评价指标体系, whole and checked.

    `text` is the resolved source as JSON: what `resolved()` gives and the digest covers.
    """

    id: str
    title: str
    edition: str
    effective: date | None
    until: date | None
    key: str
    sources: Mapping[str, Source]
    inputs: Mapping[str, Input]
    rows: Mapping[str, RowKind]
    values: Mapping[str, Value]
    definitions: Mapping[str, Definition]
    tree: TreeNode
    grades: Mapping[str, GradeScale]
    checks: tuple[Check, ...]
    published: Mapping[str, PublishedFigure]
    benchmarks: Mapping[str, Benchmark]
    ranking: Ranking | None
    stages: tuple[str, ...]
    period: str
    text: str = field(repr=False)
    digest: str
    findings: tuple[Finding, ...] = ()
    provenance: Provenance = UNMARKED
    file: str = ""
    amends: str = ""
    amendments: tuple[Amendment, ...] = ()
    procedures: Procedures = Procedures()
    claims: tuple[Claim, ...] = ()
    _by_name: Mapping[str, TreeNode] = field(init=False, repr=False)

    @_by_name.default
    def _index(self) -> Mapping[str, TreeNode]:
        found = {"": self.tree}
        for node in self.tree.walk():
            for name in (node.path, node.identifier):
                found.setdefault(name, node)
        return found

    def __repr__(self) -> str:
        edition = f"@{self.edition}" if self.edition else ""
        return f"Scheme({self.id}{edition}, {self.digest[:12]})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """As IPython and Hypothesis print it, which would write out every part."""
        printer.text(repr(self))

    def resolved(self) -> str:
        """JSON that loads without any plugin: definitions written in, for workers, archives and replay."""
        return self.text

    def node(self, path: str) -> TreeNode:
        """The node at a path, or of an identifier. Raises KeyError."""
        return self._by_name[path]


def formulas(part: Any) -> Iterator[Formula]:
    """Every formula in a part of a scheme, in order."""
    stack = [part]
    while stack:
        part = stack.pop()
        if isinstance(part, Formula):
            yield part
        else:
            stack.extend(_beneath(part))


def definitions_called(part: Any) -> Iterator[str]:
    """The names of the definitions that a part of a scheme calls, by formula or by rule."""
    stack = [part]
    while stack:
        part = stack.pop()
        if isinstance(part, Formula):
            yield from part.definitions
            continue
        if isinstance(part, RuleBody):
            yield part.definition
        stack.extend(_beneath(part))


def called_bodies(part: Any) -> Iterator[RuleBody | StatisticBody]:
    """The bodies in a part of a scheme that stand for more than their own formulas."""
    stack = [part]
    while stack:
        part = stack.pop()
        if isinstance(part, RuleBody | StatisticBody):
            yield part
        if not isinstance(part, Formula):
            stack.extend(_beneath(part))


def _beneath(part: Any) -> list[Any]:
    """What a part of a scheme holds that may hold formulas, last first."""
    if isinstance(part, tuple | list):
        return [item for item in reversed(part) if item is not None and not isinstance(item, str)]
    if isinstance(part, Mapping):
        return list(reversed(part.values()))  # type: ignore[call-overload]  # a dict reverses, a Mapping need not say so
    return [held for name in _holders(part.__class__) if (held := getattr(part, name)) is not None]


@cache
def _holders(kind: Hashable) -> tuple[str, ...]:
    """The attributes of a type of this module that may hold formulas, last first."""
    if not isinstance(kind, type) or kind.__module__ != __name__ or kind in _WITHOUT_FORMULAS:
        return ()
    plain = (
        "str",
        "bool",
        "int",
        "Fraction",
        "Provenance",
        "Location",
        "Literal",
        "Input",
        "Rounding",
        "Points",
    )
    fields = attrs.fields(kind) if attrs.has(kind) else ()
    return tuple(f.name for f in reversed(fields) if not str(f.type).startswith(plain) and f.name not in _UNHELD)


_WITHOUT_FORMULAS = (Provenance, Source, Input, Points, Rounding)
_UNHELD = ("placed", "written", "over_at", "location", "provenance", "points_provenance")


# ------------------------------------------------------------------------------------------------ records

Datum = Fraction | bool | str | date


@frozen
class Hole:
    """Where a value should be and none is: missing 缺失, not applicable 不适用, undefined 无意义 or refused 不予计分."""

    kind: HoleKind
    name: str = ""
    why: str = ""


MISSING = Hole("missing")
NOT_APPLICABLE = Hole("not_applicable")


@frozen
class Cell:
    """A datum or hole as a record brings it, with the text that was written and where."""

    value: Datum | Hole
    raw: str = ""
    where: Location | None = field(default=None, eq=False)


@frozen
class Row:
    """One row 指标行 of a record; numbered from 1 within its kind."""

    number: int
    name: str
    cells: Mapping[str, Cell]
    where: Location | None = field(default=None, eq=False)


@frozen
class Ruling:
    """A decision that overrules a computed figure 审定; the computed figure stays beside it.

    `path` names a node, or a row as `group path/row name`.
    """

    path: str
    points: Fraction
    reason: str
    by: str
    date: date


@frozen
class Record:
    """What is known of one evaluated object 评价记录: cells by input name, rows by row kind.

    `stage` is the stage of the year that it is of, `number` its line or place in the file.
    """

    id: str
    cells: Mapping[str, Cell]
    rows: Mapping[str, tuple[Row, ...]] = field(factory=dict)
    published: Mapping[str, Cell] = field(factory=dict)
    rulings: tuple[Ruling, ...] = ()
    findings: tuple[Finding, ...] = ()
    where: Location | None = field(default=None, eq=False)
    stage: str = ""
    number: int = field(default=0, eq=False)


@frozen
class Frozen:
    """A benchmark's values, worked out over a population and kept 已定参照值: by group (one group "" without `by`).

    `digest` is over what each record put in, so that the same population can be told again.
    """

    name: str
    values: Mapping[str, Fraction | Hole]
    population: int
    left_out: int
    digest: str


@frozen
class SetAside:
    """A record that cannot be read 搁置: its number in the file, its id where known, and every reason.

    `cells` are what could be read of it.
    """

    row: int
    id: str
    findings: tuple[Finding, ...]
    cells: Mapping[str, Cell] = field(factory=dict, eq=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        """A plain mapping."""
        return {"row": self.row, "record": self.id, "findings": [f.as_json() for f in self.findings]}


@frozen
class Batch:
    """What a file of records came to: the records that can be scored, those set aside, and findings about the whole."""

    records: tuple[Record, ...]
    set_aside: tuple[SetAside, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def count(self) -> int:
        """How many records were seen; each is either scored or set aside."""
        return len(self.records) + len(self.set_aside)


# ------------------------------------------------------------------------------------------------ scorecards


@frozen
class Traced:
    """One value on the way: the step and formula it belongs to, the span in its text, what it came to, how deep."""

    step: str
    formula: Formula
    at: Span
    value: Datum | Hole
    depth: int


LineKind = Literal[
    "rule", "absent", "component", "described", "free", "combined", "rows-differ", "none-scored",
    "make-up", "scale", "adjustment", "gate", "rounding", "ruling",
]  # fmt: skip


@frozen
class Line:
    """One line of loss 失分: so many points lost (negative: gained) at a path, and why."""

    path: str
    kind: LineKind
    amount: Fraction
    name: str = ""
    reason: str = ""
    clause: str = ""


State = Literal["scored", "absent", "refused", "described"]


@frozen
class NodeScore:
    """What a node came to: its points (the most it can give), score, what was possible, what was lost.

    `computed` is the figure that a ruling overruled. `because` is the hole that left it absent or without a score.
    """

    path: str
    name: str
    title: str
    depth: int
    role: Literal["leaf", "group", "rows", "row"]
    counts: bool
    state: State
    points: Fraction | None
    score: Fraction | None
    possible: Fraction | None
    lost: Fraction | None
    provenance: Provenance
    because: Hole | None = None
    computed: Fraction | None = None
    grade: str | None = None
    raw: Fraction | None = None


@frozen
class Happening:
    """What an adjustment, gate or check came to: its points or verdict, or undecidable 无法判定."""

    path: str
    name: str
    kind: Literal["adjustment", "gate", "check"]
    state: Literal["applied", "idle", "holds", "broken", "undecidable"]
    amount: Fraction | None = None
    reason: str = ""
    provenance: Provenance = UNMARKED


@frozen(slots=False)
class Scorecard:
    """The outcome for one record 评分卡: every node, every line of loss, grades, checks and findings.

    Lines add up exactly to `max` − `points` wherever the root has a score. `trace` is an attachment outside the digest.
    """

    record: str
    scheme: str
    edition: str
    scheme_digest: str
    points: Fraction | None
    max: Fraction | None
    grades: Mapping[str, str | None]
    nodes: tuple[NodeScore, ...]
    lines: tuple[Line, ...]
    happenings: tuple[Happening, ...]
    values: Mapping[str, Datum | Hole]
    resting: Mapping[ProvenanceStatus, Fraction]
    rulings: tuple[Ruling, ...]
    findings: tuple[Finding, ...]
    benchmarks: Mapping[str, Frozen] = field(factory=dict)
    stage: str = ""
    evidence: Any = field(default=None, eq=False, repr=False)

    @classmethod
    def begun(
        cls, rest: Callable[[], Scorecard], scores: Callable[[], dict[str, Fraction | None]] | None = None, **known: Any
    ) -> Scorecard:
        """A card of which some parts are known; the others are made, all at once, when one of them is first looked at.

        `scores` tells every node's points without the rest.
        """
        card = cls.__new__(cls)
        vars(card).update(known, _rest=rest, _scores=scores)
        return card

    def __getattr__(self, name: str) -> Any:
        if name not in _CARD or "_rest" not in vars(self):
            raise AttributeError(f"a scorecard has no {name!r}")
        known = vars(self)
        rest = known["_rest"]()
        for part in _CARD:
            known.setdefault(part, getattr(rest, part))
        known.pop("_rest", None)
        return known[name]

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _CARD}

    @property
    def grade(self) -> str | None:
        """The label of the first grade scale, or None."""
        return next(iter(self.grades.values()), None)

    @property
    def scores(self) -> dict[str, Fraction | None]:
        """The points of every node of the tree by its path, "" being the whole; None for one without a score.

        Rows of open groups are among `nodes` only.
        """
        known = vars(self).get("_scores")
        if known is not None:
            return dict(known())
        return {n.path: n.score for n in self.nodes if n.role != "row" and n.state != "described"}

    def explain(self, lang: Language = "zh", path: str | None = None) -> str:
        """The scorecard in words, or the part at a path. Raises KeyError for a path that it does not have."""
        if self.evidence is None:
            raise ValueError("this scorecard came without the evidence that an explanation is made from")
        text: str = self.evidence.explain(self, lang, path)
        return text

    def __getitem__(self, path: str) -> NodeScore:
        for node in self.nodes:
            if node.path == path or (node.name == path and path):
                return node
        raise KeyError(path)

    def __str__(self) -> str:
        total = "—" if self.points is None else published(self.points)
        of = "" if self.max is None else f" / {published(self.max)}"
        return f"{visible(self.record)}: {total}{of}" + (f" {self.grade}" if self.grade else "")


_CARD = tuple(a.name for a in attrs.fields(Scorecard))
