"""The exact reading 精确: one record over rationals, with a trace of every value."""

from perfrules.readings.exact.evaluation import evaluate

__all__ = ["evaluate"]
