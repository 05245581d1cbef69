"""The command, and clips that libvmaf's own filter has scored."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def vmaf():
    """Runs the command; VMAF_COMMAND names another one than the debug build."""
    command = os.environ.get("VMAF_COMMAND", str(ROOT / "target/debug/vmaf"))
    assert Path(command).exists(), f"{command} is missing: cargo build -p vmaftiny-cli"

    def run(*arguments, **options):
        line = [command, *map(str, arguments)]
        return subprocess.run(line, check=True, capture_output=True, text=True, **options)

    return run


@pytest.fixture(scope="session")
def ffmpeg():
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")

    def run(*arguments):
        line = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
        subprocess.run(line, check=True)

    return run


@pytest.fixture(scope="session")
def clips(ffmpeg, tmp_path_factory):
    """Twelve frames of a moving test card, and the same blurred and noisy."""
    folder = tmp_path_factory.mktemp("clips")
    reference, distorted = folder / "ref.y4m", folder / "dist.y4m"
    card = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-frames:v", "12"]
    ffmpeg(*card, "-pix_fmt", "yuv420p", reference)
    ffmpeg("-i", reference, "-vf", "gblur=sigma=1.2,noise=alls=8", distorted)
    return reference, distorted


@pytest.fixture(scope="session")
def logs(vmaf, ffmpeg, clips, tmp_path_factory):
    """Reports of the same clips by this command and by libvmaf, by format."""
    folder = tmp_path_factory.mktemp("logs")
    reference, distorted = clips
    pairs = {}
    for form in ("json", "xml", "csv", "sub"):
        ours, theirs = folder / f"ours.{form}", folder / f"theirs.{form}"
        vmaf("-r", reference, "-d", distorted, f"--{form}", "-o", ours)
        graph = f"libvmaf=log_fmt={form}:log_path={theirs}"
        ffmpeg("-i", distorted, "-i", reference, "-lavfi", graph, "-f", "null", "-")
        pairs[form] = ours, theirs
    return pairs
