"""A simulated camera in front of a rendered participant."""

from __future__ import annotations

import time
from typing import Any

from emer_studio.core import clock
from emer_studio.devices.camera import CameraFacts, Frame
from emer_studio.synthetic.face import FaceRenderer

__all__ = ["SimulatedCamera"]

_RISE_S = 1.2  # chosen by us: how slowly an expression builds up


class SimulatedCamera:
    """Renders a face whose expression follows the situation it is told of."""

    def __init__(self, *, width: int, height: int, fps: float, seed: int = 1) -> None:
        self.facts = CameraFacts(
            spec="sim",
            driver="simulated",
            width_px=width,
            height_px=height,
            fps=fps,
            pixel_format="bgr24",
            simulated=True,
        )
        self._face = FaceRenderer(seed, width, height)
        self._origin_s = clock.now_s()
        self._count = 0
        self._emotion = "neutral"
        self._since_s = self._origin_s

    def grab(self) -> Frame | None:
        """Wait until the next frame is due and render it."""
        self._count += 1
        wait_s = self._origin_s + self._count / self.facts.fps - clock.now_s()
        if wait_s > 0:
            time.sleep(wait_s)
        t_s = clock.now_s()
        strength = min((t_s - self._since_s) / _RISE_S, 1.0)
        picture = self._face.render(self._emotion, strength, t_s=t_s - self._origin_s)
        return Frame(picture, t_s)

    def situation(self, command: dict[str, Any]) -> None:
        """Show the emotion of the clip that is playing."""
        self._emotion = str(command.get("emotion") or "neutral")
        self._since_s = clock.now_s()

    def close(self) -> None:
        """Nothing to let go of."""
