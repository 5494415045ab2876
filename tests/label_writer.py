"""A seat of its own process: labels in a loop and says each commit once it is stored.

    python tests/label_writer.py PLACE ANNOTATOR COMMITS

Every line of standard output is the ids of one commit's events.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from emer_studio.labels.store import LabelStore

FIELDS = ("category", "intensity", "confidence")


def main() -> None:
    place, annotator, count = sys.argv[1:4]
    store = LabelStore(place if place.startswith("postgresql") else Path(place))
    for number in range(int(count)):
        written = store.append_many(
            annotator,
            f"sub-P001_ses-01_x/trial-{number % 20}",
            dict.fromkeys(FIELDS, number),
            visible={"mode": "blind"},
            input_by="key",
            stage="A",
            position=number + 1,
            elapsed_ms=1000,
        )
        print(json.dumps([event.event_id for event in written]), flush=True)
    store.close()


if __name__ == "__main__":
    main()
