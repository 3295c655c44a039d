"""Records 评价记录: raw cells → values and presence. Whatever the source, all goes one way.

mapping, object ──► Entry ──► cells, measures ──► Record or SetAside ──► Batch
a file's lines  ──►
"""

from __future__ import annotations

from perfrules.records.cells import read_cell
from perfrules.records.entries import Entry, Raw, RawRow, is_total, read_apart, read_entries
from perfrules.records.headings import Headings
from perfrules.records.objects import entry_from, record_from, records_from_mappings

__all__ = [
    "Entry",
    "Headings",
    "Raw",
    "RawRow",
    "entry_from",
    "is_total",
    "read_apart",
    "read_cell",
    "read_entries",
    "record_from",
    "records_from_mappings",
]
