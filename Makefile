# Each target makes .venv itself. A Python 3.11 with its venv module is all that is needed.
PYTHON ?= python3.11
VENV := .venv
STAMP := $(VENV)/.installed

.PHONY: run web exchange run-exchange test check bench screenshot help

run: $(STAMP)
	@$(VENV)/bin/sentio-tui $(if $(PROFILE),--profile $(PROFILE))

# The cockpit where there is a terminal, else the session's log lines; with either the dashboard.
web: $(STAMP)
	@if test -t 0 -a -t 1; then command=; else command=run; fi; \
	exec $(VENV)/bin/sentio-tui $$command $(if $(PROFILE),--profile $(PROFILE)) --set web.enabled=true

exchange: $(STAMP)
	@$(VENV)/bin/python -m tests.exchange $(ARGS)

run-exchange: $(STAMP)
	@$(VENV)/bin/python -m tests.exchange.cockpit $(ARGS)

test: $(STAMP)
	$(VENV)/bin/python -m pytest -n 2

check: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(STAMP)
	$(VENV)/bin/python -m benchmarks

screenshot: $(STAMP)
	$(VENV)/bin/python -m sentio_tui.ui.screenshot docs/cockpit.svg

help:
	@echo "make run         open the cockpit (PROFILE=crypto chooses a profile)"
	@echo "make web         the same, with its dashboard on http://127.0.0.1:8888/"
	@echo "make exchange    run a local exchange that speaks Alpaca's protocols (ARGS='--seed 2 --hours 24/7')"
	@echo "make run-exchange open the cockpit on such an exchange (ARGS=--seed=2), through the real Alpaca feed and broker"
	@echo "make test        run all tests"
	@echo "make check       lint, formatting, types, import contracts"
	@echo "make bench       measure the budgets"
	@echo "make screenshot  draw docs/cockpit.svg"

$(STAMP): pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt -e ".[dev]"
	touch $@
