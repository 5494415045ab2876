"""A virtual desktop with a real window manager, and a hand on its mouse and keyboard."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

NEEDED = ("Xvfb", "xrandr", "openbox", "xdotool")


@contextlib.contextmanager
def two_monitors(size: tuple[int, int] = (1280, 800)) -> Iterator[dict[str, str]]:
    """Start a screen of two monitors side by side; yield its programs' environment."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)}: not installed (bootstrap.py's DEBIAN_TEST)")
    width, height = size
    read, write = os.pipe()
    screen = f"{2 * width}x{height}x24"
    server = subprocess.Popen(
        ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", screen],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        display = f":{answer.readline().strip()}"
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    for name, left_px, output in (("left", 0, "screen"), ("right", width, "none")):
        place = f"{width}/300x{height}/190+{left_px}+0"
        words = ["xrandr", "--setmonitor", name, place, output]
        subprocess.run(words, check=True, capture_output=True, env=environment)
    manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield environment
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait(timeout=10)
