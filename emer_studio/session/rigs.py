"""The rigs that this computer knows."""

from __future__ import annotations

from pathlib import Path

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.schema.base import load_yaml
from emer_studio.schema.rig import Rig, RigsFile

__all__ = ["forget_rig", "keep_rig", "known_rigs", "rig_named"]


def _path() -> Path:
    return settings.config_dir() / "rigs.json"


def known_rigs() -> tuple[Rig, ...]:
    """Return the rigs by name.

    Raises
    ------
    BadInputError
        When the file is not what it should be; it is never overwritten then.
    """
    if not _path().is_file():
        return ()
    rigs = load_yaml(_path(), RigsFile).rigs  # JSON is YAML, and mistakes name their line
    return tuple(sorted(rigs, key=lambda rig: rig.name.casefold()))


def rig_named(name: str) -> Rig:
    """Return one rig.

    Raises
    ------
    BadInputError
        When there is none of this name.
    """
    rigs = known_rigs()
    for rig in rigs:
        if rig.name == name:
            return rig
    names = ", ".join(rig.name for rig in rigs) or "none"
    raise BadInputError(
        f"There is no rig {name!r}; this computer knows: {names}.",
        fix="Keep one on the page Session of the window.",
    )


def keep_rig(rig: Rig) -> None:
    """Keep a rig, in place of another of its name."""
    others = tuple(old for old in known_rigs() if old.name != rig.name)
    _write((*others, rig))


def forget_rig(name: str) -> None:
    """Forget a rig."""
    _write(tuple(rig for rig in known_rigs() if rig.name != name))


def _write(rigs: tuple[Rig, ...]) -> None:
    _path().parent.mkdir(parents=True, exist_ok=True)
    write_json(_path(), RigsFile(rigs=rigs).model_dump(mode="json"))
