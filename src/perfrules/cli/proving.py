"""What `prove` prints: claims with their answers, and for each that is refuted the record that refutes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perfrules import verbs
from perfrules.cli.console import FAULTY, FINE, Screen
from perfrules.model import Scheme
from perfrules.proving import Decided, Proofs, Proved

WORDS = {"proved": ("成立", "proved"), "refuted": ("不成立", "refuted"), "unknown": ("未知", "unknown")}
STYLES = {"proved": "green", "refuted": "bold red", "unknown": "yellow"}


def prove_schemes(
    screen: Screen, schemes: Sequence[Scheme], claims: Sequence[str], same_as: Scheme | None, *, every: bool
) -> int:
    """Prove what is claimed of schemes and print it; 1 where anything is refuted or unknown."""
    made = [_proofs(scheme, claims, same_as) for scheme in schemes]
    whole = Proofs(tuple(decided for proofs in made for decided in proofs))
    if screen.json:
        screen.give(whole.as_json(screen.lang))
    else:
        for scheme, proofs in zip(schemes, made, strict=True):
            _tell(screen, scheme, proofs, every=every)
        if len(schemes) > 1:
            screen.line(f"{screen.say('合计', 'in all')}: {_counted(screen, whole)}")
    return FAULTY if whole.refuted or whole.unknown else FINE


def _proofs(scheme: Scheme, claims: Sequence[str], same_as: Scheme | None) -> Proofs:
    if same_as is not None:
        return verbs.prove(scheme, same_as=same_as)
    if claims:
        return Proofs(tuple(d for claim in claims for d in verbs.prove(scheme, claim)))
    return verbs.prove(scheme)


def _tell(screen: Screen, scheme: Scheme, proofs: Proofs, *, every: bool) -> None:
    screen.line(
        f"{scheme.title}  {scheme.id}@{scheme.edition}" if scheme.edition else f"{scheme.title}  {scheme.id}", "bold"
    )
    if every and len(proofs):
        heads = [screen.say("结论", "answer"), screen.say("指标", "indicator"), screen.say("论断", "claim")]
        screen.table([*heads, screen.say("说明", "note")], [_row(screen, scheme, d) for d in proofs])
        screen.line()
    for decided in proofs:
        if decided.word != "proved" or len(proofs) == 1:
            _tell_one(screen, scheme, decided)
    screen.line(_counted(screen, proofs))


def _row(screen: Screen, scheme: Scheme, decided: Decided) -> tuple[str, str, str, str]:
    note = decided.reason(screen.lang).split("\n")[0] if isinstance(decided.answer, Proved) else ""
    return screen.say(*WORDS[decided.word]), _about(scheme, decided), decided.text(screen.lang), note


def _about(scheme: Scheme, decided: Decided) -> str:
    return decided.path or (scheme.tree.label if decided.claim.of.role == "node" else "")


def _tell_one(screen: Screen, scheme: Scheme, decided: Decided) -> None:
    word = screen.say(*WORDS[decided.word])
    about = _about(scheme, decided)
    head = f"{about}{screen.say('：', ': ')}" if about else ""
    screen.line(f"{word}  {head}{decided.text(screen.lang)}", STYLES[decided.word])
    reason = decided.reason(screen.lang)
    if reason:
        screen.line("\n".join(f"    {line}" for line in reason.split("\n")))


def _counted(screen: Screen, proofs: Iterable[Decided]) -> str:
    """How many of each answer, in words."""
    counts = dict.fromkeys(WORDS, 0)
    for decided in proofs:
        counts[decided.word] += 1
    comma = screen.say("，", ", ")
    return comma.join(f"{screen.say(*words)} {counts[word]}" for word, words in WORDS.items())
