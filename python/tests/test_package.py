"""The Python package: the command's scores, from files and from arrays."""

import threading

import numpy as np
import pytest

import vmaftiny

WIDTH, HEIGHT, FRAMES = 96, 64, 6


def planes(bits=8):
    """Luma of a moving texture and of the same with noise."""
    random = np.random.default_rng(6)
    texture = random.integers(0, 160, (HEIGHT, WIDTH + 4 * FRAMES))
    kind = np.uint8 if bits == 8 else np.uint16
    for n in range(FRAMES):
        reference = texture[:, 4 * n : 4 * n + WIDTH] + 40
        distorted = np.clip(reference + random.integers(-20, 20, reference.shape), 0, 255)
        yield (reference << (bits - 8)).astype(kind), (distorted << (bits - 8)).astype(kind)


@pytest.fixture(scope="session", params=[8, 10])
def clip(request, tmp_path_factory):
    """Paths of y4m files, the planes in them, and their depth."""
    bits = request.param
    folder = tmp_path_factory.mktemp("clip")
    colour = "mono" if bits == 8 else f"mono{bits}"
    pairs = list(planes(bits))
    paths = folder / "ref.y4m", folder / "dist.y4m"
    for side, path in enumerate(paths):
        with open(path, "wb") as file:
            file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F25:1 C{colour}\n".encode())
            for pair in pairs:
                file.write(b"FRAME\n" + pair[side].tobytes())
    return paths, pairs, bits


def test_files_and_arrays_score_alike(clip):
    paths, pairs, bits = clip
    result = vmaftiny.score(*paths)
    frames = list(vmaftiny.Scorer().score(pairs, bit_depth=bits))
    assert [f.number for f in frames] == result.frames.tolist() == list(range(FRAMES))
    assert [f.vmaf for f in frames] == result.scores.tolist()
    features = np.array([f.features for f in frames])
    for column, name in enumerate(vmaftiny.FEATURES):
        assert features[:, column].tolist() == result[f"integer_{name}"].tolist()
    assert result.vmaf == pytest.approx(result.scores.mean())
    assert result.pooled_metrics["vmaf"]["min"] == result.scores.min()
    assert result.counts == {
        "paired": FRAMES,
        "missing": 0,
        "ended": 0,
        "surplus": 0,
        "scaled": 0,
        "range_converted": 0,
    }
    assert set(result.to_dict()) == {"frame", "vmaf", *(f"integer_{n}" for n in vmaftiny.FEATURES)}


def test_rows_may_lie_apart(clip):
    _, pairs, bits = clip
    expected = [f.vmaf for f in vmaftiny.Scorer().score(pairs, bit_depth=bits)]

    def padded(plane):
        wide = np.full((HEIGHT, WIDTH + 13), 255, plane.dtype)
        wide[:, :WIDTH] = plane
        return wide[:, :WIDTH]

    views = [
        lambda plane: padded(plane),
        lambda plane: np.asfortranarray(plane),
        lambda plane: np.ascontiguousarray(plane[::-1])[::-1],
        lambda plane: np.repeat(plane, 2, axis=1)[:, ::2],
    ]
    for view in views:
        seen = [(view(r), view(d)) for r, d in pairs]
        assert all(np.array_equal(a[0], b[0]) for a, b in zip(seen, pairs))
        assert [f.vmaf for f in vmaftiny.Scorer().score(seen, bit_depth=bits)] == expected


def test_the_same_array_may_be_used_again(clip):
    _, pairs, bits = clip
    expected = [f.vmaf for f in vmaftiny.Scorer().score(pairs, bit_depth=bits)]
    reference, distorted = (np.empty_like(plane) for plane in pairs[0])

    def reused():
        for r, d in pairs:
            reference[:], distorted[:] = r, d
            yield reference, distorted

    assert [f.vmaf for f in vmaftiny.Scorer().score(reused(), bit_depth=bits)] == expected


def test_progress_is_told_and_can_stop(clip):
    paths, *_ = clip
    told = []
    vmaftiny.score(*paths, progress=lambda *now: told.append(now))
    assert [frames for frames, *_ in told] == list(range(1, FRAMES + 1))
    assert all(total == FRAMES for _, total, *_ in told)

    def stop(frames, *_):
        raise LookupError(frames)

    with pytest.raises(LookupError, match="1"):
        vmaftiny.score(*paths, progress=stop)


def test_other_threads_run_meanwhile(clip):
    paths, *_ = clip
    counted, done = 0, threading.Event()

    def work():
        for _ in range(20):
            vmaftiny.score(*paths)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        counted += 1
    thread.join()
    assert counted > 1000


def test_errors_say_what_is_wrong(clip, tmp_path):
    paths, *_ = clip
    with pytest.raises(vmaftiny.InputError, match="cannot open .*missing.y4m: No such file"):
        vmaftiny.score(paths[0], tmp_path / "missing.y4m")
    with pytest.raises(vmaftiny.ModelError, match="no model 'no_such'"):
        vmaftiny.score(*paths, tiny_model="no_such")
    with pytest.raises(vmaftiny.ModelError, match="no model 'no_such'"):
        vmaftiny.Scorer("no_such")
    with pytest.raises(vmaftiny.OptionsError, match="go together"):
        vmaftiny.score(*paths, width=64)
    with pytest.raises(vmaftiny.OptionsError, match="sideways"):
        vmaftiny.score(*paths, align="sideways")
    scorer = vmaftiny.Scorer()
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    with pytest.raises(vmaftiny.InputError, match="96x64.*96x32"):
        scorer.push(plane, plane[:32])
    with pytest.raises(vmaftiny.InputError, match="float64"):
        scorer.push(plane.astype(float), plane.astype(float), bit_depth=8)
    with pytest.raises(vmaftiny.OptionsError, match="bit_depth"):
        scorer.push(plane.astype(np.uint16), plane.astype(np.uint16))
    with pytest.raises(vmaftiny.InputError, match="10 bits cannot hold"):
        scorer.push(plane + np.uint16(1024), plane + np.uint16(1024), bit_depth=10)
    with pytest.raises(vmaftiny.InputError, match="height, width"):
        scorer.push(plane[0], plane[0])
    assert issubclass(vmaftiny.InputError, vmaftiny.VmafError)


def test_reports_are_written_whole(clip, tmp_path):
    paths, *_ = clip
    result = vmaftiny.score(*paths)
    for form in ("xml", "json", "csv", "sub"):
        path = tmp_path / f"report.{form}"
        result.save(path, form)
        assert path.read_bytes() == result.to_bytes(form)
    assert [p.name for p in sorted(tmp_path.iterdir())] == [
        f"report.{form}" for form in ("csv", "json", "sub", "xml")
    ]
    with pytest.raises(vmaftiny.OptionsError, match="pdf"):
        result.to_bytes("pdf")
