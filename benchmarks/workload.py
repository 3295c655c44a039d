"""The standard workload for speed: one scheme, in variants and of any width and depth, so that figures from different
days can be set beside each other. Its records are made by `records.py`.

Twenty leaves in four groups of five make 100 points: ten capped ratios, five bands on a ratio, three deductions per
count and two tiers, each rounded to 0.01. Wider schemes repeat these twenty, deeper ones nest the groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["ratio", "bands", "count", "tier"]
Variant = Literal["rounded", "unrounded", "full"]
"""Whether each leaf is rounded, or the total alone, or whether everything a scheme can ask for is on."""

RATIO_POINTS = (6, 5, 5, 4, 6, 5, 5, 4, 5, 5)
MIX: tuple[tuple[Kind, int], ...] = (
    *(("ratio", points) for points in RATIO_POINTS),
    *(("bands", 6) for _ in range(5)),
    *(("count", 4) for _ in range(3)),
    *(("tier", 4) for _ in range(2)),
)
SPREAD = MIX[::2] + MIX[1::2]
"""The same twenty, so ordered that every ten of them hold half of each sort: for schemes of other widths."""

GRADES = {90: "优", 80: "良", 60: "中"}
LOWEST = "差"
BANDS = {90: 100, 80: 80, 60: 60}
"""Attainment in percent from which so many percent of the points are given."""
TIERS = {1: 100, 2: 80, 3: 60}
"""The percent of the points by tier; none beyond."""


@dataclass(frozen=True)
class Leaf:
    """One indicator: its number, its sort, its points, and what it reads and is called."""

    number: int
    kind: Kind
    points: int
    salt: str = "甲"

    @property
    def name(self) -> str:
        """What it is called in the tree."""
        return f"指标{self.salt}{self.number}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The inputs that it reads."""
        words = {"ratio": ("实际", "目标"), "bands": ("实际", "目标"), "count": ("次数",), "tier": ("档次",)}
        return tuple(f"{word}{self.salt}{self.number}" for word in words[self.kind])


@dataclass(frozen=True)
class Layout:
    """What the tree looks like: groups of leaves, and how many levels stand above each leaf."""

    groups: tuple[tuple[Leaf, ...], ...]
    salt: str = "甲"
    levels: int = 2

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Every leaf in order."""
        return tuple(leaf for group in self.groups for leaf in group)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every input in order."""
        return tuple(name for leaf in self.leaves for name in leaf.reads)

    @property
    def points(self) -> int:
        """The points of the whole."""
        return sum(leaf.points for leaf in self.leaves)

    @property
    def cuts(self) -> dict[int, str]:
        """The least total for each grade but the lowest."""
        return {self.points * share // 100: label for share, label in GRADES.items()}

    def group(self, number: int, level: int = 2) -> str:
        """What a group is called; deeper ones beneath it say their level."""
        return f"分组{self.salt}{number}" + (f"层{level}" if level > 2 else "")

    @property
    def nodes(self) -> list[tuple[str, str]]:
        """The name and path of every node but the root, a group before what it holds."""
        return list(self._nodes())

    def _nodes(self) -> Iterator[tuple[str, str]]:
        for number, group in enumerate(self.groups):
            path = ""
            for level in range(2, self.levels + 1):
                name = self.group(number, level)
                path = f"{path}/{name}" if path else name
                yield name, path
            for leaf in group:
                yield leaf.name, f"{path}/{leaf.name}"


def layout(
    *,
    groups: int = 4,
    leaves: int = 5,
    salt: str = "甲",
    levels: int = 2,
    mix: tuple[tuple[Kind, int], ...] = MIX,
) -> Layout:
    """The layout of `groups` × `leaves` indicators of the mix, in that order."""
    return Layout(
        tuple(
            tuple(Leaf(n, *mix[n % len(mix)], salt) for n in range(g * leaves, (g + 1) * leaves)) for g in range(groups)
        ),
        salt,
        levels,
    )


STANDARD = layout()


def wide(width: int) -> Layout:
    """So many leaves of the same mix in groups of five."""
    return layout(groups=width // 5, mix=SPREAD)


def deep(levels: int) -> Layout:
    """The standard leaves under so many levels."""
    return layout(levels=levels)


# ---------------------------------------------------------------------------------------------- schemes as text


def scheme_text(*, groups: int = 4, leaves: int = 5, salt: str = "甲") -> str:
    """A scheme file of `groups` × `leaves` indicators in the standard mix.

    The salt goes into every name, so that nothing remembered from one text helps with another.
    """
    return text_of(layout(groups=groups, leaves=leaves, salt=salt))


def text_of(of: Layout, variant: Variant = "rounded", *, unit: str = "万元") -> str:
    """The scheme file of a layout; amounts are in that unit, 万元 with four decimals or 元 without any."""
    lines = [*_head(of, variant, unit), *_tree(of, variant), *_grades(of, variant)]
    if variant == "full":
        lines += _checks(of)
    return "\n".join([*lines, ""])


def record(*, groups: int = 4, leaves: int = 5, salt: str = "甲") -> dict[str, int]:
    """A record for `scheme_text`: 87 of each target of 100, two counts, tier 2. It scores 82.9 of 100."""
    values = {"目标": 100, "实际": 87, "次数": 2, "档次": 2}
    return {name: values[name[:2]] for name in layout(groups=groups, leaves=leaves, salt=salt).inputs}


def _head(of: Layout, variant: Variant, unit: str) -> Iterator[str]:
    yield "perfrules: 1"
    yield f"scheme: example.workload-{len(of.leaves)}"
    yield "title: 标准负载"
    yield 'edition: "2024"'
    yield "effective: 2024-01-01"
    yield "sources:"
    yield "  细则: {title: 标准负载细则, document: 示例〔2024〕1号, issuer: 示例县财政局, date: 2024-01-01}"
    yield "clause: 细则"
    yield "inputs:"
    for leaf in of.leaves:
        for name in leaf.reads:
            yield f"  {name}: {_input(name, unit)}"
    if variant == "full":
        for number, group in enumerate(of.groups):
            yield f"  不适用{of.salt}{number}: {{kind: number, min: 0, max: {len(group)}, decimals: 0}}"
        yield f"  重大事故{of.salt}: {{kind: boolean}}"
        yield f"  示范{of.salt}: {{kind: boolean}}"
        yield f"  迟报天数{of.salt}: {{kind: number, min: 0, decimals: 0}}"


def _input(name: str, unit: str) -> str:
    match name[:2]:
        case "次数":
            return "{kind: number, min: 0, decimals: 0}"
        case "档次":
            return "{kind: number, min: 1, max: 4, decimals: 0}"
        case _:
            return f"{{kind: number, unit: {unit}, min: 0}}"


def _tree(of: Layout, variant: Variant) -> Iterator[str]:
    policies = {
        "rounded": "{missing: refuse, undefined: zero, round: 2}",
        "unrounded": "{missing: refuse, undefined: zero}",
        "full": "{missing: zero, undefined: zero, not_applicable: exclude, round: 2}",
    }
    yield "tree:"
    yield "  id: 总分"
    yield f"  points: {of.points}"
    yield f"  leaves: {policies[variant]}"
    if variant != "rounded":
        yield "  round: 2"
    if variant == "full":
        yield "  rescale: true"
        yield "  adjustments:"
        yield f"    示范加分: {{formula: 2 if 示范{of.salt} else 0, between: [0, 2]}}"
        yield f'    迟报扣分: {{formula: "max(-0.5 * 迟报天数{of.salt}, -5)", between: [-5, 0]}}'
        yield "  gates:"
        yield f"    重大事故一票: {{when: 重大事故{of.salt}, at_most: 59}}"
    yield "  children:"
    for number, group in enumerate(of.groups):
        for level in range(2, of.levels + 1):
            indent = "    " * (level - 1)
            yield f"{indent}{of.group(number, level)}:"
            yield f"{indent}  points: {sum(leaf.points for leaf in group)}"
            if level == 2:
                yield f"{indent}  clause: 细则 第{number + 1}条"
            yield f"{indent}  children:"
        for place, leaf in enumerate(group, start=1):
            applies = [f"applies_when: 不适用{of.salt}{number} != {place}"] if variant == "full" else []
            yield from ("    " * of.levels + line for line in _leaf(leaf, applies))


def _leaf(leaf: Leaf, more: list[str]) -> Iterator[str]:
    yield f"{leaf.name}:"
    yield f"  points: {leaf.points}"
    yield f"  clause: 细则 附表第{leaf.number + 1}行"
    for line in more:
        yield f"  {line}"
    match leaf.kind:
        case "ratio":
            yield f"  formula: min({leaf.reads[0]} / {leaf.reads[1]}, 1) * points"
        case "bands":
            cuts = ", ".join(
                f"{cut}%: {'points' if give == 100 else f'{give}% * points'}" for cut, give in BANDS.items()
            )
            yield "  bands:"
            yield f"    of: {leaf.reads[0]} / {leaf.reads[1]}"
            yield f"    from: {{{cuts}, else: 0}}"
        case "count":
            yield f"  formula: max(points - 0.5 * {leaf.reads[0]}, 0)"
        case "tier":
            yield "  cases:"
            for tier, give in TIERS.items():
                yield f"    {leaf.reads[0]} == {tier}: {'points' if give == 100 else f'{give}% * points'}"
            yield "    else: 0"


def _grades(of: Layout, variant: Variant) -> Iterator[str]:
    cuts = ", ".join(f"{cut}: {label}" for cut, label in of.cuts.items())
    yield "grades:"
    if variant != "full":
        yield f"  等级: {{bands: {{of: 总分, from: {{{cuts}, else: {LOWEST}}}}}}}"
        return
    yield "  等级:"
    yield f"    bands: {{of: 总分, from: {{{cuts}, else: {LOWEST}}}}}"
    yield f"    gates: {{短板: {{when: {of.group(2)} < {SHORT}, no_better_than: 中}}}}"
    first = ", ".join(f"{cut}: {label}" for cut, label in FIRST_CUTS.items())
    yield f"  首组等级: {{bands: {{of: {of.group(0)}, from: {{{first}, else: {LOWEST}}}}}}}"


def _checks(of: Layout) -> Iterator[str]:
    (actual, target), (spent, budget) = of.leaves[0].reads, of.leaves[1].reads
    yield "checks:"
    yield f"  远超目标: {{holds: {actual} <= {FAR}% * {target}, severity: remark}}"
    yield f"  无预算不得有支出: {{holds: {budget} > 0 or {spent} == 0, severity: error}}"


SHORT = 12
"""Below so many points of the third group no grade is better than the third best (full variant)."""
FIRST_CUTS = {24: "优", 20: "良", 15: "中"}
"""The second scale of the full variant, of the first group's score."""
FAR = 120
"""An actual beyond so many percent of its target is remarked upon (full variant)."""

FORM_TEXT = """
perfrules: 1
scheme: example.workload-forms
title: 标准负载·自评表
edition: "2024"
effective: 2024-01-01
key: 编号
sources:
  细则: {title: 标准负载细则, document: 示例〔2024〕1号, issuer: 示例县财政局, date: 2024-01-01}
clause: 细则
inputs:
  全年预算数: {kind: number, unit: 万元, min: 0}
  全年执行数: {kind: number, unit: 万元, min: 0}
rows:
  指标行:
    name: 三级指标
    columns:
      一级指标: {kind: choice, choices: [产出, 效益, 满意度]}
      三级指标: {kind: text}
      分值: {kind: number, min: 0}
      性质: {kind: choice, choices: [≥, ≤]}
      目标值: {kind: number, min: 0}
      完成值: {kind: number, min: 0}
    points: 分值
    cases:
      性质 == '≥': min(完成值 / 目标值, 1) * points
      性质 == '≤' and 完成值 <= 目标值: points
      性质 == '≤': max(points * (1 - (完成值 - 目标值) / 目标值), 0)
    missing: refuse
    undefined: zero
    round: 2
tree:
  id: 总分
  points: 100
  children:
    预算执行率: {points: 10, formula: "min(全年执行数 / 全年预算数, 1) * points", missing: refuse, undefined: zero, round: 2}
    产出: {points: 50, rows: 指标行, where: 一级指标 == '产出'}
    效益: {points: 30, rows: 指标行, where: 一级指标 == '效益'}
    满意度: {points: 10, rows: 指标行, where: 一级指标 == '满意度'}
grades:
  等级: {bands: {of: 总分, from: {90: 优, 80: 良, 60: 中, else: 差}}}
"""
"""Self-evaluation forms: a record brings eight rows, which state their own points, targets and direction."""

FORM_ROWS = (
    ("产出", 15, "≥"),
    ("产出", 15, "≥"),
    ("产出", 10, "≤"),
    ("产出", 10, "≥"),
    ("效益", 10, "≥"),
    ("效益", 10, "≥"),
    ("效益", 10, "≤"),
    ("满意度", 10, "≥"),
)
"""The rows of every form: the group, the points, and the direction."""
