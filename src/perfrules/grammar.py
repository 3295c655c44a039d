"""What keys a scheme file may hold, where, and of what shape: read by the loader, and written out as JSON Schema.

A shape is a word or a nested word: `text`, `name`, `number`, `integer`, `truth`, `date`, `formula`, `constant`,
`enum:a|b`, `form:NAME`, `list:SHAPE`, `map:SHAPE`, and alternatives joined by ` or `.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

LANGUAGE_VERSION = "1"


@frozen
class Key:
    """One key: its shape, and a line about it in both languages."""

    shape: str
    zh: str
    en: str
    required: bool = False


@frozen
class Form:
    """One kind of mapping: its keys, in the order of the docs."""

    zh: str
    en: str
    keys: Mapping[str, Key]


_PROVENANCE = {
    "clause": Key("text", "依据：文件名加条款", "the source's name and the article quoted"),
    "assumed": Key("text or map:text", "假定及理由", "assumed, and why; as a mapping: single keys"),
    "unverified": Key("text or map:text", "未核实及理由", "unverified, and why; as a mapping: single keys"),
}
_POLICY = "enum:refuse|zero|full|exclude or formula"
_POLICIES = {
    "missing": Key(_POLICY, "缺失时", "where a value is missing (default refuse)"),
    "undefined": Key(_POLICY, "无意义（除以零）时", "where a division by zero is reached (default: as missing)"),
    "not_applicable": Key(_POLICY, "不适用时", "where marked not applicable (default exclude)"),
}
_STATISTIC = {
    word: Key("formula", f"统计量：{zh}", f"statistic: {word} of this, over rows or children")
    for word, zh in {
        "sum": "合计",
        "mean": "平均",
        "min": "最小",
        "max": "最大",
        "count": "个数（条件成立的）",
        "largest": "第 k 大",
        "smallest": "第 k 小",
        "quantile": "分位数",
    }.items()
} | {
    "over": Key("name", "统计范围：行类别或节点", "what the statistic runs over: a row kind or a node"),
    "where": Key("formula", "筛选条件", "only where this holds"),
    "weighted_by": Key("formula", "统计量的权数", "weights of a mean"),
    "k": Key("integer", "第几个", "which largest or smallest; ties each count"),
    "at": Key("constant", "分位点，0 至 1", "the quantile's place, 0 to 1"),
    "method": Key("enum:nearest_rank|linear", "分位数算法", "the quantile's method"),
}
_BODY = {
    "formula": Key("formula", "公式", "one formula"),
    "rule": Key("map:map:formula", "调用一个定义", "one definition called with named arguments"),
    "bands": Key("form:bands", "分档", "bands of one quantity"),
    "cases": Key("map:outcome", "情形，自上而下先合者用", "conditions, the first that holds wins; else last"),
    "given": Key("name", "取公布数", "a published figure, taken as it is"),
} | _STATISTIC
_ROUND = Key("integer or form:round", "保留位数", "decimal places, half away from zero unless said")
_REASON = Key("text", "失分原因的说法", "words for the reason of a loss")
_WHEN = Key("formula", "适用条件", "applies only where this holds; else not applicable")

FORMS: dict[str, Form] = {
    "scheme": Form(
        "指标体系文件",
        "a scheme file",
        {
            "perfrules": Key("enum:1", "语言版本", "version of the scheme language", required=True),
            "scheme": Key("text", "体系编号", "the scheme's id, such as mof.self-evaluation", required=True),
            "title": Key("text", "名称", "title", required=True),
            "edition": Key("text", "版本", "edition"),
            "effective": Key("date", "施行日", "first day of effect"),
            "until": Key("date", "失效日", "last day of effect"),
            "key": Key("text", "记录编号所在列", "the heading of the column that tells records apart"),
            "use": Key("list:text", "另用哪些发行包的定义", "other distributions whose definitions it uses"),
            "resolved": Key("text", "（程序写出）已展开", "written by resolved(): the digest's language version"),
            "sources": Key("map:form:source", "文件", "the documents that clauses point to"),
            "inputs": Key("map:form:input", "数据项", "what records bring"),
            "rows": Key("map:form:row_kind", "指标行类别", "kinds of row that records bring"),
            "values": Key("map:value", "中间值", "named formulas outside the tree"),
            "definitions": Key("map:definition", "定义", "named rules with parameters"),
            "tree": Key("form:node", "指标树", "the tree of indicators", required=True),
            "benchmarks": Key("map:form:benchmark", "参照值", "statistics over all records, frozen before scoring"),
            "grades": Key("map:form:grade", "等级标准", "grade scales"),
            "ranking": Key("form:ranking", "排名", "how records are ranked"),
            "stages": Key("list:text", "阶段", "the stages of a year, in order"),
            "period": Key("name", "期间所在的数据项", "the input that tells a record's period: a date, or a year"),
            "checks": Key("map:form:check", "勾稽关系", "conditions that records must keep"),
            "claims": Key("map:claim", "论断", "what the author claims of the scheme, for `perfrules prove`"),
            "published": Key("map:form:published", "公布数所在列", "columns with published figures, for audits"),
            "procedures": Key("form:procedures", "评价程序", "what evaluators do around the score"),
            **_PROVENANCE,
        },
    ),
    "amending_file": Form(
        "修订文件",
        "a file that amends another scheme",
        {
            "perfrules": Key("enum:1", "语言版本", "version of the scheme language", required=True),
            "scheme": Key("text", "体系编号", "the scheme's id", required=True),
            "amends": Key("text", "修订哪个体系", "the scheme that it amends: ID or ID@edition", required=True),
            "title": Key("text", "名称", "title"),
            "edition": Key("text", "版本", "edition"),
            "effective": Key("date", "施行日", "first day of effect"),
            "until": Key("date", "失效日", "last day of effect"),
            "use": Key("list:text", "另用哪些发行包的定义", "other distributions whose definitions it uses"),
            "sources": Key("map:form:source", "文件", "the documents that clauses point to"),
            "amendments": Key("list:amendment", "逐条修订", "the changes, one by one", required=True),
            **_PROVENANCE,
        },
    ),
    "definitions_file": Form(
        "定义文件",
        "a file of definitions",
        {
            "perfrules": Key("enum:1", "语言版本", "version of the scheme language", required=True),
            "sources": Key("map:form:source", "文件", "the documents that clauses point to"),
            "definitions": Key("map:definition", "定义", "named rules with parameters", required=True),
            **_PROVENANCE,
        },
    ),
    "facts_file": Form(
        "文件数据",
        "a file of facts",
        {
            "perfrules": Key("enum:1", "语言版本", "version of the scheme language", required=True),
            "facts": Key("text", "编号", "the id of the facts", required=True),
            "title": Key("text", "名称", "title"),
            "sources": Key("map:form:source", "文件", "the documents that clauses point to"),
            "figures": Key("map:form:figure", "原文数据", "the figures that the document prints", required=True),
            "checks": Key("map:form:fact", "核对关系", "how they must hang together", required=True),
            **_PROVENANCE,
        },
    ),
    "figure": Form(
        "原文数据",
        "a figure of a document",
        {
            "value": Key("text", "原样印出的数", "the figure as it is printed: 13997.53, 78.4%, 2023-10-15"),
            "unit": Key("text", "单位", "unit, such as 万元 or %"),
            "kind": Key("enum:number|date|text", "类型", "kind, where the value does not tell"),
            "note": Key("text", "说明", "a note for readers"),
            **_PROVENANCE,
        },
    ),
    "fact": Form(
        "核对关系",
        "a check of figures",
        {
            "published": Key("formula", "公布的数", "the published figure: its name, or a formula"),
            "computed": Key("formula", "算法", "how it is computed from other figures"),
            "holds": Key("formula", "应成立", "what must hold, in place of the two"),
            "undecidable": Key("text", "为何无法核对", "why it cannot be told, in place of computed"),
            "places": Key("integer", "公布到几位小数", "decimal places, where not those printed"),
            "note": Key("text", "说明", "a note for readers"),
            **_PROVENANCE,
        },
    ),
    "source": Form(
        "文件",
        "a document",
        {
            "title": Key("text", "标题", "title"),
            "document": Key("text", "文号", "document number"),
            "issuer": Key("text", "制定机关", "issuer"),
            "date": Key("text", "日期", "date"),
            "unverified": Key("text", "未核实及理由", "why it is unverified"),
        },
    ),
    "input": Form(
        "数据项",
        "an input",
        {
            "kind": Key("enum:number|boolean|choice|date|text|measure", "类型", "kind", required=True),
            "title": Key("text", "表上的标签", "what a form prints"),
            "unit": Key("text", "单位", "unit, such as 万元 or %"),
            "min": Key("constant or date", "下限", "least value, in its own unit"),
            "max": Key("constant or date", "上限", "greatest value, in its own unit"),
            "decimals": Key("integer", "小数位数", "most decimal places"),
            "choices": Key("list:text", "选项", "the choices"),
            "optional": Key("truth", "可不填", "a blank is no remark"),
            "at": Key("text or list:text", "哪个阶段才有", "at which stages it is there; elsewhere not applicable"),
            "written": Key("enum:fraction|percent", "百分比的写法", "how bare cells of a % input are meant"),
            "month": Key("enum:first|last", "只有年月时取哪天", "which day a month-only cell means"),
            "fill_down": Key("truth", "合并单元格，空则同上", "a blank repeats the cell above (rows only)"),
            **_PROVENANCE,
        },
    ),
    "row_kind": Form(
        "指标行类别",
        "a kind of row",
        {
            "name": Key("text", "行名所在列", "the column that names a row"),
            "published": Key("text", "公布得分所在列", "the column with the published score"),
            "columns": Key("map:form:input", "各列", "its columns", required=True),
            "points": Key("formula", "分值", "points of a row"),
            **_BODY,
            **_POLICIES,
            "round": _ROUND,
            "counts": Key("formula", "是否计入（其中项不计）", "whether the row counts; a component does not"),
            "applies_when": _WHEN,
            "reason": _REASON,
            "checks": Key("map:form:check", "勾稽关系", "conditions that each row must keep"),
            **_PROVENANCE,
        },
    ),
    "value": Form("中间值", "a value", {**_BODY, **_POLICIES, "round": _ROUND, **_PROVENANCE}),
    "definition": Form(
        "定义",
        "a definition",
        {
            **_BODY,
            "values": Key("map:value", "中间步骤", "named steps of its own"),
            "defaults": Key("map:constant", "缺省参数", "what parameters are where a call leaves them out"),
            **_PROVENANCE,
        },
    ),
    "node": Form(
        "指标",
        "a node of the tree",
        {
            "id": Key("name", "公式中的名字", "what formulas call it by"),
            "title": Key("text", "表上的名称", "what a form prints"),
            "points": Key("constant or list:constant or enum:free", "分值", "points, [low, high], or free"),
            "weight": Key("constant", "权重", "weight among its siblings (all or none)"),
            "counts": Key("truth", "是否计入（其中项不计）", "false: shown and not added"),
            "grade": Key("text or form:grade", "该指标自己的等级", "a grade scale of its own"),
            "reason": _REASON,
            "round": _ROUND,
            **_BODY,
            "children": Key("map:form:node", "下级指标", "the nodes beneath"),
            "rows": Key("name", "行类别", "the kind of row that it is made of"),
            "levels": Key("list:text", "行的层级列", "columns that give rows their levels"),
            "adjustable": Key("truth", "分值可调", "rows may add up to other points than stated"),
            "combine": Key("enum:sum|mean|product|geometric|min|max", "汇总方式", "how children are put together"),
            "at_least": Key("integer", "至少几个下级有分", "how many direct children must be present"),
            "else": Key("enum:absent|zero|refuse", "不足时", "what it is when fewer are"),
            "rescale": Key("truth", "补足不适用的分值", "make up the points of what is absent beneath"),
            "scale_to": Key("constant", "折算为", "restate the points out of this number"),
            "split": Key("enum:equally", "均分", "what it holds shares its points equally"),
            "leaves": Key("form:leaves", "末级指标的缺省处理", "policies for leaves that state none"),
            "applies_when": _WHEN,
            **_POLICIES,
            "adjustments": Key("map:form:adjustment", "加分项、扣分项", "bonuses and deductions"),
            "gates": Key("map:form:gate", "否决项", "vetoes: at_most points"),
            **_PROVENANCE,
        },
    ),
    "leaves": Form(
        "末级指标的缺省处理",
        "what leaves get that state none",
        {**_POLICIES, "round": _ROUND, "points": Key("constant", "分值", "points"), **_PROVENANCE},
    ),
    "round": Form(
        "保留位数",
        "rounding",
        {
            "places": Key("integer", "位数", "decimal places", required=True),
            "mode": Key("enum:half_up|down|up", "舍入方式", "half away from zero, towards zero, away from zero"),
        },
    ),
    "bands": Form(
        "分档",
        "bands",
        {
            "of": Key("formula", "何数", "of what", required=True),
            "from": Key("map:outcome", "≥ 各界", "≥ cut points, highest first, then else"),
            "above": Key("map:outcome", "> 各界", "> cut points, highest first, then else"),
            "to": Key("map:outcome", "≤ 各界", "≤ cut points, lowest first, then else"),
            "below": Key("map:outcome", "< 各界", "< cut points, lowest first, then else"),
            "between": Key("list:band", "表上印的各档", "[low, high, outcome] as printed; checked"),
        },
    ),
    "outcome": Form(
        "结果",
        "an outcome",
        {"value": Key("formula", "得分", "what it yields", required=True), "reason": _REASON, **_PROVENANCE},
    ),
    "adjustment": Form(
        "加分项、扣分项",
        "an adjustment",
        {
            **_BODY,
            **_POLICIES,
            "between": Key("list:constant", "上下限", "[low, high]"),
            "reason": _REASON,
            **_PROVENANCE,
        },
    ),
    "gate": Form(
        "否决项",
        "a gate",
        {
            "when": Key("formula", "何时触发", "when it closes", required=True),
            "at_most": Key("constant", "至多几分", "at most so many points (on a node)"),
            "no_better_than": Key("text", "不高于何等级", "no better than this label (on a scale)"),
            "reason": _REASON,
            **_PROVENANCE,
        },
    ),
    "grade": Form(
        "等级标准",
        "a grade scale",
        {
            "formula": Key("formula", "公式", "a formula that yields a label"),
            "bands": Key("form:bands", "分档", "bands that yield labels"),
            "cases": Key("map:outcome", "情形", "cases that yield labels"),
            "given": Key("name", "取公布等级", "a published label"),
            "labels": Key("list:text", "各等级，由好到差", "the labels, best first"),
            "reads": Key("enum:rounded|raw", "读舍入后还是舍入前的分", "reads node scores rounded (default) or raw"),
            "combine": Key("enum:min", "取下级最差", "the worst of its children"),
            "scale": Key("text", "哪个等级标准", "the scale that it combines"),
            "gates": Key("map:form:gate", "否决项", "vetoes: no_better_than a label"),
            **_PROVENANCE,
        },
    ),
    "benchmark": Form(
        "参照值",
        "a benchmark",
        {
            **{k: v for k, v in _STATISTIC.items() if k != "over"},
            "over": Key("enum:cohort", "范围：全体记录", "over all records", required=True),
            "by": Key("formula", "按什么分组", "records of one value of this share a benchmark"),
            "round": _ROUND,
            **_PROVENANCE,
        },
    ),
    "ranking": Form(
        "排名",
        "ranking",
        {
            "of": Key("formula", "按何数排", "what is ranked", required=True),
            "order": Key("enum:descending|ascending", "次序", "descending (best first) or ascending", required=True),
            "ties": Key(
                "enum:min|dense|all or formula",
                "并列怎么办：min 同名次、dense 名次相连、all 一并入围，或再比之数",
                "ties: min, dense, all, or a formula that breaks them (same order)",
                required=True,
            ),
            "within": Key("formula", "在何范围内排", "ranked within records of one value of this"),
            **_PROVENANCE,
        },
    ),
    "check": Form(
        "勾稽关系",
        "a check",
        {
            "holds": Key("formula", "应成立", "what must hold", required=True),
            "severity": Key("enum:error|warning|remark", "轻重", "how grave a breach is"),
            "reason": _REASON,
            **_PROVENANCE,
        },
    ),
    "claim": Form(
        "论断",
        "a claim",
        {
            "holds": Key("formula", "对每条记录都成立", "what holds for every record"),
            "reached": Key("formula", "有记录使之成立", "what holds for some record"),
            "rises": Key("formula", "何数不会越低（with 越大时）", "what never falls with more of `with`"),
            "falls": Key("formula", "何数不会越高（with 越大时）", "what never rises with more of `with`"),
            "with": Key("name", "随哪个数据项", "the input that grows, all else the same"),
            "reason": _REASON,
            **_PROVENANCE,
        },
    ),
    "published": Form(
        "公布数",
        "a published figure",
        {
            "score": Key("text", "某节点的得分", "the score of a node"),
            "points": Key("text", "某节点的分值", "the points of a node"),
            "value": Key("text", "某中间值", "a value"),
            "grade": Key("text", "某等级", "a grade scale's label"),
            "unit": Key("text", "单位", "unit"),
            "written": Key("enum:fraction|percent", "百分比的写法", "how bare cells of a % column are meant"),
            "title": Key("text", "表上的标签", "what a form prints"),
            **_PROVENANCE,
        },
    ),
    "procedures": Form(
        "评价程序",
        "procedures",
        {
            "sampling": Key("form:sampling", "抽查", "how a spot check is drawn"),
            "reconciling": Key("form:reconciling", "复核比对", "how self-scores are held against re-scores"),
            "monitoring": Key("form:monitoring", "运行监控", "warning lights in the course of the year"),
            "outcomes": Key("form:outcomes", "结果应用", "what follows from grades and scores"),
            **_PROVENANCE,
        },
    ),
    "sampling": Form(
        "抽查",
        "a spot check",
        {
            "count": Key("constant", "按个数的最低比例", "the least share by count, such as 20%"),
            "money": Key("constant", "按金额的最低比例", "the least share by money, such as 20%"),
            "amount": Key("formula", "金额", "the money of a record"),
            "where": Key("formula", "抽查范围", "the population: records where this holds"),
            "strata": Key("formula", "分层", "records of one value of this are a stratum"),
            "stratum_share": Key("constant", "每层的最低比例", "the least share of each stratum, by count"),
            "stratum_least": Key("integer", "每层最少几个", "so many of each stratum at least, or all of it"),
            "apportion": Key("enum:count|money", "各层按什么分配", "strata share the sample by count or by money"),
            "certainty": Key("form:certainty", "必查", "what is in every sample"),
            "until_money": Key("truth", "不足金额比例时续抽", "goes on drawing until the share by money is met"),
            **_PROVENANCE,
        },
    ),
    "certainty": Form(
        "必查",
        "certainty items",
        {
            "largest": Key("integer", "金额最大的几个", "so many of the largest amounts; who ties is in"),
            "when": Key("map:formula", "必查条件", "named conditions; where one holds, the record is in"),
        },
    ),
    "reconciling": Form(
        "复核比对",
        "self-scores against re-scores",
        {
            "reads": Key(
                "enum:computed|printed", "自评分取重算还是公布", "self-scores computed (default) or as printed"
            ),
            "round": _ROUND,
            "outcome": Key(
                "form:grade", "偏差的处理", "labels for the whole, from deviation, self_score, review_score"
            ),
            "penalty": Key("value", "偏差的扣分", "points for the whole, from deviation, self_score, review_score"),
            "item_outcome": Key("form:grade", "单项偏差的处理", "labels for each item, from the same names"),
            **_PROVENANCE,
        },
    ),
    "monitoring": Form(
        "运行监控",
        "monitoring",
        {
            "month": Key("name", "月份所在的数据项", "the input that tells the month", required=True),
            "good": Key("list:text", "算正常的灯", "the lights with which there is nothing to do", required=True),
            "by": Key("formula", "按何汇总", "listed and rolled up by this, such as the office"),
            "levers": Key("map:form:lever", "各指标靠什么改善", "by node: the input that can still be moved"),
            **_PROVENANCE,
        },
    ),
    "lever": Form(
        "改善的抓手",
        "a lever",
        {
            "input": Key("name", "数据项", "the input", required=True),
            "toward": Key("enum:up|down", "往哪边动", "which way it would be moved", required=True),
        },
    ),
    "outcomes": Form(
        "结果应用",
        "outcomes",
        {
            "awards": Key("map:form:award", "按名次的处理", "by rank: the first or last so many"),
            "rules": Key("map:form:outcome_rule", "按条件的处理", "by condition, on scores, `grade` and `rank`"),
            "factor": Key("value", "与预算挂钩的系数", "what next year's budget is multiplied by"),
            "base": Key("formula", "挂钩的预算基数", "the amount that is multiplied"),
            **_PROVENANCE,
        },
    ),
    "award": Form(
        "按名次的处理",
        "an award",
        {
            "first": Key("integer", "前几名", "the first so many"),
            "last": Key("integer", "后几名", "the last so many"),
            "where": Key("formula", "在其中", "among those where this holds"),
            "ties": Key("enum:all|none|decide", "末位并列", "a tie over the line: all in, none, or to be decided"),
            "outcome": Key("text", "处理", "what follows", required=True),
            **_PROVENANCE,
        },
    ),
    "outcome_rule": Form(
        "按条件的处理",
        "an outcome by condition",
        {
            "when": Key("formula", "何时", "when", required=True),
            "outcome": Key("text", "处理", "what follows", required=True),
            "reason": _REASON,
            **_PROVENANCE,
        },
    ),
}

STATISTICS = ("sum", "mean", "min", "max", "count", "largest", "smallest", "quantile")
BODY_KEYS = ("formula", "rule", "bands", "cases", "given", *STATISTICS)


def json_schema() -> dict[str, Any]:
    """The grammar as JSON Schema (draft 2020-12), for editors."""
    definitions = {name: _form_schema(form) for name, form in FORMS.items()}
    definitions["value"] = {"anyOf": [_TEXT, definitions["value"]]}
    definitions["definition"] = {"anyOf": [_TEXT, definitions["definition"]]}
    definitions["claim"] = {"anyOf": [_TEXT, definitions["claim"]]}
    definitions["outcome"] = {"anyOf": [_TEXT, definitions["outcome"]]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "perfrules 指标体系文件",
        "description": "A perfrules scheme file, or a file of definitions or of facts.",
        "if": {"required": ["amends"]},
        "then": {"$ref": "#/$defs/amending_file"},
        "else": {
            "if": {"required": ["scheme"]},
            "then": {"$ref": "#/$defs/scheme"},
            "else": {
                "if": {"required": ["facts"]},
                "then": {"$ref": "#/$defs/facts_file"},
                "else": {"$ref": "#/$defs/definitions_file"},
            },
        },
        "$defs": definitions,
    }


def json_schema_text() -> str:
    """The schema as it is shipped."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n"


_TEXT = {"type": ["string", "number", "boolean"]}


def _form_schema(form: Form) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "description": f"{form.zh} {form.en}",
        "properties": {
            name: {**_shape_schema(key.shape), "description": f"{key.zh}｜{key.en}"} for name, key in form.keys.items()
        },
        "additionalProperties": False,
    }
    required = [name for name, key in form.keys.items() if key.required]
    return schema | ({"required": required} if required else {})


def _shape_schema(shape: str) -> dict[str, Any]:
    if " or " in shape:
        return {"anyOf": [_shape_schema(s) for s in shape.split(" or ")]}
    word, _, rest = shape.partition(":")
    match word:
        case "enum":
            words: list[Any] = rest.split("|")
            return {"enum": [*words, *(int(w) for w in words if w.isdigit())]}
        case "form":
            return {"$ref": f"#/$defs/{rest}"}
        case "list":
            return {"type": "array", "items": _shape_schema(rest)}
        case "map":
            return {"type": "object", "additionalProperties": _shape_schema(rest)}
        case "value" | "definition" | "outcome" | "claim":
            return {"$ref": f"#/$defs/{word}"}
        case "amendment":
            return {"type": "object", "minProperties": 1}
        case "band":
            return {"type": "array", "minItems": 3, "maxItems": 3}
        case "integer":
            return {"type": "integer"}
        case "truth":
            return {"type": "boolean"}
        case "number" | "constant" | "formula":
            return _TEXT
        case _:
            return {"type": ["string", "number"]}
