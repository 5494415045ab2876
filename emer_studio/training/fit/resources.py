"""What a training takes of the computer at this moment."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    import psutil

__all__ = ["resources"]

_MB = 1e6


def resources(device: str) -> dict[str, Any]:
    """Return the load of this process, and of the GPU where it is used.

    Parameters
    ----------
    device : str
        "cpu" or "cuda".

    Returns
    -------
    dict
        ``cpu_percent`` (100 for one core) since the last call, ``rss_mb``; with CUDA
        ``gpu_used_mb`` and ``gpu_total_mb`` (of all processes), and ``gpu_percent`` where
        the driver's own library tells it.
    """
    process = _this_process()
    found = {
        "cpu_percent": round(process.cpu_percent(), 1),
        "rss_mb": round(process.memory_info().rss / _MB, 1),
    }
    if device.startswith("cuda"):
        free, total = torch.cuda.mem_get_info()
        found["gpu_used_mb"] = round((total - free) / _MB, 1)
        found["gpu_total_mb"] = round(total / _MB, 1)
        if _tells_use():
            found["gpu_percent"] = float(torch.cuda.utilization())
    return found


@cache
def _this_process() -> psutil.Process:
    import psutil  # a bare folder has none, and measures speed without telling the load

    process = psutil.Process()
    process.cpu_percent()  # the first call has nothing to compare with
    return process


@cache
def _tells_use() -> bool:
    try:
        torch.cuda.utilization()
    except (ImportError, RuntimeError, AttributeError):  # needs a library we do not bring
        return False
    return True
