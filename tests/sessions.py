"""Small but genuine recorded sessions, made by the program's own writers; no LSL needed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.files import write_atomic, write_json
from emer_studio.recording.check import check_session
from emer_studio.recording.video import VideoWriter
from emer_studio.recording.xdf import XdfWriter
from emer_studio.schema.predictions import COLUMNS, PrelabelSummary
from emer_studio.schema.study import SessionManifest
from emer_studio.session.journal import Journal
from emer_studio.stimulus.engine import Frame
from emer_studio.stimulus.framelog import ClipRecord, FrameLog
from emer_studio.study.folder import Study
from emer_studio.synthetic.face import FaceRenderer

FPS = 20.0
TRIAL_S = 0.6
CLIPS = ("happiness", "sadness", "fear", "surprise", "disgust", "anger", "neutral")
_T0 = 1000.0


def write_session(
    study: Study,
    participant: str = "P001",
    *,
    trials: int = 2,
    size: tuple[int, int] = (160, 120),
    blind: tuple[int, ...] = (),
    faceless: tuple[int, ...] = (),
    moment_s: float = 0.0,
) -> Path:
    """Write a session with `trials` trials of 0.6 s each and return its folder.

    In the trials `blind` the tracker sees no eyes, in `faceless` the camera no face. The
    face is that of one person; `moment_s` moves it otherwise.
    """
    study.add_participant(participant, simulated=True)
    number = study.session_number(participant, None)
    stamp = f"20260101T00{number:02d}00"
    folder = study.folder / "sessions" / f"sub-{participant}_ses-{number:02d}_{stamp}"
    folder.mkdir(parents=True)
    onsets = [_T0 + 0.29 + 1.0 * k for k in range(trials)]
    end_s = _T0 + 0.5 + trials
    manifest = SessionManifest(
        participant=participant,
        session=number,
        state="complete",
        simulated=True,
        simulated_devices=("gaze", "camera", "participant"),
        started=f"2026-01-01T00:{number:02d}:00.000Z",
        app_version="0",
        protocol="protocols/demo.yaml",
        protocol_sha256="0" * 64,
        manifest="stimuli/demo.yaml",
        manifest_sha256="0" * 64,
        seed=study.file.seed,
        participant_index=0,
        gaze_stream="EMER_SimGaze",
        trials_planned=trials,
        trials_done=trials,
    )
    write_json(folder / "session.json", manifest.model_dump(mode="json"))
    events = _write_journal(folder, participant, onsets, end_s)
    away = [onsets[number - 1] for number in faceless]
    stamps = _write_video(folder, end_s, onsets, size, away, moment_s)
    _write_streams(folder, stamps, end_s, events, [onsets[n - 1] for n in blind])
    _write_presented(folder, onsets)
    verdict = check_session(folder)["verdict"]
    done = manifest.model_copy(update={"verdict": verdict})
    write_json(folder / "session.json", done.model_dump(mode="json"))
    return folder


def write_prelabels(session: Path, *, lost: tuple[int, ...] = ()) -> Path:
    """Write pre-labels as the command would: a face everywhere but in frames `lost`."""
    frames = (session / "face_001.frames.csv").read_text().splitlines()[1:]
    rows = [",".join(COLUMNS)]
    for index, line in enumerate(frames):
        pts = line.split(",")[1]
        values = ["0.4", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1"]
        face = ["1", "1", "10", "10", "9"]
        status = "no_face" if index in lost else "ok"
        count = "0" if index in lost else "1"
        cells = [""] * 12 if index in lost else [*face, *values]
        cells += ["", ""]  # no valence, no arousal
        rows.append(",".join([str(index), pts, pts, status, count, *cells]))
    table = session / "derived" / "prelabel" / "face_001.csv"
    write_atomic(table, "\n".join(rows) + "\n")
    summary = PrelabelSummary(
        app_version="0",
        source="face_001.mkv",
        source_sha256="1" * 64,
        table=table.name,
        model="mini-xception",
        model_sha256="2" * 64,
        detector="haar",
        detector_sha256="3" * 64,
        frames=len(frames),
        faces=len(frames) - len(lost),
        frames_with_face=len(frames) - len(lost),
        frames_multi=0,
        mean_p=dict.fromkeys(EMOTIONS, 0.1),
        fps=20.0,
        simulated=True,
    )
    write_json(table.with_suffix(".json"), summary.model_dump(mode="json"))
    return table


def _write_journal(
    folder: Path, participant: str, onsets: list[float], end_s: float
) -> list[tuple[float, str]]:
    journal, events = Journal(folder / "journal.jsonl"), []

    def write(name: str, t_s: float, **fields: object) -> None:
        journal.write(name, t_s=t_s, **fields)
        events.append((t_s, json.dumps({"event": name, **fields})))

    plan = [
        {"trial": k + 1, "clip": CLIPS[k % 7], "block": "main"} for k in range(len(onsets))
    ]
    write(
        "session_started",
        _T0,
        participant=participant,
        session=1,
        protocol="demo",
        simulated=["gaze", "camera", "participant"],
        plan=plan,
    )
    for entry, onset in zip(plan, onsets, strict=True):
        about = {"trial": entry["trial"], "clip": entry["clip"]}
        shown = round(TRIAL_S * FPS)
        write("trial_started", onset - 0.1, **about, block="main")
        write("clip_onset", onset, **about)
        summary = {"shown": shown, "expected": shown}
        write("clip_end", onset + TRIAL_S, **about, summary=summary)
        value = {"valence": 5, "arousal": 5}
        write("rating", onset + TRIAL_S + 0.1, **about, page="sam", value=value)
        write("trial_done", onset + TRIAL_S + 0.2, **about)
    write("session_done", end_s, state="complete")
    journal.close()
    return events


def _write_video(
    folder: Path,
    end_s: float,
    onsets: list[float],
    size: tuple[int, int],
    away: list[float],
    moment_s: float,
) -> np.ndarray:
    path = folder / "face_001.mkv"
    width, height = size
    stamps = np.arange(_T0, end_s, 1 / FPS)
    writer = VideoWriter(path, width_px=width, height_px=height, fps=FPS)
    face = FaceRenderer(3, width, height)
    rows = ["index,pts_ms,t_s,queue_delay_ms,dropped_before"]
    for index, t_s in enumerate(stamps.tolist()):
        trial = sum(onset <= t_s for onset in onsets)
        emotion = CLIPS[(trial - 1) % 7] if trial else "neutral"
        picture = face.render(emotion, 0.8, t_s=moment_s + t_s - _T0)
        if any(onset <= t_s < onset + TRIAL_S for onset in away):
            picture = np.full_like(picture, 90)
        pts = writer.write(picture, t_s)
        rows.append(f"{index},{pts},{t_s!r},1.0,0")
    writer.close()
    path.with_suffix(".frames.csv").write_text("\n".join(rows) + "\n")
    return stamps


def _write_streams(
    folder: Path,
    stamps: np.ndarray,
    end_s: float,
    events: list[tuple[float, str]],
    blind: list[float],
) -> None:
    writer = XdfWriter(folder / "streams_001.xdf")
    gaze = writer.add_stream(_header("EMER_SimGaze", "Gaze", 60.0, "float32", _GAZE))
    video = writer.add_stream(
        _header("EMER_Webcam", "VideoFrames", 0.0, "double64", _VIDEO)
    )
    marks = writer.add_stream(_header("EMER_Markers", "Markers", 0.0, "string", _MARKS))
    for number in (gaze, video, marks):
        writer.offset(number, _T0, 0.0)
        writer.offset(number, end_s, 0.0)
    times = np.arange(_T0, end_s, 1 / 60)
    wave = 0.5 + 0.3 * np.sin(times)
    table = np.stack([wave, 1 - wave, wave, 1 - wave, 3 + wave, 3 + wave], axis=1)
    for onset in blind:
        table[(times >= onset) & (times < onset + TRIAL_S)] = np.nan
    writer.samples(gaze, times, table.astype(np.float32))
    count = len(stamps)
    zeros = np.zeros(count)
    rows = np.stack([np.arange(count), stamps - _T0, zeros, zeros], axis=1)
    writer.samples(video, stamps, rows)
    writer.samples(marks, np.array([t for t, _ in events]), [[text] for _, text in events])
    writer.close()


_GAZE = (
    ("left_x", "ScreenX", "left"),
    ("left_y", "ScreenY", "left"),
    ("right_x", "ScreenX", "right"),
    ("right_y", "ScreenY", "right"),
    ("left_pupil", "Diameter", "left"),
    ("right_pupil", "Diameter", "right"),
)
_VIDEO = (
    ("frame_index", "", ""),
    ("video_time", "", ""),
    ("delay", "", ""),
    ("drop", "", ""),
)
_MARKS = (("marker", "", ""),)


def _header(
    name: str, kind: str, rate: float, form: str, channels: tuple[tuple[str, str, str], ...]
) -> str:
    listed = "".join(
        f"<channel><label>{text}</label><type>{what}</type><eye>{eye}</eye></channel>"
        for text, what, eye in channels
    )
    return (
        f'<?xml version="1.0"?><info><name>{name}</name><type>{kind}</type>'
        f"<channel_count>{len(channels)}</channel_count><nominal_srate>{rate}</nominal_srate>"
        f"<channel_format>{form}</channel_format><source_id>test:{name}</source_id>"
        "<hostname>test</hostname><desc><acquisition><simulated>true</simulated>"
        f"</acquisition><channels>{listed}</channels></desc></info>"
    )


def _write_presented(folder: Path, onsets: list[float]) -> None:
    log = FrameLog(folder / "presented.csv")
    picture = np.zeros((2, 2, 4), np.uint8)
    for number, onset in enumerate(onsets, start=1):
        record = ClipRecord(number, CLIPS[(number - 1) % 7], round(TRIAL_S * FPS), onset)
        for index in range(round(TRIAL_S * FPS)):
            at = onset + index / FPS
            log.add(record, Frame(index, index / FPS, index / FPS, picture, at), at)
    log.close()
