"""A simulated camera in front of a rendered participant, with faults on demand."""

from __future__ import annotations

import threading
import time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.devices.camera import CameraFacts, CameraOptions, Frame
from emer_studio.devices.camera_sim_spec import SimulationOptions
from emer_studio.synthetic.face import FaceRenderer
from emer_studio.synthetic.frame_code import draw_code

__all__ = ["SimulatedCamera", "SimulatedDevice"]

_RISE_S = 1.2  # chosen by us: how slowly an expression builds up
# Frames that wait for a slow reader before the device overwrites them. OpenCV asks a
# Linux driver for four buffers.
_BUFFERS = 4
_FLASH = 10.0  # of 255: what a white screen adds to a lit face (chosen by us)
_JPEG_QUALITY = 90  # chosen by us: a 1080p picture of 200 kB, as a good webcam's


class SimulatedDevice:
    """The thing on the desk: it goes on when the camera is closed and opened again.

    Parameters
    ----------
    simulation : SimulationOptions
        Who it shows and what goes wrong.
    asked : CameraOptions
        Size and rate; a simulated camera delivers what is asked for.
    spec : str
        Its text, for the facts.
    """

    def __init__(
        self, simulation: SimulationOptions, asked: CameraOptions, *, spec: str = "sim"
    ) -> None:
        self.simulation, self.asked = simulation, asked
        self.facts = CameraFacts(
            spec=spec,
            driver="simulated",
            width_px=asked.width_px,
            height_px=asked.height_px,
            fps=asked.fps,
            pixel_format="MJPG" if simulation.jpeg else "bgr24",
            simulated=True,
        )
        self._face = FaceRenderer(simulation.seed, asked.width_px, asked.height_px)
        self._emotion = simulation.emotion or "neutral"
        self._face.render(self._emotion)  # the first picture takes long, as no camera does
        self._drawn = self._draw_all()
        self._origin_s: float | None = None
        self._since_s = clock.now_s()
        self.count = 0  # number of the next frame
        self._changes: list[tuple[float, float]] = []  # of the light on the face

    def open(self) -> SimulatedCamera:
        """Open it.

        Raises
        ------
        MissingError
            While it is unplugged.
        """
        if self._origin_s is None:
            self._origin_s = self._since_s = clock.now_s()
        if self.unplugged():
            raise MissingError("The simulated camera is unplugged.")
        return SimulatedCamera(self)

    def unplugged(self) -> bool:
        """Whether it is unplugged now."""
        return any(at <= self.age_s() < at + span for at, span in self.simulation.unplug)

    def age_s(self) -> float:
        """Seconds since it was first opened."""
        return 0.0 if self._origin_s is None else clock.now_s() - self._origin_s

    def next_frame(self) -> tuple[int, float]:
        """Return the number of the next frame that comes, and its age (s) when due."""
        fps = self.facts.fps
        # What a slow reader did not fetch in time is overwritten.
        self.count = max(self.count, int(self.age_s() * fps) - _BUFFERS)
        while any(first <= self.count <= last for first, last in self.simulation.drop):
            self.count += 1
        number = self.count
        self.count += 1
        return number, (number + 1) / fps

    def show(self, emotion: str) -> None:
        """Let the face take on an expression, slowly."""
        if not self.simulation.emotion:
            self._emotion, self._since_s = emotion, clock.now_s()

    def shine(self, light: float) -> None:
        """Change the light of the screen in front of the face, 0 … 1."""
        self._changes.append((clock.now_s(), light))

    def _lit(self, t_s: float) -> float:
        """Return the mean light on a frame that was exposed until `t_s`."""
        start_s = t_s - 1 / self.facts.fps
        total, light, since_s = 0.0, 0.0, start_s
        for at_s, level in [*self._changes, (t_s, 0.0)]:
            until_s = min(max(at_s, start_s), t_s)
            total += light * (until_s - since_s)
            light, since_s = level, until_s
        return total / (t_s - start_s)

    def take(self, number: int, t_s: float, *, jpeg: bool) -> Frame:
        """Return frame `number` taken at `t_s` (LSL clock); as JPEG bytes where asked."""
        if self._drawn:
            kept = self._drawn[number % len(self._drawn)]
            if jpeg and kept[1] and not self.simulation.code:
                return Frame(None, t_s, kept[1])
            # A webcam's driver pays for decoding, hence so do we.
            picture = self._decoded(kept[1]) if kept[1] else kept[0].copy()
        else:
            strength = min((t_s - self._since_s) / _RISE_S, 1.0)
            picture = self._face.render(self._emotion, strength, t_s=self.age_s())
        if light := self._lit(t_s):
            lit = cv2.convertScaleAbs(picture, alpha=1.0, beta=_FLASH * light)
            picture = lit.astype(np.uint8)
        if self.simulation.code:
            draw_code(picture, number, t_s)
        if jpeg and self.simulation.jpeg:
            return Frame(None, t_s, _compress(picture))
        return Frame(picture, t_s)

    def _draw_all(self) -> list[tuple[npt.NDArray[np.uint8], bytes]]:
        drawn, fps = [], self.facts.fps
        emotion = self.simulation.emotion or "happiness"
        for number in range(self.simulation.pre):
            strength = 0.5 - 0.5 * float(np.cos(2 * np.pi * number / self.simulation.pre))
            picture = self._face.render(emotion, strength, t_s=number / fps)
            # Noise that never repeats: a still picture would cost the encoder nothing.
            rng = np.random.default_rng([number, self.simulation.seed])
            noise = rng.integers(-3, 4, picture.shape, dtype=np.int8)
            picture = np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)
            drawn.append((picture, _compress(picture) if self.simulation.jpeg else b""))
        return drawn

    @staticmethod
    def _decoded(jpeg: bytes) -> npt.NDArray[np.uint8]:
        return Frame(None, 0.0, jpeg).picture()


class SimulatedCamera:
    """The device while it is open."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._opened_s = device.age_s()
        self.facts = device.facts

    def grab(self) -> Frame | None:
        """Wait until the next frame is due and take it."""
        device = self._device
        if self._unplugged_since():
            return None
        for at, span in device.simulation.stall:
            if at <= device.age_s() < at + span:
                time.sleep(at + span - device.age_s())
        if any(device.age_s() >= at for at in device.simulation.hang):
            threading.Event().wait()  # as a driver may: for ever
        number, due_s = device.next_frame()
        time.sleep(max(due_s - device.age_s(), 0.0))
        if self._unplugged_since():
            return None
        return device.take(number, clock.now_s(), jpeg=device.asked.jpeg)

    def _unplugged_since(self) -> bool:
        """Whether it was unplugged since it was opened, even if it is back."""
        now_s = self._device.age_s()
        return any(self._opened_s < at <= now_s for at, _ in self._device.simulation.unplug)

    def situation(self, command: dict[str, Any]) -> None:
        """Show the emotion of the clip that is playing, or the light of a flash."""
        if "light" in command:
            self._device.shine(float(command["light"]))
        else:
            self._device.show(str(command.get("emotion") or "neutral"))

    def close(self) -> None:
        """Nothing to let go of."""


def _compress(picture: npt.NDArray[np.uint8]) -> bytes:
    _, raw = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(raw)
