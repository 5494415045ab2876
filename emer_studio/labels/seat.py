"""A seat: one person's installation at one store, and the key that signs its events.

The person's secret lies in the settings folder and never in a study. Each store gets a key
of its own, made from the secret and from where the store is: two copies of a study on one
computer are two seats, so their chains can be joined later and never fork.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import platform
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError

__all__ = ["Seat", "open_seat", "seat_id", "signed_by"]

_SECRET_BYTES = 32  # as many as an Ed25519 key has
_ID_DIGITS = 24  # 96 bits: nobody finds another key with the same id


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat that can sign.

    Attributes
    ----------
    seat : str
        Its id, made from the public key.
    name : str
        For people: who is logged in where.
    public_key : str
        64 hexadecimal digits.
    """

    seat: str
    name: str
    public_key: str
    _key: Ed25519PrivateKey

    def sign(self, hash_hex: str) -> str:
        """Return the signature of an event's hash, 128 hexadecimal digits."""
        return self._key.sign(bytes.fromhex(hash_hex)).hex()


def open_seat(store_id: str, location: str) -> Seat:
    """Return this person's seat at a store; the secret is made when there is none.

    Parameters
    ----------
    store_id : str
        From the store, drawn when it was made.
    location : str
        Where the store is, as this computer names it.
    """
    derive = HKDF(hashes.SHA256(), 32, None, f"emer-studio {store_id} {location}".encode())
    key = Ed25519PrivateKey.from_private_bytes(derive.derive(_secret()))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    return Seat(seat_id(public), _name(), public, key)


def seat_id(public_key: str) -> str:
    """Return the id that belongs to a public key (hexadecimal)."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:_ID_DIGITS]


def signed_by(public_key: str, hash_hex: str, signature: str) -> bool:
    """Tell whether a key signed an event's hash."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), bytes.fromhex(hash_hex))
    except (InvalidSignature, ValueError):
        return False
    return True


def _secret() -> bytes:
    path = settings.config_dir() / "seat.key"
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(secrets.token_hex(_SECRET_BYTES) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(beside, path)  # two windows that start at once: the first one's counts
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        beside.replace(path)
    beside.unlink(missing_ok=True)
    return _read(path)


def _read(path: Path) -> bytes:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        raise BadInputError(
            f"{path} is damaged: expected {2 * _SECRET_BYTES} hexadecimal digits.",
            fix="Put it back from a backup, or delete it: this computer then labels as a"
            " new seat, and what it signed before stays valid.",
        )
    return secret


def _name() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user: a container
        user = "somebody"
    return f"{user}@{platform.node() or 'a computer'}"
