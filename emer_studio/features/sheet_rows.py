"""Which rows of an exported table are samples of the tracker, and which are valid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.core.errors import BadInputError
from emer_studio.features.sheets import numbers

__all__ = ["rows_of_one", "tracker_rows", "valid_codes"]

Mask = npt.NDArray[np.bool_]
_TRACKER = "eye tracker"  # what Tobii Pro Lab calls the sensor of a gaze sample
_OF_THE_TRACKER = ("left", "right", "both", "tracker")  # first words of roles
_LISTED = 5
_BEST_CODES = 1  # Tobii's advice for its codes 0 to 4: leave out 2 and above


def rows_of_one(
    table: pd.DataFrame, known: Mapping[str, str], recording: str, source: str
) -> pd.DataFrame:
    """Return the rows of one recording.

    Raises
    ------
    BadInputError
        When there are several and none of them was chosen, or it is not among them.
    """
    columns = [known[role] for role in ("participant", "recording") if role in known]
    if not columns:
        return table
    pairs = table[columns].dropna(how="all").drop_duplicates()
    found = ["/".join(map(str, pair)) for pair in pairs.to_numpy().tolist()]
    if recording:
        fits = [i for i, name in enumerate(found) if recording in (name, *name.split("/"))]
        if len(fits) == 1:
            same = table[columns].eq(pairs.iloc[fits[0]]) | pairs.iloc[fits[0]].isna()
            return table[same.all(axis=1)]
    if recording or len(found) > 1:
        listed = ", ".join(found[:_LISTED]) + (" …" if len(found) > _LISTED else "")
        raise BadInputError(
            f"{source}: expected one recording, found {len(found)}: {listed}.",
            fix="Choose one with --recording NAME.",
        )
    return table


def tracker_rows(table: pd.DataFrame, roles: Mapping[str, Mapping[str, str]]) -> Mask:
    """Return which rows are samples; a lost one is a sample, an event is none.

    Where the export names the sensor, its word counts; else a row is left out when it has
    an event, or comes from nothing at all, and says nothing about the eyes.
    """
    known = roles[""]
    if "sensor" in known:
        sensor = table[known["sensor"]].astype(str).str.strip().str.lower()
        if (named := sensor.to_numpy() == _TRACKER).any():
            return np.asarray(named)
    if "event" not in known:
        return np.ones(len(table), bool)
    eyes = [text for unit, found in roles.items() if unit for text in found.values()]
    eyes += [text for role, text in known.items() if role.split("_")[0] in _OF_THE_TRACKER]
    says = table[eyes].notna().any(axis=1).to_numpy()
    event = table[known["event"]].notna().to_numpy()
    return np.asarray(says | ~event)


def valid_codes(
    column: pd.Series[float], seen: Mask | None
) -> tuple[npt.NDArray[np.float64], str]:
    """Return a column of validity as 1 (valid) and 0, and what was taken for granted.

    Parameters
    ----------
    column : Series
        ``Valid`` and ``Invalid``, 1 and 0, or Tobii's codes from 0 (certain) to 4 (lost).
    seen : ndarray of bool, optional
        Where the same row has a place: it decides between the last two, which both may
        consist of 0 and 1.
    """
    codes = numbers(column)
    if not np.isfinite(codes).any():
        words = column.astype(str).str.strip().str.lower()
        return words.isin(("valid", "true")).to_numpy().astype(np.float64), ""
    lost = ~np.isfinite(codes)
    if np.nanmax(codes) > 1 or _zero_is_good(codes, seen):
        good = codes <= _BEST_CODES if np.nanmax(codes) > 1 else codes < 1
        note = "validity is taken as Tobii's codes, of which 0 is the best"
        return np.where(lost, 0.0, good.astype(np.float64)), note
    return np.where(lost, 0.0, codes), ""


def _zero_is_good(codes: npt.NDArray[np.float64], seen: Mask | None) -> bool:
    if seen is None:
        return False
    zeros, ones = seen[codes == 0], seen[codes == 1]
    share = [float(part.mean()) if len(part) else -1.0 for part in (zeros, ones)]
    return share[0] > max(share[1], 0.0)
