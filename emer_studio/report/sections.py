"""A document as sections of words and tables, written as Markdown or as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.report.run_tables import Table
from emer_studio.report.write import template

__all__ = ["Section", "as_html", "as_markdown"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it, in this order.

    Attributes
    ----------
    figures : tuple of (caption, image source)
        In HTML only.
    """

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    points: tuple[str, ...] = ()
    code: str = ""
    figures: tuple[tuple[str, str], ...] = ()


def as_html(
    kind: str,
    title: str,
    subtitle: str,
    banners: Sequence[str],
    sections: Sequence[Section],
    marks: Sequence[str] = (),
) -> str:
    """Return one HTML file that needs nothing beside it."""
    return template("sections.html.j2").render(
        kind=kind,
        marks=marks,
        title=title,
        subtitle=subtitle,
        banners=banners,
        sections=sections,
        version=__version__,
        written=utc_now(),
    )


def as_markdown(
    title: str, subtitle: str, banners: Sequence[str], sections: Sequence[Section]
) -> str:
    """Return the document as Markdown, with GitHub's tables and without figures."""
    lines = [f"# {_plain(title)}", "", subtitle, ""]
    for text in banners:
        lines += [f"> **{text}**", ""]
    for section in sections:
        lines += _section(section)
    lines += [f"Written by EMER Studio {__version__}, {utc_now()}.", ""]
    return "\n".join(lines)


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {_plain(section.heading)}", "")
    for text in section.paragraphs:
        yield from (text, "")
    for table in section.tables:
        yield from _table(table)
    yield from (f"- {point}" for point in section.points)
    if section.points:
        yield ""
    if section.code:
        yield from ("```", section.code, "```", "")


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield from (f"### {_plain(table.title)}", "")
    if table.about:
        yield from (table.about, "")
    width, side = len(table.rows[0]), "--:" if table.heads else ":--"
    yield _row(table.heads or [""] * width)
    yield _row([":--", *[side] * (width - 1)])
    yield from map(_row, table.rows)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Keep a person's words from being taken for Markdown."""
    for mark in ("\\", "|", "`", "*", "<"):
        text = text.replace(mark, "\\" + mark)
    return text.replace("\n", " ")
