"""The commands and programs of docs/cli.md and docs/python.md, run as written."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, command


def blocks(document, language):
    text = (ROOT / "docs" / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(clips, ffmpeg, tmp_path_factory):
    """A directory with the files that the documents name."""
    folder = tmp_path_factory.mktemp("documents")
    for clip in clips:
        shutil.copy(clip, folder)
        raw = folder / f"{clip.stem}.yuv"
        ffmpeg("-i", clip, "-vf", "scale=1920:1080", "-frames:v", "2", "-f", "rawvideo", raw)
    ffmpeg("-i", clips[0], "-c:v", "libx264", "-crf", "5", folder / "master.mkv")
    ffmpeg("-i", clips[1], "-c:v", "libx264", "-vf", "scale=160:120", folder / "encoded.mp4")
    (folder / "model").symlink_to(ROOT / "model")
    return folder


def environment(folder):
    """As after an installation: the command and the oracle's ffmpeg in PATH."""
    import imageio_ffmpeg

    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name, program in (("vmaf", command()), ("ffmpeg", imageio_ffmpeg.get_ffmpeg_exe())):
        if not (programs / name).exists():
            (programs / name).symlink_to(program)
    home = folder / "home"
    (home / ".local/share/bash-completion/completions").mkdir(parents=True, exist_ok=True)
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(home)}


@pytest.mark.parametrize("block", [b for b in blocks("cli.md", "sh") if "cargo" not in b])
def test_the_commands_of_cli_md_work(block, folder):
    if "--plot" in block:
        subprocess.run(
            [command(), "-r", "ref.y4m", "-d", "dist.y4m", "--json", "-o", "report.json"],
            cwd=folder, check=True, capture_output=True,
        )
    if "man -l" in block and not shutil.which("man"):
        block = block.replace("man -l -", "cat")
    done = subprocess.run(
        ["bash", "-ec", block], cwd=folder, env=environment(folder), capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=60,
    )
    if "vmaf mcp" in block:
        # a server whose client has hung up before it said anything
        assert done.returncode == 1 and "MCP" in done.stderr
        return
    assert done.returncode == 0, done.stderr


def test_the_programs_of_python_md_work(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    names = {}
    for block in blocks("python.md", "python"):
        exec(compile(block, "docs/python.md", "exec"), names)
    said = capsys.readouterr().out
    assert "12 of 12" in said and "4 " in said
    assert list(names["table"].columns)[0] == "frame" and len(names["table"]) == 12


def test_the_example_with_gi_works(folder):
    [block] = [b for b in blocks("python.md", "sh") if "score.py" in b]
    # the element and the Python that Debian's GStreamer bindings belong to
    block = block.replace("target/release", str(Path(command()).parent))
    block = block.replace("python3 examples", f"/usr/bin/python3 {ROOT}/examples")
    block = block.replace("ref.mkv", "master.mkv").replace("dist.mp4", "master.mkv")
    done = subprocess.run(["bash", "-ec", block], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 13, done.stderr
