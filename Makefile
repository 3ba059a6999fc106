# The commands of the portal. `make run` and `make test` are the whole set-up.
SHELL := /bin/bash
# A distribution's own Python is built with a profile of its use: the tests of `oncall` take a twelfth less time.
PYTHON ?= $(shell for each in /usr/bin/python3.11 /usr/bin/python3.12 /usr/bin/python3.13 python3.11 python3; do \
	$$each -c 'import ensurepip, sqlite3, venv' 2>/dev/null && command -v $$each && break; done)
VENV := .venv
SCAN := .venv-scan
BIN := $(VENV)/bin
PORT ?= 8000
export PORT
# A portal is many processes, and the tests start many portals: each would compile the sources anew.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/pytest -p no:cacheprovider
JOBS ?= 3
SOURCES := core accounts notifications oncall incidents integrations portal
SEMGREP := $(SCAN)/bin/semgrep --metrics=off --disable-version-check --config tools/semgrep
WORKERS := -n $(JOBS) --dist loadfile --no-loadscope-reorder
# Many minutes of requests made up from the API's description, in parts that two workers share.
MADE_UP := tests/flows/test_api_schema.py
FAST := not browser and not long and not services

.PHONY: run setup setup-scale setup-dev demo test test-fast test-processes test-faults test-browser test-services test-long check lint format types imports \
	templates scan audit-deps sbom migrations deploy docs docs-generate lock bench chaos pictures lighthouse clean

run: setup
	@WATCHBILL_PORT=$${WATCHBILL_PORT:-$(PORT)} exec $(BIN)/python manage.py up

setup: $(VENV)/.run-stamp

# With the drivers of PostgreSQL and Redis.
setup-scale: setup
	@test -f $(VENV)/.dev-stamp || $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/scale.lock

setup-dev: $(VENV)/.dev-stamp

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Watchbill needs Python 3.11, 3.12 or 3.13 with venv (Debian: python3-venv)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 14) else "Watchbill needs Python 3.11, 3.12 or 3.13.")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-stamp: requirements/run.lock | $(VENV)/bin/python
	@test -f $(VENV)/.dev-stamp || $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/run.lock
	@touch $@

$(VENV)/.dev-stamp: requirements/dev.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	@touch $@ $(VENV)/.run-stamp

# The scanner pins much that the product must not depend on, so it has an environment of its own.
$(SCAN)/.stamp: requirements/scan.lock | $(VENV)/bin/python
	$(BIN)/python -m venv $(SCAN)
	$(SCAN)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/scan.lock
	@touch $@

# A person at a terminal reads how to sign in; a program that reads standard output gets one JSON object.
demo: setup
	@as=; test -t 1 || as=--json; WATCHBILL_DATA_DIR=$${WATCHBILL_DATA_DIR:-var-demo} WATCHBILL_PORT=$${WATCHBILL_PORT:-$(PORT)} $(BIN)/python manage.py demo $$as
	@WATCHBILL_DATA_DIR=$${WATCHBILL_DATA_DIR:-var-demo} WATCHBILL_PORT=$${WATCHBILL_PORT:-$(PORT)} exec $(BIN)/python manage.py up

test: setup-dev
	$(PYTEST) $(WORKERS) -m "not long and not services and not faults"

test-fast: setup-dev
	$(PYTEST) $(WORKERS) -m "$(FAST) and not system" --ignore=tests/browser --ignore=tests/system

test-processes: setup-dev
	$(PYTEST) $(WORKERS) -m "not long and not services" tests/system tests/browser

test-faults: setup-dev
	$(PYTEST) $(WORKERS) -m "faults and not long" tests/system

test-browser: setup-dev
	$(PYTEST) tests/browser -m "browser and not long"

test-services: setup-dev
	$(BIN)/python -m tools.services -- $(PYTEST) $(WORKERS) -m "not browser and not long and (services or not system)" --ignore=tests/browser

test-long: setup-dev
	$(PYTEST) -m "long" --ignore=tests/browser --ignore=$(MADE_UP)
	$(PYTEST) -n 2 --dist worksteal -m "long" $(MADE_UP)
	$(BIN)/python -m tools.services -- $(PYTEST) -m "long and (services or not system)" --ignore=tests/browser --ignore=$(MADE_UP)
	$(PYTEST) tests/browser -m "browser"

check: lint imports templates scan types migrations deploy test

lint: setup-dev
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --no-cache --check .

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup-dev
	$(BIN)/mypy $(SOURCES) tests tools docs/examples

imports: setup-dev
	$(BIN)/lint-imports

templates: setup-dev
	$(BIN)/djlint templates --lint --quiet

# bandit, then our own rules: first that each finds its bad example and spares its good one, then the product.
scan: setup-dev $(SCAN)/.stamp
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(SOURCES) tools manage.py
	@$(SEMGREP) --test tests/semgrep >$(SCAN)/test.log 2>&1 || { cat $(SCAN)/test.log; exit 1; }
	@$(SEMGREP) --error --quiet --no-git-ignore $(SOURCES) templates manage.py

# Asks PyPI for advisories, so it is no part of `check`, which needs no network once it is set up.
audit-deps: $(SCAN)/.stamp
	$(SCAN)/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements/run.lock

sbom: setup
	@$(BIN)/python -m tools.sbom

migrations: setup-dev
	@d=$$(mktemp -d) && WATCHBILL_DATA_DIR=$$d $(BIN)/python manage.py makemigrations --check --dry-run; s=$$?; rm -rf $$d; exit $$s

deploy: setup-dev
	@d=$$(mktemp -d) && WATCHBILL_DATA_DIR=$$d WATCHBILL_URL=https://watchbill.example.org $(BIN)/python manage.py check --deploy --fail-level WARNING; s=$$?; rm -rf $$d; exit $$s

docs: setup-dev
	$(BIN)/mkdocs build --strict --quiet --site-dir site

docs-generate: setup-dev
	@d=$$(mktemp -d) && WATCHBILL_DATA_DIR=$$d $(BIN)/python -m tools.reference; s=$$?; rm -rf $$d; exit $$s

lock:
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet --custom-compile-command "make lock" pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet --custom-compile-command "make lock" --extra scale pyproject.toml -o requirements/scale.lock
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet --custom-compile-command "make lock" --extra scale --extra dev pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet --custom-compile-command "make lock" requirements/scan.in -o requirements/scan.lock

bench: setup-dev
	$(BIN)/python -m bench

chaos: setup-dev
	$(BIN)/python -m tools.chaos $(CHAOS)

pictures: setup-dev
	$(BIN)/python -m tools.pictures

lighthouse: setup-dev
	$(BIN)/python -m tools.lighthouse

clean:
	rm -rf $(VENV) $(SCAN) .mypy_cache .ruff_cache .pytest_cache site build dist
