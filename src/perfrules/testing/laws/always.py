"""Laws that hold for every scheme there is: what a score is, whatever the rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from perfrules import assembling, model, numbers, scorecards, verbs
from perfrules.findings import PerfrulesError
from perfrules.model import Input, Record, Scorecard
from perfrules.numbers import published
from perfrules.plugins import Registry
from perfrules.testing.laws.making import law
from perfrules.testing.laws.readings import as_text
from perfrules.testing.laws.subject import (
    Raw,
    Subject,
)
from perfrules.testing.laws.verdicts import Breach

ZERO = Fraction(0)
JUNK = (
    "",
    "—",
    "abc",
    "１２",
    "-1",
    "1e9",
    "NaN",
    "#DIV/0!",
    "不适用：原因",
    "2023-02-30",
    10**39,
    True,
    [1],
    {"甲": 1},
)
"""What stands in cells where a figure should."""


def exactly(value: Fraction) -> str:
    """A number as it is shown: a decimal, or a fraction where no decimal says it."""
    return published(value)


@law()
def total(subject: Subject) -> Iterator[Breach]:
    """Any record is scored, or refused with findings; nothing else is ever raised, whatever stands in its cells."""

    def wrong(raw: Raw) -> Iterator[Breach]:
        for stage in ("", *subject.scheme.stages):
            try:
                card = verbs.score(subject.scheme, raw, stage=stage, benchmarks=subject.benchmarks)
                scorecards.canonical(card)
            except PerfrulesError:
                continue
            except Exception as problem:  # the law is that there is none, whichever
                seen = {"problem": f"{type(problem).__name__}: {problem}"[:200]}
                yield Breach("total", type(problem).__name__, seen, raw)

    yield from subject.breaches(wrong)
    spoiled = []
    for place, raw in enumerate(subject.bases):
        for number, name in enumerate(subject.scheme.inputs):
            spoiled.append({**raw, name: JUNK[(place + number) % len(JUNK)]})
        for name in subject.scheme.rows:
            spoiled.append({**raw, name: JUNK[place % len(JUNK)]})
    for raw in spoiled[:: max(1, len(spoiled) // subject.examples)]:
        yield from wrong(raw)


@law()
def losses_add_up(subject: Subject) -> Iterator[Breach]:
    """Wherever there is a total, the lines of loss add up exactly to what is missing from the full points."""

    def wrong(raw: Raw) -> Iterator[Breach]:
        card = subject.card(raw)
        if card is None or card.points is None or card.max is None:
            return
        lost = sum((line.amount for line in card.lines), ZERO)
        if lost != card.max - card.points:
            seen = {"lines": exactly(lost), "missing": exactly(card.max - card.points)}
            yield Breach("losses-add-up", "", seen, raw)

    yield from subject.breaches(wrong)


# ------------------------------------------------------------------------------------------------ the same, whichever way


@law()
def round_trip(subject: Subject) -> Iterator[Breach]:
    """The archived scheme loads without any plugin, to the same text and the same digest."""
    scheme = subject.scheme
    try:
        again = assembling.loads(scheme.resolved(), registry=Registry())
    except PerfrulesError as problem:
        yield Breach("round-trip", "", {"problem": problem.findings[0].message("zh")}, None, "unreadable")
        return
    if (again.resolved(), again.digest) != (scheme.resolved(), scheme.digest):
        yield Breach("round-trip", "", {"one": scheme.digest[:12], "other": again.digest[:12]})


@law()
def same_digest(subject: Subject) -> Iterator[Breach]:
    """The same scheme and the same record give the same scorecard, byte for byte, here and in another process."""
    raws = [r for r in subject.pool if subject.card(r) is not None][:10]
    records = json.dumps(raws, ensure_ascii=False, default=as_text)
    try:
        plain = json.loads(records)
        here = [_digest(verbs.score(subject.scheme, raw)) for raw in plain]
    except PerfrulesError:  # a figure that JSON does not hold; the others are enough
        plain, here = [], []
    told = json.dumps({"scheme": subject.scheme.resolved(), "records": plain}, ensure_ascii=False)
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE], input=told.encode(), capture_output=True, env=environment, check=True
    )
    there = json.loads(ran.stdout)
    for raw, one, other in zip(plain, here, there, strict=True):
        if one != other:
            yield Breach("same-digest", "", {"one": one[:12], "other": other[:12]}, raw)
            return


_ELSEWHERE = """
import json, sys
from perfrules import assembling, plugins, scorecards, verbs
told = json.loads(sys.stdin.buffer.read())
scheme = assembling.loads(told["scheme"], registry=plugins.Registry())
print(json.dumps([scorecards.digest(verbs.score(scheme, raw)) for raw in told["records"]]))
"""


def _digest(card: Scorecard) -> str:
    return scorecards.digest(card)


@law()
def order_free(subject: Subject) -> Iterator[Breach]:
    """The order of a record's data, and of its rows, changes no score, no grade and no value."""
    filled = {n: [c.name for c in k.columns if c.fill_down] for n, k in subject.scheme.rows.items()}

    def wrong(raw: Raw) -> Iterator[Breach]:
        card = subject.card(raw)
        if card is None:
            return
        turned = dict(reversed(list(raw.items())))
        for name, columns in filled.items():
            rows = turned.get(name)
            if isinstance(rows, list | tuple) and all(row.get(c) not in (None, "") for row in rows for c in columns):
                turned[name] = [dict(reversed(row.items())) for row in reversed(rows)]
        other = subject.card(turned)
        one, two = _results(card), {} if other is None else _results(other)
        for name, value in one.items():
            if two.get(name) != value:
                seen = {"what": name, "one": _as_shown(value), "other": _as_shown(two.get(name))}
                yield Breach("order-free", name, seen, raw)

    yield from subject.breaches(wrong)


def _results(card: Scorecard) -> dict[str, Any]:
    nodes = {n.path or n.name: (n.state, n.score) for n in card.nodes}
    values = {n: v.kind if isinstance(v, model.Hole) else v for n, v in card.values.items()}
    return {**nodes, **card.grades, **values}


def _as_shown(value: Any) -> str:
    match value:
        case (state, score):
            return state if score is None else published(score)
        case Fraction():
            return published(value)
        case _:
            return str(value)


def _has_units(subject: Subject) -> bool:
    return any(_others(i) for i in subject.scheme.inputs.values())


@law(applies=_has_units)
def unit_free(subject: Subject) -> Iterator[Breach]:
    """A figure written in another unit of the same kind (元, 万元; a percentage, a ratio) is the same figure."""
    inputs = [i for i in subject.scheme.inputs.values() if _others(i)]

    def wrong(raw: Raw) -> Iterator[Breach]:
        card, record = subject.card(raw), subject.record(raw)
        if card is None or record is None:
            return
        moved = {i.name: texts for i in inputs if (texts := _restated(i, record))}
        for place in range(max(map(len, moved.values()), default=0)):
            now = {name: texts[place % len(texts)] for name, texts in moved.items()}
            if not _differs(subject, card, {**raw, **now}):
                continue
            for name, text in now.items():  # which of them it is
                if _differs(subject, card, {**raw, name: text}):
                    label = subject.scheme.inputs[name].label
                    seen = {"input": label, "one": str(raw.get(name)), "other": text}
                    yield Breach("unit-free", name, seen, {**raw, name: text})

    yield from subject.breaches(wrong, subject.bases)


def _differs(subject: Subject, card: Scorecard, raw: Raw) -> bool:
    other = subject.card(raw)
    return other is None or _results(other) != _results(card)


def _restated(input: Input, record: Record) -> list[str]:
    """A record's figure in an input, written in other units; none where it has none, or one of no end of digits."""
    cell = record.cells.get(input.name)
    if cell is None or not isinstance(cell.value, Fraction):
        return []
    texts = [f"{published(cell.value / factor)}{unit}" for unit, factor in _others(input)]
    return [text for text in texts if "/" not in text and len(text) <= 30]


def _others(input: Input) -> list[tuple[str, Fraction]]:
    """Other units that a figure of an input can be written in, each with how many working units it is."""
    if input.kind != "number" or input.unit is None:
        return []
    if input.unit.text in ("%", "％"):
        return [("%", Fraction(1, 100))]
    base = {b: Fraction(1) for b, _ in input.unit.dimension} if len(input.unit.dimension) == 1 else {}
    if set(base) == {"元"} and input.unit.dimension == (("元", 1),):
        per_yuan = input.scale / input.unit.factor  # working units of one 元
        return [(u, numbers.unit(u).factor * per_yuan) for u in ("元", "万元", "亿元") if u != input.unit.text]
    return []
