"""Errors a person can act on: what was expected, what was found, what to do."""

from __future__ import annotations

__all__ = ["BadInputError", "EmerError", "MissingError", "StoppedError", "WorkFailedError"]


class EmerError(Exception):
    """Base of every error the program raises on purpose.

    Parameters
    ----------
    message : str
        What was expected and what was found, in one or two sentences.
    fix : str, optional
        What the person can do about it.
    """

    exit_code = 1

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.fix}" if self.fix else self.message


class WorkFailedError(EmerError):
    """The work itself failed (exit code 1)."""


class BadInputError(EmerError):
    """The input or the usage is wrong (exit code 2)."""

    exit_code = 2


class MissingError(EmerError):
    """Something outside the program is missing: device, model, library (exit code 3)."""

    exit_code = 3


class StoppedError(EmerError):
    """Someone ended the work on purpose (exit code 130)."""

    exit_code = 130
