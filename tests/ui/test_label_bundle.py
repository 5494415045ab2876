"""A rater without the study: a bundle is labelled in its own window and handed over."""

from __future__ import annotations

import contextlib

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from emer_studio.cli import main
from emer_studio.labels.bundle import unpack_bundle
from emer_studio.labels.fold import fold_stages
from emer_studio.labels.merge import merge
from emer_studio.labels.store import open_store
from emer_studio.ui.label.bundle_window import BundleWindow
from emer_studio.ui.label.items import find_items

K = Qt.Key


@pytest.fixture
def bundle(recorded, tmp_path):
    """A bundle for R5 as the command packs it, by a plan with a codebook."""
    plan = "scheme: {version: 4, confidence: required, codebook: {fear: wide eyes}}\n"
    (recorded.folder / "labelling.yaml").write_text(plan)
    file = tmp_path / "R5.zip"
    words = ["labels", "bundle", str(recorded.folder), "--for", "R5", "--out", str(file)]
    assert main(words) == 0
    return unpack_bundle(file, tmp_path / "R5")


@pytest.fixture
def window(bundle, qtbot):
    made = BundleWindow(bundle)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


def test_a_bundle_is_labelled_blind_and_comes_back(
    window, bundle, recorded, qtbot, tmp_path
):
    page = window.page
    assert page.badge.text() == "BLIND"
    assert page.list.count() == len(bundle.items) >= 2
    assert page.room.code() == "R5"
    assert page.room.annotator.isReadOnly()
    assert page.panel.categories["fear"].toolTip() == "wide eyes"
    QTest.keyClick(page, K.Key_7)
    QTest.keyClick(page, K.Key_Return)
    assert "0 of" in page.count.text()  # the scheme asks how sure they are
    for _ in bundle.items:
        for key in (K.Key_7, K.Key_D, K.Key_Return):
            QTest.keyClick(page, key)
    assert page.count.text() == f"{len(bundle.items)} of {len(bundle.items)} labelled"
    QTest.keyClick(page, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(page, K.Key_6)
    QTest.keyClick(page, K.Key_R)
    QTest.keyClick(page, K.Key_D)
    QTest.keyClick(page, K.Key_Return)
    out = tmp_path / "R5.labels"
    with qtbot.waitSignal(page.job.ended, timeout=30000):
        window.write(out)
    assert "Send it to whoever leads the study" in window.toast.text.text()
    with contextlib.closing(open_store(recorded)) as store:
        merge(store, [out])
        assert store.check() == []
        found = fold_stages(store.events())
        visible = [e.visible for e in store.events() if e.op == "set"]
    assert {(who, item) for who, item, stage in found if stage == "A"} == {
        ("R5", item.id) for item in find_items(recorded)
    }
    categories = [fields["category"] for fields in found.values()]
    assert sorted(set(categories)) == ["anger", "neutral"]
    assert {seen["mode"] for seen in visible} == {"blind"}
    assert {seen["scheme"] for seen in visible} == {4}


def test_only_raters_of_the_plan_get_a_bundle(recorded, tmp_path, capsys):
    (recorded.folder / "labelling.yaml").write_text("raters: [R1, R2, R3]\n")
    words = ["labels", "bundle", str(recorded.folder), "--for", "R9"]
    assert main([*words, "--out", str(tmp_path / "x.zip")]) == 2
    assert "R9 is not among the raters" in capsys.readouterr().err
    assert not (tmp_path / "x.zip").exists()
