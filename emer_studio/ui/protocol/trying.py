"""Trying a trial: the command that shows it, with the text as it stands in the editor."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from emer_studio.ui.jobs import JobRunner, Outcome

__all__ = ["Trying", "answer_in_words"]

_GRACE_S = 10.0  # the participant's window closes in this time


class Trying(QObject):
    """`ended` carries what was answered and, if it failed, why."""

    ended = Signal(str, str)

    def __init__(self, job: JobRunner) -> None:
        super().__init__()
        self._job = job
        self._folder: Path | None = None
        job.ended.connect(self._ended)

    def start(
        self,
        text: str,
        path: Path,
        *,
        trial: int,
        index: int,
        seed: int,
        language: str,
        display: int | None,
    ) -> None:
        """Show a trial of the text, saved or not; `path` is where it stands or is to."""
        self._folder = Path(tempfile.mkdtemp(prefix="emer-unsaved-"))
        copy = self._folder / path.name
        copy.write_text(text, encoding="utf-8")
        words = ["protocol", "try", str(copy), "--as", str(path), "--trial", str(trial)]
        words += ["--participant-index", str(index), "--seed", str(seed)]
        words += ["--language", language] if language else []
        words += ["--windowed"] if display is None else ["--display", str(display)]
        self._job.start("trial", [*words, "--events"], grace_s=_GRACE_S)

    def close(self) -> None:
        """Throw the copy of the text away."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _ended(self, outcome: Outcome) -> None:
        self.close()
        result = outcome.result
        told = answer_in_words(result) if result else ""
        self.ended.emit(told, "" if result else outcome.error)


def answer_in_words(result: dict[str, Any]) -> str:
    """Return what a person answered in a trial that was tried."""
    ends = {"complete": "", "failed": f"failed: {result.get('problem', '')}"}
    state = ends.get(str(result["state"]), "stopped")
    answers = []
    for rating in result["ratings"]:
        value = rating["value"]
        if isinstance(value, dict):
            value = ", ".join(f"{name} {point}" for name, point in value.items())
        answers.append(f"{rating['page']}: {value}")
    head = f"Tried trial {result['trial']} ({result['clip']})"
    return f"{head}{f', {state}' if state else ''}. {'; '.join(answers)}".strip()
