"""The standard workload for speed: one scheme of any width and one plain record for it, so that figures from
different days can be set beside each other.

Twenty leaves make 100 points: ten capped ratios, five bands on a ratio, three deductions per count and two
tiers. Wider schemes repeat these twenty.
"""

from collections.abc import Iterator
from typing import Literal

Kind = Literal["ratio", "bands", "count", "tier"]

RATIO_POINTS = (6, 5, 5, 4, 6, 5, 5, 4, 5, 5)
MIX: tuple[tuple[Kind, int], ...] = (
    *(("ratio", points) for points in RATIO_POINTS),
    *(("bands", 6) for _ in range(5)),
    *(("count", 4) for _ in range(3)),
    *(("tier", 4) for _ in range(2)),
)


def scheme_text(*, groups: int = 4, leaves: int = 5, salt: str = "甲") -> str:
    """A scheme file of `groups` × `leaves` indicators in the mix above.

    The salt goes into every name, so that nothing remembered from one text helps with another.
    """
    total = sum(MIX[n % len(MIX)][1] for n in range(groups * leaves))
    return "\n".join([*_head(groups * leaves, salt), *_tree(groups, leaves, total, salt), *_foot(total), ""])


def record(*, groups: int = 4, leaves: int = 5, salt: str = "甲") -> dict[str, int]:
    """A record for that scheme: 87 of each target of 100, two counts, tier 2. It scores 82.9 of 100."""
    values = {"目标": 100, "实际": 87, "次数": 2, "档次": 2}
    return {f"{what}{salt}{n}": values[what] for n in range(groups * leaves) for what in _inputs(MIX[n % len(MIX)][0])}


def _inputs(kind: Kind) -> dict[str, str]:
    match kind:
        case "ratio" | "bands":
            amount = "{kind: number, unit: 万元, min: 0}"
            return {"实际": amount, "目标": amount}
        case "count":
            return {"次数": "{kind: number, min: 0, decimals: 0}"}
        case "tier":
            return {"档次": "{kind: number, min: 1, max: 4, decimals: 0}"}


def _head(width: int, salt: str) -> Iterator[str]:
    yield "perfrules: 1"
    yield f"scheme: example.workload-{width}"
    yield "title: 标准负载"
    yield 'edition: "2024"'
    yield "effective: 2024-01-01"
    yield "sources:"
    yield "  细则: {title: 标准负载细则, document: 示例〔2024〕1号, issuer: 示例县财政局, date: 2024-01-01}"
    yield "clause: 细则"
    yield "inputs:"
    for n in range(width):
        for what, kind in _inputs(MIX[n % len(MIX)][0]).items():
            yield f"  {what}{salt}{n}: {kind}"


def _tree(groups: int, leaves: int, total: int, salt: str) -> Iterator[str]:
    yield "tree:"
    yield "  id: 总分"
    yield f"  points: {total}"
    yield "  leaves: {missing: refuse, undefined: zero, round: 2}"
    yield "  children:"
    for group in range(groups):
        numbers = range(group * leaves, (group + 1) * leaves)
        yield f"    分组{salt}{group}:"
        yield f"      points: {sum(MIX[n % len(MIX)][1] for n in numbers)}"
        yield f"      clause: 细则 第{group + 1}条"
        yield "      children:"
        for n in numbers:
            yield from _leaf(n, salt)


def _leaf(n: int, salt: str) -> Iterator[str]:
    kind, points = MIX[n % len(MIX)]
    yield f"        指标{salt}{n}:"
    yield f"          points: {points}"
    yield f"          clause: 细则 附表第{n + 1}行"
    match kind:
        case "ratio":
            yield f"          formula: min(实际{salt}{n} / 目标{salt}{n}, 1) * points"
        case "bands":
            yield "          bands:"
            yield f"            of: 实际{salt}{n} / 目标{salt}{n}"
            yield "            from: {90%: points, 80%: 80% * points, 60%: 60% * points, else: 0}"
        case "count":
            yield f"          formula: max(points - 0.5 * 次数{salt}{n}, 0)"
        case "tier":
            yield "          cases:"
            yield f"            档次{salt}{n} == 1: points"
            yield f"            档次{salt}{n} == 2: 80% * points"
            yield f"            档次{salt}{n} == 3: 60% * points"
            yield "            else: 0"


def _foot(total: int) -> Iterator[str]:
    labels = {90: "优", 80: "良", 60: "中"}
    cuts = ", ".join(f"{total * share // 100}: {label}" for share, label in labels.items())
    yield "grades:"
    yield f"  等级: {{bands: {{of: 总分, from: {{{cuts}, else: 差}}}}}}"
