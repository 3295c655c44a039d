"""Runs attacks in a process of their own, with little memory: `python cage.py` reads them as JSON from standard input.

Each is a scheme or a formula, perhaps with a record; what it came to is one line of JSON: its name, `end`, findings.
`end` is how it ended: `refused` by findings, `loaded`, or `leaked: …` some other exception.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Any

MEMORY, PATIENCE = 1 << 30, 300
"""Bytes, and seconds after which a set of attacks that has not ended by itself is killed."""


def attack(attacks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What each attack came to, by its name; a set that does not end by itself fails."""
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__],
        input=json.dumps(attacks), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stdout[-300:], done.stderr[-2000:])
    return {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}


def _formula(text: str) -> list[Any]:
    """The findings that refuse a formula where a scheme reads it; what the parser lets pass, checking must not."""
    import perfrules
    from perfrules.formula import Formula
    from perfrules.parsing import FormulaProblems

    problems: tuple[Any, ...] = ()
    try:
        Formula.parse(text)
    except FormulaProblems as refused:
        problems = refused.problems
        assert problems
    inputs = {"x": {"kind": "number"}, "y": {"kind": "number"}, "d": {"kind": "date"},
              "g": {"kind": "choice", "choices": ["a", "b"]}}  # fmt: skip
    scheme = {"perfrules": 1, "scheme": "a.b", "title": "t", "inputs": inputs,
              "tree": {"points": 10, "formula": text}}  # fmt: skip
    try:
        perfrules.loads(scheme)
    except perfrules.SchemeError as refused:
        return [*refused.findings]
    assert not problems
    return []


def _scheme(text: str | bytes, record: Any, *, whole: bool) -> list[Any]:
    """The findings that refuse a scheme; one that loads is scored and told, and (whole) what it resolves to loads again."""
    import perfrules
    from perfrules import scorecards

    try:
        scheme = perfrules.loads(text)
    except perfrules.SchemeError as refused:
        return [*refused.findings]
    card = perfrules.score(scheme, record or {})
    scorecards.canonical(card)
    for each in (*scheme.findings, *card.findings):
        each.render("zh")
    assert str(card)
    assert card.explain("zh")
    if whole:
        assert card.explain("en")
        assert perfrules.loads(scheme.resolved()).digest == scheme.digest
    return []


def _run(each: dict[str, Any]) -> dict[str, Any]:
    try:
        text = bytes.fromhex(each["hex"]) if "hex" in each else each["text"]
        found = (
            _formula(text) if each.get("formula") else _scheme(text, each.get("record"), whole=each.get("whole", True))
        )
        told = ["".join((f.render("zh"), f.render("en"), json.dumps(f.as_json()))) for f in found]
    except BaseException as leaked:  # whatever it is, it should have been a finding
        return {"name": each["name"], "end": f"leaked: {type(leaked).__name__}: {str(leaked)[:200]}", "findings": []}
    return {
        "name": each["name"],
        "end": "refused" if any(f.severity == "error" for f in found) else "loaded",
        "findings": sorted({f.name for f in found}),
        "told": sum(map(len, told)),
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for given in json.load(sys.stdin):
        print(json.dumps(_run(given)), flush=True)
