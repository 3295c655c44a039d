"""Formula mutation 公式变异: change one thing of a scheme after another, and see whether any test would miss it.

A mutant is killed when it no longer loads, when a worked case comes out otherwise, or when a law breaks that held before.
One that no record tells apart is equivalent. The rest survive: numbers and signs that no test would miss.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from attrs import astuple, field, frozen

from perfrules import assembling, verbs
from perfrules.findings import Language, PerfrulesError, RecordError, SchemeError, visible
from perfrules.model import Hole, NodeScore, Scheme, Scorecard
from perfrules.numbers import published
from perfrules.plan import Cohort, DefinitionPlan, Fold, Plan, PlanStep, RowBlock, Step, names_behind
from perfrules.plan.steps import reads
from perfrules.proving import Refuted
from perfrules.testing import laws
from perfrules.testing.cases import SCHEME_FILES, Case, scheme_of, try_case
from perfrules.testing.generation import Generated, generate
from perfrules.testing.mutants import Mutant, mutants

Fate = Literal["load", "case", "law", "equivalent", "survived"]
Apart = tuple[Mapping[str, Any], str, str]
"""A record that a scheme and its mutant score differently, and where they first do."""
EXAMPLES = 12
"""How many records a law tries on a mutant."""
LAWS = (
    "within-range",
    "missing-earns-no-more",
    "monotone",
    "full-marks-attainable",
    "zero-attainable",
    "arms-reachable",
)
"""The laws that a change to a number or sign may break."""


@frozen
class Tried:
    """A mutant and what became of it: what killed it (`by`), or for a survivor a record that would have told.

    `was` and `became` are what that record scores by the scheme and by the mutant.
    """

    mutant: Mutant
    fate: Fate
    by: str = ""
    record: Mapping[str, Any] | None = None
    was: str = ""
    became: str = ""

    def message(self, lang: Language = "zh") -> str:
        """The mutant and its fate in one language."""
        mutant = self.mutant
        change = visible(f"{mutant.where}：{mutant.before} → {mutant.after}")
        if self.fate != "survived":
            return f"{change}  [{self.fate}{f' {visible(self.by)}' if self.by else ''}]"
        if self.record is None:
            return change
        told = {"zh": "有记录可以分辨：原为", "en": "a record would tell: it was"}[lang]
        return f"{change}\n    {told} {self.was} → {self.became}"

    def as_json(self) -> dict[str, Any]:
        """The mutant as plain data."""
        mutant = self.mutant
        record = None if self.record is None else {k: _plain(v) for k, v in self.record.items()}
        return {
            "place": mutant.where, "line": mutant.line, "sort": mutant.sort, "before": mutant.before, "after": mutant.after,
            "fate": self.fate, "by": self.by, "record": record, "was": self.was, "became": self.became,
        }  # fmt: skip


@frozen
class Mutation:
    """What became of every mutant of a scheme 变异结果: held against so many cases; those `left_out` do not come out as it is."""

    scheme: str
    tried: tuple[Tried, ...] = field(repr=False)
    cases: int = 0
    left_out: tuple[str, ...] = ()

    def of(self, *fates: Fate) -> tuple[Tried, ...]:
        """The mutants of these fates."""
        return tuple(t for t in self.tried if t.fate in fates)

    @property
    def killed(self) -> int:
        """How many the load, a case or a law told."""
        return len(self.of("load", "case", "law"))

    @property
    def share(self) -> float | None:
        """The share of the mutants that are not equivalent which were killed; None where there are none."""
        real = len(self.tried) - len(self.of("equivalent"))
        return self.killed / real if real else None

    def as_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "scheme": self.scheme,
            "cases": self.cases,
            "left_out": list(self.left_out),
            "mutants": len(self.tried),
            "killed": self.killed,
            "by": {fate: len(self.of(fate)) for fate in ("load", "case", "law")},
            "equivalent": len(self.of("equivalent")),
            "survivors": [t.as_json() for t in self.of("survived")],
        }


def mutate(
    scheme: Scheme,
    cases: Sequence[Case],
    *,
    by_laws: bool = True,
    told: Callable[[Tried, int, int], None] | None = None,
) -> Mutation:
    """Try every mutant of a scheme against worked cases, then laws; cases of other schemes are left out.

    `told` hears of each mutant as it is done, with its number and how many there are.
    """
    own = [case for case in cases if _is_of(case, scheme)]
    trial = _Trial(scheme, own, by_laws)
    made = list(mutants(scheme))
    tried = []
    for number, mutant in enumerate(made, start=1):
        each = trial.fate(mutant)
        if each is not None:
            tried.append(each)
            if told is not None:
                told(each, number, len(made))
    left_out = tuple(case.name for case in own if case not in trial.cases)
    return Mutation(scheme.id, tuple(tried), len(trial.cases), left_out)


def _is_of(case: Case, scheme: Scheme) -> bool:
    """Whether a case is of the scheme: names it, or the file that it is in."""
    if case.is_inline or case.scheme.partition("@")[0] == scheme.id:
        return not case.is_inline
    if Path(case.scheme).suffix not in SCHEME_FILES:
        return False
    try:
        return scheme_of(case).id == scheme.id
    except SchemeError:  # a file that is not there, or no scheme: a case of nothing
        return False


class _Trial:
    """A scheme, and what its mutants are held against."""

    def __init__(self, scheme: Scheme, cases: Sequence[Case], by_laws: bool) -> None:
        self.scheme = scheme
        self.cases = [case for case in cases if not _differs(case, scheme)]
        self.by_laws = by_laws
        self._held: frozenset[str] | None = None
        self._records: list[tuple[Generated, Scorecard]] | None = None

    def fate(self, mutant: Mutant) -> Tried | None:
        """What becomes of a mutant; None for one that is the scheme itself, said otherwise."""
        try:
            changed = assembling.loads(mutant.text, file=self.scheme.id)
        except SchemeError as problem:
            names = [f.name for f in problem.findings if f.severity == "error"]
            return Tried(mutant, "load", ", ".join(dict.fromkeys(names)))
        if changed.digest == self.scheme.digest:
            return None
        for place, case in enumerate(self.cases):
            if _differs(case, changed):
                self.cases.insert(0, self.cases.pop(place))  # it may tell the next one too, whose place is near
                return Tried(mutant, "case", case.name)
        apart = self._apart(changed)
        if apart is None:
            same, apart = self._same(changed)
            if same:
                return Tried(mutant, "equivalent")
        broken = sorted(self._laws_held() - self._laws(changed)) if self.by_laws else []
        if broken:
            return Tried(mutant, "law", ", ".join(broken))
        record, was, became = apart or (None, "", "")
        return Tried(mutant, "survived", "", record, was, became)

    def _laws_held(self) -> frozenset[str]:
        """The laws that hold of the scheme as it is, asked only once something comes as far as that."""
        if self._held is None:
            self._held = self._laws(self.scheme)
        return self._held

    def _laws(self, scheme: Scheme) -> frozenset[str]:
        """The laws that hold of a scheme or do not apply to it."""
        verdicts = laws.check(scheme, LAWS, examples=EXAMPLES, shrink=False)
        return frozenset(v.law for v in verdicts if v.answer != "breached")

    def _apart(self, changed: Scheme) -> Apart | None:
        """A record that the scheme and its mutant score differently, and both scores."""
        if self._records is None:
            kept = [(each, _scored(self.scheme, each)) for each in generate(self.scheme)]
            self._records = [(each, card) for each, card in kept if card is not None]
        for each, card in self._records:
            other = _scored(changed, each)
            if other is None or _outcome(other) != _outcome(card):
                return each.record, *_told(card, other)
        return None

    def _same(self, changed: Scheme) -> tuple[bool, Apart | None]:
        """Whether no record can tell the two apart, which only a proof can say, and the record that does where it finds one.

        Without z3 nothing is shown to be equivalent.
        """
        if find_spec("z3") is None:
            return False, None
        if _Following(verbs.plan(self.scheme), verbs.plan(changed)).all_tell_the_same():
            return True, None
        from perfrules.proving.same import Comparing

        comparing = Comparing(self.scheme, verbs.plan(self.scheme), changed, verbs.plan(changed))
        answer = comparing.difference()
        example = answer.record if isinstance(answer, Refuted) else None
        if example is None or example.benchmarks:
            return answer is None, None
        each = Generated(example.record, frozenset())
        card, other = _scored(self.scheme, each), _scored(changed, each)
        if card is None or (other is not None and _outcome(other) == _outcome(card)):
            return False, None
        return False, (example.record, *_told(card, other))


class _Following:
    """The plan of a scheme followed beside that of a mutant, step by step 逐步比对: what says the same of what comes to the
    same comes to the same; of a step that says otherwise the proof is asked, of it alone.

    So a change that makes no difference a step or two further on is not asked about in all that adds up and rounds it.
    """

    def __init__(self, plan: Plan, other: Plan) -> None:
        self.plan = plan
        self.other = other
        self.alike = {name for name, its in plan.scheme.inputs.items() if other.scheme.inputs.get(name) == its}
        self.kept = {
            name for name, its in plan.definitions.items()
            if name in other.definitions and _says(its) == _says(other.definitions[name])
        }  # fmt: skip
        self.figures = {n.score for n in plan.nodes if n.score} | {f.name for b in _blocks(plan) for f in b.folds}

    def all_tell_the_same(self) -> bool:
        """Whether all that a scorecard shows of nodes, rows, grades and values is shown to come to the same."""
        if _shows(self.plan) != _shows(self.other) or len(self.plan.steps) != len(self.other.steps):
            return False
        shown = {name for n in self.plan.nodes for name in (n.score, n.grade) if name}
        shown |= {g.rank for g in self.plan.grades} | set(self.plan.scheme.values)
        of_rows = {n.rows for n in self.plan.nodes if n.rows}
        behind = names_behind(self.plan, shown)
        for step, other in zip(self.plan.steps, self.other.steps, strict=True):
            if isinstance(step, RowBlock) and isinstance(other, RowBlock):
                if step.name in of_rows or any(f.name in behind for f in step.folds):
                    local = self._of_rows(step, other)
                    if step.name in of_rows and f"{step.name.removesuffix('__rows')}__score" not in local:
                        return False
            elif step.name in behind:
                if self._comes_to_the_same(step, other, self.alike):
                    self.alike.add(step.name)
                elif step.name in shown:
                    return False
        return shown <= self.alike

    def _of_rows(self, block: RowBlock, other: RowBlock) -> set[str]:
        """The steps and columns of a row that come to the same; so do the folds over them, if all rows that are taken are."""
        columns = self.plan.scheme.rows[block.rows].columns
        if _says(block) != _says(other) or columns != self.other.scheme.rows[other.rows].columns:
            return set()
        local = {column.name for column in columns}
        for step, its in zip(block.steps, other.steps, strict=True):
            if self._comes_to_the_same(step, its, local | self.alike, (block, other)):
                local.add(step.name)
        if block.where and block.where not in local:
            return set()
        self.alike |= {f.name for f in block.folds if local >= set(reads(f))}
        return local

    def _comes_to_the_same(
        self, step: PlanStep, other: PlanStep, alike: set[str], row: tuple[RowBlock, RowBlock] | None = None
    ) -> bool:
        if step.name != other.name:
            return False
        if _says(step) == _says(other) and alike >= set(_read(step)) and self.kept >= set(_called(step, self.plan)):
            return True
        return isinstance(step, Step) and isinstance(other, Step) and self._proved(step.name, row)

    def _proved(self, name: str, row: tuple[RowBlock, RowBlock] | None) -> bool:
        """Whether the proof says so of one step, by what stands before it."""
        from perfrules.proving.same import ANY_HOLE
        from perfrules.readings.proof.algebra import Algebra
        from perfrules.readings.proof.comparing import search_difference
        from perfrules.readings.proof.encoding import Cut, Encoding

        algebra = Algebra()
        known = names_behind(self.plan, [name] if row is None else reads(row[0])) & self.alike
        here = Encoding(self.plan, cuts={n: Cut(None, None, ANY_HOLE) for n in known & self.figures}, algebra=algebra)
        given = {n: here.term(n) for n in known if n in self.plan.producers}
        there = Encoding(self.other, given=given, algebra=algebra)
        return search_difference(here, there, name, name, lambda found: found, row=row).none


def _blocks(plan: Plan) -> list[RowBlock]:
    return [step for step in plan.steps if isinstance(step, RowBlock)]


def _shows(plan: Plan) -> tuple[Hashable, ...]:
    """What a scorecard shows, and by which steps."""
    nodes = tuple(
        (n.node.path, n.node.worth, n.node.counts, n.score, n.rows, n.grade, n.grade_labels) for n in plan.nodes
    )
    return nodes, tuple((g.scale.name, g.scale.labels, g.rank) for g in plan.grades), tuple(plan.scheme.values)


def _says(step: PlanStep | DefinitionPlan) -> Hashable:
    """What a step says, but for the steps of rows."""
    match step:
        case Step():
            return step.name, step.formula.source, tuple(step.bindings.items())
        case Fold():
            return astuple(step)
        case RowBlock():
            return step.name, step.rows, step.where, tuple(map(_says, step.folds)), tuple(s.name for s in step.steps)
        case Cohort():
            return step.name, _says(step.fold), step.by, step.round, step.layer
        case DefinitionPlan():
            defaults = tuple((name, its.source) for name, its in step.defaults.items())
            return step.parameters, defaults, tuple(map(_says, step.steps)), step.result


def _read(step: PlanStep) -> list[str]:
    """The names that a step reads; the points too, which definitions read without naming them."""
    bound = step.bindings.values() if isinstance(step, Step) else ()
    return [*reads(step), *(name for name in bound if isinstance(name, str))]


def _called(step: PlanStep, plan: Plan) -> set[str]:
    """The definitions that a step calls, and those that they call."""
    called: set[str] = set()
    left = list(step.formula.definitions) if isinstance(step, Step) else []
    while left:
        name = left.pop()
        if name not in called:
            called.add(name)
            its = plan.definitions[name]
            left += [n for f in (*its.defaults.values(), *(s.formula for s in its.steps)) for n in f.definitions]
    return called


def _differs(case: Case, scheme: Scheme) -> bool:
    """Whether a case does not come out by a scheme, or its file cannot be read by it."""
    try:
        return bool(try_case(case, scheme).differences)
    except PerfrulesError:
        return True


def _scored(scheme: Scheme, each: Generated) -> Scorecard | None:
    try:
        cohort = None if each.cohort is None else verbs.freeze(scheme, [each.record, *each.cohort])
        return verbs.score(scheme, each.record, benchmarks=cohort)
    except RecordError:
        return None


def _outcome(card: Scorecard) -> tuple[Any, ...]:
    nodes = tuple((n.path, n.state, n.points, n.score, n.grade) for n in card.nodes)
    return nodes, tuple(card.grades.items()), tuple(card.values.items())


def _told(was: Scorecard, became: Scorecard | None) -> tuple[str, str]:
    """The two cards where they first differ."""
    if became is None:
        return str(was), "—"
    for mine, other in zip(was.nodes, became.nodes, strict=False):
        if (mine.state, mine.points, mine.score, mine.grade) != (other.state, other.points, other.score, other.grade):
            return f"{mine.path or mine.name} {_shown(mine)}", f"{other.path or mine.name} {_shown(other)}"
    for name, value in was.values.items():
        if became.values.get(name) != value:
            return f"{name} {_datum(value)}", f"{name} {_datum(became.values.get(name))}"
    return str(was), str(became)


def _shown(node: NodeScore) -> str:
    figure = node.state if node.score is None else published(node.score)
    figure += f" / {published(node.points)}" if node.points is not None else ""
    return f"{figure} {node.grade}" if node.grade else figure


def _datum(value: object) -> str:
    if isinstance(value, Fraction):
        return published(value)
    return value.kind if isinstance(value, Hole) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
