"""How a training is told in words: how it stands, how long it takes, what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emer_studio.schema.benchmark import benchmark_names, load_benchmark
from emer_studio.schema.training_models import TRAINING_MODELS

__all__ = [
    "STATE_COLOURS",
    "benchmarks",
    "left_words",
    "load_words",
    "model_words",
    "title",
]

STATE_COLOURS = {
    "done": "green",
    "paused": "amber",
    "interrupted": "amber",
    "killed": "red",
    "failed": "red",
}
ALL = "All seven benchmarks"


def benchmarks() -> dict[str, str]:
    """Return the titles by name, those of what was felt first, then all together."""
    return {name: load_benchmark(name).title for name in benchmark_names()} | {"all": ALL}


def title(protocol: str) -> str:
    """Return the words for a benchmark; an unknown one keeps its name."""
    if protocol == "all":
        return ALL
    return load_benchmark(protocol).title if protocol in benchmark_names() else protocol


def model_words(name: str) -> str:
    """Return what a model is, in a few words that begin a line."""
    words = TRAINING_MODELS.get(name, name)
    return words[:1].upper() + words[1:]


def left_words(seconds: float) -> str:
    """Return how long it will take, no finer than it can be known."""
    if seconds < 50:
        return "less than a minute left"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min left"
    hours, minutes = divmod(round(seconds / 300) * 5, 60)
    return f"about {hours} h {minutes:02d} min left"


def load_words(event: Mapping[str, Any]) -> str:
    """Return the line of a ``resources`` event."""
    parts = []
    if (cpu := event.get("cpu_percent")) is not None:
        parts.append(f"processor {float(cpu) / 100:.1f} cores")
    if (memory := event.get("rss_mb")) is not None:
        parts.append(f"memory {float(memory) / 1000:.1f} GB")
    if (used := event.get("gpu_used_mb")) is not None:
        total = float(event.get("gpu_total_mb", 0)) / 1000
        busy = event.get("gpu_percent")
        share = "" if busy is None else f"{float(busy):.0f} %, "
        parts.append(f"GPU {share}{float(used) / 1000:.1f} of {total:.1f} GB")
    if speed := event.get("samples_per_s"):
        parts.append(f"{float(speed):.1f} samples/s")
    text = "  ·  ".join(parts)
    return text[:1].upper() + text[1:]
