"""What `mutate` and `cases generate` print: which changes to a scheme no test would miss, and records that would."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from perfrules import supplying
from perfrules.cli.console import FAULTY, FINE, Screen
from perfrules.findings import Finding, RecordError, SchemeError
from perfrules.formats.writing import write_whole
from perfrules.testing import cases as worked
from perfrules.testing import recording
from perfrules.testing.cases import UNCONFIRMED
from perfrules.testing.generation import generate
from perfrules.testing.mutation import Mutation, Tried, mutate


def mutate_scheme(screen: Screen, name: str, paths: Sequence[Path], *, laws: bool) -> int:
    """Print what survives of a scheme's mutants, and how many were told by what."""
    scheme = supplying.scheme(name)
    cases, found = _read(paths)
    if not screen.json:
        screen.findings(found, err=True)
    with _progress(screen) as moved:
        result = mutate(scheme, cases, by_laws=laws, told=_telling(screen, _shown(scheme.file), moved))
    if screen.json:
        screen.give({**result.as_json(), "findings": [f.as_json() for f in found]})
    else:
        _sum_up(screen, result)
    faulty = result.of("survived") or result.left_out or any(f.severity == "error" for f in found)
    return FAULTY if faulty else FINE


def _read(paths: Sequence[Path]) -> tuple[list[worked.Case], list[Finding]]:
    """The cases of these files and folders (here, where there are none), and what is wrong with files in folders.

    Raises SchemeError where a file that is named is wrong.
    """
    cases: list[worked.Case] = []
    found: list[Finding] = []
    for file in (file for path in paths or (Path(),) for file in worked.find_cases(path)):
        try:
            cases += worked.read_cases(file)
        except SchemeError as problem:
            if file in paths:  # what is asked for by name is wanted
                raise
            found += problem.findings
    return cases, found


def _shown(file: str) -> str:
    """A file as an editor finds it from here."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


@contextmanager
def _progress(screen: Screen) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's error stream, moved by how many are done of how many; nothing elsewhere."""
    if screen.json or not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def _telling(screen: Screen, file: str, moved: Callable[[int, int], None]) -> Callable[[Tried, int, int], None]:
    """Tell each survivor as soon as it is known, with its place as editors read it."""

    def told(tried: Tried, number: int, of: int) -> None:
        moved(number, of)
        if tried.fate == "survived" and not screen.json:
            head = f"{file}:{tried.mutant.line}: " if tried.mutant.line else ""
            screen.line(f"{head}{tried.message(screen.lang)}")

    return told


def _sum_up(screen: Screen, result: Mutation) -> None:
    by = {fate: len(result.of(fate)) for fate in ("load", "case", "law", "equivalent", "survived")}
    share = "—" if result.share is None else f"{result.share:.1%}"
    if result.left_out:
        names = "、".join(result.left_out)
        screen.line(
            screen.say(f"不算数的算例（照原体系就不符）：{names}", f"Cases left out, for they differ as it is: {names}")
        )
    if not result.cases:
        screen.line(
            screen.say(
                "没有这个体系的算例；perfrules cases generate 生成一些，核对后再试。",
                "There is no worked case of this scheme; perfrules cases generate makes some, to be confirmed.",
            )
        )
    if find_spec("z3") is None and any(t.apart is None for t in result.of("survived")):
        screen.line(
            screen.say(
                "有的变异没有记录可以分辨；装上 perfrules[proof] 才分得出其中等价的。",
                "No record tells some of them; with perfrules[proof] those that are equivalent are told.",
            )
        )
    screen.line(
        screen.say(
            f"共 {len(result.tried)} 处变异：载入时发现 {by['load']}，算例发现 {by['case']}，定律发现 {by['law']}，"
            f"等价 {by['equivalent']}，无人发现 {by['survived']}；发现 {share}（等价的不计）。",
            f"{len(result.tried)} mutants: told by loading {by['load']}, by cases {by['case']}, by laws {by['law']}; "
            f"equivalent {by['equivalent']}, survived {by['survived']}; {share} of those not equivalent were told.",
        )
    )


def generate_cases(screen: Screen, name: str, output: Path) -> int:
    """Write the records that take every arm and touch every edge of a scheme, with what they come to, to be confirmed."""
    scheme = supplying.scheme(name)
    made = recording.recorded_raw(scheme, [(g.title, g.record, g.cohort) for g in generate(scheme)], source=UNCONFIRMED)
    of = recording.named_from(name, output)
    text = recording.cases_text(made, scheme=of, source=UNCONFIRMED, record=recording.in_common(made))
    try:
        write_whole(output, text.encode())
    except OSError as problem:
        seen = {"file": output.name, "why": problem.strerror or ""}
        raise RecordError([Finding("file-not-writable", None, "", seen)]) from None
    if screen.json:
        screen.give({"written": str(output), "cases": len(made)})
    else:
        screen.line(
            screen.say(
                f"已写出 {output}：{len(made)} 个算例，待核对。", f"Wrote {output}: {len(made)} cases, to be confirmed."
            )
        )
    return FINE
