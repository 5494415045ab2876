"""What one label speaks of: a whole clip, a window of it, or the seconds around its peak.

The protocol of a session decides (`schema.protocol.LabelUnit`). What experts label, what a
dataset has as samples and what folds keep together are the same spans, cut here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from emer_studio.core.errors import BadInputError
from emer_studio.recording.reader import Recording, ShownClip
from emer_studio.schema.protocol import LabelUnit, load_protocol
from emer_studio.schema.stimulus import Clip, load_manifest

__all__ = ["Span", "SpanKind", "Units", "windows_of"]

SpanKind = Literal["clip", "window", "peak"]
_SLACK_S, _SLACK_SHARE = 0.1, 0.1
"""How much a clip may end early before it has a window less, the smaller of seconds and
share of a window; chosen by us: some pictures, so that everybody who saw the clip has as
many."""


@dataclass(frozen=True, slots=True)
class Span:
    """What one label speaks of.

    Attributes
    ----------
    item : str
        ``SESSION/trial-N`` for a whole clip, else with the part behind it:
        ``SESSION/trial-N/w-03``, ``SESSION/trial-N/peak``.
    trial : int
    kind : {"clip", "window", "peak"}
    part : str
        ``w-01`` and so on, ``peak``, or empty.
    start_s, end_s : float
        LSL clock.
    onset_s, offset_s : float
        Of the whole clip, the same clock.
    """

    item: str
    trial: int
    kind: SpanKind
    part: str
    start_s: float
    end_s: float
    onset_s: float
    offset_s: float

    @property
    def name(self) -> str:
        """A name within its session: ``3``, ``3-w-01``, ``3-peak``."""
        return f"{self.trial}-{self.part}" if self.part else str(self.trial)

    @property
    def whole(self) -> bool:
        """Whether it is all of the clip, so that what was said of that holds for it."""
        return (self.start_s, self.end_s) == (self.onset_s, self.offset_s)


# A study has few protocols and many sessions, and reading YAML takes a while.
@lru_cache(maxsize=32)
def _unit_in(protocol: Path, _changed_ns: int) -> LabelUnit:
    return load_protocol(protocol).label_unit


@lru_cache(maxsize=32)
def _clips_in(manifest: Path, _changed_ns: int) -> Mapping[str, Clip]:
    return MappingProxyType({clip.id: clip for clip in load_manifest(manifest).clips})


class Units:
    """The unit of one session, as its own protocol had it.

    Parameters
    ----------
    recording : Recording
        In a study, which keeps the protocol and the clip manifest that the session used.
        A session without a protocol was recorded elsewhere: whole clips.

    Attributes
    ----------
    unit : LabelUnit
    remark : str
        What is odd about it; empty for most.
    """

    def __init__(self, recording: Recording) -> None:
        self._session, self.remark = recording.folder.name, ""
        study, about = recording.folder.resolve().parent.parent, recording.manifest
        self.unit = self._read(study / about.protocol)
        self._clips: Mapping[str, Clip] = {}
        manifest = study / about.manifest
        if self.unit.kind == "peak" and manifest.is_file():
            self._clips = _clips_in(manifest, manifest.stat().st_mtime_ns)

    def _read(self, protocol: Path) -> LabelUnit:
        try:
            known = protocol.is_file()
            return _unit_in(protocol, protocol.stat().st_mtime_ns) if known else LabelUnit()
        except BadInputError:
            self.remark = "its protocol cannot be read: taken as whole clips"
            return LabelUnit()

    def of(self, shown: ShownClip) -> tuple[Span, ...]:
        """Return the spans of one clip that was shown, in order of time.

        Raises
        ------
        BadInputError
            When it has none, saying why.
        """
        seconds, start_s, end_s = self.unit.seconds, shown.onset_s, shown.end_s
        if seconds is None:
            return (self._span(shown, "clip", "", start_s, end_s),)
        if self.unit.kind == "windows":
            cuts = windows_of(start_s, end_s, seconds)
            return tuple(
                self._span(shown, "window", f"w-{number:02d}", *cut)
                for number, cut in enumerate(cuts, start=1)
            )
        peak_s = start_s + self._peak_of(shown.clip)
        first_s, last_s = max(peak_s - seconds, start_s), min(peak_s + seconds, end_s)
        if first_s >= last_s:
            raise BadInputError(
                f"the peak of the clip {shown.clip} lies outside of what was shown"
            )
        return (self._span(shown, "peak", "peak", first_s, last_s),)

    def _span(
        self, shown: ShownClip, kind: SpanKind, part: str, start_s: float, end_s: float
    ) -> Span:
        behind = f"/{part}" if part else ""
        item = f"{self._session}/trial-{shown.trial}{behind}"
        whole = (shown.onset_s, shown.end_s)
        return Span(item, int(shown.trial), kind, part, start_s, end_s, *whole)

    def _peak_of(self, clip_id: str) -> float:
        """Return how long after the onset the peak comes; the file may begin earlier."""
        clip = self._clips.get(clip_id)
        if clip is None or clip.peak_s is None:
            raise BadInputError(
                f"the clip {clip_id} has no peak_s in the session's clip manifest"
            )
        return clip.peak_s - clip.trim_in_s


def windows_of(
    start_s: float, end_s: float, seconds: float
) -> tuple[tuple[float, float], ...]:
    """Cut a clip into windows that leave nothing out.

    What remains behind the last one is a window of its own from half the length on; less
    belongs to the last one. So a window has 0.5 to 1.5 times its length, and a clip that
    is shorter is one window.
    """
    slack_s = min(_SLACK_S, _SLACK_SHARE * seconds)
    number = max(int((end_s - start_s + slack_s) / seconds + 0.5), 1)
    edges = [start_s + k * seconds for k in range(number)] + [end_s]
    return tuple(pairwise(edges))
