# perfrules: everything runs in .venv, which needs only python3 (3.11 or newer), pip and make.
#
#   make demo            score the published cases in examples/
#   make test            lint, types, layering, then one pytest run with branch coverage
#   make wheels         each plugin's tests, on its built wheel in an environment of its own
#   make bench-startup   import, first score and loading, measured
#   make bench-procedures  100,000 projects through each procedure, measured
#   make clean           remove what the above made

PYTHON  ?= python3
WORKERS ?= 2
ARGS    ?=

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
PLUGINS := $(sort $(wildcard plugins/*/pyproject.toml))

.DEFAULT_GOAL := help
.PHONY: help venv demo test wheels lint types layers bench-startup bench-procedures clean

help:
	@sed -n 's/^#   //p' Makefile

venv: $(STAMP)

# Installs again whenever the core's or a plugin's pyproject.toml changes, or a plugin is added.
$(STAMP): pyproject.toml $(PLUGINS)
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "perfrules needs Python 3.11 or newer, but $(PYTHON) is %d.%d; name another one with: make PYTHON=python3.12 ..." % v[:2])'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing perfrules, its tools and $(words $(PLUGINS)) plugins into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
		-e '.[all,dev]' $(foreach plugin,$(PLUGINS),-e ./$(patsubst %/,%,$(dir $(plugin))))
	@touch $@

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

test: lint types layers
	@$(BIN)/python -m pytest -q -n $(WORKERS) --cov --cov-report=term

wheels: $(STAMP)
	@$(BIN)/python tests/from_wheels.py

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types: $(STAMP)
	@$(BIN)/mypy

layers: $(STAMP)
	@$(BIN)/lint-imports --no-logo

bench-startup: $(STAMP)
	@$(BIN)/python benchmarks/start_up.py $(ARGS)

bench-procedures: $(STAMP)
	@$(BIN)/python benchmarks/procedures.py $(ARGS)

clean:
	rm -rf $(VENV) build dist site .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
