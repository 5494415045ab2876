"""Everything about a session that can be known before a participant sits down."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emer_studio import __version__
from emer_studio.core import settings
from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.schema.study import SessionManifest
from emer_studio.session.devices import Devices
from emer_studio.session.live import LiveSession
from emer_studio.session.plan import Trial, build_plan
from emer_studio.session.reserve import Reserve
from emer_studio.session.resume import Unfinished
from emer_studio.session.seen import seen_clips
from emer_studio.session.steps import Step, steps_of
from emer_studio.stimulus.figures import freeze_figures
from emer_studio.stimulus.inspect import inspect_clip
from emer_studio.stimulus.library import FrozenClips, freeze_clips, manifest_of
from emer_studio.study.folder import Study
from emer_studio.study.slots import Slots

__all__ = ["Prepared", "clip_luminance", "manifest_for", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """A session that may begin: everything that can be checked beforehand was.

    `again` are the clips of the plan that the participant has seen in an earlier session;
    `unfinished` is the session that is gone on with, if it is one.
    """

    study: Study
    participant: str
    number: int
    protocol: Protocol
    protocol_path: Path
    manifest_path: Path
    clips: FrozenClips
    plan: tuple[Trial, ...]
    steps: tuple[Step, ...]
    reserve: Reserve
    again: tuple[str, ...]
    participant_index: int
    folder: Path
    devices: Devices
    luminance: dict[str, float]
    opt_out: tuple[str, ...] = ()
    unfinished: Unfinished | None = None


def prepare(
    study: Study,
    participant: str,
    protocol_name: str,
    devices: Devices,
    number: int | None,
    opt_out: Sequence[str] = (),
) -> Prepared:
    """Check everything that can be known before a participant sits down.

    Raises
    ------
    BadInputError
        For a wrong protocol, clip, participant code or session number. Nothing of a
        session has been written by then.
    """
    protocol_path = find_protocol(protocol_name)
    protocol = load_protocol(protocol_path)
    if devices.language not in protocol.languages:
        raise BadInputError(
            f"The protocol {protocol.name!r} has no language {devices.language!r}, only"
            f" {', '.join(protocol.languages)}."
        )
    protocol = freeze_figures(study, protocol, protocol_path)
    manifest, manifest_path = manifest_of(protocol, protocol_path)
    study.check_code(participant, simulated=devices.simulate)
    index = Slots(study.folder).of(protocol.name, participant, simulated=devices.simulate)
    chosen = study.session_number(participant, number)
    seen = seen_clips(study, participant)
    plan = build_plan(
        protocol,
        manifest,
        participant_index=index,
        seed=study.file.seed,
        opt_out=opt_out,
        seen=seen,
        session=chosen,
    )
    reserve = Reserve(protocol, manifest, plan, refused=opt_out, seen=seen)
    planned = [trial.clip.id for trial in plan]
    wanted = {*planned, *(clip.id for clip in reserve.clips)}
    clips = freeze_clips(study, manifest, manifest_path, wanted)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    folder = study.folder / "sessions" / f"sub-{participant}_ses-{chosen:02d}_{stamp}"
    return Prepared(
        study=study,
        participant=participant,
        number=chosen,
        protocol=protocol,
        protocol_path=study.freeze(protocol_path, "protocols"),
        manifest_path=study.freeze(manifest_path, "stimuli"),
        clips=clips,
        plan=plan,
        steps=tuple(steps_of(protocol, plan)),
        reserve=reserve,
        again=tuple(clip for clip in planned if clip in seen),
        participant_index=index,
        folder=folder,
        devices=devices,
        luminance=clip_luminance(protocol, plan, reserve, clips),
        opt_out=tuple(opt_out),
    )


def clip_luminance(
    protocol: Protocol, plan: Sequence[Trial], reserve: Reserve, clips: FrozenClips
) -> dict[str, float]:
    """Measure the clips whose baseline is to be as bright as they are."""
    wanted = [t.clip.id for t in plan if t.baseline.kind == "luminance"]
    if any(block.trial.baseline.kind == "luminance" for block in protocol.blocks):
        wanted += [clip.id for clip in reserve.clips]
    return {name: inspect_clip(clips.files[name]).mean_luminance for name in wanted}


def manifest_for(
    prepared: Prepared, live: LiveSession, consent: dict[str, Any]
) -> SessionManifest:
    """Return the manifest of a session that begins, or goes on, now."""
    if prepared.unfinished is not None:
        known = prepared.unfinished.manifest
        again = {"state": "running", "ended": "", "problem": "", "verdict": ""}
        when = (*known.resumed, utc_now())
        return known.model_copy(update={**again, "resumed": when})
    return SessionManifest(
        participant=prepared.participant,
        session=prepared.number,
        state="running",
        simulated=bool(live.simulated),
        simulated_devices=live.simulated,
        started=utc_now(),
        app_version=__version__,
        python=platform.python_version(),
        platform=platform.platform(terse=True),
        protocol=str(prepared.protocol_path.relative_to(prepared.study.folder)),
        protocol_sha256=sha256_file(prepared.protocol_path),
        manifest=str(prepared.manifest_path.relative_to(prepared.study.folder)),
        manifest_sha256=sha256_file(prepared.manifest_path),
        clips_sha256=prepared.clips.sha256,
        consent=consent,
        language=prepared.devices.language,
        seed=prepared.study.file.seed,
        participant_index=prepared.participant_index,
        gaze_stream=live.gaze_name,
        source_ids=live.source_ids,
        camera=live.camera_facts,
        microphone=live.microphone_facts,
        override=prepared.devices.override,
        rig=prepared.devices.rig,
        lags=tuple(asdict(lag) for lag in settings.load().lags),
        trials_planned=len(prepared.plan),
    )
