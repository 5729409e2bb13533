# The course's commands. `make help` lists them; CONTRIBUTING.md says what each does without make.
# PYTHON chooses the interpreter for the virtual environment:  make book PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python
STAMPS := $(VENV)/stamps
PYTEST := $(PY) -m pytest -rs -n 2
VERSION_TEST := import sys; sys.exit(sys.version_info < (3, 10))

.DEFAULT_GOAL := help
.PHONY: help book check test exhaustive lint unit drift nbval lessons explorers browser notebooks publish serve lab pdf weights bench clean
.DELETE_ON_ERROR:

# Two processes share the tests, each with one thread that sleeps while it waits: more would step on each other's feet.
check test exhaustive unit explorers browser: export OMP_NUM_THREADS = 1
check test exhaustive unit explorers browser: export OMP_WAIT_POLICY = PASSIVE

help:  ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

book: $(STAMPS)/book weights  ## Install what the book needs, fetch the weights, build the book into _build/html
	@$(PY) tools/vendor.py
	@$(PY) tools/build_book.py

check: lint drift  ## Before a commit: lint, drift, the quick tests that mirror what changed
	$(PY) tools/check_changed.py

# The book is built anew, from the chapters' outputs that are there if code, library, data and versions are those they had.
test:  ## Run every check: lint, unit tests, notebooks, a new build of the book, the built pages in Chromium
	@rm -f _build/built-from.json
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory drift
	@$(MAKE) --no-print-directory nbval
	@$(MAKE) --no-print-directory browser

# Each part is run, also after one that fails: nobody waits half an hour for one failure at a time.
exhaustive: $(STAMPS)/test weights  ## Run the long tests that `make test` leaves out
	@failed=0; \
	$(PYTEST) --dist worksteal -m "exhaustive and not browser" || failed=1; \
	$(PYTEST) --dist loadgroup -m "exhaustive and browser" tests/browser || failed=1; \
	$(MAKE) --no-print-directory lessons || failed=1; \
	exit $$failed

lint: $(STAMPS)/test  ## Check style, and that imports only go down
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(BIN)/lint-imports
	$(PY) tools/format_cells.py --check
	$(PY) tools/lint_js.py

unit: $(STAMPS)/test weights  ## Run the unit tests
	$(PYTEST) --dist worksteal -m "not browser and not exhaustive"

drift: $(STAMPS)/test  ## Check that the notebooks say what their chapters say
	$(PY) tools/notebooks.py --check

nbval: $(STAMPS)/test weights  ## Run the pages that need it; compare the solutions' texts and pictures with the pages'
	$(PY) tools/run_notebooks.py solutions

lessons: $(STAMPS)/test weights  ## Run the lessons from top to bottom, as they are before anything is solved
	$(PY) tools/run_notebooks.py lessons

explorers: $(STAMPS)/test  ## Check the explorers that need no built book in Chromium
	@$(PY) tools/vendor.py
	$(PYTEST) -m browser tests/browser/test_explorers_alone.py tests/browser/test_one_pass_alone.py

browser: $(STAMPS)/test weights  ## Build the book if needed, and check its pages in Chromium
	@$(PY) tools/vendor.py
	$(PY) tools/build_book.py
	$(PYTEST) --dist loadgroup -m "browser and not timed and not exhaustive" tests/browser
	$(PY) -m pytest -rs -m "browser and timed" tests/browser

notebooks: $(STAMPS)/book weights  ## Write lessons and solutions from the chapters; run what changed (ALL=--all: everything)
	@$(PY) tools/notebooks.py --execute $(ALL)

publish: $(STAMPS)/book  ## Say where the course is published: make publish TO=OWNER/REPOSITORY
	@$(PY) tools/publish.py "$(TO)"

serve:  ## Show the built book on http://127.0.0.1:8000 (PORT=... for another port)
	@test -x $(PY) || { echo "There is no $(VENV) yet: run  make book"; exit 1; }
	@$(PY) tools/serve.py --port $(or $(PORT),8000)

pdf: $(STAMPS)/test weights  ## Print the whole book into _build/book.pdf (SOLUTIONS=none: without what is folded)
	@$(PY) tools/vendor.py
	@$(PY) tools/build_book.py
	@$(PY) tools/print_book.py --solutions $(or $(SOLUTIONS),open)

lab: $(STAMPS)/lab weights  ## Open the notebooks in JupyterLab (PORT=... for another port than 8888)
	@$(PY) tools/lab.py --port $(or $(PORT),8888)

weights: $(STAMPS)/book  ## Fetch the weights of the default network (55 MB, once)
	@$(BIN)/nst weights fetch

bench: $(STAMPS)/test weights  ## Measure what counts, as one table of ratios (some three minutes)
	$(PY) bench/ratios.py

clean:  ## Delete what was built and installed; weights stay
	rm -rf $(VENV) _build _vendor node_modules .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The virtual environment. Each failure says what to do about it.
$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed. Get Python 3.10 or newer (python.org), or name yours:  make book PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c "$(VERSION_TEST)" || { echo "The course needs Python 3.10 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another:  make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu:  sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Stamps: installing is skipped until pyproject.toml changes.
$(STAMPS)/book: pyproject.toml | $(PY)
	@echo "Installing the course and what builds the book (some minutes the first time) ..."
	$(PY) -m pip install --disable-pip-version-check -e ".[book]"
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/test: pyproject.toml $(STAMPS)/book
	$(PY) -m pip install --disable-pip-version-check -e ".[book,test]"
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/lab: pyproject.toml $(STAMPS)/book
	$(PY) -m pip install --disable-pip-version-check -e ".[book,lab]"
	@mkdir -p $(STAMPS)
	@touch $@
