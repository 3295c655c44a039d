"""The difference of two schemes 体系比较: what changed, node by node, and over a population who gains or loses what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from attrs import field, frozen

from perfrules import scoring
from perfrules.findings import Language
from perfrules.model import Amendment, Scheme
from perfrules.procedures.changes import HEADER, Change, changes_between
from perfrules.procedures.population import ZERO, PopulationDiff, RecordChange, population_diff
from perfrules.readings.prose import number


@frozen
class SchemeDiff:
    """What changed from one scheme to another 体系比较结果, and over a population where one was given."""

    a: Scheme = field(repr=False)
    b: Scheme = field(repr=False)
    changes: tuple[Change, ...]
    population: PopulationDiff | None = None

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def amendments(self) -> tuple[Amendment, ...]:
        """The amendments that account for changes, in the order of the changes."""
        return tuple(dict.fromkeys(a for c in self.changes for a in c.amendments))

    @property
    def unexplained(self) -> tuple[Change, ...]:
        """Changes that no amendment says and that follow from none; what a scheme is called is not among them."""
        header = [c for c in self.changes if c.part == "scheme" and c.aspect in HEADER]
        return tuple(c for c in self.changes if not (c.amendments or c.follows) and c not in header)

    def as_json(self) -> dict[str, Any]:
        """The difference as plain data."""
        return {
            "a": _identity(self.a),
            "b": _identity(self.b),
            "changes": [c.as_json() for c in self.changes],
            "population": None if self.population is None else self.population.as_json(),
        }

    def render(self, lang: Language = "zh") -> str:
        """The difference as lines of text."""
        return "\n".join(_told(self, lang))

    def __str__(self) -> str:
        return self.render()


def _identity(scheme: Scheme) -> dict[str, str]:
    return {"id": scheme.id, "edition": scheme.edition, "title": scheme.title, "digest": scheme.digest}


def diff(a: Scheme, b: Scheme, population: str | Path | Iterable[Any] | None = None) -> SchemeDiff:
    """What changes from scheme `a` to scheme `b`, and for whom.

    `population` is a file of records, which each scheme reads for itself, or records: mappings or objects; a Record is
    taken as it is, where both schemes take the same data. Benchmarks are frozen over it. Raises RecordError.
    """
    scoring.must_be_scheme(a)
    scoring.must_be_scheme(b)
    changes, matching = changes_between(a, b)
    if population is None:
        return SchemeDiff(a, b, changes)
    return SchemeDiff(a, b, changes, population_diff(a, b, matching.pairs, population))


# ------------------------------------------------------------------------------------------------ in words


_KIND = {
    "zh": {"promoted": "升级", "demoted": "降级", "moved": "移动", "renamed": "改名", "reordered": "换序", "added": "新增",
           "removed": "删去", "changed": "改动"},
    "en": {},
}  # fmt: skip
_ASPECT = {
    "zh": {"points": "分值", "rule": "规则", "policy": "缺项处理", "rounding": "保留位数", "aggregation": "汇总方式",
           "provenance": "依据", "title": "名称", "unit": "单位", "severity": "轻重", "holds": "应成立", "labels": "等级",
           "edition": "版本", "effective": "施行日", "until": "失效日", "scheme": "编号", "parameters": "参数", "reason": "原因",
           "counts": "是否计入", "kind": "类型", "grade": "等级标准"},
    "en": {"scheme": "id"},
}  # fmt: skip
_PART = {
    "zh": {"node": "指标", "scheme": "体系", "inputs": "数据项", "rows": "指标行", "values": "中间值", "benchmarks": "参照值",
           "definitions": "定义", "grades": "等级标准", "checks": "勾稽关系", "published": "公布数", "sources": "文件",
           "ranking": "排名", "procedures": "评价程序"},
    "en": {},
}  # fmt: skip
_WORDS = {
    "zh": {
        "none": "没有变化。", "amendment": "    修订 {}（{}）", "follows": "（随之而变）", "root": "（总）", "colon": "：",
        "count": "共 {records} 条记录：得分增 {gain}，减 {lose}，不变 {same}，无得分 {without}，搁置 {set_aside}。",
        "total": "得分合计 {} → {}（{}）", "nodes": "各指标合计：", "grades": "{}：{} → {}，{} 条", "nobody": "无等级",
        "changes": "共 {} 处变化。", "records": "变化最大的记录：", "apart": "；", "otherwise": "加减分、否决、舍入等",
        "line": "    {}  {} → {}（{}）",
    },
    "en": {
        "none": "Nothing changes.", "amendment": "    amendment {} ({})", "follows": " (follows)", "root": "(the whole)",
        "colon": ": ",
        "count": "Records: {records}; gain {gain}, lose {lose}, same {same}, without a score {without}, set aside {set_aside}.",
        "total": "Scores add up to {} → {} ({})", "nodes": "By node:", "grades": "{}: {} → {}, records: {}",
        "nobody": "no grade", "changes": "Changes: {}.", "records": "Records that change most:", "apart": "; ",
        "otherwise": "adjustments, gates, rounding and the like", "line": "    {}  {} → {} ({})",
    },
}  # fmt: skip
_SHORT = 60
"""What is longer, in characters, is shown on lines of its own, or cut."""
_RECORDS = 10
"""So many records are shown; the JSON has them all."""


def _told(made: SchemeDiff, lang: Language) -> Iterator[str]:
    words = _WORDS[lang]
    yield " → ".join(f"{s.title} {s.id}" + (f"@{s.edition}" if s.edition else "") for s in (made.a, made.b))
    for each in made.changes:
        yield from _change(each, lang)
    yield words["changes"].format(len(made.changes)) if made.changes else words["none"]
    if made.population is not None:
        yield from _population(made.population, lang)


def _change(each: Change, lang: Language) -> Iterator[str]:
    words, colon = _WORDS[lang], _WORDS[lang]["colon"]
    what = _ASPECT[lang].get(each.aspect, each.aspect) or _KIND[lang].get(each.kind, each.kind)
    place = each.place.replace(f"{each.part}/", "") if each.part != "node" else each.place
    place = "" if each.part == "scheme" else f" {place if place != '/' else words['root']}"
    head = f"{what}  {_PART[lang].get(each.part, each.part)}{place}"
    tail = words["follows"] if each.follows else ""
    match each.kind:
        case "changed" if len(each.before) + len(each.after) > _SHORT:
            yield head + tail
            yield from (f"    {sign} {text}" for sign, text in (("−", each.before), ("+", each.after)) if text)
        case "changed" | "reordered":
            yield f"{head}{colon}{each.before or '—'} → {each.after or '—'}{tail}"
        case "added" | "removed":
            text = each.before or each.after
            yield head + colon + (text if len(text) <= _SHORT else text[:_SHORT] + "…") + tail
        case _:
            yield head + tail
    for amendment in each.amendments:
        yield words["amendment"].format(amendment.kind, amendment.clause.removeprefix("clause: ") or "—")


def _population(made: PopulationDiff, lang: Language) -> Iterator[str]:
    words = _WORDS[lang]
    yield ""
    yield words["count"].format_map(made.count)
    yield words["total"].format(number(made.before), number(made.after), _signed(made.after - made.before))
    for scale, table in made.grades.items():
        for (old, new), times in table.items():
            if old != new:
                yield words["grades"].format(scale, *(label or words["nobody"] for label in (old, new)), times)
    moved = [n for n in made.nodes if n.change and (n.path or n.to)]
    if moved:
        yield words["nodes"]
    for each in moved:
        place = " → ".join(dict.fromkeys(p or "—" for p in (each.path, each.to)))
        yield words["line"].format(place, number(each.before), number(each.after), _signed(each.change))
    most = sorted((r for r in made.both if r.change), key=lambda r: -abs(r.change or ZERO))[:_RECORDS]
    if most:
        yield words["records"]
    for record in most:
        yield _record(record, lang)


def _record(each: RecordChange, lang: Language) -> str:
    words = _WORDS[lang]
    assert each.before is not None
    assert each.after is not None
    assert each.change is not None
    line = words["line"].format(each.record, number(each.before), number(each.after), _signed(each.change))
    parts = [f"{to or path or words['root']} {_signed(change)}" for (path, to), change in each.nodes.items()]
    if each.otherwise:
        parts.append(f"{words['otherwise']} {_signed(each.otherwise)}")
    parts += [f"{old or words['nobody']} → {new or words['nobody']}" for old, new in each.grades.values() if old != new]
    return line + words["colon"] + words["apart"].join(parts)


def _signed(value: Fraction) -> str:
    return ("+" if value > 0 else "") + number(value)
