"""What a coefficient's size is called, by whose table."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right

from emer_studio.core.resampling import Interval

__all__ = ["TABLES", "alpha_word", "icc_word", "kappa_word"]

TABLES = {
    "α": "Krippendorff: .80 and above reliable, from .667 on tentative conclusions only",
    "κ": "Landis & Koch 1977: up to 0 poor, .20 slight, .40 fair, .60 moderate,"
    " .80 substantial, above almost perfect",
    "ICC": "Koo & Li 2016, judged by the whole interval: below .5 poor, .75 moderate,"
    " .9 good, above excellent",
}


def kappa_word(value: float) -> str:
    """Return Landis and Koch's word (1977)."""
    words = ("poor", "slight", "fair", "moderate", "substantial", "almost perfect")
    if math.isnan(value):
        return ""
    return words[bisect_left((0.0, 0.2, 0.4, 0.6, 0.8), round(value, 10))]


def alpha_word(value: float) -> str:
    """Return what Krippendorff's limits (2004) say."""
    if math.isnan(value):
        return ""
    words = ("not reliable", "tentative", "reliable")
    return words[bisect_right((0.667, 0.8), value)]


def icc_word(found: Interval) -> str:
    """Return Koo and Li's word (2016) for both ends of the interval."""
    words = ("poor", "moderate", "good", "excellent")
    if math.isnan(found.low):
        return ""
    low, high = (words[bisect_right((0.5, 0.75, 0.9), v)] for v in (found.low, found.high))
    return low if low == high else f"{low} to {high}"
