PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS := requirements/constraints.txt
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS)

NODE := $(and $(shell command -v node),$(shell command -v npm))

.PHONY: demo test page docs coverage tab bench dist workflows clean

demo: $(VENV)/installed ## paint the built-in portrait
	$(VENV)/bin/styfie paint --output demo

test: $(VENV)/developing page ## lint, types and tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses auto --dist loadfile

ifeq ($(NODE),)
tab:
	@echo "A site for browser tabs needs ONNX Runtime from npm: Node and npm were not found."; false

page:
	@echo "Neither types nor unit tests of the page's JavaScript: Node and npm were not found."
else
tab: $(VENV)/exporting node_modules/installed ## a static site that paints in a browser tab: build/tab
	$(VENV)/bin/styfie export tab --output build/tab-models
	node tab/build.mjs build/tab-models build/tab

page: node_modules/installed ## types and unit tests of the page's JavaScript
	npm run --silent types
	npm test --silent

node_modules/installed: package.json package-lock.json
	npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
	touch $@
endif

bench: $(VENV)/installed ## numbers that need no outside data: machine, versions, ratios
	$(VENV)/bin/python benchmarks/bench.py

docs: $(VENV)/documenting ## the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
	@echo "Open site/index.html"

coverage: $(VENV)/developing ## which branches the tests take; modules of which they take less than 70 % are named
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses auto --dist loadfile --cov --cov-report=json:.coverage.json
	$(VENV)/bin/python tests/coverage_bar.py .coverage.json

dist: $(VENV)/releasing ## build the release, check it, install it and paint with it
	$(VENV)/bin/python release/dist.py

workflows: $(VENV)/releasing ## check the forge's workflow files
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(VENV)/bin/zizmor --offline --persona=pedantic .github/workflows

clean:
	rm -rf $(VENV) node_modules demo site .coverage .coverage.* build dist

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable .
	touch $@

$(VENV)/documenting: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable '.[docs]'
	touch $@

$(VENV)/exporting: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable '.[onnx]'
	touch $@ $(VENV)/installed

$(VENV)/developing: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/installed

$(VENV)/releasing: $(VENV)/bin/python requirements/release.txt
	$(INSTALL) -r requirements/release.txt
	touch $@
