# `make demo` and `make test` do everything, set-up included.

.PHONY: demo test bench soak models setup build clean

setup:
	tools/setup.sh

build: setup
	cargo build --release --locked

demo: build
	cargo run --release --locked --example demo

test: setup
	tools/test.sh

# features and whole pipelines against libvmaf, as ratios; wants a quiet machine
bench: setup
	tools/bench.sh

# a million frames with faults, ten thousand sequences of random events, two minutes of a lossy network
soak: setup
	tools/soak.sh

# Rebuilds model/tiny from the committed corpus and says which files differ. The teachers are in
# ../shared/teacher or where VMAFTINY_TEACHERS says. The build is the one that the tests use.
models: setup
	cargo build --workspace --locked
	target/debug/vmaftiny-trainer reproduce

clean:
	cargo clean
	rm -rf .venv
