# `make demo` and `make test` do everything, set-up included.

.PHONY: demo test bench soak setup build clean

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

clean:
	cargo clean
	rm -rf .venv
