"""A webcam through OpenCV: negotiation, locking, JPEG as it comes – on a driver of ours.

No camera is needed: the class below behaves as ``cv2.VideoCapture`` does on each system
(values and conventions read in OpenCV's sources), and the real code runs on it.
"""

from __future__ import annotations

import errno
import struct
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from emer_studio.core.errors import MissingError
from emer_studio.devices.camera import CameraOptions
from emer_studio.devices.camera_controls import ControlReport, lock_controls
from emer_studio.devices.camera_opencv import OpenCVDevice, whole_jpeg
from emer_studio.devices.camera_v4l2 import set_linux_controls
from emer_studio.synthetic.face import FaceRenderer

EXPOSURE, AUTO_EXPOSURE = cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_AUTO_EXPOSURE
WHITE, AUTO_WHITE = cv2.CAP_PROP_WB_TEMPERATURE, cv2.CAP_PROP_AUTO_WB
FOCUS, AUTO_FOCUS = cv2.CAP_PROP_FOCUS, cv2.CAP_PROP_AUTOFOCUS
GAIN = cv2.CAP_PROP_GAIN
NOWHERE = Path("/nowhere/video0")  # never the camera of whoever runs this
FACE = FaceRenderer(1, 64, 48).render("neutral")
JPEG = cv2.imencode(".jpg", FACE)[1]


class Capture:
    """A driver: properties it has, those it moves by itself, what it refuses."""

    backend = "V4L2"

    def __init__(self, **found: Any) -> None:
        self.values: dict[int, float] = {
            cv2.CAP_PROP_FRAME_WIDTH: 64.0,
            cv2.CAP_PROP_FRAME_HEIGHT: 48.0,
            cv2.CAP_PROP_FPS: 30.0,
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"YUYV")),
            cv2.CAP_PROP_CONVERT_RGB: 1.0,
        }
        self.written: list[tuple[int, float]] = []
        self.refused: set[int] = set()
        self.jpeg = bool(found.get("jpeg"))
        self.left = int(found.get("frames", 10**6))
        self.opened = bool(found.get("opened", True))
        self.released = False

    def isOpened(self) -> bool:
        return self.opened

    def getBackendName(self) -> str:
        return self.backend

    def release(self) -> None:
        self.released = True

    def get(self, prop: int) -> float:
        return self.values.get(prop, -1.0)

    def set(self, prop: int, value: float) -> bool:
        self.written.append((prop, value))
        if prop in self.refused or prop not in self.values:
            return False
        self.take(prop, value)
        return True

    def take(self, prop: int, value: float) -> None:
        self.values[prop] = value

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, Any]:
        if self.values[cv2.CAP_PROP_CONVERT_RGB] == 0:
            if not self.jpeg:
                return True, np.zeros((48, 64, 2), np.uint8)  # YUYV as it comes
            return True, np.concatenate([JPEG.ravel(), np.zeros(500, np.uint8)])[None]
        return True, FACE.copy()


class LinuxCapture(Capture):
    """V4L2: a menu of 1 (manual) and 3 (automatic); whole numbers only."""

    def __init__(self, **found: Any) -> None:
        super().__init__(**found)
        self.values |= {
            EXPOSURE: 156.0,
            AUTO_EXPOSURE: 3.0,
            WHITE: 4600.0,
            AUTO_WHITE: 1.0,
            FOCUS: 30.0,
            AUTO_FOCUS: 1.0,
            GAIN: 12.0,
        }

    def take(self, prop: int, value: float) -> None:
        value = float(round(value))
        if prop == EXPOSURE and self.values[AUTO_EXPOSURE] != 1.0:
            return  # an automatic exposure ignores it
        self.values[prop] = value


class NormalisedCapture(LinuxCapture):
    """V4L2 with OPENCV_VIDEOIO_V4L_RANGE_NORMALIZED: the menu divided by four."""

    def __init__(self, **found: Any) -> None:
        super().__init__(**found)
        self.values |= {AUTO_EXPOSURE: 0.75, EXPOSURE: 0.04}

    def set(self, prop: int, value: float) -> bool:
        if prop == AUTO_EXPOSURE and value * 4 not in (1.0, 3.0):
            self.written.append((prop, value))
            return False
        return super().set(prop, value)

    def take(self, prop: int, value: float) -> None:
        if prop == EXPOSURE and self.values[AUTO_EXPOSURE] != 0.25:
            return
        self.values[prop] = value


class DirectShowCapture(Capture):
    """DirectShow: no automatic exposure to read; the focus is read as flags."""

    backend = "DSHOW"

    def __init__(self, **found: Any) -> None:
        super().__init__(**found)
        self.values |= {
            EXPOSURE: -6.0,
            GAIN: 40.0,
            cv2.CAP_PROP_WHITE_BALANCE_BLUE_U: 4000.0,
            FOCUS: 20.0,
            AUTO_FOCUS: 1.0,
        }

    def take(self, prop: int, value: float) -> None:
        self.values[prop] = (2.0 if value == 0 else 1.0) if prop == AUTO_FOCUS else value


def reports(capture: Capture, **more: Any) -> dict[str, ControlReport]:
    return {report.name: report for report in lock_controls(capture, **more)}


def test_a_linux_camera_is_locked_at_the_values_it_reached() -> None:
    capture = LinuxCapture()
    found = reports(capture)
    assert capture.values[AUTO_EXPOSURE] == 1.0
    assert capture.values[AUTO_WHITE] == capture.values[AUTO_FOCUS] == 0.0
    assert found["exposure"] == ControlReport("exposure", 156.0, 156.0, "yes")
    assert found["white_balance"] == ControlReport("white_balance", 4600.0, 4600.0, "yes")
    assert found["focus"].locked == "yes"
    # The gain has no switch of its own; it was written and holds, more is not known.
    assert found["gain"] == ControlReport("gain", 12.0, 12.0, "unknown")
    # 0.25 would be rounded to 0 there, which is automatic.
    assert (AUTO_EXPOSURE, 0.25) not in capture.written


def test_normalised_linux_values_are_understood() -> None:
    capture = NormalisedCapture()
    found = reports(capture)
    assert capture.values[AUTO_EXPOSURE] == 0.25
    assert found["exposure"].locked == "yes"
    assert found["exposure"].got == pytest.approx(0.04)


def test_a_directshow_camera_is_locked_by_writing_its_values() -> None:
    capture = DirectShowCapture()
    found = reports(capture)
    assert (EXPOSURE, -6.0) in capture.written
    assert found["exposure"] == ControlReport("exposure", -6.0, -6.0, "yes")
    assert found["white_balance"] == ControlReport("white_balance", 4000.0, 4000.0, "yes")
    assert found["focus"].locked == "yes"
    assert capture.values[AUTO_FOCUS] == 2.0  # manual, as it reads there


def test_a_camera_that_stays_automatic_is_reported_as_not_locked() -> None:
    capture = LinuxCapture()
    capture.refused = {AUTO_EXPOSURE, AUTO_WHITE}
    found = reports(capture)
    assert found["exposure"].locked == "no"
    assert found["white_balance"].locked == "no"
    assert found["focus"].locked == "yes"


def test_a_camera_without_controls_is_unknown_not_locked() -> None:
    found = reports(Capture())
    assert {report.locked for report in found.values()} == {"unknown"}
    assert found["exposure"].detail() == (
        "exposure",
        "locked=unknown wanted=unreadable got=unreadable",
    )


def test_a_system_that_reads_zero_for_everything_is_unknown() -> None:
    class MacCapture(Capture):
        backend = "AVFOUNDATION"

        def get(self, prop: int) -> float:
            return self.values.get(prop, 0.0)

    assert {report.locked for report in reports(MacCapture()).values()} == {"unknown"}


def test_a_camera_that_changes_the_value_by_itself_is_not_locked() -> None:
    class Drifting(LinuxCapture):
        def get(self, prop: int) -> float:
            if prop == EXPOSURE:
                self.values[EXPOSURE] += 1
            return super().get(prop)

    assert reports(Drifting())["exposure"].locked == "no"


def test_a_camera_opened_again_gets_the_values_of_the_first_time() -> None:
    captures = [LinuxCapture(), LinuxCapture()]
    captures[1].values[EXPOSURE] = 300.0  # it found itself in another light
    left = iter(captures)
    device = OpenCVDevice(
        0,
        CameraOptions(64, 48, 30.0),
        make_capture=lambda _: next(left),
        node=NOWHERE,
        settle_s=0.0,
    )
    device.open()
    again = device.open()
    assert captures[1].values[EXPOSURE] == 156.0
    assert dict(again.facts.details)["exposure"] == "locked=yes wanted=156 got=156"


def test_what_was_negotiated_is_reported_not_what_was_asked() -> None:
    capture = LinuxCapture()
    device = OpenCVDevice(
        3,
        CameraOptions(1920, 1080, 60.0),
        make_capture=lambda _: capture,
        node=NOWHERE,
        settle_s=0.05,
    )
    capture.refused = {cv2.CAP_PROP_FPS, cv2.CAP_PROP_FOURCC}
    facts = device.open().facts
    details = dict(facts.details)
    assert (facts.width_px, facts.height_px, facts.fps) == (64, 48, 30.0)
    assert (facts.driver, facts.pixel_format) == ("opencv/V4L2", "YUYV")
    assert details["asked"] == "1920x1080 60 fps MJPG"
    assert float(details["measured_fps"]) > 0
    assert "mains_frequency" in details


def test_jpegs_come_as_they_are_where_the_camera_offers_them() -> None:
    asked = CameraOptions(64, 48, 30.0, jpeg=True)
    device = OpenCVDevice(
        0, asked, make_capture=lambda _: LinuxCapture(jpeg=True), node=NOWHERE, settle_s=0.0
    )
    camera = device.open()
    frame = camera.grab()
    assert frame is not None
    assert frame.jpeg == JPEG.tobytes()  # without the padding
    assert (camera.facts.width_px, camera.facts.height_px) == (64, 48)
    assert dict(camera.facts.details)["jpeg"] == "as it comes"


def test_a_camera_without_jpegs_is_decoded_and_says_so() -> None:
    asked = CameraOptions(64, 48, 30.0, jpeg=True)
    device = OpenCVDevice(
        0, asked, make_capture=lambda _: LinuxCapture(), node=NOWHERE, settle_s=0.0
    )
    camera = device.open()
    frame = camera.grab()
    assert frame is not None
    assert frame.jpeg is None
    assert frame.picture().shape == (48, 64, 3)
    assert dict(camera.facts.details)["jpeg"] == "not offered"


def test_a_jpeg_is_told_from_other_bytes() -> None:
    assert whole_jpeg(None) is None
    assert whole_jpeg(np.zeros((48, 64, 3), np.uint8)) is None
    assert whole_jpeg(np.zeros((1, 100), np.uint8)) is None
    assert whole_jpeg(JPEG.ravel()[:50][None]) is None  # cut off: no end


def test_a_camera_that_opens_without_pictures_is_missing_and_released() -> None:
    capture = LinuxCapture(frames=0)
    device = OpenCVDevice(0, CameraOptions(), make_capture=lambda _: capture, node=NOWHERE)
    with pytest.raises(MissingError, match="delivers no picture"):
        device.open()
    assert capture.released


def test_a_camera_that_does_not_open_is_missing() -> None:
    device = OpenCVDevice(
        0, CameraOptions(), make_capture=lambda _: Capture(opened=False), node=NOWHERE
    )
    with pytest.raises(MissingError, match="cannot be opened"):
        device.open()


def test_a_lost_camera_ends_with_none() -> None:
    capture = LinuxCapture()
    camera = OpenCVDevice(
        0, CameraOptions(), make_capture=lambda _: capture, node=NOWHERE, settle_s=0.0
    ).open()
    capture.left = 0
    assert camera.grab() is None


class LinuxDriver:
    """``VIDIOC_G_CTRL`` and ``VIDIOC_S_CTRL`` of a driver."""

    def __init__(self, values: dict[int, int]) -> None:
        self.values = values

    def __call__(self, _handle: int, request: int, raw: bytes) -> bytes:
        control, value = struct.unpack("=Ii", raw)
        if control not in self.values:
            raise OSError(errno.EINVAL, "no such control")
        if request == 0xC008561C:
            self.values[control] = value
        return struct.pack("=Ii", control, self.values[control])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="V4L2 is Linux's")
def test_mains_frequency_and_dynamic_frame_rate_are_set_on_linux() -> None:
    node = Path("/dev/null")  # opened only; the calls go to our driver
    driver = LinuxDriver({0x00980918: 3, 0x009A0903: 1})
    mains, rate = set_linux_controls(node, 60, ioctl=driver)
    assert (mains.got, mains.locked) == (2.0, "yes")
    assert (rate.name, rate.got, rate.locked) == ("exposure_lowers_rate", 0.0, "yes")
    driver = LinuxDriver({0x00980918: 3})  # automatic, and no dynamic rate
    mains, rate = set_linux_controls(node, 0, ioctl=driver)
    assert (mains.wanted, mains.got, mains.locked) == (None, 3.0, "no")
    assert rate.locked == "unknown"


def test_mains_frequency_of_a_device_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    (report,) = set_linux_controls(tmp_path / "video9", 50)
    assert report.locked == "unknown"
