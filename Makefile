# Assay: `make run` starts a chain, `make test` tests everything. `make help` lists all.
SHELL := /bin/bash
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
LINK := mkdir -p bin && ln -sfn "$(abspath $(TARGET))/release/assay" bin/assay
ARGS ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: setup
setup: ## Install what building needs (Debian; uses sudo unless root)
	@scripts/setup build

.PHONY: build
build: setup ## Build the node; leaves it at bin/assay
	cargo build --release --locked -p assay-app
	@$(LINK)

.PHONY: run
run: build ## Build, then start a development chain (ARGS="--block-time 1000" and so on)
	bin/assay dev $(ARGS)

.PHONY: test
test: setup ## Run every test: units, properties, processes, real clients, fuzz corpora
	@scripts/setup test
	cargo build --release --locked --workspace --lib --bins --tests
	@$(LINK)
	cargo test --release --locked --workspace --lib --bins --tests

.PHONY: lint
lint: setup ## Check format and lints
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

.PHONY: bench
bench: setup ## Measure: state, execution, and the node beside anvil
	scripts/bench $(ARGS)

.PHONY: fuzz
fuzz: setup ## Run every fuzz target for 60 s (FUZZ_SECONDS to change)
	scripts/fuzz

.PHONY: kill-test
kill-test: build ## 200 SIGKILLs under load; every acknowledged transaction must survive
	ASSAY_KILLS=$${ASSAY_KILLS:-200} cargo test --release --locked -p assay-tests --test all crash -- --nocapture

.PHONY: simulate
simulate: setup ## Run the simulator over SEEDS=1000 seeds from FIRST=1, or repeat one with its trace: SEED=n
	ASSAY_SIMULATION_SEEDS=$(or $(SEEDS),1000) ASSAY_SIMULATION_FIRST=$(or $(FIRST),1) $(if $(SEED),ASSAY_SIMULATION_SEED=$(SEED)) \
		cargo test --release --locked -p assay-tests --test all simulation::runs::no_seed -- --nocapture

.PHONY: deny
deny: ## Check licences, sources and bans of the dependencies (installs cargo-deny)
	command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny check bans licenses sources

.PHONY: fmt
fmt: ## Format the code
	cargo fmt --all

.PHONY: clean
clean: ## Remove build outputs of this clone
	cargo clean
	rm -rf bin .cache
