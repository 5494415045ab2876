"""``registry.json`` of a training run: what people call it and think of it.

It lies beside ``run.json``, which is evidence of how the run was made and is left alone.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from emer_studio.core.errors import BadInputError

__all__ = ["LONGEST_NAME", "NOTES_FILE", "RunNotes", "parse_run_notes"]

NOTES_FILE = "registry.json"
LONGEST_NAME = 80
"""Characters of a run's name, chosen by us: it still fits into a table."""


class RunNotes(BaseModel):
    """What people added to a run; a run without the file has none of it.

    Parameters
    ----------
    name : str
        What it is called; empty for the name it was made with.
    pinned : bool
        It is not to be deleted.
    note : str
        Anything to remember.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    name: str = Field(default="", max_length=LONGEST_NAME)
    pinned: bool = False
    note: str = ""

    @field_validator("name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("a name is one line without control characters")
        return value


def parse_run_notes(raw: Any, where: str) -> RunNotes:
    """Check the content of a ``registry.json``.

    Raises
    ------
    BadInputError
        Saying what is wrong in `where`.
    """
    try:
        return RunNotes.model_validate(raw)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInputError(
            f"{where} is wrong: {place}: {first['msg']}.",
            fix="Mend it, or delete that one file: the run itself is not in it.",
        ) from None
