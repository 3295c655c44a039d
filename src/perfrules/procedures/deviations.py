"""What a review found 复核结果: self-scores beside re-scores, the deviation of each, and the reasons of what was taken off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

from attrs import field, frozen

from perfrules.findings import Finding, Language
from perfrules.model import Reconciling, Scheme, SetAside
from perfrules.procedures.figures import text
from perfrules.procedures.spot_check import percent
from perfrules.readings.prose import number

ReasonKind = Literal["ruling", "data", "rule"]


@frozen
class Reason:
    """Why a re-score is another 扣分原因: a ruling of the review, a datum that it found otherwise, or the rule's own reason.

    Of a ruling `name` is who made it; of a datum what it is called, `before` and `after` what the two sides state.
    """

    kind: ReasonKind
    words: str = ""
    name: str = ""
    before: str = ""
    after: str = ""
    clause: str = ""

    def as_json(self) -> dict[str, str]:
        """A plain mapping of what it has."""
        told = {
            "words": self.words,
            "name": self.name,
            "before": self.before,
            "after": self.after,
            "clause": self.clause,
        }
        return {"kind": self.kind, **{key: value for key, value in told.items() if value}}

    def render(self) -> str:
        """The reason in a few words, its own where it has any."""
        if self.kind == "data":
            return f"{self.name}: {self.before or '—'} → {self.after or '—'}"
        by = f" ({self.name})" if self.name and self.kind == "ruling" else ""
        return (self.words or self.clause) + by


@frozen
class Deviation:
    """A score beside its re-score 偏差: (self − review) ÷ self, None where it is undefined or a score is not there."""

    self_score: Fraction | None
    review_score: Fraction | None
    deviation: Fraction | None
    outcome: str | None = None

    @property
    def taken_off(self) -> Fraction | None:
        """Self-score less re-score; negative where the review gave more."""
        if self.self_score is None or self.review_score is None:
            return None
        return self.self_score - self.review_score

    @property
    def differ(self) -> bool:
        """Whether the two are not the same, or only one is there."""
        return self.self_score != self.review_score

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""
        return {
            "self": text(self.self_score),
            "review": text(self.review_score),
            "difference": text(self.taken_off),
            "deviation": text(self.deviation),
            "outcome": self.outcome,
        }


@frozen
class ItemDeviation:
    """One item, a leaf or a row, on both sides; its reasons are those of a difference."""

    path: str
    points: Fraction | None
    scores: Deviation
    reasons: tuple[Reason, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""
        reasons = [r.as_json() for r in self.reasons]
        return {"path": self.path, "points": text(self.points), **self.scores.as_json(), "reasons": reasons}


@frozen
class GradeChange:
    """A grade that the review changed 等级变动; `down` says by how many labels it worsened (negative: bettered)."""

    scale: str
    before: str | None
    after: str | None
    down: int | None

    def as_json(self) -> dict[str, Any]:
        """A plain mapping."""
        return {"scale": self.scale, "self": self.before, "review": self.after, "down": self.down}


@frozen
class Reconciled:
    """One record that was scored by itself and by its reviewers.

    `elsewhere` is what the items do not account for of the whole difference: gates, adjustments, rounding, rulings on
    groups; `reasons` are those of it. `penalty` is what the scheme's table makes of the whole deviation.
    """

    record: str
    scores: Deviation
    penalty: Fraction | None
    items: tuple[ItemDeviation, ...]
    grades: tuple[GradeChange, ...]
    elsewhere: Fraction | None
    reasons: tuple[Reason, ...] = ()

    @property
    def changed(self) -> tuple[ItemDeviation, ...]:
        """The items whose score the review changed, or that only one side has."""
        return tuple(i for i in self.items if i.scores.differ)

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, numbers as strings."""
        return {
            "record": self.record,
            **self.scores.as_json(),
            "penalty": text(self.penalty),
            "grade_changes": [g.as_json() for g in self.grades],
            "items": [i.as_json() for i in self.items],
            "deductions": [i.path for i in self.items if (i.scores.taken_off or 0) > 0],
            "elsewhere": text(self.elsewhere),
            "reasons": [r.as_json() for r in self.reasons],
        }


@frozen
class Reconciliation:
    """Self-scores held against re-scores 复核比对: every record that both have, and what only one has."""

    scheme: Scheme = field(repr=False)
    records: tuple[Reconciled, ...]
    not_reviewed: tuple[str, ...] = ()
    without_self: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def declared(self) -> Reconciling:
        """How the scheme declares it."""
        declared = self.scheme.procedures.reconciling
        assert declared is not None
        return declared

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many records came to each outcome, in the order of the table."""
        labels = self.declared.outcome.labels if self.declared.outcome else ()
        counted = Counter(r.scores.outcome for r in self.records)
        return {label: counted[label] for label in labels}

    @property
    def worst(self) -> Reconciled | None:
        """The record that deviates most, either way; of equal ones the first."""
        told = [r for r in self.records if r.scores.deviation is not None]
        return max(told, key=lambda r: abs(Fraction(r.scores.deviation or 0)), default=None)

    @property
    def mean(self) -> Fraction | None:
        """The mean of the absolute deviations 平均偏差率."""
        told = [abs(d) for r in self.records if (d := r.scores.deviation) is not None]
        return sum(told, Fraction(0)) / len(told) if told else None

    def as_json(self) -> dict[str, Any]:
        """Plain data, numbers as strings."""
        scheme, declared = self.scheme, self.declared
        return {
            "scheme": {"id": scheme.id, "edition": scheme.edition, "digest": scheme.digest},
            "records": [r.as_json() for r in self.records],
            "not_reviewed": list(self.not_reviewed),
            "without_self": list(self.without_self),
            "set_aside": [each.as_json() for each in self.set_aside],
            "count": {
                "matched": len(self.records),
                "not_reviewed": len(self.not_reviewed),
                "without_self": len(self.without_self),
                "set_aside": len(self.set_aside),
                "changed": sum(bool(r.scores.taken_off) for r in self.records),
                "grades_changed": sum(bool(r.grades) for r in self.records),
                "outcomes": dict(self.outcomes),
            },
            "mean_deviation": text(self.mean),
            "clause": declared.provenance.clause,
            "provenance": declared.provenance.status,
            "findings": [f.as_json() for f in self.findings],
        }

    def summary(self, lang: Language = "zh") -> list[str]:
        """In a few sentences: how many, how far apart, and what follows."""
        zh = lang == "zh"
        matched, changed = len(self.records), sum(bool(r.scores.taken_off) for r in self.records)
        graded = sum(bool(r.grades) for r in self.records)
        if zh:
            said = [f"复核 {matched} 个，改分 {changed} 个，等级变动 {graded} 个；未复核 {len(self.not_reviewed)} 个。"]
        else:
            said = [
                f"{matched} reviewed: {changed} with another score, {graded} with another grade; "
                f"{len(self.not_reviewed)} not reviewed."
            ]
        worst = self.worst
        if worst is not None and self.mean is not None and worst.scores.deviation is not None:
            mean, most = percent(self.mean), percent(worst.scores.deviation)
            said.append(
                f"平均偏差率（绝对值）{mean}，最大 {most}（{worst.record}）。"
                if zh
                else f"Mean absolute deviation {mean}, largest {most} ({worst.record})."
            )
        if self.outcomes:
            told = ("，" if zh else ", ").join(f"{label} {count}" for label, count in self.outcomes.items())
            said.append(f"{'处理：' if zh else 'Outcomes: '}{told}{'。' if zh else '.'}")
        return said


def signed(value: Fraction | None) -> str:
    """A difference for readers."""
    return "—" if value is None else ("+" if value > 0 else "") + number(value)
