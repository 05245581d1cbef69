#!/usr/bin/env bash
# All checks, cheap ones first. Ends with the sum of what the test runners counted.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() { printf '\n== %s\n' "$*"; }
run() { step "$@"; "$@"; }
count() { step "$@"; "$@" 2>&1 | tee -a "$log"; }

export G_DEBUG=fatal-criticals
# a registry of its own: the user's may be stale, and tests must not write to it
export GST_REGISTRY="$PWD/target/gstreamer-registry.bin"
mkdir -p target
VMAFTINY_FFMPEG=${VMAFTINY_FFMPEG:-$(ls "$PWD"/.venv/lib/python3*/site-packages/imageio_ffmpeg/binaries/ffmpeg-* | head -n 1)}
export VMAFTINY_FFMPEG

run cargo fmt --all --check
run cargo clippy --workspace --all-targets --locked -- -D warnings
RUSTDOCFLAGS="-D warnings" run cargo doc --workspace --no-deps --locked
count cargo test --workspace --locked
# what Python's tests run: the command, and the package as a wheel would install it. Built like this
# the compiled half shares the tests' dependencies; `pip install ./python` builds them again.
run cargo build --workspace --locked --lib --bins --tests
rm -rf target/python
mkdir target/python
cp -r python/vmaftiny target/python/
cp target/debug/lib_native.so target/python/vmaftiny/_native.abi3.so
PYTHONPATH=target/python count .venv/bin/python -m pytest -q -p no:cacheprovider cli/tests/python python/tests
ORT_DYLIB_PATH=$(ls .venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.* | head -n 1)
export ORT_DYLIB_PATH
# the whole workspace, so that no dependency is built again with other features
count cargo test --workspace --locked \
    --features gst-plugin-vmaftiny/onnxruntime --test fusion_onnxruntime --test fusion_memory

# cargo's "test result: ok. 3 passed; 0 failed" and pytest's "3 passed, 1 skipped in 0.1s"
sum() { grep -E '^test result:|^=*[ 0-9a-z,]* in [0-9.]+s' "$log" | grep -oE "[0-9]+ $1" | awk '{ n += $1 } END { print n + 0 }'; }
passed=$(sum passed)
failed=$(sum failed)
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
