"""Work for a rater without the study: faces under opaque names out, signed events back.

A bundle is a zip file of ``bundle.json`` and cut face videos. Nothing in it names a
participant, a session, a trial, a stimulus or a time; what the names stand for stays in the
study's label store. Unpacked, it is a folder with a label store of its own; what comes back
is that store's chains (`labels.merge`).
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, refuse_taken, sha256_file
from emer_studio.labels.cuts import cut, pad
from emer_studio.labels.names import enter
from emer_studio.labels.opaque import opaque_id
from emer_studio.labels.pieces import Piece
from emer_studio.labels.store import LabelStore
from emer_studio.study.folder import Study

__all__ = ["Bundle", "BundleItem", "open_bundle", "unpack_bundle", "write_bundle"]

_FORMAT, _VERSION = "emer-studio-bundle", 1
_ABOUT = "bundle.json"
_NEVER = (1980, 1, 1, 0, 0, 0)  # the zip format's own zero: no file tells when it was made


@dataclass(frozen=True, slots=True)
class BundleItem:
    """One face to label.

    Attributes
    ----------
    item : str
        Its opaque id, by which events call it.
    video : Path
    frames : int
    """

    item: str
    video: Path
    frames: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """An unpacked bundle.

    Attributes
    ----------
    folder : Path
    annotator : str
        Whose work it is.
    stage : str
    study : str
        Id of the label store that it came from.
    items : tuple of BundleItem
        In the annotator's own order.
    """

    folder: Path
    annotator: str
    stage: str
    study: str
    items: tuple[BundleItem, ...]

    def store(self) -> LabelStore:
        """Open the bundle's own labels; made when absent."""
        return LabelStore(self.folder / "labels.sqlite")


def write_bundle(
    study: Study,
    store: LabelStore,
    annotator: str,
    pieces: Sequence[Piece],
    out: Path,
    *,
    stage: str = "A",
    files: Mapping[str, bytes] | None = None,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> list[tuple[str, str]]:
    """Write a bundle, and enter what its names stand for into the study's store.

    Parameters
    ----------
    study : Study
    store : LabelStore
        The study's; on a server, as its lead.
    annotator : str
    pieces : sequence of Piece
        What is to be labelled, in the annotator's order, which must not be the study's.
    out : Path
        A new file.
    stage : str
    files : mapping, optional
        More files by name, for example the scheme and its codebook.
    tell : callable
        ``tell(done, of)`` in items.

    Returns
    -------
    names : list of (str, str)
        Opaque id and item, in the annotator's order.

    Raises
    ------
    BadInputError
        When there is nothing to label, or the file exists.
    """
    if not annotator or not pieces:
        raise BadInputError("A bundle needs an annotator and at least one face to label.")
    if out.exists():
        raise BadInputError(f"{out} already exists; nothing was written.")
    seed = study.file.seed
    named = {opaque_id(seed, annotator, p.item, again=p.again): p for p in pieces}
    if len(named) != len(pieces):
        raise BadInputError("An item stands in the list twice; nothing was written.")
    half = out.with_name(f".{out.name}.part")
    aliases, listed = [], []
    try:
        with (
            tempfile.TemporaryDirectory() as work,
            zipfile.ZipFile(half, "w", zipfile.ZIP_STORED) as packed,
        ):
            for number, (name, piece) in enumerate(named.items()):
                tell(number, len(named))
                video = Path(work) / f"{name}.mkv"
                pts = cut(piece, video)
                pad(video)
                _pack(packed, video.name, video.read_bytes())
                about = {"id": name, "sha256": sha256_file(video), "frames": len(pts)}
                listed.append(about)
                video.unlink()
                aliases.append(_alias(name, annotator, piece, pts))
            for name, content in (files or {}).items():
                _pack(packed, name, content)
            _pack(packed, _ABOUT, _about(store, annotator, stage, listed))
        enter(store.database, aliases)
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
    tell(len(named), len(named))
    return [(name, piece.item) for name, piece in named.items()]


def unpack_bundle(file: Path, folder: Path) -> Bundle:
    """Unpack a bundle into a new folder and check every video.

    Raises
    ------
    BadInputError
        When it is no bundle, or is damaged; nothing is left behind then.
    """
    refuse_taken(folder)
    try:
        with zipfile.ZipFile(file) as packed:
            names = packed.namelist()
            if _ABOUT not in names or any(len(PurePosixPath(n).parts) != 1 for n in names):
                raise BadInputError(f"{file} is not a bundle: it has no {_ABOUT}.")
            packed.extractall(folder)
    except (OSError, zipfile.BadZipFile) as problem:
        raise BadInputError(f"{file} is not a readable bundle: {problem}.") from None
    bundle = open_bundle(folder)
    hashes = {about["id"]: about["sha256"] for about in _read(folder)["items"]}
    for item in bundle.items:
        if not item.video.is_file() or sha256_file(item.video) != hashes[item.item]:
            raise BadInputError(
                f"{item.video.name} in {file} is not what was packed.",
                fix=f"Ask for the bundle again, and delete {folder}.",
            )
    return bundle


def open_bundle(folder: Path) -> Bundle:
    """Open an unpacked bundle."""
    about = _read(folder)
    try:
        items = tuple(
            BundleItem(str(i["id"]), folder / f"{i['id']}.mkv", int(i["frames"]))
            for i in about["items"]
        )
        who, stage, study = about["annotator"], about["stage"], about["study"]
    except (KeyError, TypeError, ValueError):
        raise BadInputError(f"{folder / _ABOUT} is damaged.") from None
    return Bundle(folder, str(who), str(stage), str(study), items)


def _read(folder: Path) -> dict[str, Any]:
    about = read_json(folder / _ABOUT)
    if not isinstance(about, dict) or about.get("format") != _FORMAT:
        raise BadInputError(f"{folder} is not an unpacked bundle.")
    if about.get("version") != _VERSION:
        raise BadInputError(
            f"{folder} holds a bundle of version {about.get('version')}; this program"
            f" knows {_VERSION}.",
            fix="Update EMER Studio.",
        )
    return about


def _about(
    store: LabelStore, annotator: str, stage: str, items: list[dict[str, Any]]
) -> bytes:
    about = {
        "format": _FORMAT,
        "version": _VERSION,
        "study": store.store_id,
        "annotator": annotator,
        "stage": stage,
        "items": items,
    }
    return json.dumps(about, indent=2).encode()


def _pack(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NEVER)
    entry.external_attr = 0o644 << 16
    packed.writestr(entry, content)


def _alias(name: str, annotator: str, piece: Piece, pts: list[int]) -> dict[str, Any]:
    return {
        "opaque": name,
        "annotator": annotator,
        "item": piece.item,
        "stage": "A-repeat" if piece.again else "",
        "first_frame": piece.first,
        "pts": json.dumps(pts),
    }
