"""Laws of scoring 计分定律: what must hold of a scheme whatever the record, each a function from a scheme to a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from perfrules.findings import nearest
from perfrules.model import Scheme
from perfrules.testing.laws.always import (
    losses_add_up,
    order_free,
    round_trip,
    same_digest,
    total,
    unit_free,
)
from perfrules.testing.laws.declared import additive, amendment_says_all, marks, monotone, no_cliff, values_cited
from perfrules.testing.laws.making import Law
from perfrules.testing.laws.missing import divisions_guarded, missing_earns_no_more
from perfrules.testing.laws.points import within_range
from perfrules.testing.laws.reaching import arms_reachable, full_marks_attainable, zero_attainable
from perfrules.testing.laws.readings import readings_agree
from perfrules.testing.laws.subject import EXAMPLES, Subject
from perfrules.testing.laws.verdicts import Answer, Breach, Verdict

LAWS: Mapping[str, Law] = {
    each.name: each
    for each in (
        total,
        within_range,
        losses_add_up,
        missing_earns_no_more,
        divisions_guarded,
        readings_agree,
        round_trip,
        same_digest,
        order_free,
        unit_free,
        values_cited,
        monotone,
        full_marks_attainable,
        zero_attainable,
        no_cliff,
        additive,
        amendment_says_all,
        arms_reachable,
    )
}
"""Every law by its name, in the order in which they are told."""


def check(scheme: Scheme, names: Iterable[str] | None = None, **options: Any) -> tuple[Verdict, ...]:
    """What the laws of these names (all, where none are given) say of a scheme.

    Options are those of `Subject`: `examples`, `shrink`, `directions`, `cliffs`. Raises ValueError for a name that no law
    has.
    """
    chosen = list(LAWS) if names is None else list(names)
    for name in chosen:
        if name not in LAWS:
            near = nearest(name, LAWS)
            raise ValueError(f"no law is called {name!r}" + (f"; the nearest is {near!r}" if near else ""))
    subject = Subject(scheme, **options)
    return tuple(LAWS[name](subject) for name in chosen)


__all__ = [
    "EXAMPLES",
    "LAWS",
    "Answer",
    "Breach",
    "Law",
    "Subject",
    "Verdict",
    "additive",
    "amendment_says_all",
    "arms_reachable",
    "check",
    "divisions_guarded",
    "full_marks_attainable",
    "losses_add_up",
    "marks",
    "missing_earns_no_more",
    "monotone",
    "no_cliff",
    "order_free",
    "readings_agree",
    "round_trip",
    "same_digest",
    "total",
    "unit_free",
    "values_cited",
    "within_range",
    "zero_attainable",
]
