"""What a law says of a scheme: that it holds, that it is breached and by which record, or that it does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from attrs import field, frozen

from perfrules.findings import Language, visible

Answer = Literal["holds", "breached", "not-applicable"]


@cache
def words() -> Mapping[str, Any]:
    """The words of every law in 中文 and English, by its name: what it says, what it needs, how a breach is told."""
    text = files("perfrules.testing.laws").joinpath("words.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


@frozen
class Breach:
    """One way in which a scheme breaks a law 违反: what it is about, the smallest record that shows it, and the words.

    `subject` is what breaks it (a node's path, an input, both), by which a known failure is named. `seen` fills the
    placeholders of the law's words; `told` chooses among them where a law can be broken in several ways.
    """

    law: str
    subject: str
    seen: Mapping[str, str] = field(factory=dict)
    record: Mapping[str, Any] | None = None
    told: str = "breach"

    def message(self, lang: Language = "zh") -> str:
        """What is wrong, in one language."""
        text: str = words()[self.law][self.told][lang]
        seen = {"subject": self.subject or ("总分" if lang == "zh" else "the total"), **self.seen}
        return text.format_map({name: visible(value) for name, value in seen.items()})

    def render(self, lang: Language = "zh") -> str:
        """The breach as lines of text: what is wrong, and the record that shows it."""
        lines = [self.message(lang)]
        if self.record is not None:
            head = "这样一条记录就能看到：" if lang == "zh" else "A record that shows it:"
            lines += [f"  {head}", *(f"    {visible(line)}" for line in record_lines(self.record))]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The breach as plain data, its words in both languages."""
        record = None if self.record is None else {name: _plain(value) for name, value in self.record.items()}
        message = {"zh": self.message("zh"), "en": self.message("en")}
        return {"subject": self.subject, "message": message, "record": record}


def record_lines(record: Mapping[str, Any]) -> list[str]:
    """A record as lines: each datum beside its name; of rows each on a line of its own."""
    lines: list[str] = []
    for name, value in record.items():
        if isinstance(value, list | tuple):
            lines.append(f"{name}:")
            lines += [f"  - {', '.join(f'{k}: {shown(v)}' for k, v in row.items())}" for row in value]
        else:
            lines.append(f"{name}: {shown(value)}")
    return lines or ["{}"]


def shown(value: Any) -> str:
    """A datum of a record for readers."""
    if value is None or value == "":
        return "（空 blank）"
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value if value is None or isinstance(value, bool | int | str) else str(value)


@frozen
class Verdict:
    """What a law came to for a scheme 定律结论: its answer, every breach, and how many records were tried.

    `not-applicable` is neither a pass nor a failure; `why` then says what of the scheme it would need.
    """

    law: str
    scheme: str
    answer: Answer
    breaches: tuple[Breach, ...] = ()
    tried: int = 0

    def title(self, lang: Language = "zh") -> str:
        """What the law says."""
        title: str = words()[self.law]["title"][lang]
        return title

    def why(self, lang: Language = "zh") -> str:
        """Where it does not apply: what it needs and the scheme does not have."""
        needs: str = words()[self.law]["needs"][lang]
        return f"不适用：{needs}" if lang == "zh" else f"not applicable: it needs {needs}"

    def render(self, lang: Language = "zh") -> str:
        """The verdict as lines of text."""
        head = f"{self.scheme}  {self.law}  {self.title(lang)}"
        match self.answer:
            case "holds":
                return head
            case "not-applicable":
                return f"{head}\n  {self.why(lang)}"
            case "breached":
                told = [line for b in self.breaches for line in b.render(lang).split("\n")]
                return "\n".join([head, *(f"  {line}" for line in told)])

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        data: dict[str, Any] = {"scheme": self.scheme, "law": self.law, "answer": self.answer, "tried": self.tried}
        data["breaches"] = [b.as_json() for b in self.breaches]
        if self.answer == "not-applicable":
            data["why"] = {"zh": self.why("zh"), "en": self.why("en")}
        return data
