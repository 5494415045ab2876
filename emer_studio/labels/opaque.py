"""Names for items that tell a rater nothing: neither who nor when, nor that two are one."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["opaque_id", "place_of"]

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
    number = _number(seed, annotator, f"{item} again" if again else item)
    return "".join(_LETTERS[number >> 5 * place & 31] for place in range(_LENGTH))


def place_of(seed: int, annotator: str, item: str, purpose: str = "order") -> float:
    """Return a number in [0, 1) that is drawn once for an annotator, item and purpose.

    It depends on nothing else: an order by it stays when other items come or go.
    """
    return _number(seed, annotator, f"{purpose} {item}") / 2.0**64


def _number(seed: int, annotator: str, text: str) -> int:
    key = hashlib.sha256(f"emer-studio opaque {seed} {annotator}".encode()).digest()
    return int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:8], "big")
