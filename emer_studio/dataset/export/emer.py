"""A study in EMER's own folder layout, so that code written for EMER can read it.

``face/set1..5/ID/00001.jpg``, ``eye/ID.xlsx``, ``EMER_label.xlsx``, ``emer_set.txt``. An ID
is a number of the participant, ``_``, and the clip, as in EMER's own (``3_film_happy``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache_reader import Dataset, open_cache
from emer_studio.dataset.export.columns import Column, Table, as_tsv, readme, write_text
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.dataset.export.sheets import write_sheet
from emer_studio.schema.dataset import StoredSample
from emer_studio.study.folder import Session, Study

__all__ = ["SETS", "set_of", "write_emer"]

SETS = 5
_JPEG_QUALITY = 95  # chosen by us: 112 x 112 pixels, of which every one is looked at
_LABELS = (
    "er_emotion",
    "er_valence",
    "er_arousal",
    "er3",
    "fer_emotion",
    "fer_valence",
    "fer_arousal",
    "fer_intensity",
    "fer3",
)


_IN_PIXELS = {f"gaze_{a}": f"Gaze point {a.upper()} [DACS px]" for a in "xy"}
_IN_FRACTIONS = {f"gaze_{a}": f"Gaze point {a.upper()} [MCS norm]" for a in "xy"}


class _Allowed(Study):
    """A study of which there is only what may go out."""

    def __init__(self, gathered: Gathered) -> None:
        super().__init__(gathered.study.folder, gathered.study.file)
        self._allowed = [one.session for one in gathered.sessions]

    def sessions(self) -> list[Session]:
        return self._allowed

    def damaged(self) -> list[tuple[str, str]]:
        return []


def set_of(number: int) -> int:
    """Return the set, 1 to 5, of the participant with this number, from 1."""
    return (number - 1) % SETS + 1


def write_emer(
    gathered: Gathered,
    out: Path,
    *,
    pictures: bool,
    on_trial: Callable[[int, int], None],
) -> None:
    """Write the layout; faces and eyes are those of a dataset of the study.

    Participants are numbered by the names they go out under, and whole participants are in
    one set. Trials that a dataset excludes are left out.

    Parameters
    ----------
    gathered : Gathered
        Is added to where a part cannot go out.
    out : Path
        An empty folder.
    pictures : bool
        Whether faces go out where consent allows it.
    on_trial : callable
        Called with the number of trials done and their total.
    """
    by_session = {one.session.name: one for one in gathered.sessions}
    numbers = {code: k for k, code in enumerate(gathered.codes, start=1)}
    with tempfile.TemporaryDirectory(prefix=".emer-", dir=out) as folder:
        place = Path(folder) / "dataset"
        report = build_dataset(_Allowed(gathered), place, on_trial=on_trial)
        for entry in report.left_out:
            one = by_session[entry["session"]]
            which = f"trial {entry.get('trial', '')} {entry.get('part', '')}".rstrip()
            gathered.leave_out(one, which, entry["reason"])
        dataset = open_cache(place)
        samples = _used(gathered, dataset, by_session)
        names = _names([sample for _, sample in samples], numbers)
        for (index, sample), name in zip(samples, names, strict=True):
            one = by_session[sample.session]
            number = set_of(numbers[sample.participant])
            if pictures and one.permission.video:
                _write_faces(dataset, index, out / "face" / f"set{number}" / name)
            _write_eyes(dataset, index, one, out / "eye" / f"{name}.xlsx")
        write_text(out / "README.md", _readme(gathered, dataset))
        del dataset  # its files are mapped, and some systems do not delete those
    _write_lists(out, [sample for _, sample in samples], names, numbers, gathered)


def _used(
    gathered: Gathered, dataset: Dataset, by_session: dict[str, OutSession]
) -> list[tuple[int, StoredSample]]:
    found = []
    for index, sample in enumerate(dataset.samples):
        if sample.excluded:
            one = by_session[sample.session]
            which = f"trial {sample.trial} {_part(sample)}".rstrip()
            gathered.leave_out(one, which, sample.reason)
        else:
            found.append((index, sample))
    if not found:
        raise BadInputError("No trial of those that may go out is fit for a dataset.")
    return found


def _names(samples: list[StoredSample], numbers: dict[str, int]) -> list[str]:
    """Return the ID of each sample; who saw a clip twice has its trial behind it.

    Last comes the part of the clip, where the sample is one.
    """
    plain = [f"{numbers[s.participant]}_{s.stimulus}" for s in samples]
    parts = [f"_{_part(s)}" if _part(s) else "" for s in samples]
    whole = [name + part for name, part in zip(plain, parts, strict=True)]
    sessions = [int(s.session.split("_ses-")[1].split("_")[0]) for s in samples]
    return [
        name if whole.count(name) == 1 else f"{stem}_ses{session}_trial{s.trial}{part}"
        for name, stem, part, session, s in zip(
            whole, plain, parts, sessions, samples, strict=True
        )
    ]


def _part(sample: StoredSample) -> str:
    """Return which part of its clip a sample is: ``w01``, ``peak``; empty for all of it."""
    return sample.sample_id.removeprefix(sample.trial_id).lstrip("/").replace("-", "")


def _write_faces(dataset: Dataset, index: int, folder: Path) -> None:
    """Write the frames in which the face was found, numbered from 1."""
    clip = dataset.clip(index)
    found = np.flatnonzero(np.asarray(clip.faces_valid))
    folder.mkdir(parents=True)
    for number, k in enumerate(found.tolist(), start=1):
        bgr: npt.NDArray[np.uint8] = np.ascontiguousarray(clip.faces[k][:, :, ::-1])
        _, raw = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        (folder / f"{number:05d}.jpg").write_bytes(raw.tobytes())


def _write_eyes(dataset: Dataset, index: int, one: OutSession, path: Path) -> None:
    """Write the rows; the gaze point is called as code for EMER looks for it."""
    eyes, heads = np.array(dataset.clip(index).eyes, np.float64), _IN_PIXELS
    names = list(dataset.manifest.eye_names())
    if one.display_px is None:
        heads = _IN_FRACTIONS
    else:
        eyes[:, [names.index(name) for name in heads]] *= one.display_px
    rows = [[v if np.isfinite(v) else None for v in row] for row in eyes.tolist()]
    write_sheet(path, [heads.get(name, name) for name in names], rows)


def _write_lists(
    out: Path,
    samples: list[StoredSample],
    names: list[str],
    numbers: dict[str, int],
    gathered: Gathered,
) -> None:
    heads: tuple[str, ...] = _LABELS
    if any(sample.er_weak for sample in samples):
        heads = (*_LABELS, "er_weak")
    labels = [
        [name, *(getattr(sample, label) for label in heads)]
        for name, sample in zip(names, samples, strict=True)
    ]
    write_sheet(out / "EMER_label.xlsx", ["ID", *heads], labels)
    lines: list[str] = []
    for number in range(1, SETS + 1):
        lines.append(f"set{number}")
        lines += sorted(
            name
            for name, sample in zip(names, samples, strict=True)
            if set_of(numbers[sample.participant]) == number
        )
    write_text(out / "emer_set.txt", "\n".join(lines) + "\n")
    whose = Table(
        "participants",
        (
            Column("number", "of the IDs"),
            Column("participant", "code"),
            Column("set", "its set"),
        ),
        [
            {"number": k, "participant": gathered.names.person(code), "set": set_of(k)}
            for code, k in numbers.items()
        ],
    )
    write_text(out / "participants.tsv", as_tsv(whose.frame()))


def _readme(gathered: Gathered, dataset: Dataset) -> str:
    columns = "\n".join(
        f"* `{column.name}` ({column.unit}): {column.meaning}"
        for column in dataset.manifest.eye_columns
    )
    text = f"""Not EMER's data: recordings of this study where code for EMER looks for them.
`face/set1..5/ID/` holds the frames in which the face was found, cut to 112 x 112 pixels;
`EMER_label.xlsx` what was felt (`er_`) and what experts saw (`fer_`), valence and arousal
from -1 to 1, intensity from 0 to 3; `emer_set.txt` five sets, each person in one of them.

`eye/ID.xlsx` has a row for each sample while the clip was shown. `gaze_x` and `gaze_y` are
called `Gaze point X [DACS px]` and so on there, in pixels of the display (`[MCS norm]`: in
fractions, where its pixels are not known):

{columns}
{_parts_told(dataset)}"""
    return readme(f"{gathered.study.file.name}, in EMER's layout", gathered.notes, text)


def _parts_told(dataset: Dataset) -> str:
    """Return what must be known where samples are parts of clips; else nothing."""
    if not any(sample.unit != "clip" for sample in dataset.samples):
        return ""
    return f"""
An ID stands for a part of a clip ({", ".join(dataset.manifest.units)}): `_w01` and so
on, or `_peak`. Where `er_weak` is true, what was felt was said of the whole clip; parts of
one clip are not independent of each other.
"""
