"""What is allowed in a protocol but was probably not meant: told by ``protocol check``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from emer_studio.core.files import data_dir
from emer_studio.schema.base import LocalText
from emer_studio.schema.protocol import Protocol
from emer_studio.schema.rating import RatingPage, local_text

__all__ = ["doubts"]


def doubts(protocol: Protocol) -> list[str]:
    """Return one sentence for each doubt.

    Parameters
    ----------
    protocol : Protocol
        A protocol that loads.
    """
    found = [*_languages(protocol), *_untranslated(protocol), *_gaze_check(protocol)]
    for page in protocol.rating_pages:
        found += _of_page(protocol, page)
    return found


def _gaze_check(protocol: Protocol) -> Iterator[str]:
    wanted = protocol.validation
    if wanted is None:
        return
    if wanted.after_breaks and not any(block.breaks for block in protocol.blocks):
        yield "the eye tracker is to be checked after breaks, but no block has any"
    if wanted.worst_deg < wanted.accuracy_deg:
        yield (
            f"the error at the worst point ({wanted.worst_deg:g}°) has a lower limit than"
            f" the mean error ({wanted.accuracy_deg:g}°)"
        )


def _languages(protocol: Protocol) -> Iterator[str]:
    folder = _translations()
    for language in protocol.languages:
        if not (folder / f"{_base(language)}.yaml").is_file():
            yield (
                f"the program has no texts of its own (buttons, help) in {language!r};"
                f" a session in it cannot start before {folder.name}/{_base(language)}.yaml"
                " is there"
            )


def _untranslated(protocol: Protocol) -> Iterator[str]:
    for where, texts in _texts(protocol):
        if not any(texts.values()):
            continue
        for language in protocol.languages:
            if not (texts.get(language) or texts.get(_base(language))):
                shown = local_text(texts, language)
                short = shown if len(shown) <= 40 else f"{shown[:39]}…"
                yield f"{where} has no text in {language!r}; people will read {short!r}"


def _texts(protocol: Protocol) -> Iterator[tuple[str, LocalText]]:
    """Yield every text that a participant reads, with its place."""
    for name in (
        "title",
        "consent",
        "content_warning",
        "instructions",
        "debrief",
        "closing",
    ):
        yield f"'{name}'", getattr(protocol, name)
    for scope in protocol.consent_scopes:
        yield f"the consent scope {scope.id!r}", scope.text
    for item in protocol.demographics:
        yield f"the question for {item.id!r}", item.question
    yield from ((f"the opt-out {name!r}", text) for name, text in protocol.opt_out.items())
    for block in protocol.blocks:
        yield f"the text of block {block.id!r}", block.text
        if block.breaks:
            yield f"the break of block {block.id!r}", block.breaks.text
    for page in protocol.rating_pages:
        who = f"of page {page.id!r}"
        yield f"the question {who}", page.question
        yield f"the low end {who}", page.low
        yield f"the high end {who}", page.high
        yield from ((f"item {name!r} {who}", text) for name, text in page.items.items())


def _of_page(protocol: Protocol, page: RatingPage) -> Iterator[str]:
    who = f"page {page.id!r}"
    in_trials = [block.ratings for block in protocol.blocks if page.id in block.ratings]
    if not in_trials and page.id not in (*protocol.before, *protocol.after):
        yield f"{who} is never asked"
    elif page.back and all(names[0] == page.id for names in in_trials):
        yield f"{who} allows going back, but no page of a trial comes before it"
    for language in protocol.languages:
        known = () if _base(language) == "en" else _labels(language)
        unknown = [label for label in page.labels if known and label not in known]
        if unknown:
            yield (
                f"{who}: the program has no word for the label {unknown[0]!r} in"
                f" {language!r}; it is shown as it is written"
            )
    if page.kind in ("scale", "items") and not (page.low and page.high):
        yield f"{who} does not say what the ends of its scale mean ('low', 'high')"


def _labels(language: str) -> tuple[str, ...]:
    """Return the labels that the program can name in a language."""
    path = _translations() / f"{_base(language)}.yaml"
    if not path.is_file():
        return ()
    texts = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(texts.get("participant", {}).get("labels", {}))


def _translations() -> Path:
    return data_dir() / "assets" / "translations"


def _base(language: str) -> str:
    return language.replace("_", "-").split("-")[0]
