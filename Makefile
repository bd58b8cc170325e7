# Needs Python 3.11 or newer, make and a package index; everything else is installed into .venv.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test serve lint types tests clean

help:
	@echo "make demo    the mock, the suite against it, and the suite against a broken gateway"
	@echo "make test    lint, types and tests"
	@echo "make serve   the mock on port $(PORT)"
	@echo "make prove   the suite against every built-in defect: which clause caught it"
	@echo "make gateways LiteLLM, Portkey and nginx in front of the mock, held to a contract by both ends"
	@echo "make bench   what the mock and the suite cost, beside the floors of their server"
	@echo "make bench-peers   the mock beside servers of others (from npm and PyPI, into .peers)"
	@echo "make soak    everything at once for SECONDS=30: nothing lost, nothing wrong, memory flat"
	@echo "make clients installs the clients that the tests drive but cannot import (make test does it, too)"
	@echo "make clean   remove what make made"

demo: $(VENV)/suite
	@$(BIN)/python tools/demo.py

test: lint types tests

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

tests: $(VENV)/dev clients
	$(BIN)/python -m pytest -n auto --dist worksteal

serve: $(VENV)/suite
	$(BIN)/qwen-image-mock --port $(PORT)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/suite: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --editable '.[conformance]'
	@touch $@

$(VENV)/dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-clients tests/clients/node/node_modules .peers runs dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: prove
prove: $(VENV)/dev
	$(BIN)/python tools/prove.py

.PHONY: bench
bench: $(VENV)/suite
	$(BIN)/python bench/mock.py
	$(BIN)/python bench/stages.py
	$(BIN)/python bench/lag.py
	$(BIN)/python bench/shared.py

.PHONY: bench-peers
bench-peers: $(VENV)/suite
	$(BIN)/python bench/bench_peers.py

.PHONY: clients
clients: $(BIN)/python
	@$(BIN)/python tools/clients.py

SECONDS ?= 30
.PHONY: soak
soak: $(VENV)/suite
	$(BIN)/python bench/soak.py --seconds $(SECONDS)

# Installs into .gateways (about 800 MB, most of it LiteLLM) and takes about ten minutes. Needs npm for Portkey; without
# nginx on the machine its Debian package is unpacked.
.PHONY: gateways
gateways: $(VENV)/suite
	@$(BIN)/python tools/gateways.py
