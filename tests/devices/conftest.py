"""A sound card of our own making, at the narrowest place: the stream object."""

from __future__ import annotations

from sound_cards import at, card

__all__ = ["at", "card"]
