"""What the participants' consents let out of a study.

Every export passes recordings on, which is the scope ``share``: gaze, and EDA, ECG, EEG
and the like as well. What shows a face or holds a voice needs ``record_video`` too.
Simulated participants are nobody, but what their record says counts all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from emer_studio.core.errors import BadInputError
from emer_studio.schema.consent import VIDEO_SCOPE
from emer_studio.study.consents import Consents
from emer_studio.study.folder import Participant, Study

__all__ = ["SHARE_SCOPE", "Permission", "permissions"]

SHARE_SCOPE = "share"
_NO_RECORD = (
    "there is no record of consent to sharing (a session older than consents, or a form on"
    " paper): where the signed form allows it, export with --on-paper {}"
)


@dataclass(frozen=True, slots=True)
class Permission:
    """What may go out of one participant.

    Attributes
    ----------
    share, video : bool
        Recordings at all; pictures of the face.
    how : str
        Where that was said: ``on screen``, ``on paper`` or ``simulated``.
    why_not : str
        Why nothing goes out, and what to do; empty when `share`.
    why_no_video : str
        Why no picture does; empty when `video`.
    """

    share: bool
    video: bool
    how: str
    why_not: str = ""
    why_no_video: str = ""


def permissions(study: Study, on_paper: Collection[str] = ()) -> dict[str, Permission]:
    """Return what may go out of each participant who has a row or a session.

    Parameters
    ----------
    study : Study
    on_paper : collection of str
        Codes of those who agreed to sharing on paper, as a person says. What a record says
        goes before it.

    Raises
    ------
    BadInputError
        When `on_paper` names nobody of the study.
    """
    rows = {row.participant: row for row in study.participants()}
    for session in study.sessions():
        about = session.manifest
        code, nobody = about.participant, about.simulated
        rows.setdefault(code, Participant(code, "", simulated=nobody, consent=""))
    unknown = sorted(set(on_paper) - set(rows))
    if unknown:
        known = ", ".join(sorted(rows)) or "nobody"
        raise BadInputError(
            f"--on-paper names {unknown[0]!r}, who is not in the study; it has: {known}."
        )
    consents = Consents(study.folder)
    return {
        code: _permission(row, consents.allowed(code), code in on_paper)
        for code, row in rows.items()
    }


def _permission(
    row: Participant, allowed: frozenset[str] | None, paper: bool
) -> Permission:
    if row.withdrawn:
        return Permission(False, False, "", "the participant has withdrawn")
    if allowed is not None:
        if SHARE_SCOPE not in allowed:
            why = f"the participant has not agreed to sharing (scope {SHARE_SCOPE!r})"
            return Permission(False, False, "on screen", why)
        video, how = VIDEO_SCOPE in allowed, "on screen"
    elif paper or row.simulated:
        video, how = True, "on paper" if paper else "simulated"
    else:
        return Permission(False, False, "", _NO_RECORD.format(row.participant))
    if video and "video withdrawn" not in row.consent:
        return Permission(True, True, how)
    why = f"the participant does not allow face video (scope {VIDEO_SCOPE!r})"
    return Permission(True, False, how, why_no_video=why)
