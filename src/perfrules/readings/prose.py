"""A scorecard in words, 中文 or English: for every node its inputs, their values, the rule, what was lost, and the clause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction

from attrs import frozen

from perfrules import model, parsing
from perfrules.findings import Language
from perfrules.formula import Formula
from perfrules.model import Datum, Hole, Line, NodeScore, Provenance, Row, Scorecard
from perfrules.numbers import exact, published, rounded
from perfrules.plan import NodePlan, Plan, Results, RowBlock
from perfrules.scorecards import hole_words

_PLACES = 6
_SHOWN = 12


def explain(
    plan: Plan,
    results: Results,
    record: model.Record,
    card: Scorecard,
    lang: Language = "zh",
    path: str | None = None,
) -> str:
    """The scorecard, or the part of it at a path, as text. Raises KeyError for a path that it does not have."""
    return _Prose(plan, results, record, card, lang).whole(path)


def number(value: Fraction) -> str:
    """A number for readers: exact where it ends within six places, else rounded with ≈ before it."""
    text = published(value)
    if "/" not in text and len(text.partition(".")[2]) <= _PLACES:
        return text
    return "≈" + published(rounded(value, _PLACES))


@frozen
class _Words:
    record: str
    total: str
    grade: str
    no_score: str
    rule: str
    takes: str
    steps: str
    loss: str
    gain: str
    applies: str
    none: str
    clause: str
    assumed: str
    unverified: str
    unmarked: str
    losses: str
    adds_up: str
    absent: str
    component: str
    described: str
    ruling: str
    made_of: str
    rests: str
    adjusted: str
    findings: str
    colon: str
    comma: str
    stop: str


_WORDS: Mapping[Language, _Words] = {
    "zh": _Words(
        record="记录", total="得分", grade="等级", no_score="没有得分", rule="规则", takes="取值", steps="计算", loss="失分",
        gain="多得", applies="适用条件", none="未失分", clause="依据", assumed="假定", unverified="未核实", unmarked="未注明依据",
        losses="失分明细（由大到小）",
        adds_up="合计 {sum} = {max} − {points}", absent="不计", component="其中项，不另计分", described="只列示，不计分",
        ruling="审定：计算得 {computed}，审定为 {points}（{by}，{date}）：{reason}", made_of="由下级合成", rests="计分依据",
        adjusted="加减分与否决", findings="提示", colon="：", comma="，", stop="；",
    ),
    "en": _Words(
        record="Record", total="score", grade="grade", no_score="no score", rule="rule", takes="values", steps="working",
        loss="lost", gain="gained", applies="applies when",
        none="nothing lost", clause="clause", assumed="assumed", unverified="unverified",
        unmarked="no clause stated", losses="Lines of loss (largest first)", adds_up="together {sum} = {max} − {points}",
        absent="not counted", component="a component, not added", described="shown, not scored",
        ruling="ruling: computed {computed}, ruled {points} ({by}, {date}): {reason}", made_of="made of the nodes beneath",
        rests="points rest on", adjusted="Adjustments and gates", findings="Findings", colon=": ", comma=", ", stop="; ",
    ),
}  # fmt: skip

_LINES: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "rule": "按规则失分", "absent": "不适用或缺项，分值未计", "component": "其中项", "described": "只列示", "free": "不设分值的加减",
        "combined": "按汇总方式失分", "rows-differ": "各行分值合计与规定分值不同", "none-scored": "有分的下级不足",
        "make-up": "补足不适用的分值", "scale": "折算", "adjustment": "加减分", "gate": "否决项", "rounding": "舍入", "ruling": "审定",
    },
    "en": {
        "rule": "lost by the rule", "absent": "not applicable or absent, points not counted", "component": "component",
        "described": "shown only", "free": "without points of its own", "combined": "lost by the way of combining",
        "rows-differ": "rows add up to other points than stated", "none-scored": "too few nodes with a score",
        "make-up": "points of absent nodes made up", "scale": "restated", "adjustment": "adjustment", "gate": "gate",
        "rounding": "rounding", "ruling": "ruling",
    },
}  # fmt: skip

_GAINS: Mapping[Language, Mapping[str, str]] = {
    "zh": {"rule": "按规则多得", "combined": "按汇总方式多得"},
    "en": {"rule": "gained by the rule", "combined": "gained by the way of combining"},
}
"""What is said instead of a line that gives points."""

_STATES: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "applied": "触发",
        "idle": "未触发",
        "undecidable": "无法判定",
        "holds": "成立",
        "broken": "不成立",
    },
    "en": {
        "applied": "applied",
        "idle": "not applied",
        "undecidable": "undecidable",
        "holds": "holds",
        "broken": "broken",
    },
}


class _Prose:
    def __init__(self, plan: Plan, results: Results, record: model.Record, card: Scorecard, lang: Language) -> None:
        self.plan = plan
        self.scheme = plan.scheme
        self.results = results
        self.record = record
        self.card = card
        self.lang = lang
        self.words = _WORDS[lang]
        self.by_path = {n.node.path: n for n in plan.nodes}

    def whole(self, path: str | None) -> str:
        if path:
            wanted = self.card[path]
            nodes = [n for n in self.card.nodes if n.path == wanted.path or n.path.startswith(wanted.path + "/")]
            return "\n".join(line for n in nodes for line in self.node(n)) + "\n"
        lines = [*self.head()]
        for each in self.card.nodes[1:]:
            lines += self.node(each)
        lines += self.happenings()
        lines += self.losses()
        lines += self.foundations()
        lines += self.findings()
        return "\n".join(lines) + "\n"

    # ------------------------------------------------------------------------------------------ the whole

    def head(self) -> Iterator[str]:
        w, card = self.words, self.card
        edition = f" {self.scheme.edition}" if self.scheme.edition else ""
        yield (
            f"{self.scheme.title}（{self.scheme.id}{edition}）"
            if self.lang == "zh"
            else (f"{self.scheme.title} ({self.scheme.id}{edition})")
        )
        total = w.no_score if card.points is None else f"{w.total} {number(card.points)}"
        of = "" if card.max is None else f" / {number(card.max)}"
        yield f"{w.record} {card.record}{w.colon}{total}{of}"
        if card.points is None and card.nodes[0].because is not None:
            yield f"  {hole_words(card.nodes[0].because, self.lang)}"
        for made in self.plan.grades:
            label = card.grades.get(made.scale.name)
            yield f"{made.scale.name}{w.colon}{label or '—'}{self._band(made.rank, made.scale)}"
            yield f"  {w.clause}{w.colon}{self.provenance(made.scale.provenance)}"
        yield ""

    def _band(self, rank: str, scale: model.GradeScale) -> str:
        """Why this label: the band that the quantity fell in."""
        prefix = rank.split("__")[0]
        arm = self.results.values.get(f"{prefix}____arm")
        if not isinstance(scale.body, model.BandsBody) or not isinstance(arm, Fraction):
            return ""
        of = self.results.values.get(f"{prefix}____of")
        inside = _interval(scale.body.bands, int(arm))
        read = scale.body.of.source.strip()
        if self.lang == "zh":
            return f"（{read} {_equals(_datum(of))}，落在 {inside}）"
        return f" ({read} {_equals(_datum(of))}, within {inside})"

    def happenings(self) -> list[str]:
        w = self.words
        told = []
        for each in self.card.happenings:
            if each.kind == "check" and each.state == "holds":
                continue
            amount = f" {_signed(each.amount)}" if each.amount else ""
            where = f"{each.path} " if each.path else ""
            reason = f"{w.colon}{each.reason}" if each.reason and each.state != "idle" else ""
            clause = (
                f"（{self.provenance(each.provenance)}）"
                if self.lang == "zh"
                else f" ({self.provenance(each.provenance)})"
            )
            told.append(f"  {where}{each.name}{w.colon}{_STATES[self.lang][each.state]}{amount}{reason}{clause}")
        return [w.adjusted, *told, ""] if told else []

    def losses(self) -> list[str]:
        w, card = self.words, self.card
        if card.points is None or card.max is None:
            return []
        lines = [w.losses]
        lines += [f"  {i}. {self.line(line)}" for i, line in enumerate(card.lines, 1)]
        total = sum((line.amount for line in card.lines), Fraction(0))
        summed = w.adds_up.format(sum=number(total), max=number(card.max), points=number(card.points))
        return [*lines, f"  {summed}", ""]

    def line(self, line: Line) -> str:
        w = self.words
        clause = f"{w.stop}{w.clause}{w.colon}{line.clause}" if line.clause else ""
        return f"{line.path or self.scheme.tree.name}  {_signed(-line.amount)}{w.colon}{self.why(line)}{clause}"

    def why(self, line: Line) -> str:
        """What took the points of a line, or gave them."""
        what = _LINES[self.lang][line.kind]
        if line.amount < 0:
            what = _GAINS[self.lang].get(line.kind, what)
        name = f" {line.name}" if line.name else ""
        reason = line.reason if line.hole is None else hole_words(line.hole, self.lang)
        return f"{what}{name}{self.words.stop}{reason}" if reason else f"{what}{name}"

    def foundations(self) -> list[str]:
        w = self.words
        if not self.card.resting:
            return []
        named = {"stated": "陈述" if self.lang == "zh" else "stated", "unverified": w.unverified, "assumed": w.assumed,
                 "unmarked": w.unmarked}  # fmt: skip
        parts = w.comma.join(f"{named[s]} {number(x)}" for s, x in self.card.resting.items())
        return [f"{w.rests}{w.colon}{parts}"]

    def findings(self) -> list[str]:
        if not self.card.findings:
            return []
        about = [(f, f" {f.path}" if f.path else "") for f in self.card.findings]
        told = [f"  {f.severity} {f.name}{of}{self.words.colon}{f.message(self.lang)}" for f, of in about]
        return [self.words.findings, *told]

    # ------------------------------------------------------------------------------------------ one node

    def node(self, node: NodeScore) -> Iterator[str]:
        w = self.words
        pad = "  " * max(node.depth - 1, 0)
        yield f"{pad}{node.title or node.name}  {self._result(node)}"
        inner = pad + "    "
        if node.computed is not None:
            ruling = next(r for r in self.card.rulings if r.path == node.path)
            yield inner + w.ruling.format(
                computed=number(node.computed), points=number(ruling.points), by=ruling.by, date=ruling.date,
                reason=ruling.reason,
            )  # fmt: skip
        if node.state == "described":
            yield f"{inner}{w.clause}{w.colon}{self.provenance(node.provenance)}"
            return
        if node.role == "row":
            yield from (inner + line for line in self.row(node))
        else:
            yield from (inner + line for line in self.body(self.by_path[node.path], node.because))
        own = [x for x in self.card.lines if x.path == node.path]
        if own and node.state == "scored":
            for line in own:
                moved = w.loss if line.amount > 0 else w.gain
                yield f"{inner}{moved} {number(abs(line.amount))}{w.colon}{self.why(line)}"
        elif node.state == "scored" and node.role in ("leaf", "row") and node.lost == 0:
            yield inner + w.none
        yield f"{inner}{w.clause}{w.colon}{self.provenance(node.provenance)}"

    def _result(self, node: NodeScore) -> str:
        w = self.words
        if node.state == "described":
            return w.described
        points = "" if node.points is None else f" / {number(node.points)}"
        if not node.counts:
            points += f"（{w.component}）" if self.lang == "zh" else f" ({w.component})"
        if node.score is not None:
            grade = f"  {node.grade}" if node.grade else ""
            return f"{number(node.score)}{points}{grade}"
        why = f"{w.colon}{hole_words(node.because, self.lang)}" if node.because else ""
        return f"{w.absent if node.state == 'absent' else w.no_score}{points}{why}"

    def body(self, planned: NodePlan, because: Hole | None) -> Iterator[str]:
        node = planned.node
        if because is not None and because.unmet and node.applies_when is not None:
            yield from self.inapplicable(node.applies_when, self.results.values, None)
            return
        body = node.holds.body if isinstance(node.holds, model.Group) else node.holds
        if body is None or isinstance(body, model.OpenGroup | model.Group):
            yield self.words.made_of
            return
        yield from self.rule(body, planned.body, self.results.values, planned.body)

    def row(self, node: NodeScore) -> Iterator[str]:
        planned: NodePlan | None = None
        for each in self.by_path.values():
            if each.rows and node.path.startswith(each.node.path + "/"):
                planned = each
        if planned is None:
            return
        block = next(s for s in self.plan.steps if isinstance(s, RowBlock) and s.name == planned.rows)
        prefix = planned.rows.removesuffix("__rows")
        kind = self.scheme.rows[block.rows]
        for row, local in self.results.rows.get(planned.rows, []):
            if f"{planned.node.path}/{row.name}" == node.path and kind.body is not None:
                scope = {**self.results.values, **local}
                label = f"{block.name}#{row.number}/{prefix}__body"
                if node.because is not None and node.because.unmet and kind.applies_when is not None:
                    yield from self.inapplicable(kind.applies_when, scope, row)
                    return
                yield from self.rule(kind.body, f"{prefix}__body", scope, label, row)
                return

    def inapplicable(self, condition: Formula, scope: Mapping[str, Datum | Hole], row: Row | None) -> Iterator[str]:
        """The condition that does not hold, and the values it read: the rule that it keeps away has nothing to say."""
        w = self.words
        yield f"{w.applies}{w.colon}{_source(condition)}"
        read = [text for name in dict.fromkeys(condition.names) if (text := self._value(name, scope, row))]
        if read:
            yield f"{w.takes}{w.colon}{w.comma.join(read)}"

    def rule(
        self,
        body: model.Body,
        step: str,
        scope: Mapping[str, Datum | Hole],
        label: str,
        row: Row | None = None,
    ) -> Iterator[str]:
        """The rule in the author's words, the values it read, and the working."""
        w = self.words
        taken, parts = self._taken(body, step, scope)
        yield f"{w.rule}{w.colon}{taken}"
        read = [self._value(name, scope, row) for name in dict.fromkeys(n for f in parts for n in f.names)]
        shown = [text for text in read if text]
        if shown:
            yield f"{w.takes}{w.colon}{w.comma.join(shown)}"
        arm = scope.get(f"{step}__arm")
        steps = self._working(
            [label, f"{label}__of", *([f"{label}__out{int(arm)}"] if isinstance(arm, Fraction) else [])]
        )
        if steps:
            yield f"{w.steps}{w.colon}{w.stop.join(steps)}"

    def _taken(self, body: model.Body, step: str, scope: Mapping[str, Datum | Hole]) -> tuple[str, Sequence[Formula]]:
        arm = scope.get(f"{step}__arm")
        index = int(arm) if isinstance(arm, Fraction) else None
        match body:
            case model.FormulaBody(formula=text) | model.GivenBody(name=text):
                return _source(text), [text]
            case model.RuleBody(definition=name, arguments=arguments):
                return f"{name}({', '.join(f'{k}={_source(f)}' for k, f in arguments)})", [f for _, f in arguments]
            case model.StatisticBody(statistic=statistic, item=item, over=over):
                return f"{statistic}({_source(item)}) over {over}", []
            case model.BandsBody(of=of, bands=bands):
                if index is None:
                    return f"{_source(of)} …", [of]
                outcome = bands[index].outcome
                made = [of, outcome.value] if outcome.value else [of]
                yields = f" → {_source(outcome.value)}" if outcome.value else ""
                return (
                    f"{_source(of)} {'落在' if self.lang == 'zh' else 'within'} {_interval(bands, index)}{yields}",
                    made,
                )
            case model.CasesBody(cases=cases):
                if index is None:
                    stated = [c.when for c in cases if c.when is not None]
                    return ("没有一种情形成立" if self.lang == "zh" else "no case holds"), stated
                case = cases[index]
                texts = [t for t in (case.when, case.outcome.value) if t is not None]
                condition = _source(case.when) if case.when else ("其余情形" if self.lang == "zh" else "else")
                return f"{condition} → {_source(case.outcome.value) if case.outcome.value else ''}", texts

    def _value(self, name: str, scope: Mapping[str, Datum | Hole], row: Row | None) -> str:
        """A name and what it was, in the unit that it came in."""
        inputs = dict(self.scheme.inputs)
        cell = self.record.cells.get(name)
        value: Datum | Hole | None = scope.get(name)
        if row is not None:
            kind = next((k for k in self.scheme.rows.values() if any(c.name == name for c in k.columns)), None)
            if kind is not None and name in row.cells:
                inputs = {c.name: c for c in kind.columns}
                cell, value = row.cells[name], row.cells[name].value
        if value is None:
            return ""
        each = inputs.get(name)
        label = each.label if each else name
        if isinstance(value, Hole):
            return hole_words(Hole(value.kind, label), self.lang)
        if name in self.scheme.values:
            return self._made_value(name, value, scope, row)
        shown = _in_unit(value, each) if each else _datum(value)
        printed = ""
        raw = cell.raw.strip() if cell is not None else ""
        if each is not None and each.kind == "measure" and isinstance(value, Fraction) and raw.endswith(("%", "％")):
            shown = f"{number(value * 100)}%"
        bare = shown.removesuffix(each.unit.text) if each and each.unit else shown
        if raw not in ("", shown, bare, shown.strip("“”")) and not _same_number(raw, bare):
            printed = f"（原填“{raw}”）" if self.lang == "zh" else f" (written “{raw}”)"
        return f"{label} {_equals(shown)}{printed}"

    def _made_value(self, name: str, value: Datum, scope: Mapping[str, Datum | Hole], row: Row | None) -> str:
        """A value with the rule that made it and the inputs behind it."""
        body = self.scheme.values[name].body
        rule = f" = {_source(body.formula)}" if isinstance(body, model.FormulaBody) else ""
        behind = [self._value(n, scope, row) for n in dict.fromkeys(n for f in model.formulas(body) for n in f.names)]
        inputs = self.words.comma.join(text for text in behind if text)
        shown = f"{name}{rule} {_equals(_datum(value))}"
        if not inputs:
            return shown
        return f"{shown}（{inputs}）" if self.lang == "zh" else f"{shown} ({inputs})"

    def _working(self, labels: Sequence[str]) -> list[str]:
        """Sub-expressions and what they came to, innermost first; bare names, arms not taken and the plan's own steps
        left out."""
        parts: dict[str, None] = {}
        taken: dict[str, str] = {}
        for label in labels:
            for each in self.results.trace.get(label, []):
                base, _, arm = each.step.rpartition("__")
                if arm == "arm" and isinstance(each.value, Fraction):
                    taken[base] = f"out{each.value}"
                if arm.startswith("out") and each.depth and taken.get(base, arm) != arm:
                    continue
                text = " ".join(each.formula.text(each.at).split())
                where = each.formula.where((0, 1))
                if each.depth > 1 or where is None or (each.depth and where.file == "prelude.yaml"):
                    continue
                if not isinstance(each.value, Fraction):
                    continue
                if not parsing.is_name(text) and text != "points":
                    parts[f"{text} {_equals(number(each.value))}"] = None
        return list(parts)[:_SHOWN]

    def provenance(self, mark: Provenance) -> str:
        w = self.words
        source = self.scheme.sources.get(mark.source)
        clause = mark.clause
        if source is not None:
            full = f"《{source.title}》{source.document}" if source.title else source.document
            clause = clause.replace(source.name, full, 1) if full else clause
        match mark.status:
            case "stated":
                return clause or w.unmarked
            case "unverified":
                return (
                    f"{clause}（{w.unverified}{w.colon}{mark.why}）" if clause else f"{w.unverified}{w.colon}{mark.why}"
                )
            case "assumed":
                return f"{clause}（{w.assumed}{w.colon}{mark.why}）" if clause else f"{w.assumed}{w.colon}{mark.why}"
            case "unmarked":
                return w.unmarked


def _source(text: Formula | None) -> str:
    return "" if text is None else " ".join(text.source.split())


def _equals(shown: str) -> str:
    """What something is: `= 5`, or `≈ 1.108333`."""
    return f"≈ {shown[1:]}" if shown.startswith("≈") else f"= {shown}"


def _signed(value: Fraction | None) -> str:
    if value is None:
        return ""
    return ("+" if value > 0 else "") + number(value)


def _interval(bands: Sequence[model.Band], index: int) -> str:
    """A band as an interval, in percent where the author wrote percentages."""
    band = bands[index]
    percent = any("%" in b.written or "％" in b.written for b in bands)

    def end(value: Fraction) -> str:
        return published(value * 100) + "%" if percent else published(value)

    low = "(-∞" if band.low is None else f"{'[' if band.low_in else '('}{end(band.low)}"
    high = "+∞)" if band.high is None else f"{end(band.high)}{']' if band.high_in else ')'}"
    return f"{low}, {high}"


def _same_number(raw: str, shown: str) -> bool:
    try:
        return exact(raw) == exact(shown)
    except ValueError:
        return False


def _datum(value: Datum | Hole | None) -> str:
    match value:
        case None | Hole():
            return "—"
        case bool():
            return "是" if value else "否"
        case Fraction():
            return number(value)
        case date():
            return value.isoformat()
        case str():
            return f"“{value}”"


def _in_unit(value: Datum, each: model.Input) -> str:
    """A datum in the unit of its input: 25万元, 86.18%."""
    if not isinstance(value, Fraction):
        return _datum(value)
    if each.unit is None:
        return number(value)
    own = value / each.unit.factor if each.unit.percent else value / each.scale
    return f"{number(own)}{each.unit.text}"
