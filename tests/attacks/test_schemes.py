"""Hostile schemes: each is refused by findings, or loads and is scored, in bounded time and memory."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import perfrules
from attacks import cage
from perfrules.findings import ERRORS_LIMIT, SEEN_LIMIT, Finding, Location, catalogue
from perfrules.grammar import FORMS

HERE = Path(__file__).parent / "schemes"
VERSION = "perfrules: 1\nscheme: a.b\ntitle: t\n"
INPUTS = "inputs: {x: {kind: number, min: 0}, k: {kind: choice, choices: [a, b], optional: true}}\n"


def read(name: str) -> dict[str, Any]:
    """A file of attacks, every scalar as text."""
    return yaml.load((HERE / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def made(parts: list[Any], outer: int = 0) -> str:
    """Parts put together, those with `times` as often as they say."""
    text = []
    for part in parts:
        if isinstance(part, str):
            text.append(part.format(outer=outer) if outer else part)
            continue
        line, times = part["line"], int(part["times"])
        if not any(word in line for word in ("{i}", "{before}", "{outer}")):
            text.append(line * times)
            continue
        for i in range(1, times + 1):
            text.append(line.format(i=i, before=i - 1, outer=outer))
            text.append(made(part.get("parts", []), i))
    return "".join(text)


def attack_of(name: str, entry: dict[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """An attack as the cage takes it."""
    if "bytes" in entry:
        return {"name": name, "hex": entry["bytes"]}
    text = entry["text"] if "text" in entry else made(entry["parts"])
    if not whole and not text.startswith("{"):
        text = VERSION + ("" if "inputs:" in text or "amends:" in text else INPUTS) + text + "\n"
    return {"name": name, "text": text, "record": entry.get("record"), "whole": "text" in entry}


def judged(entries: dict[str, dict[str, Any]], ended: dict[str, dict[str, Any]]) -> list[str]:
    """What did not end as it should have."""
    wrong = []
    for name, entry in entries.items():
        end, told = ended[name]["end"], ended[name]["findings"]
        wanted = entry.get("ends", "refused")
        if end != wanted and not (wanted == "either" and end in ("refused", "loaded")):
            wrong.append(f"{name}: {end} {told}")
        elif not set(entry.get("told", [])) <= set(told):
            wrong.append(f"{name}: told {told}")
        elif ended[name].get("told", 0) > 10 * ERRORS_LIMIT * (6 * SEEN_LIMIT + 2000):
            wrong.append(f"{name}: told at too great length")
    return wrong


CLASSES = [
    (f"{file}: {kind}", entries) for file in ("small.yaml", "large.yaml") for kind, entries in read(file).items()
]


def test_hostile_yaml_is_refused():
    """What is wrong with a file before it is a scheme ends as findings."""
    entries = read("yaml.yaml")
    ended = cage.attack([attack_of(name, entry, whole=True) for name, entry in entries.items()])
    assert judged(entries, ended) == []


@pytest.mark.parametrize("entries", [e for _, e in CLASSES], ids=[name for name, _ in CLASSES])
def test_hostile_schemes_end(entries):
    """What is large, deep, costly or of other names than one thinks ends by itself: by findings, or with a score."""
    ended = cage.attack([attack_of(name, entry) for name, entry in entries.items()])
    assert judged(entries, ended) == []
    assert {f for e in ended.values() for f in e["findings"]} <= catalogue().keys()


# ── every key with everything ─────────────────────────────────────────────────────────────────────

THINGS: list[Any] = [None, True, -1, "", "x", "'", [], {}, [[]], ["x", ["x"], {"x": "x"}], {"": ""},
                     {"x": {"x": {"x": ["x"]}}}, {"else": "x", "of": "x", "from": {"else": {"value": []}}}]  # fmt: skip


def test_every_key_takes_anything():
    """Whatever stands under a key of the language, beside a sound rest or alone, is read or refused."""
    sound = {"perfrules": 1, "scheme": "a", "title": "t", "inputs": {"x": {"kind": "number"}},
             "tree": {"children": {"甲": {"points": 1, "formula": "x"}}}}  # fmt: skip
    attacks = []
    for key, thing in itertools.product(FORMS["scheme"].keys, THINGS):
        attacks.append({**sound, key: thing})
    for key, thing in itertools.product(FORMS["node"].keys, THINGS):
        attacks.append({**sound, "tree": {"children": {"甲": {"points": 1, "formula": "x", key: thing}}}})
        attacks.append({**sound, "tree": {"children": {"甲": {"points": 1, "formula": "x"}}, key: thing}})
        attacks.append({**sound, "tree": {"points": 1, key: thing}})
    ended = cage.attack([{"name": str(i), "text": json.dumps(a), "record": {"x": 1}} for i, a in enumerate(attacks)])
    wrong = {
        ended[str(i)]["end"]: a for i, a in enumerate(attacks) if ended[str(i)]["end"] not in ("refused", "loaded")
    }
    assert wrong == {}


# ── what is handed over in Python ─────────────────────────────────────────────────────────────────

KNOT: dict[str, Any] = {}
KNOT["tree"] = KNOT


@pytest.mark.parametrize(
    "given",
    [KNOT, {"points": 0.5}, {1: 2}, {"a": object()}, {"a": 10**5000}, {"a": float("nan")}, {"a": {1, 2}}, [], None, 5,
     bytearray(b"a: 1"), {}, {"a": lambda: 1}],
    ids=lambda _: None,
)  # fmt: skip
def test_no_data_breaks_loading(given):
    """What is no scheme's data is told, whatever it is."""
    with pytest.raises(perfrules.SchemeError) as refused:
        perfrules.loads(given)
    assert refused.value.findings
    assert str(refused.value)


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/", "/dev/null", "no/such.yaml", "a\0b.yaml", "x" * 5000 + ".yaml", "\x1b[2J"]
)
def test_no_path_breaks_loading(path):
    """What is no file, or has no end, is told; and a file's name reaches no terminal raw."""
    with pytest.raises(perfrules.SchemeError) as refused:
        perfrules.load(path)
    assert "\x1b" not in str(refused.value)
    assert "\0" not in str(refused.value)


def test_findings_reach_terminals_tamed():
    """Names, places and texts of strangers move no cursor, forge no line, and fill no placeholder of a message."""
    evil = "\x1b[31m\x9b2J\u202e{0.__class__}{name}\n<text>:1:1: error"
    finding = Finding("unknown-name", Location(evil, 1, 3, 2, evil), evil, {"name": evil}, evil)
    for text in (finding.render("zh"), finding.render("en"), str(perfrules.SchemeError([finding])), json.dumps(
        finding.as_json(), ensure_ascii=False)):  # fmt: skip
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)
        assert "{0.__class__}{name}" in text
    assert len(finding.render("en").splitlines()) == 5


def test_findings_are_told_short():
    """What was seen is told up to a length, however long it was."""
    assert len(Finding("unknown-name", seen={"name": "x" * 10**6}).render()) < 2000
