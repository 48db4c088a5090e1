# `make` alone prints the targets. CI calls nothing but these.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# A store outside this workspace: a workspace with a lock file of its own, built in the same folder.
EXAMPLE := examples/redb-store
IN_EXAMPLE := --locked --manifest-path $(EXAMPLE)/Cargo.toml --target-dir target
# The server that the other judges test: the one that `make test` has built, unless another one is named.
MEMO_BIN ?= target/debug/memo
# Tests wait for a database, a disk or a retry longer than they compute.
export RUST_TEST_THREADS ?= $(shell expr 3 \* $$(nproc))
# Unlike --all-targets, without the tests of libraries that have none.
LINTED := --lib --bins --tests --examples
# As clippy calls the compiler, so that what it has checked is not checked again; the examples ask for the same features.
DOC = RUSTC_WORKSPACE_WRAPPER=$$(rustc --print sysroot)/bin/clippy-driver CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__ \
  RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
.PHONY: help run build debug openapi bless tools test lint fmt test-example lock-example test-browser test-contract test-oidc test-mail \
  test-session test-signatures test-cluster test-release audit bench

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

run: ## Build and serve on http://127.0.0.1:8080
	cargo run --release --bin memo

build: ## Build the release binary, target/release/memo
	cargo build --release --bin memo

test: ## All tests that need nothing but the toolchain (and, if they run, local databases)
	tests/all

lint: ## Format, words, clippy with warnings as errors, links of the documentation
	tests/lint/words
	cargo fmt --all -- --check
	cargo fmt --manifest-path $(EXAMPLE)/Cargo.toml -- --check
	cargo clippy --workspace $(LINTED) -- -D warnings
	$(DOC) --workspace $(LINTED:--tests=)
	cargo clippy $(IN_EXAMPLE) $(LINTED) -- -D warnings
	$(DOC) $(IN_EXAMPLE) $(LINTED:--tests=)

fmt: ## Format the code
	cargo fmt --all
	cargo fmt --manifest-path $(EXAMPLE)/Cargo.toml

test-example: ## The store of docs/adapters.md: both suites, and its server over kill -9
	cargo test $(IN_EXAMPLE) --quiet

lock-example: ## Bring the lock file of the example up to date with the crates that it uses; nothing else changes there
	cargo update --workspace --manifest-path $(EXAMPLE)/Cargo.toml

# With the features that the tests ask for, so that what `make test` has built is used.
debug:
ifeq ($(MEMO_BIN),target/debug/memo)
	@cargo build --workspace --quiet --bin memo --example memo-fast-clock
endif

openapi: ## Write openapi/current.json, the document of this commit
	MEMO_TEST_WRITE_OPENAPI=1 cargo test --workspace --lib --quiet committed_document_is_what_the_operations_declare

bless: openapi ## Publish the present document under the version of Cargo.toml, before the tag of a release
	cp openapi/current.json openapi/$$(jq --raw-output .info.version openapi/current.json).json

tools: ## Install what test-contract, test-browser, test-oidc and test-mail need; they do so themselves if it is missing
	for judge in contract browser oidc mail; do tests/$$judge/run --install || exit 1; done

test-session: debug ## The README's first session on an empty folder (needs curl and jq)
	tests/contract/first-session $(MEMO_BIN)

test-signatures: debug ## Requests signed by another library and by the clients of the docs (needs Python, Node.js, curl and openssl)
	MEMO_BIN=$(MEMO_BIN) tests/signatures/run

test-contract: debug ## The document, clients, workflows and the server by other tools (needs Node.js, Python; SEEDS="1 20")
	MEMO_BIN=$(MEMO_BIN) tests/contract/run

test-browser: debug ## The explorer driven in headless Chromium (needs Node.js)
	MEMO_BIN=$(MEMO_BIN) tests/browser/run

test-oidc: debug ## Sessions by a certified OpenID provider on this machine (needs Node.js)
	MEMO_BIN=$(MEMO_BIN) tests/oidc/run

test-mail: debug ## Mail to an SMTP server on this machine, over its absence and over kill -9 (needs Python)
	tests/mail/run

test-cluster: debug ## Distributed databases and kill -9 (installs them, with root on Debian; LONG=1 is the long form)
	MEMO_BIN=$(MEMO_BIN) LONG=$(LONG) tests/cluster/run

test-release: build ## The same judges for the release binary, mail in real time
	$(MAKE) MEMO_BIN=target/release/memo test-session test-signatures test-contract test-browser test-oidc
	MEMO_BIN=target/release/memo tests/mail/run

audit: ## Known vulnerabilities of dependencies (needs cargo-deny, which fetches the advisories from GitHub)
	cargo deny check advisories

bench: ## Load against memo, a bare handler and peers, in turns; then noisy neighbours (needs Python, psql and PostgreSQL)
	benches/run
	benches/neighbours --postgres
