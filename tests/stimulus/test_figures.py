"""A lab's own SAM figures: taken by hash, frozen, refused when they are others."""

from __future__ import annotations

from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import load_protocol
from emer_studio.stimulus.figures import check_figures, freeze_figures, hash_of
from emer_studio.study.folder import create_study
from protocols import write_short_protocol

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
    '<rect width="{n}" height="9"/></svg>'
)


def with_figures(folder: Path, sha256: str = "") -> Path:
    """Write a protocol whose SAM page shows the figures in ``own``; return its file."""
    path = write_short_protocol(folder, seconds=0.2)
    pictures = folder / "own"
    pictures.mkdir()
    listed = []
    for dimension in ("valence", "arousal"):
        for point in range(1, 10):
            listed.append(pictures / f"{dimension}_{point}.svg")
            listed[-1].write_text(_SVG.format(n=point))
    own = f"    figures: {{folder: own, sha256: {sha256 or hash_of(listed)}}}\n"
    text = path.read_text().replace("    points: 9\n", "    points: 9\n" + own)
    path.write_text(text)
    return path


def test_the_set_is_frozen_into_the_study_and_the_page_points_there(tmp_path: Path) -> None:
    path = with_figures(tmp_path / "protocol")
    study = create_study(tmp_path / "study")
    protocol = freeze_figures(study, load_protocol(path), path)
    figures = protocol.page("sam").figures
    assert figures is not None
    folder = Path(figures.folder)
    assert folder.is_relative_to(study.folder.resolve())
    assert len(list(folder.iterdir())) == 18
    assert 'width="3"' in (folder / "arousal_3.svg").read_text()


def test_a_changed_or_missing_picture_is_refused(tmp_path: Path) -> None:
    path = with_figures(tmp_path / "protocol")
    page = load_protocol(path).page("sam")
    assert len(check_figures(page, path)) == 18
    changed = tmp_path / "protocol" / "own" / "valence_5.svg"
    changed.write_text(_SVG.format(n=0))
    with pytest.raises(BadInputError, match="not those that page 'sam' means"):
        check_figures(page, path)
    changed.unlink()
    with pytest.raises(BadInputError, match=r"valence_5\.svg \(or \.png\) is missing"):
        check_figures(page, path)


def test_a_page_without_figures_of_its_own_uses_ours(tmp_path: Path) -> None:
    path = write_short_protocol(tmp_path / "protocol", seconds=0.2)
    assert check_figures(load_protocol(path).page("sam"), path) == []
