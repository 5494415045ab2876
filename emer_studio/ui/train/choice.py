"""What a training is to be: chosen in the window, told to the command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from emer_studio.schema.training_models import NO_NETWORKS

__all__ = ["MODALITIES", "SEEDS", "Choice"]

MODALITIES = {"face": "Face", "eye": "Eyes", "gaze": "Gaze"}
SEEDS = re.compile(r"\s*\d{1,9}(\s*,\s*\d{1,9})*\s*")


@dataclass(frozen=True, slots=True)
class Choice:
    """A training that could be started.

    Attributes
    ----------
    dataset : Path
    protocol : str
        A benchmark, or "all".
    model, preset : str
    corrected : bool
        The preset with its input mended.
    folds : str
        A number, or "official".
    apart : str
        What training and test never share.
    epochs : int
        0 for the preset's.
    seeds : str
        Numbers with commas; empty for the benchmark's first.
    modalities : tuple of str
    maps : bool
    frozen : bool
        A quick look: the face network stays as it begins.
    device : str
    parallel : int
        Trainings at the same time.
    """

    dataset: Path
    protocol: str
    model: str = "emert"
    preset: str = "studio"
    corrected: bool = False
    folds: str = "5"
    apart: str = "participant"
    epochs: int = 0
    seeds: str = ""
    modalities: tuple[str, ...] = tuple(MODALITIES)
    maps: bool = False
    frozen: bool = False
    device: str = "auto"
    parallel: int = 1

    @property
    def network(self) -> bool:
        """Whether the model is one: what is said of networks counts."""
        return self.model not in NO_NETWORKS

    @property
    def problem(self) -> str:
        """Why it cannot be started; empty where it can."""
        if not self.modalities:
            return "Choose at least one of face, eyes and gaze."
        seeds = [int(word) for word in self.seeds.split(",")] if self.seeds_read else []
        if self.seeds.strip() and not self.seeds_read:
            return f"Seeds are numbers with commas, such as 0,1,2; found {self.seeds!r}."
        if len(set(seeds)) < len(seeds):
            return "Each seed once: the same one gives the same run."
        return ""

    @property
    def seeds_read(self) -> bool:
        """Whether seeds are given that can be understood."""
        return bool(SEEDS.fullmatch(self.seeds))

    def data_words(self) -> list[str]:
        """Return the words of ``train`` that decide what is trained on."""
        words = [str(self.dataset), "--protocol", self.protocol, "--folds", self.folds]
        words += ["--folds-by", self.apart, "--model", self.model]
        if self.seeds_read:
            words += ["--seeds", self.seeds.replace(" ", "")]
        return words + (["--maps"] if self.maps and self.network else [])

    def words(self) -> list[str]:
        """Return all words of ``train``."""
        words = [*self.data_words(), "--device", self.device]
        words += ["--parallel", str(self.parallel)] if self.parallel > 1 else []
        words += ["--modalities", ",".join(self.modalities)]
        return words + (self._of_networks() if self.network else [])

    def _of_networks(self) -> list[str]:
        words = ["--preset", self.preset]
        words += ["--corrected-input"] if self.corrected else []
        words += ["--frozen"] if self.frozen else []
        return words + (["--epochs", str(self.epochs)] if self.epochs else [])
