"""The page around the labelling room: its video, its sheets, whoever labels in it."""

from __future__ import annotations

from emer_studio.ui.label import words
from emer_studio.ui.label.judgement import JudgementPanel
from emer_studio.ui.label.player import SPEEDS, Player
from emer_studio.ui.label.room import Room
from emer_studio.ui.label.timeline import Timeline
from emer_studio.ui.page import Page

__all__ = ["RoomPage"]


class RoomPage(Page):
    """What needs no knowledge of passes, queues and labels."""

    room: Room
    player: Player
    timeline: Timeline
    panel: JudgementPanel

    def mark_peak(self) -> None:
        """Say that the expression is strongest in the frame that is shown."""
        if self.player.shows:
            self.panel.mark_peak(self.player.value())

    def _frame_shown(self, index: int) -> None:
        self.timeline.setValue(index)
        self.room.where.setText(f"{self.player.time_s:.2f} s")

    def change_speed(self, by: int) -> None:
        """Play faster or slower by one step."""
        place = SPEEDS.index(self.player.speed) + by
        self.player.setSpeed(SPEEDS[min(max(place, 0), len(SPEEDS) - 1)])
        self.room.show_how()

    def toggle(self, what: str) -> None:
        """Turn ``loop`` or ``cropped`` of the player on or off."""
        setattr(self.player, what, not getattr(self.player, what))
        self.player.update()
        self.room.show_how()

    def jump(self, direction: int) -> None:
        """Go to the next peak of the model's strongest curve, where it is shown."""
        frame = self.timeline.next_peak(direction)
        if frame is not None:
            self.player.setValue(frame)

    def open_sheet(self, name: str) -> None:
        """Show the ``sheet`` of keys or the ``codebook``."""
        if name == "codebook" and self.room.codebook.empty:
            self.said.emit(words.NO_CODEBOOK)
            return
        self.player.pause()
        self.room.lay_over(getattr(self.room, name))

    def _close_sheet(self) -> None:
        self.room.lay_over(None)
        self.setFocus()
