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

__all__ = ["Settings", "config_dir", "load", "models_dir", "remember"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Remembered choices."""

    last_study: str = ""
    last_page: str = "study"
    last_camera: str = ""
    last_gaze: str = ""
    last_protocol: str = ""


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
    known = {field.name for field in fields(Settings)}
    if not isinstance(raw, dict):
        return Settings()
    kept = {k: v for k, v in raw.items() if k in known and isinstance(v, str)}
    return Settings(**kept)


def remember(**choices: str) -> None:
    """Store some choices, keeping the others."""
    write_json(config_dir() / "settings.json", asdict(replace(load(), **choices)))
