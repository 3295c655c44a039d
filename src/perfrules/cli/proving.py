"""What `prove` prints: claims with their answers, and for each that is refuted the record that refutes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from perfrules import verbs
from perfrules.cli.console import FAULTY, FINE, MISUSED, Screen
from perfrules.model import Scheme
from perfrules.proving import Decided, Proofs, Proved
from perfrules.testing.known import known_in, must_have

WORDS = {"proved": ("成立", "proved"), "refuted": ("不成立", "refuted"), "unknown": ("未知", "unknown")}
STYLES = {"proved": "green", "refuted": "bold red", "unknown": "yellow"}


Accepted = Mapping[tuple[str, str, str], str]
"""The reason by scheme, path and claim of what need not hold."""


def prove_schemes(
    screen: Screen, schemes: Sequence[Scheme], claims: Sequence[str], same_as: Scheme | None, *, every: bool,
    known: Path | None = None,
) -> int:  # fmt: skip
    """Prove what is claimed of schemes and print it; 1 where anything is refuted or unknown that is not `known` to be, or is
    known to be and holds."""
    reasons = known_in(known)
    made = [_proofs(scheme, claims, same_as) for scheme in schemes]
    accepted: dict[tuple[str, str, str], str] = {}
    try:
        for of in reasons:
            must_have(of, [scheme.id for scheme in schemes], "scheme")
        for scheme, proofs in zip(schemes, made, strict=True):
            accepted |= _accepted(scheme, proofs, reasons.get(scheme.id, {}))
    except ValueError as problem:  # what is known of what there is not
        screen.line(str(problem), err=True)
        return MISUSED
    whole = Proofs(tuple(decided for proofs in made for decided in proofs))
    if screen.json:
        told = whole.as_json(screen.lang)
        for decided, each in zip(whole, told["claims"], strict=True):
            each |= {"known": accepted[_key(decided)]} if _key(decided) in accepted else {}
        screen.give(told)
    else:
        for scheme, proofs in zip(schemes, made, strict=True):
            _tell(screen, scheme, proofs, accepted, every=every)
        if len(schemes) > 1:
            screen.line(f"{screen.say('合计', 'in all')}: {_counted(screen, whole, accepted)}")
    return FAULTY if any((d.word == "proved") is (_key(d) in accepted) for d in whole) else FINE


def _accepted(scheme: Scheme, proofs: Proofs, reasons: Mapping[str, str]) -> Accepted:
    """The claims that a file of known failures names, as `path: claim` in either language. Raises ValueError."""
    by_name = {f"{_about(scheme, d)}: {d.text(lang)}": d for d in proofs for lang in ("en", "zh")}
    for name, reason in reasons.items():
        must_have(name, by_name, "claim")
        if not reason.strip():
            raise ValueError(f"what is known of {name!r} of {scheme.id} wants a reason")
    return {_key(by_name[name]): reason for name, reason in reasons.items()}


def _key(decided: Decided) -> tuple[str, str, str]:
    return decided.scheme, decided.path, decided.text("en")


def _proofs(scheme: Scheme, claims: Sequence[str], same_as: Scheme | None) -> Proofs:
    if same_as is not None:
        return verbs.prove(scheme, same_as=same_as)
    if claims:
        return Proofs(tuple(d for claim in claims for d in verbs.prove(scheme, claim)))
    return verbs.prove(scheme)


def _tell(screen: Screen, scheme: Scheme, proofs: Proofs, accepted: Accepted, *, every: bool) -> None:
    screen.line(
        f"{scheme.title}  {scheme.id}@{scheme.edition}" if scheme.edition else f"{scheme.title}  {scheme.id}", "bold"
    )
    if every and len(proofs):
        heads = [screen.say("结论", "answer"), screen.say("指标", "indicator"), screen.say("论断", "claim")]
        screen.table([*heads, screen.say("说明", "note")], [_row(screen, scheme, d) for d in proofs])
        screen.line()
    for decided in proofs:
        if _key(decided) in accepted:
            _tell_known(screen, scheme, decided, accepted[_key(decided)])
        elif decided.word != "proved" or len(proofs) == 1:
            _tell_one(screen, scheme, decided)
    screen.line(_counted(screen, proofs, accepted))


def _row(screen: Screen, scheme: Scheme, decided: Decided) -> tuple[str, str, str, str]:
    note = decided.reason(screen.lang).split("\n")[0] if isinstance(decided.answer, Proved) else ""
    return screen.say(*WORDS[decided.word]), _about(scheme, decided), decided.text(screen.lang), note


def _about(scheme: Scheme, decided: Decided) -> str:
    return decided.path or (scheme.tree.label if decided.claim.of.role == "node" else "")


def _tell_known(screen: Screen, scheme: Scheme, decided: Decided, reason: str) -> None:
    about = f"{_about(scheme, decided)}: {decided.text(screen.lang)}"
    if decided.word == "proved":
        screen.line(
            screen.say(f"已成立  {about}：不必再列为已知", f"holds now  {about}: it need not be known"), "bold red"
        )
    else:
        screen.line(f"{screen.say('已知', 'known')}  {about}", "yellow")
        screen.line(f"    {reason}")


def _tell_one(screen: Screen, scheme: Scheme, decided: Decided) -> None:
    word = screen.say(*WORDS[decided.word])
    about = _about(scheme, decided)
    head = f"{about}{screen.say('：', ': ')}" if about else ""
    screen.line(f"{word}  {head}{decided.text(screen.lang)}", STYLES[decided.word])
    reason = decided.reason(screen.lang)
    if reason:
        screen.line("\n".join(f"    {line}" for line in reason.split("\n")))


def _counted(screen: Screen, proofs: Iterable[Decided], accepted: Accepted) -> str:
    """How many of each answer, in words; what is known apart."""
    counts = dict.fromkeys((*WORDS, "known"), 0)
    for decided in proofs:
        counts["known" if _key(decided) in accepted and decided.word != "proved" else decided.word] += 1
    told = [f"{screen.say(*words)} {counts[word]}" for word, words in WORDS.items()]
    told += [f"{screen.say('已知', 'known')} {counts['known']}"] if accepted else []
    return screen.say("，", ", ").join(told)
