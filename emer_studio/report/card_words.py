"""What every model card says about use and limits, and what depends on the run."""

from __future__ import annotations

from collections.abc import Iterator

from emer_studio.study.runs import Entry

__all__ = ["intended", "limits"]


def intended(protocol: str) -> Iterator[str]:
    """Yield what a model of a protocol is for."""
    yield (
        "Research on emotion in groups of people who agreed to it: comparing models,"
        " conditions or stimuli, with intervals over people and stimuli."
    )
    if protocol.startswith("fer"):
        yield (
            "Suggestions for experts who label faces, marked as a model's; what it says"
            " becomes no label by itself."
        )


def limits(entry: Entry) -> Iterator[str]:
    """Yield what a model is not for, and how far its numbers reach."""
    info = entry.info
    tested = {code for fold in info.split for code in fold.test}
    yield (
        "Not for decisions about a person: hiring, grading, insurance, access, policing or"
        " anything else that follows for somebody from one answer."
    )
    yield "No diagnosis and no medical device; it was not tested as either."
    yield (
        "What is felt is not what is shown: a face may hide, exaggerate or play. "
        + (
            "This model was asked what experts see in a face, not what the person feels."
            if info.protocol.startswith("fer")
            else "This model was asked what people reported to feel; a report is not the"
            " feeling itself either."
        )
    )
    if info.synthetic or info.simulated:
        yield (
            "Made from synthetic or simulated recordings: its numbers check the software"
            " and say nothing about people. It is not to be used on recordings of people."
        )
    else:
        yield (
            f"Tested on {len(tested)} people of one dataset. Other people, ages, cultures,"
            " cameras, eye trackers, light and stimuli are untested until somebody tests"
            " them."
        )
    if info.folds in ("participant", "official"):
        yield (
            "The same clips may be in training and test; a model can know the clip instead"
            " of the person (see the baselines)."
        )
    if info.folds == "stimulus":
        yield "The same people are in training and test: for new people it is untested."
    yield "One seed: how much another one would change is not in the intervals."
    if gone := len(info.withdrawn):
        who = "1 participant has" if gone == 1 else f"{gone} participants have"
        yield f"{who} withdrawn since; what it learned from them is still in the weights."
    yield (
        "Weights learned from people's faces and eyes belong with those people's data:"
        " they go no further than the consents do."
    )
    yield (
        "Regulation (EU) 2024/1689 (the AI Act), Article 5(1)(f), prohibits placing on the"
        " market, putting into service for this purpose, or using AI systems that infer"
        " emotions of a person in the areas of workplace and education institutions, except"
        " for medical or safety reasons. This is a pointer, no legal advice."
    )
