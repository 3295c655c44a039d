"""Unfinished work 未完的批次: what is done of a file, in a folder beside the result, to be taken up again."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from attrs import define, field

from perfrules.findings import Finding, RecordError
from perfrules.formats.tables import refused
from perfrules.formats.writing import permitted, write_whole


@define
class Tally:
    """What a file has come to so far 计数: every line is scored, set aside, or passed over as a line of totals."""

    lines: int = 0
    scored: int = 0
    without_score: int = 0
    set_aside: int = 0
    passed_over: int = 0
    grades: dict[str, Counter[str]] = field(factory=dict)
    findings: Counter[str] = field(factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "lines": self.lines,
            "scored": self.scored,
            "without_score": self.without_score,
            "set_aside": self.set_aside,
            "passed_over": self.passed_over,
            "grades": {name: dict(counts) for name, counts in self.grades.items()},
            "findings": dict(self.findings),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Tally:
        """The tally that plain data says."""
        counts = {k: data[k] for k in ("lines", "scored", "without_score", "set_aside", "passed_over")}
        grades = {name: Counter(each) for name, each in data["grades"].items()}
        return cls(**counts, grades=grades, findings=Counter(data["findings"]))


@define
class Work:
    """A folder with what is done, and a manifest that says how much of it is good; one process at a time."""

    folder: Path
    of: Mapping[str, str]
    lock: IO[bytes]
    batches: int = 0
    tally: Tally = field(factory=Tally)
    scores: Mapping[str, int] = field(factory=dict)
    aside: int = 0

    @classmethod
    def opened(cls, target: Path, of: Mapping[str, str], *, restart: bool) -> Work:
        """The work on a target, taken up where it was left; `of` is what it is the work of.

        Raises RecordError where other work lies there, or another process is at it.
        """
        folder = target.with_name(f".{target.name}.perfrules")
        folder.mkdir(exist_ok=True)
        lock = (folder / "lock").open("wb")
        if not _locked(lock):
            lock.close()
            raise refused("output-in-work", target)
        made = cls(folder, of, lock)
        manifest = folder / "manifest.json"
        if restart:
            manifest.unlink(missing_ok=True)
        if manifest.exists():
            left = json.loads(manifest.read_text("utf-8"))
            others = [what for what in of if left["of"].get(what) != of[what]]
            if others:
                lock.close()
                raise RecordError(
                    [Finding("unfinished-work-differs", None, "", {"file": target.name, "what": "、".join(others)})]
                )
            made.batches, made.tally = left["batches"], Tally.of(left["tally"])
            made.scores, made.aside = left["scores"], left["aside"]
        return made

    def note(self, scores: Mapping[str, int], aside: int, tally: Tally) -> None:
        """One more batch is done: from now on it is not done again."""
        self.batches += 1
        self.scores, self.aside, self.tally = scores, aside, tally
        left = {"of": self.of, "batches": self.batches, "tally": tally.as_json(), "scores": scores, "aside": aside}
        write_whole(self.folder / "manifest.json", json.dumps(left, ensure_ascii=False).encode())

    def deliver(self, target: Path, set_aside: Path) -> None:
        """Put what is finished in its place, and the folder away."""
        for name, place in (("aside", set_aside), ("scores", target)):
            permitted(self.folder / name)
            os.replace(self.folder / name, place)
        self.close()
        shutil.rmtree(self.folder)

    def close(self) -> None:
        """Let others take it up."""
        self.lock.close()


def _locked(file: IO[bytes]) -> bool:
    """Whether the lock on a file could be had; it ends with the process. Where there are no such locks, it always can."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
