PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS := requirements/constraints.txt
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS)

NODE := $(and $(shell command -v node),$(shell command -v npm))

.PHONY: demo test page bench dist workflows clean

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

bench: $(VENV)/installed ## numbers that need no outside data: machine, versions, ratios
	$(VENV)/bin/python benchmarks/bench.py

dist: $(VENV)/releasing ## build the release, check it, install it and paint with it
	$(VENV)/bin/python release/dist.py

workflows: $(VENV)/releasing ## check the forge's workflow files
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(VENV)/bin/zizmor --offline --persona=pedantic .github/workflows

clean:
	rm -rf $(VENV) node_modules demo dist

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable .
	touch $@

$(VENV)/developing: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/installed

$(VENV)/releasing: $(VENV)/bin/python requirements/release.txt
	$(INSTALL) -r requirements/release.txt
	touch $@
