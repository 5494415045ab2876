"""Prepares a clip beside the window, plays it on a timer and logs every picture shown."""

from __future__ import annotations

import contextlib
import gc
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.devices.audio import AudioOutput
from emer_studio.session.clock_watch import STOOD_S
from emer_studio.stimulus.engine import ClipPlayer
from emer_studio.stimulus.framelog import ClipRecord, FrameLog
from emer_studio.ui.participant.clip_page import ClipPage

__all__ = ["ClipPresenter", "Preparation"]

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Preparation:
    """A clip to get ready: which trial it belongs to and how it is played."""

    trial: int
    clip: str
    path: Path
    trim_in_s: float = 0.0
    trim_out_s: float | None = None
    gain_db: float = 0.0


class ClipPresenter(QObject):
    """Plays one clip after another into a `ClipPage`.

    Parameters
    ----------
    log : FrameLog
        Where every presented picture is written.
    output : AudioOutput
        Where the sound goes.
    """

    happened = Signal(str, dict)
    finished = Signal()
    stood_still = Signal(float)
    """The clip was not looked after for so many seconds: the computer slept."""
    _prepared = Signal(object, str)

    def __init__(self, log: FrameLog, output: AudioOutput) -> None:
        super().__init__()
        self._log, self._output = log, output
        self._wanted: Preparation | None = None
        self._player: ClipPlayer | None = None
        self._record: ClipRecord | None = None
        self._page: ClipPage | None = None
        self._ready = False
        self._sound_told = False
        self._due_s = 0.0
        self.mirror: Callable[[Picture], None] | None = None
        """Takes every picture that is shown, after it is."""
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._prepared.connect(self._on_prepared, Qt.ConnectionType.QueuedConnection)

    @property
    def output(self) -> AudioOutput:
        """Where the sound goes."""
        return self._output

    @property
    def ready(self) -> bool:
        """Whether a clip is prepared and waits for `play`."""
        return self._ready

    @property
    def playing(self) -> bool:
        """Whether a clip is being shown."""
        return self._page is not None

    def prepare(self, wanted: Preparation, fit_px: tuple[int, int]) -> None:
        """Open and decode ahead on a thread; reports ``clip_ready`` or ``clip_failed``."""
        if self.playing:
            raise BadInputError(f"Clip {wanted.clip} cannot be prepared while one plays.")
        self._drop()
        self._log.open()  # here, where no picture waits for the disk
        player = ClipPlayer(
            wanted.path,
            trim_in_s=wanted.trim_in_s,
            trim_out_s=wanted.trim_out_s,
            gain_db=wanted.gain_db,
            fit_px=fit_px,
            output=self._output,
        )
        self._wanted, self._player = wanted, player
        self._thread = threading.Thread(
            target=self._prepare, args=(player,), name="clip-prepare"
        )
        self._thread.start()

    def _prepare(self, player: ClipPlayer) -> None:
        problem = ""
        try:
            player.prepare()
        except EmerError as error:
            problem = str(error)
        except Exception as error:
            problem = f"{player.path.name} could not be prepared: {error}."
        self._prepared.emit(player, problem)

    @Slot(object, str)
    def _on_prepared(self, player: ClipPlayer, problem: str) -> None:
        wanted = self._wanted
        if player is not self._player or wanted is None:
            return  # another clip was asked for meanwhile
        if problem or player.facts is None:
            self.happened.emit("clip_failed", {**_which(wanted), "text": problem})
            self._drop()
            return
        self._ready = True
        facts = player.facts
        self.happened.emit(
            "clip_ready",
            {
                **_which(wanted),
                "width": facts.width,
                "height": facts.height,
                "fps": round(facts.fps, 4),
                "duration_s": round(facts.duration_s, 4),
                "frames": facts.expected,
                "audio": player.audio,
            },
        )

    def play(self, page: ClipPage) -> None:
        """Start the prepared clip on `page`, which is already shown."""
        if not self._ready or self._player is None or self._wanted is None:
            raise BadInputError("There is no prepared clip to play.")
        assert self._player.facts is not None
        self._page, self._ready, self._sound_told = page, False, False
        gc.disable()  # a search for garbage would make a picture late; playing makes none
        self._player.start()
        assert self._player.started_t_s is not None
        self._record = ClipRecord(
            self._wanted.trial,
            self._wanted.clip,
            self._player.facts.expected,
            self._player.started_t_s,
        )
        self._due_s = self._player.started_t_s
        self._tick()

    @Slot()
    def _tick(self) -> None:
        player, page, record = self._player, self._page, self._record
        if player is None or page is None or record is None or self._wanted is None:
            return
        began_s = clock.now_s()
        if self._stood_since(self._due_s, began_s):
            return
        try:
            frame = player.due_frame(clock.now_s())
            if frame is not None:
                shown_s = page.present(frame.picture)
                self._log.add(record, frame, shown_s)
                if len(record.shown_s) == 1:
                    self.happened.emit(
                        "clip_onset", {**_which(self._wanted), "t_s": shown_s}
                    )
                if self.mirror is not None:
                    self.mirror(frame.picture)
            self._tell_sound(player)
        except Exception as error:
            self._end(complete=False, problem=f"{type(error).__name__}: {error}")
            return
        now_s = clock.now_s()
        if self._stood_since(began_s, now_s):
            return
        if player.ended(now_s):
            self._end(complete=True)
        else:
            wait_ms = math.ceil((player.next_due_s(now_s) - now_s) * 1000)
            wait_ms = min(max(wait_ms, 0), 1000)
            self._due_s = now_s + wait_ms / 1000
            self._timer.start(wait_ms)

    def _stood_since(self, then_s: float, now_s: float) -> bool:
        """Tell when nothing ran meanwhile.

        Going on would catch up, and may end a clip as whole that nobody saw.
        """
        stood = now_s - then_s > STOOD_S
        if stood:
            self.stood_still.emit(now_s - then_s)
        return stood

    def _tell_sound(self, player: ClipPlayer) -> None:
        onset_t_s = player.audio_onset_t_s
        if self._sound_told or onset_t_s is None or self._wanted is None:
            return
        self._sound_told = True
        where = {"t_s": onset_t_s, "output": self._output.name}
        self.happened.emit("audio_onset", {**_which(self._wanted), **where})

    def abort(self) -> None:
        """Break off the clip being shown, if there is one."""
        if self.playing:
            self._end(complete=False)

    def _end(self, *, complete: bool, problem: str = "") -> None:
        player, record, wanted = self._player, self._record, self._wanted
        assert player is not None
        assert record is not None
        assert wanted is not None
        self._timer.stop()
        ended_t_s = clock.now_s()
        self._page = None
        self.finished.emit()
        summary = record.summary(
            audio=player.audio,
            audio_onset_t_s=player.audio_onset_t_s,
            audio_lost_t_s=player.audio_lost_t_s,
            audio_underflows=player.audio_underflows,
            decode_errors=player.decode_errors,
            problem=problem or player.problem,
        )
        self._drop()
        gc.enable()
        # PyAV's containers and streams refer to each other: without this their decoders,
        # tens of megabytes, stay until Python happens to look for such circles.
        gc.collect()
        try:
            self._log.sync()
        except (OSError, ValueError) as error:
            summary["problem"] = summary["problem"] or f"its log was not written: {error}"
        said: dict[str, Any] = {"t_s": ended_t_s, "complete": complete, "summary": summary}
        self.happened.emit("clip_end", {**_which(wanted), **said})

    def _drop(self) -> None:
        """Close the clip at hand and wait for its threads."""
        self._ready = False
        if self._player is not None:
            self._player.close()
        if self._thread is not None:
            self._thread.join()
        self._player = self._thread = self._record = None

    def close(self) -> None:
        """Stop everything and close the log."""
        with contextlib.suppress(Exception):
            self.abort()
        self._drop()
        self._output.close()
        self._log.close()


def _which(wanted: Preparation) -> dict[str, Any]:
    return {"trial": wanted.trial, "clip": wanted.clip}
