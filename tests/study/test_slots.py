"""Places in the counterbalancing: given once, kept, filled without holes."""

from __future__ import annotations

from pathlib import Path

from emer_studio.study.slots import Slots


def test_places_are_given_in_order_and_kept(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    assert slots.of("emer", "P001", simulated=False) == 0
    assert slots.take("emer", "P001", simulated=False) == 0
    assert slots.take("emer", "P002", simulated=False) == 1
    assert slots.take("emer", "P001", simulated=False) == 0
    assert Slots(tmp_path).of("emer", "P002", simulated=False) == 1
    assert slots.of("emer", "P003", simulated=False) == 2
    assert slots.take("other", "P003", simulated=False) == 0
    assert len(slots.all()) == 3


def test_simulated_people_use_up_no_real_place(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    assert [slots.take("emer", f"S{k}", simulated=True) for k in range(3)] == [0, 1, 2]
    assert slots.take("emer", "P001", simulated=False) == 0
    lines = (tmp_path / "counterbalance.tsv").read_text().splitlines()
    assert lines[0].split("\t")[:4] == ["protocol", "slot", "participant", "simulated"]


def test_a_place_that_was_freed_by_hand_is_given_again(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    for name in ("A", "B", "C"):
        slots.take("emer", name, simulated=False)
    path = tmp_path / "counterbalance.tsv"
    kept = [line for line in path.read_text().splitlines() if "\tB\t" not in line]
    path.write_text("\n".join(kept) + "\n")
    assert slots.take("emer", "D", simulated=False) == 1
