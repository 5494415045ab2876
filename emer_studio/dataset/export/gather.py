"""What of a study goes out: sessions whose people allow it, their trials, and why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.build import consensus_of, notes_of
from emer_studio.dataset.clip_places import clip_places
from emer_studio.dataset.export.names import Names, Released
from emer_studio.dataset.export.permission import Permission, permissions
from emer_studio.dataset.eye_work import EyeWork, lit_eyes
from emer_studio.dataset.fitness import gaze_of
from emer_studio.dataset.trials import Trial, trials_of
from emer_studio.features.eyes import Eyes, eyes_of
from emer_studio.labels.consensus import Consensus
from emer_studio.labels.units import Units
from emer_studio.recording.reader import Recording
from emer_studio.schema.decisions import Decisions
from emer_studio.schema.demographics import DemographicItem
from emer_studio.schema.protocol import Protocol, load_protocol
from emer_studio.schema.rating import RatingPage
from emer_studio.schema.stimulus import Clip, load_manifest
from emer_studio.study.decisions import decisions_of
from emer_studio.study.folder import Session, Study

__all__ = ["Gathered", "LeftOut", "OutSession", "gather"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing that did not go out.

    Attributes
    ----------
    participant : str
        As in the study.
    session : str
        Folder of a session; empty for all of a person's.
    what : str
        ``everything``, ``face video``, ``eyes`` …
    reason : str
        And what to do, where something can be done.
    """

    participant: str
    session: str
    what: str
    reason: str


@dataclass
class OutSession:
    """A session that goes out.

    Attributes
    ----------
    study : Study
    session : Session
    recording : Recording
    permission : Permission
    trials : tuple of Trial
    decisions : Decisions
    protocol : Protocol or None
        As frozen; None when the study does not have it any more.
    clips : dict of str to Clip
        As frozen, the same.
    """

    study: Study
    session: Session
    recording: Recording
    permission: Permission
    trials: tuple[Trial, ...]
    decisions: Decisions
    protocol: Protocol | None
    clips: dict[str, Clip]

    @property
    def code(self) -> str:
        """The participant, as in the study."""
        return self.session.manifest.participant

    @property
    def label(self) -> str:
        """The session's number in two digits."""
        return f"{self.session.manifest.session:02d}"

    @property
    def pages(self) -> dict[str, RatingPage]:
        """The rating pages of its protocol by id."""
        return {p.id: p for p in self.protocol.rating_pages} if self.protocol else {}

    @cached_property
    def eyes(self) -> Eyes:
        """Gaze, events and pupil of the whole session.

        Raises
        ------
        BadInputError
            When there is no gaze that can be understood.
        """
        return eyes_of(gaze_of(self.recording), self.study.file.eyes)

    def lit_eyes(self) -> Eyes:
        """Return the same with the pupil without the clips' light; they are decoded."""
        places = clip_places(
            self.study, self.session.manifest, {trial.clip for trial in self.trials}
        )
        work = EyeWork(
            self.session.folder,
            tuple((trial.number, trial.onset_s, trial.end_s) for trial in self.trials),
            tuple(places[trial.clip] for trial in self.trials),
            self.study.file.eyes,
            key="",
        )
        return lit_eyes(work)

    @property
    def display_px(self) -> tuple[float, float] | None:
        """Size of the display; None where the manifest does not tell it."""
        display = self.session.manifest.display
        width, height = (float(display.get(f"{s}_px") or 0) for s in ("width", "height"))
        return (width, height) if width > 0 and height > 0 else None

    @property
    def zero_s(self) -> float:
        """Where all times of the export begin: the journal's first event, LSL clock."""
        journal = self.recording.journal
        return float(journal[0]["t_s"]) if journal else 0.0

    def forget(self) -> None:
        """Let go of what was read; a study's recordings do not fit into memory at once."""
        self.__dict__.pop("eyes", None)
        self.recording = Recording(self.session.folder)


@dataclass
class Gathered:
    """What goes out, under which names, and what does not.

    Attributes
    ----------
    study : Study
    names : Names
    sessions : list of OutSession
        In the order of the names they go out under.
    left_out : list of LeftOut
    labels : mapping of str to Consensus
        Of the experts, by the study's name of a sample.
    """

    study: Study
    names: Names
    sessions: list[OutSession] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    labels: Mapping[str, Consensus] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """The participants that go out, as in the study, ordered by their new names."""
        return sorted({one.code for one in self.sessions}, key=self.names.person)

    @property
    def simulated(self) -> bool:
        """Whether any of it was recorded from simulated devices."""
        return any(one.session.manifest.simulated for one in self.sessions)

    @property
    def imported(self) -> bool:
        """Whether any of it was recorded elsewhere and made a session later."""
        return any(one.session.manifest.imported for one in self.sessions)

    @property
    def notes(self) -> str:
        """What whoever uses the export must know before anything else."""
        return notes_of(simulated=self.simulated, imported=self.imported)

    def items(self) -> dict[str, DemographicItem]:
        """Return what the protocols ask of each participant, by id."""
        asked = [one.protocol.demographics for one in self.sessions if one.protocol]
        return {item.id: item for items in asked for item in items}

    def leave_out(self, one: OutSession, what: str, reason: str) -> None:
        """Note that a part of a session does not go out."""
        self.left_out.append(LeftOut(one.code, one.session.name, what, reason))


def gather(
    study: Study, *, release: bool = False, on_paper: Collection[str] = ()
) -> Gathered:
    """Look for everything that may go out; nothing is written.

    Parameters
    ----------
    study : Study
    release : bool
        Under new names.
    on_paper : collection of str
        Participants who agreed to sharing on paper.

    Raises
    ------
    BadInputError
        When nothing may go out, naming why.
    """
    allowed = permissions(study, on_paper)
    sessions = study.sessions()
    latest = max((one.manifest.started for one in sessions), default="")
    names = Released(study.file, allowed, latest) if release else Names()
    found = Gathered(study, names, labels=consensus_of(study))
    found.left_out += [
        LeftOut("", name, "everything", why) for name, why in study.damaged()
    ]
    found.left_out += [
        LeftOut(code, "", "everything", permission.why_not)
        for code, permission in allowed.items()
        if not permission.share and any(s.manifest.participant == code for s in sessions)
    ]
    for session in sessions:
        permission = allowed[session.manifest.participant]
        if permission.share:
            found.sessions += _session(study, session, permission, found)
    if not found.sessions:
        reasons = dict.fromkeys(
            f"{o.participant or o.session}: {o.reason.rstrip('.')}" for o in found.left_out
        )
        raise BadInputError(
            f"Nothing of {study.folder} can be exported: "
            + ("; ".join(reasons) or "it has no session")
            + "."
        )
    found.sessions.sort(key=lambda one: (names.person(one.code), one.label))
    return found


def _session(
    study: Study, session: Session, permission: Permission, found: Gathered
) -> Iterator[OutSession]:
    about = session.manifest
    try:
        recording, decisions = Recording(session.folder), decisions_of(session.folder)
        one = OutSession(
            study,
            session,
            recording,
            permission,
            tuple(trials_of(recording, decisions, Units(recording))),
            decisions,
            _protocol(study, about.protocol),
            _clips(study, about.manifest),
        )
    except BadInputError as problem:
        found.left_out.append(
            LeftOut(about.participant, session.name, "everything", problem.message)
        )
        return
    if not one.trials:
        found.leave_out(one, "everything", "it has no finished trial")
        return
    if not permission.video:
        found.leave_out(one, "face video", permission.why_no_video)
    elif about.video_withdrawn:
        why = "the participant withdrew face video and sound"
        one.permission = Permission(True, False, permission.how, why_no_video=why)
        found.leave_out(one, "face video", why)
    yield one


def _protocol(study: Study, place: str) -> Protocol | None:
    path = study.folder / place
    try:
        return load_protocol(path) if path.is_file() else None
    except BadInputError:  # of an older version; the answers say what they are
        return None


def _clips(study: Study, place: str) -> dict[str, Clip]:
    path = study.folder / place
    return {c.id: c for c in load_manifest(path).clips} if path.is_file() else {}
