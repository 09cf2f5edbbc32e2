# The commands of the project. `make` alone lists them.
SHELL := /bin/bash
BIN := .venv/bin
SIZE ?= 1G
TESTS ?=
WORKERS ?= 2
SCHEDULES ?= 100000
BACKUPS ?= 200
# The tests of R07, by their names: consistent while applications write.
UNDER_LOAD := tests/operations/test_load.py tests/sources -k under_load

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: page ## Back up, prove and restore a real application, and show it on a page (STAY=no ends)
	@bash scripts/demo.sh

.PHONY: page
page: ## Build the administrators' page into the package
	@bash scripts/build_page.sh

.PHONY: environment
environment: ## Make .venv with everything that development needs
	@bash scripts/create_environment.sh

.PHONY: test
test: environment page ## Run every test, installing what they need (TESTS=tests/archive for some)
	@bash scripts/install_system_packages.sh
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent test
	@$(BIN)/pytest -n $(WORKERS) $(TESTS)

.PHONY: soak
soak: environment ## Orders of many processes' steps, captures under load (SCHEDULES=, BACKUPS=)
	@HOLDFAST_TEST_LOAD_BACKUPS=$(BACKUPS) $(BIN)/pytest -n $(WORKERS) $(UNDER_LOAD)
	@HOLDFAST_SCHEDULES=$(SCHEDULES) $(BIN)/pytest -n $(WORKERS) tests/repository/test_schedules.py

.PHONY: lint
lint: environment page ## Check formatting, lint, types and the import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check

.PHONY: format
format: environment page ## Format the code and apply the safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent format

.PHONY: reference
reference: environment ## Write the generated pages of docs/reference anew
	@$(BIN)/python -m scripts.generate_reference
	@$(BIN)/python -m tests.cli.reference

.PHONY: screenshots
screenshots: environment page ## Take the pictures of the page that the documentation shows
	@$(BIN)/python -m tests.page.screenshots

.PHONY: bench
bench: environment ## Measure against restic, borg, pg_dump, pgBackRest and a shell recipe (SIZE=1G)
	@$(BIN)/python -m benchmarks.run --size $(SIZE)
	@$(BIN)/python -m benchmarks.postgresql --size $(SIZE)
	@$(BIN)/python -m benchmarks.latency

.PHONY: lock
lock: ## Resolve requirements/dev.lock anew
	@bash scripts/lock.sh

.PHONY: clean
clean: ## Remove everything that these commands made
	rm -rf .venv demo benchmarks/work dist build frontend/dist frontend/node_modules frontend/.built frontend/.node
	rm -rf src/holdfast/web/server/static/built .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
