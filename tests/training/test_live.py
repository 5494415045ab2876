"""A real small run on real rings: what it says, what it keeps (nothing), when it ends."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.core import clock
from emer_studio.core.process import Child
from emer_studio.core.ring import RingWriter
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.recording.reader import Recording, frame_table
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.schema.streams import parse_header
from emer_studio.study.folder import create_study
from emer_studio.study.lock import locked
from emer_studio.synthetic.face import FaceRenderer
from emer_studio.synthetic.gaze import GazeModel
from emer_studio.training.live.model import LiveModel, mean_clip_s
from emer_studio.training.live.rings import Followed
from emer_studio.training.live.window import LiveWindow
from emer_studio.training.models.registry import model_named
from emer_studio.training.prepare import prepare
from emer_studio.training.runs.fold_jobs import jobs_of
from emer_studio.training.runs.run_info import settings_of
from sessions import _GAZE, _header, write_session

CLIP_S, RATE_HZ = 2.0, 60.0
SAME = 0.02
"""Largest difference of a probability between a clip of a dataset and a window that ends
when the clip does: what the eyes did is judged by what comes after, too, which nobody knows
yet. Of a number, whose range is two or three, five times that. Knowing it, they agree."""
GAZE_XML = _header("EMER_SimGaze", "Gaze", RATE_HZ, "float32", _GAZE)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folds of one epoch, trained by the command."""
    base = tmp_path_factory.mktemp("live")
    synthesise(base / "data", SynthConfig(4, 7, frames=8, clip_s=CLIP_S, rate_hz=30.0))
    words = ["train", base / "data", "--protocol", "er7", "--folds", 2, "--epochs", 1]
    words += ["--face-net", "small", "--device", "cpu", "--out", base / "run"]
    assert main([*map(str, words)]) == 0
    return base / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> LiveModel:
    return LiveModel(run, "cpu")


class Devices:
    """A camera with a drawn face (or without) and a tracker, in rings of their own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.face = folder, True
        self.camera = RingWriter(folder / "camera.ring", 3, (240, 320, 3), "uint8")
        self.gaze = RingWriter(folder / "gaze.ring", 256, (1 + len(_GAZE),))
        (folder / "gaze.xml").write_text(GAZE_XML)
        face = FaceRenderer(3, 320, 240)
        self._pictures = [face.render("happiness", 0.8, t_s=k / 15) for k in range(15)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devices")
        self._thread.start()

    def _run(self) -> None:
        eyes, sent, origin_s = GazeModel(1, RATE_HZ), 0, clock.now_s()
        number = 0
        while not self._stop.wait(1 / 15):
            number += 1
            picture = self._pictures[number % 15]
            self.camera.write(picture if self.face else np.full_like(picture, 90))
            due = int((clock.now_s() - origin_s) * RATE_HZ) - sent
            batch = eyes.next(due, "happiness")
            stamps = 500.0 + (sent + np.arange(due)) / RATE_HZ  # of another clock
            rows = [stamps[:, None], batch.xy.reshape(due, 4), batch.pupil_mm]
            self.gaze.write_rows(np.concatenate(rows, axis=1))
            sent += due

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.camera.close()
        self.gaze.close()


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Devices]:
    made = Devices(tmp_path / "rings")
    yield made
    made.close()


def _words(run: Path, devices: Devices) -> list[str]:
    words = ["live", run, "--camera-ring", devices.camera.path]
    words += ["--gaze-ring", devices.gaze.path, "--device", "cpu"]
    return [*map(str, words)]


@contextmanager
def live(run: Path, devices: Devices, *more: object) -> Iterator[Child]:
    child = Child("live", [*_words(run, devices), "--events", *map(str, more)])
    try:
        yield child
    finally:
        child.stop()


def _until(child: Child, wanted: Any, timeout_s: float = 30.0) -> dict[str, Any]:
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        event = child.wait_for("estimate", timeout_s=timeout_s)
        if wanted(event):
            return event
    raise AssertionError(f"not within {timeout_s} s; the last one was {event}")


def _files(*folders: Path) -> dict[Path, tuple[int, int]]:
    found = (path for folder in folders for path in folder.rglob("*"))
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in found}


def test_it_estimates_says_what_is_absent_and_keeps_nothing(
    run: Path, devices: Devices, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = create_study(tmp_path / "study", seed=1)
    kept = (run, run.parent / "data", study.folder)
    before, names = _files(*kept), sorted(devices.folder.iterdir())
    with live(run, devices, "--study", study.folder) as child:
        ready = child.wait_for("ready", timeout_s=60)
        assert ready["folds"] == 2
        assert ready["window_s"] == pytest.approx(ready["clip_s"])
        assert ready["clip_s"] == pytest.approx(CLIP_S, rel=0.15)
        scored = {head["label"]: head["scored"] for head in ready["heads"]}
        assert scored["er_emotion"]
        assert not scored["fer_emotion"]  # learnt beside
        event = _until(
            child,
            lambda e: not e["absent"] and e["gaze_share"] > 0.5 and 0 <= e["age_ms"] < 2000,
        )
        for kind in ("felt", "shown"):
            assert sum(event[kind].values()) == pytest.approx(1.0)
            assert set(event[kind]) == set(load_benchmark("er7").classes)
        assert event["classes"]["er_emotion"] == event["felt"]
        assert set(event["numbers"]) >= {"er_valence", "er_arousal"}
        assert event["face_share"] > 0.5
        assert event["experimental"]
        began_s = time.monotonic()
        for _ in range(3):
            child.wait_for("estimate", timeout_s=20)
        assert time.monotonic() - began_s > 0.9  # at most two a second
        devices.face = False
        event = _until(child, lambda e: "face" in e["absent"])
        assert event["absent"] == ["face"]
        assert event["felt"]  # the eyes alone still give an answer
        assert _files(*kept) == before
        with locked(study.folder, "a session of P001"):
            assert "session" in child.wait_for("ended", timeout_s=20)["why"]
            assert child.finish(10) == 0
            assert main([*_words(run, devices), "--study", str(study.folder)]) == 2
    assert "session of P001" in capsys.readouterr().err
    assert _files(*kept) == before
    assert sorted(devices.folder.iterdir()) == names


def test_it_ends_when_the_preview_is_closed(
    run: Path, devices: Devices, capsys: pytest.CaptureFixture[str]
) -> None:
    close = threading.Timer(1.5, shutil.rmtree, [devices.folder])
    close.start()
    assert main([*_words(run, devices), "--window", "1"]) == 0  # as a person starts it
    close.join()
    out, told = capsys.readouterr()
    assert not out
    assert told.startswith("Experimental: not a label, not stored.")
    assert "looks at the last 1.0 s" in told
    assert "felt: " in told
    assert told.endswith("It ended: the camera is not shown any more.\n")


def test_a_window_is_what_a_dataset_makes_of_the_same_clip(
    model: LiveModel, tmp_path: Path
) -> None:
    study = create_study(tmp_path / "study", seed=7)
    folder = write_session(study, trials=1, size=(320, 240))
    build_dataset(study, tmp_path / "data", workers=1)
    dataset = open_cache(tmp_path / "data")
    (sample,), clip = dataset.samples, dataset.clip(0)
    assert clip.faces_valid.mean() > 0.9
    stream = Recording(folder).gaze()
    assert stream is not None
    rows = np.column_stack([stream.stamps_s, stream.values])
    there = model.estimate(dataset)
    for known, same in ((rows, 1e-6), (rows[rows[:, 0] < sample.end_s], SAME)):
        window = LiveWindow(60.0, header=parse_header(GAZE_XML))
        window.add_gaze(known, came_s=float(known[-1, 0]))
        stamps = frame_table(folder / "face_001.mkv")["t_s"]
        with av.open(str(folder / "face_001.mkv")) as video:
            for t_s, frame in zip(stamps, video.decode(video=0), strict=True):
                window.add_picture(float(t_s), frame.to_ndarray(format="bgr24"))
        moment = window.moment(sample.start_s, sample.end_s)
        mine, here = moment.dataset.clip(0), model.estimate(moment.dataset)
        assert moment.absent == ()
        np.testing.assert_array_equal(mine.faces, clip.faces)
        np.testing.assert_allclose(mine.face_times_s, clip.face_times_s)
        assert mine.eyes.shape == clip.eyes.shape
        for label, told in there.classes.items():
            for name, share in told.items():
                assert here.classes[label][name] == pytest.approx(share, abs=same)
        for label, value in there.numbers.items():
            assert here.numbers[label] == pytest.approx(value, abs=5 * same)


def test_the_folds_answer_on_average_and_each_as_in_the_run(
    run: Path, model: LiveModel
) -> None:
    dataset = open_cache(run.parent / "data")
    info = model.info
    assert mean_clip_s(info) == pytest.approx(CLIP_S, rel=0.15)
    prepared = prepare(dataset, load_benchmark("er7"), 2, info.seed)
    learner, settings = model_named(info.model), settings_of(info, "cpu")
    each = [
        learner.again(job, settings).predict([0])["er_emotion"].probabilities[0]
        for split in prepared.split
        for _, job in jobs_of(prepared, learner, settings, split, run)
    ]
    told = [*model.estimate(dataset).classes["er_emotion"].values()]
    np.testing.assert_allclose(told, np.mean(each, axis=0), rtol=1e-12)


def test_an_empty_or_short_window_is_nothing(model: LiveModel) -> None:
    window = LiveWindow(2.0, header=parse_header(GAZE_XML))
    assert window.moment(0.0, 2.0).absent == ("face", "gaze")
    for count in (1, 5, 12):
        rows = np.full((count, 7), 0.5)
        rows[:, 0] = 10.0 + np.arange(count) / RATE_HZ
        window.add_gaze(rows, came_s=11.0)
        moment = window.moment(10.0, 12.0)
        assert (moment.samples > 0) == (count > 5)
    assert moment.absent == ("face",)
    assert sum(model.estimate(moment.dataset).classes["er3"].values()) == pytest.approx(1)


def test_what_cannot_be_followed_is_told(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*words: object) -> str:
        assert main(["live", *map(str, words)]) == 2
        return capsys.readouterr().err

    camera = tmp_path / "camera.ring"
    assert "--camera-ring" in refused(run)
    assert "not a ring" in refused(run, "--camera-ring", camera)
    camera.write_bytes(b"nothing of a ring" * 99)
    assert "not a ring" in refused(run, "--camera-ring", camera)
    RingWriter(camera, 3, (5,)).close()
    assert "pictures" in refused(run, "--camera-ring", camera)
    assert "gaze.xml" in refused(run, "--gaze-ring", tmp_path / "gaze.ring")
    assert "1 to 60 s" in refused(run, "--camera-ring", camera, "--window", 0)
    assert "run.json" in refused(tmp_path, "--camera-ring", camera)
    broken = shutil.copytree(run, tmp_path / "broken")
    for path in broken.glob("*_best.pt"):
        path.unlink()
    assert "no network" in refused(broken, "--camera-ring", camera)


def test_a_ring_is_read_from_now_on_and_without_holes(tmp_path: Path) -> None:
    ring = RingWriter(tmp_path / "gaze.ring", 256, (2,))
    ring.write_rows(np.ones((7, 2)))
    followed = Followed(tmp_path / "gaze.ring", 2)
    assert len(followed.new()) == 0
    ring.write([8.0, 0.0])
    assert followed.new()[-1].tolist() == [8.0, 0.0]
    assert not followed.gone
    RingWriter(tmp_path / "gaze.ring", 256, (2,)).close()  # another one in its place
    assert followed.gone
    followed.close()
    ring.close()
