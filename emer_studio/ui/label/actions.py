"""What each action of the labelling room does to its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emer_studio.core.emotions import EMOTIONS
from emer_studio.ui.label.keys import ACTIONS

if TYPE_CHECKING:
    from emer_studio.ui.label.page import LabelPage

__all__ = ["actions_of", "judging"]

Acts = dict[str, Callable[[], object]]
_FAR = 1 << 30


def actions_of(page: LabelPage) -> Acts:
    """Return what to do, by the names of `ui.label.keys.ACTIONS`."""
    return _of_items(page) | _of_video(page) | _of_judgement(page)


def judging() -> frozenset[str]:
    """Return the actions that change a judgement."""
    return frozenset(a.name for a in ACTIONS if a.group in ("Expression", "Judgement"))


def _of_items(page: LabelPage) -> Acts:
    return {
        "commit": page.commit,
        "back": lambda: page.go(-1),
        "undo": page.undo,
        "redo": page.redo,
        "model": page.toggle_model,
        "peak-before": lambda: page.jump(-1),
        "peak-after": lambda: page.jump(1),
        "codebook": lambda: page.open_sheet("codebook"),
        "sheet": lambda: page.open_sheet("sheet"),
    }


def _of_video(page: LabelPage) -> Acts:
    player = page.player
    return {
        "play": player.toggle,
        "frame-back": lambda: player.step(-1),
        "frame-on": lambda: player.step(1),
        "ten-back": lambda: player.step(-10),
        "ten-on": lambda: player.step(10),
        "first": lambda: player.setValue(0),
        "last": lambda: player.setValue(_FAR),
        "loop": lambda: page.toggle("loop"),
        "crop": lambda: page.toggle("cropped"),
        "slower": lambda: page.change_speed(-1),
        "faster": lambda: page.change_speed(1),
    }


def _of_judgement(page: LabelPage) -> Acts:
    panel = page.panel
    acts: Acts = {
        "valence-up": lambda: panel.pad.nudge(1, 0),
        "valence-down": lambda: panel.pad.nudge(-1, 0),
        "arousal-up": lambda: panel.pad.nudge(0, 1),
        "arousal-down": lambda: panel.pad.nudge(0, -1),
        "unclear": lambda: panel.unusable("unclear"),
        "no_face": lambda: panel.unusable("no_face"),
        "flag": panel.flag,
        "peak": page.mark_peak,
        "note": panel.note.setFocus,
    }
    for emotion in EMOTIONS:
        acts[f"category-{emotion}"] = lambda e=emotion: panel.choose(e)  # type: ignore[misc]
        acts[f"second-{emotion}"] = lambda e=emotion: panel.choose_second(e)  # type: ignore[misc]
    for level in range(4):
        acts[f"intensity-{level}"] = lambda k=level: panel.grade(k)  # type: ignore[misc]
    for level in (1, 2, 3):
        acts[f"confidence-{level}"] = lambda k=level: panel.trust(k)  # type: ignore[misc]
    return acts
