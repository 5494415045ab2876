"""What the runner may expect of a presenter: the window and the headless one alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clips import write_clip
from emer_studio.core.process import Child
from emer_studio.schema.protocol import ClipBaseline
from emer_studio.schema.rating import RatingPage, mapped, mapped_share, parse_page
from emer_studio.schema.stimulus import Clip
from emer_studio.session.plan import Trial
from emer_studio.session.presenter import WindowPresenter
from emer_studio.session.presenting import Presenter
from emer_studio.session.requests import ClipFailed, Finish, StopRequest
from emer_studio.synthetic import sync_code
from presenters import HeadlessPresenter

Q = {"en": "How was it?", "zh": "感受如何？"}
NAMES = ("happiness", "sadness", "fear", "neutral", "other")
PAGES = {
    page["id"]: parse_page(page)
    for page in (
        {"id": "sam", "kind": "sam", "dimensions": ["valence", "arousal"], "points": 9},
        {"id": "slider", "kind": "slider", "dimensions": ["valence", "dominance"]},
        {"id": "choice", "kind": "choice", "labels": ["yes", "no"], "question": Q},
        {"id": "scale", "kind": "scale", "points": 7, "question": Q},
        {
            "id": "items",
            "kind": "items",
            "points": 5,
            "shuffle_items": True,
            "items": {name: {"en": name} for name in NAMES},
            "question": Q,
        },
        {"id": "text", "kind": "text", "question": Q},
    )
}
PAGE = pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))


def trial(number: int = 1) -> Trial:
    clip = Clip(id="one", file="one.mp4", emotion="fear")
    none = ClipBaseline(kind="luminance", seconds=0.1)
    return Trial(number, "main", False, clip, none, 0.1, 0.1, tuple(PAGES.values()))


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    folder = tmp_path_factory.mktemp("window")
    frames = str(folder / "presented.csv")
    arguments = ["participant", "--presented", frames, "--windowed", "--simulate"]
    child = Child("participant", arguments, stderr_path=folder / "stderr.txt")
    child.wait_for("ready", timeout_s=60)
    yield child
    child.stop()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "one.mp4", seconds=1.0)


@pytest.fixture(params=["window", "headless"])
def presenter(request: pytest.FixtureRequest, child: Child, clip: Path) -> Presenter:
    if request.param == "headless":
        return HeadlessPresenter()
    return WindowPresenter(child, {"one": clip}, {"one": 0.4}, "P001/1")


def test_texts_crosses_and_blanks_come_to_an_end(presenter: Presenter) -> None:
    presenter.text("Title", "Words.", "Continue")
    presenter.fixation(0.05)
    presenter.blank(0.05)
    presenter.text("Title", "That was all.", None)
    assert presenter.prepare(trial())["duration_s"] > 0  # it takes the next command


def test_a_clip_is_prepared_and_played(presenter: Presenter) -> None:
    facts = presenter.prepare(trial())
    assert facts["fps"] == pytest.approx(30.0)
    assert facts["duration_s"] == pytest.approx(1.0, abs=0.1)
    presenter.grey(trial(), 0.05)
    onsets: list[dict[str, Any]] = []
    end = presenter.play(trial(), onsets.append)
    assert onsets[0]["event"] == "clip_onset"
    assert end["t_s"] - onsets[0]["t_s"] == pytest.approx(1.0, abs=0.3)
    assert end["summary"]["shown"] <= end["summary"]["expected"] == 30


def test_a_mark_tells_when_every_change_was_shown(presenter: Presenter) -> None:
    mark = presenter.mark("end")
    times = [t_s for t_s, _ in mark["edges"]]
    assert [level for _, level in mark["edges"]] == [1, 0] * 7
    planned = [at for at, _ in sync_code.edges("end")]
    assert times[-1] - times[0] == pytest.approx(planned[-1] - planned[0], abs=0.1)
    assert mark["t_s"] > times[-1]
    assert mark["which"] == "end"


def test_targets_are_told_with_place_and_time(presenter: Presenter) -> None:
    first, second = presenter.targets([(0.25, 0.5), (0.75, 0.5)], 0.3)
    assert (first["number"], second["number"]) == (1, 2)
    assert second["x"] > first["x"]
    assert second["y"] == pytest.approx(first["y"])
    for target in (first, second):
        assert target["gone_s"] - target["shown_s"] == pytest.approx(0.3, abs=0.2)
    assert second["shown_s"] >= first["gone_s"]


@PAGE
def test_every_kind_of_page_is_answered_in_the_same_form_and_again(
    presenter: Presenter, page: RatingPage
) -> None:
    first = presenter.rate(trial(), page)
    answer = presenter.rate(trial(), page, first["value"])
    assert answer["kind"] == page.kind
    assert answer["rt_s"] > 0
    assert answer["input"]
    assert not answer["back"]
    value, points = answer["value"], answer["points"]
    if page.kind in ("choice", "text"):
        assert value in page.labels if page.labels else value
        assert answer["mapped"] is None
    elif page.kind == "scale":
        assert answer["mapped"] == mapped(value, page.points)
    elif page.kind == "slider":
        assert answer["mapped"] == {name: mapped_share(v) for name, v in value.items()}
    else:
        assert answer["mapped"] == {n: mapped(v, page.points) for n, v in value.items()}
        assert list(value) == list(page.dimensions or page.items)
    assert points == (page.points if page.kind in ("sam", "scale", "items") else None)


def test_the_order_of_items_is_told_and_is_the_same_again(presenter: Presenter) -> None:
    page = PAGES["items"]
    first = presenter.rate(trial(), page)
    again = presenter.rate(trial(), page, first["value"])
    other = presenter.rate(trial(2), page)
    assert first["order"] == again["order"]
    assert first["order"] != other["order"]
    plain = page.model_copy(update={"shuffle_items": False})
    assert presenter.rate(trial(), plain)["order"] == list(page.items)
    for answer in (first, other):
        assert sorted(answer["order"]) == sorted(page.items)


def test_a_page_may_belong_to_no_trial(presenter: Presenter) -> None:
    assert presenter.rate(None, PAGES["choice"])["value"] in ("yes", "no")


def test_an_operator_ends_whatever_is_shown(child: Child, clip: Path) -> None:
    window = WindowPresenter(child, {"one": clip})
    for show in (
        lambda: window.fixation(20.0),
        lambda: window.blank(20.0),
        lambda: window.rate(trial(), PAGES["sam"]),
    ):
        child.interrupt(finish="aborted")
        with pytest.raises(StopRequest) as asked:
            show()
        assert asked.value.finish is Finish.ABORTED


def test_a_clip_that_cannot_be_played_is_told(child: Child, tmp_path: Path) -> None:
    window = WindowPresenter(child, {"one": tmp_path / "gone.mp4"})
    with pytest.raises(ClipFailed, match="There is no clip"):
        window.prepare(trial())
