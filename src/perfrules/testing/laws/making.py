"""How a law is made of a function that looks for breaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, update_wrapper
from typing import Any

from perfrules.model import Scheme
from perfrules.testing.laws.subject import Subject
from perfrules.testing.laws.verdicts import Breach, Verdict

Search = Callable[[Subject], Iterator[Breach]]


class Law:
    """A law 定律: a function from a scheme to a verdict, and the precondition that it reads from the scheme.

    Call it with a scheme (or a `Subject`, which keeps what other laws have worked out). `examples` is how many records
    it is tried on, `shrink` whether the smallest record is looked for that breaks it.
    """

    def __init__(self, search: Search, applies: Callable[[Subject], bool]) -> None:
        self.name = search.__name__.replace("_", "-")
        self.applies = applies
        self._search = search
        update_wrapper(self, search)

    def __call__(self, scheme: Scheme | Subject, **options: Any) -> Verdict:
        subject = scheme if isinstance(scheme, Subject) else _subject(scheme, **options)
        if not self.applies(subject):
            return Verdict(self.name, subject.scheme.id, "not-applicable")
        before = subject.tried
        found: dict[tuple[str, str], Breach] = {}
        for breach in self._search(subject):
            found.setdefault((breach.subject, breach.told), breach)
        answer: Any = "breached" if found else "holds"
        return Verdict(self.name, subject.scheme.id, answer, tuple(found.values()), subject.tried - before)

    def __repr__(self) -> str:
        return f"<law {self.name}>"


@lru_cache(maxsize=4)
def _kept(scheme: Scheme, examples: int, shrink: bool) -> Subject:
    return Subject(scheme, examples=examples, shrink=shrink)


def _subject(scheme: Scheme, **options: Any) -> Subject:
    if options.keys() <= {"examples", "shrink"}:
        return _kept(scheme, options.get("examples", 60), options.get("shrink", True))
    return Subject(scheme, **options)


def law(*, applies: Callable[[Subject], bool] = lambda _: True) -> Callable[[Search], Law]:
    """Make a law of a function that yields breaches; `applies` is its precondition."""
    return lambda search: Law(search, applies)
