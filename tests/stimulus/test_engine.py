from __future__ import annotations

import csv
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clips import write_clip
from emer_studio.core import clock
from emer_studio.core.errors import BadInputError
from emer_studio.devices.audio import SilentOutput
from emer_studio.stimulus.engine import ClipPlayer
from emer_studio.stimulus.framelog import COLUMNS, ClipRecord, FrameLog, faults


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "tone.mp4", seconds=2.0)


@pytest.fixture
def at() -> Iterator[list[float]]:
    now = [50.0]
    clock.set_source(lambda: now[0])
    yield now
    clock.set_source(None)


def _settle(player: ClipPlayer, count: int = 1) -> None:
    """Wait until the decoder has queued what it can."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if len(player._queue) >= count or player._decoded_all:
            return
        time.sleep(0.005)
    raise AssertionError("the decoder did not come along")


def test_the_facts_and_the_first_picture_are_known_before_it_plays(clip):
    player = ClipPlayer(clip)
    facts = player.prepare()
    assert (facts.width, facts.height, facts.expected) == (320, 180, 60)
    assert facts.fps == pytest.approx(30)
    assert facts.duration_s == pytest.approx(2.0)
    assert facts.has_audio
    assert player.first_frame.index == 0
    assert player.first_frame.picture.shape == (180, 320, 4)
    player.close()


def test_every_picture_is_due_at_its_time_and_only_once(clip, at):
    player = ClipPlayer(clip)
    player.prepare()
    player.start()
    seen = []
    while not player.ended(at[0]):
        _settle(player)
        frame = player.due_frame(at[0])
        if frame is not None:
            seen.append(frame)
        at[0] = max(player.next_due_s(at[0]), at[0] + 1e-6)
    assert [frame.index for frame in seen] == list(range(60))
    assert [round(frame.planned_s - 50.0, 4) for frame in seen] == [
        round(k / 30, 4) for k in range(60)
    ]
    assert all(abs(int(f.picture[0, 0, 0]) - f.index) <= 2 for f in seen)
    assert sum(frame.dropped_before for frame in seen) == 0
    assert at[0] == pytest.approx(52.0, abs=0.002)
    player.close()


def test_a_late_viewer_gets_the_newest_picture_and_the_number_skipped(clip, at):
    player = ClipPlayer(clip)
    player.prepare()
    player.start()
    assert player.due_frame(at[0]).index == 0
    _settle(player, 20)
    at[0] += 10.4 / 30
    frame = player.due_frame(at[0])
    assert (frame.index, frame.dropped_before) == (10, 9)
    assert player.due_frame(at[0]) is None
    player.close()


def test_a_part_keeps_the_indices_and_times_of_the_whole_file(clip):
    player = ClipPlayer(clip, trim_in_s=0.5, trim_out_s=1.5)
    facts = player.prepare()
    assert facts.expected == 30
    assert facts.duration_s == pytest.approx(1.0)
    assert player.first_frame.index == 15
    assert player.first_frame.pts_s == pytest.approx(0.5)
    assert player.first_frame.media_s == pytest.approx(0.0)
    assert len(player._sound) == 48_000
    player.close()


def test_pictures_are_scaled_into_the_box_keeping_their_shape(clip):
    player = ClipPlayer(clip, fit_px=(1000, 1000))
    player.prepare()
    assert player.first_frame.picture.shape == (562, 1000, 4)
    player.close()


def test_the_sound_is_the_tone_that_was_written_and_obeys_the_gain(clip):
    quiet = ClipPlayer(clip, gain_db=-6.0206)
    quiet.prepare()
    sound = quiet._sound[4800:43200, 0]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    peak_hz = np.argmax(spectrum) * 48_000 / len(sound)
    assert peak_hz == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.125 / np.sqrt(2), rel=0.05)
    quiet.close()


def test_a_clip_without_sound_says_so(tmp_path, at):
    path = write_clip(tmp_path / "mute.mp4", seconds=0.3, tone_hz=None)
    player = ClipPlayer(path, output=SilentOutput(problem="no card"))
    assert not player.prepare().has_audio
    player.start()
    assert player.audio == "none"
    assert player.audio_onset_t_s is None
    player.close()


def test_sound_that_nobody_hears_is_called_silent(clip, at):
    player = ClipPlayer(clip, output=SilentOutput(problem="no card"))
    player.prepare()
    player.start()
    assert player.audio == "silent"
    assert player.audio_onset_t_s is None
    player.close()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda p: None, "There is no clip", id="a file that is missing"),
        pytest.param(
            lambda p: p.write_bytes(b"not a video" * 999),
            "cannot be read",
            id="not a video",
        ),
        pytest.param(lambda p: p.write_bytes(b""), "cannot be read", id="an empty file"),
    ],
)
def test_bad_files_are_refused_with_a_reason(tmp_path, make, words):
    path = tmp_path / "bad.mp4"
    make(path)
    player = ClipPlayer(path)
    with pytest.raises(BadInputError, match=words):
        player.prepare()


def test_a_file_with_sound_only_is_refused(tmp_path):
    import av

    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as out:
        sound = out.add_stream("aac", rate=48_000, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        block.sample_rate = 48_000
        out.mux(sound.encode(block))
        out.mux(sound.encode(None))
    with pytest.raises(BadInputError, match="no video"):
        ClipPlayer(path).prepare()


def test_a_part_that_lies_outside_is_refused(clip):
    with pytest.raises(BadInputError, match=r"it lasts 2\.00 s"):
        ClipPlayer(clip, trim_in_s=5.0).prepare()
    with pytest.raises(BadInputError, match="Nothing of"):
        ClipPlayer(clip, trim_in_s=1.0, trim_out_s=0.5).prepare()


def test_damage_in_the_middle_is_played_through_and_counted(tmp_path, at):
    path = write_clip(tmp_path / "hurt.mp4", seconds=2.0, size=(640, 360))
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 400] = bytes(400)
    path.write_bytes(bytes(raw))
    player = ClipPlayer(path)
    player.prepare()
    player.start()
    shown = []
    while not player.ended(at[0]):
        _settle(player)
        frame = player.due_frame(at[0])
        if frame is not None:
            shown.append(frame.index)
        at[0] = max(player.next_due_s(at[0]), at[0] + 1e-4)
        assert at[0] < 60
    assert shown[-1] >= 55
    assert player.decode_errors > 0
    assert player.problem == ""
    player.close()


def test_a_file_that_was_cut_off_plays_as_far_as_it_goes_and_is_counted(tmp_path, at):
    path = write_clip(tmp_path / "whole.mp4", seconds=4.0, size=(640, 360), front=True)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * 6 // 10])
    player = ClipPlayer(path)
    player.prepare()
    player.start()
    shown = 0
    while not player.ended(at[0]):
        _settle(player)
        shown += player.due_frame(at[0]) is not None
        at[0] = max(player.next_due_s(at[0]), at[0] + 1e-4)
        assert at[0] < 60
    assert 30 < shown < 110
    assert player.decode_errors >= 10
    player.close()


def test_a_phone_clip_on_its_side_is_shown_upright(tmp_path):
    path = write_clip(tmp_path / "side.mp4", seconds=0.2, tone_hz=None)
    raw = path.read_bytes()
    one, zero = 0x10000, 0
    upright = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9i", zero, one, 0, -one, 0, 0, 0, 0, 0x40000000)
    at = raw.index(upright, raw.index(b"tkhd"))
    path.write_bytes(raw[:at] + turned + raw[at + len(turned) :])
    player = ClipPlayer(path)
    player.prepare()
    assert player.first_frame.picture.shape == (320, 180, 4)
    player.close()


def test_closing_ends_the_thread_at_any_moment(clip):
    before = threading.active_count()
    for _ in range(10):
        player = ClipPlayer(clip)
        player.prepare()
        player.start()
        player.close()
        player.close()
    assert threading.active_count() == before


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _played(clip: Path, log: FrameLog, at: list[float]) -> ClipRecord:
    player = ClipPlayer(clip)
    facts = player.prepare()
    player.start()
    record = ClipRecord(3, 'odd, "clip"', facts.expected, player.started_t_s)
    for step in (0.002, 0.040, 0.100, 0.034):
        _settle(player, 8)
        at[0] += step
        log.add(record, player.due_frame(at[0]), at[0])
    player.close()
    log.sync()
    return record


def test_the_log_has_a_row_for_every_picture_and_the_summary_agrees(clip, tmp_path, at):
    log = FrameLog(tmp_path / "presented.csv")
    record = _played(clip, log, at)
    log.close()
    rows = _rows(tmp_path / "presented.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [row["frame_index"] for row in rows] == ["0", "1", "4", "5"]
    assert [row["dropped_before"] for row in rows] == ["0", "0", "2", "0"]
    assert rows[0]["clip"] == 'odd, "clip"'
    late = float(rows[0]["shown_s"]) - float(rows[0]["planned_s"])
    assert late * 1000 == pytest.approx(float(rows[0]["late_ms"]), abs=0.01)
    summary = record.summary(audio="device", audio_onset_t_s=50.001)
    assert summary["first_frame_delay_ms"] == pytest.approx(2.0)
    assert summary["av_offset_ms"] == pytest.approx(1.0)
    assert (summary["shown"], summary["expected"], summary["dropped"]) == (4, 60, 56)
    assert summary["skipped"] == 2
    assert summary["interval_p50_ms"] == pytest.approx(40.0)
    assert summary["interval_max_ms"] == pytest.approx(100.0)
    assert summary["wall_minus_media_ms"] == pytest.approx(174 - 5000 / 30, abs=0.01)


def test_a_log_that_exists_is_continued_never_cut(clip, tmp_path, at):
    path = tmp_path / "presented.csv"
    log = FrameLog(path)
    _played(clip, log, at)
    log.close()
    before = path.read_bytes()
    path.write_bytes(before + b"3,half a ro")  # what a crash may leave
    again = FrameLog(path)
    _played(clip, again, at)
    again.close()
    assert path.read_bytes().startswith(before + b"3,half a ro\n3,")


def test_what_is_wrong_with_a_clip_is_said_and_nothing_of_a_good_one():
    record = ClipRecord(1, "a", 3, 10.0, shown_s=[10.1, 10.2, 10.3], pts_s=[0, 0.1, 0.2])
    good = record.summary(audio="device", audio_onset_t_s=10.1)
    assert good["shown_is"] == "submitted"
    assert faults(good) == faults({}) == []
    bad = record.summary(
        audio="lost",
        audio_onset_t_s=10.1,
        audio_lost_t_s=12.5,
        audio_underflows=2,
        decode_errors=4,
        problem="OSError: gone",
    )
    assert bad["audio_lost_s"] == 2.5
    assert bad["av_offset_ms"] == 0.0
    assert faults(bad) == [
        "it broke off: OSError: gone",
        "4 places of its picture do not decode",
        "the sound device vanished 2.5 s after its start",
        "its sound broke off 2 times",
    ]
    nothing = ClipRecord(1, "a", 60, 0.0).summary(audio="none")
    assert faults(nothing) == ["none of its frames was shown"]


def test_the_summary_of_nothing_shown_is_honest():
    summary = ClipRecord(1, "a", 60, 0.0).summary(audio="none")
    assert summary["shown"] == 0
    assert summary["dropped"] == 60
    assert summary["interval_p99_ms"] is None
