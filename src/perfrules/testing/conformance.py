"""Conformance of a plugin 插件符合性: every check of a distribution, each with an id, for pytest or for the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from attrs import field, frozen

from perfrules import assembling, documents, plugins
from perfrules.findings import Finding, Language, PerfrulesError, nearest
from perfrules.model import Scheme
from perfrules.plugins import Registry, SchemeFile
from perfrules.procedures.facts import audit_distribution
from perfrules.testing import cases as worked
from perfrules.testing.known import Known, by_check, known_in, must_have
from perfrules.testing.laws import EXAMPLES, LAWS, Subject
from perfrules.testing.needs import needed

Answer = Literal["passed", "failed", "known", "not-applicable"]
Tested = TypeVar("Tested", bound=Callable[..., Any])
OF_SCHEMES = ("loads", *LAWS, "worked-cases")
OF_PLUGINS = ("registers", "definitions", "facts")


@frozen
class Trouble:
    """One thing that a check found 不符: what it is about, by which a known failure is named, and the words.

    `stale` is a failure that is registered as known and is none any more.
    """

    subject: str
    zh: str
    en: str
    stale: bool = False

    def said(self, lang: Language) -> str:
        """The words in one language."""
        return self.zh if lang == "zh" else self.en


@frozen
class Report:
    """What one check came to 检查结果: `known` is a failure that the author has given a reason for."""

    id: str
    scheme: str
    check: str
    answer: Answer
    troubles: tuple[Trouble, ...] = ()
    reason: str = ""
    why: tuple[str, str] = ("", "")
    tried: int = 0

    def render(self, lang: Language = "zh") -> str:
        """The troubles, or the reason, as lines of text."""
        lines = [each.said(lang) for each in self.troubles]
        if self.reason:
            lines.insert(0, self.reason)
        if self.answer == "not-applicable":
            lines.append(self.why[0] if lang == "zh" else self.why[1])
        if self.as_known:
            head = "认可的，写明缘由即可" if lang == "zh" else "To accept this, say why"
            lines.append(f"{head}{'：' if lang == 'zh' else ': '}known={self.as_known}")
        return "\n".join(lines)

    @property
    def as_known(self) -> str:
        """What to hand on as `known` (or to write in its file) where the author accepts a failure; empty where none is."""
        new = dict.fromkeys(t.subject for t in self.troubles if not t.stale) if self.answer == "failed" else {}
        failures = {f"{self.check}: {subject}" if subject else self.check: "……" for subject in new}
        return json.dumps({self.scheme: failures}, ensure_ascii=False) if failures else ""

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        data: dict[str, Any] = {"id": self.id, "scheme": self.scheme, "check": self.check, "answer": self.answer}
        data["troubles"] = [{"subject": t.subject, "message": {"zh": t.zh, "en": t.en}} for t in self.troubles]
        if self.reason:
            data["reason"] = self.reason
        if self.answer == "not-applicable":
            data["why"] = {"zh": self.why[0], "en": self.why[1]}
        return data


@frozen
class Idle:
    """Why a check does not apply, in both languages."""

    zh: str
    en: str


Found = tuple[Trouble, ...] | Idle
"""What a check found; or why it does not apply."""


@frozen
class Check:
    """One check of a distribution 一项检查; call it in a test, or `run` it for its report.

    `known` are the failures that its author knows of: patterns of what they are about, each with the reason.
    """

    id: str
    scheme: str
    name: str
    look: Callable[[bool], tuple[Found, int]] = field(repr=False)
    known: Mapping[str, str] = field(factory=dict)

    def run(self) -> Report:
        """What the check comes to."""
        found, tried = self.look(not self.known)
        if isinstance(found, Idle):
            why = (found.zh, found.en)
            unmet = tuple(self._holds_now(pattern) for pattern in self.known)
            answer: Answer = "failed" if unmet else "not-applicable"
            return Report(self.id, self.scheme, self.name, answer, unmet, "", why, tried)
        troubles = list(found)
        met = {p for p in self.known for t in found if _matches(t.subject, p)}
        left = [t for t in troubles if not any(_matches(t.subject, p) for p in self.known)]
        left += [self._holds_now(pattern) for pattern in self.known if pattern not in met]
        if left:
            return Report(self.id, self.scheme, self.name, "failed", tuple(left), "", ("", ""), tried)
        if self.known:
            reason = "；".join(dict.fromkeys(self.known.values()))
            return Report(self.id, self.scheme, self.name, "known", tuple(troubles), reason, ("", ""), tried)
        return Report(self.id, self.scheme, self.name, "passed", (), "", ("", ""), tried)

    def _holds_now(self, pattern: str) -> Trouble:
        name = self.name if pattern == "*" else f"{self.name}: {pattern}"
        return Trouble(
            pattern,
            f"登记为已知不符的“{name}”现在已经符合，请从 known 中删去：{self.known[pattern]}",
            f"“{name}” is a known failure and now passes; take it out of known: {self.known[pattern]}",
            stale=True,
        )

    def __call__(self) -> None:
        """Pass, fail, skip (what does not apply) or xfail (what is known), as pytest understands them."""
        import pytest

        report = self.run()
        match report.answer:
            case "passed":
                return
            case "not-applicable":
                pytest.skip(" / ".join(report.why))
            case "known":
                pytest.xfail(report.reason)
            case "failed":
                told = [f"{t.zh}\n{t.en}" for t in report.troubles]
                if report.as_known:
                    told.append(f"认可的，写明缘由即可 To accept this, say why: known={report.as_known}")
                pytest.fail("\n".join([self.id, *told]), pytrace=False)


def _matches(subject: str, pattern: str) -> bool:
    return subject == pattern or fnmatchcase(subject, pattern)


# ------------------------------------------------------------------------------------------------ the checks there are


def checks_of(
    distribution: str,
    *,
    known: Known | str | Path | None = None,
    cases: str | Path | None = None,
    directions: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None,
    cliffs: Mapping[str, Mapping[str, Any]] | None = None,
    examples: int = EXAMPLES,
    registry: Registry | None = None,
) -> list[Check]:
    """Every check of a distribution: of the plugin itself, then of each scheme that it brings.

    `known` says by scheme (the distribution's name, for the plugin) which checks fail and why: the name of a check, or the
    name, a colon and what of it; it may be a YAML file that says so. `cases` is a folder (or file) of worked cases.
    `directions` and `cliffs` are by scheme what `Subject` takes. Raises ValueError for a distribution that is not
    installed, and for names that nothing has.
    """
    installed = registry or plugins.registry()
    name, files = _files_of(distribution, installed)
    schemes = {_named(file, files): file for file in files}
    every = {name: OF_PLUGINS, **dict.fromkeys(schemes, OF_SCHEMES)}
    failures = by_check(known_in(known), every)
    for what in (directions or {}, cliffs or {}):
        for scheme in what:
            must_have(scheme, every, "scheme")
    tried = {} if cases is None else _by_scheme(Path(cases))
    made: list[Check] = []

    def add(of: str, check: str, look: Callable[[bool], tuple[Found, int]]) -> None:
        made.append(Check(f"{of}-{check}", of, check, look, failures.get((of, check), {})))

    add(name, "registers", lambda _: (_registered(name, installed), 0))
    add(name, "definitions", lambda _: (_definitions(name, installed), 0))
    add(name, "facts", lambda _: (_facts(name, installed), 0))

    @lru_cache(maxsize=1)
    def subject(of: str) -> Subject:  # one at a time is kept, for the checks that follow
        file = schemes[of]
        text = file.path.read_bytes()
        scheme = assembling.loads(text, file=str(file.path), registry=installed, distribution=file.distribution)
        return Subject(scheme, examples=examples, directions=(directions or {}).get(of), cliffs=(cliffs or {}).get(of))

    for of in schemes:
        for check, look in _of_scheme(of, partial(subject, of), tried):
            add(of, check, look)
    return made


def checks_of_scheme(
    scheme: Scheme,
    *,
    cases: str | Path | None = None,
    examples: int = EXAMPLES,
    known: Known | str | Path | None = None,
) -> list[Check]:
    """Every check of one scheme, whether a plugin brings it or not."""
    tried = {} if cases is None else _by_scheme(Path(cases))
    failures = by_check(known_in(known), {scheme.id: OF_SCHEMES})
    subject = Subject(scheme, examples=examples)
    return [
        Check(f"{scheme.id}-{check}", scheme.id, check, look, failures.get((scheme.id, check), {}))
        for check, look in _of_scheme(scheme.id, lambda: subject, tried)
    ]


def _of_scheme(
    of: str, load: Callable[[], Subject], tried: Mapping[str, list[worked.Case]]
) -> Iterator[tuple[str, Callable[[bool], tuple[Found, int]]]]:
    """The checks of one scheme, by name; a scheme that does not load fails its first check, and the others say so."""

    def loads(_: bool) -> tuple[Found, int]:
        try:
            return _told(load().scheme.findings), 0
        except PerfrulesError as problem:
            return tuple(map(_of_finding, problem.findings)), 0

    def law(name: str) -> Callable[[bool], tuple[Found, int]]:
        def look(shrink: bool) -> tuple[Found, int]:
            try:
                subject = load()
            except PerfrulesError:
                return Idle("体系读不进来", "the scheme does not load"), 0
            subject.shrink = shrink
            verdict = LAWS[name](subject)
            if verdict.answer == "not-applicable":
                return Idle(verdict.why("zh"), verdict.why("en")), verdict.tried
            troubles = (Trouble(b.subject, b.render("zh"), b.render("en")) for b in verdict.breaches)
            return tuple(troubles), verdict.tried

        return look

    def its_cases(_: bool) -> tuple[Found, int]:
        mine = tried.get(of, [])
        if not mine:
            return Idle(
                "没有这个体系的算例（*.cases.yaml）", "there are no worked cases (*.cases.yaml) of this scheme"
            ), 0
        troubles = []
        for case in mine:
            try:
                outcome = worked.try_case(case, load().scheme)
            except PerfrulesError as problem:
                troubles += [_of_finding(f, case.name) for f in problem.findings]
                continue
            if outcome.differences:
                troubles.append(Trouble(case.name, outcome.render("zh"), outcome.render("en")))
        return tuple(troubles), len(mine)

    yield "loads", loads
    for name in LAWS:
        yield name, law(name)
    yield "worked-cases", its_cases


def _by_scheme(folder: Path) -> dict[str, list[worked.Case]]:
    """The worked cases in a folder by scheme. Raises SchemeError for a file that cannot be read."""
    found: dict[str, list[worked.Case]] = {}
    for path in worked.find_cases(folder):
        for case in worked.read_cases(path):
            found.setdefault(case.scheme, []).append(case)
    return found


# ------------------------------------------------------------------------------------------------ names


def is_distribution(name: str, registry: Registry | None = None) -> bool:
    """Whether an installed distribution that brings anything is called so, with `perfrules-` or without."""
    return bool(_distribution(name, registry or plugins.registry()))


def _distribution(name: str, registry: Registry) -> str:
    every = (*registry.scheme_files, *registry.definition_files, *registry.fact_files)
    names = {f.distribution for f in every} | {name for name, _ in registry.about.values()}
    return min((each for each in names if plugins.is_called(each, name)), key=len, default="")


def _files_of(distribution: str, registry: Registry) -> tuple[str, list[SchemeFile]]:
    """A distribution's own name, and the files of schemes that it brings."""
    name = _distribution(distribution, registry)
    if not name:
        near = nearest(distribution, {f.distribution for f in registry.scheme_files})
        raise ValueError(
            f"no distribution is called {distribution!r}, or it brings nothing to perfrules"
            + (f"; the nearest is {near!r}" if near else "")
        )
    return name, [f for f in registry.scheme_files if f.distribution == name]


def _named(file: SchemeFile, files: list[SchemeFile]) -> str:
    """What the scheme in a file is called: its id, with its edition where the distribution has several."""
    ids = [_declared(each) for each in files]
    name, edition = _declared(file)
    return f"{name}@{edition}" if [n for n, _ in ids].count(name) > 1 else name


def _declared(file: SchemeFile) -> tuple[str, str]:
    """The id and the edition that a file says, whether or not it loads."""
    try:
        root, _ = documents.read(file.path.read_bytes(), str(file.path))
    except OSError:
        root = None
    said = [root.get(key) if isinstance(root, documents.Mapping) else None for key in ("scheme", "edition")]
    name, edition = (node.text.strip() if isinstance(node, documents.Scalar) else "" for node in said)
    return name or file.path.stem, edition


# ------------------------------------------------------------------------------------------------ the plugin itself


def _of_finding(finding: Finding, of: str = "") -> Trouble:
    return Trouble(of or finding.name, finding.render("zh"), finding.render("en"))


def _told(findings: Iterable[Finding]) -> tuple[Trouble, ...]:
    """What is wrong or doubtful; remarks, which are for whoever reviews a scheme, fail nothing."""
    return tuple(_of_finding(f) for f in findings if f.severity != "remark")


def _registered(name: str, registry: Registry) -> Found:
    """Every plugin of the distribution loads and its hooks are known; its files are there."""
    found = [_of_finding(f) for f in registry.findings if f.path == name]
    for each in (*registry.scheme_files, *registry.definition_files, *registry.fact_files):
        if each.distribution == name and not each.path.is_file():
            found.append(_of_finding(Finding("file-not-found", None, name, {"file": str(each.path)})))
    return tuple(found)


def _definitions(name: str, registry: Registry) -> Found:
    files = [f for f in registry.definition_files if f.distribution == name]
    if not files:
        return Idle("插件没有带定义文件", "the plugin brings no definitions")
    found = [f for each in files for f in assembling.definitions_in(each.path.read_bytes(), str(each.path), name)[1]]
    return _told(found)


def _facts(name: str, registry: Registry) -> Found:
    """The files of facts are read without a finding; what conflicts in a document is for the plugin's own tests to say."""
    if not any(f.distribution == name for f in registry.fact_files):
        return Idle("插件没有带文件数据", "the plugin brings no facts")
    try:
        return tuple(map(_of_finding, audit_distribution(name, registry).findings))
    except PerfrulesError as problem:
        return tuple(map(_of_finding, problem.findings))


# ------------------------------------------------------------------------------------------------ for pytest


def scheme_checks(
    distribution: str,
    *,
    known: Known | str | Path | None = None,
    cases: str | Path | None = None,
    directions: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None,
    cliffs: Mapping[str, Mapping[str, Any]] | None = None,
    examples: int = EXAMPLES,
) -> Callable[[Tested], Tested]:
    """Make a test function that takes a `check` the whole suite of a distribution: one test for each check.

    The function calls `check()`. Worked cases are looked for in the test's own folder unless `cases` names another; the
    other arguments are those of `checks_of`. Raises SchemeError without the extra `testing`.
    """
    needed("pytest", "hypothesis")
    import pytest

    def made(function: Tested) -> Tested:
        here = Path(function.__code__.co_filename).parent
        every = checks_of(
            distribution,
            known=known,
            cases=cases if cases is not None else here,
            directions=directions,
            cliffs=cliffs,
            examples=examples,
        )
        parameters = [pytest.param(check, id=check.id) for check in every]
        decorated: Tested = pytest.mark.parametrize("check", parameters)(function)
        return decorated

    return made
