"""A list and a comparison of runs as tables of words, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emer_studio.study.runs import Entry
from emer_studio.training.comparing.comparison import Comparison, OfLabel, Pair

__all__ = ["Table", "columns", "comparison_text", "list_text", "pair_tables", "run_rows"]

_STATES = {"killed": "killed: it broke off and nothing runs"}


@dataclass(frozen=True, slots=True)
class Table:
    """Heads and rows, with a sentence over them; the first column is of names.

    Without heads it is a list of facts: words, not numbers.
    """

    title: str
    about: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def list_text(entries: Sequence[Entry], damaged: Sequence[tuple[object, str]]) -> str:
    """Return the runs of a place for a terminal, the newest first."""
    heads = ("", "name", "protocol", "model", "preset", "folds", "score [95 %]", "state")
    rows = [(*heads, "started (UTC)", "folder")]
    for entry in entries:
        info = entry.info
        rows.append((
            "*" if entry.notes.pinned else "", entry.name, info.protocol, entry.kind,
            info.preset, entry.folds, str(entry.score or "–"), entry.state,
            info.started[:16].replace("T", " "), str(entry.folder),
        ))  # fmt: skip
    lines = columns(rows, right=()) if entries else ["No training runs yet."]
    if any(entry.notes.pinned for entry in entries):
        lines.append("* pinned: not to be deleted.")
    if any(entry.state == "killed" for entry in entries):
        lines.append(f"{_STATES['killed']}.")
    lines += [f"{entry.name}: {entry.notes.note}" for entry in entries if entry.notes.note]
    lines += [f"Cannot be read: {folder}: {why}" for folder, why in damaged]
    return "\n".join(lines)


def run_rows(told: Comparison) -> Table:
    """Return what is compared."""
    rows = tuple(
        (
            run["name"], run["kind"], run["preset"], run["folds"], str(run["seed"]),
            str(run["epochs"]), run["dataset"],
        )
        for run in told.runs
    )  # fmt: skip
    heads = ("run", "model", "preset", "folds", "seed", "epochs", "dataset")
    return Table("Runs", "", heads, rows)


def pair_tables(pair: Pair, *, several: bool) -> Iterator[Table]:
    """Return the tables of two runs; `several` adds the corrected p."""
    for one in pair.labels:
        yield _scores(pair, one, several=several)
        if one.right is not None:
            yield _right(pair, one, several=several)
        if one.folds:
            yield _folds(pair, one)


def comparison_text(told: Comparison) -> str:
    """Return a comparison for a terminal."""
    lines = [f"{told.protocol}: {len(told.runs)} runs"]
    runs = run_rows(told)
    lines += columns([runs.heads, *runs.rows], right=())
    for pair in told.pairs:
        lines += ["", f"== {pair.run} less {pair.against}"]
        for table in pair_tables(pair, several=len(told.pairs) > 1):
            lines += ["", table.title, *([table.about] if table.about else [])]
            lines += columns([table.heads, *table.rows])
        lines += [f"Note: {remark}" for remark in pair.remarks]
    return "\n".join([*lines, "", *(f"Note: {remark}" for remark in told.remarks)]).rstrip()


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] | None = None) -> list[str]:
    """Line cells up; the first column to the left, those of `right` (all others) to it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width)
            if (n > 0 if right is None else n in right)
            else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"  {'  '.join(cells)}".rstrip())
    return lines


def _scores(pair: Pair, one: OfLabel, *, several: bool) -> Table:
    rows = []
    for gap in one.scores:
        row = [
            gap.score.upper(), f"{gap.run:.3f}", f"{gap.against:.3f}",
            f"{gap.difference:+.3f}",
        ]  # fmt: skip
        if pair.paired:
            people = [_ends(gap.ci95), _p(gap.p)]
            both = [_ends(gap.ci95_crossed), _p(gap.p_crossed)]
            if several:
                people.append(_p(gap.p_holm))
                both.append(_p(gap.p_crossed_holm))
            row += [*people, *both]
        else:
            row += [_ends(gap.run_ci95), _ends(gap.against_ci95)]
        rows.append(tuple(row))
    extra = ("p (Holm)",) if several else ()
    paired = ("95 %, people", "p", *extra, "95 %, people and stimuli", "p", *extra)
    own = (f"{pair.run}, 95 %", f"{pair.against}, 95 %")
    return Table(
        f"Scores, {one.label}",
        f"The same {one.samples} test samples, paired (bootstrap); higher is better for all"
        " but MAE and RMSE."
        if pair.paired
        else "Not paired: each on its own test samples, and no test.",
        ("score", pair.run, pair.against, "difference", *(paired if pair.paired else own)),
        tuple(rows),
    )


def _right(pair: Pair, one: OfLabel, *, several: bool) -> Table:
    right = one.right
    assert right is not None
    row = [
        "samples", str(right.both), str(right.run_only), str(right.against_only),
        str(right.neither), _p(right.p), *([_p(right.p_holm)] if several else []),
    ]  # fmt: skip
    return Table(
        f"Which samples are right, {one.label}",
        "McNemar's exact test takes samples as independent of one another; those of one"
        " person or clip are not, so its p is too small where they answer alike.",
        (
            "", "both", f"only {pair.run}", f"only {pair.against}", "neither",
            "p (McNemar)", *(("p (Holm)",) if several else ()),
        ),
        (tuple(row),),
    )  # fmt: skip


def _folds(pair: Pair, one: OfLabel) -> Table:
    main = one.scores[0].score.upper()
    rows = tuple(
        (
            f"fold {fold.fold}", str(fold.samples), f"{fold.run:.3f}",
            f"{fold.against:.3f}", f"{fold.difference:+.3f}",
        )
        for fold in one.folds
    )  # fmt: skip
    heads = ("", "samples", pair.run, pair.against, "difference")
    return Table(f"{main} by fold, {one.label}", "", heads, rows)


def _ends(both: tuple[float, float] | None) -> str:
    return f"[{both[0]:.3f}, {both[1]:.3f}]" if both else "–"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
