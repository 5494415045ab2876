"""A mapping: what the columns of somebody else's table of labels mean.

::

    item: "{session}/trial-{trial}"      # a column, or a pattern of columns
    annotator: rater                     # a column …
    annotator_is: E1                     # … or one code for the whole table
    stage: A
    blind: true                          # they saw nothing but the face: only if known
    columns: {emotion: category, lust: valence}     # theirs: ours
    values: {category: {Freude: happiness, "7": neutral}}
    scales: {valence: [1, 9]}            # the ends of their scale
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from emer_studio.schema.base import Model

__all__ = ["LabelMapping"]

Text = Annotated[str, Field(min_length=1)]


class LabelMapping(Model):
    """How one table of labels is read.

    Attributes
    ----------
    item : str
        The column that holds items, or a pattern with columns in braces.
    annotator, annotator_is : str
        The column that holds annotators, or the one who labelled everything.
    stage : str
        Of all labels.
    blind : bool
        Whether you say that the raters saw nothing but the face: no clip, no suggestion of
        a model, no other rater. Without it what they could see is unknown, and the labels
        count for no blind consensus.
    columns : dict of str to str
        Their columns, and the fields that they are of ours.
    values : dict of str to dict
        By our field, what each of their values is.
    scales : dict of str to (float, float)
        By our field, the lowest and highest value of their scale; ours is -1 to 1 for
        valence and arousal, 0 to 3 for intensity, 0 to 1 for confidence.
    """

    item: Text
    annotator: str = ""
    annotator_is: str = ""
    stage: Literal["training", "A", "A-repeat", "B", "adjudication"] = "A"
    blind: bool = False
    columns: Annotated[dict[Text, Text], Field(min_length=1)]
    values: dict[str, dict[str, str | float | int]] = {}
    scales: dict[
        Literal["valence", "arousal", "intensity", "confidence"], tuple[float, float]
    ] = {}

    @model_validator(mode="after")
    def _who(self) -> Self:
        if bool(self.annotator) == bool(self.annotator_is):
            raise ValueError(
                "expected either annotator (a column) or annotator_is (a code)"
            )
        for name, (low, high) in self.scales.items():
            if low == high:
                raise ValueError(f"the scale of {name} has the same end twice")
        return self
