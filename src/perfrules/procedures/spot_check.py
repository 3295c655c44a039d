"""A spot check 抽查方案: who is in it and why, and what share of the whole they are."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from attrs import field, frozen

from perfrules.findings import Finding, Language
from perfrules.model import Sampling, Scheme, SetAside
from perfrules.numbers import published, rounded
from perfrules.procedures.drawing import ORDER
from perfrules.readings.prose import number

Why = Literal["certain", "largest", "drawn", "money"]


@frozen
class Taken:
    """A record of the sample 抽中: its stratum and amount, and why it is in: certain (by which conditions), among the
    largest amounts, drawn, or drawn on until the share by money was met."""

    record: str
    stratum: str
    amount: Fraction | None
    why: tuple[Why, ...]
    conditions: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""
        amount = None if self.amount is None else published(self.amount)
        return {
            "record": self.record,
            "stratum": self.stratum,
            "amount": amount,
            "why": list(self.why),
            "conditions": list(self.conditions),
        }


@frozen
class Coverage:
    """What share of a population a sample is 覆盖率, by count or by money.

    `least` is what the declared `ratio` comes to: by count the ceiling. `unknown` are records whose amount is not known;
    with any of them, whether the least is met cannot be told.
    """

    population: Fraction
    sample: Fraction
    ratio: Fraction | None = None
    least: Fraction | None = None
    unknown: int = 0

    @property
    def share(self) -> Fraction | None:
        """The sample as a share of the population; None of nothing."""
        return self.sample / self.population if self.population else None

    @property
    def met(self) -> bool | None:
        """Whether the declared least is met; None where none is declared or it cannot be told."""
        return None if self.least is None or self.unknown else self.sample >= self.least

    def as_json(self, *, whole: bool) -> dict[str, Any]:
        """A plain mapping; counts are numbers, what may be broken strings."""

        def told(value: Fraction | None) -> int | str | None:
            return None if value is None else int(value) if whole else published(value)

        return {
            "population": told(self.population),
            "sample": told(self.sample),
            "share": None if self.share is None else published(self.share),
            "ratio": None if self.ratio is None else published(self.ratio),
            "minimum": told(self.least),
            "met": self.met,
        }


@frozen
class Stratum:
    """One stratum 层 of the population: how many it must give at least, what it gives, how many of those are certain."""

    name: str
    least: int
    certain: int
    by_count: Coverage
    by_amount: Coverage | None

    def as_json(self) -> dict[str, Any]:
        """A plain mapping."""
        return {
            "stratum": self.name,
            "population": int(self.by_count.population),
            "minimum": self.least,
            "sample": int(self.by_count.sample),
            "certain": self.certain,
            "share": None if self.by_count.share is None else published(self.by_count.share),
            "by_amount": None if self.by_amount is None else self.by_amount.as_json(whole=False),
        }


@frozen
class Sample:
    """A spot check planned 抽查方案: who is in it and why, by which seed and order, and what it covers.

    `taken` stands in the order of ids. `undecided` records could not be told to be of the population, `set_aside` not be
    read; neither can be taken. `unit` is that of all amounts.
    """

    scheme: Scheme = field(repr=False)
    seed: str
    taken: tuple[Taken, ...]
    strata: tuple[Stratum, ...]
    by_count: Coverage
    by_amount: Coverage | None
    unit: str = ""
    undecided: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Who is in it."""
        return tuple(each.record for each in self.taken)

    @property
    def declared(self) -> Sampling:
        """How the scheme declares it."""
        declared = self.scheme.procedures.sampling
        assert declared is not None
        return declared

    @property
    def method(self) -> Literal["simple random", "stratified random"]:
        """Whether it is drawn from the whole or from strata."""
        return "stratified random" if self.declared.strata is not None else "simple random"

    @property
    def meets_minimum(self) -> bool | None:
        """Whether every declared minimum is met, by count and by money; None where that cannot be told.

        Records that could not be read or placed leave it in doubt, as they may belong to the population.
        """
        met = [c.met for c in (self.by_count, self.by_amount) if c is not None and c.ratio is not None]
        if False in met:
            return False
        return None if None in met or self.undecided or self.set_aside else True

    def as_json(self) -> dict[str, Any]:
        """The plan as plain data: counts as numbers, all that may be broken as strings."""
        declared, scheme = self.declared, self.scheme
        return {
            "scheme": {"id": scheme.id, "edition": scheme.edition, "digest": scheme.digest},
            "seed": self.seed,
            "method": self.method,
            "order": ORDER,
            "population": int(self.by_count.population),
            "sample": list(self.ids),
            "by_count": self.by_count.as_json(whole=True),
            "by_amount": None if self.by_amount is None else {**self.by_amount.as_json(whole=False), "unit": self.unit},
            "strata": [each.as_json() for each in self.strata],
            "meets_minimum": self.meets_minimum,
            "certain": [t.record for t in self.taken if {"certain", "largest"} & set(t.why)],
            "drawn_for_money": [t.record for t in self.taken if "money" in t.why],
            "taken": [each.as_json() for each in self.taken],
            "undecided": list(self.undecided),
            "set_aside": [each.as_json() for each in self.set_aside],
            "clause": declared.provenance.clause,
            "provenance": declared.provenance.status,
            "findings": [f.as_json() for f in self.findings],
        }

    def summary(self, lang: Language = "zh") -> list[str]:
        """The plan in a few sentences: method, population, coverage, and whether the minimum is met by each base."""
        words = _WORDS[lang]
        said = [words["method"].format(words[self.method], ORDER, self.seed)]
        for key, coverage, unit in (("count", self.by_count, ""), ("money", self.by_amount, self.unit)):
            if coverage is None:
                continue
            share = "—" if coverage.share is None else percent(coverage.share)
            unit = unit and f" {unit}"
            line = words[key].format(number(coverage.population), number(coverage.sample), share, unit)
            if coverage.ratio is not None and coverage.least is not None:
                verdict = words[str(coverage.met)]
                line += words["least"].format(percent(coverage.ratio), number(coverage.least), verdict, unit)
            said.append(line + words["end"])
        certain = sum(bool({"certain", "largest"} & set(t.why)) for t in self.taken)
        further = sum("money" in t.why for t in self.taken)
        said.append(words["parts"].format(certain, len(self.taken) - certain - further, further))
        return said


_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "simple random": "简单随机抽样",
        "stratified random": "分层随机抽样",
        "method": "{0}，按 {1} 排序，种子 {2}。",
        "count": "总体 {0} 个，抽 {1} 个，占 {2}",
        "money": "金额 {0}{3}，抽中 {1}{3}，占 {2}",
        "least": "；不低于 {0} 即 {1}{3}，{2}",
        "True": "已达到",
        "False": "未达到",
        "None": "无法判定",
        "end": "。",
        "parts": "其中必查 {0} 个，抽取 {1} 个，为满足金额比例续抽 {2} 个。",
    },
    "en": {
        "simple random": "Simple random sample",
        "stratified random": "Stratified random sample",
        "method": "{0}, in the order of {1}, seed {2}.",
        "count": "By count {1} of {0}, {2}",
        "money": "By money {1} of {0}{3}, {2}",
        "least": "; at least {0} is {1}{3}: {2}",
        "True": "met",
        "False": "not met",
        "None": "cannot be told",
        "end": ".",
        "parts": "{0} are certain, {1} drawn, {2} drawn on until the share by money was met.",
    },
}


def percent(share: Fraction) -> str:
    """A share as a percentage, to two places."""
    shown = rounded(share * 100, 2)
    return f"{'' if shown == share * 100 else '≈'}{published(shown)}%"
