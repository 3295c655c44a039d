"""Files larger than memory: what `perfrules score` takes for a Parquet file, and what Polars takes to read, convert and
write one. Each run is a process of its own, so that its peak of memory is its own.

    python benchmarks/streams.py io|hand IN.parquet OUT.parquet
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import truth
from records import KEY, SCALE
from tasks import NotThere, Ready, Task, records_of
from truth import Wrong
from workload import STANDARD, text_of

BLOCK = 1_000_000
"""A file repeats as many records as this under new keys; making more would only take time."""
ROW_GROUP = 262_144
WAYS = {"Polars reads, converts, writes": "io", "Polars scores floats": "hand", "perfrules score": ""}


def file_of(task: Task) -> Path:
    """The Parquet file of a task, made once: amounts as DECIMAL(18, 4), counts and tiers as whole numbers."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from decimal_tables import decimal_table

    path = Path(task.folder) / f"records-{task.size}.parquet"
    if path.exists():
        return path
    table = decimal_table(records_of(replace(task, size=min(task.size, BLOCK))))
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for start in range(0, task.size, len(table)):
            keys = pa.array(range(start, start + len(table)), pa.int64())
            part = table.set_column(0, KEY, keys).slice(0, task.size - start)
            writer.write_table(part, row_group_size=ROW_GROUP)
    return path


def stream(task: Task) -> Ready | None:
    """Score a file into a file, or only read, convert and write it."""
    if task.way not in WAYS:
        return None
    given = file_of(task)
    folder = Path(task.folder)
    scheme = folder / "scheme.yaml"
    scheme.write_text(text_of(STANDARD), encoding="utf-8")
    made = folder / f"made-{os.getpid()}" / "made.parquet"
    if WAYS[task.way]:
        command = [sys.executable, "-W", "ignore", __file__, WAYS[task.way], str(given), str(made)]
    else:
        command = [sys.executable, "-m", "perfrules.cli", "score", str(scheme), str(given), "-o", str(made)]

    def run() -> Mapping[str, float]:
        shutil.rmtree(made.parent, ignore_errors=True)  # what was begun and what was set aside, too
        made.parent.mkdir()
        started = time.perf_counter()
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
            peak = _peak(process)
            seconds = time.perf_counter() - started
            said.seek(0)
            if process.returncode or not made.exists():
                raise NotThere(f"{task.way}: {said.read().strip().splitlines()[-1:] or 'wrote nothing'}")
        return {"seconds": seconds, "peak_mib": peak, "written_mib": made.stat().st_size / 2**20}

    return Ready(run, task.size, dict if WAYS[task.way] else lambda: _check(task, made))


def _check(task: Task, made: Path) -> dict[str, Wrong]:
    """Every cell of every record in the file that was written last, held against whole numbers worked out by hand."""
    import ours
    import polars as pl

    scheme, frame = ours.scheme_of(task), pl.scan_parquet(made)
    records = records_of(replace(task, size=min(task.size, BLOCK)))
    found = Wrong()
    for start in range(0, task.size, len(records)):
        part = frame.slice(start, len(records)).collect()
        expected = records.first_of(len(part))
        assert part[KEY].to_list() == list(range(start, start + len(part)))
        found += truth.compare_cents(STANDARD, expected, *ours.hundredths(scheme, part))
    assert frame.select(pl.len()).collect().item() == task.size
    return {"whole numbers": found}


def _peak(process: subprocess.Popen[Any]) -> float:
    """Wait for a process, and tell the most memory that it held, in MiB.

    Linux says it of a running process. What it says afterwards counts the process that it was started from, too.
    """
    status, peak = Path(f"/proc/{process.pid}/status"), 0.0
    while process.poll() is None:
        try:
            held = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        except OSError:
            held = None
        peak = max(peak, int(held[1]) / 1024) if held else peak
        time.sleep(0.01)
    return peak or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


# ---------------------------------------------------------------------------------------------- by hand


def read_convert_write(given: str, made: str) -> None:
    """Read every column, make whole numbers of the amounts, and write what scoring writes: as many decimals, and labels.

    What is written are the converted columns cut down to the size of points; those that there is no place for decide the
    label, so that none goes unread. It is the least that a program in Polars can do.
    """
    import polars as pl

    schema = pl.read_parquet_schema(given)
    assert set(schema) == {KEY, *STANDARD.inputs}
    whole: list[Any] = [
        pl.col(name).to_physical().cast(pl.Int64) if isinstance(schema[name], pl.Decimal) else pl.col(name)
        for name in STANDARD.inputs
    ]
    nodes = [*(path for _, path in STANDARD.nodes), "总分"]
    points = [(n % 601).cast(pl.Decimal(18, 2)).alias(path) for n, path in zip(whole, nodes, strict=False)]
    label = pl.when(pl.sum_horizontal(whole[len(nodes) :]) > SCALE).then(pl.lit("优")).otherwise(pl.lit("差"))
    pl.scan_parquet(given).select(KEY, *points, label.alias("等级")).sink_parquet(made)


def score_floats(given: str, made: str) -> None:
    """The hand-written float query from file to file."""
    import frames_by_hand
    import polars as pl

    query = frames_by_hand.polars_query(STANDARD, steps=True)
    amounts = [pl.col(name).cast(pl.Float64) for name in STANDARD.inputs]
    query(pl.scan_parquet(given).select(KEY, *amounts)).sink_parquet(made)


if __name__ == "__main__":
    {"io": read_convert_write, "hand": score_floats}[sys.argv[1]](*sys.argv[2:])
