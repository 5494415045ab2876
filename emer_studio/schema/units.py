"""What a sample can be, in words; apart, because training alone needs no YAML."""

from __future__ import annotations

__all__ = ["WHOLE_CLIPS"]

WHOLE_CLIPS = "whole clips"
