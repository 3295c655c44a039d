"""What tells a scheme from its mutant 分辨: a record that they score differently, as small as it may be, and where they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from attrs import evolve, frozen

from perfrules import verbs
from perfrules.findings import Language, RecordError, visible
from perfrules.model import Hole, NodeScore, Scheme, Scorecard
from perfrules.numbers import published
from perfrules.scorecards import HOLES
from perfrules.testing.generation import Generated
from perfrules.testing.recording import but, flow, plainly

_WORDS: Mapping[str, Mapping[Language, str]] = {
    "absent": {"zh": "不计", "en": "not counted"},
    "described": {"zh": "只列示，不计分", "en": "shown, not scored"},
    "unread": {"zh": "记录拒收", "en": "the record refused"},
}
"""States of a node, or of a record, that are no kind of hole."""


@frozen
class Figure:
    """What a scorecard says at one place: a score, grade or value, or the word for why there is none."""

    at: str
    said: str
    of: str = ""
    grade: str = ""

    def told(self, lang: Language) -> str:
        """The figure in one language."""
        said = _WORDS[self.said][lang] if self.said in _WORDS else HOLES[lang].get(self.said, self.said)
        out = f" / {self.of}" if self.of else ""
        return visible(f"{self.at} {said}{out} {self.grade}".strip())


@frozen
class Apart:
    """A record that tells 可分辨的记录, where it does first, and what the scheme and its mutant say there."""

    found: Generated
    was: Figure
    became: Figure

    def message(self, lang: Language) -> str:
        """What the record would tell, and the record as a case has it."""
        told = {"zh": "有记录可以分辨：原为", "en": "a record would tell: it was"}[lang]
        lines = [f"{told} {self.was.told(lang)} → {self.became.told(lang)}"]
        lines.append(visible(f"record: {flow(plainly(self.found.record))}"))
        if self.found.cohort is not None:
            others = (flow(but(plainly(other), plainly(self.found.record))) for other in self.found.cohort)
            lines.append(visible(f"cohort: [{', '.join(others)}]"))
        return "\n".join(f"    {line}" for line in lines)


def scored(scheme: Scheme, each: Generated) -> Scorecard | None:
    """The scorecard of a record, over its cohort where it has one; None where the record is refused."""
    try:
        cohort = None if each.cohort is None else verbs.freeze(scheme, [each.record, *each.cohort])
        return verbs.score(scheme, each.record, benchmarks=cohort)
    except RecordError:
        return None


def apart(each: Generated, card: Scorecard | None, other: Scorecard | None) -> Apart | None:
    """Where the scorecards of a record by a scheme and by its mutant differ: in a row or leaf first, then in what is above,
    in a grade, in a value. None where they do not."""
    if card is None or other is None:
        differ = (card is None) != (other is None)
        return Apart(each, _whole(card), _whole(other)) if differ else None
    pairs = list(zip(card.nodes, other.nodes, strict=False))
    ends = [pair for pair in pairs if pair[0].role in ("leaf", "row")]
    for mine, its in (*ends, *reversed(pairs)):
        if _of_node(mine) != _of_node(its) or (mine.path, mine.state) != (its.path, its.state):
            return Apart(each, _of_node(mine), _of_node(its))
    if len(card.nodes) != len(other.nodes):
        return Apart(each, _whole(card), _whole(other))
    for mine_by, its_by in ((card.grades, other.grades), (card.values, other.values)):
        for name, value in mine_by.items():
            if its_by.get(name) != value:
                return Apart(each, _of_value(name, value), _of_value(name, its_by.get(name)))
    return None


def smallest(scheme: Scheme, changed: Scheme, told: Apart) -> Apart:
    """The same difference by a record without the cells and rows that it does not need."""
    shrunk = True
    while shrunk:
        shrunk = False
        for record in _without(told.found.record):
            each = evolve(told.found, record=record)
            less = apart(each, scored(scheme, each), scored(changed, each))
            if less is not None and (less.was, less.became) == (told.was, told.became):
                told, shrunk = less, True
                break
    return told


def _without(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A record with one thing less."""
    for name, value in record.items():
        yield {key: its for key, its in record.items() if key != name}
        for number in range(len(value)) if isinstance(value, list) and len(value) > 1 else ():
            yield {**record, name: [*value[:number], *value[number + 1 :]]}


def _of_node(node: NodeScore) -> Figure:
    said = node.state if node.score is None else published(node.score)
    of = published(node.points) if node.points is not None else ""
    return Figure(node.path or node.name, said, of, node.grade or "")


def _whole(card: Scorecard | None) -> Figure:
    return Figure("", "unread") if card is None else _of_node(card.nodes[0])


def _of_value(name: str, value: object) -> Figure:
    match value:
        case None:
            return Figure(name, "—")
        case Fraction():
            return Figure(name, published(value))
        case Hole(kind=kind):
            return Figure(name, kind)
        case _:
            return Figure(name, str(value))
