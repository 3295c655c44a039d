"""Sampling 抽查: which records a spot check takes, as the scheme declares it, and what share of the whole they are.

Whether a record is taken hangs on its own id and the seed (see `drawing`): it is taken when a condition makes it certain,
or when its rank among the others of its stratum is within what the stratum has left. So the same seed takes the same
records on every machine, and a record more or less moves the others of its stratum at most by a place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

from attrs import define, evolve, field

from perfrules import scoring, verbs
from perfrules.checking.names import Names
from perfrules.findings import Finding, RecordError
from perfrules.model import Batch, Datum, Hole, Record, Sampling, Scheme
from perfrules.plan import ask, asked
from perfrules.plan.folding import group_of
from perfrules.procedures.drawing import ZERO, Share, apportioned, ceiling, place_of
from perfrules.procedures.spot_check import Coverage, Sample, Stratum, Taken, Why
from perfrules.readings.prose import number
from perfrules.records import records_from_mappings

NAMED = 5
"""How many ids a finding about several names."""


def sample(scheme: Scheme, population: Batch | Iterable[Any], *, seed: int | str) -> Sample:
    """The spot check that the scheme declares, over a batch of records, or over records or what can be read as such.

    Raises RecordError where the scheme declares none, and where two records have one id.
    """
    scoring.must_be_scheme(scheme)
    declared = scheme.procedures.sampling
    if declared is None:
        seen = {"scheme": scheme.id, "key": "sampling"}
        raise RecordError([Finding("procedure-not-declared", None, scheme.id, seen)])
    return _Sampling(scheme, declared, as_batch(scheme, population), str(seed)).made()


def as_batch(scheme: Scheme, given: Batch | Iterable[Any]) -> Batch:
    """Records as a batch; no two with one id. Raises RecordError."""
    if isinstance(given, Batch):
        batch = given
    else:
        listed = list(given)
        plain = any(not isinstance(each, Record) for each in listed)
        batch = records_from_mappings(scheme, listed) if plain else Batch(tuple(listed))
    seen: dict[str, int] = {}
    for place, record in enumerate(batch.records, start=1):
        if record.id in seen:
            lines = f"{seen[record.id]}、{place}"
            raise RecordError(
                [Finding("duplicate-record-id", record.where, record.id, {"id": record.id, "lines": lines})]
            )
        seen[record.id] = place
    return batch


@define(eq=False)
class _Member:
    """A record of the population on its way."""

    record: str
    place: bytes
    stratum: str
    amount: Fraction | None
    conditions: tuple[str, ...]
    why: list[Why] = field(factory=list)

    @property
    def order(self) -> tuple[bytes, str]:
        return self.place, self.record


class _Sampling:
    def __init__(self, scheme: Scheme, declared: Sampling, batch: Batch, seed: str) -> None:
        self.scheme = scheme
        self.declared = declared
        self.batch = batch
        self.seed = seed
        self.members: list[_Member] = []
        self.doubtful: dict[tuple[str, str], list[str]] = {}

    def made(self) -> Sample:
        self.ask()
        least = self.strata_least()
        quotas = self.quotas(least)
        for name, members in self.strata.items():
            free = quotas[name] - sum(bool(m.why) for m in members)
            for member in sorted((m for m in members if not m.why), key=lambda m: m.order)[:free]:
                member.why.append("drawn")
        if self.declared.money is not None and (self.declared.until_money or self.declared.count is None):
            self.draw_on()
        taken = tuple(
            Taken(m.record, m.stratum, m.amount, tuple(m.why), m.conditions)
            for m in sorted(self.members, key=lambda m: m.record)
            if m.why
        )
        by_count = self.by_count(self.members, self.declared.count)
        by_amount = self.by_amount(self.members, self.declared.money)
        strata = tuple(self.stratum(name, least[name], members) for name, members in self.strata.items())
        undecided = tuple(self.doubtful.get(("population-undecided", ""), ()))
        made = Sample(
            self.scheme, self.seed, taken, strata, by_count, by_amount, self.unit, undecided, self.batch.set_aside
        )
        return evolve(made, findings=(*self.batch.findings, *self.findings(made)))

    # ------------------------------------------------------------------------------------- the population

    def ask(self) -> None:
        """Who is in the population, and what is to be known of each."""
        declared = self.declared
        certain = list(declared.certain.items())
        questions = {"where": declared.where, "amount": declared.amount, "strata": declared.strata}
        plan = ask(verbs.plan(self.scheme), questions | {f"certain{i}": f for i, (_, f) in enumerate(certain)})
        frozen_ = scoring.freeze(plan, self.batch.records) if plan.cohorts else {}
        for record in self.batch.records:
            values = scoring.evaluate(plan, record, frozen=frozen_).values if plan.steps else {}
            within = values.get(asked("where"), True)
            if isinstance(within, Hole) and within.kind != "not_applicable":
                self.doubt("population-undecided", record.id)
            elif within is True:
                conditions = tuple(
                    n for i, (n, _) in enumerate(certain) if self.holds(values, f"certain{i}", n, record.id)
                )
                member = _Member(record.id, place_of(self.seed, record.id), self.layer(values, record.id),
                                 self.amount(values, record.id), conditions)  # fmt: skip
                if conditions:
                    member.why.append("certain")
                self.members.append(member)
        known = sorted((m.amount for m in self.members if m.amount is not None), reverse=True)
        if declared.largest and known:
            bar = known[min(declared.largest, len(known)) - 1]
            for member in self.members:
                if member.amount is not None and member.amount >= bar:
                    member.why.append("largest")

    def doubt(self, name: str, record: str, about: str = "") -> None:
        self.doubtful.setdefault((name, about), []).append(record)

    def holds(self, values: Mapping[str, Datum | Hole], question: str, name: str, record: str) -> bool:
        found = values[asked(question)]
        if isinstance(found, Hole) and found.kind != "not_applicable":
            self.doubt("certainty-undecided", record, name)
        return found is True

    def layer(self, values: Mapping[str, Datum | Hole], record: str) -> str:
        """The stratum of a record; those whose stratum cannot be told are one together, so that nobody gets away."""
        if self.declared.strata is None:
            return ""
        name = group_of(values[asked("strata")])
        if name is None:
            self.doubt("stratum-unknown", record)
        return name or ""

    def amount(self, values: Mapping[str, Datum | Hole], record: str) -> Fraction | None:
        if self.declared.amount is None:
            return None
        found = values[asked("amount")]
        if isinstance(found, Fraction) and found >= 0:
            return found
        self.doubt("amount-negative" if isinstance(found, Fraction) else "amount-unknown", record)
        return None

    @cached_property
    def strata(self) -> dict[str, list[_Member]]:
        found: dict[str, list[_Member]] = {}
        for member in sorted(self.members, key=lambda m: m.stratum):
            found.setdefault(member.stratum, []).append(member)
        return found

    # ------------------------------------------------------------------------------------- how many

    def strata_least(self) -> dict[str, int]:
        """What each stratum must give: its share by ceiling, or so many, or all of it."""
        share, least = self.declared.stratum_share, self.declared.stratum_least
        return {name: max(ceiling(share * len(m)), min(least, len(m))) for name, m in self.strata.items()}

    def quotas(self, least: Mapping[str, int]) -> dict[str, int]:
        """What each stratum gives, its certain ones among them."""
        shares = {}
        for name, members in self.strata.items():
            money = sum((m.amount for m in members if m.amount is not None), ZERO)
            weight = money if self.declared.apportion == "money" else Fraction(len(members))
            certain = sum(bool(m.why) for m in members)
            shares[name] = Share(weight, max(least[name], certain), len(members))
        return apportioned(ceiling((self.declared.count or ZERO) * len(self.members)), shares)

    def draw_on(self) -> None:
        """Take more, in the order of the seed, until the share by money is met."""
        coverage = self.by_amount(self.members, self.declared.money)
        assert coverage is not None
        assert coverage.least is not None
        reached = coverage.sample
        for member in sorted((m for m in self.members if not m.why), key=lambda m: m.order):
            if reached >= coverage.least:
                break
            member.why.append("money")
            reached += member.amount or ZERO

    # ------------------------------------------------------------------------------------- what it covers

    @staticmethod
    def by_count(members: Iterable[_Member], ratio: Fraction | None) -> Coverage:
        listed = list(members)
        least = None if ratio is None else Fraction(ceiling(ratio * len(listed)))
        return Coverage(Fraction(len(listed)), Fraction(sum(bool(m.why) for m in listed)), ratio, least)

    def by_amount(self, members: Iterable[_Member], ratio: Fraction | None) -> Coverage | None:
        if self.declared.amount is None:
            return None
        listed = list(members)
        known = [(m.amount, bool(m.why)) for m in listed if m.amount is not None]
        whole = sum((amount for amount, _ in known), ZERO)
        inside = sum((amount for amount, taken in known if taken), ZERO)
        return Coverage(whole, inside, ratio, None if ratio is None else ratio * whole, len(listed) - len(known))

    def stratum(self, name: str, least: int, members: list[_Member]) -> Stratum:
        certain = sum(bool({"certain", "largest"} & set(m.why)) for m in members)
        return Stratum(name, least, certain, self.by_count(members, None), self.by_amount(members, None))

    @cached_property
    def unit(self) -> str:
        """The unit that amounts are kept in, where they have one."""
        if self.declared.amount is None:
            return ""
        checker = Names(self.scheme)
        checker.check()
        meaning = checker.meaning(self.declared.amount, checker.scope(), "")
        units = [i.unit for i in self.scheme.inputs.values() if i.unit is not None and i.scale == 1]
        return next((u.text for u in units if meaning and meaning.dimension and u.dimension == meaning.dimension), "")

    # ------------------------------------------------------------------------------------- findings

    def findings(self, made: Sample) -> Iterable[Finding]:
        """What was in doubt, each told once with the records that it is about; and what is not met."""
        where = self.declared.location
        for (name, about), ids in self.doubtful.items():
            some = "、".join(ids[:NAMED]) + ("……" if len(ids) > NAMED else "")
            seen = {"count": str(len(ids)), "some": some, "condition": about}
            yield Finding(name, where, "procedures/sampling", seen)
        if not self.members:
            yield Finding("population-empty", where, "procedures/sampling")
        if made.by_amount is not None and made.by_amount.met is False:
            least, amount = made.by_amount.least, made.by_amount.sample
            assert least is not None
            seen = {"sample": number(amount), "least": number(least), "unit": self.unit}
            yield Finding("money-not-covered", where, "procedures/sampling", seen)
