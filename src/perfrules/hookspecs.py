"""What a plugin can supply 插件接口. No hook sees or alters a score."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pluggy

from perfrules.model import Batch, Scheme

PROJECT = "perfrules"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_schemes() -> Iterable[Path]:  # type: ignore[empty-body]  # a specification has no body
    """The scheme files that this distribution supplies."""


@hookspec
def register_definitions() -> Iterable[Path]:  # type: ignore[empty-body]  # the same
    """The files of definitions that this distribution supplies; other distributions see them by `use:`."""


@hookspec
def register_facts() -> Iterable[Path]:  # type: ignore[empty-body]  # the same
    """The files of facts that this distribution supplies: figures of a document, and how they must hang together."""


@hookspec(firstresult=True)
def read_records(path: Path, scheme: Scheme) -> Batch | None:
    """Read a local form of return into records, or None where the file is no such form.

    The result passes the same conversion as any record: build it with `perfrules.records`.
    """
