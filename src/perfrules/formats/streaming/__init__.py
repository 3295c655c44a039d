"""Files larger than memory 大文件: read, scored and written in batches; stopped and taken up again without loss or doubling.

```
 source ──whole──► what only shows over all lines
    │                   │
    └──batches──► scored, set aside ──► growing files + manifest, in a folder beside the target ──► target
```
"""

from __future__ import annotations

from perfrules.formats.streaming.run import FileScores, Progress, score_file

__all__ = ["SOURCES", "TARGETS", "FileScores", "Progress", "score_file"]

SOURCES = (".parquet", ".csv", ".tsv", ".txt")
"""The kinds of file that are read in batches."""
TARGETS = (".parquet", ".csv")
"""The kinds of file that are written in batches."""
