"""What a folder says that holds copyrighted clips; apart, so that telling it is quick."""

from __future__ import annotations

__all__ = ["OWN_USE", "OWN_USE_FILE"]

OWN_USE_FILE = "FOR_OWN_USE_ONLY.txt"
OWN_USE = """The videos in this folder contain the clips themselves, which are copyrighted.
They are for the lab's own use: do not pass them on, and do not put them into an export.
The maps (.npz) hold no picture and may be passed on.
"""
