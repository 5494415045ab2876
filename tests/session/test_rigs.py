"""Rigs: kept by name, taken by ``run``, never written over a file that cannot be read."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.recording.screen_geometry import geometry_of
from emer_studio.schema.rig import Rig
from emer_studio.session import cmd_run
from emer_studio.session.rigs import forget_rig, keep_rig, known_rigs, rig_named

ROOM = Rig(
    name="Room 2",
    camera="1",
    gaze="Tobii",
    size="1280x720",
    fps="60",
    display=1,
    screen_mm=(531.0, 299.0),
    distance_mm=620.0,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path))
    return tmp_path


def test_rigs_are_kept_replaced_and_forgotten() -> None:
    assert known_rigs() == ()
    keep_rig(ROOM)
    keep_rig(Rig(name="attic"))
    keep_rig(ROOM.model_copy(update={"camera": "0"}))
    assert [rig.name for rig in known_rigs()] == ["attic", "Room 2"]
    assert rig_named("Room 2").camera == "0"
    forget_rig("Room 2")
    with pytest.raises(BadInputError, match="knows: attic"):
        rig_named("Room 2")


def test_a_file_with_a_mistake_is_named_and_left_alone(home: Path) -> None:
    path = home / "rigs.json"
    path.write_text('{"rigs": [{"name": "a", "camra": "0"}]}')
    with pytest.raises(BadInputError, match="nearest valid key is 'camera'"):
        keep_rig(ROOM)
    assert "camra" in path.read_text()


@pytest.mark.parametrize(
    "wrong", ['"fps": "abc"', '"codec": "avi"', '"mains": "55"', '"size": "big"']
)
def test_what_no_camera_understands_is_named_before_a_session(
    home: Path, wrong: str
) -> None:
    path = home / "rigs.json"
    path.write_text(f'{{"rigs": [{{"name": "a", {wrong}}}]}}')
    with pytest.raises(BadInputError, match=wrong.split('"')[1]):
        devices("--rig", "a", "--gaze", "sim")


def devices(*words: str) -> cmd_run.Devices:
    parser = argparse.ArgumentParser()
    cmd_run.arguments(parser)
    return cmd_run._devices(parser.parse_args(["s", "--participant", "P001", *words]))


def test_run_takes_a_rig_and_what_is_said_beside_it_goes_first() -> None:
    keep_rig(ROOM)
    made = devices("--rig", "Room 2", "--camera", "0")
    assert (made.camera, made.gaze, made.display, made.windowed) == ("0", "Tobii", 1, False)
    assert made.camera_options == ("--width", "1280", "--height", "720", "--fps", "60.0")
    assert made.rig == "Room 2"
    display = {"width_px": 1920, "height_px": 1080, "width_mm": 0, "height_mm": 0}
    geometry = geometry_of(made.said_of(display))
    assert (geometry.width_mm, geometry.distance_mm) == (531.0, 620.0)
    assert geometry.size_from == geometry.distance_from == "given"
    with pytest.raises(BadInputError, match="531x299"):
        devices("--gaze", "sim", "--screen-mm", "wide")
