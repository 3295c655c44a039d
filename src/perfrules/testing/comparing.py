"""What a worked case says against what came: every figure that did not come out as worked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from attrs import frozen

from perfrules.findings import Language, visible
from perfrules.model import Frozen, Hole, NodeScore, Scorecard
from perfrules.numbers import published

STATES = ("absent", "refused", "described")


@frozen
class Difference:
    """One figure that did not come out as worked 不符: what it is of, what was expected, and what came."""

    what: str
    at: str
    expected: str
    got: str

    def message(self, lang: Language = "zh") -> str:
        """The difference in one language."""
        name = f"{_WHAT[self.what][lang]} {self.at}".strip()
        if lang == "zh":
            return visible(f"{name}：应为 {self.expected}，实为 {self.got}")
        return visible(f"{name}: expected {self.expected}, got {self.got}")


_WHAT: Mapping[str, Mapping[Language, str]] = {
    "points": {"zh": "总分", "en": "total"},
    "max": {"zh": "满分", "en": "full points"},
    "nodes": {"zh": "指标", "en": "indicator"},
    "grades": {"zh": "等级", "en": "grade"},
    "lights": {"zh": "灯", "en": "light"},
    "values": {"zh": "中间值", "en": "value"},
    "benchmarks": {"zh": "参照值", "en": "benchmark"},
    "findings": {"zh": "问题说明", "en": "findings"},
    "broken": {"zh": "不符的勾稽关系", "en": "broken checks"},
    "resting": {"zh": "所依据的分", "en": "points resting on"},
    "refused": {"zh": "拒收的缘由", "en": "reasons to refuse it"},
}


def differences(expected: Mapping[str, Any], card: Scorecard, cohort: Mapping[str, Frozen]) -> Iterator[Difference]:
    """Whatever a scorecard has otherwise than was expected; `cohort` are the benchmarks it was scored by."""
    if "refused" in expected:
        yield Difference("refused", "", listed(expected["refused"]), "—")
    for key, came in (("points", card.points), ("max", card.max)):
        if key in expected:
            yield from _compared(key, "", expected[key], came)
    for path, wanted in expected.get("nodes", {}).items():
        node = _node(card, path)
        if node is None:
            yield Difference("nodes", path, _told(wanted), "—")
        else:
            yield from _compared("nodes", path, wanted, node.score if node.state == "scored" else node.state)
    for path, wanted in expected.get("lights", {}).items():
        node = _node(card, path)
        yield from _compared("lights", path, wanted, "—" if node is None else node.grade)
    for name, wanted in expected.get("grades", {}).items():
        yield from _compared("grades", name, wanted, card.grades.get(name, "—"))
    for name, wanted in expected.get("values", {}).items():
        yield from _compared("values", name, wanted, card.values.get(name, "—"))
    for name, wanted in expected.get("benchmarks", {}).items():
        groups = wanted if isinstance(wanted, Mapping) else {"": wanted}
        for group, each in groups.items():
            frozen_at = cohort[name].values.get(group) if name in cohort else None
            yield from _compared("benchmarks", f"{name} {group}".strip(), each, frozen_at)
    for status, wanted in expected.get("resting", {}).items():
        yield from _compared("resting", status, wanted, card.resting.get(status, Fraction(0)))
    broken = {f.seen["check"] for f in card.findings if f.name == "check-broken"}
    for key, came_set in (("findings", {f.name for f in card.findings}), ("broken", broken)):
        if key in expected and set(map(str, expected[key])) != came_set:
            yield Difference(key, "", listed(expected[key]), listed(came_set))


def _node(card: Scorecard, path: str) -> NodeScore | None:
    """The node at a path, or of a name."""
    try:
        return card[path]
    except KeyError:
        return None


def _compared(what: str, at: str, wanted: Any, came: Any) -> Iterator[Difference]:
    """Nothing where what came is what was wanted; `~` wants that there is no figure, whatever the reason."""
    if isinstance(came, Hole) and wanted not in (None, came.kind):
        yield Difference(what, at, _told(wanted), came.kind)
    elif wanted is None:
        if came is not None and not isinstance(came, Hole) and came not in STATES:
            yield Difference(what, at, "—", _told(came))
    elif isinstance(came, Fraction):
        if _number(wanted) != came:
            yield Difference(what, at, _told(wanted), _told(came))
    elif isinstance(came, bool):
        if _told(wanted) != _told(came):
            yield Difference(what, at, _told(wanted), _told(came))
    elif not isinstance(came, Hole) and str(wanted) != str(came if came is not None else "—"):
        yield Difference(what, at, _told(wanted), _told(came))


def _number(wanted: Any) -> Fraction | None:
    try:
        text = str(wanted)
        return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def _told(value: Any) -> str:
    match value:
        case None:
            return "—"
        case bool():
            return "是" if value else "否"
        case Fraction():
            return published(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)


def listed(names: Iterable[Any]) -> str:
    return "、".join(sorted(map(str, names))) or "—"
