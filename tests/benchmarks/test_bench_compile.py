from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bench_compile import compare, has_compiler

TOLERANCE = 1e-4
"""Of a probability; chosen by us, as for exported networks: far above what another order of
additions makes in two steps (1e-6), far below what changes an answer."""


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's own
@pytest.mark.skipif(not has_compiler(), reason="torch.compile needs a C++ compiler")
def test_a_compiled_training_answers_as_a_plain_one(tmp_path: Path) -> None:
    found = compare(tmp_path, "face-only", epochs=1)
    assert found.made >= 2  # of training and of prediction
    assert found.difference <= TOLERANCE
    assert found.spread > 100 * TOLERANCE
