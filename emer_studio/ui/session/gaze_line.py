"""The line under the eye-tracker box: what the chosen stream is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from emer_studio.ui.parts import button, label, restyle
from emer_studio.ui.session.mapping_dialog import MappingDialog
from emer_studio.ui.session.mapping_words import confirmable, line, refusal
from emer_studio.ui.session.stream_look import StreamLook

__all__ = ["GazeLine"]


class GazeLine(QWidget):
    """Look at a stream and say what it is; `settled` when there is an answer."""

    settled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.look = StreamLook(self)
        self.look.changed.connect(self._show)
        self.dialog: MappingDialog | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.text = label("", "small", wrap=True)
        self.channels = button("Channels…")
        self.channels.setProperty("small", True)
        self.channels.clicked.connect(self.open_dialog)
        row.addWidget(self.text, 1)
        row.addWidget(self.channels)
        self.hide()

    @property
    def query(self) -> str:
        """The stream this line is about."""
        return self.look.query

    def follow(self, query: str, *, anew: bool = False) -> None:
        """Be about a stream; ``sim`` and nothing need no look.

        Parameters
        ----------
        query : str
            As ``--gaze`` takes it.
        anew : bool
            Look again even where there is an answer.
        """
        wanted = "" if query == "sim" else query
        if wanted != self.query or (anew and wanted) or (wanted and self.look.error):
            self.look.ask(wanted)

    def forget(self, query: str) -> None:
        """Say nothing any more unless it is about `query`, which is being typed."""
        if query != self.query and self.query:
            self.look.ask("")

    def open_dialog(self) -> None:
        """Show the channels."""
        if self.look.facts:
            self.dialog = MappingDialog(self.window(), self.look.facts, asking=False)
            self.dialog.finished.connect(self._closed)
            self.dialog.open()

    def _closed(self) -> None:
        self.dialog = None

    def _show(self) -> None:
        look = self.look
        self.setVisible(bool(look.query))
        self.channels.setVisible(bool(look.facts))
        text, kind = "Looking at the stream …", "small"
        if look.error:
            text, kind = look.error.replace("\n  → ", " "), "small-red"
        elif look.facts and refusal(look.facts):
            text, kind = f"{line(look.facts)}. {refusal(look.facts)}", "small-red"
        elif look.facts:
            doubts = len(confirmable(look.facts))
            text = line(look.facts)
            if doubts:
                text += f"\n{doubts} thing{'s' * (doubts != 1)} to look at"
                kind = "small-amber"
        self.text.setText(text)
        restyle(self.text, "kind", kind)
        if look.query and not look.looking:
            self.settled.emit()

    def close_look(self) -> None:
        """End a look that still runs."""
        self.look.close()
