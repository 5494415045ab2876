"""The ways a face video can be stored; see `recording.video` for what they cost."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["CODECS", "Codec"]

Codec = Literal["h264", "near-lossless", "mjpeg"]
CODECS: tuple[Codec, ...] = get_args(Codec)
