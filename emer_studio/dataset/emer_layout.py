"""Where things lie in EMER's own folder layout.

``face/set1..5/ID/`` frames, ``eye/ID.xlsx``, ``EMER_label.xlsx``, ``emer_set.txt``. Nothing
of the data set itself is here: its licence forbids passing it on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.features.sheets import SHEETS

__all__ = ["EmerFiles", "EmerFolder", "frames_of", "open_emer", "participant_of"]

PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
_SET = re.compile(r"set[ _-]?(\d+)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class EmerFiles:
    """The files of one sample; None for what is not there.

    Attributes
    ----------
    sample : str
        Its ID, such as ``3_film_happy``.
    frames, eyes : Path or None
        Folder of its frames, its eye sheet.
    set_number : int or None
        1 to 5: the official fold it is tested in.
    """

    sample: str
    frames: Path | None
    eyes: Path | None
    set_number: int | None


@dataclass(frozen=True, slots=True)
class EmerFolder:
    """What was found; `doubts` are sentences about what does not fit together."""

    labels: Path
    samples: tuple[EmerFiles, ...]
    doubts: tuple[str, ...]


def open_emer(folder: Path) -> EmerFolder:
    """Look through a folder in the official layout; nothing is read but ``emer_set.txt``.

    Raises
    ------
    BadInputError
        When the faces, the eye sheets or the labels are not where they should be.
    """
    if not folder.is_dir():
        raise BadInputError(f"{folder} is not a folder.")
    face, eye = _part(folder, "face"), _part(folder, "eye")
    labels = [p for p in sorted(folder.glob("*.xlsx")) if "label" in p.stem.lower()]
    missing = [name for name, it in (("face/", face), ("eye/", eye)) if it is None]
    missing += [] if labels else ["EMER_label.xlsx"]
    if face is None or eye is None or not labels:
        there = ", ".join(sorted(path.name for path in folder.iterdir())[:12]) or "nothing"
        raise BadInputError(
            f"{folder} lacks {', '.join(missing)}; found: {there}.",
            fix="Expected are face/set1..5/ID/ with frames, eye/ID.xlsx, EMER_label.xlsx"
            " and emer_set.txt.",
        )
    frames, sets, doubts = _faces(face)
    sheets = {p.stem: p for p in sorted(eye.iterdir()) if _is_sheet(p)}
    listed, odd = _listed_sets(folder / "emer_set.txt")
    doubts += odd
    for sample, number in listed.items():
        if sets.setdefault(sample, number) != number:
            doubts.append(
                f"{sample} lies in set{sets[sample]}, and emer_set.txt says set{number};"
                " the folder counts"
            )
    names = sorted({*frames, *sheets}, key=_natural)
    samples = (
        EmerFiles(name, frames.get(name), sheets.get(name), sets.get(name))
        for name in names
    )
    return EmerFolder(labels[0], tuple(samples), tuple(doubts))


def participant_of(sample: str) -> str:
    """Return the number before the first underscore of an ID.

    That it is the participant is inferred from the IDs that are public.

    Raises
    ------
    BadInputError
        When there is no such number: folds by participant would leak.
    """
    number, mark, _ = sample.partition("_")
    if not mark or not number.isdigit():
        raise BadInputError("its ID does not begin with a participant's number and '_'")
    return number


def frames_of(folder: Path) -> tuple[list[Path], list[int]]:
    """Return a sample's frames in the order of their numbers, and these numbers.

    The number is the last one in a file's name: ``img_10.jpg`` comes after ``img_9.jpg``.
    Where two frames have the same one, their places count instead.
    """
    pictures = [path for path in folder.iterdir() if path.suffix.lower() in PICTURES]
    numbered = sorted((_last_number(path.stem), path.name, path) for path in pictures)
    numbers = [number for number, _, _ in numbered]
    if len(set(numbers)) != len(numbers):
        numbers = list(range(len(numbered)))
    return [path for _, _, path in numbered], numbers


def _is_sheet(path: Path) -> bool:
    locks = ("~", ".")  # what spreadsheets and systems put beside a file
    return path.suffix.lower() in SHEETS and not path.name.startswith(locks)


def _last_number(text: str) -> int:
    found = _NUMBER.findall(text)
    return int(found[-1]) if found else 0


def _natural(text: str) -> tuple[int, str]:
    found = _NUMBER.match(text)
    return (int(found[0]) if found else 0, text)


def _part(folder: Path, name: str) -> Path | None:
    return next((p for p in sorted(folder.iterdir()) if p.name.lower() == name), None)


def _faces(face: Path) -> tuple[dict[str, Path], dict[str, int], list[str]]:
    """Return the folder and the set of each sample; sets are folders, or there are none."""
    frames: dict[str, Path] = {}
    sets: dict[str, int] = {}
    doubts: list[str] = []
    for place in sorted(path for path in face.iterdir() if path.is_dir()):
        found = _SET.fullmatch(place.name)
        inside = sorted(p for p in place.iterdir() if p.is_dir()) if found else [place]
        for sample in inside:
            if sample.name in frames:
                doubts.append(
                    f"{sample.name} lies in {frames[sample.name].parent.name} and in"
                    f" {place.name}; the first counts"
                )
                continue
            frames[sample.name] = sample
            if found:
                sets[sample.name] = int(found[1])
    return frames, sets, doubts


def _listed_sets(path: Path) -> tuple[dict[str, int], list[str]]:
    """Read ``emer_set.txt``, whose form is not public.

    Understood are IDs below a line or behind a word such as ``set3``, and lines of an ID
    and a set's number.
    """
    if not path.is_file():
        return {}, ["there is no emer_set.txt"]
    found: dict[str, int] = {}
    current: int | None = None
    odd = 0
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        words = [word for word in re.split(r"[\s,;:/\\]+", line) if word]
        named = [int(hit[1]) for word in words if (hit := _SET.fullmatch(word))]
        numbers = [int(word) for word in words if word.isdigit()]
        samples = [w for w in words if not w.isdigit() and not _SET.fullmatch(w)]
        if named and not samples:
            current = named[0]
        number = named[0] if named else numbers[0] if len(numbers) == 1 else current
        if samples and number is None:
            odd += 1
        elif samples and number is not None:
            found |= dict.fromkeys(samples, number)
    return found, [f"emer_set.txt: {odd} lines name no set"] if odd else []
