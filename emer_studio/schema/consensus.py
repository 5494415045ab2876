"""How several experts' labels become one: ``consensus`` in ``study.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from emer_studio.schema.base import Model

__all__ = ["ConsensusRules"]


class ConsensusRules(Model):
    """The rules of a study.

    Attributes
    ----------
    quorum : int
        Raters an item needs before what they say counts. Three, chosen by us: the least
        number of which more than half can agree while one does not. A lab that has
        fewer sets it lower, and its data say so.
    method : {"majority", "dawid-skene"}
        More than half of the raters, or the model of Dawid and Skene (1979), which weighs
        raters by how they err.
    """

    quorum: Annotated[int, Field(ge=1, le=50)] = 3
    method: Literal["majority", "dawid-skene"] = "majority"
