"""How clips are shown and heard: our participant's window beside QtMultimedia and ffplay.

    python tests/benchmarks/bench_clip.py [--seconds 60] [--sizes 1280x720 …] [--fps 30]
                      [--players ours qt ffplay] [--beside] [--mute] [--gl]

A witness that knows no player tells what became of the clip: it reads each frame's number
from the memory of an Xvfb screen, and hears each second's tone at the monitor of a
PulseAudio null sink. All play the same clip full screen, one after the other. With
`--beside`, camera (1080p30, H.264) and gaze (250 Hz) are recorded meanwhile. Xvfb has no
refresh: what a screen adds, and its tearing, are not in the numbers. It has no GPU either:
OpenGL in software costs the others most of their frames, so they draw without it, as ours
does; `--gl` lets them.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.bench_camera import recording_beside
from benchmarks.ear import Ear, constant_s, sound_server, why_no_sound
from benchmarks.marked_clip import NO_FRAME, write_clip
from benchmarks.recorders import keep_lsl_on_this_machine, machine
from emer_studio.core.process import Child

HERE = Path(__file__).parent
Player = Callable[[Path, Path], "Told"]
Floats = npt.NDArray[np.float64]
_SCREEN = "BENCH_SCREEN"
_RASTER = {"QT_XCB_GL_INTEGRATION": "none", "SDL_RENDER_DRIVER": "software"}
_NEAR_S = 0.4  # a tone belongs to the second that it is nearest to


@dataclass(frozen=True)
class Told:
    """What a player says of itself, and what it cost."""

    cores: float
    shown: int | None = None
    av_ms: float | None = None


@dataclass(frozen=True)
class Seen:
    """What the witness saw and heard.

    Attributes
    ----------
    interval_ms : tuple of float
        Between two visible frames that follow each other in the file: p50, p99, max.
    skipped, repeated : int
        Frames that were never visible, and those that came back after a later one.
    av_ms : tuple of float
        Seen minus heard, less the same in the file: median, and half the range from p5
        to p95. nan without sound.
    uncertain_ms : float
        p99 of how long before a change the screen had been looked at.
    """

    shown: int
    expected: int
    skipped: int
    repeated: int
    interval_ms: tuple[float, float, float]
    drift_ms: float
    av_ms: tuple[float, float]
    uncertain_ms: float


def why_not() -> str:
    """Return why nothing can be watched here, empty when it can."""
    return "" if shutil.which("Xvfb") else "needs Xvfb (Debian: apt-get install xvfb)"


def why_not_player(name: str) -> str:
    """Return why a player cannot take part, empty when it can."""
    if name == "ffplay" and shutil.which("ffplay") is None:
        return "ffplay is not installed (Debian: apt-get install ffmpeg)"
    if name == "qt" and importlib.util.find_spec("PySide6.QtMultimedia") is None:
        return "QtMultimedia is not installed"
    return ""


def ours(clip: Path, folder: Path) -> Told:
    """Play the clip in the participant's window."""
    words = ["participant", "--presented", str(folder / "presented.csv")]
    window = Child("participant", words, stderr_path=folder / "participant.txt")
    try:
        window.wait_for("ready", timeout_s=60)
        window.send("prepare", trial=1, clip="clip", file=str(clip))
        window.wait_for("clip_ready", timeout_s=60)
        before, began = _cpu_s(window.pid), time.monotonic()
        window.send("play")
        found = window.wait_for("clip_end", timeout_s=600)["summary"]
        cores = (_cpu_s(window.pid) - before) / (time.monotonic() - began)
    finally:
        window.stop()
    return Told(cores, found["shown"], found["av_offset_ms"])


def qt(clip: Path, folder: Path) -> Told:
    """Play the clip with QtMultimedia."""
    return _program([sys.executable, str(HERE / "qt_player.py"), str(clip)], folder)


def ffplay(clip: Path, folder: Path) -> Told:
    """Play the clip with ffplay."""
    # Without a window manager -fs makes a window of the clip's size.
    width, height = os.environ[_SCREEN].split("x")
    place = ["-noborder", "-left", "0", "-top", "0", "-x", width, "-y", height]
    return _program(
        ["ffplay", *place, "-autoexit", "-loglevel", "error", str(clip)], folder
    )


PLAYERS: dict[str, tuple[str, Player]] = {
    "ours": ("EMER Studio", ours),
    "qt": ("QtMultimedia", qt),
    "ffplay": ("ffplay", ffplay),
}


def _program(command: list[str], folder: Path) -> Told:
    """Run a player to its end; what it needed is read until just before."""
    with (folder / "player.txt").open("ab") as log:
        process = psutil.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    began, used_s, ran_s = time.monotonic(), 0.0, 1.0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            used_s, ran_s = times.user + times.system, time.monotonic() - began
        if ran_s > 600:
            process.kill()
        time.sleep(0.1)
    return Told(used_s / ran_s)


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@contextlib.contextmanager
def a_screen(folder: Path, size: tuple[int, int]) -> Iterator[Path]:
    """Run an Xvfb for all that starts here; yield the file that is its memory."""
    folder.mkdir()
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        [
            "Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size[0]}x{size[1]}x24",
            "-fbdir", str(folder), "-nolisten", "tcp",
        ],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    before = {
        name: os.environ.get(name) for name in ("DISPLAY", "QT_QPA_PLATFORM", _SCREEN)
    }
    try:
        with open(reading) as pipe:
            os.environ["DISPLAY"] = f":{pipe.readline().strip()}"
            os.environ[_SCREEN] = f"{size[0]}x{size[1]}"
        os.environ.pop("QT_QPA_PLATFORM", None)
        yield folder / "Xvfb_screen0"
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        screen.terminate()
        screen.wait()


@contextlib.contextmanager
def _watched(framebuffer: Path, changes: Path) -> Iterator[None]:
    command = [
        sys.executable,
        str(HERE / "screen_watch.py"),
        str(framebuffer),
        str(changes),
    ]
    witness = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert witness.stdin is not None
    assert witness.stdout is not None
    try:
        witness.stdout.readline()
        yield
    finally:
        witness.stdin.close()
        witness.wait()
        witness.stdout.close()


def witnessed(
    player: Player, clip: Path, folder: Path, framebuffer: Path, *, mute: bool
) -> tuple[Told, Floats, Floats]:
    """Let a player play; return what it says, the changes seen and the tones heard."""
    changes = folder / "changes.npy"
    ear = None if mute else Ear()
    try:
        with _watched(framebuffer, changes):
            told = player(clip, folder)
    finally:
        if ear is not None:
            ear.close()
    return told, np.load(changes), np.zeros(0) if ear is None else ear.beeps()


def judge(changes: Floats, tones: Floats, fps: int, expected: int) -> Seen:
    """Turn changes of the screen and tones into what became of the clip."""
    times, numbers = changes[:, 0], changes[:, 1].astype(int)
    steps = np.diff(numbers)
    follows = (steps == 1) & (numbers[:-1] != NO_FRAME)
    interval_ms = np.diff(times)[follows] * 1e3
    frames = numbers != NO_FRAME
    shown = np.unique(numbers[frames])
    first = {n: t for t, n in zip(times[::-1], numbers[::-1], strict=True) if n >= 0}
    p50, p99, top = _percentiles(interval_ms, 50, 99, 100)
    on_screen = times[frames]
    wall_s = float(np.ptp(on_screen)) if len(on_screen) else np.nan
    return Seen(
        shown=len(shown),
        expected=expected,
        skipped=expected - len(shown),
        repeated=int(np.sum(frames)) - len(shown),
        interval_ms=(p50, p99, top),
        drift_ms=(wall_s - float(np.ptp(shown)) / fps) * 1e3 if len(shown) else np.nan,
        av_ms=_av_ms(first, tones, fps),
        uncertain_ms=_percentiles(changes[frames, 2] * 1e3, 99)[0],
    )


def _av_ms(first: dict[int, float], tones: Floats, fps: int) -> tuple[float, float]:
    """Return the median of seen minus heard over the whole seconds, and its spread."""
    found = []
    for number, t_s in first.items():
        if number and number % fps == 0 and len(tones):
            nearest = float(tones[np.argmin(np.abs(tones - t_s))])
            if abs(t_s - nearest) < _NEAR_S:
                found.append((t_s - nearest) * 1e3)
    low, middle, high = _percentiles(np.array(found), 5, 50, 95)
    return middle, (high - low) / 2


def _percentiles(values: Floats, *which: float) -> tuple[float, ...]:
    if not len(values):
        return (float("nan"),) * len(which)
    return tuple(float(v) for v in np.percentile(values, which))


def row(size: tuple[int, int], player: str, load: str, told: Told, seen: Seen) -> str:
    """Return a line of the table."""
    p50, p99, top = seen.interval_ms
    own = "" if told.av_ms is None else f"{told.av_ms:+.1f}"
    return (
        f"| {size[0]}x{size[1]} | {load} | {player} | {seen.shown} of {seen.expected} |"
        f" {seen.repeated} | {p50:.1f} / {p99:.1f} / {top:.1f} | {seen.drift_ms:.0f} |"
        f" {seen.av_ms[0]:+.1f} ± {seen.av_ms[1]:.1f} | {own} | {told.cores:.2f} |"
    )


_HEAD = (
    "| clip | beside | player | frames visible | repeated | interval p50 / p99 / max ms |"
    " drift ms | A/V seen - heard ms | A/V it says | cores |"
)


def measure(
    names: list[str], size: tuple[int, int], fps: int, seconds: float, folder: Path,
    *, screen: tuple[int, int], beside: bool = False, mute: bool = False,
) -> Iterator[tuple[str, Told, Seen, dict[str, Any] | None]]:  # fmt: skip
    """Yield each player's name, what it says, what was seen and what was recorded."""
    clip = folder / f"{size[0]}x{size[1]}.mp4"
    write_clip(clip, size, fps, seconds)
    with a_screen(folder / f"screen-{size[0]}-{beside}", screen) as framebuffer:
        for name in names:
            place = folder / f"{name}-{size[0]}-{beside}"
            place.mkdir()
            with (
                recording_beside(place) if beside else contextlib.nullcontext() as recorded
            ):
                told, changes, tones = witnessed(
                    PLAYERS[name][1], clip, place, framebuffer, mute=mute
                )
            seen = judge(changes, tones, fps, round(seconds * fps))
            yield name, told, seen, recorded


def _pair(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def note(size: tuple[int, int], player: str, seen: Seen, recorded: dict[str, Any]) -> str:
    """Return what was recorded beside a player, and how sharply the screen was seen."""
    text = (
        f"{size[0]}x{size[1]} {player}: screen looked at every {seen.uncertain_ms:.1f} ms"
    )
    if not recorded:
        return text
    return (
        f"{text}; camera {recorded['frames']} frames, {recorded['in_file']} in the file,"
        f" {recorded['indexed']} indexed, {recorded['dropped']} dropped,"
        f" {recorded['missed']} missed; gaze {recorded['gaze']} samples,"
        f" {recorded['gaze_lost']} lost"
    )


def _run(args: argparse.Namespace, names: list[str], folder: Path, *, mute: bool) -> int:
    """Print the table; return how many frames ours lost."""
    load, lost, notes = "camera, gaze" if args.beside else "-", 0, []
    print(f"\n{_HEAD}\n|{'---|' * 10}", flush=True)
    for size in args.sizes:
        for name, told, seen, recorded in measure(
            names, size, args.fps, args.seconds, folder,
            screen=args.screen, beside=args.beside, mute=mute,
        ):  # fmt: skip
            label = PLAYERS[name][0]
            print(row(size, label, load, told, seen), flush=True)
            notes.append(note(size, label, seen, recorded or {}))
            lost += seen.skipped if name == "ours" else 0
    print("\n" + "\n".join(notes))
    return lost


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument(
        "--sizes", nargs="+", type=_pair, default=[(1280, 720), (1920, 1080)]
    )
    parser.add_argument("--screen", type=_pair, default=(1920, 1080))
    parser.add_argument("--players", nargs="+", choices=PLAYERS, default=list(PLAYERS))
    parser.add_argument(
        "--beside", action="store_true", help="while camera and gaze record"
    )
    parser.add_argument("--gl", action="store_true", help="players may use OpenGL")
    parser.add_argument("--mute", action="store_true", help="without a sound device")
    return parser.parse_args()


def main() -> int:
    args = _arguments()
    if why_not():
        print(why_not())
        return 3
    keep_lsl_on_this_machine()
    if not args.gl:
        os.environ.update(_RASTER)
    no_sound = "--mute" if args.mute else why_no_sound()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{machine()}; load before: {load}")
    screen = f"{args.screen[0]}x{args.screen[1]}"
    print(f"{args.seconds:.0f} s at {args.fps} fps on a screen of {screen}")
    reasons = {name: why_not_player(name) for name in args.players}
    for name, reason in reasons.items():
        if reason:
            print(f"{name} is left out: {reason}")
    names = [name for name, reason in reasons.items() if not reason]
    with contextlib.ExitStack() as stack:
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=memory)))
        if no_sound:
            print(f"nothing is heard: {no_sound}")
        else:
            stack.enter_context(sound_server(folder))
            print(f"ear: heard minus what PulseAudio says {constant_s() * 1e3:+.1f} ms")
        return 1 if _run(args, names, folder, mute=bool(no_sound)) else 0


if __name__ == "__main__":
    sys.exit(main())
