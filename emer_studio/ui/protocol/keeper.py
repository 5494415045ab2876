"""The file in the editor: opened, saved, never lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.schema.relocate import manifest_named
from emer_studio.study.folder import Study
from emer_studio.ui.protocol import file as files
from emer_studio.ui.protocol.editor import Editor
from emer_studio.ui.protocol.file import ProtocolFile
from emer_studio.ui.protocol.notice import Notice

__all__ = ["Keeper"]

_FILTER = "Protocols (*.yaml *.yml)"


def _ask_unsaved(parent: QWidget, name: str) -> str:
    """Ask what becomes of changes; return ``save``, ``discard`` or ``cancel``."""
    answers = QMessageBox.StandardButton
    names = {answers.Save: "save", answers.Discard: "discard", answers.Cancel: "cancel"}
    chosen = QMessageBox.question(
        parent,
        "EMER Studio",
        f"{name} has changes that are not saved.",
        answers.Save | answers.Discard | answers.Cancel,
        answers.Save,
    )
    return names.get(chosen, "cancel")


def _ask_overwrite(parent: QWidget, name: str) -> bool:
    text = f"{name} was changed by another program meanwhile. Replace it by your text?"
    return (
        QMessageBox.question(parent, "EMER Studio", text) == QMessageBox.StandardButton.Yes
    )


def _ask_target(parent: QWidget, suggestion: Path) -> str:
    return QFileDialog.getSaveFileName(
        parent, "Save the protocol", str(suggestion), _FILTER
    )[0]


class Keeper(QObject):
    """Keeps the text of an editor and a file together.

    `opened` comes with another text, `named` when name or state changed, `saved` after
    saving, `said` with what a person should know. `ask_unsaved`, `ask_overwrite` and
    `ask_target` ask a person; tests replace them.
    """

    opened = Signal()
    named = Signal()
    saved = Signal()
    said = Signal(str)

    def __init__(
        self, parent: QWidget, study: Study, editor: Editor, notice: Notice
    ) -> None:
        super().__init__(parent)
        self._parent, self._study = parent, study
        self._editor, self._notice = editor, notice
        self.file: ProtocolFile | None = None
        self.ask_unsaved: Callable[[QWidget, str], str] = _ask_unsaved
        self.ask_overwrite: Callable[[QWidget, str], bool] = _ask_overwrite
        self.ask_target: Callable[[QWidget, Path], str] = _ask_target
        editor.document().modificationChanged.connect(lambda _on: self.named.emit())
        editor.refused.connect(self.say_protected)

    def open(self, path: Path) -> bool:
        """Open a protocol; what was not saved is asked for first."""
        if not self.may_leave():
            return False
        try:
            file, text = ProtocolFile.open(path)
        except BadInputError as problem:
            self.said.emit(str(problem))
            return False
        self._show(file, text)
        settings.remember(last_edited=str(file.path))
        return True

    def begin_from(self, source: Path) -> bool:
        """Begin a protocol of one's own with the text of another."""
        if not self.may_leave():
            return False
        self._show(*ProtocolFile.new(source, self._study.folder / "protocols"))
        self._editor.document().setModified(True)
        self.said.emit("A copy of your own: change it, then save it where you like.")
        return True

    def ask_open(self) -> None:
        """Ask for a file and open it."""
        folder = self.file.path.parent if self.file else self._study.folder
        name, _ = QFileDialog.getOpenFileName(
            self._parent, "A protocol", str(folder), _FILTER
        )
        if name:
            self.open(Path(name))

    def open_first(self) -> None:
        """Show what was not saved last time, what was open last time, or the demo."""
        draft = files.read_draft()
        last = Path(settings.load().last_edited or "/nowhere")
        if draft is not None:
            self._show(draft.file(), draft.text)
            self._editor.document().setModified(True)
            self._notice.say(
                "These changes were not saved when the program ended.",
                ("Save", self.save),
                ("Discard", self.discard),
            )
        elif not (last.is_file() and self.open(last)):
            self.open(next(path for path in files.shipped() if path.stem == "demo"))

    def _show(self, file: ProtocolFile, text: str) -> None:
        self.file = file
        self._editor.setProblems([])
        self._editor.setPlainText(text)
        self._editor.protect(bool(file.protected))
        self._editor.document().setModified(False)
        self.named.emit()
        self._notice.say("")
        if file.protected:
            self.say_protected()
        self.opened.emit()

    def say_protected(self) -> None:
        """Say why the text cannot be changed, and what to do."""
        if self.file is not None:
            self._notice.say(
                f"This protocol {self.file.protected}. Save it as one of your own to"
                " change it.",
                ("Save as…", self.save_as),
            )

    @property
    def state(self) -> str:
        """Whether the text is saved, in a word or two; empty when it is."""
        if self.file is None or self.file.protected:
            return "read only" if self.file else ""
        if self.file.is_new:
            return "not saved yet"
        return "changed" if self.modified else ""

    @property
    def modified(self) -> bool:
        """Whether there are changes that could be lost."""
        return self._editor.document().isModified()

    # -- saving

    def save(self) -> bool:
        """Save under the file's name, or ask for one; tell whether it is saved."""
        if self.file is None or self.file.is_new or self.file.protected:
            return self.save_as()
        if self.file.changed_on_disk and not self.ask_overwrite(
            self._parent, self.file.path.name
        ):
            return False
        try:
            self.file.save(self._editor.toPlainText())
        except (EmerError, OSError) as problem:
            self.said.emit(f"Not saved: {problem}")
            return False
        self._is_saved()
        return True

    def save_as(self) -> bool:
        """Ask for a name and save there; relative paths go on leading to the same files."""
        if self.file is None:
            return False
        folder = self._study.folder / "protocols"
        own = self.file.is_new or not self.file.protected
        suggestion = self.file.path if own else folder / self.file.path.name
        name = self.ask_target(self._parent, suggestion)
        if not name:
            return False
        path = Path(name) if Path(name).suffix else Path(f"{name}.yaml")
        if path != Path(name) and path.exists():
            self.said.emit(f"Not saved: {path.name} is there already. Give its whole name.")
            return False
        text = self._editor.toPlainText()
        try:
            written = self.file.save_as(path, text)
        except (EmerError, OSError) as problem:
            self.said.emit(f"Not saved: {problem}")
            return False
        self._editor.protect(False)
        self._editor.replaceText(written)
        self._is_saved()
        clips = manifest_named(written, self.file.path.parent)
        if written != text and clips is not None:
            self.said.emit(f"Saved. Its clips are listed in {clips}.")
        settings.remember(last_edited=str(self.file.path))
        self.opened.emit()
        return True

    def _is_saved(self) -> None:
        files.forget_draft()
        self._editor.document().setModified(False)
        self._notice.say("")
        self.named.emit()
        self.saved.emit()

    def discard(self) -> None:
        """Give up changes: the text is again what the file holds."""
        files.forget_draft()
        self._editor.document().setModified(False)
        if self.file is not None and not self.file.is_new and self.file.path.is_file():
            self._show(*ProtocolFile.open(self.file.path))
        else:
            self.open_first()

    def may_leave(self) -> bool:
        """Ask what becomes of changes, if there are any; tell whether one may go on."""
        if self.file is None or not self.modified:
            return True
        answer = self.ask_unsaved(self._parent, self.file.path.name)
        if answer == "discard":
            self.discard()
        return answer == "discard" or (answer == "save" and self.save())

    def look_at_disk(self) -> None:
        """Notice that another program wrote the file."""
        file = self.file
        if file is None or not file.changed_on_disk:
            return
        if not file.path.is_file():
            file.seen()
            self._editor.document().setModified(True)
            self._notice.say("The file is gone from the disk; saving writes it again.")
            return
        try:
            text = ProtocolFile.open(file.path)[1]
        except BadInputError:
            return  # half written: it is looked at again soon
        if text == self._editor.toPlainText() or not self.modified:
            self._take(text)
            return
        self._notice.say(
            "This file was changed by another program meanwhile.",
            ("Take that text", lambda: self._take(text)),
            ("Keep mine", self._keep),
            kind="doubts",
        )

    def _take(self, text: str) -> None:
        assert self.file is not None
        changed = text != self._editor.toPlainText()
        self.file.seen()
        self._editor.replaceText(text)
        self._is_saved()
        if changed:
            self.said.emit("Another program changed the file; this is its text.")

    def _keep(self) -> None:
        assert self.file is not None
        self.file.seen()
        self._notice.say("")

    def keep_draft(self) -> None:
        """Keep what is not saved, in case the program ends."""
        if self.file is not None and self.modified:
            files.keep_draft(self.file, self._editor.toPlainText())
        elif self.file is not None:
            files.forget_draft()  # the changes were undone
