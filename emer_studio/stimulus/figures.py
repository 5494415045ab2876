"""A lab's own figures for SAM pages: found, checked by hash, frozen into the study.

The program draws figures of its own; the published Self-Assessment Manikin is licensed by
its authors. A lab that holds it names the folder and the hash of the set in its protocol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.schema.protocol import Protocol
from emer_studio.schema.rating import RatingPage
from emer_studio.study.folder import Study
from emer_studio.study.frozen import frozen_figures

__all__ = ["check_figures", "freeze_figures", "hash_of"]

_KINDS = (".svg", ".png")


def check_figures(page: RatingPage, protocol_path: Path) -> list[Path]:
    """Return the pictures of a page in order; an empty list when it uses ours.

    Raises
    ------
    BadInputError
        When a picture is missing, or the set is not the one the protocol means.
    """
    if page.figures is None:
        return []
    folder = protocol_path.parent / page.figures.folder
    if not folder.is_dir():
        folder = frozen_figures(protocol_path, page.figures.sha256) or folder
    found = [
        _picture(folder, f"{dimension}_{point}", page.id)
        for dimension in page.dimensions
        for point in range(1, page.points + 1)
    ]
    digest = hash_of(found)
    if digest != page.figures.sha256:
        raise BadInputError(
            f"The figures in {folder} are not those that page {page.id!r} means: expected"
            f" SHA-256 {page.figures.sha256[:12]}…, found {digest}.",
            fix="If the set is right, put the hash found into the protocol.",
        )
    return found


def hash_of(pictures: Sequence[Path]) -> str:
    """Return the SHA-256 over the names and contents of a set of pictures, in order."""
    lines = "".join(f"{path.stem} {sha256_file(path)}\n" for path in pictures)
    return hashlib.sha256(lines.encode()).hexdigest()


def freeze_figures(study: Study, protocol: Protocol, protocol_path: Path) -> Protocol:
    """Copy the pictures into the study; return the protocol with pages that point there."""
    pages = []
    for page in protocol.rating_pages:
        pictures = check_figures(page, protocol_path)
        if page.figures is None:
            pages.append(page)
            continue
        target = study.folder / "stimuli" / f"figures-{page.figures.sha256[:8]}"
        target.mkdir(parents=True, exist_ok=True)
        for path in pictures:
            copy = target / path.name
            if not copy.exists():
                half = copy.with_name(copy.name + ".part")
                half.write_bytes(path.read_bytes())
                half.replace(copy)
        frozen = page.figures.model_copy(update={"folder": str(target.resolve())})
        pages.append(page.model_copy(update={"figures": frozen}))
    return protocol.model_copy(update={"rating_pages": tuple(pages)})


def _picture(folder: Path, stem: str, page_id: str) -> Path:
    for kind in _KINDS:
        if (folder / f"{stem}{kind}").is_file():
            return folder / f"{stem}{kind}"
    raise BadInputError(
        f"Page {page_id!r} takes figures from {folder}: {stem}.svg (or .png) is missing."
    )
