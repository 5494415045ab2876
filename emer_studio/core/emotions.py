"""The seven discrete emotions of EMER, in the one order every array here uses."""

from __future__ import annotations

__all__ = ["ABBREVIATIONS", "EMOTIONS"]

EMOTIONS = ("happiness", "sadness", "fear", "surprise", "disgust", "anger", "neutral")
"""Order of the seven columns of every label and probability (the data set's own order)."""

ABBREVIATIONS = {
    "happiness": "hap",
    "sadness": "sad",
    "fear": "fea",
    "surprise": "sur",
    "disgust": "dis",
    "anger": "ang",
    "neutral": "neu",
}
"""Three letters for each emotion, for narrow table heads (chosen by us)."""
