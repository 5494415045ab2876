"""Conducting one session from preparation to verdict."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emer_studio.core import clock, logs
from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console
from emer_studio.core.errors import EmerError
from emer_studio.core.files import write_json
from emer_studio.recording.check import check_session
from emer_studio.recording.reader import final_ratings, read_journal
from emer_studio.recording.video_salvage import cut_off_videos, finish_video
from emer_studio.schema.base import localised
from emer_studio.schema.protocol import Validation
from emer_studio.schema.study import LEFT_ALONE, SessionManifest
from emer_studio.session.clock_watch import ClockWatch, Disturbance
from emer_studio.session.consent import enter, settle_consent
from emer_studio.session.desk import Desk
from emer_studio.session.gaze_check import LiveGaze
from emer_studio.session.journal import Journal
from emer_studio.session.live import LiveSession
from emer_studio.session.plan import Trial
from emer_studio.session.prepare import Prepared, manifest_for
from emer_studio.session.presenter import WindowPresenter
from emer_studio.session.requests import Finish
from emer_studio.session.runner import Runner, State
from emer_studio.session.steps import GazeCheck, Run
from emer_studio.stimulus.library import display_doubts

__all__ = ["conduct"]

logger = logging.getLogger(__name__)
# What a clip's target emotion usually feels like, for simulated participants only
# (chosen by us, after the circumplex of affect: valence, arousal in -1..1).
_TYPICAL = {
    "happiness": (0.75, 0.45),
    "sadness": (-0.6, -0.3),
    "fear": (-0.65, 0.7),
    "surprise": (0.15, 0.7),
    "disgust": (-0.7, 0.3),
    "anger": (-0.65, 0.65),
    "neutral": (0.0, -0.4),
}


@dataclass
class _Log:
    """Journal, markers and listeners of a running session."""

    journal: Journal
    live: LiveSession
    console: Console
    findings: list[str] = field(default_factory=list)

    def record(self, name: str, /, *, t_s: float | None = None, **fields: Any) -> None:
        """Write the journal first, then mirror the event as a marker."""
        stamp = self.journal.write(name, t_s=t_s, **fields)
        if self.live.markers is not None:
            self.live.markers.send(name, stamp, **fields)
        self.console.event("journal", entry={"t_s": stamp, "event": name, **fields})

    def finding(self, what: str) -> None:
        """Write down something that should not have happened."""
        self.findings.append(what)
        self.record("finding", what=what)


def conduct(
    prepared: Prepared, console: Console, stop: threading.Event, desk: Desk
) -> dict[str, Any]:
    """Run the session and return what the command reports.

    Parameters
    ----------
    prepared : Prepared
        From `prepare`.
    console : Console
        Where progress goes.
    stop : Event
        Set by the operator to end the session at the next event.
    desk : Desk
        Where the operator's other commands come in.
    """
    unfinished = prepared.unfinished
    ids = unfinished.manifest.source_ids if unfinished else {}
    live = LiveSession(prepared.devices, console, ids)
    folder = prepared.folder
    try:
        live.open_devices(folder, stop.is_set)
        window = live.open_window(folder)
        settled = settle_consent(prepared, window, console, stop)
        if settled.ended:
            return _never_begun(settled.ended)
        enter(prepared, settled)
        folder.mkdir(parents=True, exist_ok=unfinished is not None)
        manifest = _recorded(prepared, live, console, stop, desk, settled.facts)
    finally:
        live.stop()
    for video in cut_off_videos(folder):
        with contextlib.suppress(EmerError, OSError):  # then it stays as it was left
            finish_video(video)
    verdict = check_session(folder)
    videos = tuple(sorted(path.name for path in folder.glob("face_*.mkv")))
    manifest = manifest.model_copy(update={"verdict": verdict["verdict"], "videos": videos})
    _save(folder, manifest)
    return {
        "session": str(folder),
        "state": manifest.state,
        "trials": manifest.trials_done,
        "ratings": len(final_ratings(read_journal(folder))),
        "xdf": str(folder / "streams_001.xdf"),
        "video": str(folder / "face_001.mkv"),
        "videos": [str(folder / name) for name in manifest.videos],
        "verdict": verdict["verdict"],
        "findings": verdict["findings"],
        "problem": manifest.problem,
    }


def _never_begun(state: str) -> dict[str, Any]:
    """Return the result of a session that nobody consented to: there is nothing."""
    texts = dict.fromkeys(("session", "xdf", "video", "verdict", "problem"), "")
    counts = {"trials": 0, "ratings": 0}
    return {"state": state, **texts, **counts, "videos": [], "findings": []}


def _recorded(
    prepared: Prepared,
    live: LiveSession,
    console: Console,
    stop: threading.Event,
    desk: Desk,
    consent: dict[str, Any],
) -> SessionManifest:
    """Run with a journal, a log and a manifest that always tells how it ended."""
    folder = prepared.folder
    manifest = manifest_for(prepared, live, consent)
    _save(folder, manifest)
    handler = logs.add_file(folder / "log.txt")
    log = _Log(Journal(folder / "journal.jsonl"), live, console)
    try:
        manifest = _run(prepared, live, log, manifest, stop, desk)
    except (EmerError, OSError) as problem:
        manifest = manifest.model_copy(update=_ending(folder, "failed", str(problem)))
        raise
    finally:
        live.stop()
        # A full disk may refuse any of these; the others are still tried.
        for close in (log.journal.close, handler.close, lambda: _save(folder, manifest)):
            with contextlib.suppress(OSError):
                close()
        logging.getLogger().removeHandler(handler)
    return manifest


def _run(
    prepared: Prepared,
    live: LiveSession,
    log: _Log,
    manifest: SessionManifest,
    stop: threading.Event,
    desk: Desk,
) -> SessionManifest:
    folder, console = prepared.folder, log.console
    problems: list[str] = []
    live.on_event = lambda who, event: _overheard(who, event, log, live, desk, problems)
    live.record(folder)
    facts = {key: value for key, value in live.window_facts.items() if key != "event"}
    display = prepared.devices.said_of(facts.get("display", {}))
    manifest = manifest.model_copy(
        update={"display": display, "audio": facts.get("audio", {})}
    )
    _save(folder, manifest)
    _begin(prepared, live, log)
    if manifest.consent and prepared.unfinished is None:
        log.record("consent", **manifest.consent)
    for doubt in (*live.doubts, *facts.get("warnings", ())):
        log.finding(str(doubt))
    if prepared.again:
        log.finding(f"clips seen in an earlier session: {', '.join(prepared.again)}")
    for text in _on_this_display(prepared, display):
        log.record("display_note", text=text)
        console.say(text)
    log.record(
        "gaze_layout",
        stream=live.gaze_name,
        confirmed=live.gaze_confirmed,
        **live.gaze_layout,
    )
    assert live.window is not None
    desk.open(live.window, log.record)
    who = f"{prepared.participant}/{prepared.number}"
    presenter = WindowPresenter(live.window, prepared.clips.files, prepared.luminance, who)
    language = prepared.devices.language
    wanted = prepared.protocol.validation or Validation()
    runner = Runner(
        prepared.steps,
        presenter,
        title=localised(prepared.protocol.title, language),
        language=language,
        record=log.record,
        announce=lambda state, trial: _announce(
            console, desk, state, trial, len(prepared.plan)
        ),
        situation=lambda trial: _situation(live, trial),
        instead_of=prepared.reserve.instead_of,
        again=prepared.reserve.again,
        between=lambda: GazeCheck("asked", wanted) if desk.between() else None,
        check_gaze=LiveGaze(live.gaze_query, display, folder, who),
        trials_done=prepared.unfinished.trials_done if prepared.unfinished else 0,
    )
    watcher = threading.Thread(
        target=_stop_on_request, args=(stop, runner, live), name="stop-request"
    )
    watcher.start()
    clocks = ClockWatch(lambda seen: _time_went_wrong(seen, log, live))
    try:
        finish = runner.run()
    finally:
        clocks.close()
        desk.close()
        stop.set()
        watcher.join()
    live.stop()
    if finish is Finish.ABORTED and desk.left_alone:
        problems.append(LEFT_ALONE)
    update = _ending(folder, str(finish), runner.problem or "; ".join(problems))
    update["trials_done"] = runner.trials_done
    return manifest.model_copy(update=update)


def _begin(prepared: Prepared, live: LiveSession, log: _Log) -> None:
    """Write the plan, or what is left of it."""
    unfinished = prepared.unfinished
    if unfinished is not None:
        left = [step.trial.number for step in prepared.steps if isinstance(step, Run)]
        since_s = clock.now_s() - unfinished.journal[-1]["t_s"]
        log.record(
            "session_resumed",
            after=unfinished.journal[-1]["event"],
            since_s=round(since_s, 3),
            trials_left=left,
        )
        log.finding(f"the session was cut off and gone on with {since_s:.0f} s later")
        return
    log.record(
        "session_started",
        participant=prepared.participant,
        session=prepared.number,
        protocol=prepared.protocol.name,
        simulated=list(live.simulated),
        opt_out=list(prepared.opt_out),
        seen_before=list(prepared.again),
        plan=[
            {
                "trial": t.number,
                "clip": t.clip.id,
                "block": t.block,
                "practice": t.practice,
                "ratings": [page.id for page in t.ratings],
            }
            for t in prepared.plan
        ],
    )


def _on_this_display(prepared: Prepared, display: dict[str, Any]) -> list[str]:
    """Return what the display cannot show as it is; a window is no display."""
    if display.get("windowed") or display.get("platform") == "offscreen" or not display:
        return []
    size = int(display["width_px"]), int(display["height_px"])
    return display_doubts(
        prepared.clips.looks, *size, refresh_hz=float(display.get("refresh_hz") or 0)
    )


def _stop_on_request(stop: threading.Event, runner: Runner, live: LiveSession) -> None:
    stop.wait()
    if runner.state is not State.DONE and live.window is not None:
        live.window.interrupt()


def _overheard(
    who: str,
    event: dict[str, Any],
    log: _Log,
    live: LiveSession,
    desk: Desk,
    problems: list[str],
) -> None:
    """Pass on what the processes report, and write down what matters."""
    kind = event.get("event")
    if kind in ("finding", "error"):
        log.finding(str(event.get("what") or event.get("text") or event))
    elif kind == "desk_asked":
        command = str(event["command"])
        if not desk.press(command):
            log.console.event("desk_asked", command=command)
    elif kind == "light":
        live.light(int(event["level"]))
    elif kind in ("target", "targets_done", "pause_requested"):
        _look_at([event["x"], event["y"]] if kind == "target" else None, live)
    elif kind == "rating_change":
        fields = {k: v for k, v in event.items() if k not in ("event", "t_s")}
        log.journal.write("rating_change", t_s=event.get("t_s"), **fields)
    elif kind == "ended" and who == "participant":
        _fail("the participant's window ended unexpectedly", log, live, problems)
    elif kind == "ended":
        log.finding(f"the {who} process ended unexpectedly")
    elif kind == "look":
        log.console.event("camera_look", **{k: v for k, v in event.items() if k != "event"})
    elif kind == "down":
        log.console.event("down", who=who)
    elif kind == "gave_up" and live.recording:
        log.finding(str(event["what"]))
    elif kind == "gave_up":
        _fail(str(event["what"]), log, live, problems)
    elif kind == "status":
        fields = {k: v for k, v in event.items() if k != "event"}
        log.console.event(f"{who}_status", **fields)


def _time_went_wrong(seen: Disturbance, log: _Log, live: LiveSession) -> None:
    """Write it down; after a sleep the operator decides when to go on."""
    log.finding(seen.what)
    if seen.stood and live.window is not None:
        live.window.send("pause", by="suspend")


def _look_at(target: list[float] | None, live: LiveSession) -> None:
    """Let a simulated tracker's eyes, and no others, look at a target."""
    if live.devices.gaze == "sim" and live.gaze is not None:
        live.gaze.send("situation", target=target)


def _fail(problem: str, log: _Log, live: LiveSession, problems: list[str]) -> None:
    """End the session: nothing can be shown, or nothing is recorded, any more."""
    problems.append(problem)
    log.finding(problem)
    if live.window is not None:
        live.window.interrupt(finish="failed")


def _announce(
    console: Console, desk: Desk, state: State, trial: Trial | None, of: int
) -> None:
    number = trial.number if trial else None
    desk.trial = number or 0
    clip = trial.clip.id if trial else None
    console.event("state", state=str(state), trial=number, of=of, clip=clip)
    if trial is not None and state is State.CLIP:
        console.progress("session", trial.number - 1, of, clip=clip)
        console.note(f"  trial {number}/{of}: {clip}")


def _situation(live: LiveSession, trial: Trial | None) -> None:
    """Simulated devices hear the clip's target emotion, and its end as neutral."""
    emotion = trial.clip.emotion if trial else "neutral"
    valence, arousal = _TYPICAL[emotion]
    if trial is None:
        for child in (live.gaze, live.camera):
            if child is not None and live.devices.simulate:
                child.send("situation", emotion="neutral")
        return
    live.situation(emotion=emotion, valence=valence, arousal=arousal)


def _ending(folder: Path, state: str, problem: str) -> dict[str, Any]:
    def names(pattern: str) -> tuple[str, ...]:
        return tuple(sorted(path.name for path in folder.glob(pattern)))

    return {
        "state": state,
        "ended": utc_now(),
        "problem": problem,
        "streams": names("streams_*.xdf"),
        "standby": names("standby_*.xdf"),
        "videos": names("face_*.mkv"),
        "sound": names("voice_*.mka"),
    }


def _save(folder: Path, manifest: SessionManifest) -> None:
    write_json(folder / "session.json", manifest.model_dump(mode="json"))
