#!/usr/bin/env bash
# The headline table: features against libvmaf in one run; then the memory of whole pipelines.
set -euo pipefail
cd "$(dirname "$0")/.."

VMAFTINY_FFMPEG=${VMAFTINY_FFMPEG:-$(ls "$PWD"/.venv/lib/python3*/site-packages/imageio_ffmpeg/binaries/ffmpeg-* | head -n 1)}
export VMAFTINY_FFMPEG
cargo bench --locked --bench headline
echo
tools/memory.sh
