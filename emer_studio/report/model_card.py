"""The model card of a training run: what it is, what it can, what it is not for.

It names no participant, so that it may leave the lab with the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.core.files import read_json, sha256_file
from emer_studio.report.card_words import intended, limits
from emer_studio.report.collect import collect_run
from emer_studio.report.figures import embed
from emer_studio.report.marks import dataset_banners, dataset_marks
from emer_studio.report.run_figures import figures_of
from emer_studio.report.run_story import run_story
from emer_studio.report.run_tables import Table
from emer_studio.report.sections import Section, as_html, as_markdown
from emer_studio.schema.benchmark import Benchmark, load_benchmark
from emer_studio.schema.dataset import DatasetManifest, parse_manifest
from emer_studio.schema.results import LabelResults, Results
from emer_studio.schema.training import RunInfo
from emer_studio.study.runs import Entry
from emer_studio.training.train_command import train_command

__all__ = ["Card", "model_card"]


@dataclass(frozen=True, slots=True)
class Card:
    """A card that is ready to be written."""

    title: str
    subtitle: str
    banners: tuple[str, ...]
    marks: tuple[str, ...]
    sections: tuple[Section, ...]
    figures: tuple[tuple[str, str], ...]

    def markdown(self) -> str:
        """Return it as Markdown, without figures."""
        return as_markdown(self.title, self.subtitle, self.banners, self.sections)

    def html(self) -> str:
        """Return it as one HTML file, with figures."""
        drawn = Section("Figures", figures=self.figures)
        return as_html(
            "card",
            self.title,
            self.subtitle,
            self.banners,
            [*self.sections, *([drawn] if self.figures else [])],
            self.marks,
        )


def model_card(entry: Entry, *, figures: bool = False) -> Card:
    """Put together the card of a finished run.

    Parameters
    ----------
    entry : Entry
    figures : bool, optional
        Draw them, for HTML.

    Raises
    ------
    BadInputError
        When the run is not finished.
    """
    if entry.results is None:
        raise BadInputError(
            f"{entry.name} has no results (it is {entry.state}); a card is of a finished"
            " run."
        )
    info, manifest = entry.info, _manifest(entry.info)
    story = run_story(collect_run(entry.folder))
    benchmark = _benchmark(info.protocol)
    drawn = figures_of(entry) if figures else []
    return Card(
        f"Model card: {entry.name}",
        f"{story['name']}, {benchmark.title if benchmark else info.protocol}"
        f" ({info.protocol}), trained {info.started[:10]}",
        tuple(_banners(info, manifest)),
        tuple(_marks(info, manifest)),
        (
            _what(entry, story, benchmark),
            _data(info, manifest, entry.results),
            _scores(entry.results, story),
            *_by_label(story),
            Section("Intended use", points=tuple(intended(info.protocol))),
            Section("Limits", points=tuple(limits(entry))),
            _again(entry),
        ),
        tuple((caption, embed(figure)) for _name, caption, figure in drawn),
    )


def _what(entry: Entry, story: Mapping[str, Any], benchmark: Benchmark | None) -> Section:
    info = entry.info
    asked = ", ".join(entry.results.by_label) if entry.results else ""
    kind = "felt, as the participant reported it"
    if info.protocol.startswith("fer"):
        kind = "shown in the face, as experts labelled it"
    rows = [
        ("model", info.model),
        ("preset", info.preset),
        ("answers", f"{asked}: what was {kind}"),
    ]
    if benchmark is not None and benchmark.classes:
        rows.append(("classes", ", ".join(benchmark.classes)))
    if benchmark is not None and benchmark.bounds:
        low, high = benchmark.bounds
        rows.append(("range", f"{low:g} to {high:g}"))
    maps = ("fixation maps",) if info.maps else ()
    rows.append(("looks at", ", ".join((*info.modalities, *maps))))
    view = info.view
    how = "in order, from the same moments"
    if view.sampling == "official":
        how = "drawn as the official code does"
    rows.append(("of a clip", f"{view.frames} frames and {view.rows} rows, {how}"))
    rows.append(("face network", info.face_net))
    start = "random weights" if info.cnn_init == "random" else f"weights {info.cnn_init}"
    rows.append(("face network starts from", start))
    paragraphs = [
        f"For each of {len(info.split)} folds a model of its own was trained; none of them"
        " has learned from all samples.",
    ]
    if entry.notes.note:
        paragraphs.append(entry.notes.note)
    return Section("What it is", tuple(paragraphs), (Table("", "", (), tuple(rows)),))


def _data(info: RunInfo, manifest: DatasetManifest | None, results: Results) -> Section:
    people = {code for fold in info.split for code in (*fold.train, *fold.test)}
    made = [
        word
        for word, true in (("synthetic", info.synthetic), ("simulated", info.simulated))
        if true
    ]
    imported = "not known: the dataset is not at its place any more, or has changed"
    if manifest is not None:
        imported = "some sessions" if manifest.imported else "no"
    rows = [
        ("dataset", info.dataset_name),
        ("its manifest, SHA-256", info.dataset_manifest_sha256),
        ("participants", str(len(people))),
        ("test samples", str(results.samples)),
        ("recorded from", ", ".join(made) if made else "people"),
        ("imported recordings", imported),
    ]
    if manifest is not None:
        rows.append(("samples are", ", ".join(manifest.units)))
        rows.append(("samples in the dataset", str(manifest.n_samples)))
    tables = [Table("", "", (), tuple(rows))]
    for label, part in results.by_label.items():
        if part.class_counts:
            tables.append(_balance(label, part))
    return Section("What it was trained on", tables=tuple(tables))


def _balance(label: str, part: LabelResults) -> Table:
    """Return how uneven the classes of the test samples are."""
    totals = [
        sum(row.test[n] for row in part.class_counts) for n in range(len(part.classes))
    ]
    whole = max(sum(totals), 1)
    rows = tuple(
        (name, str(count), f"{100 * count / whole:.1f} %")
        for name, count in zip(part.classes, totals, strict=True)
    )
    return Table(f"Classes, {label}", "", ("class", "test samples", "share"), rows)


def _scores(results: Results, story: Mapping[str, Any]) -> Section:
    heads = ("", *(metric.upper() for metric in story["metrics"]))
    rows = tuple(tuple(row) for row in story["rows"])
    return Section(
        "How good it is",
        (
            f"{results.samples} test samples, pooled over {len(results.folds)}"
            f" {story['folds_by']}. The number is not the claim: compare it with the"
            " baselines, which are fitted on the training part of each fold alone.",
        ),
        (Table("", "", heads, rows),),
        tuple(story["remarks"]),
    )


def _by_label(story: Mapping[str, Any]) -> Iterator[Section]:
    for part in story["labels"]:
        tables, said = [], []
        if part["comparisons"]:
            heads = ("", "score", "value or difference", "95 %, people", "p")
            tables.append(
                Table(
                    "Against the baselines",
                    "On the same test samples, by a paired bootstrap; p is two-sided.",
                    (*heads, "95 %, people and stimuli", "p"),
                    tuple(tuple(row) for row in part["comparisons"]),
                )
            )
        if part["calibration"]:
            said.append(f"Expected calibration error: {part['calibration']}.")
        if part["discordant"]:
            about = (
                f"Felt and shown differ in {part['differ']} test samples with both labels;"
                f" there, the answer is the other label in {part['other']}."
            )
            kinds = ("share right", "felt ≠ shown", "felt = shown")
            rows = tuple(tuple(row) for row in part["discordant"])
            tables.append(Table("Where felt and shown differ", about, kinds, rows))
        if tables or said:
            yield Section(f"In detail: {part['label']}", tuple(said), tuple(tables))


def _again(entry: Entry) -> Section:
    """Return what it takes to make the run again."""
    info = entry.info
    rows = [("EMER Studio", info.app_version), *sorted(info.versions.items())]
    rows += [("device", info.device), ("seed", str(info.seed))]
    rows += [("epochs", str(info.epochs)), ("batch size", str(info.batch_size))]
    rows += [("started", info.started), ("finished", info.finished or "–")]
    text = (
        "The folds follow from the seed and the participants of the dataset; they stand in"
        " the run's own run.json. `emer-studio evaluate RUN --dataset DATASET` scores the"
        " kept weights again."
    )
    return Section(
        "How to make it again",
        (text,),
        (Table("", "", (), tuple(rows)),),
        code=train_command(info),
    )


def _manifest(info: RunInfo) -> DatasetManifest | None:
    """Return the dataset's manifest while it is the one that was trained on."""
    path = Path(info.dataset) / "manifest.json"
    try:
        if sha256_file(path) != info.dataset_manifest_sha256:
            return None
        return parse_manifest(read_json(path), str(path))
    except (OSError, EmerError):
        return None


def _benchmark(name: str) -> Benchmark | None:
    try:
        return load_benchmark(name)
    except BadInputError:  # of another version
        return None


def _banners(info: RunInfo, manifest: DatasetManifest | None) -> Iterator[str]:
    if manifest is not None:
        yield from dataset_banners(manifest)
        return
    if info.synthetic:
        yield "SYNTHETIC: a check of the software, not evidence about people."
    if info.simulated:
        yield "SIMULATED recordings: they say nothing about people."


def _marks(info: RunInfo, manifest: DatasetManifest | None) -> list[str]:
    if manifest is not None:
        return dataset_marks(manifest)
    return [name for name in ("synthetic", "simulated") if getattr(info, name)]
