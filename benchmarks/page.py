"""The tables of docs/explanation/performance.md, written between their markers from what a run found.

python benchmarks/page.py       write them anew from results.json
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "explanation" / "performance.md"
RESULTS = HERE / "results.json"
NOTHING = "Not measured yet; `make bench` writes it here.\n"

Results = Mapping[str, Any]
Line = Mapping[str, Any]


def rewrite(results: Results) -> None:
    """Write every table of the page anew."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")


def written(text: str, results: Results) -> str:
    """The text with the tables of some results between its markers. Raises KeyError for a marker that is unknown."""

    def table(marker: re.Match[str]) -> str:
        lines = "\n".join(TABLES[marker[1]](results))
        return f"<!-- measured: {marker[1]} -->\n\n{lines.strip() or NOTHING.strip()}\n\n<!-- end -->"

    return re.sub(r"<!-- measured: (\w+) -->\n.*?<!-- end -->", table, text, flags=re.DOTALL)


def _lines(results: Results, section: str) -> list[Line]:
    found: list[Line] = results.get("measured", {}).get(section, [])
    return found


def _seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def _spread(line: Line, over: int = 1) -> str:
    return f"{_seconds(line['low'] / over)} … {_seconds(line['high'] / over)}"


def _wrong(line: Line) -> str:
    """What is wrong by the exact reading, or by whole numbers where every record was held against them."""
    held = line.get("wrong", {})
    wrong = held.get("whole numbers", held.get("the exact reading"))
    if wrong is None:
        return ""
    parts = {name: wrong[name] for name in ("points", "totals", "grades", "findings") if wrong[name]}
    told = ", ".join(f"{count:,} {name}" for name, count in parts.items()) or "none"
    return f"{told} of {wrong['cells']:,}"


def _ratio(line: Line, lines: Sequence[Line], way: str) -> str:
    other = next((each for each in lines if each["way"] == way), None)
    if other is None:
        return ""
    return f"{line['seconds'] / line['records'] / (other['seconds'] / other['records']):.2f}"


def _machine(results: Results) -> Iterator[str]:
    if not results.get("measured"):
        return
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    cores, when = results["cores"], results["date"]
    yield f"Measured on {when} with `{results['command']}` on {cores} cores, {results['system']}, {results['python']};"
    yield f"{versions}. The run took {results['seconds'] // 60} minutes."
    if results["quick"]:
        yield ""
        yield "**This was a quick run on few records: it shows that everything runs, and not how fast.**"


def _figures(results: Results) -> Iterator[str]:
    if not results.get("targets"):
        return
    yield "| figure | measured | aim | |"
    yield "|---|---:|---|---|"
    for name, goal in results["targets"].items():
        verdict = "met" if goal["met"] else "**missed**"
        yield f"| `{name}` | {results[name]:,.2f} | {goal['target']} | {verdict} |"
    others = [k for k in results if re.match("(one|scorecard|frame|forms|stream)_", k) and k not in results["targets"]]
    for name in others:
        yield f"| `{name}` | {results[name]:,.2f} | | |"
    yield f"| `checked_cells` | {results['checked_cells']:,.0f} | | |"


def _one(results: Results) -> Iterator[str]:
    lines = _lines(results, "one")
    if not lines:
        return
    yield "| way | per record | quartiles | × simpleeval's time | wrong cells |"
    yield "|---|---:|---|---:|---|"
    for line in sorted(lines, key=lambda each: each["seconds"] / each["records"]):
        count = line["records"]
        times = _ratio(line, lines, "simpleeval")
        yield f"| {line['way']} | {_seconds(line['seconds'] / count)} | {_spread(line, count)} | {times} | {_wrong(line)} |"


def _frames(section: str) -> Callable[[Results], Iterator[str]]:
    hand = {"forms": "Polars, forms", "types": "perfrules, Polars"}.get(section, "Polars")
    beside = "a Polars frame" if section == "types" else "hand-written Polars"

    def table(results: Results) -> Iterator[str]:
        lines = _lines(results, section)
        if not lines:
            return
        what = "forms" if section == "forms" else "records"
        yield f"| way | {lines[0]['records']:,} {what} | quartiles | × {beside} | wrong cells |"
        yield "|---|---:|---|---:|---|"
        for line in sorted(lines, key=lambda each: each["seconds"]):
            times = _ratio(line, lines, hand)
            yield f"| {line['way']} | {_seconds(line['seconds'])} | {_spread(line)} | {times} | {_wrong(line)} |"

    return table


def _growth(
    sections: tuple[str, ...], head: str, key: str, per: Callable[[Line], float]
) -> Callable[[Results], Iterator[str]]:
    """A line for each size, a column for each way: seconds, and what it comes to by the piece."""

    def table(results: Results) -> Iterator[str]:
        lines = [line for section in sections for line in _lines(results, section)]
        if not lines:
            return
        ways = list(dict.fromkeys(line["way"] for line in _lines(results, sections[0])))
        yield f"| {head} | " + " | ".join(ways) + " |"
        yield "|---:|" + "---:|" * len(ways)
        for size in sorted({line[key] for line in lines}):
            cells = []
            for way in ways:
                line = next((each for each in lines if each[key] == size and each["way"] == way), None)
                cells.append(
                    "" if line is None else f"{_seconds(line['seconds'])} ({_seconds(line['seconds'] / per(line))})"
                )
            yield f"| {size:,} | " + " | ".join(cells) + " |"

    return table


def _stream(results: Results) -> Iterator[str]:
    lines = _lines(results, "stream")
    if not lines:
        return
    yield "| records | way | seconds | quartiles | × Polars' reading and writing | peak MiB | rounds |"
    yield "|---:|---|---:|---|---:|---:|---:|"
    for size in sorted({line["size"] for line in lines}):
        of_size = [line for line in lines if line["size"] == size]
        for line in of_size:
            times = _ratio(line, of_size, "Polars reads, converts, writes")
            figures = f"{line['seconds']:.1f} | {_spread(line)} | {times} | {line['peak_mib']:,.0f} | {line['rounds']}"
            yield f"| {size:,} | {line['way']} | {figures} |"


def _clusters(results: Results) -> Iterator[str]:
    lines = [*_lines(results, "clusters")]
    if not lines:
        return
    lines += [line for line in _lines(results, "frame") if line["way"].startswith("perfrules")]
    yield "| way | records | seconds | quartiles | wrong cells |"
    yield "|---|---:|---:|---|---|"
    for line in lines:
        yield f"| {line['way']} | {line['size']:,} | {line['seconds']:.2f} | {_spread(line)} | {_wrong(line)} |"


TABLES: Mapping[str, Callable[[Results], Iterator[str]]] = {
    "machine": _machine,
    "figures": _figures,
    "one": _one,
    "frame": _frames("frame"),
    "unrounded": _frames("unrounded"),
    "full": _frames("full"),
    "forms": _frames("forms"),
    "records": _growth(("records", "frame"), "records", "size", lambda line: line["size"]),
    "indicators": _growth(("indicators",), "indicators", "width", lambda line: line["size"] * line["width"]),
    "planning": _growth(("planning",), "indicators", "width", lambda line: line["width"]),
    "depth": _growth(("depth",), "levels", "levels", lambda line: line["size"]),
    "types": _frames("types"),
    "stream": _stream,
    "clusters": _clusters,
}
"""What stands between each pair of markers."""


def main() -> None:
    rewrite(json.loads(RESULTS.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
