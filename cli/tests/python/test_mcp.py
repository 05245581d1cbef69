"""`vmaf mcp` against the protocol's official client."""

import asyncio
import json
import os
import shutil

import pytest

from conftest import command

mcp = pytest.importorskip("mcp")


def session(conversation, allow):
    """Has a conversation with a server that may read `allow`."""
    server = mcp.StdioServerParameters(
        command=command(), args=["mcp"], env={**os.environ, "VMAF_MCP_ALLOW": str(allow)}
    )

    async def run():
        async with mcp.Client(server, read_timeout_seconds=60) as client:
            return await conversation(client)

    return asyncio.run(run())


def call(tool, arguments, allow, **options):
    return session(lambda client: client.call_tool(tool, arguments, **options), allow)


def said(result):
    return result.content[0].text


@pytest.fixture
def pair(clips):
    return {name: str(path) for name, path in zip(("reference", "distorted"), clips)}


def test_tools_are_listed_with_their_parameters(clips):
    tools = session(lambda client: client.list_tools(), clips[0].parent).tools
    names = {tool.name for tool in tools}
    assert names == {"vmaf_score", "list_models", "compare_models", "describe_worst_frames"}
    schema = next(t for t in tools if t.name == "vmaf_score").input_schema
    assert {"reference", "distorted", "tiny_model", "width", "bitdepth"} <= set(schema["properties"])
    assert set(schema["required"]) == {"reference", "distorted"}


def test_scores_are_the_commands(pair, clips, logs):
    told = []

    async def progress(now, total, message):
        told.append((now, total, message))

    result = call("vmaf_score", pair, clips[0].parent, progress_callback=progress)
    assert not result.is_error, said(result)
    report, expected = result.structured_content, json.loads(logs["json"][0].read_text())
    for key in ("frames", "pooled_metrics", "aggregate_metrics", "tiny_model", "alignment"):
        assert report[key] == expected[key], key
    assert told and told[-1][:2] == (12, 12) and "vmaf" in told[-1][2]
    assert [now for now, *_ in told] == sorted(now for now, *_ in told)


def test_models_are_listed_and_compared(pair, clips):
    listed = call("list_models", {}, clips[0].parent).structured_content
    ids = [model["id"] for model in listed["models"]]
    assert listed["default"] in ids
    result = call("compare_models", {**pair, "models": ids}, clips[0].parent)
    assert not result.is_error, said(result)
    rows = result.structured_content["models"]
    assert [row["name"] for row in rows] == ids
    single = call("vmaf_score", {**pair, "frames": False}, clips[0].parent).structured_content
    assert "frames" not in single
    default = next(row for row in rows if row["name"] == listed["default"])
    mean = single["pooled_metrics"]["vmaf"]["mean"]
    assert default["vmaf"]["mean"] == pytest.approx(mean, abs=1e-6)


def test_worst_frames_are_the_lowest(pair, clips, logs):
    result = call("describe_worst_frames", {**pair, "count": 3}, clips[0].parent)
    worst = result.structured_content["worst"]
    frames = json.loads(logs["json"][0].read_text())["frames"]
    frames.sort(key=lambda frame: frame["metrics"]["vmaf"])
    assert [w["frameNum"] for w in worst] == [f["frameNum"] for f in frames[:3]]
    assert "below the mean" in worst[0]["description"]


def test_other_places_are_refused(pair, clips, tmp_path):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    inside = allowed / "ref.y4m"
    shutil.copy(clips[0], inside)
    link = allowed / "link.y4m"
    link.symlink_to(clips[1])
    outside = pair["distorted"]
    dots = f"{allowed}/../../{clips[1].relative_to(clips[1].parents[1])}"
    for name in (outside, str(link), dots, f"file://{outside}", "/etc/passwd", str(allowed)):
        result = call("vmaf_score", {"reference": str(inside), "distorted": name}, allowed)
        assert result.is_error, name
    result = call("vmaf_score", {**pair, "tiny_model": "/etc/passwd"}, clips[0].parent)
    assert result.is_error and "/etc/passwd" in said(result)
    result = call("vmaf_score", pair, "")
    assert result.is_error and "VMAF_MCP_ALLOW names no directory" in said(result)


def test_errors_are_the_commands(pair, clips):
    result = call("vmaf_score", {**pair, "tiny_model": "no_such"}, clips[0].parent)
    assert result.is_error and "no model 'no_such'" in said(result)
