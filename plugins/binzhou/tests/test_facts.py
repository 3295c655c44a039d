"""The figures of the report against one another: what agrees, what conflicts, and what cannot be told."""

from __future__ import annotations

from perfrules.procedures.facts import audit_distribution


def test_the_one_conflict_is_a_name() -> None:
    """The third pilot is called 财政综合运行评价 at the head and 财政运行综合评价 below; it is told, not mended."""
    made = audit_distribution("binzhou")
    conflicts = [o.name for each in made.audits for o in each.outcomes if o.verdict == "conflict"]
    assert conflicts == ["第三项试点的名称"]
    assert made.count("agree") >= 26
    assert made.findings == ()


def test_unstated_denominators_are_undecidable() -> None:
    """Ratios whose denominator the report leaves out get no verdict by guessing."""
    made = audit_distribution("binzhou")
    unknown = {o.name for each in made.audits for o in each.outcomes if o.verdict == "undecidable"}
    assert {"自评覆盖率的分母", "县市区覆盖率的分母", "抽查复核的比例", "重点评价的比例"} <= unknown
    assert all(o.note() for each in made.audits for o in each.outcomes if o.verdict == "undecidable")
