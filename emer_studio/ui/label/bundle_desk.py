"""The work of a rater who has a bundle of faces and not the study."""

from __future__ import annotations

from emer_studio.labels.bundle import Bundle
from emer_studio.labels.queue import Turn
from emer_studio.labels.store import LabelStore
from emer_studio.schema.consensus import ConsensusRules
from emer_studio.ui.label.desk import Desk
from emer_studio.ui.label.items import Item

__all__ = ["BundleDesk"]


class BundleDesk(Desk):
    """One annotator, one pass, and items that have no other name than their opaque one.

    Parameters
    ----------
    bundle : Bundle
        Unpacked.
    """

    leads = False

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._begin(bundle.folder, 0, ConsensusRules())
        self.annotator, self.stage = bundle.annotator, bundle.stage

    def find_items(self) -> list[Item]:
        """Return the faces of the bundle."""
        return [Item(one.item, one.video, 0, one.frames - 1) for one in self._bundle.items]

    def sit_down(self, code: str) -> None:
        """Nobody else works with this bundle."""

    @property
    def why_not(self) -> str:
        """Why nothing can be labelled; empty when it can."""
        return self.problem

    def turns(self, stage: str | None = None) -> list[Turn]:
        """Return the bundle's items in its order."""
        if stage not in (None, self._bundle.stage):
            return []
        return [Turn(one.item, self._bundle.stage) for one in self._bundle.items]

    def name(self, turn: Turn) -> str:
        """Return the item's opaque name."""
        return turn.item

    def find_store(self) -> LabelStore | None:
        """Open the bundle's own labels if there are any."""
        there = (self._bundle.folder / "labels.sqlite").is_file()
        return self._bundle.store() if there else None

    def make_store(self) -> LabelStore:
        """Open the bundle's own labels, made when absent."""
        return self._bundle.store()
