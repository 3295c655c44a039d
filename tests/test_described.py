"""Nodes that are only described: shown and cited, never scored."""

from __future__ import annotations

import pytest

import perfrules as pr

HEAD = "perfrules: 1\nscheme: a.b\ntitle: t\nclause: c\ninputs: {甲: {kind: number, min: 0, max: 1}}\n"
TREE = (
    "tree:\n  points: 100\n  leaves: {missing: 50% * points}\n  children:\n"
    "    一: {points: 100, formula: 甲 * points}\n    二: {clause: d…}\n"
)


def test_policies_of_leaves_are_not_for_what_is_described() -> None:
    """Where leaves have a policy that reads their points, a node without any beside them is no mistake."""
    scheme = pr.loads(HEAD + TREE.replace("…", ""))
    assert scheme.findings == ()
    assert pr.score(scheme, {"甲": None}).points == 50


@pytest.mark.parametrize("policy", ["missing: 乙 * 2", "undefined: zero", "not_applicable: exclude"])
def test_a_policy_on_what_is_described_is_told(policy: str) -> None:
    """Nothing can be missing where nothing is scored: a policy there is a mistake, told at its key."""
    with pytest.raises(pr.SchemeError) as refused:
        pr.loads(HEAD + TREE.replace("…", f", {policy}"))
    (found,) = refused.value.findings
    key = policy.partition(":")[0]
    assert (found.name, found.path, found.seen["key"]) == ("key-does-not-fit", "二", key)
    assert found.where is not None
    assert (
        (HEAD + TREE.replace("…", f", {policy}"))
        .splitlines()[found.where.line - 1][found.where.column - 1 :]
        .startswith(key)
    )
