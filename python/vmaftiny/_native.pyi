from collections.abc import Callable
from os import PathLike

import numpy as np
from numpy.typing import NDArray

DEFAULT_MODEL: str
FEATURES: list[str]
__version__: str

class VmafError(Exception): ...
class ModelError(VmafError): ...
class InputError(VmafError): ...
class OptionsError(VmafError): ...

_Plane = NDArray[np.uint8] | NDArray[np.uint16]
_Row = tuple[int, float, float | None, bool, list[float]]

class Report:
    @property
    def metrics(self) -> list[str]: ...
    @property
    def frames(self) -> NDArray[np.uint64]: ...
    @property
    def values(self) -> NDArray[np.float64]: ...
    @property
    def score(self) -> float: ...
    @property
    def pooled_metrics(self) -> dict[str, dict[str, float]]: ...
    @property
    def counts(self) -> dict[str, int]: ...
    @property
    def model(self) -> dict[str, str]: ...
    @property
    def fps(self) -> float: ...
    def save(self, path: str | PathLike[str], format: str) -> None: ...
    def to_bytes(self, format: str) -> bytes: ...

class Scorer:
    def __init__(
        self, tiny_model: str, threads: int, phone_model: bool, profile: str
    ) -> None: ...
    def push(
        self,
        reference: tuple[_Plane, int],
        distorted: tuple[_Plane, int],
        shape: tuple[int, int],
        bit_depth: int,
    ) -> _Row | None: ...
    def flush(self) -> _Row | None: ...
    @property
    def model(self) -> tuple[str, str, str, str, float, float]: ...

def score(
    reference: str,
    distorted: str,
    *,
    tiny_model: str,
    raw: tuple[int, int, str, int] | None,
    align: str,
    scale: bool,
    profile: str,
    threads: int,
    frame_count: int,
    skip_reference: int,
    skip_distorted: int,
    subsample: int,
    phone_model: bool,
    progress: Callable[[int, int | None, float, float], object] | None,
) -> Report: ...
