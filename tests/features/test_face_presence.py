"""How many frames are looked at for a face, and when every one is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from emer_studio.features.face_presence import FaceLook
from emer_studio.features.faces import Face
from emer_studio.recording.reader import Recording
from emer_studio.recording.video import VideoWriter
from emer_studio.study.folder import create_study
from sessions import write_session

FPS, SECONDS = 25.0, 12.0


class BrightIsAFace:
    """Finds a face in every bright picture."""

    name, sha256 = "bright", ""

    def detect(self, bgr: npt.NDArray[np.uint8]) -> list[Face]:
        return [Face(0, 0, 1, 1, 1.0)] if bgr.mean() > 128 else []


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Twelve seconds: bright for the first nine, dark then; two codecs, two files."""
    study = create_study(tmp_path_factory.mktemp("look") / "study", seed=1)
    folder = write_session(study, trials=1)
    for number, codec in ((1, "h264"), (2, "mjpeg")):
        path = folder / f"face_00{number}.mkv"
        path.unlink(missing_ok=True)
        writer = VideoWriter(path, width_px=64, height_px=48, fps=FPS, codec=codec)
        rows = ["index,pts_ms,t_s"]
        for index in range(round(FPS * SECONDS)):
            t_s = 100.0 * number + index / FPS
            bright = 200 if index < 0.75 * FPS * SECONDS else 20
            pts = writer.write(np.full((48, 64, 3), bright, np.uint8), t_s)
            rows.append(f"{index},{pts},{t_s!r}")
        writer.close()
        path.with_suffix(".frames.csv").write_text("\n".join(rows) + "\n")
    return Recording(folder)


@pytest.mark.parametrize("start_s", [100.0, 200.0])
def test_two_frames_a_second_are_enough_far_from_the_limit(
    recording: Recording, start_s: float
) -> None:
    look = FaceLook(recording, BrightIsAFace(), limit=0.2)
    found = look.between(start_s, start_s + SECONDS)
    assert 20 <= found.looked_at <= 26
    assert found.share == pytest.approx(0.75, abs=0.05)


def test_every_frame_is_looked_at_near_the_limit_and_in_short_clips(
    recording: Recording,
) -> None:
    look = FaceLook(recording, BrightIsAFace(), limit=0.7)
    found = look.between(100.0, 100.0 + SECONDS)
    assert (found.looked_at, found.with_face) == (300, 225)
    assert look.between(101.0, 102.0).looked_at == 25
    assert look.between(500.0, 501.0).looked_at == 0
