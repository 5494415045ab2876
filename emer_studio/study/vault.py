"""``vault.enc``: names and contacts, encrypted, and nowhere else.

The file is one line of JSON (version, parameters, salt, nonce), readable by anyone, and
the entries behind it: JSON under AES-256-GCM, with a key that scrypt makes from the
passphrase. The header is authenticated too, so a change to any byte is noticed. Every
write draws a new salt and nonce; the generation before it stays as ``vault.enc.bak``,
except after a removal or a new passphrase: then both are the new one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic

__all__ = ["LEAST_PASSPHRASE", "Vault", "vault_path"]

LEAST_PASSPHRASE = 12
"""Characters of a passphrase; chosen by us: four short words have more."""
# The OWASP Password Storage Cheat Sheet's first choice for scrypt: 128 MiB, some 0.3 s.
_COST = {"n": 2**17, "r": 8, "p": 1}
_MOST = {"n": 2**20, "r": 32, "p": 16}  # of a header that we believe; chosen by us
_FORMAT, _VERSION = "emer-studio-vault", 1
_WRONG = "The passphrase is wrong, or vault.enc is damaged. Nothing was changed."
Entry = dict[str, str]


def vault_path(study: Path) -> Path:
    """Return where the vault of a study lies."""
    return study / "vault.enc"


class Vault:
    """The names of a study, open.

    Parameters
    ----------
    study : Path
        The study folder.
    passphrase : str
        Opens the vault, or becomes the passphrase of a new one.

    Raises
    ------
    BadInputError
        When the passphrase is wrong, the file damaged or of a newer version, or a new
        passphrase too short.
    """

    def __init__(self, study: Path, passphrase: str) -> None:
        self.path = vault_path(study)
        self.backup = self.path.with_name(self.path.name + ".bak")
        self._passphrase = passphrase
        self._raw = self.path.read_bytes() if self.path.is_file() else None
        self.entries: dict[str, Entry] = {}
        if self._raw is not None:
            self.entries = _opened(self._raw, passphrase)
        elif self.backup.is_file():
            raise BadInputError(
                f"{self.path} is missing, but its last generation is there.",
                fix=f"Copy {self.backup.name} to {self.path.name}.",
            )
        else:
            _check_new(passphrase)

    def put(self, code: str, entry: Mapping[str, str]) -> None:
        """Set what is known of a participant: ``name`` and ``contact``."""
        self.entries[code] = {**self.entries.get(code, {}), **entry}
        self._save()

    def remove(self, code: str) -> bool:
        """Forget a participant, in the last generation too; False when unknown."""
        known = self.entries.pop(code, None) is not None
        if self._raw is not None:
            self._save(everywhere=True)
        return known

    def change_passphrase(self, new: str) -> None:
        """Encrypt everything anew, under another passphrase."""
        _check_new(new)
        self._passphrase = new
        self._save(everywhere=True)

    def _save(self, *, everywhere: bool = False) -> None:
        present = self.path.read_bytes() if self.path.is_file() else None
        if present != self._raw:
            raise BadInputError(
                f"{self.path} was changed by somebody else meanwhile. Nothing was changed.",
                fix="Try again.",
            )
        sealed = _sealed(self.entries, self._passphrase)
        if present is not None and not everywhere:
            write_atomic(self.backup, present)
        write_atomic(self.path, sealed)
        if everywhere:
            write_atomic(self.backup, sealed)
        self._raw = sealed


def _check_new(passphrase: str) -> None:
    if len(passphrase) < LEAST_PASSPHRASE:
        raise BadInputError(
            f"Expected a passphrase of at least {LEAST_PASSPHRASE} characters.",
            fix="Four words that have nothing to do with each other do.",
        )


def _sealed(entries: Mapping[str, Entry], passphrase: str) -> bytes:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "kdf": "scrypt",
        **_COST,
        "salt": salt.hex(),
        "cipher": "AES-256-GCM",
        "nonce": nonce.hex(),
    }
    head = json.dumps(header).encode() + b"\n"
    body = json.dumps(entries, ensure_ascii=False, sort_keys=True).encode()
    key = _key(passphrase, salt, _COST)
    return head + AESGCM(key).encrypt(nonce, body, head)


def _opened(raw: bytes, passphrase: str) -> dict[str, Entry]:
    head, _, body = raw.partition(b"\n")
    try:
        header = json.loads(head)
        version = header["version"] if header["format"] == _FORMAT else None
        cost = {name: int(header[name]) for name in _COST}
        salt, nonce = bytes.fromhex(header["salt"]), bytes.fromhex(header["nonce"])
    except (ValueError, KeyError, TypeError):
        raise BadInputError(_WRONG) from None
    if version != _VERSION:
        raise BadInputError(
            f"vault.enc has version {version}; this program knows {_VERSION}.",
            fix="Update EMER Studio.",
        )
    if any(not 0 < cost[name] <= most for name, most in _MOST.items()):
        raise BadInputError(_WRONG)
    try:
        key = _key(passphrase, salt, cost)
        opened = AESGCM(key).decrypt(nonce, body, head + b"\n")
    except (InvalidTag, ValueError, MemoryError):
        raise BadInputError(_WRONG) from None
    entries: dict[str, Entry] = json.loads(opened)
    return entries


def _key(passphrase: str, salt: bytes, cost: Mapping[str, Any]) -> bytes:
    return Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())
