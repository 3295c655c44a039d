"""The closed set of nodes that a formula is made of, after parsing. Readings match over them and nothing else.

`at` is the span of the node in the author's text (start, end), for carets; it takes no part in equality.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from attrs import field, frozen

Span = tuple[int, int]
ArithmeticSign = Literal["+", "-", "*", "/"]
ComparisonSign = Literal["<", "<=", ">", ">=", "==", "!="]
PRIMITIVES = ("min", "max", "abs", "floor", "round", "ln", "exp", "power")
HoleKind = Literal["missing", "not_applicable", "undefined", "refused"]
REACHES: Mapping[str, HoleKind] = {"absent": "not_applicable", "missing": "missing", "refused": "refused"}
"""The holes that generated text reaches on purpose, by the word that does."""


@frozen
class Number:
    """A literal; `percent` where it was written with a percent sign (a pure ratio, not a number with a unit)."""

    value: Fraction
    percent: bool = False
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Text:
    """Quoted text: a choice's label or an ISO date, by what it is compared with."""

    value: str
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Truth:
    """`True` or `False`, in generated text only."""

    value: bool
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Name:
    """A name: an input, value, node, parameter or `points`."""

    name: str
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Present:
    """`present(x)`: whether a named input, value or node has a value; reaches no hole itself."""

    name: str
    at: Span = field(default=(0, 0), eq=False)


@frozen
class HoleOf:
    """`hole(x)`, in generated text only: the kind of the hole at a name as text, empty where it has a value."""

    name: str
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Reach:
    """A hole reached on purpose, in generated text only: `absent()`, `missing()`, `refused()`."""

    kind: HoleKind
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Negate:
    """`-x`."""

    operand: Node
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Arithmetic:
    """`left sign right`, with sign one of `+ - * /`."""

    sign: ArithmeticSign
    left: Node
    right: Node
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Compare:
    """A comparison, chained where there is more than one link; links are reached left to right."""

    first: Node
    links: tuple[tuple[ComparisonSign, Node], ...]
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Logic:
    """`and` or `or` over two operands or more, reached left to right."""

    sign: Literal["and", "or"]
    operands: tuple[Node, ...]
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Not:
    """`not x`."""

    operand: Node
    at: Span = field(default=(0, 0), eq=False)


@frozen
class If:
    """`then if condition else otherwise`; only the taken arm is reached."""

    condition: Node
    then: Node
    otherwise: Node
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Primitive:
    """A call of one of the primitives."""

    function: str
    arguments: tuple[Node, ...]
    at: Span = field(default=(0, 0), eq=False)


@frozen
class Use:
    """A call of a definition 定义: strict, its arguments reached left to right before its body."""

    definition: str
    arguments: tuple[Node, ...]
    at: Span = field(default=(0, 0), eq=False)


Node = (
    Number
    | Text
    | Truth
    | Name
    | Present
    | HoleOf
    | Reach
    | Negate
    | Arithmetic
    | Compare
    | Logic
    | Not
    | If
    | Primitive
    | Use
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly beneath a node, left to right."""
    match node:
        case Negate(operand=x) | Not(operand=x):
            return (x,)
        case Arithmetic(left=left, right=right):
            return (left, right)
        case Compare(first=first, links=links):
            return (first, *(x for _, x in links))
        case Logic(operands=operands):
            return operands
        case If(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Primitive(arguments=arguments) | Use(arguments=arguments):
            return arguments
        case Number() | Text() | Truth() | Name() | Present() | HoleOf() | Reach():
            return ()
