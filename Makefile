# Everything sets itself up: Python 3.10 or newer and make are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Two a core of a small machine, because many tests wait.
WORKERS ?= 4
# The tests of the server run once more on PostgreSQL, but for these, which choose their database themselves.
OWN_DATABASE := $(addprefix --ignore tests/server/test_server_,blobs.py postgres.py migrate.py)
# Those that ask most of the database do so in every check, all of them with the long sweeps.
ON_POSTGRES := $(addprefix tests/server/test_server_,stores.py faults.py lists.py v1.py v2_files.py v2_folders.py v2_trials.py)

# What `make demo` says itself, in English or in Chinese, chosen as aimd does.
ZH := $(filter zh%,$(firstword $(AIMD_LANG) $(LC_ALL) $(LC_MESSAGES) $(LANG)))
say = $(if $(ZH),$(strip $(2)),$(strip $(1)))

.DEFAULT_GOAL := help

help: ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

$(VENV)/.demo: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "$(call say, Installing aimd with its server and the demo's libraries into $(VENV) ..., \
		正在把 aimd、服务器和演示所需的库安装到 $(VENV) ...)"
	@$(PIP) --upgrade pip
	@$(PIP) --editable '.[server,demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo "Installing the development tools into $(VENV) ..."
	@$(PIP) --editable '.[dev]'
	@touch $@

BESIDE := tests/sdk/integrations/beside.txt
$(VENV)/.parts: $(VENV)/.dev $(BESIDE)
	@echo "Installing the training frameworks that the tests of the integrations need into $(VENV) ..."
	@$(PIP) --no-compile --editable '.[dev,parts]'
	@$(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib >/dev/null || true # pip would use one core
	@$(PIP) --no-deps --no-compile --upgrade --target $(VENV)/beside --requirement $(BESIDE)
	@touch $@

console: $(VENV)/.demo ## build the web console, when its source has changed
	@$(BIN)/python scripts/web_console.py build

demo: $(VENV)/.demo ## the whole story on real training, in about a minute
	@$(BIN)/python scripts/web_console.py build || echo "$(call say, The demo goes on without the web console., 演示将继续，但没有网页控制台。)"
	@$(BIN)/python scripts/demo.py

test: $(VENV)/.dev console ## all tests but the long sweeps
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not soak"
	@AIMD_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not soak" $(ON_POSTGRES)

parts: $(VENV)/.parts ## the training frameworks that the tests of the integrations need, 2 GB

check: $(VENV)/.dev ## what "done" means: format, lint, types, imports, sizes, generated files, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(MAKE) --no-print-directory -j 2 types rules
	@$(MAKE) --no-print-directory test

types:
	@$(BIN)/mypy

rules:
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/house_rules.py
	@$(BIN)/python scripts/generate.py --check
	@$(BIN)/python scripts/web_console.py lint types test

fix: $(VENV)/.dev ## format, mend what can be mended, write generated files
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/python scripts/generate.py --write

looks: $(VENV)/.dev ## take the pictures anew that the console's pages are compared with
	@AIMD_UPDATE_LOOKS=1 $(BIN)/python -m pytest -n 0 --timeout 1800 tests/console/test_looks.py -k look_as

screens: $(VENV)/.dev ## make the pictures of the README anew
	@$(BIN)/python scripts/screens.py

bench: $(VENV)/.dev ## measure, as ratios to a floor in the same run
	@$(BIN)/python -m benchmarks

soak: WORKERS := 2 # long sweeps keep a core busy each
soak: $(VENV)/.dev ## the long fault sweeps
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m soak --timeout 3600
	@AIMD_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not soak" tests/server $(OWN_DATABASE)

.PHONY: help console demo test parts check types rules fix looks screens bench soak
