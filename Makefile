# perfrules: everything runs in .venv, which needs only python3 (3.11 or newer), pip and make.
#
#   make demo            score the published cases in examples/
#   make test            lint, types, layering, the core's tests with branch coverage, then the plugins'
#   make test-spark   frames of Spark on this machine, in an environment of its own; installs Java where there is none
#   make wheels         each plugin's tests, on its built wheel in an environment of its own
#   make mutate          every bundled scheme changed in one place after another; fails where cases and laws tell under 95 %
#   make bench           speed beside simpleeval, zen, Polars, DuckDB …: a quarter of an hour (ARGS=--quick: a few minutes)
#   make bench-startup   import, first score and loading, measured
#   make bench-proofs    the standard claims of 100 indicators, and of every bundled scheme, measured
#   make bench-procedures  100,000 projects through each procedure, measured
#   make clean           remove what the above made

PYTHON  ?= python3
WORKERS ?= 2
ARGS    ?=

VENV    := .venv
SPARK   := .venv-spark
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
PLUGINS := $(sort $(wildcard plugins/*/pyproject.toml))

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-spark wheels lint types layers mutate bench bench-startup bench-proofs bench-procedures clean

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
	@$(BIN)/python -m pytest -q -n $(WORKERS) --cov --cov-report=term tests
	@$(BIN)/python -m pytest -q -n $(WORKERS) plugins

# Spark runs on Java, which pip does not bring.
test-spark: $(SPARK)/.installed
	@command -v java >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get -qq update && apt-get -qq install --yes --no-install-recommends openjdk-17-jre-headless >/dev/null; } \
		|| { echo "Spark needs Java 17 or newer on the path"; exit 1; }
	@$(SPARK)/bin/python -m pytest -q tests/spark

$(SPARK)/.installed: pyproject.toml
	@$(PYTHON) -m venv $(SPARK)
	@echo "installing perfrules with Spark into $(SPARK) ..."
	@$(SPARK)/bin/python -m pip install -qq --disable-pip-version-check -e '.[spark,testing]'
	@touch $@

wheels: $(STAMP)
	@$(BIN)/python tests/from_wheels.py

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types: $(STAMP)
	@$(BIN)/mypy

layers: $(STAMP)
	@$(BIN)/lint-imports --no-logo

mutate: $(STAMP)
	@$(BIN)/python tests/mutation.py $(ARGS)

# What perfrules is compared with is installed for this alone; Spark and Dask only when they are asked for. Perfrules is compiled
# beforehand, as those are by pip.
$(VENV)/.bench: $(STAMP)
	@echo "installing what perfrules is measured beside ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[bench]'
	@touch $@

bench: $(VENV)/.bench
	@$(if $(findstring --spark,$(ARGS)),$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[spark]' -e '.[dask]')
	@$(BIN)/python -m compileall -q src
	@$(BIN)/python benchmarks/bench.py $(ARGS)

bench-startup: $(STAMP)
	@$(BIN)/python -m compileall -q src
	@$(BIN)/python benchmarks/start_up.py $(ARGS)

bench-proofs: $(STAMP)
	@$(BIN)/python benchmarks/proofs.py $(ARGS)

bench-procedures: $(STAMP)
	@$(BIN)/python benchmarks/procedures.py $(ARGS)

clean:
	rm -rf $(VENV) $(SPARK) build dist site .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
