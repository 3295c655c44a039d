"""The last net 最后一道网: what is told where the program itself fails, so that nobody is shown a traceback."""

from __future__ import annotations

import sys
import tempfile
import traceback

BROKEN = 3
"""The exit code of a failure of perfrules itself."""


def tell_breakdown(problem: Exception) -> int:
    """Tell that the program failed, in one line of each language; where to find the traceback that a report wants."""
    what = f"{type(problem).__name__}: {problem}".split("\n")[0][:200]
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="perfrules-", suffix=".txt", delete=False
        ) as file:
            file.write(f"perfrules {' '.join(sys.argv[1:])}\n\n{''.join(traceback.format_exception(problem))}")
        where = file.name
    except OSError:  # nowhere to write to
        where = ""
    zh, en = (f"（详情见 {where}）", f" (details in {where})") if where else ("", "")
    sys.stderr.write(f"程序出错，请报告：{what}{zh}\nperfrules failed; please report this: {what}{en}\n")
    return BROKEN
