# make demo   sets up .venv, trains a network on bundled real data and prints the result
# make test   sets up the same way and passes the tests
# For those without make, README.md has the same steps as plain pip lines.

PYTHON ?= python3
# Where torch comes from when it should not be pip's usual index, which on Linux gives the CUDA build.
# CPU only: make setup TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# A torch that $(PYTHON) already has is used with: make setup VENV_FLAGS=--system-site-packages
VENV_FLAGS ?=
WORKERS ?= 2

BIN := .venv/bin
STAMP := .venv/.installed
BUILT_FROM := pyproject.toml CMakeLists.txt src/glassnet/version.py $(wildcard native/*)

.DEFAULT_GOAL := help
.PHONY: help setup demo lint test test-all bench clean

help:
	@echo "make demo | test | test-all | bench | setup | clean"

setup: $(STAMP)

$(STAMP): $(BUILT_FROM)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV_FLAGS) .venv
	if [ -n "$(TORCH_INDEX)" ]; then \
	    $(BIN)/python -m pip install "torch>=2.6,<=2.13.0" --index-url "$(TORCH_INDEX)"; fi
	$(BIN)/python -m pip install --editable ".[dev]"
	touch $@

demo: $(STAMP)
	rm -rf runs/demo
	$(BIN)/glassnet train breast_cancer --out runs/demo

lint: $(STAMP)
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check --no-cache .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-all: lint
	GLASSNET_THOROUGH=1 $(BIN)/python -m pytest -n $(WORKERS)

bench: $(STAMP)
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf .venv .mypy_cache build dist runs/demo
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
