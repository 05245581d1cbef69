"""Reports are libvmaf's: same keys, same features to the last digit, read by others' parsers."""

import csv
import json
import xml.etree.ElementTree as ElementTree

import pytest

# libvmaf's default model reads these; its log has further features that no tiny model reads
FEATURES = ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"]
METRICS = [f"integer_{name}" for name in FEATURES] + ["vmaf"]


@pytest.fixture
def documents(logs):
    return [json.loads(path.read_text()) for path in logs["json"]]


def test_json_has_libvmafs_keys(documents):
    ours, theirs = documents
    assert set(theirs) <= set(ours)
    assert list(ours["frames"][0]) == list(theirs["frames"][0])
    assert list(ours["frames"][0]["metrics"]) == METRICS
    assert set(METRICS) <= set(theirs["frames"][0]["metrics"])
    assert set(ours["pooled_metrics"]) == set(METRICS)
    assert list(ours["pooled_metrics"]["vmaf"]) == list(theirs["pooled_metrics"]["vmaf"])
    assert ours["aggregate_metrics"] == {}


def test_features_are_libvmafs_to_the_last_digit(documents):
    ours, theirs = documents
    assert len(ours["frames"]) == len(theirs["frames"]) == 12
    for a, b in zip(ours["frames"], theirs["frames"]):
        assert a["frameNum"] == b["frameNum"]
        for metric in METRICS[:-1]:
            assert a["metrics"][metric] == b["metrics"][metric], (a["frameNum"], metric)
    for metric in METRICS[:-1]:
        for pool, value in theirs["pooled_metrics"][metric].items():
            assert ours["pooled_metrics"][metric][pool] == pytest.approx(value, abs=1.01e-6)


def test_xml_has_libvmafs_elements_and_attributes(logs):
    ours, theirs = (ElementTree.parse(path).getroot() for path in logs["xml"])
    assert ours.tag == theirs.tag and set(theirs.attrib) == set(ours.attrib)
    assert {e.tag for e in theirs} <= {e.tag for e in ours}
    assert ours.find("params").attrib == theirs.find("params").attrib
    assert [m.get("name") for m in ours.iterfind("pooled_metrics/metric")] == METRICS
    theirs_metric = theirs.find("pooled_metrics/metric[@name='vmaf']")
    assert list(ours.find("pooled_metrics/metric[@name='vmaf']").attrib) == list(theirs_metric.attrib)
    for a, b in zip(ours.iterfind("frames/frame"), theirs.iterfind("frames/frame"), strict=True):
        assert {k: b.get(k) for k in a.attrib if k != "vmaf"} == {
            k: v for k, v in a.attrib.items() if k != "vmaf"
        }


def test_csv_and_sub_have_libvmafs_lines(logs):
    ours, theirs = (list(csv.reader(path.read_text().splitlines())) for path in logs["csv"])
    assert ours[0] == ["Frame", *METRICS, ""] and theirs[0][0] == "Frame" and theirs[0][-1] == ""
    column = {name: theirs[0].index(name) for name in METRICS[:-1]}
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        assert a[0] == b[0] and a[-1] == b[-1] == ""
        assert a[1:-2] == [b[column[name]] for name in METRICS[:-1]]
    ours, theirs = (path.read_text().splitlines() for path in logs["sub"])
    for a, b in zip(ours, theirs, strict=True):
        fields = set(b.split("|")) | {""}
        assert all(field in fields for field in a.split("|") if not field.startswith("vmaf:"))
        assert a.split("|")[0] == b.split("|")[0]


@pytest.mark.parametrize("form", ["json", "xml", "csv"])
def test_easyvmaf_reads_them(logs, documents, form):
    results = pytest.importorskip("easyvmaf.results")
    ours, _ = logs[form]
    frames = results.read_frames(str(ours), form)
    assert [number for number, _ in frames] == list(range(12))
    expected = [frame["metrics"] for frame in documents[0]["frames"]]
    assert [metrics for _, metrics in frames] == expected
    mean = results.read_scores(str(ours), form, ["vmaf"])["vmaf"]
    assert mean == pytest.approx(documents[0]["pooled_metrics"]["vmaf"]["mean"], abs=1e-5)


def test_ffmpeg_quality_metrics_reads_them(logs, clips, documents, ffmpeg, monkeypatch):
    package = pytest.importorskip("ffmpeg_quality_metrics")
    import imageio_ffmpeg

    reader = package.FfmpegQualityMetrics(
        *map(str, clips), ffmpeg_path=imageio_ffmpeg.get_ffmpeg_exe()
    )
    reader.temp_files["libvmaf"] = str(logs["json"][0])
    reader._read_vmaf_temp_file()
    assert [row["n"] for row in reader.data["vmaf"]] == list(range(1, 13))
    scores = [row["vmaf"] for row in reader.data["vmaf"]]
    assert scores == [frame["metrics"]["vmaf"] for frame in documents[0]["frames"]]
    reader.temp_files.clear()
