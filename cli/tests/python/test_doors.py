"""One pair, one model, four doors: the same score for every frame, to the last printed digit."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import mcp
import pytest
import vmaftiny

from conftest import ROOT, command

FRAMES = 12


@pytest.fixture(scope="module")
def films(clips, ffmpeg, tmp_path_factory):
    """The clips in containers."""
    folder = tmp_path_factory.mktemp("films")
    films = folder / "ref.mkv", folder / "dist.mp4"
    for clip, film, quality in zip(clips, films, (8, 34)):
        ffmpeg("-i", clip, "-c:v", "libx264", "-crf", quality, film)
    return films


@pytest.fixture(scope="module")
def unlike(films, ffmpeg, tmp_path_factory):
    """The clips in containers, the distorted one smaller and in full range."""
    folder = tmp_path_factory.mktemp("unlike")
    unlike = folder / "ref.mkv", folder / "dist.mp4"
    for film, changed, (size, name, tag) in zip(
        films, unlike, (("320:240", "limited", "tv"), ("160:120", "full", "pc"))
    ):
        coded = ["-c:v", "libx264", "-crf", "12", "-color_range", tag]
        ffmpeg("-i", film, "-vf", f"scale={size}:out_range={name}", *coded, changed)
    return unlike


def by_element(reference, distorted, model):
    """What the messages of gst-launch-1.0 say."""
    line = "gst-launch-1.0 -m"
    for path, pad in ((reference, "ref_sink"), (distorted, "dist_sink")):
        line += f" uridecodebin uri={Path(path).as_uri()} ! queue ! v.{pad}"
    line += f" vmaftiny name=v tiny-model={model} ! fakesink sync=false"
    environment = {**os.environ, "GST_PLUGIN_PATH": str(Path(command()).parent)}
    done = subprocess.run(line.split(), env=environment, check=True, capture_output=True, text=True)
    frames = re.findall(r"VMAF, type=\(string\)frame.*?[ ,]score=\(double\)([-+.e0-9]+)", done.stdout)
    return [float(score) for score in frames]


def by_mcp(reference, distorted, model):
    environment = {**os.environ, "VMAF_MCP_ALLOW": str(Path(reference).parent)}
    server = mcp.StdioServerParameters(command=command(), args=["mcp"], env=environment)
    request = {"reference": str(reference), "distorted": str(distorted), "tiny_model": model}
    request["scale"] = True

    async def run():
        async with mcp.Client(server, read_timeout_seconds=60) as client:
            return await client.call_tool("vmaf_score", request)

    result = asyncio.run(run())
    assert not result.is_error, result
    return [frame["metrics"]["vmaf"] for frame in result.structured_content["frames"]]


@pytest.mark.parametrize("kind", ["clips", "films", "unlike"])
@pytest.mark.parametrize("model", ["vmaf_tiny_v2", "vmaf_tiny_v4", "model/tiny/vmaf_tiny_v3.onnx"])
def test_all_doors_give_the_same_scores(kind, model, vmaf, request, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    pair = request.getfixturevalue(kind)
    report = tmp_path / "report.json"
    vmaf("-r", pair[0], "-d", pair[1], "--scale", "--tiny-model", model, "--json", "-o", report)
    report = json.loads(report.read_text())
    printed = [f["metrics"]["vmaf"] for f in report["frames"]]
    changed = FRAMES if kind == "unlike" else 0
    assert report["alignment"]["scaled"] == report["alignment"]["range_converted"] == changed
    assert len(printed) == FRAMES and len(set(printed)) > 1

    python = vmaftiny.score(*pair, tiny_model=model, scale=True).scores.tolist()
    assert [round(score, 6) for score in python] == printed
    # all of their digits
    assert by_element(*pair, model) == python
    if "/" in model:
        # a path outside of the allowed directories is refused; the same file by its id
        model = f"{Path(model).stem}:fp32"
    assert by_mcp(*pair, model) == printed
