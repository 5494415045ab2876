"""What can be known before a session is gone on with, from its own frozen files."""

from __future__ import annotations

from dataclasses import replace

from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import load_protocol
from emer_studio.schema.stimulus import load_manifest
from emer_studio.session.devices import Devices
from emer_studio.session.live import SIM_GAZE
from emer_studio.session.prepare import Prepared, clip_luminance
from emer_studio.session.reserve import Reserve
from emer_studio.session.resume import (
    Unfinished,
    find_unfinished,
    left_to_do,
    plan_of,
    unchanged,
)
from emer_studio.session.steps import steps_of
from emer_studio.stimulus.figures import freeze_figures
from emer_studio.stimulus.library import freeze_clips
from emer_studio.study.folder import Study

__all__ = ["prepare_again"]


def prepare_again(study: Study, participant: str, devices: Devices) -> Prepared:
    """Prepare the rest of a participant's last session.

    Parameters
    ----------
    study : Study
    participant : str
    devices : Devices
        What to use; empty camera and gaze mean the ones of before.

    Raises
    ------
    BadInputError
        When there is nothing to go on with, or it cannot be; see `find_unfinished`.
    """
    unfinished = find_unfinished(study, participant)
    known = unfinished.manifest
    protocol_path, manifest_path = unchanged(study, known)
    protocol = freeze_figures(study, load_protocol(protocol_path), protocol_path)
    manifest = load_manifest(manifest_path)
    plan = plan_of(unfinished, protocol, manifest)
    events = unfinished.journal
    numbers = [int(e[key]) for e in events for key in ("trial", "replaced_by") if key in e]
    reserve = Reserve(
        protocol,
        manifest,
        plan,
        refused=unfinished.started.get("opt_out", ()),
        seen=tuple(e["clip"] for e in events if e["event"] == "clip_onset"),
        first_number=max([len(plan), *numbers]) + 1,
    )
    steps = tuple(left_to_do(unfinished, tuple(steps_of(protocol, plan)), manifest))
    wanted = {trial.clip.id for trial in plan} | {clip.id for clip in reserve.clips}
    clips = freeze_clips(study, manifest, manifest_path, wanted)
    return Prepared(
        study=study,
        participant=participant,
        number=known.session,
        protocol=protocol,
        protocol_path=protocol_path,
        manifest_path=manifest_path,
        clips=clips,
        plan=plan,
        steps=steps,
        reserve=reserve,
        again=(),
        participant_index=known.participant_index,
        folder=unfinished.folder,
        devices=_as_before(devices, unfinished),
        luminance=clip_luminance(protocol, plan, reserve, clips),
        unfinished=unfinished,
    )


def _as_before(devices: Devices, unfinished: Unfinished) -> Devices:
    """Fill in what was not said; a person's session stays a person's."""
    known = unfinished.manifest
    simulated = "participant" in known.simulated_devices
    if devices.simulate and not simulated:
        raise BadInputError(
            f"{unfinished.folder.name} is a person's session; it cannot be gone on with by"
            " a simulated participant.",
            fix="Leave --simulate out.",
        )
    gaze = "sim" if known.gaze_stream == SIM_GAZE else known.gaze_stream
    return replace(
        devices,
        camera=devices.camera or str(known.camera.get("spec", "0")),
        gaze=devices.gaze or gaze,
        microphone=devices.microphone or str(known.microphone.get("source", "")),
        simulate=simulated,
        language=known.language,
        rig=known.rig,
        screen_mm=devices.screen_mm or known.display.get("given_mm"),
        distance_mm=devices.distance_mm or known.display.get("distance_mm"),
    )
