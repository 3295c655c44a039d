"""Writes the generated worked cases of the bundled schemes anew: `python tests/generated_cases.py [SCHEME …]`.

What they should come to is what the program comes to; `tests/test_generated_cases.py` has the oracle confirm it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import perfrules as pr
from perfrules.testing import recording
from perfrules.testing.generation import generate

SOURCE = (
    "由 perfrules cases generate 生成的记录，并非文件所载；应得的数由 tests/reference.py 的对照算法另行算出，逐一相符"
)


def write(scheme: pr.Scheme) -> Path:
    """The file beside the scheme's own tests."""
    file = Path(scheme.file)
    path = file.parents[3] / "tests" / f"{file.stem}.generated.cases.yaml"
    records = [(each.title, each.record, each.cohort) for each in generate(scheme)]
    cases = recording.recorded_raw(scheme, records, source=SOURCE)
    text = recording.cases_text(cases, scheme=scheme.id, source=SOURCE, record=recording.in_common(cases))
    path.write_text(text, encoding="utf-8")
    return path


if __name__ == "__main__":
    for name in sys.argv[1:] or pr.schemes()[0]:
        print(write(pr.scheme(name)), flush=True)
