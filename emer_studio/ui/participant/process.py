"""The participant's process: commands in, pages on the screen, events out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.schema.rating import parse_page
from emer_studio.synthetic.sync_code import MARKS
from emer_studio.ui.participant.choice import ChoiceForm, ScaleForm
from emer_studio.ui.participant.clip_page import ClipPage
from emer_studio.ui.participant.consent_page import ConsentPage
from emer_studio.ui.participant.display_watch import DisplayWatch
from emer_studio.ui.participant.free_text import TextForm
from emer_studio.ui.participant.items import ItemsForm
from emer_studio.ui.participant.pages import BlankPage, FixationPage, Page, TextPage
from emer_studio.ui.participant.pause_page import PausePage
from emer_studio.ui.participant.presenter import ClipPresenter, Preparation
from emer_studio.ui.participant.rating import RatingForm
from emer_studio.ui.participant.sam import SamForm
from emer_studio.ui.participant.simulated import SimulatedParticipant
from emer_studio.ui.participant.slider import SliderForm
from emer_studio.ui.participant.sync_mark import SyncMark, SyncPage
from emer_studio.ui.participant.targets_page import TargetsPage
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

__all__ = ["ParticipantProcess"]

logger = logging.getLogger(__name__)
Command = dict[str, Any]
_POINTS = ("sam", "scale", "items")  # the kinds of pages whose answers are points
_SHOWING = ("show", "consent", "play", "rate", "mark", "targets")
_FORMS: dict[str, type[RatingForm]] = {
    "sam": SamForm,
    "choice": ChoiceForm,
    "scale": ScaleForm,
    "slider": SliderForm,
    "items": ItemsForm,
    "text": TextForm,
}


class ParticipantProcess(QObject):
    """Carries out commands in the window and reports what happened.

    Parameters
    ----------
    window : ParticipantWindow
        Where pages are shown.
    presenter : ClipPresenter
        Plays clips.
    words : Words
        Built-in texts.
    tell : callable
        Called with the name and the fields of every event.
    simulated : SimulatedParticipant, optional
        Answers in place of a person.
    snapshot_dir : Path, optional
        Folder to photograph every page into.
    """

    command = Signal(object)  # Qt would sort the keys of a dict: items have an order
    """Commands from any thread, as dictionaries; carried out on the window's."""
    quit_asked = Signal()

    def __init__(
        self,
        window: ParticipantWindow,
        presenter: ClipPresenter,
        words: Words,
        tell: Callable[..., None],
        *,
        simulated: SimulatedParticipant | None = None,
        snapshot_dir: Path | None = None,
    ) -> None:
        super().__init__()
        self._window, self._presenter = window, presenter
        self._words, self._tell = words, tell
        self._simulated = simulated
        self._snapshot_dir = snapshot_dir
        self._photographed = 0
        self._trial = 0
        self._paused = False
        self._display_away = False
        self.command.connect(self._on_command)
        window.pause_requested.connect(self._on_pause_asked)
        window.desk_asked.connect(self._on_desk_asked)
        presenter.happened.connect(self._on_clip_event)
        presenter.finished.connect(self._on_clip_finished)
        presenter.stood_still.connect(self._on_stood_still)
        self._commands: dict[str, Callable[[Command], None]] = {
            "show": self._show,
            "consent": self._consent,
            "thanks": self._thanks,
            "prepare": self._prepare,
            "play": self._play,
            "rate": self._rate,
            "mark": self._mark,
            "targets": self._targets,
            "pause": lambda command: self.pause(str(command.get("by") or "operator")),
            "resume": lambda command: self._resume("operator"),
            "focus": lambda command: self._window.activateWindow(),
            "situation": self._situation,
            "snapshot": self._snapshot,
            "quit": lambda command: self.quit_asked.emit(),
        }

    @Slot(object)
    def _on_command(self, command: Command) -> None:
        name = str(command.get("cmd"))
        if self._paused and name in _SHOWING:
            return  # its sender has yet to hear of the pause, and will ask again
        try:
            if name not in self._commands:
                raise BadInputError(f"There is no command {name!r}.")
            self._commands[name](command)
        except EmerError as error:
            self._tell("error", text=str(error))
        except (KeyError, TypeError, ValueError) as error:
            self._tell("error", text=f"The command {name!r} is not right: {error!r}.")
        except Exception as error:
            logger.exception("command %r failed", name)
            self._tell("error", text=f"The command {name!r} failed: {error}.")

    def _show(self, command: Command) -> None:
        kind = command["page"]
        self._presenter.abort()
        if kind == "text":
            page: Page = TextPage(
                self._window,
                self._words,
                str(command.get("title") or ""),
                str(command.get("body") or ""),
                command.get("button"),
            )
            page.done.connect(self._on_text_done)
        elif kind == "fixation":
            page = FixationPage(self._window)
        elif kind == "blank":
            page = BlankPage(self._window, command.get("luminance"))
        else:
            raise BadInputError(f"There is no page {kind!r}.")
        t_s = self._window.show_page(page)
        self._tell("page_shown", page=kind, t_s=t_s)
        self._photograph(kind)

    def _consent(self, command: Command) -> None:
        scopes = [dict(scope) for scope in command["scopes"]]
        page = ConsentPage(self._window, self._words, str(command["text"]), scopes)
        page.decided.connect(self._on_decided)
        t_s = self._window.show_page(page)
        self._tell("page_shown", page="consent", t_s=t_s)
        self._photograph("consent")

    @Slot(bool)
    def _on_decided(self, agreed: bool) -> None:
        t_s, page = clock.now_s(), self._window.page
        assert isinstance(page, ConsentPage)
        self._photograph("consent-answered")
        answer = {"agreed": agreed, "given": page.given() if agreed else []}
        self._window.show_page(BlankPage(self._window))
        simulated = self._simulated is not None
        self._tell("consent", **answer, input=page.input, simulated=simulated, t_s=t_s)

    def _thanks(self, command: Command) -> None:
        words = self._words("consent.thanks")
        self._window.show_page(TextPage(self._window, self._words, "", words, ""))
        self._photograph("thanks")

    def _prepare(self, command: Command) -> None:
        trim_out_s = command.get("trim_out_s")
        wanted = Preparation(
            trial=int(command["trial"]),
            clip=str(command["clip"]),
            path=Path(command["file"]),
            trim_in_s=float(command.get("trim_in_s") or 0.0),
            trim_out_s=None if trim_out_s is None else float(trim_out_s),
            gain_db=float(command.get("gain_db") or 0.0),
        )
        self._presenter.prepare(wanted, self._window.page_size_px())

    def _play(self, command: Command) -> None:
        if not self._presenter.ready:
            raise BadInputError("There is no prepared clip to play.")
        page = ClipPage(self._window)
        self._window.show_page(page)
        self._presenter.play(page)

    def _rate(self, command: Command) -> None:
        self._presenter.abort()
        self._trial = int(command["trial"])
        rating = parse_page(command["page"])
        form = _FORMS[rating.kind](self._window, self._words, rating)
        form.begin(command.get("seed"), command.get("earlier"))
        form.changed.connect(self._on_rating_changed)
        form.done.connect(self._on_rated)
        form.back_asked.connect(self._on_back)
        t_s = self._window.show_page(form)
        self._tell("page_shown", page="rating", id=rating.id, trial=self._trial, t_s=t_s)
        self._photograph(f"rating-{rating.id}")

    def _mark(self, command: Command) -> None:
        which = str(command["which"])
        if which not in MARKS:
            raise BadInputError(f"There is no mark {which!r}, only {', '.join(MARKS)}.")
        self._presenter.abort()
        corner = bool(command.get("corner"))
        page = SyncPage(self._window, self._words, corner=corner)
        self._window.show_page(page)
        mark = SyncMark(page, self._presenter.output, which)
        mark.switched.connect(self._on_switched)
        mark.done.connect(self._on_mark_done)
        page.destroyed.connect(mark.stop)

    @Slot(int, float)
    def _on_switched(self, level: int, t_s: float) -> None:
        self._tell("light", level=level, t_s=t_s)

    @Slot(dict)
    def _on_mark_done(self, said: dict[str, Any]) -> None:
        self._window.show_page(BlankPage(self._window))
        self._tell("mark_done", **said, t_s=clock.now_s())

    def _targets(self, command: Command) -> None:
        places = [(float(x), float(y)) for x, y in command["places"]]
        self._presenter.abort()
        page = TargetsPage(self._window, self._words, places, float(command["each_s"]))
        page.appeared.connect(self._on_target)
        page.finished.connect(self._on_targets_done)
        self._tell("page_shown", page="targets", t_s=self._window.show_page(page))
        page.begin()

    @Slot(dict)
    def _on_target(self, target: dict[str, Any]) -> None:
        self._tell("target", **target)
        self._photograph(f"target-{target['number']}")

    @Slot(list)
    def _on_targets_done(self, targets: list[dict[str, Any]]) -> None:
        self._window.show_page(BlankPage(self._window))
        self._tell("targets_done", targets=targets, t_s=clock.now_s())

    def _situation(self, command: Command) -> None:
        if self._simulated is not None:
            self._simulated.feel(
                str(command.get("emotion") or ""),
                float(command.get("valence") or 0.0),
                float(command.get("arousal") or 0.0),
            )

    def _snapshot(self, command: Command) -> None:
        path = Path(command["path"])
        if not self._window.snapshot(path):
            raise BadInputError(f"No picture could be written to {path}.")
        self._tell("snapshot", path=str(path))

    @Slot()
    def _on_text_done(self) -> None:
        t_s = clock.now_s()
        self._window.show_page(BlankPage(self._window))
        self._tell("page_done", page="text", t_s=t_s)

    @Slot(object, object)
    def _on_rating_changed(self, dimension: object, value: object) -> None:
        form = self._window.page
        assert isinstance(form, RatingForm)
        self._tell(
            "rating_change",
            trial=self._trial,
            page=form.rating.id,
            dimension=dimension,
            value=value,
            t_s=clock.now_s(),
        )

    @Slot()
    def _on_rated(self) -> None:
        t_s, form = clock.now_s(), self._window.page
        assert isinstance(form, RatingForm)
        answer = {
            "trial": self._trial,
            "page": form.rating.id,
            "kind": form.rating.kind,
            "value": form.value(),
            "mapped": form.mapped(),
            "points": form.rating.points if form.rating.kind in _POINTS else None,
            "input": form.input,
            "rt_s": form.rt_s,
            "simulated": self._simulated is not None,
            "t_s": t_s,
            **form.details(),
        }
        self._photograph(f"rating-{form.rating.id}-answered")
        self._window.show_page(BlankPage(self._window))
        self._tell("rating", **answer)

    @Slot()
    def _on_back(self) -> None:
        t_s, form = clock.now_s(), self._window.page
        assert isinstance(form, RatingForm)
        about = {"trial": self._trial, "page": form.rating.id, "value": form.state()}
        self._window.show_page(BlankPage(self._window))
        self._tell("rating_back", t_s=t_s, **about)

    @Slot(str)
    def _on_pause_asked(self, how: str) -> None:
        """Pause; who asks again in a pause wants to end. The close button never does."""
        if not self._paused:
            self.pause("participant", how)
        elif how != "close":
            self._end(how)

    @Slot(float)
    def _on_stood_still(self, for_s: float) -> None:
        self.pause("suspend")
        self._tell("finding", what=f"the clip stood still for {for_s:.0f} s")

    @Slot(str)
    def _on_desk_asked(self, command: str) -> None:
        again = self._paused and command == "pause"
        self._tell("desk_asked", command="resume" if again else command)

    def pause(self, by: str, how: str = "") -> None:
        """Break off what is shown and wait; `by` as in `session.requests.PauseRequest`."""
        if self._paused:
            return
        page = self._window.page
        answers = page.state() if isinstance(page, RatingForm) else None
        self._presenter.abort()  # tells the end of its clip first
        t_s, self._paused = clock.now_s(), True
        self._show_pause(may_go_on=by == "participant")
        self._tell("pause_requested", by=by, how=how, answers=answers, t_s=t_s)

    def _show_pause(self, *, may_go_on: bool) -> None:
        page = PausePage(self._window, self._words, may_go_on=may_go_on)
        page.go_on.connect(lambda: self._resume("participant"))
        page.end.connect(lambda: self._end("button"))
        self._window.show_page(page)
        self._photograph("pause")

    def _resume(self, by: str) -> None:
        if not self._paused:
            return
        if self._display_away:
            self._tell("finding", what="the session waits for the participant's display")
            return
        self._paused = False
        self._window.show_page(BlankPage(self._window))
        self._tell("resumed", by=by, t_s=clock.now_s())

    def _end(self, how: str) -> None:
        self._window.show_page(BlankPage(self._window))
        self._tell("stop_requested", t_s=clock.now_s(), how=how)

    def watch(self, display: DisplayWatch) -> None:
        """Pause when the display goes away, and say what becomes of it."""

        def lost() -> None:
            self._display_away = True
            self.pause("display")
            self._tell("finding", what=f"the display {display.name} is gone")

        def back() -> None:
            self._display_away = False
            self._show_pause(may_go_on=True)
            self._tell("finding", what=f"the display {display.name} is back")

        def changed(facts: dict[str, Any]) -> None:
            size = f"{facts['width_px']}x{facts['height_px']} at {facts['refresh_hz']} Hz"
            self._tell("finding", what=f"the display {display.name} has changed to {size}")

        display.lost.connect(lost)
        display.back.connect(back)
        display.changed.connect(changed)

    @Slot(str, dict)
    def _on_clip_event(self, name: str, fields: dict[str, Any]) -> None:
        self._tell(name, **fields)

    @Slot()
    def _on_clip_finished(self) -> None:
        self._photograph("clip-last-picture")
        self._window.show_page(BlankPage(self._window))

    def _photograph(self, name: str) -> None:
        if self._snapshot_dir is not None:
            self._photographed += 1
            self._window.snapshot(
                self._snapshot_dir / f"{self._photographed:03d}-{name}.png"
            )
