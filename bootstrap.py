#!/usr/bin/env python3
"""Set up EMER Studio and run it: ``python3 bootstrap.py demo`` or ``... test``.

Standard library only. It finds Python 3.11 or newer, makes ``.venv``, installs the pinned
set and, on Debian and Ubuntu, the few system libraries that Qt and PortAudio need; then it
runs the command. A second call finds everything in place and starts at once.

    python3 bootstrap.py                 set up, then open the window
    python3 bootstrap.py demo [...]      set up, then a whole simulated study
    python3 bootstrap.py test [...]      set up with the test tools, then the whole suite
    python3 bootstrap.py COMMAND [...]   set up, then emer-studio COMMAND
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = sys.platform == "win32"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
OLDEST = (3, 11)
# Qt's xcb platform, OpenGL and fonts, PortAudio, and a display where there is none.
DEBIAN = (
    "python3-venv",
    "xvfb",
    "fonts-dejavu-core",
    "fonts-noto-cjk",
    "libportaudio2",
    "libegl1",
    "libgl1",
    "libdbus-1-3",
    "libxkbcommon-x11-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
)
# Clocks that run wrong on purpose, desktops, a label server; only the tests need them.
DEBIAN_TEST = ("faketime", "openbox", "x11-xserver-utils", "xdotool", "postgresql")
# CUDA builds of torch live on PyTorch's own index; the driver decides which one runs.
CUDA_BUILDS = (((580, 65), "cu130"), ((570, 26), "cu128"), ((560, 28), "cu126"))
TORCH_INDEX = "https://download.pytorch.org/whl"


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


def fail(text: str) -> None:
    """Stop with one clear message."""
    say(text)
    raise SystemExit(3)


def main() -> int:
    """Set up what is missing and run the command."""
    words = sys.argv[1:]
    command, rest = (words[0], words[1:]) if words else ("gui", [])
    if command in ("-h", "--help"):
        print(__doc__)
        return 0
    if sys.version_info < OLDEST:
        return with_newer_python()
    system_libraries(test=command == "test")
    environment(test=command == "test")
    with a_display(wanted=command in ("demo", "gui") and "--headless" not in rest) as extra:
        if command == "test":
            return test(rest)
        return run([str(PYTHON), "-m", "emer_studio", command, *rest], extra)


def with_newer_python() -> int:
    """Start again under a newer Python where there is one."""
    for minor in range(14, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return run([found, str(Path(__file__).resolve()), *sys.argv[1:]])
    needed = ".".join(map(str, OLDEST))
    fail(f"Python {needed} or newer is needed, this is {sys.version.split()[0]}.")
    return 3


def run(command: list[str], extra: dict[str, str] | None = None) -> int:
    """Run a command with our own standard streams; Ctrl-C is the command's to handle."""
    process = subprocess.Popen(command, env={**os.environ, **(extra or {})})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


# System libraries ----------------------------------------------------------------------


def system_libraries(*, test: bool) -> None:
    """Install missing system libraries on Debian and Ubuntu, or print the exact line."""
    if not sys.platform.startswith("linux") or not shutil.which("dpkg-query"):
        return
    wanted = DEBIAN + DEBIAN_TEST if test else DEBIAN
    missing = [name for name in wanted if not installed(name)]
    if not missing:
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    line = "sudo apt-get install -y " + " ".join(missing)
    if prefix and not shutil.which("sudo"):
        say(f"system libraries are missing; please run:  {line}")
        return
    say(f"installing system libraries: {' '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    apt = [*prefix, "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    command = [*apt, "install", "-y", "--no-install-recommends", *missing]
    if run_quietly(command, quiet) and not (
        run_quietly([*apt, "update"], quiet) == 0 and run_quietly(command, quiet) == 0
    ):
        say(f"they could not be installed; please run:  {line}")


def installed(package: str) -> bool:
    """Tell whether a Debian package is installed."""
    query = ["dpkg-query", "-W", "-f", "${Status}", package]
    found = subprocess.run(query, capture_output=True, text=True, check=False)
    return "install ok installed" in found.stdout


def run_quietly(command: list[str], extra: dict[str, str]) -> int:
    """Run a command and show its output only when it fails twice over."""
    done = subprocess.run(
        command, env={**os.environ, **extra}, capture_output=True, text=True, check=False
    )
    return done.returncode


# The virtual environment ---------------------------------------------------------------


def environment(*, test: bool) -> None:
    """Make ``.venv`` and install the pinned set, unless exactly this was done before."""
    stamp = VENV / f"emer-{'test' if test else 'run'}.stamp"
    wanted = fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    if not PYTHON.is_file():
        say(f"making {VENV.name} with Python {sys.version.split()[0]}")
        try:
            venv.EnvBuilder(with_pip=True, clear=VENV.exists()).create(VENV)
        except (subprocess.CalledProcessError, OSError) as problem:
            fail(
                f"the virtual environment cannot be made: {problem}. Install python3-venv."
            )
    say("installing the packages (a few minutes the first time)")
    pins = ["-c", str(ROOT / "constraints.txt")]
    pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    torch = torch_requirement()
    if run([*pip, *torch]) and len(torch) > 1:
        say("that build of torch is not to be had; taking the usual one (see: doctor)")
        run([*pip, torch[0].partition("+")[0]])
    target = f"{ROOT}[test]" if test else str(ROOT)
    if run([*pip, *pins, "-e", target]):
        fail("pip could not install the packages; its own message stands above.")
    stamp.write_text(wanted)
    if test:  # the test set holds everything that running needs
        (VENV / "emer-run.stamp").write_text(wanted)


def fingerprint() -> str:
    """Return what the installation depends on, as one hash."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    digest.update(repr(nvidia_driver()).encode())
    return digest.hexdigest()


def pinned_torch() -> str:
    """Return the pinned version of torch, without the name of a build."""
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line.startswith("torch=="):
            return line.removeprefix("torch==").strip()
    return ""


def torch_requirement() -> list[str]:
    """Return pip's arguments for torch: the build that fits the GPU, if there is one."""
    version = pinned_torch()
    driver = nvidia_driver()
    if driver is None or sys.platform == "darwin":
        return [f"torch=={version}"]
    build = next((name for least, name in CUDA_BUILDS if driver >= least), None)
    if build is None:
        say(f"the NVIDIA driver {driver} is too old for CUDA; torch will use the CPU")
        return [f"torch=={version}"]
    say(f"NVIDIA driver {driver[0]}.{driver[1]} found: taking torch for {build}")
    return [f"torch=={version}+{build}", "--extra-index-url", f"{TORCH_INDEX}/{build}"]


def nvidia_driver() -> tuple[int, int] | None:
    """Return the version of the NVIDIA driver, None where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    query = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        found = subprocess.run(
            query, capture_output=True, text=True, timeout=30, check=True
        )
        major, minor = found.stdout.split()[0].split(".")[:2]
        return int(major), int(minor)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


# Running -------------------------------------------------------------------------------


@contextlib.contextmanager
def a_display(*, wanted: bool) -> Iterator[dict[str, str]]:
    """Provide a virtual display on a Linux machine that has none."""
    linux = sys.platform.startswith("linux")
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    server = shutil.which("Xvfb")
    if not wanted or not linux or shown or server is None:
        yield {}
        return
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [
            server,
            "-displayfd",
            str(writer),
            "-screen",
            "0",
            "1920x1080x24",
            "-nolisten",
            "tcp",
        ],
        pass_fds=(writer,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as stream:
            number = stream.readline().strip()
        if number:
            say(f"no display here: using a virtual one (:{number})")
        yield {"DISPLAY": f":{number}"} if number else {}
    finally:
        process.terminate()
        process.wait()


def test(rest: list[str]) -> int:
    """Run every check; the first that fails decides the exit code."""
    checks = (
        []
        if rest
        else [
            ["ruff", "check", "."],
            ["ruff", "format", "--check", "."],
            ["mypy"],
            ["importlinter.cli"],
        ]
    )
    for module, *arguments in checks:
        say(f"{module} {' '.join(arguments)}".rstrip())
        command = [str(PYTHON), "-m", module, *arguments]
        if module == "importlinter.cli":
            command = [str(PYTHON.with_name("lint-imports" + (".exe" if WINDOWS else "")))]
        if code := run(command):
            return code
    # Most tests wait for real time rather than for a core: two at once take half as long.
    # The longest modules come first (tests/conftest.py), so that neither waits at the end.
    words = rest or ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
    say(f"pytest {' '.join(words)}")
    return run([str(PYTHON), "-m", "pytest", *words])


if __name__ == "__main__":
    sys.exit(main())
