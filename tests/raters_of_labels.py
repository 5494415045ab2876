"""Raters with known habits, whose labels lie in a real store."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.core.clock import utc_now
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.files import write_json
from emer_studio.labels.places import places_of
from emer_studio.labels.store import open_store
from emer_studio.schema.predictions import COLUMNS, PROBABILITY_COLUMNS, PrelabelSummary
from emer_studio.schema.study import SessionManifest
from emer_studio.study.folder import Study, create_study

BLIND = {"mode": "blind"}
Said = Sequence[tuple[str, str, str, Mapping[str, Any]]]


def study_with(
    folder: Path, said: Sequence[tuple[str, str, str, Mapping[str, Any]]]
) -> Study:
    """A study with labels: (annotator, stage, item, fields) each."""
    study = create_study(folder, seed=1)
    say(study, said)
    return study


def say(study: Study, said: Said) -> None:
    store = open_store(study)
    for position, (who, stage, item, fields) in enumerate(said, start=1):
        store.append_many(
            who, item, fields, visible=BLIND, input_by="key", stage=stage,
            position=position, elapsed_ms=4000,
        )  # fmt: skip
    store.close()


def blind_ratings(
    people: int = 6, clips: int = 8, raters: int = 3, right: float = 0.75, seed: int = 2
) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Raters who see the true category with a given probability, and any otherwise."""
    rng = np.random.default_rng(seed)
    found = []
    for person in range(people):
        for clip in range(clips):
            truth = int(rng.choice(7, p=[0.4, 0.1, 0.05, 0.1, 0.05, 0.1, 0.2]))
            valence = {0: 0.7, 3: 0.1, 6: 0.0}.get(truth, -0.6)
            for rater in range(raters):
                seen = truth if rng.random() < right else int(rng.integers(7))
                fields = {
                    "category": EMOTIONS[seen],
                    "intensity": int(np.clip(1 + clip % 3 + rng.integers(-1, 1), 0, 3)),
                    "valence": round(
                        float(np.clip(valence + rng.normal(0, 0.1), -1, 1)), 2
                    ),
                    "arousal": round(float(rng.uniform(-1, 1)), 2),
                }
                item = f"sub-P{person:03d}_ses-01/trial-{clip + 1}"
                found.append((f"E{rater + 1}", "A", item, fields))
    return found


def film(study: Study, people: Sequence[str], clips: int = 3, clip_s: float = 2.0) -> None:
    """Sessions of one face video each, as far as labels need them; no picture in them."""
    for code in people:
        study.add_participant(code, simulated=True)
        folder = study.folder / "sessions" / f"sub-{code}_ses-01"
        folder.mkdir(parents=True)
        manifest = SessionManifest(
            participant=code,
            session=1,
            state="complete",
            simulated=True,
            started=utc_now(),
            app_version="0",
            protocol="",
            protocol_sha256="",
            manifest="",
            manifest_sha256="",
            seed=1,
            participant_index=0,
        )
        write_json(folder / "session.json", manifest.model_dump(mode="json"))
        lines = []
        for trial in range(1, clips + 1):
            onset_s = 100.0 + 4 * trial
            about = {"trial": trial, "clip": f"c{trial}"}
            for event, t_s in (
                ("trial_started", onset_s - 1),
                ("clip_onset", onset_s),
                ("clip_end", onset_s + clip_s),
                ("trial_done", onset_s + clip_s + 1),
            ):
                lines.append({"t_s": t_s, "utc": utc_now(), "event": event, **about})
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "journal.jsonl").write_text(text, encoding="utf-8")
        (folder / "face_001.mkv").touch()
        frames = [f"{k},{40 * k},{100 + k / 25}" for k in range(25 * (4 * clips + 6))]
        table = "\n".join(["index,pts_ms,t_s", *frames]) + "\n"
        (folder / "face_001.frames.csv").write_text(table, encoding="utf-8")


def predict(study: Study, p_of: Mapping[str, Sequence[float]]) -> None:
    """Pre-labels that say the same of every frame of an item; no face elsewhere."""
    places = places_of(study)
    for video in {place.video for place in places.values()}:
        frames = len(video.with_suffix(".frames.csv").read_text().splitlines()) - 1
        rows = [dict.fromkeys(COLUMNS, "") for _ in range(frames)]
        for k, row in enumerate(rows):
            row |= {"frame": str(k), "pts": str(40 * k), "time_s": str(k / 25)}
            row |= {"status": "no_face", "n_faces": "0"}
        for item, p in p_of.items():
            if places[item].video == video:
                said = dict(zip(PROBABILITY_COLUMNS, map(str, p), strict=True))
                said |= {"status": "ok", "n_faces": "1", "det_score": "0.9"}
                said |= {"x": "1", "y": "2", "w": "30", "h": "40"}
                for row in rows[places[item].first : places[item].last + 1]:
                    row |= said
        folder = video.parent / "derived" / "prelabel"
        folder.mkdir(parents=True)
        with (folder / "face_001.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, COLUMNS)
            table.writeheader()
            table.writerows(rows)
        about = PrelabelSummary(
            app_version="0", source=video.name, source_sha256="0" * 64,
            table="face_001.csv", model="mini-xception", model_sha256="1" * 64,
            detector="yunet", detector_sha256="2" * 64, frames=frames, faces=frames,
            frames_with_face=frames, frames_multi=0, mean_p={}, fps=1.0,
        )  # fmt: skip
        write_json(folder / "face_001.json", about.model_dump(mode="json"))
