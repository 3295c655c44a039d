"""Mutation over the bundled schemes: `python tests/mutation.py [SCHEME …] [--laws]` prints a table, and fails under 95 %.

Each scheme is held against the worked cases of all plugins that are of it; with `--laws` against the laws too.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import perfrules as pr
from perfrules.testing.cases import find_cases, read_cases
from perfrules.testing.mutation import Mutation, mutate

PLUGINS = Path(__file__).parents[1] / "plugins"
LEAST = 0.95
HEAD = ("scheme", "mutants", "load", "case", "law", "equivalent", "survived", "killed", "s")
FATES = ("load", "case", "law", "equivalent", "survived")


def row(result: Mutation, seconds: float) -> tuple[str, ...]:
    """What became of a scheme's mutants, as cells."""
    counts = [len(result.of(fate)) for fate in FATES]
    share = "—" if result.share is None else f"{result.share:.1%}"
    return result.scheme, *map(str, (len(result.tried), *counts)), share, f"{seconds:.0f}"


def main(arguments: list[str]) -> int:
    """Try every scheme that is named (all, where none is), and tell the survivors beneath each."""
    names = [a for a in arguments if not a.startswith("-")] or list(pr.schemes()[0])
    cases = [case for path in sorted(PLUGINS.glob("*/tests")) for file in find_cases(path) for case in read_cases(file)]
    print(" | ".join(HEAD), flush=True)
    low = []
    for name in names:
        start = time.process_time()
        result = mutate(pr.scheme(name), cases, by_laws="--laws" in arguments)
        print(" | ".join(row(result, time.process_time() - start)), flush=True)
        for each in result.of("survived"):
            print(f"    {each.message('en')}", flush=True)
        if result.share is not None and result.share < LEAST:
            low.append(name)
    if low:
        print(f"under {LEAST:.0%}: {', '.join(low)}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
