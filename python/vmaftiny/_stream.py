"""NumPy luma planes in, scores out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from . import _native

Plane = NDArray[np.uint8] | NDArray[np.uint16]


class FrameScore(NamedTuple):
    """One frame's verdict."""

    number: int
    """Counts pushed frames from 0."""
    vmaf: float
    """Score, 0 to 100."""
    half_width: float | None
    """Half of the 95 % confidence interval, if the model estimates it."""
    extrapolated: bool
    """The features lie outside what the model's training covered."""
    features: NDArray[np.float64]
    """Values in the order of ``vmaftiny.FEATURES``."""


class Scorer:
    """Scores a stream of luma planes, ``[height, width]`` of ``uint8`` or ``uint16``.

    A frame's motion depends on its successor, so a verdict comes one frame late: ``push`` answers
    about the frame before, ``flush`` about the last one.
    """

    def __init__(
        self,
        tiny_model: str | os.PathLike[str] = _native.DEFAULT_MODEL,
        *,
        threads: int = 0,
        phone_model: bool = False,
        profile: Literal["exact", "fast"] = "exact",
    ) -> None:
        self._native = _native.Scorer(os.fspath(tiny_model), threads, phone_model, profile)

    def push(
        self, reference: Plane, distorted: Plane, *, bit_depth: int | None = None
    ) -> FrameScore | None:
        """Take the next pair and give the verdict on the one before, if there was one.

        ``bit_depth`` (10, 12 or 16) must be given for ``uint16``. Planes are read where they are,
        whatever the distance of their rows; of the reference a copy is kept for the next call.
        """
        reference, distorted = np.asarray(reference), np.asarray(distorted)
        if reference.ndim != 2 or distorted.ndim != 2:
            raise _native.InputError(
                "planes must be [height, width], not of shape "
                f"{reference.shape} and {distorted.shape}"
            )
        if reference.shape != distorted.shape:
            (rh, rw), (dh, dw) = reference.shape, distorted.shape
            raise _native.InputError(
                f"sizes differ: the reference is {rw}x{rh}, the distorted picture {dw}x{dh}"
            )
        if bit_depth is None:
            if reference.dtype != np.uint8 or distorted.dtype != np.uint8:
                raise _native.OptionsError("bit_depth must be given for samples that are not uint8")
            bit_depth = 8
        return _frame_score(
            self._native.push(_flat(reference), _flat(distorted), reference.shape, bit_depth)
        )

    def flush(self) -> FrameScore | None:
        """Give the verdict on the last frame. What is pushed then is a new stretch."""
        return _frame_score(self._native.flush())

    def score(
        self, pairs: Iterable[tuple[Plane, Plane]], *, bit_depth: int | None = None
    ) -> Iterator[FrameScore]:
        """Verdicts on all pairs, in order."""
        for reference, distorted in pairs:
            frame = self.push(reference, distorted, bit_depth=bit_depth)
            if frame is not None:
                yield frame
        last = self.flush()
        if last is not None:
            yield last

    @property
    def model(self) -> dict[str, str]:
        """``name``, ``file``, ``sha256`` and ``quantization`` of the model."""
        name, file, sha256, quantization, *_ = self._native.model
        return {"name": name, "file": file, "sha256": sha256, "quantization": quantization}


def _flat(plane: Plane) -> tuple[Plane, int]:
    """The plane's memory from its first to its last sample, and the row distance in samples."""
    if plane.dtype not in (np.uint8, np.uint16):
        raise _native.InputError(f"samples must be uint8 or uint16, not {plane.dtype}")
    height, width = plane.shape
    row, column = plane.strides
    size = plane.itemsize
    # reversed or decimated views, foreign byte order: these rows are not rows of samples
    apart = column == size and row >= width * size and row % size == 0
    if not (apart and plane.dtype.isnative and plane.flags.aligned):
        plane = np.ascontiguousarray(plane, dtype=plane.dtype.newbyteorder("="))
        row = width * size
    count = 0 if plane.size == 0 else (height - 1) * (row // size) + width
    return as_strided(plane, shape=(count,), strides=(size,), writeable=False), row // size


def _frame_score(row: tuple | None) -> FrameScore | None:
    if row is None:
        return None
    number, vmaf, half_width, extrapolated, features = row
    return FrameScore(number, vmaf, half_width, extrapolated, np.array(features))
