# Tallystick's front door. Each target sets up what it needs by itself: a bare machine
# must only have make and Python 3.11 or newer with its venv module.
#
#   make test VENV=/some/where       keep the environment elsewhere
#   make test PYTHON=python3.13      choose the interpreter
#   make test UNLOCKED=1 VENV=...    try the newest dependencies instead of the locked ones

FUZZ_INPUTS  ?= 1000000
SEED         ?= 0
SOAK_TESTS   ?=
MUTATE       ?=
VENV         ?= .venv
PYTHON       ?= python3
UNLOCKED     ?=
# Each worker starts on half of the files and helps the other when done: session fixtures are seldom made twice.
PYTEST_FLAGS ?= -n auto --dist worksteal
# One test after the other, the longest first: no core ends long after the others.
SOAK_FLAGS   ?= -n auto --dist load --maxschedchunk 1

BIN       := $(VENV)/bin
PIP       := $(BIN)/python -m pip install -qq --disable-pip-version-check
VENV_MADE := $(VENV)/.made
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev
RUN_LOCKS := requirements/run.lock requirements/build.lock
DEV_LOCK  := requirements/dev.lock

# Whether strace is here, and may watch a process that it did not start.
CAN_TRACE := sleep 2 & strace -qq -o /dev/null -p $$! 2>/dev/null

# A JavaScript engine for the verifier that samples/ holds in that language.
HAS_NODE := node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check format bench soak fuzz mutate docs samples dist lock clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(RUN_READY) ## Walk one reservation through its whole life, in under a minute
	@$(BIN)/tallystick demo

test: check ## Everything that must pass: the checks, then every test
	@left=; why=; \
	if ! { $(CAN_TRACE); }; then left="--ignore=tests/faults --ignore=tests/power"; \
	    why="tests/faults and tests/power, which stop the program at its system calls (strace, and leave to watch other processes)"; fi; \
	if ! $(HAS_NODE); then left="$$left --ignore=tests/samples/test_javascript.py"; \
	    why="$$why$${why:+; }tests/samples/test_javascript.py (node 18 or newer)"; fi; \
	if [ -n "$$left" ] && [ -n "$$CI" ]; then \
	    echo "CI leaves nothing out, and something is missing for: $$why. On Debian: apt-get install strace nodejs" >&2; exit 1; fi; \
	if [ -n "$$left" ]; then echo "Left out, for want of what is in brackets: $$why" >&2; fi; \
	exec $(BIN)/python -m pytest $(PYTEST_FLAGS) $$left

check: $(DEV_READY) ## Only the static checks: lint, format, types, import directions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy .ci/release.py
	$(BIN)/lint-imports

format: $(DEV_READY) ## Put the code into the house format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(DEV_READY) ## Measure against the targets and peers; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.run

soak: $(DEV_READY) ## The long tests and searches, unattended, two hours at most (SEED=0, SOAK_TESTS=one part)
	SEED=$(SEED) $(BIN)/python -m pytest -p tests.soak $(SOAK_FLAGS) -m "soak or hypothesis" \
	    --hypothesis-profile=soak --hypothesis-seed=$(SEED) $(if $(SOAK_TESTS),'$(SOAK_TESTS)')

fuzz: $(DEV_READY) ## Search every parser for input that it does not refuse properly (FUZZ_INPUTS=1000000)
	$(BIN)/python -m tests.fuzz --inputs $(FUZZ_INPUTS)
	$(BIN)/python -m tests.fuzz.pictures --inputs $$(($(FUZZ_INPUTS) / 100))

mutate: $(DEV_READY) ## Plant small faults in the code and say which ones no test notices; takes hours (MUTATE=codec.wire)
	$(BIN)/python -m tests.mutation $(MUTATE)

docs: $(DEV_READY) ## Write docs/cli.md anew from the program, docs/lifecycle.md from its table
	$(BIN)/python -m tests.cli_reference
	$(BIN)/python -m tests.lifecycle.page

samples: $(DEV_READY) ## Make everything under samples/ anew
	$(BIN)/python -m samples.make
	$(BIN)/python -m samples.vectors
	$(BIN)/python -m samples.short_vectors
	$(BIN)/python -m samples.carrier_vectors
	$(BIN)/python -m samples.specification
	$(BIN)/python -m samples.carrier_specification

dist: $(DEV_READY) ## Wheel, sdist, offline wheelhouse, checksums and SBOM under dist/
	$(BIN)/python .ci/release.py

lock: $(VENV_MADE) ## Choose the newest dependencies and write their hashes to requirements/
	$(PIP) uv
	$(BIN)/python .ci/lock.py

clean: ## Remove everything that these targets made, the environment too
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the targets above stand on -------------------------------------------------------

# Made once. A half-made environment has no stamp, so it is tried again.
$(VENV_MADE):
	@found=; \
	for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Tallystick needs Python 3.11 or newer, and none was found (tried $(PYTHON) and python3.11 to python3.14)." >&2; \
	    echo "Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "$$found has no venv module, which is needed to keep the packages out of your system." >&2; \
	    echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv $(VENV)
	@touch $@

# What the program needs with every extra: enough for the demo, and quick.
$(RUN_READY): $(VENV_MADE) pyproject.toml $(RUN_LOCKS)
ifeq ($(UNLOCKED),)
	@echo "Installing what the program needs"
	@$(PIP) --require-hashes $(addprefix -r ,$(RUN_LOCKS))
	@$(PIP) --no-deps --no-build-isolation --editable .
else
	$(PIP) --upgrade --editable '.[images,scan,portal,postgres]'
endif
	@touch $@

# The same and the tools of development: it includes the above, hence both stamps.
$(DEV_READY): $(VENV_MADE) pyproject.toml $(DEV_LOCK)
ifeq ($(UNLOCKED),)
	@echo "Installing the program and the development tools"
	@$(PIP) --require-hashes -r $(DEV_LOCK)
	@$(PIP) --no-deps --no-build-isolation --editable .
else
	$(PIP) --upgrade --editable '.[dev]'
endif
	@touch $(RUN_READY) $@
