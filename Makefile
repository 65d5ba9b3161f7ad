# Everything runs in .venv, which the first target makes. Needs: Python >= 3.11, make, a package index.
PYTHON ?= python3
STORE ?= runs/store

BIN := .venv/bin
# Newer than the files below as long as what they ask for is installed, so a second call installs nothing.
INSTALLED := .venv/installed

.PHONY: quickstart test test-slow test-all check constraints clean

quickstart: $(INSTALLED)  ## run the built-in world: table, report
	$(BIN)/raysft quickstart --store $(STORE)

test: $(INSTALLED)  ## every test under 10 s
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(INSTALLED)  ## the others
	$(BIN)/python -m pytest -m slow --durations=12

test-all: $(INSTALLED)  ## both
	$(BIN)/python -m pytest

check: $(INSTALLED)  ## style, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py tests/test_style.py

$(INSTALLED): pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	    "raysft needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	@echo "Installing into .venv; this takes some minutes, once."
	$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[dev]'
	touch $@

constraints: $(INSTALLED)  ## pin what is installed; the comment at the top stays
	{ grep '^#' constraints.txt; $(BIN)/python -m pip freeze --exclude-editable \
	    | grep -v -i -E '^(nvidia|cuda|triton)' | sed 's/+[a-z0-9]*$$//'; } > .venv/constraints.txt
	cp .venv/constraints.txt constraints.txt
	touch $(INSTALLED)

clean:  ## remove the environment and caches; results under runs/ stay
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
