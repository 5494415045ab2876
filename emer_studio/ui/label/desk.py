"""An annotator's work, without a window: what is said, what was seen, what is undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.store import LabelStore, fold
from emer_studio.ui.label.judgement import Judgement
from emer_studio.ui.label.predictions import Predictions

__all__ = ["Desk"]


class Desk:
    """The labels of one annotator in one study.

    The store is opened with the first label, so looking at a study changes nothing.

    Parameters
    ----------
    path : Path
        ``labels.sqlite`` of the study.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: LabelStore | None = None
        self._commits: list[tuple[str, int]] = []
        self._seen: dict[str, dict[str, str]] = {}
        self.annotator = ""
        self.assisted = False

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    # -- what was seen

    def look(self, item: str, predictions: Predictions | None) -> None:
        """Note that an item is on the screen in the present mode."""
        if not self.assisted or predictions is None or item in self._seen:
            return
        self._seen[item] = predictions.visible
        self._open().seen(
            self.annotator, item, visible={"mode": "assisted", **predictions.visible}
        )

    def visible(self, item: str) -> dict[str, Any]:
        """Return what the annotator could see of an item, now or earlier."""
        seen = self._seen.get(item)
        if seen is not None:
            return {"mode": "assisted", **seen}
        return {"mode": "assisted" if self.assisted else "blind"}

    # -- what was said

    def judgement(self, item: str) -> Judgement:
        """Return what stands of an item."""
        return self.all_judgements().get(item, Judgement())

    def all_judgements(self) -> dict[str, Judgement]:
        """Return what stands of every item that this annotator labelled."""
        if self._store is None and not self._path.is_file():
            return {}
        found = {}
        for (annotator, item), fields in fold(self._open().events()).items():
            if annotator != self.annotator:
                continue
            category, level = fields.get("category"), fields.get("intensity")
            found[item] = Judgement(
                category if category in EMOTIONS else None,
                int(level) if isinstance(level, int | float) else None,
            )
        return found

    def commit(self, item: str, value: Judgement, input_by: str) -> int:
        """Store what is new in a judgement; return the number of events."""
        before, written = self.judgement(item), 0
        for field in ("category", "intensity"):
            said = getattr(value, field)
            if said is None or said == getattr(before, field):
                continue
            self._open().set(
                self.annotator,
                item,
                field,
                said,
                visible=self.visible(item),
                input_by=input_by,
            )
            written += 1
        if written:
            self._commits.append((item, written))
        return written

    def undo(self, item: str, input_by: str) -> str | None:
        """Take back the last commit; without one, the last label of `item`.

        Returns
        -------
        item : str or None
            The item whose label changed.
        """
        if not self.annotator or (self._store is None and not self._path.is_file()):
            return None
        target, count = self._commits.pop() if self._commits else (item, 1)
        done = None
        for _ in range(count):
            event = self._open().undo(
                self.annotator, target, visible=self.visible(target), input_by=input_by
            )
            done = target if event is not None else done
        return done

    def change_annotator(self, code: str) -> None:
        """Work as another annotator: blind again, with their own undo and memory."""
        if code != self.annotator:
            self.annotator = code
            self.assisted = False
            self._commits.clear()
            self._seen = self._seen_before()

    def _seen_before(self) -> dict[str, dict[str, str]]:
        """Return what this annotator was ever shown, also on another day."""
        if not self.annotator or (self._store is None and not self._path.is_file()):
            return {}
        return {
            event.item: {k: v for k, v in event.visible.items() if k != "mode"}
            for event in self._open().events()
            if event.op == "seen" and event.annotator == self.annotator
        }

    def _open(self) -> LabelStore:
        if self._store is None:
            self._store = LabelStore(self._path)
        return self._store
