"""What the program remembers for a person between two starts, and nothing else.

A settings file can never stop the program: unknown or broken entries are ignored.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from emer_studio.core.files import write_json

__all__ = ["Settings", "config_dir", "load", "models_dir", "remember", "remember_gaze"]

_MOST_CONFIRMED = 50  # chosen by us: more trackers than a lab will ever have


@dataclass(frozen=True, slots=True)
class Settings:
    """Remembered choices.

    Attributes
    ----------
    last_edited : str
        The protocol that the editor showed last.
    confirmed_gaze : tuple of str
        Signatures of the gaze mappings that a person confirmed, the latest last.
    """

    last_study: str = ""
    last_page: str = "study"
    last_camera: str = ""
    last_gaze: str = ""
    last_protocol: str = ""
    last_edited: str = ""
    last_size: str = ""
    last_fps: str = ""
    last_codec: str = ""
    last_mains: str = ""
    last_microphone: str = ""
    confirmed_gaze: tuple[str, ...] = ()


def config_dir() -> Path:
    """Return the folder for settings (EMER_STUDIO_HOME overrides it)."""
    home = os.environ.get("EMER_STUDIO_HOME")
    return Path(home) if home else Path(platformdirs.user_config_dir("emer-studio"))


def models_dir() -> Path:
    """Return the folder that installed model files live in."""
    home = os.environ.get("EMER_STUDIO_HOME")
    base = Path(home) if home else Path(platformdirs.user_data_dir("emer-studio"))
    return base / "models"


def load() -> Settings:
    """Read the settings, taking defaults for whatever is absent or broken."""
    try:
        raw: Any = json.loads((config_dir() / "settings.json").read_text("utf-8"))
    except (OSError, ValueError):
        return Settings()
    if not isinstance(raw, dict):
        return Settings()
    known = {field.name for field in fields(Settings)} - {"confirmed_gaze"}
    kept = {k: v for k, v in raw.items() if k in known and isinstance(v, str)}
    listed = raw.get("confirmed_gaze")
    confirmed = listed if isinstance(listed, list) else []
    texts = tuple(v for v in confirmed if isinstance(v, str))
    return Settings(**kept, confirmed_gaze=texts)


def remember(**choices: str) -> None:
    """Store some choices, keeping the others."""
    known = asdict(load())
    write_json(config_dir() / "settings.json", known | choices)


def remember_gaze(signature: str) -> None:
    """Store that a gaze mapping was confirmed; the oldest are forgotten."""
    known = load()
    others = [old for old in known.confirmed_gaze if old != signature]
    kept = (*others, signature)[-_MOST_CONFIRMED:]
    settings = replace(known, confirmed_gaze=kept)
    write_json(config_dir() / "settings.json", asdict(settings))
