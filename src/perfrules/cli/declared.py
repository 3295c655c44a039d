"""What a scheme declares around the score, as plain data: benchmarks 参照值, ranking 排名, procedures 评价程序."""

from __future__ import annotations

from perfrules import model
from perfrules.cli.parts import (
    Data,
    grade_data,
    mark_data,
    number_text,
    one_line,
    rounding_text,
    rule_data,
    stated,
    value_data,
)


def benchmark_data(benchmark: model.Benchmark) -> Data:
    """A benchmark: its statistic over all records, and for each group its own where it has `by`."""
    data: Data = {"name": benchmark.name, "rule": rule_data(benchmark.body)}
    data |= stated(by=one_line(benchmark.body.by), round=rounding_text(benchmark.round))
    return data | {"provenance": mark_data(benchmark.provenance)}


def ranking_data(ranking: model.Ranking) -> Data:
    """A ranking: by what, which way, what becomes of ties, within what."""
    data: Data = {"of": one_line(ranking.of), "order": ranking.order, "ties": ranking.ties}
    data |= stated(key=one_line(ranking.key), within=one_line(ranking.within))
    return data | {"provenance": mark_data(ranking.provenance)}


def procedures_data(procedures: model.Procedures) -> Data:
    """The procedures that a scheme declares, by their keys in its file."""
    data: Data = {}
    if procedures.sampling is not None:
        data["sampling"] = _sampling(procedures.sampling)
    if procedures.reconciling is not None:
        data["reconciling"] = _reconciling(procedures.reconciling)
    if procedures.monitoring is not None:
        data["monitoring"] = _monitoring(procedures.monitoring)
    if procedures.outcomes is not None:
        data["outcomes"] = _outcomes(procedures.outcomes)
    return data


def _sampling(sampling: model.Sampling) -> Data:
    stratified = sampling.strata is not None
    data: Data = stated(
        count=number_text(sampling.count),
        money=number_text(sampling.money),
        amount=one_line(sampling.amount),
        where=one_line(sampling.where),
        strata=one_line(sampling.strata),
        stratum_share=number_text(sampling.stratum_share or None),
        stratum_least=str(sampling.stratum_least or ""),
        apportion=sampling.apportion if stratified else "",
        largest=str(sampling.largest or ""),
        certain=[{"name": name, "when": one_line(when)} for name, when in sampling.certain.items()],
        until_money=sampling.until_money,
    )
    return data | {"provenance": mark_data(sampling.provenance)}


def _reconciling(reconciling: model.Reconciling) -> Data:
    data: Data = {"reads": reconciling.reads} | stated(
        round=rounding_text(reconciling.round),
        outcome=grade_data(reconciling.outcome) if reconciling.outcome else None,
        penalty=value_data(reconciling.penalty) if reconciling.penalty else None,
        item_outcome=grade_data(reconciling.item_outcome) if reconciling.item_outcome else None,
    )
    return data | {"provenance": mark_data(reconciling.provenance)}


def _monitoring(monitoring: model.Monitoring) -> Data:
    data: Data = {"month": monitoring.month, "good": list(monitoring.good)} | stated(
        by=one_line(monitoring.by),
        levers=[{"path": path, "input": name, "toward": toward} for path, (name, toward) in monitoring.levers.items()],
    )
    return data | {"provenance": mark_data(monitoring.provenance)}


def _outcomes(outcomes: model.Outcomes) -> Data:
    data: Data = stated(
        awards=[_award(each) for each in outcomes.awards],
        rules=[
            {"name": r.name, "when": one_line(r.when), "outcome": r.outcome, **stated(reason=r.reason),
             "provenance": mark_data(r.provenance)}
            for r in outcomes.rules
        ],
        factor=value_data(outcomes.factor) if outcomes.factor else None,
        base=one_line(outcomes.base),
    )  # fmt: skip
    return data | {"provenance": mark_data(outcomes.provenance)}


def _award(award: model.Award) -> Data:
    data: Data = {"name": award.name} | stated(
        first=str(award.first or ""), last=str(award.last or ""), where=one_line(award.where), ties=award.ties
    )
    return data | {"outcome": award.outcome, "provenance": mark_data(award.provenance)}
