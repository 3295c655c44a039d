"""Drawing 抽样: an order of ids that a seed fixes, shares by ceiling, and seats by largest remainder.

The order is that of HMAC-SHA256 over the id (UTF-8), keyed with the seed (UTF-8), read as a number; ids that are equal in it
stand in the order of their text. It hangs on nothing else: not on the machine, the version, the order of the file, or who
else is in it.
"""

from __future__ import annotations

import hmac
from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from typing import TypeVar

from attrs import frozen

ORDER = "HMAC-SHA256(seed, id)"
Name = TypeVar("Name", bound=Hashable)
ZERO = Fraction(0)


def place_of(seed: str, identifier: str) -> bytes:
    """Where an id stands in the order of a seed."""
    return hmac.digest(_bytes(seed), _bytes(identifier), "sha256")


def in_order(seed: str, ids: Iterable[str]) -> list[str]:
    """Ids in the order of a seed."""
    return sorted(ids, key=lambda each: (place_of(seed, each), each))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # half a surrogate pair may come with JSON


def ceiling(value: Fraction) -> int:
    """The least whole number that is not below: 20 % of 93 is 19."""
    return -(-value.numerator // value.denominator)


@frozen
class Share:
    """What one of several gets seats by 分配: its weight, and the least and the most that it may get."""

    weight: Fraction
    least: int
    most: int


def apportioned(seats: int, shares: Mapping[Name, Share]) -> dict[Name, int]:
    """So many seats by weight, none below its least or above its most, the rest by largest remainder 最大余数法.

    Fewer seats than all the least come to give each its least; more than all the most, its most. Every share is first
    what its weight comes to at one common rate, held within its bounds; then whole seats are given, and those left over
    go to the largest fractions, of equal ones to the larger weight, then to the first by name. Who has no weight gets more
    than its least only when all others are full, by how much it may still take.
    """
    least, most = (sum(getattr(s, word) for s in shares.values()) for word in ("least", "most"))
    seats = min(max(seats, least), most)
    weighty = {name: s for name, s in shares.items() if s.weight > 0}
    others = {name: s for name, s in shares.items() if s.weight <= 0}
    room = min(seats - sum(s.least for s in others.values()), sum(s.most for s in weighty.values()))
    found = _by_weight(room, weighty) if weighty else {}
    if others:
        rest = {name: Share(Fraction(s.most - s.least), 0, s.most - s.least) for name, s in others.items()}
        free = seats - sum(found.values()) - sum(s.least for s in others.values())
        more = _by_weight(free, {name: s for name, s in rest.items() if s.most})
        found |= {name: s.least + more.get(name, 0) for name, s in others.items()}
    return {name: found[name] for name in shares}


def _by_weight(seats: int, shares: Mapping[Name, Share]) -> dict[Name, int]:
    rate = _rate(seats, shares.values())
    exact = {name: min(max(rate * s.weight, Fraction(s.least)), Fraction(s.most)) for name, s in shares.items()}
    found = {name: value.numerator // value.denominator for name, value in exact.items()}
    left = seats - sum(found.values())
    by_remainder = sorted(shares, key=lambda n: (found[n] - exact[n], -shares[n].weight, str(n)))
    for name in by_remainder[:left]:
        found[name] += 1
    return found


def _rate(seats: int, shares: Iterable[Share]) -> Fraction:
    """The seats for one of weight at which all get, within their bounds, so many together."""
    bends: list[tuple[Fraction, Fraction]] = []
    total, slope, before = ZERO, ZERO, ZERO
    for share in shares:
        total += share.least
        bends += [(share.least / share.weight, share.weight), (share.most / share.weight, -share.weight)]
    for at, change in sorted(bends):
        reached = total + slope * (at - before)
        if reached >= seats and slope:
            break
        total, before = reached, at
        slope += change
    return before + (seats - total) / slope if slope > 0 else before
