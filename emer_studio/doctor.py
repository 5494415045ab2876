"""``emer-studio doctor``: what works on this machine, and how to mend what does not."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emer_studio import __version__
from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import EmerError

__all__ = ["Finding", "arguments", "examine", "run"]

_USUAL_MODELS = ("yunet", "mini-xception")
_LEAST_FREE_GB = 20.0  # chosen by us: a day of sessions at webcam quality
_LOOK_S = 120.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    needed : bool
        Whether the program cannot do its work without it.
    """

    what: str
    state: str
    found: str
    fix: str = ""
    needed: bool = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Look at everything; exit code 3 when something that is needed does not work."""
    console = Console.of(args)
    findings = examine()
    bad = [f for f in findings if f.state == "problem" and f.needed]
    width = max(len(f.what) for f in findings)
    lines = []
    for f in findings:
        sign = {"ok": "✓", "problem": "✗" if f.needed else "–"}[f.state]
        lines.append(f"  {sign} {f.what:<{width}}  {f.found}")
        if f.fix:
            lines.append(f"    {'':<{width}}  → {f.fix}")
    console.result(
        {"ok": not bad, "version": __version__, "checks": [asdict(f) for f in findings]},
        "\n".join(lines),
    )
    return 3 if bad else 0


def examine() -> list[Finding]:
    """Return every finding; a check that breaks is itself a finding."""
    checks: tuple[tuple[str, Callable[[], list[Finding]]], ...] = (
        ("Python", _python),
        ("Qt", _qt),
        ("LSL", _lsl),
        ("video", _video),
        ("cameras", _cameras),
        ("Tobii", _tobii),
        ("audio", _audio),
        ("microphones", _microphones),
        ("GPU", _gpu),
        ("models", _models),
        ("disk", _disk),
    )
    found: list[Finding] = []
    for name, check in checks:
        try:
            found += check()
        except EmerError as problem:
            found.append(Finding(name, "problem", problem.message, problem.fix))
        except Exception as problem:
            text = f"{type(problem).__name__}: {problem}"
            found.append(Finding(name, "problem", text, "Run bootstrap.py again."))
    return found


def _python() -> list[Finding]:
    return [
        Finding("Python", "ok", f"{platform.python_version()} on {platform.platform()}")
    ]


def _ask(code: str) -> dict[str, Any]:
    """Run a few lines in a Python of their own; they print one JSON object.

    A library that aborts the process is a finding then, not the end of the doctor.
    """
    environment = dict(os.environ)
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(
        environment
    ):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=_LOOK_S,
        check=False,
        env=environment,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return {"problem": last}
    answer = json.loads(lines[-1])
    return answer if isinstance(answer, dict) else {"problem": lines[-1]}


_QT = """
import json, PySide6
from emer_studio.ui.application import make_application, screen_facts
application = make_application()
screens = [screen_facts(screen) for screen in application.screens()]
print(json.dumps({"version": PySide6.__version__, "platform": application.platformName(),
                  "screens": screens}))
"""


def _qt() -> list[Finding]:
    answer = _ask(_QT)
    if "problem" in answer:
        fix = "On Debian or Ubuntu: sudo apt-get install -y libxcb-cursor0 libegl1 libgl1"
        return [Finding("Qt", "problem", str(answer["problem"]), fix)]
    screens = answer["screens"]
    shown = ", ".join(
        f"{s['name'] or 'display'} {s['width_px']}×{s['height_px']}, {s['refresh_hz']:g} Hz"
        for s in screens
    )
    found = [
        Finding("Qt", "ok", f"PySide6 {answer['version']}, platform {answer['platform']}")
    ]
    if answer["platform"] in ("offscreen", "minimal"):
        fix = "Start it on a desktop, or under Xvfb (bootstrap.py does)."
        found.append(
            Finding("displays", "problem", "no visible display", fix, needed=False)
        )
    else:
        found.append(Finding("displays", "ok", f"{len(screens)}: {shown}"))
    return found


def _lsl() -> list[Finding]:
    from emer_studio.streams.inlets import find
    from emer_studio.streams.lsl import check_clock, library_version

    check_clock()
    seen = find(1.5)
    names = (
        ", ".join(sorted(f"{s.name} ({s.type})" for s in seen)) or "no stream at the moment"
    )
    return [
        Finding("LSL", "ok", f"liblsl {library_version()}, its clock agrees with ours"),
        Finding("LSL streams", "ok", names),
    ]


def _video() -> list[Finding]:
    import av
    import cv2

    if "libx264" not in av.codecs_available:
        fix = "Install PyAV from PyPI: its wheel has x264."
        return [Finding("video encoder", "problem", "this PyAV has no libx264", fix)]
    return [
        Finding("video", "ok", f"PyAV {av.__version__} with x264, OpenCV {cv2.__version__}")
    ]


def _cameras() -> list[Finding]:
    from emer_studio.devices.camera_opencv import list_cameras

    numbers = list_cameras()
    if not numbers:
        fix = "Plug in a webcam (or use --camera sim to try the program)."
        return [Finding("cameras", "problem", "none found", fix, needed=False)]
    return [Finding("cameras", "ok", ", ".join(map(str, numbers)))]


_TOBII = """
import json
from emer_studio.core.errors import MissingError
from emer_studio.devices.tobii_titta import find_trackers
try:
    found = [f"{f.facts['model']} {f.facts['serial_number']}" for f in find_trackers()]
    print(json.dumps({"found": found}))
except MissingError as missing:
    print(json.dumps({"problem": missing.message, "fix": missing.fix}))
"""


def _tobii() -> list[Finding]:
    answer = _ask(_TOBII)
    if "problem" in answer:  # any other tracker comes over LSL
        fix = str(answer.get("fix", ""))
        return [Finding("Tobii", "problem", str(answer["problem"]), fix, needed=False)]
    return [Finding("Tobii", "ok", ", ".join(answer["found"]))]


def _microphones() -> list[Finding]:
    from emer_studio.devices.microphone_portaudio import list_microphones

    try:
        found = list_microphones()
    except EmerError as problem:  # no session needs one
        text = problem.message
        return [Finding("microphones", "problem", text, problem.fix, needed=False)]
    if not found:
        fix = "Connect one, if speech is to be recorded (emer-studio microphone)."
        return [Finding("microphones", "problem", "none found", fix, needed=False)]
    return [Finding("microphones", "ok", ", ".join(f"{n} {name}" for n, name in found))]


def _audio() -> list[Finding]:
    from emer_studio.devices.audio import describe_outputs

    report = describe_outputs()
    if report.problem:
        return [Finding("audio", "problem", report.problem, report.fix, needed=False)]
    return [
        Finding("audio", "ok", f"{len(report.outputs)} outputs, default {report.default}")
    ]


_TORCH = """
import json, torch
good = torch.cuda.is_available()
name = torch.cuda.get_device_name(0) if good else ""
if good:
    (torch.ones(8, device="cuda") * 2).sum().item()
facts = {"version": torch.__version__, "cuda": torch.version.cuda, "device": name}
print(json.dumps(facts))
"""


def _gpu() -> list[Finding]:
    card = _nvidia_card()
    answer = _ask(_TORCH)
    if "problem" in answer:
        text = f"torch does not work: {answer['problem']}"
        return [
            Finding("torch", "problem", text, "Delete .venv and run bootstrap.py again.")
        ]
    version = f"torch {answer['version']}"
    if not card:
        text = f"{version}; no NVIDIA GPU, training uses the CPU"
        return [Finding("GPU", "ok", text)]
    if not answer["device"]:
        built = f"built for CUDA {answer['cuda']}" if answer["cuda"] else "a CPU-only build"
        text = f"{card} is there, but {version} ({built}) cannot use it"
        fix = "Update the NVIDIA driver, delete .venv and run bootstrap.py again."
        return [Finding("GPU", "problem", text, fix)]
    return [
        Finding("GPU", "ok", f"{answer['device']}, {version} for CUDA {answer['cuda']}")
    ]


def _nvidia_card() -> str:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    query = [tool, "--query-gpu=name", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, timeout=30, check=False)
    return (
        done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout else ""
    )


def _models() -> list[Finding]:
    from emer_studio.fer.store import verify

    found = []
    for model in verify():
        what = f"model {model.entry.name}"
        if model.state == "missing" and model.entry.name not in _USUAL_MODELS:
            continue  # one of the many that nobody asked for
        if model.state == "installed":
            found.append(Finding(what, "ok", str(model.path)))
            continue
        fix = f"emer-studio models install {model.entry.name}"
        text = model.problem or "not installed"
        found.append(Finding(what, "problem", text, fix, needed=model.state == "wrong"))
    return found


def _disk() -> list[Finding]:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    text = f"{free_gb:.0f} GB free here"
    if free_gb < _LEAST_FREE_GB:
        fix = f"Free some space: a day of sessions wants {_LEAST_FREE_GB:.0f} GB."
        return [Finding("disk", "problem", text, fix, needed=free_gb < 1.0)]
    return [Finding("disk", "ok", text)]
