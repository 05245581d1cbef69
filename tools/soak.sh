#!/usr/bin/env bash
# The long versions of tests that `make test` runs shortly.
set -euo pipefail
cd "$(dirname "$0")/.."

export G_DEBUG=fatal-criticals
export GST_REGISTRY="$PWD/target/gstreamer-registry.bin"
mkdir -p target
VMAFTINY_FFMPEG=${VMAFTINY_FFMPEG:-$(ls "$PWD"/.venv/lib/python3*/site-packages/imageio_ffmpeg/binaries/ffmpeg-* | head -n 1)}
export VMAFTINY_FFMPEG
export VMAFTINY_SOAK=${VMAFTINY_SOAK:-1000000}
export VMAFTINY_FUZZ=${VMAFTINY_FUZZ:-10000}
export VMAFTINY_NETWORK=${VMAFTINY_NETWORK:-120}
cargo test --workspace --locked --test element_random --test element_network -- --nocapture
