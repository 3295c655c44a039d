"""What a scheme means, checked before any data: names first, and over its plan what its formulas can come to."""

from perfrules.checking.bounds import check_ranges
from perfrules.checking.names import check_condition, check_definitions, check_names

__all__ = ["check_condition", "check_definitions", "check_names", "check_ranges"]
