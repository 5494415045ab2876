"""``emer-studio live``: a finished run on a running camera and tracker, as a preview.

Experimental: what it says is no label, is kept nowhere, and ends when a session begins.
Events (``--events``): ``ready``, ``estimate`` (at most two a second), ``ended``. It ends
with its input, or when a ring is not there any more.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emer_studio.core import clock
from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.process import Control
from emer_studio.core.stopping import signals_set
from emer_studio.features.cmd_features import add_display_arguments, display_of
from emer_studio.study.folder import open_study
from emer_studio.study.lock import holder
from emer_studio.training.device import choose_device, wait_without_spinning

if TYPE_CHECKING:
    from emer_studio.training.live.model import Estimate, LiveModel
    from emer_studio.training.live.window import LiveWindow, Moment

__all__ = ["arguments", "run"]

EXPERIMENTAL = "Experimental: not a label, not stored."
MOST_S = 10.0
"""Longest window by itself. Chosen by us: what a face showed longer ago is past."""
LEAST_S, LONGEST_S = 1.0, 60.0  # of a window that is asked for; chosen by us
_EVERY_S = 0.5  # chosen by us: faster than anybody reads
_CHECK_S = 0.1  # chosen by us: how soon it notices that it should end


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Show a finished training run the last seconds of a running camera preview and"
        " tracker. An experiment: a clip is not a running window, what it says is no label"
        " and is stored nowhere, and it ends when a session of the study begins."
    )
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument(
        "--camera-ring", type=Path, metavar="FILE",
        help="of the preview: emer-studio camera --preview FILE",
    )  # fmt: skip
    parser.add_argument(
        "--gaze-ring", type=Path, metavar="FILE",
        help="of the tracker: emer-studio streams --stream NAME --ring FILE",
    )  # fmt: skip
    parser.add_argument(
        "--window", type=float, metavar="S",
        help="how many seconds are looked at (default: the mean length of the clips it was"
        f" trained on, at most {MOST_S:g})",
    )  # fmt: skip
    parser.add_argument(
        "--study", type=Path,
        help="its limits for eye movements hold, and it ends when a session of it begins",
    )  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--seconds", type=float, help="stop by itself after N seconds")
    add_display_arguments(parser)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Estimate until the input ends, the time is over, or a ring vanishes."""
    console = Console.of(args)
    wait_without_spinning()
    if args.camera_ring is None and args.gaze_ring is None:
        raise BadInputError("Give --camera-ring, --gaze-ring or both.")
    if args.window is not None and not LEAST_S <= args.window <= LONGEST_S:
        raise BadInputError(
            f"Expected a window of {LEAST_S:g} to {LONGEST_S:g} s, found {args.window:g}."
        )
    stop = threading.Event()
    if console.events:
        Control(on_end=stop.set)
    _refuse_in_session(args.study)
    # torch takes seconds to load: after everything that can be refused without it.
    import torch

    from emer_studio.training.live.model import LiveModel, mean_clip_s

    # Half the cores: the camera's process, the window and whatever else runs need some.
    torch.set_num_threads(max((os.cpu_count() or 2) // 2, 1))
    model = LiveModel(args.run, choose_device(args.device))
    clip_s = mean_clip_s(model.info)
    window_s = args.window or min(max(clip_s or MOST_S, LEAST_S), MOST_S)
    with signals_set(stop):
        why = _follow(args, console, model, window_s, clip_s, stop)
    console.event("ended", why=why)
    console.note(f"It ended: {why}.")
    return 0


def _refuse_in_session(study: Path | None) -> None:
    if study is not None and (held := _held(study)):
        raise BadInputError(
            f"The study is in use ({held}): no model is tried while a participant is"
            " recorded.",
            fix="Wait until the session is over.",
        )


def _held(study: Path | None) -> str:
    facts = None if study is None else holder(study)
    return "" if facts is None else str(facts.get("what") or "in use")


def _follow(
    args: argparse.Namespace,
    console: Console,
    model: LiveModel,
    window_s: float,
    clip_s: float | None,
    stop: threading.Event,
) -> str:
    """Tell estimates; return why there are no more."""
    from emer_studio.training.live.rings import Followed, LiveRings, header_beside
    from emer_studio.training.live.window import LiveWindow

    header = header_beside(args.gaze_ring) if args.gaze_ring else None
    window = LiveWindow(
        window_s,
        header=header,
        display=display_of(args),
        parameters=open_study(args.study).file.eyes if args.study else None,
    )
    camera = Followed(args.camera_ring) if args.camera_ring else None
    gaze = Followed(args.gaze_ring, 1 + header.channel_count) if header else None
    _tell_ready(console, args.run, model, window, window_s, clip_s)
    rings = LiveRings(window, camera, gaze)
    began_s = clock.now_s()
    try:
        while not stop.is_set():
            if rings.problem is not None:
                raise WorkFailedError(f"The preview cannot be followed: {rings.problem}")
            if rings.gone:
                return f"the {rings.gone} is not shown any more"
            if _held(args.study):
                return "a session of the study has begun"
            now_s = clock.now_s()
            if args.seconds is not None and now_s - began_s >= args.seconds:
                return "its time is over"
            _tell(console, model, window.moment(now_s - window_s, now_s), now_s, began_s)
            _wait(stop, now_s, rings)
        return "it was stopped"
    finally:
        rings.close()


def _wait(stop: threading.Event, since_s: float, rings: Any) -> None:
    """Wait for the next turn; what should end it is noticed earlier."""
    while clock.now_s() - since_s < _EVERY_S:
        if stop.wait(_CHECK_S) or rings.gone or rings.problem is not None:
            return


def _tell_ready(
    console: Console,
    run: Path,
    model: LiveModel,
    window: LiveWindow,
    window_s: float,
    clip_s: float | None,
) -> None:
    info, scored = model.info, model.scored
    of_clips = "of unknown length" if clip_s is None else f"of {clip_s:.1f} s on average"
    notes = [
        f"It was trained on whole clips {of_clips} and looks at the last {window_s:.1f} s."
    ]
    if info.synthetic or info.simulated:
        what = "synthetic" if info.synthetic else "simulated"
        notes.append(f"It was trained on {what} data: what it says means nothing.")
    if info.maps:
        notes.append("It also looks at fixation maps, which only a shown clip has.")
    if window.detector != "yunet":
        notes.append(f"Faces are found by {window.detector}, without landmarks.")
    console.event(
        "ready", run=str(run), model=info.model, protocol=info.protocol,
        folds=model.folds, looks_at=list(model.looks_at), window_s=round(window_s, 3),
        clip_s=None if clip_s is None else round(clip_s, 3), detector=window.detector,
        heads=[
            {"label": h.label, "classes": list(h.classes), "scored": h.label in scored}
            for h in model.heads
        ],
        notes=notes, said=EXPERIMENTAL,
    )  # fmt: skip
    console.note("\n".join([EXPERIMENTAL, *notes]))


def _tell(
    console: Console, model: LiveModel, moment: Moment, now_s: float, began_s: float
) -> None:
    began = time.perf_counter()
    seen = moment.pictures or moment.samples
    found = None
    looks_at = {"face" if name == "face" else "gaze" for name in model.looks_at}
    if not looks_at <= set(moment.absent):
        found = model.estimate(moment.dataset)
    fields: dict[str, Any] = {
        "felt": _emotion(found, "er"),
        "shown": _emotion(found, "fer"),
        "classes": {} if found is None else found.classes,
        "numbers": {} if found is None else found.numbers,
        "absent": list(moment.absent),
        "face_share": round(moment.face_share, 3),
        "gaze_share": round(moment.gaze_share, 3),
        "watched_s": round(now_s - began_s, 2),
        "age_ms": round(1000 * (clock.now_s() - moment.newest_s)) if seen else None,
        "took_ms": round(1000 * (time.perf_counter() - began)),
        "experimental": True,
    }
    console.event("estimate", **fields)
    console.note(_words(fields))


def _emotion(found: Estimate | None, kind: str) -> dict[str, float]:
    """Return the probabilities of what was felt ("er") or shown ("fer").

    Of seven classes where there are some, else of three.
    """
    if found is None:
        return {}
    return found.classes.get(f"{kind}_emotion") or found.classes.get(f"{kind}3") or {}


def _words(fields: dict[str, Any]) -> str:
    parts = []
    for what in ("felt", "shown"):
        likely = sorted(fields[what].items(), key=lambda pair: -pair[1])[:2]
        if likely:
            told = ", ".join(f"{name} {share:.0%}" for name, share in likely)
            parts.append(f"{what}: {told}")
    parts += [f"{name} {value:+.2f}" for name, value in fields["numbers"].items()]
    parts += [f"no {name}" for name in fields["absent"]]
    return " · ".join(parts)
