# Everything Ember is built and tried with; `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint deploy/constraints.txt

# Each process of a house compiles all of Ember anew where an image forbids to keep it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test setup lint types unit coverage faults soak bench schemas manual clean fuzz

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: $(VENV)/.runtime  ## a simulated hospital, the whole chain, the registry (needs no network once set up)
	$(BIN)/ember demo

test: $(VENV)/.dev  ## everything that must pass: lint, types, import rules, tests
	@$(MAKE) --no-print-directory --jobs 2 lint types unit

setup: $(VENV)/.runtime  ## the environment alone; afterwards .venv/bin/ember works

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Ember needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) pip

$(VENV)/.runtime: pyproject.toml deploy/constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(PIP) --group dev
	@touch $@

lint: $(VENV)/.dev  ## style, formatting, import rules, compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml $(wildcard deploy/compose/*.yml)

types: $(VENV)/.dev  ## mypy --strict
	$(BIN)/mypy

JOBS ?= 3
TESTS = -n $(JOBS) --dist loadgroup --no-loadscope-reorder --durations=40
unit: $(VENV)/.dev  ## all tests
	$(BIN)/python -m pytest $(TESTS)

coverage: $(VENV)/.dev  ## all tests again, with branch coverage and its floor: twice the time
	@mkdir -p .cache/coverage
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(TESTS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

FAULTS ?= 3
faults: $(VENV)/.dev  ## the failure tests alone, each fault three times over (FAULTS=n)
	$(BIN)/python -m pytest tests/integration/faults --rounds $(FAULTS) -n 2 --dist loadgroup --no-loadscope-reorder

soak: $(VENV)/.dev  ## the failure tests, each fault 30 times over: hours
	$(BIN)/python -m pytest tests/integration/faults --rounds 30 -s

FUZZ ?= 60
fuzz: $(VENV)/.dev  ## coverage-guided fuzzing of the HL7 v2 and FHIR readers, a minute each (FUZZ=seconds)
	$(PIP) atheris==3.0.0
	$(BIN)/python tests/fuzz/hl7v2.py -max_total_time=$(FUZZ) -max_len=4096 -timeout=10
	$(BIN)/python tests/fuzz/fhir.py -max_total_time=$(FUZZ) -max_len=4096 -timeout=10

bench: $(VENV)/.dev  ## the measured figures, as JSON lines
	$(BIN)/python tests/bench/chain.py --json
	$(BIN)/python tests/bench/simulate.py --json
	$(BIN)/python tests/bench/streaming.py --json
	$(BIN)/python tests/bench/recovery.py --json
	$(BIN)/python tests/bench/registry.py --json

schemas: $(VENV)/.runtime  ## write the JSON Schemas again after a change of a message or protocol
	$(BIN)/ember schemas --out deploy/schemas

manual: $(VENV)/.dev  ## write the manual again after a change of a rule or of tests/spec
	$(BIN)/python -m pytest tests/spec --manual deploy/docs/manual

clean:  ## remove the environment and all caches
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis demo
	find streams registry migrations tests -name __pycache__ -prune -exec rm -rf {} +
