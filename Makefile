# `make demo` and `make test` do everything, set-up included.

.PHONY: demo test models setup build clean

setup:
	tools/setup.sh

build: setup
	cargo build --release --locked

demo: build
	cargo run --release --locked --example demo

test: setup
	tools/test.sh

# Rebuilds model/tiny from the committed corpus and says which files differ. The teachers are in
# ../shared/teacher or where VMAFTINY_TEACHERS says. The build is the one that the tests use.
models: setup
	cargo build --workspace --locked
	target/debug/vmaftiny-trainer reproduce

clean:
	cargo clean
	rm -rf .venv
