"""Where a passphrase comes from: the environment, a window, or a terminal without echo."""

from __future__ import annotations

import getpass
import json
import os
import sys

from emer_studio.core.errors import BadInputError

__all__ = ["NEW_PASSPHRASE", "PASSPHRASE", "ask_passphrase"]

PASSPHRASE = "EMER_STUDIO_VAULT_PASSPHRASE"
NEW_PASSPHRASE = "EMER_STUDIO_VAULT_NEW_PASSPHRASE"


def ask_passphrase(
    variable: str = PASSPHRASE, *, begins: bool = False, events: bool = False
) -> str:
    """Return the passphrase of the vault; never from the command line, which others see.

    Parameters
    ----------
    variable : str
        Of the environment, for scripts.
    begins : bool
        It is to be set, not tried: a terminal asks twice.
    events : bool
        A window started us: it is the ``value`` of the next line of JSON that it sends.

    Raises
    ------
    BadInputError
        When there is none to be had.
    """
    if variable in os.environ:
        return os.environ[variable]
    if events:
        return _from_window(sys.stdin.readline())
    if not sys.stdin.isatty():
        raise BadInputError(
            "The vault needs its passphrase, and there is no terminal to ask at.",
            fix=f"Set the variable {variable}.",
        )
    if not begins:
        return getpass.getpass("Passphrase of the vault: ")
    first = getpass.getpass("New passphrase: ")
    if getpass.getpass("Once more: ") != first:
        raise BadInputError("The two are not the same. Nothing was changed.")
    return first


def _from_window(line: str) -> str:
    try:
        return str(json.loads(line)["value"])
    except (ValueError, KeyError, TypeError):
        raise BadInputError("The vault needs its passphrase.") from None
