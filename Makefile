# make run      start the demo (creates .venv; needs python3 and nothing else)
# make test     everything: checks, then all tests (as root on Debian it installs what they need; NO_APT=1: not)
# make check    what can be said without running the server: format, lint, types, layers, the tree
# make setup    .venv with the tools of development
# make bench    messages a second beside Debian's Postfix and Dovecot
# make lock     new locks from pyproject.toml (UPGRADE=--upgrade: newest versions)
# ARGS=... is passed on to run, test and bench; WORKERS=2 for a machine that has other things to do.

VENV := .venv
BIN := $(VENV)/bin
UV ?= uv
# By hand tests wait for clocks and peers half of the time; with the long sizes they work.
WORKERS ?= $(if $(REQUIRE_ALL),2,4)
SOURCES := src tests scripts $(wildcard bench)
LOCK_FLAGS = --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras --quiet $(UPGRADE) \
	--custom-compile-command "make lock"

# Where the environment forbids bytecode each process that a test starts would compile all of src: half of its start.
unexport PYTHONDONTWRITEBYTECODE

.NOTPARALLEL:
.PHONY: setup run test check lint tree apt bench lock

setup: $(VENV)/.dev-lock

run: $(VENV)/.run-lock
	@exec $(BIN)/skrytka demo $(ARGS)

# What the linters say comes last: they work while tests wait for clocks and peers.
test: setup apt
	@$(MAKE) --no-print-directory lint > $(VENV)/lint.log 2>&1 & lint=$$!; \
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS); tests=$$?; \
	wait $$lint; lint=$$?; cat $(VENV)/lint.log; exit $$((tests > lint ? tests : lint))

check: setup lint tree

lint:
	$(BIN)/ruff format --check --quiet $(SOURCES)
	$(BIN)/ruff check --quiet $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-logo
	@find $(SOURCES) -name '*.py' -exec wc -l {} + | awk '$$2 != "total" && $$1 > 400 { print "over 400 lines: " $$2 " (" $$1 ")" }'

tree:
	$(BIN)/python -m pytest -q -n 2 tests/tree

apt:
	@sh scripts/apt-tests.sh

bench: setup apt
	$(BIN)/python -m bench $(ARGS)

lock:
	@command -v $(UV) >/dev/null || { echo "uv is needed: pip install uv, or make lock UV=/path/to/uv"; exit 1; }
	$(UV) pip compile pyproject.toml $(LOCK_FLAGS) --group build -o requirements/run.lock
	$(UV) pip compile pyproject.toml $(LOCK_FLAGS) --group build --group dev --extra geoip --extra postgres -c requirements/run.lock \
		-o requirements/dev.lock

$(VENV)/.run-lock: requirements/run.lock pyproject.toml scripts/bootstrap.sh
	@sh scripts/bootstrap.sh run

$(VENV)/.dev-lock: requirements/dev.lock pyproject.toml scripts/bootstrap.sh
	@sh scripts/bootstrap.sh dev
