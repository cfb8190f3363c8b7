PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS := requirements/constraints.txt
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS)

NODE := $(and $(shell command -v node),$(shell command -v npm))

.PHONY: demo test page docs coverage clean

demo: $(VENV)/installed ## paint the built-in portrait
	$(VENV)/bin/styfie paint --output demo

test: $(VENV)/developing page ## lint, types and tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m pytest

ifeq ($(NODE),)
page:
	@echo "Neither types nor unit tests of the page's JavaScript: Node and npm were not found."
else
page: node_modules/installed ## types and unit tests of the page's JavaScript
	npm run --silent types
	npm test --silent

node_modules/installed: package.json package-lock.json
	npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
	touch $@
endif

docs: $(VENV)/documenting ## the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
	@echo "Open site/index.html"

coverage: $(VENV)/developing ## which branches the tests take; modules of which they take less than 70 % are named
	$(VENV)/bin/python -m pytest --cov --cov-report=json:.coverage.json
	$(VENV)/bin/python tests/coverage_bar.py .coverage.json

clean:
	rm -rf $(VENV) node_modules demo site .coverage .coverage.*

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable .
	touch $@

$(VENV)/documenting: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable '.[docs]'
	touch $@

$(VENV)/developing: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/installed
