# Everything a newcomer needs: `make demo` shows the main job, `make test` proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
UNIT := systemd/liqwatch.service

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench docs lock clean

help: ## Show these targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(DEV) ## Prepare .venv with hash-locked dependencies

demo: $(RUNTIME) ## One crash and recovery, end to end, without key or network
	$(BIN)/liqwatch demo

test: $(DEV) ## Run every test
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(DEV) ## Lint, format, types, arrows, docs freshness, unit hardening
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_reference.py --check
	$(BIN)/python scripts/compile_catalogues.py --check
	@if command -v systemd-analyze >/dev/null; then \
	  systemd-analyze security --offline=true --threshold=15 $(UNIT) | tail -n 1; \
	else echo "systemd-analyze is not here: unit hardening not judged"; fi

format: $(DEV) ## Repair lint and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEV) ## Write docs/reference anew from the code
	$(BIN)/python scripts/generate_reference.py
	$(BIN)/python scripts/compile_catalogues.py
	-$(BIN)/python scripts/generate_positions.py

bench: $(DEV) ## Run the benchmarks, each beside its peer
	@for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file || exit 1; done

lock: ## Resolve the locks anew (needs uv)
	uv pip compile --generate-hashes --no-emit-index-url --python-version 3.11 --quiet --upgrade --custom-compile-command "make lock" pyproject.toml -o requirements/runtime.txt
	uv pip compile --generate-hashes --no-emit-index-url --python-version 3.11 --quiet --upgrade --custom-compile-command "make lock" -c requirements/runtime.txt --group dev pyproject.toml -o requirements/dev.txt
	uv pip compile --generate-hashes --no-emit-index-url --python-version 3.11 --quiet --upgrade --custom-compile-command "make lock" -c requirements/dev.txt requirements/build.in -o requirements/build.txt

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
