"""Play a clip with QtMultimedia in a video widget; print when each frame reached its sink.

A peer for `bench_clip.py`. Delivery to the sink is not presentation: QtMultimedia says
nothing of that.
"""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtMultimedia import QAudioOutput, QMediaPlayer
from PySide6.QtMultimediaWidgets import QVideoWidget
from PySide6.QtWidgets import QApplication


def main() -> None:
    app = QApplication(sys.argv[:1])
    widget, player, sound = QVideoWidget(), QMediaPlayer(), QAudioOutput()
    widget.resize(1280, 720)
    widget.show()
    player.setVideoOutput(widget)
    player.setAudioOutput(sound)
    rows: list[tuple[float, float]] = []

    def take(frame: object) -> None:
        rows.append((time.perf_counter(), frame.startTime() / 1e6))  # type: ignore[attr-defined]

    def over(status: QMediaPlayer.MediaStatus) -> None:
        if status == QMediaPlayer.MediaStatus.EndOfMedia:
            QTimer.singleShot(200, app.quit)

    widget.videoSink().videoFrameChanged.connect(take)
    player.mediaStatusChanged.connect(over)
    player.setSource(QUrl.fromLocalFile(sys.argv[1]))
    began = time.perf_counter()
    player.play()
    QTimer.singleShot(int(float(sys.argv[2]) * 2000) + 10_000, app.quit)
    app.exec()
    print(json.dumps({"began": began, "rows": [row for row in rows if row[1] >= 0]}))


if __name__ == "__main__":
    main()
