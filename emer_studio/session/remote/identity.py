"""Who may join a session from a second PC, and how that PC knows whom it has reached.

A certificate of our own is kept in the settings folder; the console pins its fingerprint,
so that nobody can stand in between. The token is drawn anew for every session.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic

__all__ = ["Pairing", "client_context", "fingerprint_of", "new_token", "own_identity"]

# 80 bits can only be tried over the network, one connection each; a fingerprint of 128
# bits cannot be met by another certificate. Both are short enough to be typed.
_TOKEN_BYTES, _PRINT_DIGITS = 10, 32
_TOKEN_LETTERS = _TOKEN_BYTES * 8 // 5
_YEARS = 10  # chosen by us; the console looks at the fingerprint, not at dates
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Pairing:
    """What a console has to know of a session: shown by the one, given to the other.

    Raises
    ------
    BadInputError
        When a part cannot be right; writing in groups and capitals does not matter.
    """

    token: str
    fingerprint: str

    def __post_init__(self) -> None:
        for name, text, length in (
            ("token", self.token, _TOKEN_LETTERS),
            ("fingerprint", self.fingerprint, _PRINT_DIGITS),
        ):
            if len(_plain(text)) != length or not _plain(text).isascii():
                raise BadInputError(
                    f"A {name} has {length} letters and digits; found {text!r}.",
                    fix="Copy the whole line that the session shows.",
                )

    def knows(self, token: str) -> bool:
        """Compare a token in a time that tells nothing of where it differs."""
        return hmac.compare_digest(_plain(self.token).encode(), _plain(token).encode())

    def pins(self, certificate: bytes) -> bool:
        """Tell whether a certificate (DER) is the one of the fingerprint."""
        found = _plain(fingerprint_of(certificate)).encode()
        return hmac.compare_digest(_plain(self.fingerprint).encode(), found)


def new_token() -> str:
    """Return a random token, in groups."""
    raw = base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().lower()
    return _grouped(raw)


def fingerprint_of(certificate: bytes) -> str:
    """Return the first half of the SHA-256 of a certificate (DER), in groups."""
    return _grouped(hashlib.sha256(certificate).hexdigest()[:_PRINT_DIGITS])


def own_identity(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Return what a session shows itself with, and its fingerprint.

    Parameters
    ----------
    folder : Path
        Where key and certificate are kept; made on first use, and anew when they are
        damaged.
    """
    file = folder / "identity.pem"
    context = _server_context()
    try:
        context.load_cert_chain(file)
    except OSError:  # not there, or damaged (an SSLError is one)
        _make(file)
        context = _server_context()
        context.load_cert_chain(file)
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return context, fingerprint_of(certificate.public_bytes(serialization.Encoding.DER))


def client_context() -> ssl.SSLContext:
    """Return a console's side: it encrypts, and leaves it to `Pairing.pins` who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # addresses change; the fingerprint does not
    context.verify_mode = ssl.CERT_NONE
    return context


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _make(file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "EMER Studio console")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    if hasattr(os, "fchmod"):  # where it means nothing, the profile's folder protects it
        file.parent.chmod(0o700)
    write_atomic(file, secret + certificate.public_bytes(serialization.Encoding.PEM))
    file.chmod(0o600)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _grouped(text: str) -> str:
    return "-".join(text[k : k + _GROUP] for k in range(0, len(text), _GROUP))
