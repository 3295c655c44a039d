"""Two stages of one year side by side 阶段对比: what moved, and what is behind the share of the year that has passed.

A scheme with `stages:` sees one object several times a year, such as its goals in January, its progress in summer and its
results in December. The scorecards of two stages are held against each other, node by node and value by value; the later
one also against the month: by the end of month 9, nine twelfths of the points that could be had then are due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Literal

from attrs import frozen

from perfrules.findings import Language
from perfrules.model import NodeScore, Scorecard
from perfrules.procedures.figures import fraction, text, words

Change = Literal["rose", "fell", "same", "appeared", "vanished", "without"]
"""How a figure stands to the one of the earlier stage; `without`: neither stage has one."""


@frozen
class Movement:
    """One figure at two stages 变动: the score of a node or the number of a value, and what was due of it by the month.

    `before`, `after` and `due` are None where there is no such figure; `due` is that of nodes with points only.
    """

    path: str
    name: str
    before: Fraction | None
    after: Fraction | None
    due: Fraction | None = None

    @property
    def change(self) -> Change:
        """Which way it went."""
        if self.before is None or self.after is None:
            return "without" if self.before == self.after else "appeared" if self.before is None else "vanished"
        return "same" if self.before == self.after else "rose" if self.before < self.after else "fell"

    @property
    def by(self) -> Fraction | None:
        """How far it moved 增减; None where one of the stages has no figure."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def behind(self) -> Fraction | None:
        """How much is wanting at the month 落后: 0 where it keeps up, None where nothing can be said."""
        return None if self.after is None or self.due is None else max(self.due - self.after, Fraction(0))

    def as_json(self) -> dict[str, Any]:
        """The movement as plain data, numbers as strings."""
        figures = {"before": self.before, "after": self.after, "by": self.by, "due": self.due, "behind": self.behind}
        return {"path": self.path, "name": self.name, "change": self.change} | {k: text(v) for k, v in figures.items()}


@frozen
class Comparison:
    """One object at two stages 阶段对比: every node and every number among the values, in the order of the scheme.

    `tips` are the paths of the nodes that nothing scored stands beneath: they tell what is behind, the others add it up.
    """

    record: str
    scheme: str
    edition: str
    scheme_digest: str
    stages: tuple[str, str]
    month: int
    nodes: tuple[Movement, ...]
    values: tuple[Movement, ...]
    tips: frozenset[str]

    @property
    def moved(self) -> tuple[Movement, ...]:
        """The nodes and values whose figure is another than before."""
        return tuple(m for m in (*self.nodes, *self.values) if m.change not in ("same", "without"))

    @property
    def behind(self) -> tuple[Movement, ...]:
        """The tips that are behind the month, those that want most first, ties in the order of the scheme."""
        late = [m for m in self.nodes if m.path in self.tips and m.behind]
        return tuple(sorted(late, key=lambda m: -(m.behind or 0)))

    @property
    def unknown(self) -> tuple[Movement, ...]:
        """The tips of which nothing can be said: they have no score at the later stage."""
        return tuple(m for m in self.nodes if m.path in self.tips and m.behind is None)

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain data, numbers as strings."""
        return {
            "record": self.record,
            "scheme": {"id": self.scheme, "edition": self.edition, "digest": self.scheme_digest},
            "before": self.stages[0],
            "after": self.stages[1],
            "month": self.month,
            "nodes": [m.as_json() for m in self.nodes],
            "values": [m.as_json() for m in self.values],
            "moved": [m.path for m in self.moved],
            "behind": [m.path for m in self.behind],
            "unknown": [m.path for m in self.unknown],
        }

    def render(self, lang: Language = "zh") -> str:
        """The comparison as lines of plain text: what moved, what is behind, and what cannot be said."""
        say, at = _WORDS[lang], (*self.stages, self.month)
        lines = [say["head"].format(self.record, self.scheme, *at)]
        lines += [say["moved"].format(len(self.moved))]
        lines += [f"  {_named(m)}  {words(m.before)} → {words(m.after)}" for m in self.moved]
        lines += [say["behind"].format(len(self.behind), self.month)]
        lines += [say["late"].format(_named(m), words(m.after), words(m.due), words(m.behind)) for m in self.behind]
        lines += [say["unknown"].format(len(self.unknown), self.stages[1])] if self.unknown else []
        return "\n".join([*lines, *(f"  {_named(m)}" for m in self.unknown)])


def compare(before: Scorecard, after: Scorecard, month: int) -> Comparison:
    """Two scorecards of one object by one scheme, at an earlier and a later stage; `month` (1 to 12) is that of the later.

    What is due is the month's share of the points that were possible at the later stage, so that what a stage does not
    ask for is never behind. Raises ValueError for scorecards of two objects or two schemes, and for no such month.
    """
    if (before.record, before.scheme_digest) != (after.record, after.scheme_digest):
        raise ValueError("scorecards of one object by one scheme, please: these two are not")
    if month not in range(1, 13):
        raise ValueError(f"month is 1 to 12, not {month}")
    passed = Fraction(month, 12)
    earlier = dict(_numbered(before.nodes))
    nodes = []
    for key, node in _numbered(after.nodes):
        then = earlier.pop(key, None)
        due = node.possible * passed if node.possible is not None and node.score is not None else None
        if node.state != "described":
            nodes.append(Movement(node.path, node.title or node.name, then.score if then else None, node.score, due))
    nodes += [Movement(n.path, n.title or n.name, n.score, None) for n in earlier.values()]
    figures = {name: (fraction(before.values.get(name)), fraction(value)) for name, value in after.values.items()}
    return Comparison(
        record=after.record,
        scheme=after.scheme,
        edition=after.edition,
        scheme_digest=after.scheme_digest,
        stages=(before.stage, after.stage),
        month=month,
        nodes=tuple(nodes),
        values=tuple(Movement(name, name, *pair) for name, pair in figures.items()),
        tips=frozenset(_tips(after.nodes)),
    )


def _numbered(nodes: Iterable[NodeScore]) -> Iterator[tuple[tuple[str, int], NodeScore]]:
    """The nodes by path, and by number where rows of one group have one name."""
    seen: Counter[str] = Counter()
    for node in nodes:
        seen[node.path] += 1
        yield (node.path, seen[node.path]), node


def _tips(nodes: Iterable[NodeScore]) -> Iterator[str]:
    """The paths of the nodes, depth first, that no node but described ones stands beneath."""
    counted = [n for n in nodes if n.state != "described"]
    for node, following in zip(counted, [*counted[1:], None], strict=True):
        if following is None or following.depth <= node.depth:
            yield node.path


def _named(movement: Movement) -> str:
    return movement.path or movement.name


_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "head": "{0}（{1}）：{2} → {3}，{4} 月",
        "moved": "有变动的 {0} 项",
        "behind": "落后于时间进度（{1}/12）的 {0} 项",
        "late": "  {0}  得分 {1}，应得 {2}，落后 {3}",
        "unknown": "{1}没有得分、无从判断的 {0} 项",
    },
    "en": {
        "head": "{0} ({1}): {2} → {3}, month {4}",
        "moved": "moved: {0}",
        "behind": "behind the month ({1}/12): {0}",
        "late": "  {0}  has {1}, due {2}, behind by {3}",
        "unknown": "without a score at {1}, so that nothing can be said: {0}",
    },
}
