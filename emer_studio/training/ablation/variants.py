"""EMERT with something left out, and step by step back to the official code.

Every run of an ablation is the studio preset with one change of its settings. Those of the
group "matrix" leave a part out of a network that sees some streams only; those of the group
"official" add up, so that the last is `presets.OFFICIAL` with the official network.
`DEVIATIONS` is the list of what we do otherwise than the code of 2024.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

from emer_studio.training.fit.job import Settings
from emer_studio.training.nets.network import MODALITIES
from emer_studio.training.presets import OFFICIAL

__all__ = ["DEVIATIONS", "GROUPS", "WHOLE", "Change", "Deviation", "Variant", "variants"]

Group = Literal["modalities", "parts", "matrix", "official"]
GROUPS: tuple[Group, ...] = ("modalities", "parts", "matrix", "official")
Change = Callable[[Settings], Settings]


@dataclass(frozen=True, slots=True)
class Variant:
    """One run of an ablation.

    Attributes
    ----------
    name : str
        Also of its folder.
    words : str
        What it is, for a table.
    group : str
        Of `GROUPS`; empty for the whole model.
    change : callable
        From the settings of the whole model to its own.
    before : str
        The variant of one step less; empty where the whole model is that.
    part : str
        In a matrix: the variant that leaves the same part out of the whole model.
    """

    name: str
    words: str
    group: Group | Literal[""]
    change: Change
    before: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that studio does otherwise than official-2024.

    Attributes
    ----------
    name : str
    ours, official : str
        What is done here, and there.
    back : callable
        Does it as it is done there.
    """

    name: str
    ours: str
    official: str
    back: Change


def _view(**fields: Any) -> Change:
    return lambda s: replace(
        s, preset=replace(s.preset, view=replace(s.preset.view, **fields))
    )


def _preset(**fields: Any) -> Change:
    return lambda s: replace(s, preset=replace(s.preset, **fields))


def _sees(*modalities: str) -> Change:
    return lambda s: replace(s, modalities=modalities, maps=s.maps and "gaze" in modalities)


def _as_official(*names: str) -> Change:
    """Take fields of the preset official-2024."""
    return _preset(**{name: getattr(OFFICIAL, name) for name in names})


def _without(part: str) -> Change:
    return lambda s: replace(s, without=(*s.without, part))


def _official_network(settings: Settings) -> Settings:
    settings = replace(settings, face_net="resnet18", maps=False)
    return _as_official("name", "corrected")(settings)


DEVIATIONS = (
    Deviation(
        "augmentation", "faces mirrored, brighter or darker, noise on the eyes", "none",
        _as_official("augment"),
    ),
    Deviation(
        "modality-dropout", "clips lose their face or their eyes in training", "none",
        _as_official("drop_modality"),
    ),
    Deviation(
        "multitask", "one network learns every label, the others at a weight of 0.3",
        "a network for each label", _as_official("joint", "others"),
    ),
    Deviation(
        "eye-summaries", "mean, spread and share known of each span, robustly standardised",
        "single rows in pixels, ms and mm, what is lost as zero", _view(eyes="raw"),
    ),
    Deviation(
        "sampling", "in order of time, all streams from the same moments",
        "by the last digit of the frame's number; eyes and gaze apart",
        _view(sampling="official"),
    ),
    Deviation(
        "pixels", "RGB with the statistics of ImageNet", "BGR between 0 and 1",
        _view(pixels="bgr"),
    ),
    Deviation(
        "optimiser", "AdamW, rate 1e-3, decay 1e-2", "Adam, rate 1e-4, L2 of 5e-4",
        _as_official("learning_rate", "weight_decay", "decoupled"),
    ),
    Deviation(
        "warm-up-and-clipping", "the rate rises first, gradients are cut off", "neither",
        _as_official("warm_up", "clip_norm"),
    ),
    Deviation(
        "early-stopping", "ends after 12 epochs without a better one", "never ends early",
        _as_official("patience"),
    ),
    Deviation(
        "network",
        "small face network, own and shared parts masked where a stream is absent,"
        " a discriminator each, a ramp for the reversed gradient",
        "ResNet-18, one discriminator, nothing is masked", _official_network,
    ),
)  # fmt: skip
"""In the order of the steps. What is not a setting of training stays ours in all of them:
the epoch is chosen on validation people, scores are pooled, tests are deterministic. The
number of epochs (40 and 200) is that of the ablation, for all runs alike."""


_SUBSETS = tuple(
    subset
    for size in range(1, len(MODALITIES))
    for subset in combinations(MODALITIES, size)
)


def _sees_only(subset: Sequence[str]) -> Variant:
    words = f"{' and '.join(subset)} only"
    return Variant(f"only-{'-'.join(subset)}", words, "modalities", _sees(*subset))


_PARTS = (
    Variant(
        "without-decoupling", "without the discriminators", "parts", _without("decoupling")
    ),
    Variant(
        "without-split", "without own and shared parts", "parts", _without("split")
    ),
    Variant(
        "without-attention", "means instead of cross-attention", "parts",
        _without("attention"),
    ),
    Variant(
        "without-other-labels", "without the labels beside", "parts", _preset(others=0.0)
    ),
    Variant(
        "without-modality-dropout", "without modality dropout", "parts",
        _preset(drop_modality=0.0),
    ),
    Variant(
        "without-augmentation", "without augmentation", "parts", _preset(augment=False)
    ),
    Variant(
        "rows-for-summaries", "eye rows instead of summaries", "parts",
        _view(eyes="standard"),
    ),
)  # fmt: skip


def _matrix() -> list[Variant]:
    """Return every subset without every part that is in a network that sees only that."""
    return [
        Variant(
            f"{seen.name}-{part.name}", f"{seen.words}, {part.words}", "matrix",
            _chain([seen.change, part.change]), before=seen.name, part=part.name,
        )
        for subset in _SUBSETS
        for seen in (_sees_only(subset),)
        for part in _PARTS
        if _in_it(part, subset)
    ]  # fmt: skip


def _in_it(part: Variant, subset: Sequence[str]) -> bool:
    """One stream shares nothing and is told from no other; a face has no eye rows."""
    if part.name in ("without-decoupling", "without-split"):
        return len(subset) > 1
    absent = {"rows-for-summaries": ("face",), "without-augmentation": ("gaze",)}
    return absent.get(part.name) != tuple(subset)


def _steps() -> list[Variant]:
    found: list[Variant] = []
    for number, deviation in enumerate(DEVIATIONS, start=1):
        found.append(
            Variant(
                f"official-{number:02d}-{deviation.name}",
                f"{deviation.name}: {deviation.official}",
                "official",
                _chain([one.back for one in DEVIATIONS[:number]]),
                found[-1].name if found else "",
            )
        )
    return found


def _chain(changes: Sequence[Change]) -> Change:
    def change(settings: Settings) -> Settings:
        for one in changes:
            settings = one(settings)
        return settings

    return change


WHOLE = Variant("whole", "the whole model", "", lambda settings: settings)


def variants(groups: Sequence[str] = GROUPS, names: Sequence[str] = ()) -> list[Variant]:
    """Return the runs of an ablation, the whole model first.

    Parameters
    ----------
    groups : sequence of str
        Of `GROUPS`.
    names : sequence of str, optional
        These variants only.

    Returns
    -------
    list of Variant
        With what each of them is compared with: the step before it, and in a matrix the
        same part left out of the whole model.
    """
    every = [*map(_sees_only, _SUBSETS), *_PARTS, *_matrix(), *_steps()]
    wanted = {v.name for v in every if (v.name in names if names else v.group in groups)}
    for one in reversed(every):
        if one.name in wanted:
            wanted |= {one.before, one.part}
    return [WHOLE, *(v for v in every if v.name in wanted)]
