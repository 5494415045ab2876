"""Which stream is the eye tracker: a box to choose from, and all that helps with it."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QComboBox, QWidget

from emer_studio.ui.parts import button
from emer_studio.ui.session.gaze_line import GazeLine
from emer_studio.ui.session.more import choose, given, typed_into
from emer_studio.ui.session.stream_search import StreamSearch
from emer_studio.ui.session.streams_dialog import StreamsDialog
from emer_studio.ui.session.tracker_line import TrackerLine

__all__ = ["TrackerChoice"]

_SIMULATED = "Simulated eye tracker"


class TrackerChoice(QObject):
    """The parts of the form about the tracker; the form lays them out.

    Attributes
    ----------
    box, again
        The streams, and the button that looks for them anew.
    line, help
        What the chosen one is; help with its sender.
    """

    def __init__(self, form: QWidget) -> None:
        super().__init__(form)
        self._form = form
        self.box, self.again = QComboBox(), button("Look again", "refresh")
        self.line, self.help = GazeLine(), TrackerLine()
        self.streams: StreamsDialog | None = None
        typed_into(self.box, "any LSL gaze stream, by name")
        self.box.addItem(_SIMULATED, "sim")
        self._search = StreamSearch(self)
        self._search.found.connect(self._show_streams)
        self.again.clicked.connect(self._look_again)
        self.box.activated.connect(lambda _row: self.look())
        self.box.currentTextChanged.connect(lambda _text: self.line.forget(given(self.box)))
        self.help.sending.connect(self.take)
        self.help.listAsked.connect(self.open_streams)
        edit = self.box.lineEdit()
        if edit is not None:
            edit.editingFinished.connect(self.look)

    def search(self) -> None:
        """Look for LSL streams that are there now, and again at the chosen one."""
        # Not disabled meanwhile: that would take the keyboard to the next control.
        self.again.setDown(True)
        self._search.start()

    def _show_streams(self, streams: list[tuple[str, str]]) -> None:
        self.again.setDown(False)
        kept = given(self.box)
        self.box.blockSignals(True)
        self.box.clear()
        for query, shown in streams:
            self.box.addItem(shown, query)
        self.box.addItem(_SIMULATED, "sim")
        choose(self.box, kept)
        self.box.blockSignals(False)
        self.look()

    def take(self, query: str) -> None:
        """Choose a stream that was begun or picked from here."""
        choose(self.box, query)
        self._look_again()

    def open_streams(self) -> None:
        """Show every stream of the network."""
        if self.streams is None:
            self.streams = StreamsDialog(self._form)
            self.streams.picked.connect(self.take)
        self.streams.open()

    def _look_again(self) -> None:
        self.search()
        self.look(anew=True)

    def look(self, *, anew: bool = False) -> None:
        """See what the chosen stream is, where a person can see it too."""
        if self._form.isVisible():
            self.line.follow(given(self.box), anew=anew)

    def finish(self) -> None:
        """End what still runs."""
        if self.streams is not None:
            self.streams.finish()
        self._search.close()
        self.help.finish()
        self.line.close_look()
