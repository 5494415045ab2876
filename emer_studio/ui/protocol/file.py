"""The file behind the editor: where it stands, whether it changed, what was not saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import (
    data_dir,
    next_free,
    read_json,
    write_atomic,
    write_json,
)
from emer_studio.core.settings import config_dir
from emer_studio.schema.relocate import manifest_named, relocated, with_manifest
from emer_studio.study.frozen import is_frozen

__all__ = ["Draft", "ProtocolFile", "forget_draft", "keep_draft", "read_draft", "shipped"]

_Stamp = tuple[int, int] | None


def shipped() -> list[Path]:
    """Return the protocols that come with the program."""
    return sorted((data_dir() / "protocols" / "induction").glob("*.yaml"))


@dataclass
class ProtocolFile:
    """A protocol on the disk, or one that is not there yet.

    Attributes
    ----------
    path : Path
        Where it stands, or is to stand: its relative paths are seen from there.
    is_new : bool
        It was never saved.
    protected : str
        Why it cannot be saved under its own name; empty when it can.
    """

    path: Path
    is_new: bool = False
    protected: str = ""
    _stamp: _Stamp = field(default=None, repr=False)

    @classmethod
    def open(cls, path: Path) -> tuple[ProtocolFile, str]:
        """Read a file; return it with its text.

        Raises
        ------
        BadInputError
            When it cannot be read as text.
        """
        path = path.resolve()
        stamp = _stamp_of(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInputError(f"{path} cannot be read as text: {problem}.") from None
        return cls(path, protected=_why_protected(path), _stamp=stamp), text

    @classmethod
    def new(cls, source: Path, folder: Path) -> tuple[ProtocolFile, str]:
        """Begin a protocol in `folder` with the text of another one."""
        _, text = cls.open(source)
        path, number = folder / f"{source.stem}-copy.yaml", 1
        while path.exists():
            number += 1
            path = folder / f"{source.stem}-copy-{number}.yaml"
        return cls(path.resolve(), is_new=True), relocated(text, source.parent, folder)

    @property
    def ships(self) -> bool:
        """Whether it is a file of the program's own."""
        return self.path in [path.resolve() for path in shipped()]

    @property
    def stamp(self) -> _Stamp:
        """Time and size of the file as it was read or saved; None for a new one."""
        return self._stamp

    @property
    def changed_on_disk(self) -> bool:
        """Whether another program wrote or removed the file since it was read or saved."""
        return not self.is_new and _stamp_of(self.path) != self._stamp

    def seen(self) -> None:
        """Take the file as it is on the disk now for known."""
        self._stamp = _stamp_of(self.path)

    def save(self, text: str) -> None:
        """Write the text under the file's own name, atomically."""
        if self.protected:
            raise BadInputError(f"{self.path} {self.protected}.", fix="Save it as another.")
        write_atomic(self.path, text)
        self.is_new = False
        self.seen()

    def save_as(self, path: Path, text: str) -> str:
        """Write to another file, which is the one from then on; return the text written.

        Relative paths are changed so that they lead to the same files. A clip manifest
        that ships is copied beside it: the lab puts its own clips into the copy.
        """
        path = path.resolve()
        reason = _why_protected(path)
        if reason:
            raise BadInputError(f"{path} {reason}.", fix="Choose another folder or name.")
        moved = _own_clips(relocated(text, self.path.parent, path.parent), path.parent)
        write_atomic(path, moved)
        self.path, self.is_new, self.protected = path, False, ""
        self.seen()
        return moved


def _own_clips(text: str, folder: Path) -> str:
    """Copy a clip manifest that ships into `folder`; let the text name the copy."""
    manifest = manifest_named(text, folder)
    home = (data_dir() / "stimuli").resolve()
    if manifest is None or manifest.parent != home or folder == home:
        return text
    content = manifest.read_bytes()
    copy = folder / f"{manifest.stem}-clips.yaml"
    if not (copy.is_file() and copy.read_bytes() == content):
        copy = next_free(copy)
        write_atomic(copy, content)
    return with_manifest(text, copy.name)


def _why_protected(path: Path) -> str:
    if path.resolve() in [file.resolve() for file in shipped()]:
        return "comes with the program and stays as it is"
    if is_frozen(path):
        return "is the copy that a session used and stays as it is"
    return ""


def _stamp_of(path: Path) -> _Stamp:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that was not saved when the program ended."""

    path: Path
    is_new: bool
    text: str
    stamp: _Stamp

    def file(self) -> ProtocolFile:
        """Return its file as it was when the text was read from it."""
        return ProtocolFile(self.path, is_new=self.is_new, _stamp=self.stamp)


def _draft_file() -> Path:
    return config_dir() / "protocol-draft.json"


def keep_draft(file: ProtocolFile, text: str) -> None:
    """Keep what is not saved yet, for the next start of the program."""
    about = {"path": str(file.path), "is_new": file.is_new, "stamp": file.stamp}
    write_json(_draft_file(), {**about, "text": text})


def read_draft() -> Draft | None:
    """Return what was not saved; None when there is nothing."""
    try:
        about = read_json(_draft_file())
        path, text, stamp = Path(about["path"]), str(about["text"]), about["stamp"]
        known = (int(stamp[0]), int(stamp[1])) if stamp else None
        return Draft(path, bool(about["is_new"]), text, known)
    except (BadInputError, KeyError, TypeError, ValueError, IndexError, OSError):
        return None


def forget_draft() -> None:
    """Nothing is unsaved any more."""
    _draft_file().unlink(missing_ok=True)
