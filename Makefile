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

.PHONY: soak-operations
soak-operations: setup ## A million random operations over all native modules, every invariant after every block (OPERATIONS, SEED)
	ASSAY_OPERATIONS=$(or $(OPERATIONS),1000000) ASSAY_OPERATIONS_SEED=$(or $(SEED),1) \
		cargo test --release --locked --workspace --lib -- --nocapture random_operations

.PHONY: chaos
chaos: build ## 10 minutes of load on four validators, one killed and restarted every 20 s; then all hashes are compared
	ASSAY_CHAOS_SECONDS=$${ASSAY_CHAOS_SECONDS:-600} cargo test --release --locked -p assay-tests --test all recipe_chaos -- --nocapture

.PHONY: network-rate
network-rate: build ## Four validators: rate with one dead, two dead and back, all killed 20 times, restart to deciding
	ASSAY_RATE_SECONDS=$${ASSAY_RATE_SECONDS:-60} ASSAY_QUORUM_ROUNDS=$${ASSAY_QUORUM_ROUNDS:-3} \
	ASSAY_RESTART_ROUNDS=$${ASSAY_RESTART_ROUNDS:-5} ASSAY_ALL_KILLED=$${ASSAY_ALL_KILLED:-20} \
	cargo test --release --locked -p assay-tests --test all -- --nocapture --test-threads 1 \
	recipe_rate recipe_quorum recipe_restart network_survives_that_all_are_killed

.PHONY: network-faults
network-faults: build ## Partitions, 30 % loss and slow links between namespaces (needs root and /dev/net/tun)
	ASSAY_FAULT_SECONDS=$${ASSAY_FAULT_SECONDS:-20} \
	cargo test --release --locked -p assay-tests --test all recipe_faults -- --nocapture --test-threads 1

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
