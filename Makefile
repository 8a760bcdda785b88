# Only Python 3.11+ and make are needed: everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: lock
lock: ## Write requirements/*.txt anew: one set of versions, hashed, with no download addresses
	$(LOCK) --upgrade --all-extras -o requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt --extra api -o requirements/api.txt
	$(LOCK) --constraint requirements/dev.txt --extra worker -o requirements/worker.txt
	$(LOCK) --constraint requirements/dev.txt --extra api --extra worker --extra embedded --extra demo -o requirements/local.txt
