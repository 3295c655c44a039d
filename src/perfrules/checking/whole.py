"""How the names in a scheme hang together: one namespace, no rings, and a size that every reading can bear."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from perfrules import formula, model
from perfrules.findings import Finding, Location
from perfrules.formula import Signature
from perfrules.model import Scheme

SIZE_LIMIT = 300_000
"""The nodes of a whole scheme with every definition written out."""
NODE_SIZE, ITEM_SIZE = 50, 12
"""What the plan adds to every node of the tree, and to every item of a statistic."""
RINGS_TOLD = 20
"""So many rings of names are told; of a scheme with more nothing else is."""


def clashing(scheme: Scheme, found: list[Finding]) -> set[str]:
    """The names that two things have; all that formulas can name shares one namespace."""
    taken: dict[str, tuple[str, str]] = {}
    twice: set[str] = set()

    def clash(where: Location | None, path: str, name: str) -> None:
        what, what_en = taken[name]
        twice.add(name)
        found.append(Finding("name-clash", where, path, {"name": name, "other": what, "other_en": what_en}))

    entries: list[tuple[str, tuple[str, str], Location | None]] = []
    entries += [(i.name, ("数据项", "an input"), i.location) for i in scheme.inputs.values()]
    entries += [(v.name, ("中间值", "a value"), v.location) for v in scheme.values.values()]
    entries += [(b.name, ("参照值", "a benchmark"), b.location) for b in scheme.benchmarks.values()]
    entries += [(k.name, ("行类别", "a row kind"), k.location) for k in scheme.rows.values()]
    nodes = [n for n in scheme.tree.walk() if n.identifier]
    entries += [(n.identifier, (f"指标 {n.path}", f"the node {n.path}"), n.location) for n in nodes]
    entries += [(d.name, ("定义", "a definition"), d.location) for d in scheme.definitions.values()]
    for name, what, where in entries:
        if name in taken:
            clash(where, name, name)
        if name in model.RESERVED:
            found.append(Finding("reserved-name", where, name, {"name": name}))
        taken.setdefault(name, what)
    for kind in scheme.rows.values():
        for column in kind.columns:
            if column.name in taken:
                clash(column.location, f"{kind.name}/{column.name}", column.name)
    return twice


def ringed(scheme: Scheme, twice: Collection[str], found: list[Finding]) -> set[str] | None:
    """The names that need themselves, each finding with the ring; None where there are more than are told."""
    needs, where = _needs(scheme, twice)
    inside: set[str] = set()
    for _ in range(RINGS_TOLD):
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            ring = ring_of(error)
            found.append(Finding("ring-of-names", where.get(ring[0]), ring[0], {"ring": " → ".join(ring)}))
            inside.update(ring)
            needs |= {name: [] for name in ring}
        else:
            return inside
    return None


def ring_of(error: CycleError) -> list[str]:
    """The names of a ring, each needing the next."""
    return list(reversed(error.args[1]))


def _needs(scheme: Scheme, twice: Collection[str]) -> tuple[dict[str, list[str]], dict[str, Location | None]]:
    """What every node, value and benchmark needs by name, and where it stands."""
    called = {n.path: n.identifier or n.path or "总分" for n in scheme.tree.walk()}
    names = [n.identifier for n in scheme.tree.walk() if n.identifier]
    known = {*names, *scheme.values, *scheme.benchmarks} - set(twice)
    needs: dict[str, list[str]] = {}
    where: dict[str, Location | None] = {}

    def named(part: object) -> list[str]:
        return [n for f in model.formulas(part) for n in f.names if n in known]

    def over(body: object) -> list[str]:
        if isinstance(body, model.StatisticBody) and body.over not in (*scheme.rows, "cohort"):
            try:
                return [called[c.path] for c in scheme.node(body.over).children]
            except KeyError:
                return []
        return []

    for node in scheme.tree.walk():
        holds = node.holds.body if isinstance(node.holds, model.Group) else node.holds
        name = called[node.path]
        needs[name] = named([holds, node.policies, node.applies_when, node.adjustments, node.gates])
        needs[name] += [called[c.path] for c in node.children]
        if isinstance(holds, model.OpenGroup):
            needs[name] += named(scheme.rows.get(holds.rows))
        needs[name] += over(node.holds)
        where[name] = node.location
    parts: list[model.Value | model.Benchmark] = [*scheme.values.values(), *scheme.benchmarks.values()]
    for part in parts:
        needs[part.name] = named(part) + over(part.body)
        where[part.name] = part.location
    return needs, where


def affordable(scheme: Scheme, signatures: Mapping[str, Signature], found: list[Finding]) -> bool:
    """Whether the scheme, written out as a plan, keeps to a size that every reading can bear."""
    held = {key: len(n.children) for n in scheme.tree.walk() for key in (n.path, n.identifier)}
    kinds = {kind.name: size(kind, signatures, held) for kind in scheme.rows.values()}
    rest = [scheme.values, scheme.benchmarks, scheme.grades, scheme.checks, scheme.claims, scheme.ranking]
    total = sum(kinds.values()) + size(rest, signatures, held)
    for node in scheme.tree.walk():
        holds = node.holds.body if isinstance(node.holds, model.Group) else node.holds
        beside = (node.policies, node.applies_when, node.adjustments, node.gates, node.grade)
        total += NODE_SIZE + size([holds, *beside], signatures, held)
        total += kinds.get(holds.rows, 0) if isinstance(holds, model.OpenGroup) else 0
    if total > SIZE_LIMIT:
        seen = {"seen": str(total), "limit": str(SIZE_LIMIT)}
        found.append(Finding("scheme-too-large", scheme.tree.location, "", seen))
    return total <= SIZE_LIMIT


def size(part: object, signatures: Mapping[str, Signature], held: Mapping[str, int]) -> int:
    """The nodes of a part's formulas, written out; `held` tells how many children a statistic is over."""
    total = sum(formula.cost(f.node, signatures) for f in model.formulas(part))
    for body in model.called_bodies(part):
        if isinstance(body, model.RuleBody):
            signature = signatures.get(body.definition)
            total += signature.cost if signature else 0
        else:
            item = sum(formula.cost(f.node, signatures) for f in model.formulas(body))
            total += held.get(body.over, 0) * (item + ITEM_SIZE)
    return total
