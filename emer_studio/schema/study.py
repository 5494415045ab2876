"""``study.yaml``, ``session.json`` and the lines of ``journal.jsonl``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from emer_studio.schema.base import Model, load_yaml
from emer_studio.schema.consensus import ConsensusRules
from emer_studio.schema.exclusion import ExclusionRules
from emer_studio.schema.eye_parameters import EyeParameters

_SERVERS = ("postgresql", "postgresql+psycopg")

__all__ = ["LEFT_ALONE", "SessionManifest", "StudyFile", "rules_of"]


class StudyFile(Model):
    """``study.yaml``.

    `exclude`, `eyes` and `consensus` hold what a study sets otherwise than we do.

    `record_also` names other LSL streams that every session records when they are there: by
    name, ``type:EDA`` or ``id:SOURCE_ID``. `labels` is the address of a PostgreSQL database
    for several seats at once (``postgresql+psycopg://HOST/DATABASE``, without a password);
    empty for ``labels.sqlite`` in the study.
    """

    format_version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1)]
    created: str
    seed: int
    language: str = "en"
    exclude: ExclusionRules = ExclusionRules()
    eyes: EyeParameters = EyeParameters()
    record_also: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    consensus: ConsensusRules = ConsensusRules()
    labels: str = ""

    @model_validator(mode="after")
    def _labels_are_on_a_server(self) -> Self:
        parts = urlsplit(self.labels)
        if parts.password is not None or "password" in parts.query:  # not said once more
            raise ValueError(
                "'labels' has a password in it, which does not belong into a file of the"
                " study; put it into ~/.pgpass, or into PGPASSWORD"
            )
        if self.labels and (parts.scheme not in _SERVERS or not parts.path.strip("/")):
            raise ValueError(
                "'labels' should be the address of a PostgreSQL database,"
                f" postgresql+psycopg://HOST/DATABASE (found {self.labels!r})"
            )
        return self


def rules_of(session: Path) -> ExclusionRules:
    """Return the limits of the study that a session lies in; ours where it lies in none.

    Raises
    ------
    BadInputError
        When ``study.yaml`` cannot be understood.
    """
    path = session.resolve().parent.parent / "study.yaml"
    return load_yaml(path, StudyFile).exclude if path.is_file() else ExclusionRules()


LEFT_ALONE = "the program that started the session ended"
"""The problem of a session that nobody aborted on purpose."""


class SessionManifest(Model):
    """``session.json``: what a session was made of, and how it ended.

    `state` is ``running`` from the first moment until the end, so a session that died
    never looks complete. `consent` says how consent was given (`study.consents`); empty in
    sessions from before there was such a record. `video_withdrawn` is when the participant
    withdrew face video and sound. `rig` is the name of the room's devices (`schema.rig`).
    `changeover` is what was ticked between this participant and the next one, each item
    with the time (`study.changeover`). `imported` is empty unless the session was made of a
    recording from elsewhere: when, and the kind and hash of each of its files. Older
    versions are upgraded on reading (`schema.upgrades`).
    """

    format_version: Literal[1] = 1
    participant: str
    session: int
    state: Literal["running", "complete", "stopped", "aborted", "failed"]
    simulated: bool
    simulated_devices: tuple[str, ...] = ()
    started: str
    resumed: tuple[str, ...] = ()
    ended: str = ""
    app_version: str
    python: str = ""
    platform: str = ""
    protocol: str
    protocol_sha256: str
    manifest: str
    manifest_sha256: str
    clips_sha256: dict[str, str] = {}
    consent: dict[str, Any] = {}
    video_withdrawn: str = ""
    language: str = "en"
    seed: int
    participant_index: int
    gaze_stream: str = ""
    source_ids: dict[str, str] = {}
    camera: dict[str, Any] = {}
    microphone: dict[str, Any] = {}
    display: dict[str, Any] = {}
    audio: dict[str, Any] = {}
    override: str = ""
    rig: str = ""
    lags: tuple[dict[str, Any], ...] = ()
    streams: tuple[str, ...] = ()
    standby: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()
    sound: tuple[str, ...] = ()
    trials_planned: int = 0
    trials_done: int = 0
    problem: str = ""
    verdict: str = ""
    changeover: dict[str, str] = {}
    imported: dict[str, str] = {}
