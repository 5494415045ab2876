from __future__ import annotations

from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema import benchmark as module
from emer_studio.schema.benchmark import benchmark_names, load_benchmark

NAMES = ("er-va", "er3", "er7", "fer-intensity", "fer-va", "fer3", "fer7")


def test_the_seven_benchmarks_load() -> None:
    assert benchmark_names() == NAMES
    for name in NAMES:
        assert load_benchmark(name).folds == 5
    assert len(load_benchmark("er7").classes) == 7
    assert load_benchmark("er-va").labels == ("er_valence", "er_arousal")
    assert load_benchmark("fer-intensity").auxiliary == "fer_emotion"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BadInputError, match="fer-intensity"):
        load_benchmark("er9")


@pytest.mark.parametrize(
    "line",
    ["colour: red", "metrics: [mae]", "classes: [one]", "format_version: 2", "name: b"],
)
def test_a_wrong_file_is_refused(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = line.split(":")[0]
    good = (module.benchmark_dir() / "er3.yaml").read_text()
    kept = [text for text in good.splitlines() if not text.startswith(f"{key}:")]
    (tmp_path / "er3.yaml").write_text("\n".join([*kept, line]))
    monkeypatch.setattr(module, "benchmark_dir", lambda: tmp_path)
    with pytest.raises(BadInputError, match=r"er3\.yaml"):
        load_benchmark("er3")
