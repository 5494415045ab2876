"""Every file of this folder that holds a ``MODEL`` is a model."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from emer_studio.core.errors import BadInputError
from emer_studio.training import models
from emer_studio.training.fit.job import Learner

__all__ = ["all_models", "model_named"]


@cache
def all_models() -> dict[str, Learner]:
    """Return the models by name; loads torch."""
    found: list[Learner] = []
    for module in pkgutil.iter_modules(models.__path__):
        loaded = importlib.import_module(f"{models.__name__}.{module.name}")
        if hasattr(loaded, "MODEL"):
            found.append(loaded.MODEL)
    return {model.name: model for model in found}


def model_named(name: str) -> Learner:
    """Return one model.

    Raises
    ------
    BadInputError
        When there is none of that name.
    """
    if name not in all_models():
        raise BadInputError(
            f"There is no model called {name!r}.",
            fix=f"Choose one of: {', '.join(sorted(all_models()))}.",
        )
    return all_models()[name]
