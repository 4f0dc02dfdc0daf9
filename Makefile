# Every command of the project. `make demo` and `make test` need Python 3.11, git and make, nothing else.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
# A folder of wheels at hand (pip's own variable) is used by uv too.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)

.PHONY: setup demo run worker check test test-postgres bench vendor clean-demo

$(VENV)/.installed: pyproject.toml constraints.txt
	@scripts/find-python.sh "$(PYTHON)" > /dev/null
	@test -x $(BIN)/python || { echo "Creating the environment in $(VENV)"; $$(scripts/find-python.sh "$(PYTHON)") -m venv $(VENV); }
	@echo "Installing (the model's PyTorch is the large part)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -e '.[dev]' -c constraints.txt
	@touch $@

setup: $(VENV)/.installed  ## create the environment and .env
	@$(BIN)/python scripts/write_env.py

demo: setup  ## the whole application on a demonstration study
	@$(BIN)/python scripts/demo.py --host $(HOST) --port $(PORT)

clean-demo:  ## forget the demonstration's data
	rm -rf var/demo

run: setup  ## the web server on your own data in var/
	@$(BIN)/python manage.py prepare
	@$(BIN)/gunicorn readerstudy.wsgi --worker-class gthread --threads 8 --bind $(HOST):$(PORT)

worker: setup  ## one background worker
	@$(BIN)/python manage.py run_worker

check: setup  ## format, lint, contracts, types, migrations, API description, vendor digests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	DJANGO_SECRET_KEY=$${DJANGO_SECRET_KEY:-only-for-checks-0123456789-0123456789} $(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --api-version 1 --fail-on-warn --validate --file /dev/null
	cd static/vendor && sha256sum --quiet --check SHA256SUMS

test: setup  ## all tests, on SQLite and on a PostgreSQL of their own
	$(BIN)/python scripts/run_tests.py

bench: setup  ## the benchmarks of docs/benchmarks.md
	$(BIN)/python benchmarks/run.py

vendor:  ## rebuild static/vendor from frontend/ (needs Node; users do not)
	scripts/vendor.sh
