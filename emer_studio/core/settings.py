"""What the program remembers for a person between two starts, and nothing else.

A settings file can never stop the program: unknown or broken entries are ignored.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from emer_studio.core.files import write_json

__all__ = [
    "KnownLag",
    "Settings",
    "config_dir",
    "load",
    "models_dir",
    "remember",
    "remember_gaze",
    "remember_label_keys",
    "remember_lag",
    "remember_model",
    "remember_second_place",
    "second_place",
]

_MOST_CONFIRMED = 50  # chosen by us: more trackers than a lab will ever have


@dataclass(frozen=True, slots=True)
class KnownLag:
    """How late something is on this machine.

    Attributes
    ----------
    what : str
        ``display``, ``display and camera`` or ``sound``.
    device : str
        Which one; empty where nobody said.
    lag_ms, se_ms : float
        Lag and its standard error; 0 where that is not known.
    measured : str
        When, UTC.
    how : str
        By what instrument.
    """

    what: str
    device: str
    lag_ms: float
    se_ms: float
    measured: str
    how: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Remembered choices.

    Attributes
    ----------
    last_edited : str
        The protocol that the editor showed last.
    confirmed_gaze : tuple of str
        Signatures of the gaze mappings that a person confirmed, the latest last.
    lags : tuple of KnownLag
        Of displays and sound outputs, as ``selftest`` measured them.
    second_places : tuple of (str, str)
        Study folders, each with the folder that it is copied to after each session.
    trusted_models : tuple of (str, str)
        Models that a person vouched for, each with the SHA-256 of the file.
    label_keys : tuple of (str, str)
        Actions of the labelling room with the keys that somebody gave them.
    """

    last_study: str = ""
    last_page: str = "study"
    last_camera: str = ""
    last_gaze: str = ""
    last_rig: str = ""
    last_protocol: str = ""
    last_edited: str = ""
    last_size: str = ""
    last_fps: str = ""
    last_codec: str = ""
    last_mains: str = ""
    last_microphone: str = ""
    last_backup: str = ""
    last_operator: str = ""
    alarm_aloud: str = ""
    confirmed_gaze: tuple[str, ...] = ()
    lags: tuple[KnownLag, ...] = ()
    second_places: tuple[tuple[str, str], ...] = ()
    trusted_models: tuple[tuple[str, str], ...] = ()
    label_keys: tuple[tuple[str, str], ...] = ()


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
    pairs = {"second_places", "trusted_models", "label_keys"}
    listed_ones = {"confirmed_gaze", "lags"} | pairs
    known = {field.name for field in fields(Settings)} - listed_ones
    kept = {k: v for k, v in raw.items() if k in known and isinstance(v, str)}
    listed = raw.get("confirmed_gaze")
    confirmed = listed if isinstance(listed, list) else []
    texts = tuple(v for v in confirmed if isinstance(v, str))
    return Settings(
        **kept,
        confirmed_gaze=texts,
        lags=_lags(raw.get("lags")),
        second_places=_pairs(raw.get("second_places")),
        trusted_models=_pairs(raw.get("trusted_models")),
        label_keys=_pairs(raw.get("label_keys")),
    )


def _pairs(raw: Any) -> tuple[tuple[str, str], ...]:
    pairs = raw if isinstance(raw, list) else []
    sound = [pair for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    return tuple((str(study), str(place)) for study, place in sound)


def _lags(raw: Any) -> tuple[KnownLag, ...]:
    found = []
    for entry in raw if isinstance(raw, list) else []:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            lag_ms, se_ms = float(entry["lag_ms"]), float(entry["se_ms"])
            what, device = str(entry["what"]), str(entry["device"])
            measured, how = str(entry["measured"]), str(entry["how"])
            found.append(KnownLag(what, device, lag_ms, se_ms, measured, how))
    return tuple(found)


def remember(**choices: str) -> None:
    """Store some choices, keeping the others."""
    known = asdict(load())
    write_json(config_dir() / "settings.json", known | choices)


def remember_label_keys(changed: tuple[tuple[str, str], ...]) -> None:
    """Store which actions of the labelling room have another key than their own."""
    write_json(config_dir() / "settings.json", asdict(replace(load(), label_keys=changed)))


def remember_gaze(signature: str) -> None:
    """Store that a gaze mapping was confirmed; the oldest are forgotten."""
    known = load()
    others = [old for old in known.confirmed_gaze if old != signature]
    kept = (*others, signature)[-_MOST_CONFIRMED:]
    settings = replace(known, confirmed_gaze=kept)
    write_json(config_dir() / "settings.json", asdict(settings))


def remember_lag(lag: KnownLag) -> None:
    """Store a lag; an older one of the same device is forgotten."""
    known = load()
    same = (lag.what, lag.device)
    others = [old for old in known.lags if (old.what, old.device) != same]
    write_json(config_dir() / "settings.json", asdict(replace(known, lags=(*others, lag))))


def remember_model(name: str, sha256: str) -> None:
    """Store that a person vouched for a file of a model; an earlier one is forgotten."""
    known = load()
    others = [pair for pair in known.trusted_models if pair[0] != name]
    settings = replace(known, trusted_models=(*others, (name, sha256)))
    write_json(config_dir() / "settings.json", asdict(settings))


def second_place(study: Path) -> str:
    """Return the folder that a study is copied to after each session; empty for none."""
    return dict(load().second_places).get(str(study.resolve()), "")


def remember_second_place(study: Path, place: str) -> None:
    """Store where a study is copied to after each session; empty: nowhere any more."""
    known = load()
    here = str(study.resolve())
    others = [pair for pair in known.second_places if pair[0] != here]
    kept = (*others, (here, place)) if place else tuple(others)
    write_json(config_dir() / "settings.json", asdict(replace(known, second_places=kept)))
