"""What a new session may be: the next participant's code, and the protocols there are."""

from __future__ import annotations

import re

from emer_studio.core.errors import EmerError
from emer_studio.core.files import data_dir
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.schema.stimulus import is_manifest
from emer_studio.stimulus.library import manifest_of
from emer_studio.study.folder import Study

__all__ = ["in_a_line", "next_code", "protocols_of"]

_FROZEN = re.compile(r"\.[0-9a-f]{8}\.ya?ml$")


def next_code(study: Study) -> str:
    """Return the first of P001, P002 … that no participant has."""
    taken = {row.participant for row in study.participants()}
    number = 1
    while f"P{number:03d}" in taken:
        number += 1
    return f"P{number:03d}"


def protocols_of(study: Study) -> list[tuple[str, str]]:
    """Return ``(shown, given)`` of the shipped protocols and the study's own files."""
    shipped = sorted((data_dir() / "protocols" / "induction").glob("*.yaml"))
    own = sorted((study.folder / "protocols").glob("*.yaml"))
    found = [(path.stem, path.stem) for path in shipped]
    # Frozen copies end in a hash; they document past sessions and do not run again.
    found += [
        (path.name, str(path))
        for path in own
        if not (_FROZEN.search(path.name) or is_manifest(path))
    ]
    return found


def in_a_line(name: str) -> tuple[str, tuple[str, ...]]:
    """Return what a protocol does, or what is wrong with it, and its languages."""
    try:
        path = find_protocol(name)
        protocol = load_protocol(path)
        manifest, _ = manifest_of(protocol, path)
    except EmerError as problem:
        return str(problem), ("en",)
    blocks = f"{len(protocol.blocks)} block{'s' * (len(protocol.blocks) != 1)}"
    pages = ", ".join(page.id for page in protocol.rating_pages)
    words = f"{blocks} from {len(manifest.clips)} clips; rated with: {pages}"
    return words, protocol.languages
