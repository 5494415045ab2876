"""Files of older format versions, brought up to ours in memory as they are read.

What is on the disk stays as it is: a recording is never rewritten. Each step takes a plain
mapping of one version and returns that of the next; it writes down what a missing key meant
then, so that a default that changes later changes nothing about old recordings.

A new version of a format is a step here and the higher number in its model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["upgraded"]

Fields = dict[str, Any]
_KEY = "format_version"


def upgraded(value: Fields, kind: str, newest: int) -> Fields:
    """Return a file's content as the newest version of its format has it.

    Parameters
    ----------
    value : dict
        As it was read; not changed. A file that names no version is of the oldest one
        that there is a step from, else of the newest.
    kind : str
        Name of the format's model.
    newest : int
        The version that the model reads.

    Raises
    ------
    ValueError
        When it is of a newer version, or of an older one that there is no step from.
    """
    steps = _STEPS.get(kind, {})
    version = value.get(_KEY, min(steps, default=newest))
    if not isinstance(version, int) or isinstance(version, bool):
        return value  # the model says what is wrong with it
    if version > newest:
        raise ValueError(
            f"it was written by a newer EMER Studio: its format version is {version}, this"
            f" program reads up to {newest}. Nothing was changed; update the program."
        )
    while version < newest:
        if version not in steps:
            known = ", ".join(map(str, [*sorted(steps), newest]))
            raise ValueError(f"format version {version}; this program knows: {known}.")
        value, version = {**steps[version](value), _KEY: version + 1}, version + 1
    return value


def _session_0(value: Fields) -> Fields:
    """Session manifests of the first layout.

    It knew no version 0 by name: it is what the first recordings had, before consent,
    microphone, standby recorder, resuming, rigs, measured lags and imports were added.
    """
    then: Mapping[str, Any] = {
        "resumed": [],
        "consent": {},
        "video_withdrawn": "",
        "source_ids": {},
        "microphone": {},
        "override": "",
        "rig": "",
        "lags": [],
        "standby": [],
        "sound": [],
        "changeover": {},
        "imported": {},
    }
    return {**then, **value}


def _run_1(value: Fields) -> Fields:
    """Training runs of before there were several models: EMERT with a ResNet-18."""
    view = {
        "sampling": value.get("sampling", "aligned"),
        "pixels": "imagenet",
        "eyes": "standard",
    }
    kept = {key: entry for key, entry in value.items() if key != "sampling"}
    return {**kept, "model": "emert", "face_net": "resnet18", "view": view}


_STEPS: dict[str, dict[int, Callable[[Fields], Fields]]] = {
    "SessionManifest": {0: _session_0},
    "RunInfo": {1: _run_1},
}
"""By model and the version that is read; each step leads to the next version."""
