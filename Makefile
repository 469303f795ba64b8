# Waxseal: what can be done here. `make` alone lists it.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# How much a short run does; every long run takes more of the same.
# Cases of each property, and inputs of each decoder on the stable toolchain; a slower fuzz target gets fewer, in proportion.
export PROPTEST_CASES ?= 128
export WAXSEAL_FUZZ_CASES ?= 50000
# Seeded towns in the simulation, and kills of the server under load.
export WAXSEAL_TOWNS ?= 1000
export WAXSEAL_KILLS ?= 20

CARGO ?= cargo
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help run build page reproducible ready lint format arch deny test chaos faults crowd fuzz screens bench tools clean-data

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ready ## Build both programs, start a server in ./waxseal-data, show how two people talk
	@scripts/run

build: ready ## Build waxseald with its page, waxseal, and waxseal-auditor, as they are released
	@scripts/build

page: ready ## Build the page that waxseald serves to browsers, into web/page/dist
	@scripts/web

reproducible: ready ## Build the page from its sources in two folders, and compare every hash
	@scripts/reproducible

ready: ## Install what a build needs, where that is possible
	@scripts/ready

lint: ready ## Format, clippy, arrows, sizes, licences, unused dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) run --quiet --locked -p xtask -- arch
	$(CARGO) run --quiet --locked -p xtask -- size
	$(CARGO) run --quiet --locked -p xtask -- deps

format: ## Put the source into its form
	$(CARGO) fmt --all

test: page lint ## All that must be green: lint, every test, a real browser, short fuzz, simulation and fault runs
	scripts/test

deny: ## Ask the advisory database too (needs cargo-deny and the network)
	$(CARGO) deny check

chaos: ready ## A long simulation: many seeded towns (WAXSEAL_TOWNS=100000)
	WAXSEAL_TOWNS=$${CHAOS_TOWNS:-100000} scripts/chaos

faults: ready ## Kill the real programs at every single step, and often (WAXSEAL_KILLS=200)
	WAXSEAL_FAULTS=all WAXSEAL_KILLS=$${FAULT_KILLS:-200} $(CARGO) test --workspace --locked --test kill --test sockets -- --nocapture

crowd: ready ## Ten thousand idle connections at one server (WAXSEAL_CROWD=9900)
	ulimit -n 20000 && WAXSEAL_CROWD=$${WAXSEAL_CROWD:-9900} $(CARGO) test --workspace --locked --test sockets a_crowd -- --nocapture

fuzz: ready ## A long fuzz run over every target (FUZZ_SECONDS=600 each)
	@scripts/fuzz

screens: ready ## Pictures of the full-screen client from a real terminal, in target/screens (needs tmux)
	@$(CARGO) build --workspace --locked
	@scripts/screens

bench: page ## Measure, and write docs/benchmarks.md
	@scripts/bench

tools: ## Install the tools that are nice to have: cargo-nextest, cargo-deny, cargo-fuzz, typos
	$(CARGO) install --locked cargo-nextest cargo-deny cargo-fuzz
	python3 -m pip install --user typos

clean-data: ## Forget what `make run` kept: the server's store in ./waxseal-data
	rm -rf ./waxseal-data
