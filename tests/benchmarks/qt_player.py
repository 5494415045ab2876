"""Play a clip with QtMultimedia, full screen: a peer for `bench_clip.py`."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtMultimedia import QAudioOutput, QMediaPlayer
from PySide6.QtMultimediaWidgets import QVideoWidget
from PySide6.QtWidgets import QApplication


def main() -> None:
    app = QApplication(sys.argv[:1])
    widget, player, sound = QVideoWidget(), QMediaPlayer(), QAudioOutput()
    player.setVideoOutput(widget)
    player.setAudioOutput(sound)

    def over(status: QMediaPlayer.MediaStatus) -> None:
        if status == QMediaPlayer.MediaStatus.EndOfMedia:
            QTimer.singleShot(200, app.quit)

    player.mediaStatusChanged.connect(over)
    player.setSource(QUrl.fromLocalFile(sys.argv[1]))
    widget.setGeometry(app.primaryScreen().geometry())
    widget.showFullScreen()
    # The window is there before the clip begins, as with the other players.
    QTimer.singleShot(500, player.play)
    app.exec()


if __name__ == "__main__":
    main()
