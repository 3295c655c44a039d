"""The golden files: what is said about each bad scheme of `tests/bad`, and how scores are explained (`tests/explained`).

`python tests/golden.py` writes every `.txt` anew; read the difference before you commit it.
"""

from __future__ import annotations

from pathlib import Path

import perfrules as pr
from perfrules.findings import Language
from perfrules.formats import read_records
from perfrules.plugins import Registry, SchemeFile

BAD = Path(__file__).parent / "bad"
PARENTS = Registry(tuple(SchemeFile(path, "tests", "0") for path in sorted((BAD / "parents").glob("*.yaml"))))
"""What the bad amendments amend, whatever is installed."""
EXPLAINED = Path(__file__).parent / "explained"
EXAMPLES = Path(__file__).parent.parent / "examples"
EXPLANATIONS = {
    "township-water": (str(EXAMPLES / "township-water.yaml"), "township-water.csv"),
    "case-01": ("mof.self-evaluation", "case-01.json"),
    "case-04": ("mof.self-evaluation-20-80", "case-04.json"),
    "gangcheng": ("gangcheng.key-projects", "gangcheng.csv"),
}


def findings(text: str | bytes, file: str) -> tuple[pr.Finding, ...]:
    """What is found in a scheme, whether it can be used or not."""
    try:
        return pr.loads(text, file=file, registry=PARENTS).findings
    except pr.SchemeError as problem:
        return problem.findings


def told(scheme: Path) -> str:
    """The findings of a scheme file as people read them: 中文, an empty line, English."""
    found = findings(scheme.read_bytes(), scheme.name)
    return "\n\n".join("\n".join(f.render(lang) for f in found) for lang in ("zh", "en")) + "\n"


def explained(name: str, lang: Language) -> str:
    """Every record of an example, explained."""
    scheme_name, file = EXPLANATIONS[name]
    scheme = pr.scheme(scheme_name)
    batch = read_records(EXAMPLES / file, scheme)
    return "\n".join(pr.score(scheme, record).explain(lang) for record in batch.records)


if __name__ == "__main__":
    for scheme in sorted(BAD.glob("*.yaml")):
        scheme.with_suffix(".txt").write_text(told(scheme), encoding="utf-8")
    EXPLAINED.mkdir(exist_ok=True)
    for name in EXPLANATIONS:
        for lang in ("zh", "en"):
            (EXPLAINED / f"{name}.{lang}.txt").write_text(explained(name, lang), encoding="utf-8")
