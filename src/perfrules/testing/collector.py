"""A pytest plugin 收集算例: every `*.cases.yaml` among the tests is collected, each case a test of its own.

pytest loads this module in every run of whoever has perfrules installed, so nothing of ours is imported before there is
a file of cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from perfrules.testing.cases import Case, Outcome

_SUFFIX = ".cases.yaml"
_UNCONFIRMED = ("perfrules", "unconfirmed")
"""What the report of an unconfirmed case carries, from the workers of pytest-xdist too."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a file of cases."""
    if file_path.name.endswith(_SUFFIX):
        made: pytest.Collector = CasesFile.from_parent(parent, path=file_path)
        return made
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many of the cases that passed nobody has worked out yet."""
    passed = terminalreporter.getreports("passed")
    some = sum(_UNCONFIRMED in report.user_properties for report in passed if report.when == "call")
    if some:
        terminalreporter.write_line(
            f"通过的算例中待核对 {some}。 Of the worked cases that passed, {some} to be confirmed."
        )


class CasesFile(pytest.File):
    """A file of worked cases."""

    def collect(self) -> Iterator[pytest.Item]:
        """The cases in it. One that cannot be read is told with the places of what is wrong."""
        from perfrules.findings import PerfrulesError
        from perfrules.testing.cases import read_cases

        try:
            cases = read_cases(self.path)
        except PerfrulesError as problem:
            told = "\n".join(f.render("zh") + "\n" + f"  {f.message('en')}" for f in problem.findings)
            raise self.CollectError(told) from None
        for case in cases:
            yield CaseItem.from_parent(self, name=case.name, case=case)


class CaseItem(pytest.Item):
    """One worked case as a test."""

    def __init__(self, *, case: Case, **about: Any) -> None:
        super().__init__(**about)
        self.case = case
        if case.is_unconfirmed:
            self.user_properties.append(_UNCONFIRMED)

    def runtest(self) -> None:
        """Score the record and compare."""
        from perfrules.testing.cases import try_case

        outcome = try_case(self.case)
        if outcome.differences:
            raise CaseDiffersError(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What differs, or what is wrong with the scheme or the record; a traceback only where it is our fault."""
        from perfrules.findings import PerfrulesError

        match excinfo.value:
            case CaseDiffersError(outcome=outcome):
                return outcome.render()
            case PerfrulesError(findings=findings):
                return "\n".join(f.render("zh") + "\n" + f"  {f.message('en')}" for f in findings)
            case _:
                return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the case stands."""
        return self.path, self.case.line - 1, f"{self.path.name}: {self.case.name}"


class CaseDiffersError(Exception):
    """A case did not come out as worked."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.case.name)
