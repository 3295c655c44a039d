"""One record, fast and still exact: a plan as generated Python functions on whole numbers 编译读法.

`evaluate` reads any record, every step of it; `plain` gives the scores of a mapping with nothing unusual in it.
"""

from perfrules.readings.compiled.general import evaluate, sizes
from perfrules.readings.compiled.plain import Layout, NotPlain, Plain, plain

__all__ = ["Layout", "NotPlain", "Plain", "evaluate", "plain", "sizes"]
