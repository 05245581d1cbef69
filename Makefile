# `make demo` and `make test` do everything, set-up included.

.PHONY: demo test setup build clean

setup:
	tools/setup.sh

build: setup
	cargo build --release --locked

demo: build
	cargo run --release --locked --example demo

test: setup
	tools/test.sh

clean:
	cargo clean
	rm -rf .venv
