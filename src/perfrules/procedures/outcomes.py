"""Outcomes 结果应用: what follows from grades, scores and ranks, each with its reason, and next year's budget."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any, Literal

from attrs import define, field, frozen

from perfrules import scorecards, scoring, verbs
from perfrules.findings import Finding, RecordError
from perfrules.model import Award, Datum, Hole, Outcomes, Provenance, Scheme, Scorecard
from perfrules.numbers import published
from perfrules.plan import Plan, ask, asked
from perfrules.procedures.ranking import Ranked, rank


@frozen
class Consequence:
    """One thing that follows for one record: by which award or rule, what, and why.

    `undecided` where a tie over the line is left to people, or the data to tell are wanting.
    """

    record: str
    name: str
    outcome: str
    state: Literal["applied", "undecided"]
    because: str
    because_en: str
    provenance: Provenance

    def as_json(self) -> dict[str, Any]:
        """A plain mapping."""
        because = {"zh": self.because, "en": self.because_en}
        return {
            "record": self.record,
            "name": self.name,
            "outcome": self.outcome,
            "state": self.state,
            "because": because,
        }


@frozen
class Settled:
    """What follows for one record 处理结果: its place, grade and consequences; factor and budget where they can be told.

    `holes` say why a declared factor or base cannot be told.
    """

    record: str
    grade: str | None
    rank: int | None
    consequences: tuple[Consequence, ...]
    factor: Fraction | None = None
    base: Fraction | None = None
    holes: Mapping[Literal["factor", "base"], Hole] = field(factory=dict)

    @property
    def undecided(self) -> bool:
        """Whether anything about it is left open: an award, a rule, the factor or its base."""
        open_holes = any(hole.kind != "not_applicable" for hole in self.holes.values())
        return open_holes or any(c.state == "undecided" for c in self.consequences)

    @property
    def budget(self) -> Fraction | None:
        """Next year's budget: factor times base, in the base's own unit."""
        return None if self.factor is None or self.base is None else self.factor * self.base

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""

        def text(value: Fraction | None) -> str | None:
            return None if value is None else published(value)

        return {
            "record": self.record,
            "grade": self.grade,
            "rank": self.rank,
            "consequences": [c.as_json() for c in self.consequences],
            "factor": text(self.factor),
            "base": text(self.base),
            "budget": text(self.budget),
            "untold": {
                key: {"zh": scorecards.hole_words(hole), "en": scorecards.hole_words(hole, "en")}
                for key, hole in self.holes.items()
            },
        }


def settle(scheme: Scheme, cards: Iterable[Scorecard]) -> tuple[Settled, ...]:
    """What follows for every record, in the order given. Raises RecordError where the scheme declares no outcomes."""
    declared = scheme.procedures.outcomes
    if declared is None:
        seen = {"scheme": scheme.id, "key": "outcomes"}
        raise RecordError([Finding("procedure-not-declared", None, scheme.id, seen)])
    return _Settling(scheme, declared, list(cards)).all()


@define
class _Settling:
    scheme: Scheme
    declared: Outcomes
    cards: Sequence[Scorecard]
    plan: Plan = field(init=False)

    def __attrs_post_init__(self) -> None:
        declared = self.declared
        questions: dict[str, Any] = {"factor": declared.factor, "base": declared.base}
        questions |= {f"award{i}": a.where for i, a in enumerate(declared.awards)}
        questions |= {f"rule{i}": r.when for i, r in enumerate(declared.rules)}
        self.plan = ask(verbs.plan(self.scheme), questions, ("grade", "rank"))

    def all(self) -> tuple[Settled, ...]:
        ranked = {r.record: r for r in rank(self.scheme, self.cards)} if self.scheme.ranking is not None else {}
        answers = {c.record: self.answers(c, ranked.get(c.record)) for c in self.cards}
        found: dict[str, list[Consequence]] = {c.record: [] for c in self.cards}
        for number, award in enumerate(self.declared.awards):
            for made in self.award(number, award, ranked.values(), answers):
                found[made.record].append(made)
        for card in self.cards:
            found[card.record] += self.rules(card, answers[card.record])
        return tuple(self.settled(card, ranked.get(card.record), found, answers[card.record]) for card in self.cards)

    def settled(
        self, card: Scorecard, place: Ranked | None, found: Mapping[str, list[Consequence]],
        answers: Mapping[str, Datum | Hole],
    ) -> Settled:  # fmt: skip
        factor, base = answers.get(asked("factor")), answers.get(asked("base"))
        holes: dict[Literal["factor", "base"], Hole] = {}
        if isinstance(factor, Hole):
            holes["factor"] = factor
        if isinstance(base, Hole):
            holes["base"] = base
        rank_ = None if place is None else place.rank
        told = tuple(found[card.record])
        return Settled(card.record, card.grade, rank_, told, _number(factor), self.base(base), holes)

    def answers(self, card: Scorecard, place: Ranked | None) -> Mapping[str, Datum | Hole]:
        """The declared questions over one record, with its grade and place as names."""
        supposed: dict[str, Datum] = {}
        if card.grade is not None:
            supposed[asked("grade")] = card.grade
        if place is not None and place.rank is not None:
            supposed[asked("rank")] = Fraction(place.rank)
        values = scoring.evaluate(self.plan, card.evidence.record, supposed=supposed, frozen=card.benchmarks).values
        return {name: value for name, value in values.items() if name.startswith(asked(""))}

    # -------------------------------------------------------------------------------------------- awards

    def award(
        self, number: int, award: Award, ranked: Iterable[Ranked], answers: Mapping[str, Mapping[str, Datum | Hole]]
    ) -> Iterable[Consequence]:
        """The first or last so many of those who may, in each group of the ranking; a tie over the line is in, out, or
        told as undecided, and so is what hangs on a condition that cannot be told."""
        sure: dict[str, list[Ranked]] = {}
        doubtful: dict[str, list[Ranked]] = {}
        for each in ranked:
            may = True if award.where is None else answers[each.record].get(asked(f"award{number}"))
            untold = isinstance(may, Hole) and may.kind != "not_applicable"
            if each.rank is None:
                hole = each.because
                if (may is True or untold) and (hole is None or hole.kind != "not_applicable"):
                    yield self._awarded(
                        award, each, "undecided", "没有名次，无法判定", "it has no place, so this cannot be told"
                    )
            elif may is True:
                sure.setdefault(each.group, []).append(each)
            elif untold:
                doubtful.setdefault(each.group, []).append(each)
        for group in sorted(sure.keys() | doubtful.keys()):
            yield from self.of_group(award, sure.get(group, []), doubtful.get(group, []))

    def of_group(self, award: Award, sure: Sequence[Ranked], doubtful: Sequence[Ranked]) -> Iterable[Consequence]:
        """An award in one group: who is in for sure, and who is if those are whose condition cannot be told."""
        least, most = _Line(award, sure), _Line(award, [*sure, *doubtful])
        for each in _ordered(award, sure):
            place = least.place(each)
            if place == most.place(each):
                yield from self._placed(award, each, place, most)
            elif place != "beyond":
                zh = f"有 {len(doubtful)} 家缺少数据，不知算不算在内，名次因此不能定"
                en = f"data are wanting to tell whether {len(doubtful)} others count, and so is who is in"
                yield self._awarded(award, each, "undecided", zh, en)
        condition = " ".join(award.where.source.split()) if award.where is not None else ""
        for each in _ordered(award, doubtful):
            if least.place(each, joining=True) != "beyond":
                zh, en = f"缺少数据，无法判定：{condition}", f"data wanting to tell: {condition}"
                yield self._awarded(award, each, "undecided", zh, en)

    def _placed(self, award: Award, each: Ranked, place: _Place, line: _Line) -> Iterable[Consequence]:
        zh_which, en_which = ("前", "first") if award.first else ("后", "last")
        if place == "inside":
            count = line.wanted
            yield self._awarded(award, each, "applied", f"{zh_which} {count} 名之内", f"among the {en_which} {count}")
        elif place == "tied":
            same, ties = line.same[line.key(each)], self.ties(award)
            zh, en = f"第 {each.rank} 名有 {same} 家并列", f"{same} tie for place {each.rank}"
            if ties == "all":
                yield self._awarded(award, each, "applied", f"{zh}，并列的都算", f"{en}; all who tie are in")
            elif ties == "decide":
                yield self._awarded(award, each, "undecided", f"{zh}，须另行决定", f"{en}; it is to be decided")

    def ties(self, award: Award) -> str:
        """What a tie over the line means: as the award says, else as the ranking does."""
        ranking = self.scheme.ranking
        return award.ties or ("all" if ranking is not None and ranking.ties == "all" else "decide")

    def _awarded(
        self, award: Award, each: Ranked, state: Literal["applied", "undecided"], zh: str, en: str
    ) -> Consequence:
        return Consequence(each.record, award.name, award.outcome, state, zh, en, award.provenance)

    # -------------------------------------------------------------------------------------------- rules, budget

    def rules(self, card: Scorecard, answers: Mapping[str, Datum | Hole]) -> Iterable[Consequence]:
        for i, rule in enumerate(self.declared.rules):
            answer = answers.get(asked(f"rule{i}"))
            condition = " ".join(rule.when.source.split())
            if answer is True:
                zh = rule.reason or condition
                yield Consequence(card.record, rule.name, rule.outcome, "applied", zh, condition, rule.provenance)
            elif isinstance(answer, Hole) and answer.kind != "not_applicable":
                zh, en = f"缺少数据，无法判定：{condition}", f"data wanting to tell: {condition}"
                yield Consequence(card.record, rule.name, rule.outcome, "undecided", zh, en, rule.provenance)

    def base(self, answer: Datum | Hole | None) -> Fraction | None:
        """The base in the unit of the input that it names, where it names one."""
        value = _number(answer)
        formula = self.declared.base
        each = self.scheme.inputs.get(formula.source.strip()) if formula is not None else None
        return value / each.scale if value is not None and each is not None else value


def _number(value: Datum | Hole | None) -> Fraction | None:
    return value if isinstance(value, Fraction) else None


_Place = Literal["inside", "tied", "beyond"]


@define
class _Line:
    """The line of an award through those who may have it: who is inside, who ties over it, who is beyond."""

    award: Award
    who: Sequence[Ranked]
    same: Counter[int] = field(init=False)
    order: list[int] = field(init=False)
    before: list[int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.same = Counter(self.key(each) for each in self.who)
        self.order = sorted(self.same)
        self.before = [0, *accumulate(self.same[key] for key in self.order)]

    def key(self, each: Ranked) -> int:
        """Its place, counted from the end that the award is for."""
        return -(each.rank or 0) if self.award.last else each.rank or 0

    @property
    def wanted(self) -> int:
        """How many are wanted."""
        return self.award.first or self.award.last

    def place(self, each: Ranked, *, joining: bool = False) -> _Place:
        """Where one of them stands, or one who would be `joining` them."""
        key = self.key(each)
        before, same = self.before[bisect_left(self.order, key)], self.same[key] + joining
        if before >= self.wanted:
            return "beyond"
        return "inside" if before + same <= self.wanted else "tied"


def _ordered(award: Award, who: Iterable[Ranked]) -> list[Ranked]:
    return sorted(who, key=lambda r: r.rank or 0, reverse=bool(award.last))
