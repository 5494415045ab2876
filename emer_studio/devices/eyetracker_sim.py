"""A simulated eye tracker: a gaze model on a real LSL stream.

It sends what a screen-based tracker sends: one row per device sample, also while the eyes
are lost (NaN and validity 0), in the XDF *Gaze Meta-Data* convention.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.schema.streams import Channel
from emer_studio.streams.outlets import Outlet, OutletSpec, new_source_id
from emer_studio.synthetic.gaze import GazeModel

__all__ = ["GAZE_CHANNELS", "SimulatedTracker"]

_TICK_S = 0.004  # chosen by us: half a sample at 120 Hz
GAZE_CHANNELS = tuple(
    Channel(f"{eye}_{what}", kind, unit, eye)
    for eye in ("left", "right")
    for what, kind, unit in (
        ("x", "ScreenX", "normalized"),
        ("y", "ScreenY", "normalized"),
        ("pupil", "Diameter", "mm"),
        ("openness", "EyeLidDistance", "mm"),
        ("valid", "Valid", "boolean"),
        ("origin_x", "PositionX", "mm"),
        ("origin_y", "PositionY", "mm"),
        ("origin_z", "PositionZ", "mm"),
    )
)


class SimulatedTracker:
    """A tracker with one stream, running until `close`.

    Parameters
    ----------
    name : str
        Of the stream.
    rate_hz : float
    seed : int
    source_id : str
        Of the stream; a new one when empty.
    accuracy_deg, noise_deg : float
        Its constant error, and the noise of each eye and axis, in degrees. Chosen by us: a
        good tracker just after its calibration.
    """

    def __init__(
        self,
        *,
        name: str,
        rate_hz: float,
        seed: int = 1,
        source_id: str = "",
        accuracy_deg: float = 0.4,
        noise_deg: float = 0.1,
    ) -> None:
        self._rate_hz = rate_hz
        self._model = GazeModel(
            seed, rate_hz, accuracy_deg=accuracy_deg, noise_deg=noise_deg
        )
        self._emotion = "neutral"
        self._target: tuple[float, float] | None = None
        self.outlet = Outlet(
            OutletSpec(
                name=name,
                type="Gaze",
                channels=GAZE_CHANNELS,
                channel_format="float32",
                nominal_hz=rate_hz,
                source_id=source_id or new_source_id("gaze-sim"),
                simulated=True,
            )
        )
        self._stop = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=self._run, name="tracker-sim")
        self._thread.start()

    def situation(self, command: dict[str, Any]) -> None:
        """Feel what the clip that is playing is to make one feel, or look at a target.

        ``target`` is a place on the display (fractions, origin top left), or None.
        """
        if "target" in command:
            place = command["target"]
            self._target = None if place is None else (float(place[0]), float(place[1]))
        else:
            self._emotion = str(command.get("emotion") or "neutral")

    def close(self) -> None:
        """Stop sending."""
        self._stop.set()
        self._thread.join()
        self.outlet.close()

    def _run(self) -> None:
        origin_s = clock.now_s()
        while not self._stop.wait(_TICK_S):
            due = int((clock.now_s() - origin_s) * self._rate_hz) - self.sent
            if due <= 0:
                continue
            self._model.look_at(self._target)
            rows = gaze_rows(self._model, due, self._emotion)
            stamps = origin_s + (self.sent + 1 + np.arange(due)) / self._rate_hz
            self.outlet.push_rows(rows, stamps)
            self.sent += due


def gaze_rows(model: GazeModel, count: int, emotion: str) -> npt.NDArray[np.float32]:
    """Return the next samples of a model as rows of `GAZE_CHANNELS`, shape (count, 16)."""
    batch = model.next(count, emotion)
    by_eye = np.concatenate(
        [
            batch.xy,
            batch.pupil_mm[:, :, None],
            batch.openness_mm[:, :, None],
            batch.valid[:, :, None],
            batch.origin_mm,
        ],
        axis=2,
    )
    return by_eye.reshape(count, len(GAZE_CHANNELS)).astype(np.float32)
