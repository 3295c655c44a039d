"""What the names in a scheme's rows, nodes and grades mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfrules import model
from perfrules.findings import nearest
from perfrules.formula import ANY_NUMBER, PURE, Meaning
from perfrules.model import Scheme, TreeNode

if TYPE_CHECKING:
    from perfrules.checking.names import Names


def check_tree(names: Names, scheme: Scheme) -> None:
    """Report every problem of names and kinds in rows, nodes and grades."""
    for kind in scheme.rows.values():
        _row_kind(names, scheme, kind)
    for node in scheme.tree.walk():
        _node(names, scheme, node)
    for scale in scheme.grades.values():
        check_grade(names, scale, scale.name, own=scale.of_nodes)


def _row_kind(names: Names, scheme: Scheme, kind: model.RowKind) -> None:
    groups = [n for n in scheme.tree.walk() if isinstance(n.holds, model.OpenGroup) and n.holds.rows == kind.name]
    shared, stated = any(n.split for n in groups), kind.points is not None
    scope = names.row_scope(kind, points=shared or stated)
    if kind.points is not None:
        names.number(kind.points, names.row_scope(kind, points=False), kind.name)
    names.body(kind.body, scope, kind.name)
    names.policies(kind.policies, scope, kind.name)
    if kind.counts is not None:  # where points are shared out, only among the rows that count
        names.truth(kind.counts, names.row_scope(kind, points=stated and not shared), kind.name)
    if kind.applies_when is not None:
        names.truth(kind.applies_when, scope, kind.name)
    for check in kind.checks:
        names.truth(check.holds, names.row_scope(kind, points=stated), f"{kind.name}/{check.name}")


def _node(names: Names, scheme: Scheme, node: TreeNode) -> None:
    free = node.points is None or node.points.free
    scope = names.scope(points=ANY_NUMBER) if not free else names.scope()
    match node.holds:
        case model.Group(body=body):
            if body is not None:
                names.body(body, scope, node.path)
        case model.OpenGroup():
            _open_group(names, scheme, node, node.holds)
        case body:
            names.body(body, scope, node.path)
    names.policies(node.policies, scope, node.path)
    if free and node.holds is not None and any(p.kind == "full" for p in node.policies.stated):
        names.report("no-points-here", node.location, node.path, key="full")
    if node.applies_when is not None:
        names.truth(node.applies_when, scope, node.path)
    for adjustment in node.adjustments:
        names.body(adjustment.body, scope, f"{node.path}/{adjustment.name}".lstrip("/"))
        names.policies(adjustment.policies, scope, node.path)
        if free and any(p.kind == "full" for p in adjustment.policies.stated):
            names.report("no-points-here", adjustment.location, node.path, key="full")
    for gate in node.gates:
        names.truth(gate.when, names.scope(), f"{node.path}/{gate.name}".lstrip("/"))
    if isinstance(node.grade, str):
        if node.grade not in scheme.grades:
            near = nearest(node.grade, scheme.grades)
            names.report("unknown-grade", node.location, node.path, near, name=node.grade)
    elif node.grade is not None:
        check_grade(names, node.grade, node.path, own=True)


def _open_group(names: Names, scheme: Scheme, node: TreeNode, group: model.OpenGroup) -> None:
    kind = scheme.rows.get(group.rows)
    if kind is None:
        near = nearest(group.rows, scheme.rows)
        names.report("unknown-row-kind", node.location, node.path, near, name=group.rows)
        return
    if kind.body is None:
        names.report("no-rule", kind.location or node.location, kind.name)
    if kind.points is None and not node.split:
        names.report("row-points-wanting", kind.location or node.location, kind.name)
    if node.split and (node.points is None or node.points.free):
        names.report("weights-want-points", node.location, node.path)
    if group.where is not None:
        names.truth(group.where, names.row_scope(kind, points=kind.points is not None and not node.split), node.path)
    columns = {c.name for c in kind.columns}
    for level in group.levels:
        if level not in columns:
            near = nearest(level, columns)
            names.report("unknown-row-column", node.location, node.path, near, name=level, kind=kind.name)


def check_grade(names: Names, scale: model.GradeScale, path: str, *, own: bool, **more: Meaning) -> None:
    """Report every problem of a grade scale; its `own` score may be read where it grades nodes."""
    if own:
        more |= {"score": PURE, "points": ANY_NUMBER, "possible": PURE}
    scope = names.scope(**more)
    match scale.body:
        case model.BandsBody(of=of):
            names.number(of, scope, path, pure=False)
        case model.CasesBody(cases=cases):
            for case in cases:
                if case.when is not None:
                    names.truth(case.when, scope, path)
        case model.FormulaBody(formula=text) | model.GivenBody(name=text):
            found = names.meaning(text, scope, path)
            if found is not None and found.kind not in ("choice", "text"):
                names.report("wrong-kind", text.where(text.node.at), path,
                            seen=text.source.strip()[:60], kind=found.kind, wanted="choice")  # fmt: skip
        case _:
            pass
    for gate in scale.gates:
        names.truth(gate.when, scope, f"{path}/{gate.name}")


def check_published(names: Names, scheme: Scheme) -> None:
    """Report every printed figure of something that is not there."""
    paths = [n.path for n in scheme.tree.walk()] + [n.identifier for n in scheme.tree.walk()]
    known = {"score": paths, "points": paths, "value": list(scheme.values), "grade": list(scheme.grades)}
    for figure in scheme.published.values():
        if figure.target not in known[figure.what]:
            near = nearest(figure.target, known[figure.what])
            names.report("unknown-published", figure.column.location, figure.column.name, near,
                        name=figure.target, what=figure.what)  # fmt: skip
