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
ORT_DYLIB_PATH=$(ls .venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.* | head -n 1)
export ORT_DYLIB_PATH
# the whole workspace, so that no dependency is built again with other features
count cargo test --workspace --locked \
    --features gst-plugin-vmaftiny/onnxruntime --test fusion_onnxruntime --test fusion_memory

passed=$(awk '/^test result:/ { n += $4 } END { print n + 0 }' "$log")
failed=$(awk '/^test result:/ { n += $6 } END { print n + 0 }' "$log")
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
