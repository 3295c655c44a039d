"""Settings that hold for every test."""

from hypothesis import settings

# A machine that is busy makes slow examples, not wrong ones.
settings.register_profile("perfrules", deadline=None)
settings.load_profile("perfrules")
