"""Names for items that tell a rater nothing: neither who nor when, nor that two are one."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["opaque_id"]

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no look-alikes
_LENGTH = 10  # 50 bits: of a million items, two share a name once in two thousand studies


def opaque_id(seed: int, annotator: str, item: str, *, again: bool = False) -> str:
    """Return what an annotator knows an item by, 10 letters and digits.

    Another annotator knows it by another name, and in the order of these names everyone
    has an order of their own. Nobody gets back to the item without the study's seed.

    Parameters
    ----------
    seed : int
        Of the study.
    annotator, item : str
    again : bool
        The name under which the same item comes once more, as a silent repeat.
    """
    key = hashlib.sha256(f"emer-studio opaque {seed} {annotator}".encode()).digest()
    called = f"{item} again" if again else item
    number = int.from_bytes(hmac.digest(key, called.encode(), "sha256")[:8], "big")
    return "".join(_LETTERS[number >> 5 * place & 31] for place in range(_LENGTH))
