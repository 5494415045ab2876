"""What `stimuli check` measures, on clips whose truth is known."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.stimulus.inspect import inspect_clip

FPS = 25


def write_clip(
    path: Path,
    levels: list[float],
    *,
    tone: float | None = None,
    pts: list[int] | None = None,
) -> Path:
    """A clip whose frames are noise around these grey levels; -1 repeats the last frame."""
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"crf": "10"})
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        sound = None if tone is None else container.add_stream("pcm_s16le", rate=48_000)
        if sound is not None:
            sound.layout = "stereo"
        picture = np.zeros((120, 160, 3), np.uint8)
        for index, level in enumerate(levels):
            if level >= 0:
                noise = rng.normal(0, 6, (120, 160, 1)) if level > 0 else 0
                grey = np.clip(255 * level + noise, 0, 255)
                picture = np.broadcast_to(grey, (120, 160, 3)).astype(np.uint8).copy()
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = pts[index] if pts else index * 1000 // FPS
            frame.time_base = Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            t = np.arange(48_000 * len(levels) // FPS) / 48_000
            wave = (32767 * tone * np.sin(2 * np.pi * 997 * t)).astype(np.int16)
            both = np.repeat(wave, 2)[None]
            block = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
            block.sample_rate, block.pts = 48_000, 0
            container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path


def test_loudness_is_that_of_the_standard(tmp_path: Path) -> None:
    # A 997 Hz sine of full scale in one channel is -3.01 LUFS (BS.1770-4), in two 0.0.
    report = inspect_clip(write_clip(tmp_path / "a.mkv", [0.5] * 100, tone=0.1))
    assert report.lufs == pytest.approx(-20.0, abs=0.15)
    assert report.true_peak_dbtp == pytest.approx(-20.0, abs=0.2)
    assert report.gain_db == pytest.approx(-3.0, abs=0.15)


def test_black_and_frozen_stretches_are_found(tmp_path: Path) -> None:
    levels = [0.6] * 25 + [0.0] * 30 + [0.4] * 25 + [-1.0] * 25 + [0.5] * 20
    report = inspect_clip(write_clip(tmp_path / "a.mkv", levels))
    ((start, length),) = report.black
    assert (start, length) == (pytest.approx(1.0, abs=0.05), pytest.approx(1.2, abs=0.05))
    assert any(abs(s - 3.2) < 0.1 and abs(n - 1.0) < 0.1 for s, n in report.frozen)
    assert len(report.luminance) == report.frames == len(levels)
    assert report.luminance[5] == pytest.approx(0.6, abs=0.03)
    assert report.luminance[70] == pytest.approx(0.4, abs=0.03)
    assert report.audio == ""
    assert np.isnan(report.lufs)
    assert report.gain_db == 0.0


def test_a_variable_rate_is_seen(tmp_path: Path) -> None:
    steps = [40, 40, 80, 40, 20] * 10
    pts = np.cumsum([0, *steps[:-1]]).tolist()
    report = inspect_clip(write_clip(tmp_path / "a.mkv", [0.5] * 50, pts=pts))
    assert report.variable
    assert not inspect_clip(write_clip(tmp_path / "b.mkv", [0.5] * 50)).variable


def test_a_clip_that_breaks_in_the_middle_is_reported_and_measured(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [0.3, 0.7] * 60)
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 400] = np.random.default_rng(2).bytes(400)
    path.write_bytes(bytes(raw))
    report = inspect_clip(path)
    assert 0 < report.frames <= 120


def test_a_file_that_was_cut_off_is_reported(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", [0.3, 0.7] * 60, tone=0.1)
    assert inspect_clip(path).problems == ()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (problem,) = inspect_clip(path).problems
    assert "is it cut off?" in problem


@pytest.mark.parametrize("content", [b"", b"not a clip at all" * 50])
def test_what_is_no_clip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(BadInputError):
        inspect_clip(path)


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    write_clip(tmp_path / "good.mkv", [0.2, 0.8] * 30, tone=0.1)
    write_clip(tmp_path / "other.mkv", [0.5] * 30)
    manifest = tmp_path / "clips.yaml"
    manifest.write_text(
        "format_version: 1\nname: m\nclips:\n"
        "  - {id: good, file: good.mkv, emotion: fear, peak_s: 1.0}\n"
        f"  - {{id: changed, file: other.mkv, emotion: fear, sha256: {'ab' * 32}}}\n"
        "  - {id: short, file: other.mkv, emotion: fear, trim_out_s: 9}\n"
        "  - {id: gone, file: gone.mkv, emotion: fear}\n"
    )
    done = subprocess.run(
        command_line("stimuli", "check", str(manifest), "--json"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["failed"] == ["changed", "short", "gone"]
    good = result["clips"][0]
    assert good["errors"] == []
    assert good["suggested_gain_db"] == pytest.approx(-3.0, abs=0.2)
    assert good["duration_s"] == pytest.approx(2.4, abs=0.05)
