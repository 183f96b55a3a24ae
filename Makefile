# Everything runs in .venv, which the first command that needs it creates.
# The newest Python here that agentops runs on, unless PYTHON names one; 3.14 comes last, since it has no wheel of the
# recogniser, which the tests need. Each is asked to run: a version manager's stub is on the PATH, too, when nothing is
# behind it.
VERSIONS := 3.13 3.12 3.11 3.14
PYTHON ?= $(firstword $(foreach v,$(VERSIONS),$(shell python$(v) -c 'print("python$(v)")' 2>/dev/null)) \
	$(shell python3 -c 'import sys; print("python3" if "%d.%d" % sys.version_info[:2] in "$(VERSIONS)" else "")' 2>/dev/null))
VENV := .venv
BIN := $(VENV)/bin
# Six on two cores, since many tests wait for a call that takes its time.
WORKERS ?= 6
# Commands that the tests and the demo start would compile every module anew, and take three times as long.
unexport PYTHONDONTWRITEBYTECODE
# What waits for the network and what computes, side by side; several goals keep their order (`make clean test`).
ifeq ($(words $(MAKECMDGOALS)),1)
MAKEFLAGS += --jobs=4
endif

.PHONY: demo test check lint types live bench soak mutants secrets browser node clean

# What the product needs, and on top of it what its tests need.
$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "agentops needs Python 3.11, 3.12, 3.13 or 3.14, and none of them is on the PATH." >&2; \
		echo "next: install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13)," >&2; \
		echo "      or name it: make PYTHON=/path/to/python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[speech]"
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

demo: $(VENV)/.ready
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash tests/demo/demo.sh

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev
	$(BIN)/mypy

# The console's tests need a browser. Without one they are skipped and say so; nothing else needs it.
browser:
	@command -v chromium >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >/dev/null \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| echo "no Chromium here and none could be installed: the console's tests will be skipped" >&2

# Tests call as the vendor's example for Node does and use its MCP server, with the packages named here. Without npm they
# are skipped.
node: $(VENV)/.ready-dev
	@test -d $(VENV)/node/node_modules/@developer-smallestai/smallest-mcp-server \
		|| { command -v npm >/dev/null && npm install --prefix $(VENV)/node --no-save --no-audit --no-fund --silent \
			--fetch-retries 0 ws@8 @developer-smallestai/smallest-mcp-server@0.11.2; } \
		|| echo "no npm here, or no network for it: the tests with Node and its packages will be skipped" >&2

# All there is: lint, types, and every test, with what they run of the package measured in this process and in those that
# they start. Each part has a floor.
test: lint types browser node
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=json:.coverage.json
	$(BIN)/python tests/coverage_floors.py .coverage.json

# What to run before a commit: lint, types, and the tests that take less than about half a second each. Nothing in them
# waits, so there is one worker a core.
check: lint types
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not speech and not browser and not real_time"

# The contract of the platform, asked of a real account: AGENTOPS_LIVE_API_KEY=sk_... make live. Makes scratch agents and
# archives them. AGENTOPS_LIVE_BASE_URL names another host.
live: $(VENV)/.ready-dev
	@test -n "$$AGENTOPS_LIVE_API_KEY" || { echo "set AGENTOPS_LIVE_API_KEY to the key of an account that may be written to" >&2; exit 1; }
	$(BIN)/python -m pytest tests/remote/test_remote_live.py

bench: $(VENV)/.ready-dev
	$(BIN)/python -m bench

# A fleet under random faults, until it converges; minutes long, so not part of the tests.
soak: $(VENV)/.ready-dev
	PYTHONPATH=tests $(BIN)/python tests/apply/soak.py

# Days of work with generated secrets, and every byte that each leaves: `make secrets EXAMPLES=50`. Ten seconds a day.
EXAMPLES ?= 20
secrets: $(VENV)/.ready-dev
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/cli/test_cli_secret_property.py --timeout 3600

# Small changes of the code, and whether the tests notice: `make mutants PARTS="plan remote" SAMPLE=20 SEED=7`.
# Minutes long, so not part of the tests.
PARTS ?=
SAMPLE ?= 40
SEED ?= 1
mutants: $(VENV)/.ready-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group mutants
	$(BIN)/python tests/mutants.py $(PARTS) --sample $(SAMPLE) --seed $(SEED)

clean:
	rm -rf $(VENV) .agentops .pytest_cache .mypy_cache .ruff_cache .hypothesis
