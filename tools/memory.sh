#!/usr/bin/env bash
# Peak memory of a whole gst-launch-1.0 run with the element beside the same run without it: the
# middle one of three.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked --lib
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GST_PLUGIN_PATH=$PWD/target/release GST_REGISTRY=$folder/registry.bin

# the middle one of three peaks, MB
peak() {
  python3 - gst-launch-1.0 -q "$@" <<'PYTHON'
import os, statistics, subprocess, sys

def run():
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{sys.argv[1:]} failed")
    return usage.ru_maxrss / 1024

print(statistics.median(run() for _ in range(3)))
PYTHON
}

gst-inspect-1.0 vmaftiny >/dev/null
echo "| | without, MB | with, MB | difference, MB |"
echo "|---|---|---|---|"
for size in 1920x1080 3840x2160; do
  width=${size%x*} height=${size#*x}
  gst-launch-1.0 -q videotestsrc num-buffers=12 pattern=ball \
    ! "video/x-raw,format=I420,width=$width,height=$height,framerate=25/1" \
    ! filesink location="$folder/video.yuv"
  source="filesrc location=$folder/video.yuv
    ! rawvideoparse format=i420 width=$width height=$height framerate=25/1 ! queue max-size-buffers=4 max-size-bytes=0 max-size-time=0"
  # shellcheck disable=SC2086 # words of a pipeline
  without=$(peak $source ! fakesink sync=true $source ! fakesink sync=true)
  for threads in 1 2; do
    # shellcheck disable=SC2086
    with=$(peak $source ! v.ref_sink $source ! v.dist_sink \
      vmaftiny name=v threads=$threads ! fakesink sync=true)
    awk -v size="$size" -v threads="$threads" -v without="$without" -v with="$with" 'BEGIN {
      printf "| %s, threads=%d | %.0f | %.0f | %.1f |\n", size, threads, without, with, with - without }'
  done
  rm "$folder/video.yuv"
done
