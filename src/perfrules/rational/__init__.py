"""Plans in whole numbers 整式: what the readings that run on integers are printed from.

Plan ──lower──► Program: a rational form per step ──► terms, each with bounds
"""

from perfrules.rational.forms import DAY, NUMBER, WORDS, Beyond, Form, FormKind, Forms
from perfrules.rational.lowering import Block, Cells, Facts, Gather, Program, lower
from perfrules.rational.terms import Call, Term, Terms

__all__ = [
    "DAY",
    "NUMBER",
    "WORDS",
    "Beyond",
    "Block",
    "Call",
    "Cells",
    "Facts",
    "Form",
    "FormKind",
    "Forms",
    "Gather",
    "Program",
    "Term",
    "Terms",
    "lower",
]
