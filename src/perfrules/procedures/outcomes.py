"""Outcomes 结果应用: what follows from grades, scores and ranks, each with its reason, and next year's budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Literal

from attrs import define, frozen

from perfrules import verbs
from perfrules.findings import Finding, RecordError
from perfrules.model import Award, Datum, Hole, Outcomes, Provenance, Scheme, Scorecard
from perfrules.numbers import published
from perfrules.plan import ask, asked
from perfrules.procedures.ranking import Ranked, rank
from perfrules.readings import exact


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
    """What follows for one record 处理结果: its place, grade and consequences; factor and budget where they can be told."""

    record: str
    grade: str | None
    rank: int | None
    consequences: tuple[Consequence, ...]
    factor: Fraction | None = None
    base: Fraction | None = None

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
    cards: list[Scorecard]

    def all(self) -> tuple[Settled, ...]:
        ranked = {r.record: r for r in rank(self.scheme, self.cards)} if self.scheme.ranking is not None else {}
        answers = {c.record: self.answers(c, ranked.get(c.record)) for c in self.cards}
        found: dict[str, list[Consequence]] = {c.record: [] for c in self.cards}
        for award in self.declared.awards:
            for made in self.award(award, ranked, answers):
                found[made.record].append(made)
        for card in self.cards:
            found[card.record] += self.rules(card, answers[card.record])
        return tuple(
            Settled(
                card.record,
                card.grade,
                ranked[card.record].rank if card.record in ranked else None,
                tuple(found[card.record]),
                _number(answers[card.record].get(asked("factor"))),
                self.base(answers[card.record].get(asked("base"))),
            )
            for card in self.cards
        )

    def answers(self, card: Scorecard, place: Ranked | None) -> Mapping[str, Datum | Hole]:
        """The declared questions over one record, with its grade and place as names."""
        declared = self.declared
        questions: dict[str, Any] = {"factor": declared.factor, "base": declared.base}
        questions |= {f"award{i}": a.where for i, a in enumerate(declared.awards)}
        questions |= {f"rule{i}": r.when for i, r in enumerate(declared.rules)}
        plan = ask(verbs.plan(self.scheme), questions, ("grade", "rank"))
        supposed: dict[str, Datum] = {}
        if card.grade is not None:
            supposed[asked("grade")] = card.grade
        if place is not None and place.rank is not None:
            supposed[asked("rank")] = Fraction(place.rank)
        return exact.evaluate(plan, card.evidence.record, supposed=supposed, frozen=card.benchmarks).values

    def award(
        self, award: Award, ranked: Mapping[str, Ranked], answers: Mapping[str, Mapping[str, Datum | Hole]]
    ) -> Iterable[Consequence]:
        """The first or last so many of those who may; a tie over the line is in, out, or told as undecided."""
        number = self.declared.awards.index(award)
        eligible = [
            r for r in ranked.values()
            if r.rank is not None and (award.where is None or answers[r.record].get(asked(f"award{number}")) is True)
        ]  # fmt: skip
        ordered = sorted(eligible, key=lambda r: r.rank or 0, reverse=bool(award.last))
        wanted = award.first or award.last
        inside, beyond = ordered[:wanted], ordered[wanted:]
        tied_over = bool(inside and beyond and inside[-1].rank == beyond[0].rank)
        line = inside[-1].rank if tied_over else None
        which = ("前", "first") if award.first else ("后", "last")
        for each in ordered:
            if each in inside and each.rank != line:
                yield self._awarded(
                    award, each, "applied", f"{which[0]} {wanted} 名之内", f"among the {which[1]} {wanted}"
                )
            elif line is not None and each.rank == line:
                same = sum(r.rank == line for r in ordered)
                zh, en = f"第 {line} 名有 {same} 家并列", f"{same} tie for place {line}"
                if award.ties == "all":
                    yield self._awarded(award, each, "applied", f"{zh}，并列的都算", f"{en}; all who tie are in")
                elif award.ties == "decide":
                    yield self._awarded(award, each, "undecided", f"{zh}，须另行决定", f"{en}; it is to be decided")

    def _awarded(
        self, award: Award, each: Ranked, state: Literal["applied", "undecided"], zh: str, en: str
    ) -> Consequence:
        return Consequence(each.record, award.name, award.outcome, state, zh, en, award.provenance)

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
