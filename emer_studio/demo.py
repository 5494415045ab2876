"""``emer-studio demo``: a whole study with simulated devices, from nothing to the report.

Every step is the command a person would run, in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import MissingError, WorkFailedError
from emer_studio.core.files import next_free
from emer_studio.core.process import Child
from emer_studio.study.folder import create_study

__all__ = ["arguments", "run"]

_MODEL, _PROTOCOL, _BENCHMARK = "mini-xception", "demo", "er7"
_TRAINING = {"participants": 6, "clips": 4, "folds": 2, "epochs": 3}
_STEP_S = 900.0  # chosen by us: a step that takes longer has hung


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--out", type=Path, help="the study to create (default: ./demo-study)"
    )
    parser.add_argument("--headless", action="store_true", help="no visible display")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the demo and print where everything lies."""
    console = Console.of(args)
    out = args.out or next_free(Path("demo-study"))
    demo = _Demo(out, console, windows=not args.headless and _has_display())
    began = time.monotonic()
    result = demo.run()
    result["seconds"] = round(time.monotonic() - began, 1)
    result["steps"] = demo.seconds
    console.result(result, _table(result))
    return 0


def _has_display() -> bool:
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


class _Demo:
    """The steps, and how long each took."""

    def __init__(self, out: Path, console: Console, *, windows: bool) -> None:
        self._out, self._console, self._windows = out, console, windows
        self.seconds: dict[str, float] = {}

    def run(self) -> dict[str, Any]:
        """Run all steps and return the summary."""
        with self._step("study"):
            study = create_study(self._out, name="EMER Studio demo", seed=1)
        with self._step("session"):
            session = self._session()
        folder = Path(session["session"])
        with self._step("check"):
            check = self._command("check", str(folder), accept=(0, 1))
            self._console.say(f"      verdict: {check['verdict']}")
            for finding in check["findings"]:
                self._console.say(f"      - {finding}")
        with self._step("dataset"):
            dataset = self._command("dataset", "build", str(self._out))
        with self._step("prelabel"):
            prelabel = self._prelabel()
        with self._step("train"):
            train = self._train(study.derived)
        report = study.derived / "reports" / "report.html"
        with self._step("report"):
            self._command("report", str(self._out), "--out", str(report))
        keys = ("name", "type", "declared_hz", "samples", "effective_hz", "loss_pct")
        return {
            "study": str(self._out),
            "session": str(folder),
            "xdf": session["xdf"],
            "video": session["video"],
            "verdict": check["verdict"],
            "streams": [{key: row[key] for key in keys} for row in check["streams"]],
            "trials": check["trials"],
            "ratings": check["ratings"],
            "dataset": {
                key: dataset[key] for key in ("dataset", "samples", "frames", "faces")
            },
            "prelabel": prelabel,
            "train": train,
            "report": str(report),
            "simulated": True,
        }

    def _session(self) -> dict[str, Any]:
        who = ("--participant", "P001", "--protocol", _PROTOCOL, "--simulate")
        if not self._windows:
            return self._command("run", str(self._out), *who, "--headless")
        shown = ("--run-session", "P001", "--protocol", _PROTOCOL, "--simulate")
        return self._command("gui", str(self._out), *shown, "--close-when-done")

    def _prelabel(self) -> dict[str, Any]:
        try:
            self._command("models", "install", _MODEL)
            found = self._command("prelabel", str(self._out), "--model", _MODEL)
        except MissingError as problem:
            self._console.say(f"      left out: {problem}")
            return {"model": None, "frames": 0, "faces": 0, "problem": str(problem)}
        keys = ("model", "frames", "faces", "detector", "fps")
        return {key: found[key] for key in keys}

    def _train(self, derived: Path) -> dict[str, Any]:
        data, run = derived / "synthetic", derived / "runs" / f"{_BENCHMARK}-demo"
        sizes = {key: str(value) for key, value in _TRAINING.items()}
        run.parent.mkdir(parents=True, exist_ok=True)
        self._command(
            *("dataset", "synth", "--out", str(data), "--seed", "1"),
            *("--participants", sizes["participants"], "--clips", sizes["clips"]),
        )
        trained = self._command(
            *("train", str(data), "--protocol", _BENCHMARK, "--out", str(run)),
            *("--folds", sizes["folds"], "--epochs", sizes["epochs"]),
        )
        evaluated = self._command("evaluate", str(run), "--dataset", str(data))
        return {
            "protocol": _BENCHMARK,
            "folds": len(trained["folds"]),
            "war": evaluated["war"],
            "uar": evaluated["uar"],
            "baselines": trained.get("baselines", {}),
            "device": trained["device"],
            "samples_per_s": trained["samples_per_s"],
            "run": str(run),
            "synthetic": True,
        }

    def _command(self, *arguments: str, accept: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Run a command of the program to its end and return its result."""
        child = Child(arguments[0], [*arguments, "--events"], on_event=self._pass_on)
        try:
            result = child.wait_for("result", timeout_s=_STEP_S)
        except WorkFailedError as problem:
            code = child.stop()
            if code == MissingError.exit_code:
                raise MissingError(str(problem)) from None
            raise
        code = child.finish(timeout_s=30.0)
        if code not in accept:
            raise WorkFailedError(
                child.last_error or f"{arguments[0]} ended with code {code}."
            )
        return result

    def _pass_on(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "progress":
            self._console.progress(str(event["step"]), event["done"], event["total"])
        elif kind == "message":
            self._console.say(f"      {event['text']}")
        elif kind == "state" and event.get("state") == "clip":
            self._console.say(
                f"      trial {event['trial']} of {event['of']}: {event['clip']}"
            )

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self._console.say(f"  … {_STEPS[name]}")
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 1)
        self._console.say(f"  ✓ {_STEPS[name]} ({self.seconds[name]:.1f} s)")


_STEPS = {
    "study": "creating the study",
    "session": "running a session: four clips, ratings, gaze and camera recorded",
    "check": "checking the recording",
    "dataset": "building the dataset",
    "prelabel": "pre-labelling the face",
    "train": "training and evaluating EMERT on a synthetic set",
    "report": "writing the report",
}


def _table(result: dict[str, Any]) -> str:
    train, prelabel = result["train"], result["prelabel"]
    lines = [
        "",
        "The demo study is complete. Everything in it is SIMULATED.",
        f"  study      {result['study']}",
        f"  session    {result['trials']} trials, {result['ratings']} ratings,"
        f" verdict {result['verdict']}",
    ]
    lines += [
        f"             {row['name']:<14} {row['samples']:>6} samples"
        f"  {row['effective_hz']:>8.2f} Hz  lost {row['loss_pct']:.2f} %"
        for row in result["streams"]
    ]
    lines += [
        f"  faces      {prelabel['faces']} in {prelabel['frames']} frames"
        f" ({prelabel['model'] or 'no model'})",
        f"  training   {train['protocol']}: WAR {train['war']:.3f}, UAR {train['uar']:.3f}"
        f" over {train['folds']} folds (synthetic data, a few epochs: chance is expected)",
        f"  report     {result['report']}",
        f"  took       {result['seconds']:.0f} s",
    ]
    return "\n".join(lines)
