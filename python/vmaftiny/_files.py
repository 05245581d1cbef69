"""Files in, a result out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from . import _native

Format = Literal["xml", "json", "csv", "sub"]
Path = str | os.PathLike[str]


class Result:
    """Scores of a file pair."""

    def __init__(self, report: _native.Report) -> None:
        self._report = report
        self._columns = dict(zip(report.metrics, report.values.T, strict=True))

    @property
    def vmaf(self) -> float:
        """Mean score, 0 to 100."""
        return self._report.score

    @property
    def frames(self) -> NDArray[np.uint64]:
        """Numbers of the scored reference frames."""
        return self._report.frames

    @property
    def scores(self) -> NDArray[np.float64]:
        """The score of each frame."""
        return self._columns["vmaf"]

    def __getitem__(self, metric: str) -> NDArray[np.float64]:
        """A metric of each frame, by its name in reports: ``result["integer_adm2"]``."""
        return self._columns[metric]

    def to_dict(self) -> dict[str, NDArray[np.float64] | NDArray[np.uint64]]:
        """Columns for ``pandas.DataFrame(result.to_dict())`` and its like."""
        return {"frame": self.frames, **self._columns}

    @property
    def pooled_metrics(self) -> dict[str, dict[str, float]]:
        """``min``, ``max``, ``mean`` and ``harmonic_mean`` of each metric."""
        return self._report.pooled_metrics

    @property
    def counts(self) -> dict[str, int]:
        """Frames ``paired``, ``missing``, ``ended`` (reference) and ``surplus`` (distorted).

        Of the paired ones, ``scaled`` and ``range_converted``.
        """
        return self._report.counts

    @property
    def model(self) -> dict[str, str]:
        """``name``, ``file``, ``sha256`` and ``quantization`` of the model."""
        return self._report.model

    @property
    def fps(self) -> float:
        """Reference frames scored a second."""
        return self._report.fps

    def save(self, path: Path, format: Format = "json") -> None:
        """Write the report that the ``vmaf`` command writes; whole or not at all."""
        self._report.save(path, format)

    def to_bytes(self, format: Format = "json") -> bytes:
        """The content that :meth:`save` writes."""
        return self._report.to_bytes(format)

    def __repr__(self) -> str:
        return f"<Result vmaf={self.vmaf:.6f} frames={len(self.frames)}>"


def score(
    reference: Path,
    distorted: Path,
    *,
    tiny_model: Path = _native.DEFAULT_MODEL,
    width: int | None = None,
    height: int | None = None,
    pixel_format: Literal["420", "422", "444", "400"] | None = None,
    bitdepth: Literal[8, 10, 12, 16] | None = None,
    align: Literal["auto", "timestamps", "frames"] = "auto",
    scale: bool = False,
    profile: Literal["exact", "fast"] = "exact",
    threads: int = 0,
    frame_cnt: int = 0,
    frame_skip_ref: int = 0,
    frame_skip_dist: int = 0,
    subsample: int = 1,
    phone_model: bool = False,
    progress: Callable[[int, int | None, float, float], object] | None = None,
) -> Result:
    """Score a distorted file against its reference.

    ``width``, ``height``, ``pixel_format`` and ``bitdepth`` describe ``.yuv`` files; ``.y4m`` says
    it itself, and anything else (or a URI) is decoded by GStreamer. ``tiny_model`` is a registry id
    or an ONNX file; ``profile="fast"`` measures VIF's finest scales on a grid. ``progress(frames, total, score, mean)`` is called after each frame; ``total``
    is None where it is not known, and an exception it raises ends the run.

    Raises :class:`InputError`, :class:`ModelError` or :class:`OptionsError`, whose texts are those
    of the ``vmaf`` command.
    """
    raw = (width, height, pixel_format, bitdepth)
    if any(value is None for value in raw) and any(value is not None for value in raw):
        raise _native.OptionsError("width, height, pixel_format and bitdepth go together")
    report = _native.score(
        os.fspath(reference),
        os.fspath(distorted),
        tiny_model=os.fspath(tiny_model),
        raw=None if width is None else raw,  # type: ignore[arg-type]
        align=align,
        scale=scale,
        profile=profile,
        threads=threads,
        frame_count=frame_cnt,
        skip_reference=frame_skip_ref,
        skip_distorted=frame_skip_dist,
        subsample=subsample,
        phone_model=phone_model,
        progress=progress,
    )
    return Result(report)
