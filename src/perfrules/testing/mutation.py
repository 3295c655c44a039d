"""Formula mutation 公式变异: change one thing of a scheme after another, and see whether any test would miss it.

A mutant is killed when it no longer loads, when a worked case comes out otherwise, or when a law breaks that held before.
One that no record tells apart is equivalent. The rest survive: numbers and signs that no test would miss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from attrs import field, frozen

from perfrules import assembling, verbs
from perfrules.findings import Language, PerfrulesError, SchemeError, visible
from perfrules.model import Scheme, Scorecard
from perfrules.proving import Refuted
from perfrules.testing import laws
from perfrules.testing.apart import Apart, apart, scored, smallest
from perfrules.testing.cases import SCHEME_FILES, Case, scheme_of, try_case
from perfrules.testing.following import Following
from perfrules.testing.generation import Generated, generate
from perfrules.testing.mutants import Mutant, mutants
from perfrules.testing.recording import plainly

Fate = Literal["load", "case", "law", "equivalent", "survived"]
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
    """A mutant and what became of it: what killed it (`by`), or for a survivor a record that would have told."""

    mutant: Mutant
    fate: Fate
    by: str = ""
    apart: Apart | None = None

    @property
    def record(self) -> Mapping[str, Any] | None:
        """The record that would have told."""
        return None if self.apart is None else self.apart.found.record

    def message(self, lang: Language = "zh") -> str:
        """The mutant and its fate in one language."""
        mutant = self.mutant
        change = visible(f"{mutant.where}：{mutant.before} → {mutant.after}")
        if self.fate != "survived":
            return f"{change}  [{self.fate}{f' {visible(self.by)}' if self.by else ''}]"
        return change if self.apart is None else f"{change}\n{self.apart.message(lang)}"

    def as_json(self) -> dict[str, Any]:
        """The mutant as plain data."""
        mutant, apart = self.mutant, self.apart
        cohort = None if apart is None or apart.found.cohort is None else [plainly(each) for each in apart.found.cohort]
        return {
            "place": mutant.where, "line": mutant.line, "sort": mutant.sort, "before": mutant.before, "after": mutant.after,
            "fate": self.fate, "by": self.by, "record": None if apart is None else plainly(apart.found.record),
            "cohort": cohort, "was": "" if apart is None else apart.was.told("en"),
            "became": "" if apart is None else apart.became.told("en"),
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
        told = self._apart(changed)
        if told is None:
            same, told = self._same(changed)
            if same:
                return Tried(mutant, "equivalent")
        broken = sorted(self._laws_held() - self._laws(changed)) if self.by_laws else []
        if broken:
            return Tried(mutant, "law", ", ".join(broken))
        return Tried(mutant, "survived", "", None if told is None else smallest(self.scheme, changed, told))

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
            kept = [(each, scored(self.scheme, each)) for each in generate(self.scheme)]
            self._records = [(each, card) for each, card in kept if card is not None]
        told = (apart(each, card, scored(changed, each)) for each, card in self._records)
        return next((each for each in told if each is not None), None)

    def _same(self, changed: Scheme) -> tuple[bool, Apart | None]:
        """Whether no record can tell the two apart, which only a proof can say, and the record that does where it finds one.

        Without z3 nothing is shown to be equivalent.
        """
        if find_spec("z3") is None:
            return False, None
        if Following(verbs.plan(self.scheme), verbs.plan(changed)).all_tell_the_same():
            return True, None
        from perfrules.proving.same import Comparing

        comparing = Comparing(self.scheme, verbs.plan(self.scheme), changed, verbs.plan(changed))
        answer = comparing.difference()
        example = answer.record if isinstance(answer, Refuted) else None
        if example is None or example.benchmarks:
            return answer is None, None
        each = Generated(example.record, frozenset())
        card = scored(self.scheme, each)
        return False, None if card is None else apart(each, card, scored(changed, each))


def _differs(case: Case, scheme: Scheme) -> bool:
    """Whether a case does not come out by a scheme, or its file cannot be read by it."""
    try:
        return bool(try_case(case, scheme).differences)
    except PerfrulesError:
        return True
