"""One trial on the participant's window, to see how it feels; nothing is kept of it."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.process import Child
from emer_studio.schema.base import localised
from emer_studio.schema.protocol import Protocol
from emer_studio.session.plan import Trial, build_plan
from emer_studio.session.presenter import WindowPresenter
from emer_studio.session.requests import Finish
from emer_studio.session.runner import Runner, State
from emer_studio.session.steps import Run
from emer_studio.stimulus.figures import check_figures
from emer_studio.stimulus.inspect import inspect_clip
from emer_studio.stimulus.library import clip_file, look_at, manifest_of

__all__ = ["TryOut", "try_trial"]

_START_S = 30.0  # chosen by us: a slow machine imports Qt in this time


@dataclass(frozen=True, slots=True)
class TryOut:
    """What to try.

    Attributes
    ----------
    path : Path
        Where the protocol stands, or is to stand: relative paths are seen from there.
    trial : int
        Number of the trial in the participant's order, from 1.
    language : str
        Of the texts; empty for the protocol's first.
    display : int or None
        Screen number, from 0.
    """

    protocol: Protocol
    path: Path
    trial: int = 1
    participant_index: int = 0
    seed: int = 0
    language: str = ""
    display: int | None = None
    windowed: bool = False
    simulate: bool = False


@dataclass
class _Heard:
    """What happened, kept in memory only."""

    ratings: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, Any] = field(default_factory=dict)

    def record(self, name: str, /, *, t_s: float | None = None, **fields: Any) -> None:
        """Take one event of the runner."""
        if name == "rating":
            kept = {
                key: value for key, value in fields.items() if key not in ("trial", "clip")
            }
            self.ratings[fields["page"]] = kept
        elif name == "clip_end":
            self.pictures = fields.get("summary") or {}


def try_trial(wanted: TryOut, console: Console, stop: threading.Event) -> dict[str, Any]:
    """Show one trial on the real window and return what was answered.

    Parameters
    ----------
    wanted : TryOut
        What to show.
    console : Console
        Hears which part of the trial is shown.
    stop : Event
        Ends it when set.

    Returns
    -------
    dict
        ``trial``, ``clip``, ``state``, ``ratings`` (one for each page, with ``page``,
        ``kind``, ``value``, ``rt_s``), ``pictures`` and ``problem``.

    Raises
    ------
    BadInputError
        When the protocol has no such trial, language, clip or figure.
    """
    trial, manifest_path = _chosen(wanted)
    language = wanted.language or wanted.protocol.languages[0]
    if language not in wanted.protocol.languages:
        raise BadInputError(
            f"The protocol {wanted.protocol.name!r} has no language {language!r}, only"
            f" {', '.join(wanted.protocol.languages)}."
        )
    with tempfile.TemporaryDirectory(
        prefix="emer-try-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        file = _clip(trial, manifest_path, folder, console)
        grey = trial.baseline.kind == "luminance"
        luminance = {trial.clip.id: inspect_clip(file).mean_luminance} if grey else {}
        with _window(wanted, language, folder) as window:
            presenter = WindowPresenter(window, {trial.clip.id: file}, luminance, "try")
            heard = _Heard()
            runner = Runner(
                (Run(trial),),
                presenter,
                title=localised(wanted.protocol.title, language),
                language=language,
                record=heard.record,
                announce=lambda state, _trial: console.event("state", state=str(state)),
                situation=lambda shown: _situation(window, shown, wanted.simulate),
            )
            finish = _run(runner, window, stop)
    return {
        "trial": trial.number,
        "clip": trial.clip.id,
        "state": str(finish),
        "ratings": list(heard.ratings.values()),
        "pictures": heard.pictures,
        "problem": runner.problem,
    }


def _chosen(wanted: TryOut) -> tuple[Trial, Path]:
    protocol = wanted.protocol
    manifest, manifest_path = manifest_of(protocol, wanted.path)
    plan = build_plan(
        protocol, manifest, participant_index=wanted.participant_index, seed=wanted.seed
    )
    if not 1 <= wanted.trial <= len(plan):
        raise BadInputError(
            f"The protocol {protocol.name!r} has trials 1 to {len(plan)}, none with the"
            f" number {wanted.trial}."
        )
    trial = plan[wanted.trial - 1]
    pages = []
    for page in trial.ratings:
        pictures = check_figures(page, wanted.path)
        if page.figures is not None:
            own = page.figures.model_copy(
                update={"folder": str(pictures[0].parent.resolve())}
            )
            page = page.model_copy(update={"figures": own})
        pages.append(page)
    return replace(trial, ratings=tuple(pages)), manifest_path


def _clip(trial: Trial, manifest_path: Path, folder: Path, console: Console) -> Path:
    """Return the clip's file; a placeholder is drawn where the program may draw one."""
    source = clip_file(trial.clip, manifest_path)
    if trial.clip.generate is not None and not source.is_file():
        from emer_studio.stimulus.demo_clips import write_demo_clip

        console.say(f"drawing {trial.clip.id} …")
        source = folder / f"{trial.clip.id}.mp4"
        write_demo_clip(source, trial.clip.generate)
    look_at(source)
    return source.resolve()


@contextlib.contextmanager
def _window(wanted: TryOut, language: str, folder: Path) -> Iterator[Child]:
    words = ["participant", "--presented", str(folder / "presented.csv")]
    words += ["--language", language]
    words += ["--windowed"] if wanted.windowed else []
    words += ["--simulate"] if wanted.simulate else []
    words += [] if wanted.display is None else ["--display", str(wanted.display)]
    window = Child("participant", words)
    try:
        try:
            window.wait_for("ready", timeout_s=_START_S)
        except WorkFailedError as problem:
            kinds = {kind.exit_code: kind for kind in (MissingError, BadInputError)}
            raise kinds.get(window.last_code or 0, WorkFailedError)(str(problem)) from None
        yield window
    finally:
        window.stop()


def _run(runner: Runner, window: Child, stop: threading.Event) -> Finish:
    """Run the trial; end it when `stop` is set, also by Ctrl-C."""

    def watch() -> None:
        stop.wait()
        if runner.state is not State.DONE:
            window.interrupt()

    watcher = threading.Thread(target=watch, name="stop-request")
    before = signal.signal(signal.SIGINT, lambda _number, _frame: stop.set())
    watcher.start()
    try:
        return runner.run()
    finally:
        stop.set()
        watcher.join()
        signal.signal(signal.SIGINT, before)


def _situation(window: Child, trial: Trial | None, simulate: bool) -> None:
    """Tell a simulated participant what is shown."""
    if simulate and trial is not None:
        window.send("situation", emotion=trial.clip.emotion)
