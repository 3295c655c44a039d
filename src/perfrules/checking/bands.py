"""Bands as they are printed and meant: gaps between them, and cuts that lack their percent sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from perfrules import model, nodes
from perfrules.checking.forecast import Forecast, input_range
from perfrules.findings import Finding
from perfrules.formula import Formula
from perfrules.model import Scheme
from perfrules.numbers import published
from perfrules.plan import Plan
from perfrules.ranges import Numbers

Then = tuple[str, str]
"""What follows for a record in a gap, in 中文 and English."""
MISSING: Then = ("按缺失处理", "and counts as missing")
NO_GRADE: Then = ("没有等级", "and has no grade")
_POLICIES: Mapping[str, Then] = {
    "refuse": ("按缺失处理，没有得分", "counts as missing, and has no score"),
    "zero": ("按缺失处理，得 0 分", "counts as missing, and scores 0"),
    "full": ("按缺失处理，得满分", "counts as missing, and scores full points"),
    "exclude": ("按缺失处理，不计分值", "counts as missing, and is not counted"),
    "formula": ("按缺失处理，按 missing 的公式计分", "counts as missing, and is scored by the formula of `missing`"),
}


def becomes(policies: model.Policies) -> Then:
    """What becomes of what none of the bands takes, by the policy for what is missing."""
    return _POLICIES[policies.settled()[0].kind]


def band_gaps(
    plan: Plan, body: model.BandsBody, forecast: Forecast, arm: str, path: str, then: Then
) -> Iterator[Finding]:
    """Gaps between printed bands, told only where the quantity's own grid has a point in them, each at the band above it."""
    of = forecast.read(arm.removesuffix("__arm") + "__of").range
    each = _input(plan.scheme, body.of, forecast)
    grid = _grid(plan.scheme, body.of, each)
    bands = sorted((b for b in body.bands), key=lambda b: b.low or Fraction(0))
    low_end = of.low if isinstance(of, Numbers) else None
    high_end = of.high if isinstance(of, Numbers) else None
    first, last = bands[0], bands[-1]
    gaps: list[tuple[Fraction | None, Fraction | None, Fraction | None, model.Band]]
    gaps = [(_between(low_end, True, first.low, not first.low_in, grid), None, first.low, first)]
    gaps += [(_between(a.high, not a.high_in, b.low, not b.low_in, grid), a.high, b.low, b) for a, b in pairwise(bands)]
    gaps.append((_between(last.high, not last.high_in, high_end, True, grid), last.high, None, last))
    for shown, low, high, beside in gaps:
        if shown is None:
            continue
        below, above = ("" if end is None else _in_unit(end, each, beside) for end in (low, high))
        zh, en = f"{below} 与 {above} 之间", f"between {below} and {above}"
        if low is None:
            zh, en = f"低于 {above}", f"below {above}"
        elif high is None:
            zh, en = f"高于 {below}", f"above {below}"
        seen = {"gap": zh, "gap_en": en, "value": _in_unit(shown, each, beside), "then": then[0], "then_en": then[1]}
        yield Finding("bands-gap", beside.location, path, seen)


def _input(scheme: Scheme, of: Formula, forecast: Forecast) -> model.Input | None:
    """The input, or column of the rows at hand, that bands are of."""
    if not isinstance(of.node, nodes.Name):
        return None
    columns = scheme.rows[forecast.block.rows].columns if forecast.block is not None else ()
    return next((c for c in columns if c.name == of.node.name), scheme.inputs.get(of.node.name))


def _in_unit(value: Fraction, each: model.Input | None, band: model.Band) -> str:
    """A figure as records write it: in the unit of its input, a percentage where the bands are percentages."""
    percent = any(sign in band.written for sign in "%％")
    if percent or (each is not None and each.unit is not None and each.unit.text in ("%", "％")):
        return f"{published(value * 100)}%"
    if each is None or each.unit is None:
        return published(value)
    own = value / each.unit.factor if each.unit.percent else value / each.scale
    return f"{published(own)}{each.unit.text}"


def cuts_without_percent(plan: Plan) -> Iterator[Finding]:
    """Cuts such as `95` of an input in percent that is never more than 100%: meant is 95%."""
    scheme = plan.scheme
    held = [(n.path, n.holds.body if isinstance(n.holds, model.Group) else n.holds) for n in scheme.tree.walk()]
    held += [(v.name, v.body) for v in scheme.values.values()]
    held += [(g.name, g.body) for g in scheme.grades.values()]
    of_rows = [(k.name, k.body, k) for k in scheme.rows.values()]
    for path, body, kind in (*((path, body, None) for path, body in held), *of_rows):
        if not isinstance(body, model.BandsBody) or not isinstance(body.of.node, nodes.Name):
            continue
        name = body.of.node.name
        columns = {c.name: c for c in kind.columns} if kind is not None else {}
        each = columns.get(name) or scheme.inputs.get(name)
        of = input_range(each) if each is not None and each.unit is not None and each.unit.text in ("%", "％") else None
        if each is None or not isinstance(of, Numbers) or of.high is None:
            continue
        for band in body.bands:
            cuts = {"from": [band.low], "above": [band.low], "to": [band.high], "below": [band.high]}
            for cut in cuts.get(body.side, [band.low, band.high]):
                if cut is None or cut <= of.high or cut / 100 > of.high or "%" in band.written or "％" in band.written:
                    continue
                seen = {"cut": published(cut), "percent": f"{published(cut * 100)}%", "name": each.label}
                yield Finding(
                    "cut-without-percent", band.location, path, seen | {"most": f"{published(of.high * 100)}%"}
                )
                break


def _between(
    low: Fraction | None, low_free: bool, high: Fraction | None, high_free: bool, grid: Fraction | None
) -> Fraction | None:
    """A point between two edges, on the grid where there is one; None where there is none."""
    if low is None and high is None:
        return None
    if low is None:
        assert high is not None
        return high if high_free else high - (grid or 1)
    if high is None:
        return low if low_free else low + (grid or 1)
    if low > high or (low == high and not (low_free and high_free)):
        return None
    if grid is None:
        return low if low_free else high if high_free else (low + high) / 2
    first = -((-low / grid).__floor__()) * grid
    if first == low and not low_free:
        first += grid
    return first if first < high or (first == high and high_free) else None


def _grid(scheme: Scheme, of: Formula, each: model.Input | None) -> Fraction | None:
    """The grid of a quantity: of an input its decimals, of a value or node its rounding."""
    if each is not None:
        return None if each.decimals is None else Fraction(1, 10**each.decimals) * each.scale
    if not isinstance(of.node, nodes.Name):
        return None
    name = of.node.name
    places: int | None = None
    if name in scheme.values:
        rounding = scheme.values[name].round
        places = rounding.places if rounding else None
    else:
        rounding = next((n.round for n in scheme.tree.walk() if n.identifier == name), None)
        places = rounding.places if rounding else None
    return None if places is None else Fraction(1, 10**places)
