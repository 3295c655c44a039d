"""Formula text to the author's own syntax tree and to our nodes: a small closed subset of Python's expressions.

The text is read as tokens first, so that full-width and Chinese signs, percentages and exact literals are settled
before Python's parser sees it; every position leads back to the author's text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fractions import Fraction

from attrs import frozen

from perfrules import nodes
from perfrules.findings import nearest
from perfrules.nodes import Node, Span
from perfrules.numbers import DIGITS_LIMIT, exact

TEXT_LIMIT, NODE_LIMIT, DEPTH_LIMIT = 10_000, 500, 50

HAN = "〇\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002a6df\U0002a700-\U0002ebef\U00030000-\U0003134f"
NAME = re.compile(rf"[A-Za-z_{HAN}][A-Za-z0-9_{HAN}]*")
WORDS = frozenset({"and", "or", "not", "if", "else", "True", "False"})
"""Words of the language itself; no name may be one of them or of the primitives."""
FUNCTIONS = frozenset(nodes.PRIMITIVES) | {"present"}
INTERNAL_FUNCTIONS = frozenset({"hole", "absent", "missing", "refused"})

_SIGNS = {"×": "*", "÷": "/", "≥": ">=", "≤": "<=", "≠": "!=", "⩾": ">=", "⩽": "<="}
_QUOTES = {"'": "'", '"': '"', "“": "”", "”": "”", "‘": "’", "’": "’", "＂": "＂", "＇": "＇"}
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x2212: "-", 0x2013: "-"}
"""Full-width ASCII, the ideographic space, and the signs that stand for minus: one character for one."""
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_LETTERS = re.compile(rf"[A-Za-z_{HAN}]+")
_PERCENT = re.compile(r" *%")
_FOREIGN = ("**", "//", "<<", ">>", ":=", "->")
_OPERATORS = ("<=", ">=", "==", "!=", *_FOREIGN, "+", "-", "*", "/", "<", ">", "(", ")", ",")
_BARE_DATE = re.compile(r"(?<![0-9.])(?:19|20)[0-9][0-9] *- *[0-9]{1,2} *- *[0-9]{1,2}(?![0-9.])")
_DATE_TEXT = re.compile(r"\d{4}-\d{2}-\d{2}")


@frozen
class Problem:
    """What is wrong in a formula, with the span in its text."""

    name: str
    at: Span
    seen: dict[str, str]
    nearest: str = ""


class FormulaProblems(Exception):
    """A text that is not a formula; `problems` says why, in order."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(*problems)


@frozen
class _Token:
    kind: str  # number, percent, name, text, sign
    text: str  # as Python will read it
    at: Span


def is_name(text: str) -> bool:
    """Whether a text may name something: Han characters, ASCII letters, digits, `_`; no word of the language."""
    return (
        NAME.fullmatch(text) is not None
        and "__" not in text
        and text not in WORDS
        and text not in FUNCTIONS
        and text not in _PYTHON_WORDS
    )


_PYTHON_WORDS = frozenset(
    [
        "None",
        "as",
        "assert",
        "async",
        "await",
        "break",
        "class",
        "continue",
        "def",
        "del",
        "elif",
        "except",
        "finally",
        "for",
        "from",
        "global",
        "import",
        "in",
        "is",
        "lambda",
        "nonlocal",
        "pass",
        "raise",
        "return",
        "try",
        "while",
        "with",
        "yield",
    ]
)


def is_date(text: str) -> bool:
    """Whether a text is written as an ISO date (it may still name no day)."""
    return _DATE_TEXT.fullmatch(text) is not None


def parse(text: str, *, internal: bool = False) -> tuple[ast.expr, Node]:
    """The author's syntax tree, its literals made exact, and our nodes.

    `internal` admits what only generated text may say (`hole(x)`, `absent()`, names with `__`).
    Raises FormulaProblems.
    """
    if type(text) is not str:  # a subclass could say one thing to the tokens and another to the parser
        raise FormulaProblems(Problem("formula-not-text", (0, 0), {"seen": type(text).__name__[:40]}))
    if len(text) > TEXT_LIMIT and not internal:
        raise FormulaProblems(Problem("formula-too-long", (0, 1), {"seen": str(len(text)), "limit": str(TEXT_LIMIT)}))
    tokens = _tokens(text, internal)
    if not tokens:
        raise FormulaProblems(Problem("formula-empty", (0, max(1, len(text))), {}))
    if not internal:
        _bounded(tokens)
    python, spans = _joined(tokens)
    try:
        tree = ast.parse(python, mode="eval").body
    except SyntaxError as problem:
        raise FormulaProblems(_syntax(problem, python, tokens, spans, text)) from None
    except (RecursionError, MemoryError, ValueError):
        raise FormulaProblems(Problem("formula-too-deep", (0, 1), {"limit": str(DEPTH_LIMIT)})) from None
    return _Lowering(tokens, spans, python, internal).lower(tree)


def _tokens(text: str, internal: bool) -> list[_Token]:
    return _Tokens(text, internal).all()


class _Tokens:
    """One pass over the text, its full-width signs folded place by place; quoted text is left as it was typed."""

    def __init__(self, text: str, internal: bool) -> None:
        self.text = text
        self.folded = text.translate(_FOLD)
        self.internal = internal
        self.tokens: list[_Token] = []
        self.problems: list[Problem] = []

    def all(self) -> list[_Token]:
        place = 0
        while 0 <= place < len(self.text):
            plain = self.folded[place]
            if plain.isspace():
                place += 1
            elif plain in _QUOTES:
                place = self._quoted(place)
            elif number := _NUMBER.match(self.folded, place):
                place = self._number(place, number)
            elif name := NAME.match(self.folded, place):
                place = self._name(place, name)
            else:
                place = self._sign(place)
        if self.problems:
            raise FormulaProblems(*self.problems[:10])
        return self.tokens

    def _problem(self, name: str, at: Span, **seen: str) -> None:
        self.problems.append(Problem(name, at, seen))

    def _token(self, kind: str, word: str, at: Span) -> int:
        self.tokens.append(_Token(kind, word, at))
        return at[1]

    def _quoted(self, place: int) -> int:
        end = self.text.find(_QUOTES[self.text[place]], place + 1)
        if end < 0:
            self._problem("unclosed-quote", (place, len(self.text)), quote=self.text[place])
            return -1
        inner, at = self.text[place + 1 : end], (place, end + 1)
        if not inner.isprintable() or "\\" in inner:
            seen = inner[:40] if inner.isprintable() else repr(inner[:40])[1:-1]
            self._problem("bad-text", at, seen=seen)
        if self.tokens and self.tokens[-1].kind in ("name", "text") and self.tokens[-1].text not in WORDS:
            self._problem("text-where-none-fits", at, seen=inner[:40])
        return self._token("text", repr(inner), at)

    def _number(self, place: int, number: re.Match[str]) -> int:
        end, literal = number.end(), number.group()
        if date := _BARE_DATE.match(self.folded, place):
            self._problem("bare-date", date.span(), seen=date.group())
            return self._token("number", "0", date.span())
        if follow := _LETTERS.match(self.folded, end):
            self._problem("bad-number", (place, follow.end()), seen=self.folded[place : follow.end()][:40])
            return self._token("number", "0", (place, follow.end()))
        if len(literal) > DIGITS_LIMIT + 1 or (len(literal) > DIGITS_LIMIT and "." not in literal):
            self._problem("too-many-digits", (place, end), limit=str(DIGITS_LIMIT))
            literal = "0"
        if literal.startswith("."):
            literal = "0" + literal
        elif literal.endswith("."):
            literal += "0"
        elif len(literal) > 1 and literal[0] == "0" and literal[1] != ".":
            self._problem("bad-number", (place, end), seen=literal[:40])
            literal = "0"
        if percent := _PERCENT.match(self.folded, end):
            return self._token("percent", literal, (place, percent.end()))
        return self._token("number", literal, (place, end))

    def _name(self, place: int, name: re.Match[str]) -> int:
        word, at = name.group(), name.span()
        if len(word) > 128:
            self._problem("name-too-long", at, limit="128")
        if "__" in word and not self.internal:
            self._problem("bad-name", at, seen=word[:40], what="公式中的名字 name in a formula")
        return self._token("name", word, at)

    def _sign(self, place: int) -> int:
        sign = _SIGNS.get(self.text[place])
        width = 1
        if sign is None:
            two = self.folded[place : place + 2]
            sign = next((o for o in _OPERATORS if two.startswith(o)), None)
            width = len(sign) if sign else 1
        if sign is None or sign in _FOREIGN:
            if sign is None and self.folded[place] == "=" and (function := self._named_argument()):
                problem = Problem("no-keyword-arguments", (self.tokens[-1].at[0], place + 1), {"seen": function})
            else:
                problem = _stranger(self.text, place, self.folded[place], sign)
            self.problems.append(problem)
            if problem.name == "unknown-character":
                return -1
            if problem.name == "comment-in-formula":
                return self.text.find("\n", place)
            sign = "+"
        return self._token("sign", sign, (place, place + width))

    def _named_argument(self) -> str:
        """The function in whose brackets a `=` comes after a name, as in `clip(x, 下限=0)`; else nothing."""
        before = [t.text for t in self.tokens[-2:]]
        if len(self.problems) >= 10 or len(before) < 2 or before[0] not in ("(", ",") or self.tokens[-1].kind != "name":
            return ""
        depth = 0
        for number in range(len(self.tokens) - 2, 0, -1):
            if self.tokens[number].kind == "sign":
                depth += {")": 1, "(": -1}.get(self.tokens[number].text, 0)
            if depth < 0:
                caller = self.tokens[number - 1]
                return caller.text if caller.kind == "name" and caller.text not in WORDS else ""
        return ""


def _stranger(text: str, place: int, plain: str, sign: str | None) -> Problem:
    at = (place, place + (len(sign) if sign else 1))
    if sign == "**":
        return Problem("no-power", at, {})
    if sign:
        return Problem("not-in-the-language", at, {"seen": sign})
    if plain == "=":
        return Problem("single-equals", at, {})
    if plain == "%":
        return Problem("percent-operator", at, {})
    if plain == "#":
        return Problem("comment-in-formula", at, {})
    if plain in ".[]{}@;:&|^~!?`$\\":
        return Problem("not-in-the-language", at, {"seen": plain})
    return Problem("unknown-character", at, {"seen": plain, "code": f"U+{ord(text[place]):04X}"})


def _bounded(tokens: list[_Token]) -> None:
    """Limits on what Python's parser is given at all, so that it is never deep in anything."""
    if len(tokens) > 3 * NODE_LIMIT:
        at = (tokens[0].at[0], tokens[0].at[1])
        raise FormulaProblems(Problem("formula-too-large", at, {"limit": str(NODE_LIMIT)}))
    depth = run = 0
    for token in tokens:
        if token.text == "(" and token.kind == "sign":
            depth += 1
        elif token.text == ")" and token.kind == "sign":
            depth -= 1
        prefix = (token.kind == "sign" and token.text in "+-(") or token.text == "not"
        run = run + 1 if prefix else 0
        if depth > DEPTH_LIMIT or run > 2 * DEPTH_LIMIT:
            raise FormulaProblems(Problem("formula-too-deep", token.at, {"limit": str(DEPTH_LIMIT)}))


def _joined(tokens: list[_Token]) -> tuple[str, dict[int, Span]]:
    """Python text on one line, and by byte offset of each token in it the author's span."""
    parts: list[str] = []
    spans: dict[int, Span] = {}
    offset = 0
    for token in tokens:
        spans[offset] = token.at
        word = token.text
        parts.append(word)
        offset += len(word.encode()) + 1
    return " ".join(parts), spans


def _syntax(problem: SyntaxError, python: str, tokens: list[_Token], spans: dict[int, Span], text: str) -> Problem:
    chars = max((problem.offset or 1) - 1, 0)
    byte = len(python[:chars].encode())
    place = max((o for o in spans if o <= byte), default=0)
    at = spans.get(place, (0, 1))
    opened = sum(t.text == "(" and t.kind == "sign" for t in tokens)
    closed = sum(t.text == ")" and t.kind == "sign" for t in tokens)
    if opened != closed:
        wanting = "）" if opened > closed else "（"
        return Problem("unbalanced-brackets", at, {"opened": str(opened), "closed": str(closed), "wanting": wanting})
    for token in tokens:
        if token.kind == "name" and token.text in _PYTHON_WORDS:
            return Problem("not-in-the-language", token.at, {"seen": token.text})
    if tokens[-1].kind == "sign" and tokens[-1].text != ")":
        return Problem("formula-unfinished", tokens[-1].at, {"seen": text[slice(*tokens[-1].at)]})
    return Problem("not-a-formula", at, {"seen": text[slice(*at)][:40]})


_ARITHMETIC: dict[type[ast.operator], nodes.ArithmeticSign] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_COMPARISON: dict[type[ast.cmpop], nodes.ComparisonSign] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class _Lowering:
    """One walk over Python's tree: refuse what is not of the language, make literals exact, build our nodes."""

    def __init__(self, tokens: list[_Token], spans: dict[int, Span], python: str, internal: bool) -> None:
        self._spans = spans
        self._by_start = {token.at: token for token in tokens}
        self._internal = internal
        self._problems: list[Problem] = []
        self._count = 0
        self._offsets = sorted(spans)

    def lower(self, tree: ast.expr) -> tuple[ast.expr, Node]:
        node = self._node(tree, 0)
        if self._count > NODE_LIMIT and not self._internal:
            self._problems.append(Problem("formula-too-large", (0, 1), {"limit": str(NODE_LIMIT)}))
        if self._problems:
            raise FormulaProblems(*self._problems[:10])
        return tree, node

    def _at(self, tree: ast.AST) -> Span:
        start = self._spans[getattr(tree, "col_offset")]  # noqa: B009  (ast types it on subclasses only)
        last = getattr(tree, "end_col_offset")  # noqa: B009  (the same)
        final = start
        for offset in _below(self._offsets, last):
            final = self._spans[offset]
            break
        at = (start[0], max(final[1], start[1]))
        setattr(tree, "at", at)  # noqa: B010  (the author's span, for the trace)
        return at

    def _refuse(self, tree: ast.AST, name: str, /, **seen: str) -> Node:
        self._problems.append(Problem(name, self._at(tree), seen))
        return nodes.Number(Fraction(0))

    def _node(self, tree: ast.expr, depth: int) -> Node:
        self._count += 1
        if depth > DEPTH_LIMIT and not self._internal:
            if not any(p.name == "formula-too-deep" for p in self._problems):
                self._refuse(tree, "formula-too-deep", limit=str(DEPTH_LIMIT))
            return nodes.Number(Fraction(0))
        match tree:
            case ast.Constant():
                return self._constant(tree)
            case ast.Name(id=name):
                if name in FUNCTIONS or (name in INTERNAL_FUNCTIONS and self._internal):
                    return self._refuse(tree, "function-without-brackets", seen=name)
                return nodes.Name(name, self._at(tree))
            case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
                return self._arithmetic(tree, depth)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return nodes.Negate(self._node(operand, depth + 1), self._at(tree))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return nodes.Not(self._node(operand, depth + 1), self._at(tree))
            case ast.UnaryOp(op=ast.UAdd()):
                return self._refuse(tree, "not-in-the-language", seen="+x")
            case ast.BoolOp(op=op, values=values):
                operands = tuple(self._node(v, depth + 1) for v in values)
                return nodes.Logic("and" if isinstance(op, ast.And) else "or", operands, self._at(tree))
            case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(o) in _COMPARISON for o in ops):
                first = self._node(left, depth + 1)
                links = tuple(
                    (_COMPARISON[type(o)], self._node(c, depth + 1)) for o, c in zip(ops, comparators, strict=True)
                )
                return nodes.Compare(first, links, self._at(tree))
            case ast.IfExp():
                return self._if(tree, depth)
            case ast.Call():
                return self._call(tree, depth)
            case _:
                return self._refuse(tree, "not-in-the-language", seen=_KINDS.get(type(tree), type(tree).__name__))

    def _arithmetic(self, tree: ast.BinOp, depth: int) -> Node:
        """A chain of operators to the left is one row, not a depth."""
        spine: list[ast.BinOp] = []
        left: ast.expr = tree
        while isinstance(left, ast.BinOp) and type(left.op) in _ARITHMETIC:
            spine.append(left)
            left = left.left
        node = self._node(left, depth + 1)
        for step in reversed(spine):
            self._count += 1
            right = self._node(step.right, depth + 1)
            node = nodes.Arithmetic(_ARITHMETIC[type(step.op)], node, right, self._at(step))
        return node

    def _if(self, tree: ast.IfExp, depth: int) -> Node:
        """A chain of "else … if" is one table, not a depth."""
        arms: list[tuple[ast.IfExp, Node, Node]] = []
        last: ast.expr = tree
        while isinstance(last, ast.IfExp):
            self._count += last is not tree
            arms.append((last, self._node(last.test, depth + 1), self._node(last.body, depth + 1)))
            last = last.orelse
        node = self._node(last, depth + 1)
        for arm, test, body in reversed(arms):
            node = nodes.If(test, body, node, self._at(arm))
        return node

    def _constant(self, tree: ast.Constant) -> Node:
        at = self._at(tree)
        if isinstance(tree.value, bool):
            return nodes.Truth(tree.value, at) if self._internal else self._refuse(tree, "truth-literal")
        if isinstance(tree.value, str):
            return nodes.Text(tree.value, at)
        token = self._by_start.get(self._spans[tree.col_offset])
        if isinstance(tree.value, int | float) and token is not None and token.kind in ("number", "percent"):
            value = exact(token.text)
            percent = token.kind == "percent"
            if percent:
                value /= 100
            tree.value = value  # type: ignore[assignment]  # the author's tree carries exact numbers from here on
            return nodes.Number(value, percent, at)
        return self._refuse(tree, "not-in-the-language", seen=str(tree.value)[:40])

    def _call(self, tree: ast.Call, depth: int) -> Node:
        at = self._at(tree)
        if not isinstance(tree.func, ast.Name):
            return self._refuse(tree, "not-in-the-language", seen="(…)(…)")
        if tree.keywords or any(isinstance(a, ast.Starred) for a in tree.args):
            return self._refuse(tree, "no-keyword-arguments", seen=tree.func.id)
        function = tree.func.id
        self._count += 1
        if function == "present" or (function == "hole" and self._internal):
            if len(tree.args) != 1 or not isinstance(tree.args[0], ast.Name):
                return self._refuse(tree, "present-needs-a-name")
            name = tree.args[0].id
            return nodes.Present(name, at) if function == "present" else nodes.HoleOf(name, at)
        if self._internal and function in nodes.REACHES:
            return nodes.Reach(nodes.REACHES[function], at)
        arguments = tuple(self._node(a, depth + 1) for a in tree.args)
        if function not in nodes.PRIMITIVES:
            return nodes.Use(function, arguments, at)
        least, most = {"min": (2, 250), "max": (2, 250), "round": (2, 2), "power": (2, 2)}.get(function, (1, 1))
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least}–{most}"
            return self._refuse(
                tree, "wrong-number-of-arguments", seen=function, given=str(len(arguments)), wanted=wanted
            )
        if function == "round" and not _places(arguments[1]):
            return self._refuse(tree, "round-places")
        return nodes.Primitive(function, arguments, at)


_KINDS: dict[type[ast.AST], str] = {
    ast.Attribute: "a.b",
    ast.Subscript: "a[b]",
    ast.Lambda: "lambda",
    ast.List: "[…]",
    ast.Tuple: "a, b",
    ast.Dict: "{…}",
    ast.Compare: "in / is",
}


def _below(offsets: list[int], end: int) -> Iterator[int]:
    """The token starts before `end`, last first."""
    low, high = 0, len(offsets)
    while low < high:
        middle = (low + high) // 2
        if offsets[middle] < end:
            low = middle + 1
        else:
            high = middle
    if low:
        yield offsets[low - 1]


def _places(node: Node) -> bool:
    return isinstance(node, nodes.Number) and node.value.denominator == 1 and 0 <= node.value <= 30


def generated(text: str) -> tuple[ast.expr, Node]:
    """A generated text, parsed like an author's."""
    return parse(text, internal=True)


def suggest(word: str, known: frozenset[str]) -> str:
    """The known name most like a word, for findings about names and functions."""
    return nearest(word, known | FUNCTIONS)
