"""What TittaPy 2.1 is to a program, with a drawn tracker in place of a device.

Names, fields, types and units are those of TittaPy's own binding; the clock of its stamps
is off by an hour, so that nobody can take it for LSL's. Environment: ``TOBII_SERIAL``
(empty: no tracker), ``TOBII_MODEL``, ``TOBII_TROUBLE`` (``lost``: away after a second).
"""

from __future__ import annotations

import enum
import os
import time

import numpy as np

AHEAD_US = 3_600_000_000
SYNC_EVERY_S, POSITION_HZ = 0.2, 30.0
BLINK_EVERY, BLINK = 100, 20  # samples: the last 20 of 100 are lost


class notification_type(enum.Enum):
    calibration_changed = 4


class calibration_status(enum.Enum):
    failure, success, success_left_eye, success_right_eye = range(4)


class calibration_eye_validity(enum.Enum):
    invalid_and_not_used, valid_but_not_used, valid_and_used, unknown = range(4)


def get_system_timestamp() -> int:
    return time.perf_counter_ns() // 1000 + AHEAD_US


def _facts() -> dict[str, object]:
    return {
        "device_name": "",
        "serial_number": os.environ.get("TOBII_SERIAL", ""),
        "model": os.environ.get("TOBII_MODEL", "Tobii Pro Spectrum"),
        "firmware_version": "2.6.1",
        "runtime_version": "",
        "address": "tet-tcp://169.254.10.20",
        "frequency": 250.0,
        "tracking_mode": "human",
        "supported_frequencies": [60.0, 120.0, 250.0],
        "supported_modes": ["human"],
    }


def find_all_eye_trackers() -> list[dict[str, object]]:
    return [_facts()] if os.environ.get("TOBII_SERIAL") else []


class EyeTracker:
    def __init__(self, address: str) -> None:
        if address != _facts()["address"]:
            raise RuntimeError(
                f'Titta::cpp Error: Titta::cpp: Cannot get eye tracker "{address}"\n'
                "Error code: 204: TOBII_RESEARCH_STATUS_SE_CONNECTION_FAILED"
            )
        for name, value in _facts().items():
            setattr(self, name, value)
        self._began_us: dict[str, int] = {}
        self._taken: dict[str, int] = {}
        self._openness = False
        self._notified = False

    def has_stream(self, stream: str) -> bool:
        return True

    def set_include_eye_openness_in_gaze(self, include: bool) -> bool:
        before, self._openness = self._openness, include
        return before

    def start(self, stream: str) -> bool:
        self._began_us[stream], self._taken[stream] = get_system_timestamp(), 0
        return True

    def stop(self, stream: str) -> bool:
        del self._began_us[stream]
        return True

    def consume_N(self, stream: str) -> dict[str, object]:
        if stream == "notification":
            return self._notification()
        hz = {"gaze": self.frequency, "time_sync": 1 / SYNC_EVERY_S}.get(
            stream, POSITION_HZ
        )
        age_s = (get_system_timestamp() - self._began_us[stream]) / 1e6
        if os.environ.get("TOBII_TROUBLE") == "lost" and age_s > 1:
            raise RuntimeError("Titta::cpp: the connection was lost")
        if stream == "gaze" and self._openness and "Nano" in self.model:
            return _gaze(np.empty(0, int), 0, self.frequency, openness=True)  # never comes
        due = int(age_s * hz)
        count = np.arange(self._taken[stream], due)
        self._taken[stream] = due
        if stream == "gaze":
            return _gaze(count, self._began_us[stream], hz, openness=self._openness)
        if stream == "time_sync":
            stamps = self._began_us[stream] + np.round(count * 1e6 / hz).astype(np.int64)
            return {
                "system_request_time_stamp": stamps,
                "device_time_stamp": stamps - 7_000_000,
                "system_response_time_stamp": stamps + 200,
            }
        return _positioning(len(count))

    def enter_calibration_mode(self, do_monocular: bool) -> bool:
        self._collected: list[list[float]] = []
        self._steps: list[tuple[float, dict[str, object]]] = []
        self._over(0.1)
        return True

    def leave_calibration_mode(self, force: bool | None = None) -> bool:
        return not force

    def calibration_collect_data(
        self, coordinates: list[float], eye: str | None = None
    ) -> None:
        lost = os.environ.get("TOBII_TROUBLE") == "no eyes"
        self._collected.append(coordinates)
        self._over(0.4, **({"status": 40, "status_string": "no eyes"} if lost else {}))

    def calibration_compute_and_apply(self) -> None:
        used = calibration_eye_validity.valid_and_used
        unused = calibration_eye_validity.invalid_and_not_used
        points = [
            {
                "position_on_display_area_x": x,
                "position_on_display_area_y": y,
                "samples_left_position_on_display_area_x": np.full(20, x, np.float32),
                "samples_left_validity": [used] * 20,
                "samples_right_validity": [used] * 18 + [unused] * 2,
            }
            for x, y in self._collected
        ]
        result = {"status": calibration_status.success, "points": points}
        self._over(0.2, calibration_result=result)

    def calibration_retrieve_result(self) -> dict[str, object] | None:
        if self._steps and time.monotonic() >= self._steps[0][0]:
            return self._steps.pop(0)[1]
        return None

    def _over(self, after_s: float, **facts: object) -> None:
        done = {"work_item": {}, "status": 0, "status_string": "TOBII_RESEARCH_STATUS_OK"}
        self._steps.append((time.monotonic() + after_s, done | facts))

    def _notification(self) -> dict[str, object]:
        kinds = [] if self._notified else [notification_type.calibration_changed]
        self._notified = True
        stamps = np.array([get_system_timestamp()] * len(kinds), dtype=np.int64)
        return {"system_time_stamp": stamps, "notification_type": kinds}


def _gaze(
    count: np.ndarray, began_us: int, hz: float, *, openness: bool
) -> dict[str, object]:
    """A gaze that wanders to the right by 1/1000 of the display with every sample."""
    stamps = began_us + np.round(count * 1e6 / hz).astype(np.int64)
    seen = count % BLINK_EVERY < BLINK_EVERY - BLINK
    found: dict[str, object] = {
        "device_time_stamp": stamps - 7_000_000,
        "system_time_stamp": stamps,
    }

    def put(name: str, value: float | np.ndarray) -> None:
        full = np.broadcast_to(np.asarray(value, np.float32), count.shape)
        found[name] = np.where(seen, full, np.float32(-1))  # no NaN: readers must look

    for eye, sign in (("left", -1.0), ("right", 1.0)):
        put(f"{eye}_gaze_point_on_display_area_x", count % 1000 / 1000)
        put(f"{eye}_gaze_point_on_display_area_y", 0.25)
        for axis, point, origin in zip(
            "xyz", (10.0, 20.0, 30.0), (sign * 32, 5.0, 640.0), strict=True
        ):
            put(f"{eye}_gaze_point_in_user_coordinates_{axis}", point)
            put(f"{eye}_gaze_origin_in_user_coordinates_{axis}", origin)
            put(f"{eye}_gaze_origin_in_track_box_coordinates_{axis}", 0.5)
        put(f"{eye}_pupil_diameter", 3.2 + 0.1 * sign)
        for group in ("gaze_point", "pupil", "gaze_origin"):
            found[f"{eye}_{group}_valid"] = seen
            found[f"{eye}_{group}_available"] = np.ones(len(count), bool)
        put(f"{eye}_eye_openness_diameter", 9.0 if openness else 0.0)
        found[f"{eye}_eye_openness_valid"] = seen & openness
        found[f"{eye}_eye_openness_available"] = np.full(len(count), openness)
    return found


def _positioning(count: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for eye, x in (("left", 0.54), ("right", 0.46)):
        for axis, at in zip("xyz", (x, 0.5, 0.8), strict=True):
            found[f"{eye}_user_position_{axis}"] = np.full(count, at, np.float32)
        found[f"{eye}_user_position_valid"] = np.ones(count, bool)
    return found
