# The targets are the steps of continuous integration; each installs what it needs and says what and why.

SHELL := /bin/bash
CARGO ?= cargo

.PHONY: help demo build dist test lint bench need-build need-tests need-lint need-bench

help:
	@echo "make demo    a sample shop with Inlay before it (DEMO_ARGS='--listen 127.0.0.1:8081' gives it another port)"
	@echo "make test    all tests; installs what they need"
	@echo "make lint    formatting, clippy, licences"
	@echo "make bench   what a page costs beside nginx, rows a second, what sinks ship, a report over a year of 20 million views"
	@echo "make dist    the binary that packages use"

demo: build
	./target/release/inlay demo $(DEMO_ARGS)

build: need-build
	$(CARGO) build --release --locked --bin inlay

dist: need-build
	$(CARGO) build --profile dist --locked --bin inlay

test: need-build need-tests
	$(CARGO) test --locked

lint: need-build need-lint
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) deny --locked --log-level error check bans licenses sources

BENCH = $(CARGO) bench --profile dist --locked

bench: need-build need-bench
	$(BENCH) --no-run --bench pages --bench ledger --bench rewriter --bench codings --bench stats --bench sinks
	$(BENCH) --bench pages
	taskset -c 0 $(BENCH) --bench ledger
	taskset -c 0 $(BENCH) --bench rewriter
	taskset -c 0 $(BENCH) --bench codings
	$(BENCH) --bench stats
	$(BENCH) --bench sinks

# pingora always builds zlib-ng, which wants cmake and a C compiler; the compiler's package does not bring the headers of C itself.
need-build:
	@CARGO="$(CARGO)" tools/need-rust.sh 1.95
	@tools/need.sh "to build zlib-ng, which pingora compiles in" cmake:cmake cc:gcc,libc6-dev
need-tests:
	@tools/need.sh "for the tests with a real server and a real browser" nginx:nginx chromium:chromium strace:strace node:nodejs npm:npm curl:curl
	@cd tests/browser && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --silent; }
need-bench:
	@tools/need.sh "for the benchmarks" nginx:nginx wrk:wrk valgrind:valgrind taskset:util-linux curl:curl
need-lint:
	@CARGO="$(CARGO)" tools/need-rust.sh 1.95 rustfmt clippy
	@command -v cargo-deny >/dev/null || { echo "Installing cargo-deny: it checks licences, bans and sources."; $(CARGO) install --locked --quiet cargo-deny; }
