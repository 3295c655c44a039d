"""The audit of a document's own figures 文件数据核对: every relation among them worked out, exactly, and nothing repaired.

A published figure agrees with the computed one where they are equal, or where the computed one, rounded half up at the
place that the figure is printed to, is the figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from attrs import evolve, field, frozen

from perfrules import formula, nodes, plugins, scoring, verbs
from perfrules.findings import Finding, Language, SchemeError, nearest
from perfrules.formula import Formula
from perfrules.model import Datum, Hole, Record
from perfrules.numbers import RoundingMode, published
from perfrules.plan import Step
from perfrules.plugins import SchemeFile
from perfrules.procedures.facts_file import DocumentFigure, Fact, Facts, cells, load_facts
from perfrules.procedures.figures import Printed
from perfrules.ranges import Analysis, Found, Numbers, point
from perfrules.readings.prose import number
from perfrules.scorecards import hole_words

Verdict = Literal["agree", "conflict", "undecidable"]
VERDICTS: tuple[Verdict, ...] = ("agree", "conflict", "undecidable")


@frozen
class Outcome:
    """What one check came to 核对结果.

    Numbers are in the unit that the published figure is printed in. `rounding` makes the published figure out of the
    computed one: half up where they agree without being equal, cut off (down) or up where only that would do.
    `slack` says that figures which are themselves rounded can make up the difference.
    """

    fact: Fact
    verdict: Verdict
    published: str | None
    computed: str | None
    difference: str | None
    unit: str
    rounding: RoundingMode | None
    slack: bool
    finding: Finding | None

    @property
    def name(self) -> str:
        """The name of the check."""
        return self.fact.name

    def note(self, lang: Language = "zh") -> str:
        """What is to say of the verdict, and the author's note."""
        return " ".join(filter(None, (self.finding.message(lang) if self.finding else "", self.fact.note)))

    def as_json(self, lang: Language = "zh") -> dict[str, Any]:
        """The outcome as plain data; numbers are exact strings."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "clause": self.fact.provenance.clause,
            "published": self.published,
            "computed": self.computed,
            "difference": self.difference,
            "unit": self.unit,
            "rounding": self.rounding,
            "slack": self.slack,
            "note": self.note(lang),
        }

    def render(self, lang: Language = "zh") -> str:
        """A conflict or what cannot be decided as lines of text, with the document's words and the author's note."""
        lines = [self.finding.render(lang)] if self.finding else [f"{self.verdict} {self.name}"]
        mark = self.fact.provenance
        told = ((_CLAUSE[lang], mark.clause or mark.why), (_NOTE[lang], self.fact.note))
        return "\n".join([*lines, *(f"  {word}{text}" for word, text in told if text)])


_CLAUSE: dict[Language, str] = {"zh": "原文：", "en": "In the document: "}
_NOTE: dict[Language, str] = {"zh": "说明：", "en": "Note: "}


@frozen
class FactsAudit:
    """What the facts of one document came to 文件数据核对结果; every check has one of three verdicts."""

    facts: Facts
    outcomes: tuple[Outcome, ...]
    distribution: str = ""
    version: str = ""

    def count(self, verdict: Verdict) -> int:
        """How many checks have a verdict."""
        return sum(o.verdict == verdict for o in self.outcomes)

    @property
    def agrees(self) -> bool:
        """Whether no figure conflicts with another."""
        return not self.count("conflict")


@frozen
class FactsReport:
    """The audits of several documents, and what is to say of files that could not be read."""

    audits: tuple[FactsAudit, ...]
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    def count(self, verdict: Verdict) -> int:
        """How many checks have a verdict, over all documents."""
        return sum(each.count(verdict) for each in self.audits)

    def as_json(self, lang: Language = "zh") -> dict[str, Any]:
        """The report as plain data: counts, every check, and the counts of each document."""
        return {
            **{verdict: self.count(verdict) for verdict in VERDICTS},
            "checks": [{**o.as_json(lang), "facts": each.facts.id} for each in self.audits for o in each.outcomes],
            "documents": [
                {
                    "facts": each.facts.id,
                    "title": each.facts.title,
                    "distribution": each.distribution,
                    "version": each.version,
                    **{verdict: each.count(verdict) for verdict in VERDICTS},
                }
                for each in self.audits
            ],
            "findings": [f.as_json() for f in self.findings],
        }


# ------------------------------------------------------------------------------------------------ whose facts


def audit_distribution(name: str, registry: plugins.Registry | None = None) -> FactsReport:
    """The audit of the facts of a distribution, of one document by its id, of a file, or of `all`.

    A file that cannot be read is told in findings, and the others are audited. Raises SchemeError for a name that
    nothing goes by.
    """
    known = registry or plugins.registry()
    audits: list[FactsAudit] = []
    found: list[Finding] = []
    for each in _files(name, known):
        try:
            facts = load_facts(each.path)
        except SchemeError as problem:
            found += problem.findings
            continue
        found += facts.findings
        audits.append(evolve(audit_facts(facts), distribution=each.distribution, version=each.version))
    if name == "all":
        found += known.findings
    return FactsReport(tuple(audits), tuple(found))


def _files(name: str, known: plugins.Registry) -> Sequence[SchemeFile]:
    if name == "all":
        return known.fact_files
    if Path(name).suffix in (".yaml", ".yml") or "/" in name:
        if not Path(name).is_file():
            raise SchemeError([Finding("file-not-found", None, "", {"file": name})])
        return [SchemeFile(Path(name), "", "")]
    ids = {each.path: _declared(each.path) for each in known.fact_files}
    chosen = [f for f in known.fact_files if name in (f.distribution, f.distribution.removeprefix("perfrules-"))]
    chosen = chosen or [f for f in known.fact_files if name == ids[f.path]]
    if not chosen:
        have = sorted({*(f.distribution for f in known.fact_files), *filter(None, ids.values())})
        seen = {"name": name, "have": "、".join([*have, "all"])}
        raise SchemeError([Finding("unknown-facts", None, "", seen, nearest(name, have))])
    return chosen


def _declared(path: Path) -> str:
    """The id that a file of facts plainly declares."""
    try:
        found = re.search(rb"^facts: *([^\s#'\"]+)", path.read_bytes(), re.MULTILINE)
    except OSError:
        return ""
    return found.group(1).decode("utf-8", "replace") if found else ""


# ------------------------------------------------------------------------------------------------ verdicts


def audit_facts(facts: Facts) -> FactsAudit:
    """The verdict on every check of a document."""
    return FactsAudit(facts, tuple(_Auditor(facts).outcomes()))


class _Auditor:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        formulas = [f for fact in facts.facts for f in (fact.published, fact.computed, fact.holds) if f is not None]
        steps = {f: Step(f"fact{i}__", f) for i, f in enumerate(formulas)}
        plan = evolve(verbs.plan(facts.scheme), steps=tuple(steps.values()))
        came = scoring.evaluate(plan, Record(facts.id, cells(facts))).values
        self.values = {f: came[step.name] for f, step in steps.items()}

    def outcomes(self) -> Iterable[Outcome]:
        for fact in self.facts.facts:
            match fact.kind:
                case "equal":
                    yield self.equal(fact)
                case "holds":
                    yield self.condition(fact)
                case "undecidable":
                    yield self.undecidable(fact, fact.why, fact.why)

    def equal(self, fact: Fact) -> Outcome:
        """A published figure against the one computed, at the published figure's own places."""
        assert fact.computed is not None
        print_, came = self.printed(fact), self.values[fact.computed]
        shown = print_.value
        for value in (shown, came):
            if isinstance(value, Hole):
                return self.undecidable(fact, hole_words(value), hole_words(value, "en"))
        way = print_.rounding_of(came)
        apart = _difference(shown, came)
        told = (print_.exact(shown), print_.exact(came), print_.exact(apart), print_.unit)
        if shown == came or way == "half_up":
            return Outcome(fact, "agree", *told, way, False, None)
        slack = isinstance(shown, Fraction) and self.slack(fact.computed, shown, print_.place)
        why = "slack" if slack and way is None else way if print_.cuts(came) else "differs"
        seen = {"name": fact.name, "published": print_.words(shown), "computed": print_.words(came)}
        seen |= {"how": _WAYS["zh"][why], "how_en": _WAYS["en"][why]}
        seen |= _other(None if apart is None else print_.apart(apart))
        return Outcome(fact, "conflict", *told, way, slack, Finding("figures-conflict", fact.location, fact.name, seen))

    def condition(self, fact: Fact) -> Outcome:
        """A condition that the figures must keep."""
        assert fact.holds is not None
        value, source = self.values[fact.holds], _one_line(fact.holds.source)
        if isinstance(value, Hole):
            return self.undecidable(fact, hole_words(value), hole_words(value, "en"))
        told = (source, self.filled(fact.holds), None, "", None, False)
        if value is True:
            return Outcome(fact, "agree", *told, None)
        seen = {"name": fact.name, "holds": source, "filled": self.filled(fact.holds)}
        return Outcome(fact, "conflict", *told, Finding("condition-broken", fact.location, fact.name, seen))

    def undecidable(self, fact: Fact, why: str, why_en: str) -> Outcome:
        """What no figures of the document can tell."""
        print_ = self.printed(fact)
        shown = None if isinstance(print_.value, Hole) else print_.exact(print_.value)
        seen = {"name": fact.name, "why": why.rstrip("。."), "why_en": why_en.rstrip("。.")}
        found = Finding("fact-undecidable", fact.location, fact.name, seen)
        return Outcome(fact, "undecidable", shown, None, None, print_.unit, None, False, found)

    # ------------------------------------------------------------------------------------------- figures

    def printed(self, fact: Fact) -> _Printed:
        """What a check's published figure is, in the unit that it is printed in and at the place that it is printed to.

        A formula is in the unit of its first figure that has one, and has places only where the check states them.
        """
        if fact.published is None:
            return _Printed(Hole("missing"))
        value = self.values[fact.published]
        figure = self.facts.figures.get(fact.published.source.strip())
        figures = [figure] if figure else [self.facts.figures[name] for name in fact.published.names]
        own = next((f for f in figures if f.unit is not None and f.unit.dimension), figure)
        scale, unit = (own.scale, own.unit.text if own.unit else "") if own else (Fraction(1), "")
        place = figure.place if figure else Fraction(0)
        if fact.places is not None:
            place = scale / Fraction(10) ** fact.places
        return _Printed(value, scale, unit, place, figure.shown if figure else "")

    def slack(self, computed: Formula, shown: Fraction, place: Fraction) -> bool:
        """Whether a difference lies within what the rounding of the figures behind it can make."""
        if computed.definitions:
            return False

        def read(name: str) -> Found:
            figure = self.facts.figures[name]
            if isinstance(figure.value, Fraction) and (half := _half(figure)):
                return Found(Numbers(figure.value - half, figure.value + half))
            return Found(None if figure.value is None else point(figure.value))

        found = Analysis(read, lambda _, __: Found(None)).find(computed.node).range
        if not isinstance(found, Numbers) or found.low is None or found.high is None or found.low == found.high:
            return False
        return found.low - place / 2 <= shown <= found.high + place / 2

    def filled(self, text: Formula) -> str:
        """A formula with the printed figures in the place of their names; where words are compared, figure by figure."""
        said = text.source
        names = [n for n in formula.walk(text.node) if isinstance(n, nodes.Name)]
        figures = {n.name: self.facts.figures[n.name] for n in names}
        if any(isinstance(f.value, str) for f in figures.values()):
            return ", ".join(f"{name} = {f.shown}" for name, f in figures.items())
        for node in sorted(names, key=lambda n: -n.at[0]):
            said = said[: node.at[0]] + self.facts.figures[node.name].shown + said[node.at[1] :]
        return _one_line(said)


@frozen
class _Printed:
    """A published figure: its value, what one of its unit is worth, the unit, one in its last place, its text."""

    value: Datum | Hole
    scale: Fraction = Fraction(1)
    unit: str = ""
    place: Fraction = Fraction(0)
    text: str = ""

    def rounding_of(self, came: Datum | Hole) -> RoundingMode | None:
        """The way of rounding that makes the published figure out of a computed one that is not it."""
        if not isinstance(self.value, Fraction) or not isinstance(came, Fraction) or not self.place:
            return None
        if self.value == came:
            return None
        return Printed(self.value, self.text, self.unit, self.place).rounding_of(came)

    def cuts(self, came: Datum | Hole) -> bool:
        """Whether a computed figure has more digits than this one is printed with."""
        return isinstance(came, Fraction) and bool(self.place) and (came / self.place).denominator != 1

    def exact(self, value: Datum | timedelta | Hole | None) -> str | None:
        """A figure for programs, in this unit."""
        match value:
            case Fraction():
                return published(value / self.scale)
            case date():
                return value.isoformat()
            case timedelta():
                return str(value.days)
            case str() | bool():
                return str(value)
            case _:
                return None

    def words(self, value: Datum | timedelta | Hole | None) -> str:
        """A figure for readers, in this unit, the published one as it is printed."""
        match value:
            case Fraction():
                return self.text if self.text and value == self.value else number(value / self.scale) + self.unit
            case timedelta():
                return f"{value.days} 天"
            case _:
                return self.exact(value) or "—"

    def apart(self, value: Fraction | timedelta | None) -> str:
        """A difference for readers: between percentages, in percentage points."""
        unit = "个百分点" if self.unit in ("%", "％") else self.unit
        return number(value / self.scale) + unit if isinstance(value, Fraction) else self.words(value)


def _half(figure: DocumentFigure) -> Fraction:
    """Half of what one in the last printed place is worth, where the figure may be rounded: counts are not."""
    may = "." in figure.text or (figure.unit is not None and figure.unit.factor != 1)
    return figure.place / 2 if may else Fraction(0)


def _difference(shown: object, came: object) -> Fraction | timedelta | None:
    """Published less computed, of numbers or of dates."""
    if isinstance(shown, Fraction) and isinstance(came, Fraction):
        return shown - came
    if isinstance(shown, date) and isinstance(came, date):
        return shown - came
    return None


def _other(apart: str | None) -> dict[str, str]:
    """How the other of two figures that conflict is told: numbers and dates are computed and so far apart, words are elsewhere."""
    if apart is None:
        return {"other": "另一处作", "other_en": "elsewhere as", "apart": "", "apart_en": ""}
    return {"other": "算得", "other_en": "computed as", "apart": f"，相差 {apart}", "apart_en": f": {apart} apart"}


def _one_line(text: str) -> str:
    return " ".join(text.split())


_WAYS: Mapping[Language, Mapping[str | None, str]] = {
    "zh": {"down": "截去尾数才得公布数。", "up": "一律进一才得公布数。", "slack": "参与计算的数本身经过舍入，可以解释这个差额。",
           "differs": "", None: "哪种舍入都得不出公布数。"},
    "en": {"down": "Only cutting off gives the published figure.", "up": "Only rounding up gives the published figure.",
           "slack": "Figures that went into it are themselves rounded, which can make up the difference.",
           "differs": "", None: "No rounding gives the published figure."},
}  # fmt: skip
