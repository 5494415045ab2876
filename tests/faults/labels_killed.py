"""Kill processes that store labels, at random moments, and count what became of them.

    python tests/faults/labels_killed.py [--kills N] [--seed S]

Two windows write into one file; one of them is killed (SIGKILL) again and again, and
replaced. Every commit that was said to be stored is there, once and whole; no chain breaks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from emer_studio.labels.store import LabelStore
from label_writer import FIELDS

TESTS = Path(__file__).resolve().parents[1]
FOREVER = "1000000"


def writer(place: str, annotator: str, commits: str = FOREVER) -> subprocess.Popen[str]:
    words = [sys.executable, str(TESTS / "label_writer.py"), place, annotator, commits]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> list[list[str]]:
    """The commits that a writer has said and not yet been asked about, until its end."""
    assert process.stdout is not None
    lines = process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait(timeout=30)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def kill_again_and_again(place: Path, kills: int, rng: random.Random) -> str:
    """Run two writers, kill one of them after some commits, and go on; then look."""
    told: list[list[str]] = []
    running = {who: writer(str(place), who) for who in ("R1", "R2")}
    for number in range(kills):
        victim = running["R1" if number % 2 else "R2"]
        assert victim.stdout is not None
        told.append(json.loads(victim.stdout.readline()))  # it has begun to write
        time.sleep(rng.uniform(0.0, 0.3))
        victim.kill()
        told += said(victim)
        who = "R1" if number % 2 else "R2"
        running[who] = writer(str(place), who)
    for process in running.values():
        process.kill()
        told += said(process)
    return whole(LabelStore(place), told, kills + 2)


def whole(store: LabelStore, told: list[list[str]], killed: int) -> str:
    """Make sure that everything said is there, once, and nothing is half there."""
    events = store.events()
    wrong = store.check()
    store.close()
    assert wrong == [], wrong[:3]
    ids = Counter(event.event_id for event in events)
    lost = [event_id for commit in told for event_id in commit if not ids[event_id]]
    assert lost == [], f"{len(lost)} events that were said to be stored are gone"
    assert max(ids.values()) == 1
    commits = Counter(event.commit for event in events)
    assert set(commits.values()) == {len(FIELDS)}, "half a commit"
    unsaid = len(commits) - len(told)
    assert 0 <= unsaid <= killed, f"{unsaid} commits were stored and never said"
    return f"{killed} kills: {len(told)} commits said, all there; {unsaid} stored unsaid"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EMER_STUDIO_HOME"] = folder
        place = Path(folder) / "labels.sqlite"
        print(kill_again_and_again(place, args.kills, random.Random(args.seed)))


if __name__ == "__main__":
    main()
