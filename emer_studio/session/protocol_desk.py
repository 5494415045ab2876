"""``emer-studio protocol desk``: checks a protocol while it is being written.

It reads commands on standard input and writes events on standard output, one JSON object
a line; it ends with its input. A process of its own, because trying every order of a cycle
and opening clips take longer than a key may wait.

Command: ``check`` with ``id``, ``text``, ``path`` (where the text stands or is to stand),
``index`` (the participant's place in the counterbalancing) and ``seed``. Each is answered
by two events, unless a newer one waits: ``read`` (structure and doubts) and ``checked``
(everything, with the timeline). Lines count from 1.
"""

from __future__ import annotations

import logging
import queue
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.core.files import data_dir
from emer_studio.core.process import Control
from emer_studio.schema.base import MistakesError, parse_yaml
from emer_studio.schema.completion import Known
from emer_studio.schema.places import compose, line_at, line_named
from emer_studio.schema.protocol import Protocol
from emer_studio.schema.protocol_doubts import doubts
from emer_studio.schema.relocate import relative
from emer_studio.schema.stimulus import ClipManifest, is_manifest
from emer_studio.session.plan import build_plan
from emer_studio.session.protocol_check import check_protocol, lengths_of
from emer_studio.session.steps import steps_of
from emer_studio.session.timeline import timeline
from emer_studio.stimulus.library import Look, look_at, manifest_of

__all__ = ["Desk", "serve"]

logger = logging.getLogger(__name__)
_UNKNOWN = Look(0.0, 0, 0, 0.0)


def serve() -> int:
    """Answer until the input ends."""
    waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
    desk, console = Desk(), Console(events=True)
    control = Control(waiting.put, on_end=lambda: waiting.put(None))
    while not control.stopped.is_set():
        command = waiting.get()
        while not waiting.empty():  # only the newest text matters
            command = waiting.get()
        if command is None:
            break
        if command.get("cmd") != "check":
            console.event("error", text=f"There is no command {command.get('cmd')!r}.")
            continue
        _answer(desk, command, console, waiting)
    return 0


def _answer(
    desk: Desk,
    command: dict[str, Any],
    console: Console,
    waiting: queue.Queue[dict[str, Any] | None],
) -> None:
    try:
        path = Path(command["path"])
        page = desk.read(str(command["text"]), path)
        console.event("read", id=command.get("id"), **page.facts())
        if page.protocol is None or not waiting.empty():
            return
        desk.check(page, int(command.get("index", 0)), int(command.get("seed", 0)))
        console.event("checked", id=command.get("id"), **page.facts())
    except Exception as problem:
        logger.exception("a protocol could not be checked")
        console.event("error", text=f"The protocol could not be checked: {problem!r}.")


@dataclass
class _Page:
    """One text and what is known about it so far."""

    path: Path
    root: yaml.Node | None = None
    protocol: Protocol | None = None
    mistakes: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    known: dict[str, Any] | None = None
    stretches: list[dict[str, Any]] | None = None
    cycle: int = 0
    clips: int = 0

    def wrong(self, text: str, line: int | None) -> None:
        self.mistakes.append({"line": line, "text": text})

    def doubt(self, text: str) -> None:
        self.warnings.append({"line": line_named(self.root, text), "text": text})

    def facts(self) -> dict[str, Any]:
        protocol = self.protocol
        return {
            "mistakes": self.mistakes,
            "warnings": self.warnings,
            "known": self.known,
            "timeline": self.stretches,
            "name": protocol.name if protocol else "",
            "languages": list(protocol.languages) if protocol else [],
            "cycle": self.cycle,
            "clips": self.clips,
        }


class Desk:
    """Checks texts; remembers the clips it has looked at."""

    def __init__(self) -> None:
        self._looks: dict[tuple[str, int, int], Look | BadInputError] = {}

    def read(self, text: str, path: Path) -> _Page:
        """Return what the text alone tells: its mistakes, or the protocol and doubts."""
        page = _Page(path, compose(text))
        try:
            page.protocol = parse_yaml(text, Protocol, source=path.name)
        except MistakesError as problem:
            for mistake in problem.mistakes:
                page.wrong(mistake.text, mistake.line)
            return page
        for doubt in doubts(page.protocol):
            page.doubt(doubt)
        return page

    def check(self, page: _Page, index: int, seed: int) -> None:
        """Do what ``protocol check`` does, and lay out one participant's session."""
        assert page.protocol is not None
        try:
            manifest, manifest_path = manifest_of(page.protocol, page.path)
        except BadInputError as problem:
            page.wrong(str(problem), line_at(page.root, ["clips"]))
            page.known = asdict(_known(None, page.path))
            return
        page.known, page.clips = asdict(_known(manifest, page.path)), len(manifest.clips)
        try:
            found = check_protocol(page.protocol, page.path, look=self._look)
        except EmerError as problem:
            page.wrong(str(problem), line_named(page.root, str(problem)))
        else:
            page.cycle, page.warnings = found.cycle, []
            for text in found.warnings:
                page.doubt(text)
        try:
            plan = build_plan(page.protocol, manifest, participant_index=index, seed=seed)
        except BadInputError as problem:
            if not page.mistakes:  # only this participant's order is impossible
                page.wrong(str(problem), line_named(page.root, str(problem)))
            return
        lengths = lengths_of(manifest, manifest_path, self._look_gently)
        steps = list(steps_of(page.protocol, plan))
        page.stretches = [
            {**asdict(stretch), "line": line_at(page.root, stretch.place)}
            for stretch in timeline(steps, lengths.clip_s)
        ]

    def _look(self, path: Path) -> Look:
        """Look at a clip once for as long as it does not change."""
        try:
            about = path.stat()
        except OSError:
            return look_at(path)
        key = (str(path), about.st_mtime_ns, about.st_size)
        if key not in self._looks:
            try:
                self._looks[key] = look_at(path)
            except BadInputError as problem:
                self._looks[key] = problem
        found = self._looks[key]
        if isinstance(found, BadInputError):
            raise found
        return found

    def _look_gently(self, path: Path) -> Look:
        """Look at a clip; one that cannot be shown takes no time in the preview."""
        try:
            return self._look(path)
        except BadInputError:
            return _UNKNOWN


def _known(manifest: ClipManifest | None, path: Path) -> Known:
    """Return what the editor can offer."""
    clips = manifest.clips if manifest else ()
    translations = (data_dir() / "assets" / "translations").glob("*.yaml")
    return Known(
        clips={clip.id: clip.emotion for clip in clips},
        groups=tuple(dict.fromkeys(clip.group for clip in clips if clip.group)),
        categories=tuple(dict.fromkeys(c for clip in clips for c in clip.categories)),
        languages=tuple(sorted(file.stem for file in translations)),
        manifests=tuple(_manifests(path)),
    )


def _manifests(path: Path) -> list[str]:
    """Return the clip manifests near a protocol and the shipped ones, as it names them."""
    folders = (path.parent, path.parent.parent / "stimuli", data_dir() / "stimuli")
    found = [file for folder in folders for file in sorted(folder.glob("*.yaml"))]
    return [
        relative(file, path.parent) for file in dict.fromkeys(found) if is_manifest(file)
    ]
