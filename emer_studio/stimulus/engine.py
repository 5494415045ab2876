"""The clip engine: decodes ahead on a thread and says which picture is due now.

The media clock is the sound that is being heard; a clip without sound (or a machine
without a sound device) runs on the LSL clock. A picture that comes too late is skipped,
never shown late in a row, and what was skipped is known from the pictures' indices.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.devices.audio import AudioOutput, SilentOutput
from emer_studio.stimulus import decode
from emer_studio.stimulus.sound import read_sound

__all__ = ["ClipFacts", "ClipPlayer", "Frame"]

logger = logging.getLogger(__name__)

# Memory for decoded pictures, and the least and most of them. Chosen by us: a second of
# 720p, and never fewer than a slow disk needs.
_QUEUE_BYTES = 96 * 2**20
_QUEUE_MIN, _QUEUE_MAX = 3, 30
_SLACK_S = 0.0005  # a timer that fires this early counts as in time
_CATCH_UP_S = 0.1  # pictures later than this are not even converted
_POLL_S = 0.002


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What is known about a clip before it plays.

    `width` and `height` are those it is meant to be shown with (pixel aspect and rotation
    are in them), `expected` counts the pictures.
    """

    width: int
    height: int
    fps: float
    duration_s: float
    has_audio: bool
    expected: int


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture.

    Parameters
    ----------
    index : int
        Decoded index in the whole file.
    pts_s : float
        Presentation time in the file, seconds.
    media_s : float
        Seconds since the clip's first moment (trim-in).
    picture : ndarray, shape (height, width, 4), uint8
        BGRA, scaled to the box asked for.
    planned_s : float
        LSL time at which it was due; 0 until it is handed out.
    dropped_before : int
        Pictures skipped since the one handed out before.
    """

    index: int
    pts_s: float
    media_s: float
    picture: npt.NDArray[np.uint8]
    planned_s: float = 0.0
    dropped_before: int = 0


class ClipPlayer:
    """One clip, played once.

    Parameters
    ----------
    path : Path
        Video file.
    trim_in_s, trim_out_s : float
        Part to play, seconds from the first picture; None plays to the end.
    gain_db : float
        Gain of the sound; what would clip is limited to full scale.
    fit_px : tuple of int, optional
        Box to scale the pictures into while decoding.
    output : AudioOutput, optional
        Where the sound goes; it stays open and belongs to the caller.
    """

    def __init__(
        self,
        path: Path,
        *,
        trim_in_s: float = 0.0,
        trim_out_s: float | None = None,
        gain_db: float = 0.0,
        fit_px: tuple[int, int] | None = None,
        output: AudioOutput | None = None,
    ) -> None:
        self.path = path
        self._trim_in_s, self._trim_out_s = trim_in_s, trim_out_s
        self._gain_db = gain_db
        self._fit_px = fit_px
        self._output: AudioOutput = output if output is not None else SilentOutput()
        self._sound = np.zeros((0, 2), np.float32)
        self._queue: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._decoded_all = False
        self._failure: EmerError | None = None
        self._pictures: decode.Pictures | None = None
        self._thread: threading.Thread | None = None
        self._origin_s = self._duration_s = 0.0
        self._before = -1  # index of the picture handed out last
        self._found: ClipFacts | None = None
        self.facts: ClipFacts | None = None
        self.first_frame: Frame | None = None
        self.started_t_s: float | None = None

    def prepare(self) -> ClipFacts:
        """Decode the sound and the first pictures, and hold them.

        Raises
        ------
        BadInputError
            When the file is missing, has no video, does not decode, is HDR, or the part
            to play is empty or too long.
        """
        self._thread = threading.Thread(target=self._decode, name="clip-decode")
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self.close()
            raise self._failure
        if self.facts is None:
            raise BadInputError(f"{self.path.name} was closed while it was being opened.")
        return self.facts

    def start(self) -> None:
        """Start sound and clock; the first picture is due when the sound is heard."""
        if self.facts is None or self.started_t_s is not None:
            raise RuntimeError("prepare a clip first, and start it once")
        if not self.facts.has_audio or not len(self._sound):
            self._output = SilentOutput()
        self.started_t_s = clock.now_s()
        self._output.start(self._sound)

    @property
    def audio(self) -> str:
        """Return what became of the sound.

        "device" (it is heard), "lost" (it was, until the device vanished), "silent"
        (nobody hears it) or "none" (the clip has no sound).
        """
        if self.facts is None or not self.facts.has_audio or not len(self._sound):
            return "none"
        if self._output.lost_t_s is not None:
            return "lost"
        return "silent" if self._output.silent else "device"

    @property
    def audio_onset_t_s(self) -> float | None:
        """LSL time at which the first sample reached the DAC, None without a device."""
        return self._output.onset_t_s if self.audio in ("device", "lost") else None

    @property
    def audio_lost_t_s(self) -> float | None:
        """LSL time at which the sound device vanished, None when it did not."""
        return self._output.lost_t_s

    @property
    def audio_underflows(self) -> int:
        """Times the sound broke off because the machine was too busy."""
        return self._output.underflows

    @property
    def problem(self) -> str:
        """What ended the decoding before the clip's end; empty where nothing did."""
        return "" if self._failure is None else self._failure.message

    @property
    def decode_errors(self) -> int:
        """Packets and pictures that could not be decoded whole."""
        return self._pictures.errors if self._pictures is not None else 0

    def due_frame(self, now_s: float) -> Frame | None:
        """Return the newest picture due at `now_s` (LSL clock), None when none is new."""
        if self.started_t_s is None:
            return None
        media_s = self._output.position_s(now_s)
        due: Frame | None = None
        with self._changed:
            while self._queue and self._queue[0].media_s <= media_s + _SLACK_S:
                due = self._queue.popleft()
        if due is None:
            return None
        before, self._before = self._before, due.index
        return Frame(
            due.index,
            due.pts_s,
            due.media_s,
            due.picture,
            planned_s=now_s + due.media_s - media_s,
            dropped_before=max(due.index - before - 1, 0),
        )

    def next_due_s(self, now_s: float) -> float:
        """Return the LSL time at which to ask again: the next picture, or the end.

        Called once the picture at hand is painted, so the decoder is woken here: it
        works in the pause between two pictures, not beside the painting.
        """
        media_s = self._output.position_s(now_s)
        with self._changed:
            self._changed.notify_all()
            following = self._queue[0].media_s if self._queue else None
            finished = self._decoded_all
        if following is None and not finished:
            return now_s + _POLL_S
        at = self._duration_s if following is None else following
        if media_s < 0:  # the sound is not heard yet: its start may still move
            return now_s + _POLL_S
        return now_s + at - media_s

    def ended(self, now_s: float) -> bool:
        """Whether the last picture has been shown for its whole time."""
        if self.started_t_s is None:
            return False
        over = self._output.position_s(now_s) >= self._duration_s - _SLACK_S
        with self._changed:
            return self._decoded_all and not self._queue and over

    def close(self) -> None:
        """Stop sound and decoding, and wait for the thread. Can be called twice."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self.started_t_s is not None:
            self._output.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        with self._changed:
            self._queue.clear()

    def _decode(self) -> None:
        try:
            self._read_facts()
            assert self._pictures is not None
            for index, pts_s, picture in self._pictures:
                frame = Frame(index, pts_s, pts_s - self._origin_s, picture)
                if not self._put(frame):
                    break
        except EmerError as error:
            self._failure = error
        except Exception as error:
            logger.exception("decoding %s failed", self.path)
            self._failure = BadInputError(f"{self.path.name} does not decode: {error}.")
        finally:
            self._finish_decoding()

    def _finish_decoding(self) -> None:
        if self.first_frame is None and self._failure is None and not self._stop.is_set():
            self._failure = BadInputError(
                f"No picture of {self.path.name} could be decoded.",
                fix="Convert it to H.264 in MP4 or Matroska.",
            )
        with self._changed:
            self._decoded_all = True
        self._ready.set()

    def _read_facts(self) -> None:
        timeline = decode.read_timeline(self.path)
        if timeline.hdr is not None:
            raise BadInputError(timeline.hdr[0], fix=timeline.hdr[1])
        self._origin_s = float(timeline.pts_s[0]) + self._trim_in_s
        whole_s = timeline.duration_s
        end_s = whole_s if self._trim_out_s is None else min(self._trim_out_s, whole_s)
        self._duration_s = end_s - self._trim_in_s
        if self._trim_in_s < 0 or self._duration_s < timeline.step_s / 2:
            raise BadInputError(
                f"Nothing of {self.path.name} is left between {self._trim_in_s} s and"
                f" {end_s:.2f} s; it lasts {whole_s:.2f} s.",
                fix="Correct trim_in_s and trim_out_s.",
            )
        if self._duration_s > decode.MAX_CLIP_S:
            raise BadInputError(
                f"{self.path.name} would play for {self._duration_s / 60:.0f} minutes; at"
                f" most {decode.MAX_CLIP_S / 60:.0f} are possible.",
                fix="Cut it, or set trim_in_s and trim_out_s.",
            )
        until_s = self._origin_s + self._duration_s
        first = timeline.index_of(self._origin_s)
        self._before = first - 1
        expected = timeline.index_of(until_s) - first
        if timeline.has_audio:
            self._read_sound()
        self._pictures = decode.Pictures(
            timeline, self._origin_s, until_s, fit_px=self._fit_px, wanted=self._wanted
        )
        self._found = ClipFacts(
            timeline.width,
            timeline.height,
            timeline.fps,
            self._duration_s,
            timeline.has_audio,
            expected,
        )

    def _read_sound(self) -> None:
        output = self._output
        output.revive()
        sound = read_sound(
            self.path,
            self._origin_s,
            self._duration_s,
            output.rate_hz,
            output.channels,
            self._stop.is_set,
        )
        self._sound = np.clip(sound * np.float32(10 ** (self._gain_db / 20)), -1.0, 1.0)

    def _wanted(self, pts_s: float) -> bool:
        if self.started_t_s is None:
            return True
        late_s = self._output.position_s() - (pts_s - self._origin_s)
        return late_s < _CATCH_UP_S or self._stop.is_set()

    def _put(self, frame: Frame) -> bool:
        """Queue a picture, waiting for room; False when the clip was closed."""
        room = int(np.clip(_QUEUE_BYTES // frame.picture.nbytes, _QUEUE_MIN, _QUEUE_MAX))
        with self._changed:
            while len(self._queue) >= room and not self._stop.is_set():
                self._changed.wait(0.05)
            if self._stop.is_set():
                return False
            self._queue.append(frame)
        if self.first_frame is None:
            assert self._found is not None
            assert self._pictures is not None
            width, height = self._pictures.shown_px
            self.facts = replace(self._found, width=width, height=height)
            self.first_frame = frame
            self._ready.set()
        return True
