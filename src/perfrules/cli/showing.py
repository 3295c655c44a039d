"""A scheme's outline as a tree on the console."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from rich.text import Text
from rich.tree import Tree

from perfrules.cli.console import Screen, styled
from perfrules.cli.outline import STATUS_WORDS
from perfrules.cli.parts import Data
from perfrules.findings import Language
from perfrules.model import ProvenanceStatus
from perfrules.procedures.spot_check import percent

_STATUS_STYLES = {"stated": "green", "unverified": "yellow", "assumed": "yellow", "unmarked": "red"}

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "absent": "不计", "adjustable": "行分值可调", "adjustments_between": "加减分合计限于", "applies_when": "适用条件",
        "at_least": "至少几个下级有分", "between": "限于", "boolean": "是/否", "choice": "选项",
        "choices": "选项", "combine": "汇总方式", "component": "其中项，不另计分", "counts": "计入条件", "date": "日期",
        "decimals": "小数位", "error": "错误", "exclude": "不计", "full": "满分", "given": "取公布数", "grade": "等级标准",
        "issuer": "制定机关", "labels": "等级", "max": "至多", "measure": "每行自定", "min": "至少", "missing": "缺失",
        "name_column": "行名所在列", "not_applicable": "不适用", "number": "数", "optional": "可不填",
        "origin": "出自", "otherwise": "不足时", "points": "分值", "published": "公布得分所在列", "raw": "舍入前",
        "reads": "读取", "reason": "失分说法", "refuse": "不予计分", "remark": "提示", "rescale": "不适用的分值由其余补足",
        "round": "保留位数", "rounded": "舍入后", "rows": "指标行", "score": "得分", "scale_to": "折算为", "split": "分值均分",
        "by": "分组", "stages": "阶段",
        "statistic": "统计量", "text": "文字", "undefined": "无意义", "unit": "单位", "unverified": "未核实", "value": "中间值",
        "warning": "警告", "weight": "权重", "where": "筛选", "zero": "零分",
    },
    "en": {
        "absent": "not counted", "adjustable": "rows may have other points", "adjustments_between": "adjustments within",
        "applies_when": "applies when", "at_least": "children needed", "between": "within", "component": "component, not added",
        "counts": "counts when", "exclude": "not counted", "full": "full points", "given": "as published",
        "grade": "grade scale", "name_column": "rows named by", "not_applicable": "not applicable", "otherwise": "with fewer",
        "published": "published points", "refuse": "no score", "rescale": "points of what is absent are made up",
        "round": "decimal places", "scale_to": "restated out of", "split": "points shared equally", "zero": "0 points",
    },
}  # fmt: skip
_BESIDE_NAME = frozenset(
    {"path", "name", "title", "points", "state", "provenance", "points_provenance", "children", "rule", "policies",
     "leaves", "adjustments", "gates", "own_grade", "kind", "columns", "values", "parameters", "checks", "when", "at_most",
     "no_better_than", "holds", "severity", "column", "what", "target", "document"}
)  # fmt: skip
"""Keys of an outline that are not told as plain facts."""
_RANKING: Mapping[str, tuple[str, str]] = {
    "order": ("次序", "order"), "descending": ("由高到低", "descending"), "ascending": ("由低到高", "ascending"),
    "ties": ("并列", "ties"), "min": ("同名次，其后跳过", "min: 1 2 2 4"), "dense": ("同名次，其后不跳", "dense: 1 2 2 3"),
    "all": ("同名次，取前几名时全取", "all who tie are in"), "key": ("再按", "then by"), "within": ("分组", "within"),
}  # fmt: skip
_PROCEDURES: Mapping[str, tuple[str, str]] = {
    "sampling": ("抽查", "sampling"), "reconciling": ("复核比对", "reconciling"),
    "monitoring": ("运行监控", "monitoring"), "outcomes": ("结果应用", "outcomes"),
}  # fmt: skip
_PROCEDURE_WORDS: Mapping[str, tuple[str, str]] = {
    "count": ("按个数不低于", "by count at least"), "money": ("按金额不低于", "by money at least"),
    "amount": ("金额", "amount"), "where": ("范围", "where"), "strata": ("分层", "strata"),
    "stratum_share": ("每层不低于", "of each stratum at least"), "stratum_least": ("每层至少", "in each stratum at least"),
    "apportion": ("各层分配按", "shared out by"), "largest": ("金额最大的必查", "largest amounts certain"),
    "until_money": ("续抽到满足金额", "goes on until the money is met"), "reads": ("自评分取", "self-scores"),
    "computed": ("重算的", "computed"), "printed": ("表上印的", "as printed"), "round": ("偏差率保留位数", "decimal places"),
    "outcome": ("处理", "outcome"), "item_outcome": ("各项处理", "outcome of items"), "penalty": ("扣分", "penalty"),
    "month": ("月份", "month"), "good": ("正常的灯", "good lights"), "by": ("列出按", "listed by"),
    "up": ("往高", "up"), "down": ("往低", "down"), "first": ("前几名", "first"), "last": ("后几名", "last"),
    "ties": ("并列过线", "ties over the line"), "all": ("全取", "all are in"), "none": ("全不取", "none is in"),
    "decide": ("另行决定", "to be decided"), "when": ("条件", "when"), "reason": ("说法", "reason"),
    "factor": ("下年预算系数", "factor of next year's budget"), "base": ("下年预算基数", "base of next year's budget"),
}  # fmt: skip
_WORDED = frozenset({"order", "ties", "apportion", "reads"})
"""Of ranking and procedures, the keys whose values are words of the language."""
_SHARES = frozenset({"count", "money", "stratum_share"})
"""Of sampling, the keys whose values are shares."""
_CLOSED = frozenset({"combine", "otherwise", "reads"})
"""Keys whose values are words of the language, not the author's."""


def show(screen: Screen, outline: Data, *, rules: bool = True, provenance: bool = True) -> None:
    """Print an outline: what it is, then the tree, then everything that the tree's rules rest on."""
    _Show(screen, rules, provenance).whole(outline)


class _Show:
    def __init__(self, screen: Screen, rules: bool, provenance: bool) -> None:
        self.screen = screen
        self.say = screen.say
        self.rules = rules
        self.provenance = provenance

    def word(self, key: str) -> str:
        return _WORDS[self.screen.lang].get(key, key)

    def whole(self, outline: Data) -> None:
        say, about = self.say, outline["scheme"]
        edition = f"@{about['edition']}" if about["edition"] else ""
        self.screen.line(f"{about['title']}  {about['id']}{edition}", "bold")
        dates = [(say("施行", "effective"), about["effective"]), (say("失效", "until"), about["until"])]
        facts = [f"{word} {day}" for word, day in dates if day]
        facts += [f"{say('修订自', 'amends')} {about['amends']}"] if about["amends"] else []
        facts += [f"{say('编号列', 'key')} {about['key']}"] if about["key"] else []
        facts += [f"{say('阶段', 'stages')} {say('、', ', ').join(about['stages'])}"] if about["stages"] else []
        facts += [f"{say('文件', 'file')} {about['file']}"] if about["file"] else []
        self.screen.line("  ".join([*facts, f"{say('摘要值', 'digest')} {about['digest'][:16]}"]))
        if outline["resting"]:
            self.screen.line(
                f"{say('分值的依据：', 'points rest on: ')}{shares(screen=self.screen, resting=outline['resting'])}"
            )
        if outline["amendments"]:
            self.screen.line()
            self.screen.line(say("修订", "Amendments"), "bold underline")
            rows = [
                [each["kind"], each["target"], each["to"], each["clause"].removeprefix("clause: ")]
                for each in outline["amendments"]
            ]
            self.screen.table(say("方式 对象 改为 依据", "kind target to clause").split(), rows)
        self.screen.line()
        self.screen.tree(self.node(outline["tree"], {}))
        if self.rules:
            top = about["provenance"]
            self.section(say("等级标准", "Grade scales"), [self.grade(g, top) for g in outline["grades"]])
            self.section(say("勾稽关系", "Checks"), [self.check(c, top) for c in outline["checks"]])
            self.section(say("中间值", "Values"), [self.value(v, top) for v in outline["values"]])
            self.section(say("参照值", "Benchmarks"), [self.value(b, top) for b in outline["benchmarks"]])
            self.section(say("定义", "Definitions"), [self.definition(d, top) for d in outline["definitions"]])
            self.section(say("排名", "Ranking"), [self.ranking(outline["ranking"], top)] if outline["ranking"] else [])
            self.section(say("评价程序", "Procedures"), list(self.procedures(outline["procedures"], top)))
            self.section(say("数据项", "Inputs"), [self.input(i, top) for i in outline["inputs"]])
            self.section(say("指标行", "Rows"), [self.rows(r, top) for r in outline["rows"]])
            self.section(say("公布数", "Published figures"), [self.published(p, top) for p in outline["published"]])
        if self.provenance:
            self.section(say("文件", "Sources"), [self.source(s) for s in outline["sources"]])

    def section(self, title: str, trees: Sequence[Tree]) -> None:
        if trees:
            self.screen.line()
            self.screen.line(title, "bold underline")
            for tree in trees:
                self.screen.tree(tree)

    # ------------------------------------------------------------------------------------------ labels

    def label(self, name: str, data: Data, *after: str, above: Data | None = None) -> Text:
        """A name, what is said beside it, and its mark of provenance; `above` is the mark of what it stands in."""
        text = styled(name, "bold")
        for words in filter(None, after):
            text.append_text(styled(f"  {words}"))
        if self.provenance and "provenance" in data:
            text.append("  ")
            text.append_text(self.mark(data["provenance"], above))
        return text

    def mark(self, mark: Data, above: Data | None) -> Text:
        """A mark in short: status and clause, and why where that is not what it inherits."""
        told = " ".join(filter(None, (STATUS_WORDS[self.screen.lang][mark["status"]], mark.get("clause", ""))))
        if "why" in mark and mark != above:
            told += f"{self.say('：', ': ')}{mark['why']}"
        return styled(f"[{told}]", _STATUS_STYLES[mark["status"]])

    def facts(self, data: Data) -> list[str]:
        """The plain facts of a thing, in words."""
        told = []
        for key, value in data.items():
            if key in _BESIDE_NAME:
                continue
            if value is True:
                told.append(self.word(key))
            elif isinstance(value, list):
                told.append(f"{self.word(key)} {self.say('、', ', ').join(value)}")
            else:
                told.append(f"{self.word(key)} {self.word(value) if key in _CLOSED else value}")
        return told

    def holes(self, policies: Data) -> str:
        parts = [f"{self.word(hole)} → {self.word(policy)}" for hole, policy in policies.items()]
        return self.say("；", "; ").join(parts)

    def rule(self, rule: Data, above: Data) -> Iterator[Text]:
        """A rule in the author's words: its formula, then an arm a line."""
        if rule["kind"] == "given":
            yield styled(f"{self.word('given')} {rule['formula']}", "cyan")
        elif rule["kind"] != "cases":
            yield styled(rule["formula"] + (self.say("：", ":") if rule["kind"] == "bands" else ""), "cyan")
        for arm in rule.get("arms", ()):
            when = self.say("其余", "else") if arm["when"] == "else" else arm["when"]
            text = styled(f"  {when} → {arm['then']}", "cyan")
            if "reason" in arm:
                text.append_text(styled(f"  {arm['reason']}"))
            if self.provenance and arm["provenance"] != above:
                text.append("  ")
                text.append_text(self.mark(arm["provenance"], above))
            yield text

    def details(self, data: Data, leaves: Data | None = None) -> Iterator[Text]:
        """Everything that is told under a label; policies not again where they are those of the `leaves` beneath a group."""
        if not self.rules:
            return
        if "rule" in data:
            yield from self.rule(data["rule"], data["provenance"])
        facts = self.facts(data)
        if facts:
            yield styled(self.say("；", "; ").join(facts))
        for key in ("policies", "leaves"):
            if key in data and data[key] != leaves:
                whose = self.say("所含末级指标：", "leaves beneath: ") if key == "leaves" else ""
                yield styled(whose + self.holes(data[key]))

    def tree(self, label: Text, details: Sequence[Text]) -> Tree:
        for each in details:
            label.append("\n    ")
            label.append_text(each)
        return Tree(label, guide_style="dim")

    # ------------------------------------------------------------------------------------------ things

    def node(self, data: Data, above: Data, leaves: Data | None = None) -> Tree:
        title = (
            f"{data['title']}{self.say('（', ' (')}{data['name']}{self.say('）', ')')}"
            if "title" in data
            else data["name"]
        )
        own = data["provenance"]
        label = self.label(title, data, self.points(data["points"]), above=above)
        if self.provenance and "points_provenance" in data:
            label.append(f"  {self.word('points')}")
            label.append_text(self.mark(data["points_provenance"], own))
        tree = self.tree(label, list(self.details(data, leaves)))
        if self.rules:
            for each in data.get("adjustments", ()):
                name = f"{self.say('加减分', 'adjustment')} {each['name']}"
                tree.add(self.tree(self.label(name, each, above=own), list(self.details(each))))
            for each in data.get("gates", ()):
                tree.add(self.gate(each, own))
            if "own_grade" in data:
                tree.add(self.grade(data["own_grade"], own))
        for child in data.get("children", ()):
            tree.add(self.node(child, own, data.get("leaves")))
        return tree

    def points(self, points: str | None) -> str:
        if points is None:
            return self.say("只列示", "described")
        if points == "free":
            return self.say("不设分值", "free")
        return points + self.say(" 分", " points")

    def gate(self, data: Data, above: Data) -> Tree:
        name = f"{self.say('否决', 'gate')} {data['name']}"
        limit = f"{self.say('至多', 'at most')} {data['at_most']}" if "at_most" in data else (
            f"{self.say('不高于', 'no better than')} {data['no_better_than']}"
        )  # fmt: skip
        details = [styled(f"{data['when']} → {limit}", "cyan"), *map(styled, self.facts(data))]
        return self.tree(self.label(name, data, above=above), details)

    def grade(self, data: Data, above: Data) -> Tree:
        tree = self.tree(self.label(data["name"], data, above=above), list(self.details(data)))
        for each in data.get("gates", ()):
            tree.add(self.gate(each, data["provenance"]))
        return tree

    def check(self, data: Data, above: Data) -> Tree:
        return self.tree(
            self.label(data["name"], data, self.word(data["severity"]), above=above),
            [styled(data["holds"], "cyan"), *map(styled, self.facts(data))],
        )

    def value(self, data: Data, above: Data) -> Tree:
        return self.tree(self.label(data["name"], data, above=above), list(self.details(data)))

    def definition(self, data: Data, above: Data) -> Tree:
        name = f"{data['name']}({', '.join(data['parameters'])})"
        tree = self.tree(self.label(name, data, above=above), list(self.details(data)))
        for each in data.get("values", ()):
            tree.add(self.value(each, data["provenance"]))
        return tree

    def input(self, data: Data, above: Data) -> Tree:
        name = (
            f"{data['title']}{self.say('（', ' (')}{data['name']}{self.say('）', ')')}"
            if "title" in data
            else data["name"]
        )
        kind = [] if "choices" in data else [self.word(data["kind"])]
        facts = self.say("，", ", ").join([*kind, *self.facts(data)])
        if data["provenance"] == above:  # most inputs rest on what the whole rests on; only the others say so
            data = {key: value for key, value in data.items() if key != "provenance"}
        return Tree(self.label(name, data, facts, above=above))

    def rows(self, data: Data, above: Data) -> Tree:
        points = f"{self.say('每行分值', 'points of a row')} {data['points']}" if "points" in data else ""
        tree = self.tree(self.label(data["name"], data, points, above=above), list(self.details(data)))
        for each in data["columns"]:
            tree.add(self.input(each, data["provenance"]))
        for each in data.get("checks", ()):
            tree.add(self.check(each, data["provenance"]))
        return tree

    def ranking(self, data: Data, above: Data) -> Tree:
        facts = {k: v for k, v in data.items() if k in ("order", "ties", "key", "within")}
        return self.tree(self.label(data["of"], data, above=above), [styled(self.plain(facts, _RANKING))])

    def procedures(self, data: Data, above: Data) -> Iterator[Tree]:
        """A tree for each procedure: its plain facts, then what it consists of."""
        for key, procedure in data.items():
            name = self.say(*_PROCEDURES[key])
            own = procedure["provenance"]
            plain = {k: v for k, v in procedure.items() if isinstance(v, str | bool) or k == "good"}
            facts = self.plain(plain, _PROCEDURE_WORDS)
            tree = self.tree(self.label(name, procedure, above=above), [styled(facts)] if facts else [])
            for each in procedure.get("certain", ()):
                label = self.label(f"{self.say('必查', 'certain')} {each['name']}", each)
                tree.add(self.tree(label, [styled(each["when"], "cyan")]))
            for each in procedure.get("levers", ()):
                toward = self.say(*_PROCEDURE_WORDS[each["toward"]])
                tree.add(Tree(self.label(each["path"], each, f"{each['input']} {toward}")))
            for each in (*procedure.get("awards", ()), *procedure.get("rules", ())):
                said = {k: v for k, v in each.items() if k in ("first", "last", "where", "ties", "when", "reason")}
                label = self.label(each["name"], each, f"→ {each['outcome']}", above=own)
                tree.add(self.tree(label, [styled(self.plain(said, _PROCEDURE_WORDS))]))
            for word in ("outcome", "item_outcome"):
                if isinstance(scale := procedure.get(word), dict):
                    tree.add(self.grade({**scale, "name": self.say(*_PROCEDURE_WORDS[word])}, own))
            for word in ("penalty", "factor"):
                if word in procedure:
                    tree.add(self.value({**procedure[word], "name": self.say(*_PROCEDURE_WORDS[word])}, own))
            yield tree

    def plain(self, facts: Data, words: Mapping[str, tuple[str, str]]) -> str:
        """Facts in a line, each key and each word of the language in words."""
        told = []
        for key, value in facts.items():
            word = self.say(*words[key])
            if value is True:
                told.append(word)
            elif isinstance(value, list):
                told.append(f"{word} {self.say('、', ', ').join(value)}")
            elif key in _SHARES:
                told.append(f"{word} {percent(Fraction(value))}")
            else:
                told.append(f"{word} {self.say(*words[value]) if key in _WORDED else value}")
        return self.say("；", "; ").join(told)

    def published(self, data: Data, above: Data) -> Tree:
        about = f"{self.word(data['what'])} {data['target']}"
        return Tree(self.label(data["column"], data, about, above=above))

    def source(self, data: Data) -> Tree:
        told = [
            f"《{data['title']}》{data['document']}" if data["title"] else data["document"],
            data["issuer"],
            data["date"],
        ]
        why = data["unverified"]
        unverified = f"{self.word('unverified')}{self.say('：', ': ')}{why}" if why else ""
        return Tree(self.label(data["name"], data, *told, unverified))


def shares(screen: Screen, resting: Mapping[ProvenanceStatus, str]) -> str:
    """How many points rest on rules of each provenance, in words."""
    words = STATUS_WORDS[screen.lang]
    return screen.say("，", ", ").join(f"{words[status]} {points}" for status, points in resting.items())


def show_plan(screen: Screen, steps: Sequence[Data], indent: str = "") -> None:
    """Print the steps of a plan, a line each; those of a row block beneath it."""
    for step in steps:
        if "block" in step:
            where = f" {screen.say('筛选', 'where')} {step['where']}" if "where" in step else ""
            screen.line(
                f"{indent}{step['block']}: {screen.say('逐行', 'for each row of')} {step['rows']}{where}", "bold"
            )
            show_plan(screen, step["steps"], indent + "    ")
        elif "fold" in step:
            more = "".join(f", {key}={step[key]}" for key in ("where", "weights", "k", "at") if key in step)
            screen.line(f"{indent}{step['fold']} = {step['statistic']}[{', '.join(step['items'])}{more}]")
        else:
            bound = ", ".join(f"{name}={value}" for name, value in step.get("bindings", {}).items())
            screen.line(f"{indent}{step['step']} = {step['formula']}" + (f"    {{{bound}}}" if bound else ""))
