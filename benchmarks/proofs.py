"""How long proofs take: the standard claims of a hundred indicators, and those of every bundled scheme.

`python benchmarks/proofs.py [--leaves 100]`; prints the time, and never judges it.
"""

from __future__ import annotations

import argparse
import os
import platform
import time

import workload

import perfrules as pr
from perfrules import supplying, verbs
from perfrules.proving import Proofs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=100)
    leaves = parser.parse_args().leaves
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}")
    scheme = pr.loads(workload.scheme_text(groups=max(leaves // 5, 1)))
    timed(f"{leaves} leaves", scheme)
    every: list[Proofs] = []
    made, _ = supplying.schemes()
    for editions in made.values():
        every += [timed(each.id, each) for each in editions]
    claims = [d for proofs in every for d in proofs]
    leaf_claims = [d for d in claims if d.claim.of.role in ("row", "adjustment") or of_leaf(d.of, d.path)]
    for name, some in (("bundled schemes", claims), ("of them of leaves", leaf_claims)):
        settled = sum(d.word != "unknown" for d in some)
        print(f"{name}: {len(some)} claims, {settled} proved or refuted ({settled / len(some):.1%})")
    for decided in claims:
        if decided.word == "unknown":
            print(f"  unknown: {decided.scheme} {decided.path or '/'}: {decided.text('en')}: {decided.reason('en')}")


def of_leaf(scheme: pr.Scheme, path: str) -> bool:
    """Whether a path is that of a node with a rule of its own."""
    node = next((n for n in scheme.tree.walk() if n.path == path), None)
    return node is not None and bool(path) and not any(c.points is not None for c in node.children)


def timed(name: str, scheme: pr.Scheme) -> Proofs:
    """The proofs of a scheme, and a line with how long they took."""
    verbs.plan(scheme)
    start, worked = time.perf_counter(), time.process_time()
    proofs = pr.prove(scheme)
    took, work = time.perf_counter() - start, time.process_time() - worked
    counts = f"{len(proofs.proved)} proved, {len(proofs.refuted)} refuted, {len(proofs.unknown)} unknown"
    print(f"{name:28} {took:7.2f} s  (processor {work:6.2f} s)  {counts}", flush=True)
    return proofs


if __name__ == "__main__":
    main()
