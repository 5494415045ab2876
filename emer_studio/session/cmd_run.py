"""``emer-studio run``: one induction session."""

from __future__ import annotations

import argparse
import contextlib
import os
import threading
from pathlib import Path
from typing import Any

from emer_studio.core import settings
from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, EmerError, WorkFailedError
from emer_studio.core.process import Control
from emer_studio.core.stopping import signals_set
from emer_studio.recording.codecs import CODECS
from emer_studio.session.conduct import conduct
from emer_studio.session.desk import Desk
from emer_studio.session.devices import Devices
from emer_studio.session.prepare import Prepared, prepare
from emer_studio.session.prepare_again import prepare_again
from emer_studio.session.remote.wire import DEFAULT_PORT
from emer_studio.session.rigs import rig_named
from emer_studio.study.folder import Study, open_study
from emer_studio.study.lock import locked
from emer_studio.study.second_place import back_up_again

_USUAL = "usual"  # the port that is opened where none is given


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--participant", required=True, metavar="CODE", help="such as P001")
    parser.add_argument("--protocol", default="", metavar="FILE", help="or a shipped name")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the participant's last session, which was cut off",
    )
    parser.add_argument(
        "--session", type=int, metavar="N", help="default: the next free one"
    )
    parser.add_argument(
        "--rig",
        default="",
        metavar="NAME",
        help="devices and display as kept under this name in the window; what is given"
        " beside it goes first",
    )
    parser.add_argument("--camera", metavar="SPEC", help="0, file:VIDEO or sim")
    parser.add_argument("--size", metavar="WxH", help="of the camera's pictures")
    parser.add_argument("--fps", type=float, help="of the camera")
    parser.add_argument("--codec", choices=CODECS, help="see camera --help")
    parser.add_argument(
        "--mains", choices=("50", "60"), help="50 or 60: mains frequency, against flicker"
    )
    parser.add_argument(
        "--microphone", default="", metavar="SPEC", help="default, 0, 1 … or sim; else none"
    )
    parser.add_argument("--gaze", metavar="NAME", help="gaze stream by name, or sim")
    parser.add_argument(
        "--gaze-confirmed",
        action="store_true",
        help="somebody looked at the gaze mapping (see streams --stream NAME): do not ask",
    )
    parser.add_argument("--gaze-signature", default="", help=argparse.SUPPRESS)
    parser.add_argument(
        "--override",
        default="",
        metavar="REASON",
        help="why it begins although preflight said no-go; kept in the manifest",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NAME",
        help="another LSL stream to record when it is there: a name, type:EDA or"
        " id:SOURCE_ID; those that every session is to have stand in study.yaml"
        " (record_also)",
    )
    parser.add_argument("--gaze-wait", type=float, default=30.0, metavar="S")
    parser.add_argument("--language", default="en")
    parser.add_argument(
        "--opt-out",
        action="append",
        default=[],
        metavar="CATEGORY",
        help="a kind of clip that the participant does not want to see",
    )
    parser.add_argument(
        "--display", type=int, metavar="N", help="the participant's display"
    )
    parser.add_argument(
        "--screen-mm", metavar="WxH", help="width and height of that display, measured"
    )
    parser.add_argument(
        "--distance-mm", type=float, metavar="MM", help="from the eyes to that display"
    )
    parser.add_argument("--windowed", action="store_true", help="not full screen")
    parser.add_argument(
        "--simulate",
        action="store_true",
        help="simulated participant; devices unless given",
    )
    parser.add_argument("--headless", action="store_true", help="no visible display")
    parser.add_argument(
        "--console",
        type=int,
        nargs="?",
        const=_USUAL,
        metavar="PORT",
        help="let a second PC follow the session and ask for pauses and the like, over an"
        f" encrypted link (port {DEFAULT_PORT}, or the next one that is free); prints the"
        " line to type there",
    )
    add_output_arguments(parser)


def _prepared(args: argparse.Namespace, study: Study) -> Prepared:
    if args.resume and (args.protocol or args.session is not None or args.opt_out):
        raise BadInputError(
            "--resume goes on with what was begun: protocol, session number and categories"
            " are those of before.",
            fix="Leave --protocol, --session and --opt-out out, or --resume.",
        )
    if args.resume:
        return prepare_again(
            study, args.participant, _devices(args, study.file.record_also)
        )
    if not args.protocol:
        raise BadInputError(
            "Which protocol?", fix="Name it with --protocol FILE, or use --resume."
        )
    devices, number = _devices(args, study.file.record_also), args.session
    return prepare(study, args.participant, args.protocol, devices, number, args.opt_out)


def as_rigged(args: argparse.Namespace) -> None:
    """Fill in from the rig what was not said."""
    rig = rig_named(args.rig)
    for name in ("camera", "gaze", "microphone", "size", "fps", "codec", "mains"):
        if not getattr(args, name):
            value = getattr(rig, name)
            setattr(args, name, float(value) if value and name == "fps" else value or None)
    args.microphone = args.microphone or ""
    if args.display is None and not args.windowed:
        args.display, args.windowed = rig.display, rig.display is None
    if not args.screen_mm and rig.screen_mm:
        args.screen_mm = "x".join(f"{side:g}" for side in rig.screen_mm)
    args.distance_mm = args.distance_mm or rig.distance_mm


def _millimetres(text: str | None) -> tuple[float, float] | None:
    if not text:
        return None
    width, _, height = text.lower().partition("x")
    with contextlib.suppress(ValueError):
        if min(float(width), float(height)) > 0:
            return float(width), float(height)
    raise BadInputError(f"Expected a display's size such as 531x299 (mm), found {text!r}.")


def _devices(args: argparse.Namespace, also: tuple[str, ...] = ()) -> Devices:
    if args.rig:
        as_rigged(args)
    default = "sim" if args.simulate else ""
    camera = args.camera or default or ("" if args.resume else "0")
    gaze = args.gaze or default
    if not gaze and not args.resume:
        raise BadInputError(
            "Which stream is the eye tracker?",
            fix="Name it with --gaze NAME (any LSL gaze stream), or use --simulate.",
        )
    return Devices(
        camera=camera,
        gaze=gaze,
        simulate=args.simulate,
        windowed=args.windowed,
        display=args.display,
        language=args.language,
        gaze_wait_s=args.gaze_wait,
        camera_options=tuple(camera_options(args)),
        microphone=args.microphone,
        gaze_confirmed=args.gaze_confirmed,
        gaze_signature=args.gaze_signature,
        override=args.override,
        rig=args.rig,
        screen_mm=_millimetres(args.screen_mm),
        distance_mm=args.distance_mm,
        also=tuple(dict.fromkeys([*also, *args.also])),
    )


def camera_options(args: argparse.Namespace) -> list[str]:
    """Return the words for ``emer-studio camera`` that size, rate and the like ask for."""
    words = []
    if args.size:
        width, cross, height = args.size.lower().partition("x")
        if not (cross and width.isdigit() and height.isdigit()):
            raise BadInputError(f"Expected a size such as 1280x720, found {args.size!r}.")
        words += ["--width", width, "--height", height]
    for name in ("fps", "codec", "mains"):
        value = getattr(args, name)
        if value is not None:
            words += [f"--{name}", str(value)]
    return words


def run(args: argparse.Namespace) -> int:
    """Run the session; Ctrl-C or the end of the parent closes everything cleanly."""
    console = Console.of(args)
    study = open_study(args.study)
    if args.headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    stop = threading.Event()
    desk = Desk(stop)
    if args.events:
        Control(desk.obey, on_end=desk.leave)
    with (
        locked(args.study, f"session of {args.participant}"),
        signals_set(stop) as signals,
    ):
        prepared = _prepared(args, study)
        with _consoles(args.console, prepared, console, desk):
            result = conduct(prepared, console, stop, desk)
            _report(result, console)
    if result["session"] and not args.events:  # a window starts the copy itself
        copy_after_session(study, console)
    if result["state"] == "failed":
        raise WorkFailedError(f"The session failed: {result['problem']}")
    return 130 if signals else 0


def _consoles(
    port: int | str | None, prepared: Prepared, console: Console, desk: Desk
) -> contextlib.AbstractContextManager[None]:
    """Open the door for consoles on other computers, where that was asked for."""
    if port is None:
        return contextlib.nullcontext()
    if isinstance(port, int) and not 0 <= port < 65536:
        raise BadInputError(f"Expected a port from 0 to 65535, found {port}.")
    from emer_studio.session.remote.welcome import consoles_welcome

    about = {
        "participant": prepared.participant,
        "protocol": prepared.protocol.name,
        "microphone": prepared.devices.microphone,
    }
    given = port if isinstance(port, int) else None
    return consoles_welcome(given, console, desk, about)


def _report(result: dict[str, Any], console: Console) -> None:
    if not result["session"]:
        console.result(result, f"{result['state']}: no session began, nothing was recorded")
        return
    text = (
        f"{result['session']}\n  {result['state']}: {result['trials']} trials,"
        f" {result['ratings']} ratings; verdict {result['verdict']}"
    )
    console.result(result, "\n".join([text, *(f"  - {f}" for f in result["findings"])]))


def copy_after_session(study: Study, console: Console) -> None:
    """Copy the study to its second place, if one is set; the session is done either way."""
    if not settings.second_place(study.folder):
        return
    try:
        with locked(study.folder, "backup"):
            done = back_up_again(study, lambda at, of: console.progress("backup", at, of))
    except (EmerError, OSError) as problem:
        console.say(f"NOT BACKED UP: {problem}")
    else:
        console.say(f"copied to {done.target}, every file read back")
