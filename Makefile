# One front door: setup, demo, pages, test, faults, lint, bench, docs. Every target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

KILLS ?= 200
SEED ?= 1

.PHONY: setup demo pages test faults lint kafka kafka-faults format docs bench lock clean

setup: $(INSTALLED)  ## make the environment and .venv/bin/custody

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "custody-ledger needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@echo "setting up $(VENV): this downloads over a hundred packages the first time"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q domain projections adapters  # half a second less at every start, also where Python may not write
	@touch $(INSTALLED)

demo: setup  ## real sheets, one simulated month, a state, a conflict, "no written policy", and where to see it in a browser
	@CUSTODY=$(BIN)/custody bash deploy/demo.sh

pages: setup  ## the demo's ledger in a browser, until Ctrl-C (after make demo)
	@echo "open  http://127.0.0.1:8000/?at=2026-01-25"
	@$(BIN)/custody --ledger .demo/custody.db serve --open-as oversight

test: setup lint  ## everything, with a real browser, Kafka and PostgreSQL
	@bash deploy/needs.sh
	@$(BIN)/pytest -n 2 --dist worksteal

kafka: setup  ## a broker of Apache Kafka on this machine, without Docker (needs Java 17 and Maven)
	@$(BIN)/python -m deploy.kafka.brokers

kafka-faults: setup  ## the long form of the Kafka faults: 500 workers killed, a broker down for a minute (about an hour)
	@CUSTODY_FAULT_KILLS=500 CUSTODY_FAULT_DOWN_SECONDS=60 $(BIN)/pytest -n 0 tests/scenarios/test_kafka_faults.py

faults: setup  ## kill whatever folds KILLS times, at moments that SEED gives; crash servers, fill disks; let every call fail
	@bash deploy/needs.sh
	@CUSTODY_KILLS=$(KILLS) CUSTODY_SEED=$(SEED) CUSTODY_EVERY_CALL=1 $(BIN)/pytest tests/scenarios/test_faults.py \
		tests/scenarios/test_full_disk.py tests/scenarios/test_failing_disk.py

lint: setup  ## style, types, import direction
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: setup  ## regenerate the schemas and reference pages that tests compare
	@$(BIN)/python -m adapters.schemas

bench: setup  ## measure, as ratios in one run
	@for bench in benchmarks/bench_*.py; do $(BIN)/python -m benchmarks.$$(basename $$bench .py); done

lock: setup  ## resolve requirements.lock anew (needs uv)
	uv pip compile --quiet --no-header --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-emit-find-links pyproject.toml --group test --group lint --group build -o requirements.lock

clean:
	rm -rf $(VENV) .demo .kafka .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
