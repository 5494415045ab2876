"""How old the last measurement of the eye tracker is, and how good it was."""

from __future__ import annotations

from datetime import datetime, timedelta

from emer_studio.core.errors import EmerError
from emer_studio.recording.reader import read_journal
from emer_studio.schema.protocol import Protocol
from emer_studio.session.preflight_item import DOUBT, GO, Item
from emer_studio.study.folder import Study

__all__ = ["calibration"]

_OLD = timedelta(days=1)  # chosen by us: a chair, a lamp or a camera moves overnight
_FIX = "Calibrate, then emer-studio validate; or validation: {points: 9} in the protocol."


def calibration(study: Study, protocol: Protocol, tracker: str, now: datetime) -> Item:
    """Judge what is known of a tracker's accuracy before a session.

    Parameters
    ----------
    study : Study
        Whose sessions were measured.
    protocol : Protocol
        Of the session that is to begin; it may measure by itself.
    tracker : str
        Name of the gaze stream.
    now : datetime
        With its time zone.
    """
    if protocol.validation is not None:
        points = protocol.validation.points
        return Item("calibration", GO, f"the session measures it at {points} points")
    measured = _last_measured(study, tracker)
    if measured is None:
        return Item("calibration", DOUBT, f"nobody has measured {tracker} here", _FIX)
    when, facts = measured
    accuracy = facts.get("accuracy_deg")
    error = f"an error of {accuracy:.2f}°" if accuracy is not None else "no figures"
    said = f"last measured {when:%Y-%m-%d %H:%M} UTC: {error}"
    if not facts.get("accepted"):
        return Item("calibration", DOUBT, f"{said}, not accepted", _FIX)
    if now - when > _OLD:
        return Item("calibration", DOUBT, said, _FIX)
    return Item("calibration", GO, said)


def _last_measured(
    study: Study, tracker: str
) -> tuple[datetime, dict[str, float | bool | None]] | None:
    for session in reversed(study.sessions()):
        if session.manifest.gaze_stream != tracker:
            continue
        try:
            journal = read_journal(session.folder)
        except EmerError:
            continue
        checks = [entry for entry in journal if entry["event"] == "validation"]
        if checks:
            return datetime.fromisoformat(str(checks[-1]["utc"])), checks[-1]
    return None
