"""Claims and answers in words, 中文 and English, for people who know the scheme and not the solver."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import assert_never

from perfrules.findings import Language
from perfrules.model import Datum, Hole, Scheme
from perfrules.numbers import published, rounded
from perfrules.proving.answers import Answer, Example, Proved, Refuted, Unknown
from perfrules.readings.proof.claims import (
    Arms,
    Attained,
    Claim,
    Defined,
    Holds,
    Monotone,
    NoGap,
    NoGift,
    NoOverlap,
    Reached,
    Same,
    Within,
)
from perfrules.scorecards import HOLES

WHY: Mapping[str, tuple[str, str]] = {
    "rows": ("取决于记录有多少行", "it hangs on how many rows a record has"),
    "benchmark": ("取决于全体记录的参照值", "it hangs on benchmarks over all records"),
    "size": ("数字可能长得无法计算", "numbers may grow beyond all measure"),
    "ln": ("含对数，求解器只知其范围", "there is a logarithm, of which the solver knows only the range"),
    "exp": ("含指数，求解器只知其范围", "there is an exponential, of which the solver knows only the range"),
    "power": ("含乘幂，求解器只知其范围", "there is a power, of which the solver knows only the range"),
    "largest": ("含第几大", "there is a k-th largest"),
    "smallest": ("含第几小", "there is a k-th smallest"),
    "quantile": ("含分位数", "there is a quantile"),
    "limit": ("求解器在限定的工作量内没有得出结论", "the solver did not come to an end within its limit"),
    "not-confirmed": (
        "求解器举出的记录，精确计分没有证实",
        "exact scoring did not confirm the records that the solver named",
    ),
    "too-large": ("下级太多，不整体求解", "there is too much beneath it to be asked as a whole"),
}
"""Why a claim is unknown."""


def claimed(scheme: Scheme, claim: Claim, lang: Language) -> str:
    """What is claimed, and of what: of a score that is adjusted, what it is before that."""
    before = _before(scheme, claim, lang)
    comma = "，" if lang == "zh" else ", "
    return f"{before}{comma}{_claimed(scheme, claim, lang)}" if before else _claimed(scheme, claim, lang)


def _before(scheme: Scheme, claim: Claim, lang: Language) -> str:
    """Before which stages a score is meant (see `settled_score`)."""
    if claim.of.role != "node" or not isinstance(claim, Within | Attained | Monotone | NoGift):
        return ""
    node = scheme.tree if not claim.of.path else scheme.node(claim.of.path)
    if not node.adjustments:
        return ""
    if node.gates:
        return "加减分、否决之前" if lang == "zh" else "before adjustments and gates"
    return "加减分之前" if lang == "zh" else "before adjustments"


def _claimed(scheme: Scheme, claim: Claim, lang: Language) -> str:
    zh = lang == "zh"
    match claim:
        case Within(low=low, high=high, footing=footing):
            if footing:
                if zh:
                    return f"指标行的分值合计与分值相符时，在 {_plain(low)} 与 {_plain_or(high)} 之间"
                return f"where the rows' points add up as they should, lies between {_plain(low)} and {_plain_or(high)}"
            if isinstance(high, str):
                return "得分在 0 与本行分值之间" if zh else "the score lies between 0 and the row's points"
            if high is None:
                return f"不低于 {_plain(low)}" if zh else f"never below {_plain(low)}"
            if low is None:
                return f"不高于 {_plain(high)}" if zh else f"never above {_plain(high)}"
            return (
                f"在 {_plain(low)} 与 {_plain(high)} 之间" if zh else f"lies between {_plain(low)} and {_plain(high)}"
            )
        case Attained(amount=amount, which=which):
            if isinstance(amount, str):
                return "能得本行满分" if zh else "some row gets all its points"
            if which == "full":
                return f"能得满分 {_plain(amount)}" if zh else f"some record gets all {_plain(amount)}"
            return f"能得最低分 {_plain(amount)}" if zh else f"some record gets {_plain(amount)}, the least"
        case Monotone(way=way):
            name = _label(scheme, claim, claim.input)
            if way == "rises":
                return f"{name}越大，得数不会越低" if zh else f"more of {name} never gives less"
            if way == "falls":
                return f"{name}越大，得数不会越高" if zh else f"more of {name} never gives more"
            return f"随{name}，得分只往一个方向变" if zh else f"as {name} grows, the score goes one way only"
        case Defined(stated=stated):
            if stated:
                return "不会除以零，或已写明怎么办" if zh else "no division by zero, or what happens then is stated"
            return "不会除以零（或有别的无意义的算式）" if zh else "no division by zero (or anything else undefined)"
        case Arms():
            return "每一档（情形）都有记录落入" if zh else "every band or case takes some record"
        case NoGap():
            return "没有落空的记录：各档（情形）之间无空隙" if zh else "no record falls through between bands or cases"
        case NoOverlap():
            return "各档互不重叠" if zh else "no two bands overlap"
        case NoGift(inputs=inputs):
            names = [_label(scheme, claim, n) for n in inputs]
            if zh:
                return f"缺{'、'.join(names)}的，得分不会比填了的高"
            return f"leaving out {', '.join(names)} never earns more"
        case Holds(text=text):
            return text
        case Reached(text=text):
            return f"有记录使 {text}" if zh else f"some record has {text}"
        case Same(with_=other):
            return f"与 {other} 得数相同" if zh else f"the same as in {other}"
    assert_never(claim)


def reason(scheme: Scheme, claim: Claim, answer: Answer, lang: Language) -> str:
    """Why the answer is what it is."""
    zh = lang == "zh"
    match answer:
        case Unknown(why=why):
            words = [WHY[w][0 if zh else 1] for w in why if w in WHY]
            return ("；" if zh else "; ").join(words)
        case Proved(record=record, way=way):
            if isinstance(claim, Monotone) and claim.way == "either" and way:
                return (
                    ("只升不降" if way == "rises" else "只降不升")
                    if zh
                    else f"never {'falls' if way == 'rises' else 'rises'}"
                )
            if record is None:
                return ""
            if isinstance(claim, Defined):
                stated = "写明了无意义时怎么办" if zh else "what happens then is stated"
                return f"{_record(scheme, claim, record, lang)}{'：' if zh else ': '}{stated}"
            return f"{'例如' if zh else 'such as'} {_record(scheme, claim, record, lang)}"
        case Refuted():
            return _refuted(scheme, claim, answer, lang)
    assert_never(answer)


def _refuted(scheme: Scheme, claim: Claim, answer: Refuted, lang: Language) -> str:
    zh = lang == "zh"
    shown = answer.record
    if isinstance(claim, Arms):
        names = "、".join(answer.parts) if zh else ", ".join(answer.parts)
        return f"没有记录落入：{names}" if zh else f"no record comes to: {names}"
    if isinstance(claim, Attained):
        none = "没有记录得这么多" if claim.which == "full" else "没有记录得这么少"
        none_en = "no record gets so much" if claim.which == "full" else "no record gets so little"
        if shown is None:
            return none if zh else none_en
        record = _record(scheme, claim, shown, lang)
        if zh:
            return f"{none}；试过的记录中得 {_value(shown.came, lang)} 的：{record}"
        return f"{none_en}; of those tried one gets {_value(shown.came, lang)}: {record}"
    if shown is None:
        return "只有一个体系有它" if zh else "only one of the two schemes has it"
    record = _record(scheme, claim, shown, lang)
    head = "反例：" if zh else "counterexample: "
    lines = [f"{head}{record}", _came(scheme, claim, shown, lang)]
    if answer.other is not None:
        also = "又：" if zh else "and yet: "
        lines += [f"{also}{_record(scheme, claim, answer.other, lang)}", _came(scheme, claim, answer.other, lang)]
    return "\n".join(lines)


def _came(scheme: Scheme, claim: Claim, shown: Example, lang: Language) -> str:
    """What the record comes to, and why that is not what was claimed."""
    zh = lang == "zh"
    came = _value(shown.came, lang)
    match claim:
        case Within(low=low):
            high = shown.limit
            if isinstance(shown.came, Fraction) and high is not None and shown.came > high:
                return f"得 {came}，超过 {_plain(high)}" if zh else f"it gives {came}, more than {_plain(high)}"
            return f"得 {came}，低于 {_plain(low)}" if zh else f"it gives {came}, less than {_plain(low)}"
        case Monotone():
            assert shown.second is not None
            name, value = shown.second
            its, after = _label(scheme, claim, name), _value(shown.came_second, lang)
            if zh:
                return f"此时得 {came}；{its}改为 {value}，其余不变，得 {after}"
            return f"it gives {came}; with {its} = {value} and all else the same, {after}"
        case Defined():
            if zh:
                return "这时算式无意义（除以零，或日期与数相混），而体系没有写明怎么办"
            return "this is undefined (a division by zero, or a date among numbers), and nothing says what happens then"
        case NoGap():
            return "哪一档（情形）都不合" if zh else "no band or case takes it"
        case NoOverlap():
            return f"{came} 同时落入两档" if zh else f"{came} is in two bands"
        case NoGift():
            assert shown.second is not None
            name, value = _label(scheme, claim, shown.second[0]), shown.second[1]
            after = _value(shown.came_second, lang)
            if zh:
                return f"缺{name}，得 {came}；{name}填 {value}，反而得 {after}"
            return f"without {name} it gets {came}; with {name} = {value}, only {after}"
        case Holds(text=text):
            comma = "，" if zh else ", "
            named = comma.join(f"{n} = {_value(v, lang)}" for n, v in shown.named.items())
            if zh:
                return f"此时{named}{'，' if named else ''}不成立：{text}"
            return f"here {named}{', ' if named else ''}it does not hold: {text}"
        case Same(with_=other):
            after = _value(shown.came_second, lang)
            return f"这里得 {came}，{other} 得 {after}" if zh else f"here {came}, in {other} {after}"
        case Attained() | Arms() | Reached():
            return came
    assert_never(claim)


def _record(scheme: Scheme, claim: Claim, shown: Example, lang: Language) -> str:
    """A record by the labels of its form, with units."""
    zh = lang == "zh"
    comma = "，" if zh else ", "
    blank = "（缺）" if zh else "(missing)"
    words = []
    for name, value in shown.record.items():
        if name in scheme.rows:
            for row in value:
                inner = comma.join(f"{scheme.rows[name].column(n).label} = {t or blank}" for n, t in row.items())
                words.append(f"{name}（{inner}）" if zh else f"{name} ({inner})")
        elif name in scheme.inputs:
            words.append(f"{scheme.inputs[name].label} = {value or blank}")
        else:
            words.append(f"{name} = {value}")
    for name, value in shown.benchmarks.items():
        value = HOLES[lang].get(value, value)
        words.append(f"参照值 {name} = {value}" if zh else f"benchmark {name} = {value}")
    return comma.join(words) or ("任何记录" if zh else "any record")


def _label(scheme: Scheme, claim: Claim, name: str) -> str:
    if claim.of.block:
        return scheme.rows[claim.of.path].column(name).label
    return scheme.inputs[name].label if name in scheme.inputs else name


def _plain_or(value: Fraction | str | None) -> str:
    return value if isinstance(value, str) else _plain(value)


def _plain(value: Fraction | None) -> str:
    return "…" if value is None else published(value)


def _value(value: Datum | Hole | None, lang: Language) -> str:
    match value:
        case Hole(kind=kind):
            return HOLES[lang][kind]
        case Fraction():
            text = published(value)
            if "/" not in text and len(text) <= 16:
                return text
            about = published(rounded(value, 4))
            return f"约 {about}" if lang == "zh" else f"about {about}"
        case None:
            return "—"
        case _:
            return str(value)
