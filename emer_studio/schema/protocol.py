"""The protocol: what happens to a participant, written by a researcher without code.

A protocol file is YAML. Planning turns it into a flat list of trials (`session.plan`);
the runner sees nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import data_dir
from emer_studio.schema.base import LocalText, Model, load_yaml
from emer_studio.schema.consent import (
    DEFAULT_SCOPES,
    ConsentForm,
    ConsentScope,
    check_scopes,
)
from emer_studio.schema.demographics import Checklist, DemographicItems
from emer_studio.schema.rating import RatingPage
from emer_studio.schema.units import WHOLE_CLIPS
from emer_studio.schema.validation import Validation

__all__ = [
    "WHOLE_CLIPS",
    "Block",
    "Breaks",
    "ClipBaseline",
    "LabelUnit",
    "Order",
    "Protocol",
    "Select",
    "TrialTiming",
    "Validation",
    "find_protocol",
    "load_protocol",
]

Seconds = Annotated[float, Field(ge=0, le=3600)]


class ClipBaseline(Model):
    """What a trial shows before its clip, to compare eyes and face with.

    Attributes
    ----------
    kind : {"none", "cross", "luminance"}
        A cross, or an even grey of the clip's mean luminance: then the pupil's answer to
        light is the same as in the clip.
    seconds : float
        How long it is shown.
    """

    kind: Literal["none", "cross", "luminance"] = "none"
    seconds: Seconds = 0.0

    @model_validator(mode="after")
    def _has_a_length(self) -> ClipBaseline:
        if (self.kind == "none") != (self.seconds == 0):
            raise ValueError("a baseline has a kind and seconds, or neither")
        return self


class TrialTiming(Model):
    """The parts of a trial around the clip, in seconds.

    Attributes
    ----------
    baseline : ClipBaseline
        What is shown before the cross, to compare eyes and face with.
    fixation_s : float
        How long a cross is looked at before the clip, in seconds.
    washout_s : float
        How long the screen stays empty after the ratings, in seconds.
    """

    baseline: ClipBaseline = ClipBaseline()
    fixation_s: Seconds = 1.0
    washout_s: Seconds = 1.0


class Breaks(Model):
    """A pause after every so many trials; the participant ends it.

    Attributes
    ----------
    every : int
        So many trials lie between two breaks.
    text : dict of str to str
        What the participant reads meanwhile, by language.
    least_s : float
        The break lasts at least so long, in seconds.
    """

    every: Annotated[int, Field(ge=1)]
    text: Annotated[LocalText, Field(min_length=1)]
    least_s: Seconds = 0.0


class LabelUnit(Model):
    """What a label speaks of.

    Attributes
    ----------
    kind : {"clip", "windows", "peak"}
        The whole clip, windows of `seconds` one after the other, or the clip's marked peak
        (``peak_s`` in the manifest, seconds of its file) ± `seconds`, cut to what is shown.
        What remains behind the last window is one from half its length on, else part of it.
    seconds : float
        Length of a window, or how far a label reaches around the peak.
    """

    kind: Literal["clip", "windows", "peak"] = "clip"
    seconds: Annotated[float, Field(gt=0, le=600)] | None = None

    @model_validator(mode="after")
    def _has_a_length(self) -> LabelUnit:
        if (self.kind == "clip") != (self.seconds is None):
            raise ValueError("windows and peaks need 'seconds', a whole clip has none")
        return self

    @property
    def words(self) -> str:
        """What a sample is, in words."""
        if self.seconds is None:
            return WHOLE_CLIPS
        if self.kind == "windows":
            return f"windows of {self.seconds:g} s"
        return f"the peak ± {self.seconds:g} s"


class Select(Model):
    """Which clips of the manifest a block shows: all, by id, by emotion, by group.

    Attributes
    ----------
    ids : tuple of str
        These clips only.
    emotions : tuple of str
        Clips of these emotions only.
    groups : tuple of str
        Clips of these groups of the manifest only.
    per_emotion : int
        So many of each emotion, drawn for each participant.
    reserve : int
        So many more of each emotion are kept back, to take the place of clips that a
        participant opts out of or has seen before.
    """

    ids: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    per_emotion: Annotated[int, Field(ge=1)] | None = None
    reserve: Annotated[int, Field(ge=0)] = 0


class Order(Model):
    """How the clips of a block are ordered.

    Attributes
    ----------
    shuffle : bool
        At random within the constraints; else as in the manifest.
    max_same_emotion_in_row : int
        At most so many clips of one emotion one after the other.
    min_distance : int
        Clips of one emotion are at least so many places apart; 2 forbids neighbours.
    first, last : tuple of str
        Clip ids that begin and end the block, in this order.
    counterbalance : {"none", "williams", "rotation"}
        Across participants: a Williams square of the emotions (as many clips of each), or
        one order that begins one clip later for each participant.
    """

    shuffle: bool = True
    max_same_emotion_in_row: Annotated[int, Field(ge=1)] | None = None
    min_distance: Annotated[int, Field(ge=1, le=50)] = 1
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    counterbalance: Literal["none", "williams", "rotation"] = "none"

    @model_validator(mode="after")
    def _makes_sense(self) -> Order:
        both = set(self.first) & set(self.last)
        if both:
            raise ValueError(f"the clip {min(both)!r} cannot be first and last")
        if not self.shuffle and self.counterbalance != "none":
            raise ValueError("a counterbalanced block is shuffled; leave 'shuffle' out")
        return self


class Block(Model):
    """Trials of one kind; practice comes before everything else and is never analysed.

    Attributes
    ----------
    id : str
        Name of the block, unique within the protocol; stored with every trial.
    practice : bool
        Trials to get used to it: they come first and are never analysed.
    select : Select
        Which clips it shows; left out, all of the manifest.
    order : Order
        How they are ordered; left out, at random.
    trial : TrialTiming
        The parts of a trial around the clip, in seconds.
    text : dict of str to str
        What is read before the block, by language.
    breaks : Breaks
        A pause after every so many trials.
    ratings : tuple of str
        Ids of the rating pages asked after each clip, in this order.
    """

    id: str
    practice: bool = False
    select: Select = Select()
    order: Order = Order()
    trial: TrialTiming = TrialTiming()
    text: LocalText = {}
    breaks: Breaks | None = None
    ratings: Annotated[tuple[str, ...], Field(min_length=1)]


class Protocol(Model):
    """A whole induction protocol.

    Attributes
    ----------
    format_version : {1}
        Version of this file format.
    name : str
        Short name; participants have their place in the counterbalancing by it.
    title : dict of str to str
        Head of every text that the participant reads, by language.
    languages : tuple of str
        Codes of the languages that the texts are written in, such as en and zh.
    clips : str
        The clip manifest, seen from the protocol's folder.
    consent : dict of str to str
        Text of the consent form, by language: shown before anything is recorded. Left out,
        consent is taken on paper.
    consent_scopes : tuple of ConsentScope
        What is ticked one by one below it; left out: taking part, video (both needed),
        publications, sharing for research.
    demographics : tuple of DemographicItem
        What is asked of each participant once, before the first session: age, vision …
    changeover : tuple of str
        The operator's checklist between two participants; left out: the program's own.
    content_warning : dict of str to str
        What the clips may do to people, by language; read first.
    instructions : dict of str to str
        What the participant is asked to do, by language.
    debrief : dict of str to str
        What is said after the last questions, by language.
    closing : dict of str to str
        The last text, by language; it goes by itself.
    baseline_s : float
        A resting baseline with a cross, before the first block.
    before, after : tuple of str
        Ids of rating pages that belong to no trial: questionnaires, the distress check.
    opt_out : dict of str to dict
        Categories of clips that a participant may refuse, and how they are called.
    closing_clip : str
        A clip that ends the session on a good note; it is not rated.
    label_unit : LabelUnit
        What a label speaks of: the whole clip, windows of it, or its peak.
    sync_marks : bool
        A session opens and closes with a coded flash and click, which tell how late camera
        and microphone are. Slow enough for the general flash limit; false leaves it out.
    validation : Validation
        A check of the eye tracker before the first block; left out, there is none.
    rating_pages : tuple of RatingPage
        The pages that can be asked, each with an id.
    blocks : tuple of Block
        The parts of the session, in order.
    """

    format_version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1)]
    title: LocalText
    languages: Annotated[tuple[str, ...], Field(min_length=1)] = ("en",)
    clips: str
    consent: LocalText = {}
    consent_scopes: tuple[ConsentScope, ...] = ()
    demographics: DemographicItems = ()
    changeover: Checklist | None = None
    content_warning: LocalText = {}
    instructions: LocalText = {}
    debrief: LocalText = {}
    closing: LocalText = {}
    baseline_s: Seconds = 0.0
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    opt_out: dict[str, LocalText] = {}
    closing_clip: str = ""
    label_unit: LabelUnit = LabelUnit()
    sync_marks: bool = True
    validation: Validation | None = None
    rating_pages: Annotated[tuple[RatingPage, ...], Field(min_length=1)]
    blocks: Annotated[tuple[Block, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _references_exist(self) -> Protocol:
        kinds = [block.practice for block in self.blocks]
        if kinds != sorted(kinds, reverse=True):
            raise ValueError("practice blocks come before all others")
        ids = [block.id for block in self.blocks]
        if len(set(ids)) < len(ids):
            raise ValueError("two blocks have the same id")
        pages = [page.id for page in self.rating_pages]
        if len(set(pages)) < len(pages):
            raise ValueError("two rating pages have the same id")
        asked = [(f"block {block.id!r}", block.ratings) for block in self.blocks]
        for who, names in (*asked, ("'before'", self.before), ("'after'", self.after)):
            if len(set(names)) < len(names):
                raise ValueError(f"{who} asks for a rating page twice")
            for name in names:
                if name not in pages:
                    raise ValueError(
                        f"{who} asks for the rating page {name!r}, there are only"
                        f" {', '.join(pages)}"
                    )
        return self

    @model_validator(mode="after")
    def _can_be_consented_to(self) -> Protocol:
        if self.consent_scopes:
            if not any(self.consent.values()):
                raise ValueError("'consent_scopes' need a text to stand below: 'consent'")
            check_scopes(self.consent_scopes)
        return self

    @property
    def consent_form(self) -> ConsentForm | None:
        """What the participant is asked before anything is recorded; None: on paper."""
        if not any(self.consent.values()):
            return None
        scopes = self.consent_scopes or DEFAULT_SCOPES
        return ConsentForm(self.consent, self.content_warning, scopes)

    def block(self, block_id: str) -> Block:
        """Return the block with this id; the closing clip is a block of its own."""
        found = next((block for block in self.blocks if block.id == block_id), None)
        return found or Block(id=block_id, ratings=(self.rating_pages[0].id,))

    def page(self, page_id: str) -> RatingPage:
        """Return the rating page with this id."""
        return next(page for page in self.rating_pages if page.id == page_id)


def find_protocol(name: str) -> Path:
    """Return the file of a protocol given as a path or as the name of a shipped one."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = data_dir() / "protocols" / "induction"
    known = shipped / f"{path.stem}.yaml"
    if known.is_file() and (path.parent == Path() or not path.exists()):
        return known
    names = ", ".join(sorted(file.stem for file in shipped.glob("*.yaml")))
    raise BadInputError(
        f"There is no protocol {name!r}.", fix=f"Give a YAML file, or one of: {names}."
    )


def load_protocol(path: Path) -> Protocol:
    """Read a protocol; mistakes come with file, line and the nearest valid key."""
    return load_yaml(path, Protocol)
