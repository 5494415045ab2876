"""Two recorders and their restarts, joined sample by sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emer_studio.recording.merge import join
from emer_studio.recording.xdf import XdfWriter
from emer_studio.recording.xdf_load import RecordedStream, load_streams
from emer_studio.schema.streams import parse_header
from xdf_files import header

HEADER = parse_header(header("s", "double64", 1, 100.0))


def part(stamps: np.ndarray, values: np.ndarray, *, whole: bool = True) -> RecordedStream:
    moments = np.array([stamps[0], stamps[-1]]) if len(stamps) else np.empty(0)
    offsets = np.column_stack([moments, np.zeros(len(moments))])
    return RecordedStream(
        header=HEADER,
        stamps_s=stamps,
        values=values[:, None].astype(float),
        offsets_s=offsets,
        footer_count=len(stamps) if whole else -1,
        raw_stamps_s=stamps,
    )


def cut(
    stamps: np.ndarray, keep: list[tuple[int, int]], *, whole: bool = True
) -> list[list[RecordedStream]]:
    """The files of a recorder that ran only during these stretches."""
    index = np.arange(len(stamps))
    return [[part(stamps[a:b], index[a:b], whole=whole)] for a, b in keep if b > a]


@st.composite
def stretches(draw: st.DrawFn, n: int) -> list[tuple[int, int]]:
    edges = sorted(draw(st.lists(st.integers(0, n), min_size=2, max_size=6)))
    edges = edges[: len(edges) // 2 * 2]
    return list(zip(edges[::2], edges[1::2], strict=True))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_either_recorder_has_is_there_once_and_in_order(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 60))
    steps = data.draw(st.lists(st.sampled_from([0.0, 0.01, 0.5]), min_size=n, max_size=n))
    stamps = 100.0 + np.cumsum(steps)  # equal stamps happen
    mine, other = data.draw(stretches(n)), data.draw(stretches(n))
    streams, _ = join(cut(stamps, mine, whole=False), cut(stamps, other))
    # Of a run of equal stamps, a recorder that saw only its end cannot know which it saw.
    held = np.zeros(n, dtype=bool)
    for a, b in [*mine, *other]:
        held[a:b] = True
    expected = np.unique(stamps[held])
    if not len(expected):
        assert sum(len(s.stamps_s) for s in streams) == 0
        return
    (joined,) = streams
    assert np.all(np.diff(joined.raw_stamps_s) >= 0)
    np.testing.assert_array_equal(np.unique(joined.raw_stamps_s), expected)
    if len(np.unique(stamps)) == n:
        np.testing.assert_array_equal(np.asarray(joined.values)[:, 0], np.flatnonzero(held))


def test_a_clock_that_went_back_keeps_its_order() -> None:
    stamps = np.concatenate([np.arange(500.0, 510.0), np.arange(3.0, 13.0)])
    files = cut(stamps, [(0, 5), (15, 20)])
    (joined,), filled = join(files, cut(stamps, [(2, 18)]))
    np.testing.assert_array_equal(joined.raw_stamps_s, stamps)
    assert filled == {"s": 10}


def test_text_is_joined_too(tmp_path: Path) -> None:
    stamps = np.arange(10.0, 20.0)
    for name, keep in (("streams", slice(0, 4)), ("standby", slice(2, 10))):
        writer = XdfWriter(tmp_path / f"{name}.xdf")
        number = writer.add_stream(header("marks", "string", 1, 0.0))
        writer.samples(number, stamps[keep], [[f"{t:.0f}"] for t in stamps[keep]])
        writer.close()
    files = [[load_streams(tmp_path / f"{n}.xdf")] for n in ("streams", "standby")]
    (joined,), filled = join(*files)
    assert [row[0] for row in joined.values] == [f"{t:.0f}" for t in stamps]
    assert filled == {}  # the first recorder has no hole, it ended early


def test_a_whole_file_of_the_first_recorder_is_taken_as_it_is() -> None:
    stamps = 100 + np.arange(1000) / 100
    (joined,), filled = join(cut(stamps, [(20, 980)]), cut(stamps, [(0, 1000)]))
    assert (len(joined.stamps_s), filled) == (960, {})
    (joined,), filled = join(cut(stamps, [(20, 700)]), cut(stamps, [(0, 1000)]))
    assert (len(joined.stamps_s), filled) == (1000, {})  # it missed three seconds


def test_holes_are_filled_although_both_have_as_many_samples() -> None:
    stamps = 100 + np.arange(1000) / 100
    mine, other = (
        np.delete(np.arange(1000), slice(100, 150)),
        np.delete(np.arange(1000), slice(500, 550)),
    )
    first, second = ([[part(stamps[i], i)]] for i in (mine, other))
    (joined,), filled = join(first, second)
    assert (len(joined.stamps_s), filled) == (1000, {"s": 50})


def test_offsets_of_both_are_used() -> None:
    stamps = np.arange(100.0, 110.0)
    first, second = cut(stamps, [(0, 5)]), cut(stamps, [(0, 10)])
    (joined,), _ = join(first, second)
    assert len(joined.offsets_s) == 4
    assert np.all(np.diff(joined.offsets_s[:, 0]) >= 0)
