"""The program's own texts, by language: ``assets/translations/<language>.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import data_dir

__all__ = ["Words", "languages"]


def _folder() -> Path:
    return data_dir() / "assets" / "translations"


def languages() -> list[str]:
    """Return the codes of the languages that have texts."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


class Words:
    """Texts of one language; what is not translated is shown in English.

    Parameters
    ----------
    language : str
        Code such as ``en`` or ``zh``; ``zh-CN`` is taken as ``zh``.
    section : str
        Top-level section of the file that keys are looked up in.

    Raises
    ------
    BadInputError
        When there are no texts in that language.
    """

    def __init__(self, language: str, section: str) -> None:
        self.language = language.replace("_", "-").split("-")[0]
        if self.language not in languages():
            raise BadInputError(
                f"There are no texts in the language {language!r}.",
                fix=f"Choose one of: {', '.join(languages())}.",
            )
        self._texts = _read(self.language).get(section, {})
        self._english = _read("en").get(section, {})

    def __call__(self, key: str, **fields: object) -> str:
        """Return the text at a dotted key, its ``{fields}`` filled in."""
        text = _at(self._texts, key) or _at(self._english, key)
        if text is None:
            raise KeyError(f"no text {key!r}")
        return text.format(**fields) if fields else text

    def label(self, label: str) -> str:
        """Return what to show for a label; unknown labels are shown as they are."""
        return (
            _at(self._texts, f"labels.{label}")
            or _at(self._english, f"labels.{label}")
            or label
        )


def _read(language: str) -> dict[str, Any]:
    texts = yaml.safe_load((_folder() / f"{language}.yaml").read_text(encoding="utf-8"))
    return texts if isinstance(texts, dict) else {}


def _at(texts: Any, key: str) -> str | None:
    for part in key.split("."):
        if not isinstance(texts, dict):
            return None
        texts = texts.get(part)
    return texts if isinstance(texts, str) else None
