# Entremise. `make` alone says what can be made.
UV := $(shell command -v uv)
PYTHON ?= python3
BIND ?= 127.0.0.1:8000
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := src
export ENTREMISE_DEMO ?= 1
export UV_PYTHON_DOWNLOADS := never
# Where it is set (containers, often), every process compiles Django again: three seconds each, and we start hundreds.
unexport PYTHONDONTWRITEBYTECODE
LOCK := uv pip compile -c requirements/limits.in --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
FILES_ONLY := --ignore tests/consistency --ignore tests/benchmarks --ignore tests/site/test_commands.py
TEMPLATES = $(shell find src -name '*.html')

.PHONY: help demo serve check _types _style fix test unit postgres e2e shots lock messages bench clean
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | expand -t 12

demo: .venv/.base ## install, invent a town, serve it: open http://127.0.0.1:8000 (demo / demo)
	python manage.py demo
	python manage.py serve --bind $(BIND)

serve: .venv/.base ## serve what is in var/
	python manage.py serve --bind $(BIND)

check: .venv/.dev ## style, types, imports, migrations: no test
	@$(MAKE) --no-print-directory --output-sync --jobs 2 _types _style

_types: # the longest, alone on its core
	mypy

_style:
	ruff format --check .
	ruff check .
	@djade --check --target-version 5.2 $(TEMPLATES)
	lint-imports --no-logo
	python manage.py check --fail-level WARNING
	python manage.py makemigrations --check --dry-run

fix: .venv/.dev ## what a program can correct by itself
	ruff check --fix .
	ruff format .
	djade --target-version 5.2 $(TEMPLATES)

test: check unit postgres e2e ## everything a change must pass

unit: .venv/.dev ## tests on SQLite
	env -u DATABASE_URL pytest -n auto --dist loadgroup

postgres: .venv/.dev ## the tests that use our databases again, on a throw-away PostgreSQL server
	@if [ -n "$$DATABASE_URL" ]; then pytest -n auto --dist loadgroup $(FILES_ONLY); \
	elif ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null; then scripts/with-postgres pytest -n auto --dist loadgroup $(FILES_ONLY); \
	else echo; echo '######## SKIPPED: no PostgreSQL server on this computer ########'; echo; fi

e2e: .venv/.dev ## the journeys in a real browser
	@if command -v chromium >/dev/null; then pytest -n auto --dist loadgroup -m journey tests/journeys; \
	else echo; echo '######## SKIPPED: no chromium on this computer, journeys not run ########'; echo; fi

shots: .venv/.dev ## pictures of every page, to be looked at: tests/journeys/shots/
	python manage.py demo --whole
	python scripts/screenshots.py

lock: ## compile requirements/*.txt again (needs uv)
	$(LOCK) pyproject.toml --extra plan -o requirements/base.txt
	$(LOCK) pyproject.toml --extra plan --extra postgres -c requirements/base.txt -o requirements/production.txt
	$(LOCK) pyproject.toml requirements/test.in requirements/dev.in --extra plan --extra postgres -c requirements/base.txt -o requirements/dev.txt

messages: .venv/.dev ## collect the sentences to translate
	cd src/entremise && django-admin makemessages -l en -l fr --no-location --no-obsolete
	cd src/entremise/locale && msgattrib --clear-fuzzy --empty --no-wrap fr/LC_MESSAGES/django.po -o fr/LC_MESSAGES/django.po
	cd src/entremise/locale && msgen --no-wrap fr/LC_MESSAGES/django.po -o fr/LC_MESSAGES/django.po
	cd src/entremise && django-admin compilemessages

bench: .venv/.dev ## the measures of benchmarks/, written to benchmarks/results/
	python -m benchmarks

clean: ## forget the environment and the demonstration
	rm -rf .venv var

.venv/bin/python:
	@command -v git >/dev/null || echo 'Note: git is missing; the program runs, changes cannot be recorded. On Debian: apt install git'
ifdef UV
	uv venv --quiet --python $(PYTHON) .venv
else
	@command -v $(PYTHON) >/dev/null || { echo 'Python 3.11 or newer is needed. On Debian: apt install python3 python3-venv'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'This Python is too old: 3.11 or newer is needed. On Debian 12 or 13: apt install python3 python3-venv'; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo 'Python has no venv module here. On Debian: apt install python3-venv'; exit 1; }
endif

.venv/.%: requirements/%.txt | .venv/bin/python
ifdef UV
	uv pip install --quiet --python .venv --require-hashes -r $<
else
	python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
endif
	@touch $@
