"""Where a scheme's rules come from: provenance, and the documents that clauses point to."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

ProvenanceStatus = Literal["stated", "unverified", "assumed", "unmarked"]
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
