"""VMAF per frame with tiny models.

``score`` compares two files, ``Scorer`` two streams of NumPy luma planes. Both run the engine of
the GStreamer element in process and release the GIL while it works.
"""

from ._files import Result, score
from ._native import (
    DEFAULT_MODEL,
    FEATURES,
    InputError,
    ModelError,
    OptionsError,
    VmafError,
    __version__,
)
from ._stream import FrameScore, Scorer

__all__ = [
    "DEFAULT_MODEL",
    "FEATURES",
    "FrameScore",
    "InputError",
    "ModelError",
    "OptionsError",
    "Result",
    "Scorer",
    "VmafError",
    "__version__",
    "score",
]
