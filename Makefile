# What one does with a clone of Epistle. `make help` lists it.
#
# Needed: Python 3.11 or newer, make, and the package index your pip is configured for.

PYTHON ?= python3
PORT ?= 8000
export PORT

python := .venv/bin/python

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test screenshots check format lock clean environment test-environment bench-sandbox bench-pace bench-import bench-representatives bench-segments bench-events bench-send bench-ledger bench-pages

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run: environment ## Start everything at http://localhost:8000 (PORT=8001 for another port); Ctrl-C stops it
	@exec $(python) -m embedded run --stop-with-parent

test: test-environment ## Run every test, on a PostgreSQL and a Valkey for each core (ARGS="-n0 -k name" for some)
	@$(python) -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

screenshots: test-environment ## Photograph every page into artefacts/gallery, to look at (ONLY="campaign share" for some)
	@$(python) -m pytest -q tests/gallery.py -p no:cacheprovider && echo "artefacts/gallery/index.html"

check: test-environment ## Lint, types, templates, missing migrations
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	find templates -name '*.html' -exec .venv/bin/djade --check {} +
	$(python) -m config.check_templates
	$(python) manage.py makemigrations --check --dry-run
	$(python) manage.py check --fail-level WARNING

format: test-environment ## Put the code into the house's form
	$(python) -m ruff check --fix .
	$(python) -m ruff format .
	-find templates -name '*.html' -exec .venv/bin/djade {} +

lock: test-environment ## Bring the lock files in line with pyproject.toml (UPGRADE=--upgrade for newest versions)
	$(python) embedded/install.py --lock $(UPGRADE)

bench-sandbox: test-environment ## How many messages a second the provider sandbox takes
	@$(python) benchmarks/bench_sandbox.py $(ARGS)

bench-pace: test-environment ## What a confirmation costs when 10,000 letters wait
	@$(python) benchmarks/bench_pace.py $(ARGS)

bench-import: test-environment ## Import a million contacts, beside a raw COPY (ARGS="--rows 10000" for fewer)
	@$(python) benchmarks/bench_import.py $(ARGS)

bench-representatives: test-environment ## What importing 20,000 representatives costs beyond reading the files
	@$(python) benchmarks/bench_representatives.py $(ARGS)

bench-segments: test-environment ## What counting a segment costs at a million contacts
	@$(python) benchmarks/bench_segments.py $(ARGS)

bench-events: test-environment ## Store and apply what a provider reports, beside a raw COPY (ARGS="--events 20000" for fewer)
	@$(python) benchmarks/bench_events.py $(ARGS)

bench-send: test-environment ## Send whole mailings by SMTP and by batches, ledger included (N=10000 for fewer people)
	@$(python) benchmarks/bench_send.py $(if $(N),--contacts $(N)) $(ARGS)

bench-ledger: test-environment ## What the ledger of a mailing costs: freeze, checks, settling (ARGS="--contacts 10000" for fewer)
	@$(python) benchmarks/bench_ledger.py $(ARGS)

bench-pages: test-environment ## What a look at the public pages and the desk costs, beside an empty view (N=10000 for fewer people)
	@$(python) benchmarks/bench_pages.py $(if $(N),--contacts $(N) --deliveries $(N)0 --letters $(N)) $(ARGS)

clean: ## Remove the environment and all local data (the demo database too), unless the service is running
	@test -x $(python) && exec $(python) -B -m embedded clean || exec $(PYTHON) -B -m embedded clean
	rm -rf .venv artefacts staticfiles .mypy_cache .pytest_cache .ruff_cache locale/*/LC_MESSAGES/*.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made once; embedded/install.py sees by itself whether a lock has changed.
environment: | .venv/bin/python
	@$(python) embedded/install.py requirements.lock

test-environment: | .venv/bin/python
	@$(python) embedded/install.py requirements-test.lock

# PYTHON=… given by hand replaces an environment of another version.
ifneq ($(origin PYTHON),file)
version := import sys; print(sys.version_info[:2])
ifneq ($(shell $(PYTHON) -c '$(version)' 2>&1),$(shell $(python) -c '$(version)' 2>/dev/null))
.PHONY: .venv/bin/python
endif
endif

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is not. Example: make run PYTHON=python3.13" >&2; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
