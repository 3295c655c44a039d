"""The seven kinds of problem that the report finds 问题类别, for review findings to be tagged with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from attrs import frozen

from perfrules import Finding, documents


@frozen
class Problem:
    """A kind of problem 问题类别: as the report words it, what it advises, and which dimensions and indicators show it."""

    name: str
    number: int
    title: str
    details: tuple[str, ...]
    advice: str
    dimensions: tuple[str, ...]
    indicators: tuple[str, ...]


@frozen
class Tagged:
    """A review finding 评价发现 of a project, and the kind of problem that it is."""

    problem: Problem
    project: str
    finding: Finding


@cache
def problems() -> Mapping[str, Problem]:
    """The kinds of problem by name, in the order of the report."""
    text = (files("perfrules_gangcheng") / "data" / "problems.yaml").read_bytes()
    root, found = documents.read(text, "problems.yaml")
    assert root is not None, found
    return {
        name: Problem(
            name,
            about["number"],
            about["title"],
            tuple(about["details"]),
            about["advice"],
            tuple(about["dimensions"]),
            tuple(about["indicators"]),
        )
        for name, about in documents.plain(root)["problems"].items()
    }


def problem_at(path: str) -> Problem | None:
    """The kind of problem that an indicator's path shows: by indicator, else by a dimension that only one kind has."""
    parts = path.split("/")
    for part in reversed(parts):
        for each in problems().values():
            if part in each.indicators:
                return each
    of_dimension = [each for each in problems().values() if set(each.dimensions) & set(parts)]
    return of_dimension[0] if len(of_dimension) == 1 else None


def tag(finding: Finding, project: str, kind: str = "") -> Tagged:
    """The finding, tagged with a kind of problem, or with the one that its path shows.

    Raises KeyError for a kind that the report does not have, ValueError where the path shows none.
    """
    problem = problems()[kind] if kind else problem_at(finding.path)
    if problem is None:
        raise ValueError(f"{finding.path!r} shows no one kind of problem; name it: {'、'.join(problems())}")
    return Tagged(problem, project, finding)


def by_problem(tags: Iterable[Tagged]) -> Mapping[str, tuple[Tagged, ...]]:
    """Findings by kind of problem, in the order of the report; a kind without any has none."""
    made: dict[str, tuple[Tagged, ...]] = dict.fromkeys(problems(), ())
    for each in tags:
        made[each.problem.name] += (each,)
    return made
