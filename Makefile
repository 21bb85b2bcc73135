# Two commands need nothing but Python 3.11+, make and git:  make sandbox   make test
# What needs more is a lab; `make labs` installs them all (root, Debian).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := agent relay shared sandbox tests

.PHONY: bulk-load help sandbox once once-odbc soak soak-odbc soak-orders soak-catalogue soak-companies test labs lint types layers bench records docs scopes clean

help:            ## list what can be made
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

sandbox: $(VENV)/.run    ## both worlds on one page: simulated IBM i, simulated Shopify, relay, agent
	$(BIN)/towline-sandbox run $(ARGS)

once: $(VENV)/.run       ## both journeys over 2,000 items and 200 orders, then a report
	$(BIN)/towline-sandbox run --once --items 2000 --orders 200 --seed 7 $(ARGS)

once-odbc: $(VENV)/.dev  ## the same over the ODBC lab: pyodbc, IBM's CLI driver, Derby (a smaller world)
	$(BIN)/towline-sandbox run --once --ibmi odbc --items 300 --orders 60 --seed 7 $(ARGS)

soak-odbc: $(VENV)/.dev  ## five minutes of bad days over the ODBC lab; nothing may be lost or doubled
	LC_ALL=C.UTF-8 $(BIN)/python -m tests.soak_odbc $(ARGS)

soak: $(VENV)/.dev       ## the long proof: power cuts, kills, a hostile wire, fuzzers; prints figures
	$(BIN)/python -m tests.faults $(ARGS)

soak-orders: $(VENV)/.dev ## LIVES=2000 random lives of orders, both books compared to the cent whenever it is quiet
	TOWLINE_LIVES=$(or $(LIVES),2000) $(BIN)/python -m pytest -q tests/property/test_order_lives.py $(ARGS)

soak-catalogue: $(VENV)/.dev ## LIVES=300 random lives of catalogue, prices and stock, and of exports, held against books of their own
	TOWLINE_SHOP_EXAMPLES=$(or $(LIVES),300) TOWLINE_EXPORT_EXAMPLES=$(or $(LIVES),300) $(BIN)/python -m pytest -q \
		tests/property/test_catalogue_attack.py tests/property/test_exports.py $(ARGS)

soak-companies: $(VENV)/.dev ## LIVES=500 random lives of a company of both sides, until both fall silent
	TOWLINE_COMPANY_EXAMPLES=$(or $(LIVES),500) $(BIN)/python -m pytest -q --timeout 0 tests/property/test_company_lives.py $(ARGS)

bulk-load: $(VENV)/.dev  ## 100,000 SKUs loaded, refreshed and compared in bulk, the relay killed six times
	$(BIN)/python -m tests.soak.bulk $(ARGS)

test: $(VENV)/.dev       ## every test whose lab is here; the last lines name the labs that are not
	@$(BIN)/python -m pytest $(ARGS); status=$$?; $(BIN)/python -m tests.support.labs; exit $$status

labs: $(VENV)/.dev       ## install the labs: Chromium, Shopify's schema, ODBC (root, Debian)
	sh tests/labs/install.sh

lint: $(VENV)/.dev       ## format, lint, layers
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/lint-imports

types: $(VENV)/.dev      ## mypy --strict
	$(BIN)/mypy

bench: $(VENV)/.dev      ## figures, never a verdict
	$(BIN)/python -m tests.bench

records: $(VENV)/.dev    ## a million generated records through the decoder, each checked
	$(BIN)/python -m tests.bench records $(ARGS)

docs: $(VENV)/.dev       ## hold the documentation against the code
	$(BIN)/python -m pytest -q tests/docs

scopes: $(VENV)/.dev     ## write docs/scopes.md from the GraphQL documents
	$(BIN)/python -m towline_relay.shopify.scopes_page > docs/scopes.md

clean:           ## remove everything that was made here
	rm -rf $(VENV) .sandbox .labs .mypy_cache .pytest_cache .ruff_cache .hypothesis

# pip 25.1 or later reads [dependency-groups]; the one that comes with Python 3.11 is older.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Towline needs Python 3.11 or later; name one: make PYTHON=python3.12 sandbox")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[relay,sandbox]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[relay,sandbox,odbc]" --group dev
	@touch $@ $(VENV)/.run
