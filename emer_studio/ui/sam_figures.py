"""SAM-style figures, drawn from parameters: our own drawings, one for any point of a scale.

SAM (Bradley & Lang 1994) shows valence in the face, arousal in the body and dominance in
the size of a figure; so do these, but the drawings are ours. The same parameters serve
five, seven and nine points. ``python -m emer_studio.ui.sam_figures FOLDER`` writes the
nine-point sets as files (``assets/sam``), for papers and printed forms.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from emer_studio.core.files import write_atomic

__all__ = ["SIDE", "figure", "write_all"]

SIDE = 120
"""Side of the square that every figure is drawn in (units of the SVG)."""

_INK, _SKIN, _CLOTH, _GLOW, _LINE = "#2d3b4a", "#fdf6ea", "#a9c0d6", "#e8833a", 3.2


def figure(dimension: str, level: float) -> str:
    """Return a figure as SVG text.

    Parameters
    ----------
    dimension : str
        "valence", "arousal" or "dominance".
    level : float
        0 (unpleasant, calm, controlled) to 1 (pleasant, excited, in control).
    """
    draw = {"valence": _valence, "arousal": _arousal, "dominance": _dominance}[dimension]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">'
        f'<g stroke="{_INK}" stroke-width="{_LINE}" stroke-linecap="round"'
        f' stroke-linejoin="round" fill="none">{draw(min(max(level, 0.0), 1.0))}'
        "</g></svg>\n"
    )


def _path(d: str, **attributes: object) -> str:
    extra = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in attributes.items())
    return f'<path d="{d}"{extra}/>'


def _dot(x: float, y: float, r: float, **attributes: object) -> str:
    extra = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in attributes.items())
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.2f}"{extra}/>'


def _mouth(x: float, y: float, half: float, bend: float) -> str:
    """Draw a mouth; `bend` > 0 smiles, < 0 frowns, in units of the drawing."""
    corner = y - bend / 2
    return _path(
        f"M{x - half:.1f} {corner:.1f} Q{x:.1f} {y + bend:.1f} {x + half:.1f} {corner:.1f}"
    )


def _valence(level: float) -> str:
    """Draw a head and shoulders whose brows and mouth go from grief to joy."""
    mood = 2 * level - 1
    brow = 4.5 * max(-mood, 0.0)
    lift = 3.0 * max(mood, 0.0)
    parts = [
        _path("M22 116 C24 96 40 92 60 92 C80 92 96 96 98 116 Z", fill=_CLOTH),
        _dot(60, 52, 41, fill=_SKIN),
    ]
    for side in (-1, 1):
        inner, outer = 60 + side * 10, 60 + side * 25
        parts.append(
            _path(
                f"M{inner} {33 - brow - lift:.1f}"
                f" Q{(inner + outer) / 2} {30 - lift * 1.6:.1f}"
                f" {outer} {33 + brow - lift:.1f}"
            )
        )
        if mood > 0.7:  # eyes that laugh
            rise = 10 * mood
            parts.append(
                _path(f"M{60 + side * 10} 47 q{side * 7} {-rise:.1f} {side * 14} 0")
            )
        else:
            parts.append(_dot(60 + side * 17, 45, 3.9, fill=_INK, stroke="none"))
    half = 17 + 4 * abs(mood)
    if mood > 0.7:
        depth = 46 * mood - 22
        parts.append(
            _path(
                f"M{60 - half:.1f} 62 Q60 {62 + depth * 1.45:.1f} {60 + half:.1f} 62"
                f" Q60 {62 + depth * 0.35:.1f} {60 - half:.1f} 62 Z",
                fill="#fffdf8",
            )
        )
    else:
        parts.append(_mouth(60, 69 - 2 * min(mood, 0.0), half, 16 * mood))
    return "".join(parts)


def _burst(x: float, y: float, size: float, points: int, depth: float) -> str:
    """Draw a star with `points` rays around (x, y); `depth` 0 makes it round."""
    corners = []
    for k in range(2 * points):
        radius = size * (1 - depth) if k % 2 else size
        angle = math.pi * k / points - math.pi / 2
        corners.append(
            f"{x + radius * math.cos(angle):.1f} {y + radius * math.sin(angle):.1f}"
        )
    return _path(f"M{' L'.join(corners)} Z", fill=_GLOW, stroke_width=2)


def _arousal(level: float) -> str:
    """Draw a person in whom something rests at first and bursts at last."""
    parts = [
        _path(
            "M24 116 C20 78 34 60 60 60 C86 60 100 78 96 116 Z",
            fill=_CLOTH,
        ),
        _dot(60, 33, 25, fill=_SKIN),
    ]
    opening = 7.0 * level
    for side in (-1, 1):
        x = 60 + side * 10
        if level < 0.2:  # asleep, then drowsy
            parts.append(_path(f"M{x - 5} 32 q5 {4 - 10 * level:.1f} 10 0"))
        else:
            parts.append(
                _dot(x, 31, 1.8 + opening * 0.62, fill="#fffdf8", stroke_width=2.4)
            )
            parts.append(_dot(x, 31, 1.6 + 0.9 * level, fill=_INK, stroke="none"))
    if level < 0.5:
        parts.append(_path(f"M{54 - 2 * level:.1f} 45 h{12 + 4 * level:.1f}"))
    else:
        open_ = (level - 0.5) * 9 + 1.2
        parts.append(
            f'<ellipse cx="60" cy="46" rx="{3.6 + 1.6 * level:.1f}" ry="{open_:.1f}"'
            f' fill="{_INK}" stroke="none"/>'
        )
    parts.append(_burst(60, 89, 3.5 + 21 * level, 11, 0.05 + 0.47 * level))
    if level > 0.7:  # it shakes
        reach = 0.45 + 0.55 * (level - 0.7) / 0.3
        for side in (-1, 1):
            for k in range(1 + (level > 0.95)):
                x = 60 + side * (44 + 7 * k)
                parts.append(
                    _path(
                        f"M{x:.1f} {84 - 8 * reach + 4 * k:.1f}"
                        f" q{side * 5} {8 * reach - 4 * k:.1f}"
                        f" 0 {16 * reach - 8 * k:.1f}"
                    )
                )
    return "".join(parts)


def _dominance(level: float) -> str:
    """Draw the same person from small to larger than the frame."""
    size = 0.26 + 0.74 * level
    stance = 6 * level
    body = [
        _path(
            f"M{-21 - stance:.1f} 0 C{-25 - stance:.1f} -34 {-23 - stance:.1f} -56 0 -56"
            f" C{23 + stance:.1f} -56 {25 + stance:.1f} -34 {21 + stance:.1f} 0 Z",
            fill=_CLOTH,
            stroke_width=f"{_LINE / size**0.7:.2f}",
        ),
        _dot(0, -78, 24, fill=_SKIN, stroke_width=f"{_LINE / size**0.7:.2f}"),
        _dot(-8, -81, 2.8, fill=_INK, stroke="none"),
        _dot(8, -81, 2.8, fill=_INK, stroke="none"),
        _path("M-7 -68 H7", stroke_width=f"{_LINE / size**0.7:.2f}"),
    ]
    frame = (
        '<rect x="4" y="4" width="112" height="112" rx="8" fill="#e4e9ee" stroke="none"/>'
    )
    ground = _path("M14 112 H106", stroke="#9aa7b4")
    return (
        f"{frame}{ground}"
        f'<g transform="translate(60 112) scale({size:.3f})">{"".join(body)}</g>'
    )


def write_all(folder: Path) -> list[Path]:
    """Write the nine figures of each dimension, ``valence_1.svg`` … ``dominance_9.svg``."""
    written = []
    for dimension in ("valence", "arousal", "dominance"):
        for point in range(1, 10):
            path = folder / f"{dimension}_{point}.svg"
            write_atomic(path, figure(dimension, (point - 1) / 8))
            written.append(path)
    return written


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
