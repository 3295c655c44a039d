"""Published tables scored again, one audited, eleven projects graded, and one score explained: `make demo`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import perfrules as pr
from perfrules.findings import display_width
from perfrules.formats import read_records
from perfrules.numbers import published
from perfrules.procedures.auditing import audit

HERE = Path(__file__).parent
NATIONAL, VARIANT = "mof.self-evaluation", "mof.self-evaluation-20-80"
TABLES = [(NATIONAL, "case-01.json"), (VARIANT, "case-04.json"), (VARIANT, "case-08.json")]
TRUST = {"stated": "有据", "unverified": "未核实", "assumed": "假定", "unmarked": "未注明"}


def main() -> None:
    heading(1, "Three published self-evaluation tables, scored again", "三份公布的自评表，照规则重算")
    cards = [scored(scheme, file) for scheme, file in TABLES]
    table(("项目", "体系", "公布", "重算", "等级", "计分依据"), [overview(record, card) for record, card in cards])
    print("\n  公布的数与规则不符的 where the published figures differ from the rule:")
    for (scheme, _), (record, _) in zip(TABLES, cards, strict=True):
        for line in differences(scheme, record):
            print("  ·", line)

    heading(2, "A published table that does not add up", "一份加不拢的自评表")
    add_up(NATIONAL, "case-02.json")

    heading(3, "Eleven key projects of Gangcheng District, graded", "钢城区十一个重点项目，评定等级")
    grade("gangcheng.key-projects", "gangcheng.csv")

    heading(4, "One score, explained", "一个得分，从头讲清")
    print(cards[0][1].explain(lang="zh"))


def scored(name: str, file: str) -> tuple[pr.Record, pr.Scorecard]:
    """The one record of a file, and its scorecard."""
    scheme = pr.scheme(name)
    (record,) = read_records(HERE / file, scheme).records
    return record, pr.score(scheme, record)


def overview(record: pr.Record, card: pr.Scorecard) -> tuple[str, ...]:
    rests = "，".join(f"{TRUST[status]} {published(points)}" for status, points in card.resting.items())
    return card.record, card.scheme, printed(record, "公布总分"), number(card.points), card.grade or "—", rests


def differences(name: str, record: pr.Record) -> Iterator[str]:
    """What a published table says otherwise than the rule, a line each."""
    audited = audit(pr.scheme(name), record)
    for item in audited.items:
        if item.severity != "remark":
            where = item.path.rpartition("/")[2] or "总分"
            yield f"{audited.record}，{where}：{item.finding.message('zh')}"
    if audited.agrees:
        yield f"{audited.record}：没有不符"


def add_up(name: str, file: str) -> None:
    """Audit a table: its rows, what they add up to, and the total printed under them."""
    scheme = pr.scheme(name)
    (record,) = read_records(HERE / file, scheme).records
    lines = [
        [row.cells[column].raw for column in ("一级指标", "三级指标", "分值", "目标值", "完成值", "自评得分")]
        for row in record.rows["绩效指标"]
    ]
    execution = [
        "",
        "预算执行率",
        printed(record, "公布预算执行分值"),
        "",
        printed(record, "公布执行率"),
        printed(record, "公布预算执行得分"),
    ]
    table(("一级指标", "三级指标", "分值", "年度指标值", "实际完成值", "得分"), [execution, *lines])
    audited = audit(scheme, record)
    print(f"\n  各行得分合计 the rows come to {number(audited.footed)}")
    print(f"  公布的总分 the total published {number(audited.published)}")
    print(
        f"  重算 {audited.recomputed} 行，照公布 {audited.taken} 行（{published(audited.resting)} 分）；审核发现 the audit found:"
    )
    for item in audited.items:
        print(f"  · [{item.severity}] {item.path or '总分'}：{item.finding.message('zh')}")


def grade(name: str, file: str) -> None:
    """Grade every project, and hold the grades against those published."""
    scheme = pr.scheme(name)
    records = read_records(HERE / file, scheme).records
    cards = [pr.score(scheme, record) for record in records]
    lines = [
        (r.id, text(r, "项目名称"), text(r, "预算批复金额"), number(c.points), c.grade or "—", printed(r, "公布等级"))
        for r, c in zip(records, cards, strict=True)
    ]
    table(("序号", "项目名称", "预算（万元）", "评分", "等级", "公布"), lines)
    budget = sum((r.cells["预算批复金额"].value for r in records), Fraction(0))
    counts = "，".join(f"{count} {label}" for label, count in Counter(c.grade for c in cards).items())
    print(f"\n  {len(cards)} 个项目：{counts}；预算合计 {published(budget)} 万元")


# ---------------------------------------------------------------------------------------------- on the page


def heading(place: int, english: str, chinese: str) -> None:
    print(f"\n{place}. {english} · {chinese}\n")


def number(value: Fraction | None) -> str:
    return "—" if value is None else published(value)


def text(record: pr.Record, column: str) -> str:
    return record.cells[column].raw


def printed(record: pr.Record, column: str) -> str:
    """A published figure as it was printed."""
    cell = record.published.get(column)
    return cell.raw if cell and cell.raw else "—"


def table(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> None:
    """Lines in columns, by the width that Han characters take on a terminal."""
    rows = [list(heads), *map(list, lines)]
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  "
            + "  ".join(
                cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True)
            ).rstrip()
        )


if __name__ == "__main__":
    main()
