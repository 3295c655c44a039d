"""The texts of generated formulas, over placeholder names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from perfrules import model
from perfrules.model import Policies, Policy, Rounding
from perfrules.plan.steps import Binding

REFUSED, ABSENT = "refused()", "absent()"


def presence(policies: Policies, *, applies: bool, refuse: str) -> str:
    """What a body's result `x` becomes by policy; a policy of its own formula is a further step."""
    missing, undefined, inapplicable = policies.settled()
    for_missing = policy_text(missing, "if_missing", refuse)
    for_undefined = policy_text(undefined, "if_undefined" if policies.undefined else "if_missing", refuse)
    for_inapplicable = policy_text(inapplicable, "if_not_applicable", refuse)
    text = (
        f"x if hole(x) == '' else {for_missing} if hole(x) == 'missing' else {for_undefined} "
        f"if hole(x) == 'undefined' else {for_inapplicable} if hole(x) == 'not_applicable' else {refuse}"
    )
    if applies:
        text = f"{refuse} if hole(applies) != '' else {for_inapplicable} if not applies else {text}"
    return text


def policy_text(policy: Policy, formula: str, refuse: str) -> str:
    match policy.kind:
        case "refuse":
            return refuse
        case "zero":
            return "0"
        case "full":
            return f"(points if hole(points) == '' else {refuse})"
        case "exclude":
            return ABSENT
        case "formula":
            return f"({formula} if hole({formula}) == '' else {refuse})"


def rounding_text(rounding: Rounding) -> str:
    """Rounding of `x` as a formula."""
    scale = 10**rounding.places
    match rounding.mode:
        case "half_up":
            return f"round(x, {rounding.places})"
        case "down":
            return f"floor(x * {scale}) / {scale} if x >= 0 else -(floor(-x * {scale}) / {scale})"
        case "up":
            return f"-floor(-x * {scale}) / {scale} if x >= 0 else floor(x * {scale}) / {scale}"


def otherwise_text(otherwise: Literal["absent", "zero", "refuse"]) -> str:
    """What a group is where fewer of its children are present than it wants."""
    return {"absent": ABSENT, "zero": "0", "refuse": REFUSED}[otherwise]


def total_text(count: int) -> str:
    return " + ".join(f"(0 if hole(c{i}) == 'not_applicable' else c{i})" for i in range(count)) or "0"


def present_text(count: int) -> str:
    return " + ".join(f"(0 if hole(c{i}) == 'not_applicable' else 1)" for i in range(count)) or "0"


def arm_index(conditions: Sequence[str], *, ends: bool) -> str:
    last = str(len(conditions)) if ends else "missing()"
    return "".join(f"{i} if {c} else " for i, c in enumerate(conditions)) + last


def arm_choice(count: int) -> str:
    """What the arm taken yields; even a single one is asked for, so that a hole there is reached."""
    return "".join(f"o{i} if arm == {i} else " for i in range(max(count - 1, 1))) + f"o{count - 1}"


def band_text(band: model.Band, index: int, bound: dict[str, Binding], side: str) -> str:
    """When a quantity is in a band that those before it have left over: of cut points, the one cut says it."""
    parts = []
    if band.low is not None and side not in ("to", "below"):
        bound[f"low{index}"] = band.low
        parts.append(f"of {'>=' if band.low_in else '>'} low{index}")
    if band.high is not None and side not in ("from", "above"):
        bound[f"high{index}"] = band.high
        parts.append(f"of {'<=' if band.high_in else '<'} high{index}")
    return "(" + " and ".join(parts or ["of == of"]) + ")"


def each_policy(policies: Policies) -> tuple[Policy | None, Policy | None, Policy | None]:
    return policies.missing, policies.undefined, policies.not_applicable
