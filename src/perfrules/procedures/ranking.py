"""Ranking 排名: scored records in the order that their scheme declares, ties dealt with as it declares."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import groupby
from typing import Any

from attrs import frozen

from perfrules import verbs
from perfrules.findings import Finding, RecordError
from perfrules.model import Datum, Hole, Scheme, Scorecard
from perfrules.numbers import published
from perfrules.plan.folding import group_of


@frozen
class Ranked:
    """A record's place 名次: its rank within its group, what it is ranked by, and all who share the place with it.

    `rank` is None where what it is ranked by is a hole, which `because` tells; such records come last and are not lost.
    """

    record: str
    group: str
    rank: int | None
    value: Fraction | None
    among: tuple[str, ...] = ()
    because: Hole | None = None

    @property
    def ties(self) -> tuple[str, ...]:
        """Whom it shares its place with."""
        return tuple(name for name in self.among if name != self.record)

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""
        value = None if self.value is None else published(self.value)
        return {"record": self.record, "group": self.group, "rank": self.rank, "value": value, "ties": list(self.ties)}


@frozen
class _Entry:
    card: Scorecard
    group: str
    value: Fraction
    key: Fraction


def rank(scheme: Scheme, cards: Iterable[Scorecard]) -> tuple[Ranked, ...]:
    """Every record with its place, group by group, best first. Raises RecordError where the scheme declares no ranking.

    Ties are shown whatever the policy: those who still tie after a tie-breaking key share a rank.
    """
    planned = verbs.plan(scheme).ranking
    if planned is None:
        raise RecordError([Finding("no-ranking", None, scheme.id, {"scheme": scheme.id})])
    entries: dict[str, list[_Entry]] = {}
    unranked: list[Ranked] = []
    for card in cards:
        values = card.evidence.results.values
        group = group_of(values[planned.within]) if planned.within else ""
        value: Datum | Hole = values[planned.of]
        key: Datum | Hole = values[planned.key] if planned.key else Fraction(0)
        hole = next(
            (v for v in (values[planned.within] if planned.within else "", value, key) if isinstance(v, Hole)), None
        )
        if hole is not None or group is None:
            unranked.append(Ranked(card.record, group or "", None, None, (), hole))
            continue
        assert isinstance(value, Fraction)
        assert isinstance(key, Fraction)
        entries.setdefault(group, []).append(_Entry(card, group, value, key))
    sign = -1 if planned.ranking.order == "descending" else 1
    ranked = [
        r for group in sorted(entries) for r in _group(entries[group], sign, dense=planned.ranking.ties == "dense")
    ]
    return (*ranked, *unranked)


def _group(entries: list[_Entry], sign: int, *, dense: bool) -> Iterable[Ranked]:
    ordered = sorted(entries, key=lambda e: (sign * e.value, sign * e.key, e.card.record))
    number = place = 0
    for _, together in groupby(ordered, key=lambda e: (e.value, e.key)):
        same = list(together)
        place = place + 1 if dense else number + 1
        number += len(same)
        among = tuple(e.card.record for e in same)
        yield from (Ranked(e.card.record, e.group, place, e.value, among) for e in same)
