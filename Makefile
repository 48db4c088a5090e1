# `make` alone prints the targets. CI calls nothing but these.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# A store of somebody else: a workspace of its own with a lock file of its own, built in the same folder.
EXAMPLE := examples/redb-store
IN_EXAMPLE := --locked --manifest-path $(EXAMPLE)/Cargo.toml --target-dir target
.PHONY: help run build test lint fmt test-example lock-example test-browser test-contract test-oidc test-mail test-session bench

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

run: ## Build and serve on http://127.0.0.1:8080
	cargo run --release --bin memo

build: ## Build the release binary, target/release/memo
	cargo build --release --bin memo

test: ## All tests that need nothing but the toolchain (and, where they run, local databases)
	cargo test --workspace --all-targets --quiet
	cargo test --workspace --doc --quiet

lint: ## Format, clippy with warnings as errors, links of the documentation
	cargo fmt --all -- --check
	cargo fmt --manifest-path $(EXAMPLE)/Cargo.toml -- --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy $(IN_EXAMPLE) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	RUSTDOCFLAGS="-D warnings" cargo doc $(IN_EXAMPLE) --no-deps --lib --quiet

fmt: ## Format the code
	cargo fmt --all
	cargo fmt --manifest-path $(EXAMPLE)/Cargo.toml

test-example: ## The store of docs/adapters.md: both suites, and its server over restarts (needs curl)
	cargo test $(IN_EXAMPLE) --quiet
	$(EXAMPLE)/tests/restart target/debug/redb-store

lock-example: ## Bring the lock file of the example up to date with the crates that it uses; nothing else changes there
	cargo update --workspace --manifest-path $(EXAMPLE)/Cargo.toml

test-session: build ## The README's first session against the release binary on an empty folder
	tests/contract/first-session target/release/memo

test-contract: build ## The OpenAPI document judged by a linter and by schemathesis (needs Node.js and Python)
	MEMO_BIN=target/release/memo tests/contract/run

test-browser: build ## The explorer driven in headless Chromium (needs Node.js)
	MEMO_BIN=target/release/memo tests/browser/run

test-oidc: build ## Sign-in by a certified OpenID provider on this machine (needs Node.js)
	MEMO_BIN=target/release/memo tests/oidc/run

test-mail: build ## Mail to an SMTP server on this machine, over its absence and over kill -9 (needs Python)
	MEMO_BIN=target/release/memo tests/mail/run

bench: ## Load against memo, a bare handler and a FastAPI peer, in turns (needs Python)
	benches/run
