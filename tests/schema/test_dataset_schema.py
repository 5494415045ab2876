from __future__ import annotations

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.dataset import SampleRow, parse_manifest, polarity
from emer_studio.schema.eye_columns import DEFAULT_EYE_COLUMNS, EyeColumn, eye_column_names


def test_39_distinct_eye_columns_without_an_absolute_time() -> None:
    names = eye_column_names()
    assert len(names) == len(set(names)) == 39
    assert {"gaze_x", "gaze_y", "pupil_left_mm", "fixation", "saccade", "blink"} <= set(
        names
    )
    assert not [name for name in names if "timestamp" in name or name in ("t_s", "time_s")]
    assert all(column.unit and column.meaning for column in DEFAULT_EYE_COLUMNS)


@pytest.mark.parametrize(
    ("valence", "expected"),
    [(0.0, "neutral"), (0.125, "neutral"), (-0.125, "neutral"), (0.25, "positive"),
     (-0.13, "negative")],
)  # fmt: skip
def test_polarity_has_one_dead_band(valence: float, expected: str) -> None:
    assert polarity(valence) == expected


@pytest.mark.parametrize(
    "wrong",
    [{"er_emotion": "joy"}, {"er_valence": 1.5}, {"fer_intensity": float("nan")},
     {"excluded": True}, {"colour": "red"}, {"er3": "happy"}],
)  # fmt: skip
def test_a_wrong_sample_is_refused(wrong: dict[str, object]) -> None:
    fields = {"sample_id": "a", "participant": "P", "stimulus": "c", **wrong}
    with pytest.raises(ValueError, match="validation error"):
        SampleRow.model_validate(fields)


def _manifest(**changes: object) -> dict[str, object]:
    fields = {"name": "d", "n_samples": 0, "sha256": {}, "app_version": "0", "created": "x"}
    return {**fields, **changes}


def test_a_manifest_of_another_version_or_with_unknown_keys_is_refused() -> None:
    assert parse_manifest(_manifest(), "m").eye_names() == eye_column_names()
    for changes in ({"format_version": 2}, {"extra": 1}):
        with pytest.raises(BadInputError, match="not a dataset manifest"):
            parse_manifest(_manifest(**changes), "m")


def test_a_manifest_needs_the_gaze_columns() -> None:
    column = EyeColumn(name="pupil_mm", unit="mm", meaning="x").model_dump()
    with pytest.raises(BadInputError, match="gaze_x and gaze_y"):
        parse_manifest(_manifest(eye_columns=[column]), "m")
