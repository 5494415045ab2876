"""The studies opened last, beside the other settings; a broken file is an empty list."""

from __future__ import annotations

import json
from pathlib import Path

from emer_studio.core.files import write_json
from emer_studio.core.settings import config_dir

__all__ = ["recent_studies", "remember_study"]

_MOST = 8


def _file() -> Path:
    return config_dir() / "recent.json"


def recent_studies() -> list[Path]:
    """Return the studies that still exist, the latest first."""
    try:
        raw = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    paths = [Path(text) for text in raw if isinstance(text, str)] if raw else []
    return [path for path in paths if (path / "study.yaml").is_file()]


def remember_study(folder: Path) -> None:
    """Put a study first."""
    kept = [str(path) for path in recent_studies() if path != folder.resolve()]
    write_json(_file(), [str(folder.resolve()), *kept][:_MOST])
