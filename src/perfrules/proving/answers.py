"""What a proof answers: proved, refuted by a record, or unknown and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from perfrules.findings import Language, visible
from perfrules.model import Datum, Hole

if TYPE_CHECKING:
    from perfrules.model import Scheme
    from perfrules.readings.proof.claims import Candidate, Claim


@frozen
class Example:
    """A record that shows or refutes a claim 例证, re-scored exactly.

    `record` is what a person would type, by the name of the input (rows under their kind), and scores as such;
    `benchmarks` are the frozen benchmarks that it supposes. `came` is what the claim is about, for this record.
    For two records that differ in one input, `second` is its other value and `came_second` what comes of that. `limit` is
    what a bound is for this record, `named` what the values and nodes of a condition are. `candidate` is the record before
    it was written down.
    """

    record: Mapping[str, Any]
    came: Datum | Hole | None = None
    benchmarks: Mapping[str, str] = field(factory=dict)
    second: tuple[str, str] | None = None
    came_second: Datum | Hole | None = None
    limit: Fraction | None = None
    named: Mapping[str, Datum | Hole] = field(factory=dict)
    candidate: Candidate | None = field(default=None, eq=False, repr=False)


@frozen
class Proved:
    """The claim holds for every record; a claim of some record comes with one that shows it.

    `way` says of a claim that leaves the direction open which one it is: `rises` or `falls`.
    """

    record: Example | None = None
    way: str = ""


@frozen
class Refuted:
    """The claim does not hold: a record shows it, or none shows what was claimed of some.

    `other` is a second pair of records where a claim has two sides; `parts` are those of its parts that nothing shows.
    """

    record: Example | None = None
    other: Example | None = None
    parts: tuple[str, ...] = ()


@frozen
class Unknown:
    """It could not be told; `reason` says why, as words that `Decided.reason` puts into a sentence."""

    why: tuple[str, ...] = ()


Answer = Proved | Refuted | Unknown


@frozen
class Decided:
    """A claim and its answer 论断与结论; `ms` is how long it took."""

    scheme: str
    path: str
    claim: Claim
    answer: Answer
    ms: float
    of: Scheme = field(eq=False, repr=False)

    @property
    def word(self) -> str:
        """`proved`, `refuted` or `unknown`."""
        match self.answer:
            case Proved():
                return "proved"
            case Refuted():
                return "refuted"
            case Unknown():
                return "unknown"

    def text(self, lang: Language = "zh") -> str:
        """What is claimed, in words."""
        from perfrules.proving import telling

        return visible(telling.claimed(self.of, self.claim, lang))

    def reason(self, lang: Language = "zh") -> str:
        """Why it is refuted or unknown, in words; of what is proved, what there is to add."""
        from perfrules.proving import telling

        return "\n".join(map(visible, telling.reason(self.of, self.claim, self.answer, lang).split("\n")))

    def as_json(self, lang: Language = "zh") -> dict[str, Any]:
        """A plain mapping."""
        shown = None if isinstance(self.answer, Unknown) else self.answer.record
        return {
            "scheme": self.scheme,
            "path": self.path,
            "claim": self.text(lang),
            "answer": self.word,
            "record": None if shown is None else dict(shown.record),
            "reason": self.reason(lang),
            "ms": round(self.ms, 1),
        }


@frozen
class Proofs:
    """Claims, each with its answer."""

    claims: tuple[Decided, ...]

    def __iter__(self) -> Iterator[Decided]:
        return iter(self.claims)

    def __len__(self) -> int:
        return len(self.claims)

    def __getitem__(self, place: int) -> Decided:
        return self.claims[place]

    @property
    def proved(self) -> tuple[Decided, ...]:
        """Those that are proved."""
        return tuple(c for c in self.claims if isinstance(c.answer, Proved))

    @property
    def refuted(self) -> tuple[Decided, ...]:
        """Those that are refuted."""
        return tuple(c for c in self.claims if isinstance(c.answer, Refuted))

    @property
    def unknown(self) -> tuple[Decided, ...]:
        """Those of which it could not be told."""
        return tuple(c for c in self.claims if isinstance(c.answer, Unknown))

    def as_json(self, lang: Language = "zh") -> dict[str, Any]:
        """A plain mapping: how many of each, and the claims."""
        return {
            "proved": len(self.proved),
            "refuted": len(self.refuted),
            "unknown": len(self.unknown),
            "claims": [c.as_json(lang) for c in self.claims],
        }
