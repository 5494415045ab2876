from __future__ import annotations

import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from emer_studio.core.files import data_dir
from emer_studio.ui.sam_figures import figure, write_all


def _ink(svg: str) -> float:
    """Share of the square that is drawn upon."""
    image = QImage(120, 120, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    assert renderer.isValid()
    renderer.render(painter)
    painter.end()
    drawn = sum(image.pixelColor(x, y).alpha() > 0 for x in range(120) for y in range(120))
    return drawn / 120**2


@pytest.mark.parametrize("dimension", ["valence", "arousal", "dominance"])
def test_every_point_is_another_drawing(qapp, dimension):
    figures = [figure(dimension, k / 8) for k in range(9)]
    assert len(set(figures)) == 9
    assert all(_ink(svg) > 0.2 for svg in (figures[0], figures[-1]))


def test_the_files_are_what_the_program_draws(tmp_path):
    for path in write_all(tmp_path):
        assert (data_dir() / "assets" / "sam" / path.name).read_text() == path.read_text()
