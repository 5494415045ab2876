"""The plot of a gaze check: where the targets were, and where the gaze was."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["draw"]

_WIDTH = 640.0  # of the display in the plot; its height follows
_EDGE, _FOOT = 24.0, 44.0
_INK, _LINE, _GAZE = "#22303c", "#9aa3ab", "#0072B2"
# Okabe & Ito's palette, which colour-blind people can tell apart.
_EYES = {"left": "#009E73", "right": "#D55E00", "both": "#0072B2"}


def draw(facts: Mapping[str, Any]) -> str:
    """Return an SVG picture of what `session.gaze_check.judge` found.

    Offsets are to scale: a line leads from each target to the mean gaze, with a circle of
    the standard deviation there; each eye is a dot.
    """
    geometry = facts["geometry"]
    height = _WIDTH * geometry["height_mm"] / geometry["width_mm"]
    per_deg = _WIDTH / geometry["width_mm"] * geometry["distance_mm"]
    per_deg *= math.tan(math.radians(1))
    size = f'width="{_WIDTH + 2 * _EDGE:.0f}" height="{height + 2 * _EDGE + _FOOT:.0f}"'
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif"'
        f' font-size="12" fill="{_INK}">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<rect x="{_EDGE}" y="{_EDGE}" width="{_WIDTH}" height="{height:.1f}"'
        f' fill="none" stroke="{_LINE}"/>',
    ]
    for row in facts["points"]:
        x, y = _EDGE + row["x"] * _WIDTH, _EDGE + row["y"] * height
        body += _point(row, x, y, per_deg)
    body += [*_foot(facts, height, per_deg), "</svg>"]
    return "\n".join(body) + "\n"


def _point(row: Mapping[str, Any], x: float, y: float, per_deg: float) -> Iterator[str]:
    reach = 6
    for dx, dy in ((reach, 0), (0, reach)):
        ends = f'x1="{x - dx:.1f}" y1="{y - dy:.1f}" x2="{x + dx:.1f}" y2="{y + dy:.1f}"'
        yield f'<line {ends} stroke="{_INK}" stroke-width="1.5"/>'
    if row["accuracy_deg"] is None:
        yield f'<text x="{x + 9:.1f}" y="{y + 4:.1f}">{row["number"]}: no gaze</text>'
        return
    at_x, at_y = x + row["right_deg"] * per_deg, y + row["down_deg"] * per_deg
    ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{at_x:.1f}" y2="{at_y:.1f}"'
    yield f'<line {ends} stroke="{_GAZE}"/>'
    radius = row["sd_deg"] * per_deg
    yield (
        f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="{radius:.1f}" fill="{_GAZE}"'
        f' fill-opacity="0.25" stroke="{_GAZE}"/>'
    )
    for eye, seen in row["eyes"].items():
        if seen["accuracy_deg"] is not None:
            eye_x, eye_y = (
                x + seen["right_deg"] * per_deg,
                y + seen["down_deg"] * per_deg,
            )
            yield f'<circle cx="{eye_x:.1f}" cy="{eye_y:.1f}" r="2" fill="{_EYES[eye]}"/>'
    yield f'<text x="{x + 9:.1f}" y="{y - 9:.1f}">{row["accuracy_deg"]:.1f}°</text>'


def _foot(facts: Mapping[str, Any], height: float, per_deg: float) -> Iterator[str]:
    y = height + _EDGE + 26
    ends = f'x1="{_EDGE}" y1="{y:.1f}" x2="{_EDGE + per_deg:.1f}" y2="{y:.1f}"'
    yield f'<line {ends} stroke="{_INK}"/>'
    yield f'<text x="{_EDGE + per_deg + 8:.1f}" y="{y + 4:.1f}">1°</text>'
    if facts["accuracy_deg"] is not None:
        said = (
            f"error {facts['accuracy_deg']:.2f}° (worst {facts['worst_deg']:.2f}°),"
            f" RMS {facts['rms_deg'] or 0:.2f}°, SD {facts['sd_deg']:.2f}°,"
            f" {facts['loss_pct']:.0f} % lost"
        )
        yield f'<text x="{_EDGE + per_deg + 50:.1f}" y="{y + 4:.1f}">{said}</text>'
    x = _EDGE
    for eye in facts["eyes"]:
        yield f'<circle cx="{x + 4}" cy="{y + 22:.1f}" r="3" fill="{_EYES[eye]}"/>'
        yield f'<text x="{x + 12}" y="{y + 26:.1f}">{eye}</text>'
        x += 60
