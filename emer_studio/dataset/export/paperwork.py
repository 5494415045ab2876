"""What every export says of itself: the consent it needed, what is missing, the terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emer_studio import __version__
from emer_studio.core.files import data_dir, write_json
from emer_studio.dataset.export.columns import Column, Table, as_tsv, write_text
from emer_studio.dataset.export.gather import Gathered
from emer_studio.dataset.export.permission import SHARE_SCOPE
from emer_studio.schema.consent import VIDEO_SCOPE

__all__ = ["LEFT_OUT", "left_out_table", "scopes_of", "write_paperwork"]

LEFT_OUT = "left_out.tsv"
_COLUMNS = (
    Column("participant", "code; missing in a release for who is not in it"),
    Column("session", "its folder, in a release its number; missing for all of them"),
    Column("what", "what is missing"),
    Column("reason", "why"),
)
_TEMPLATES = ("EULA.md", "DATASHEET.md")
_RELEASED_REASONS = {
    "everything": "not covered by consent, or nothing of it can be used",
    "face video": "not covered by consent",
    "stream": "not numbers, or sound, pictures or gaze that go out in another way",
    "eyes": "no gaze on the screen that can be understood",
}


def scopes_of(*, pictures: bool) -> list[str]:
    """Return the scopes of consent that an export needs."""
    return [SHARE_SCOPE, VIDEO_SCOPE] if pictures else [SHARE_SCOPE]


def write_paperwork(gathered: Gathered, out: Path, *, form: str, pictures: bool) -> None:
    """Write what was left out, which consent was needed, and in a release the templates."""
    release = gathered.names.release
    write_text(out / LEFT_OUT, as_tsv(left_out_table(gathered).frame()))
    facts: dict[str, Any] = {
        "format": form,
        "release": release,
        "pictures": pictures,
        "consent_scopes": scopes_of(pictures=pictures),
        "participants": len(gathered.codes),
        "sessions": len(gathered.sessions),
        "trials": sum(len(one.trials) for one in gathered.sessions),
        "left_out": len(gathered.left_out),
        "simulated": gathered.simulated,
        "imported": gathered.imported,
        "app_version": __version__,
    }
    write_json(out / "export.json", facts)
    for name in _TEMPLATES if release else ():
        text = (data_dir() / "assets" / "release" / name).read_text(encoding="utf-8")
        write_text(out / name, text)


def left_out_table(gathered: Gathered) -> Table:
    """Return what did not go out; a release says so without names, folders or words."""
    gone = set(gathered.codes)
    rows = []
    for entry in gathered.left_out:
        row = {
            "participant": entry.participant or None,
            "session": entry.session or None,
            "what": entry.what,
            "reason": entry.reason.replace(f"{gathered.study.folder}/", ""),
        }
        if gathered.names.release:
            known = entry.participant in gone
            person = gathered.names.person(entry.participant) if known else None
            numbers = {one.session.name: one.label for one in gathered.sessions}
            kind = "stream" if entry.what.startswith("stream ") else entry.what
            reason = _RELEASED_REASONS.get(kind, "nothing of it can be used")
            number = numbers.get(entry.session)
            row |= {"participant": person, "session": number, "reason": reason}
        rows.append(row)
    return Table("left_out", _COLUMNS, rows)
