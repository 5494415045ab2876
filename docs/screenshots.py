"""Make the pictures of the README from the running program.

    .venv/bin/python docs/screenshots.py

Records a simulated session in a temporary study, photographs the operator's window while it
runs, the session's quality, the explorer, labelling and protocol pages; the page Train
before and after a training on a synthetic dataset, which takes a few minutes; then the
participant's consent and rating pages in both languages. Needs a display (or Xvfb).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from emer_studio.core.process import Child, command_line
from emer_studio.schema.protocol import find_protocol, load_protocol

IMAGES = Path(__file__).resolve().parent / "images"


def main() -> None:
    """Write the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="emer-pictures-") as name:
        folder = Path(name)
        operator(folder)
        training(folder)
        for language in ("en", "zh"):
            participant(folder, language)


def operator(folder: Path) -> None:
    """Photograph the operator's window during a session, and its protocol page."""
    study, shots = folder / "Pilot", folder / "shots"
    subprocess.run(command_line("new", str(study), "--seed", "1"), check=True)
    who = ("--run-session", "P001", "--protocol", "demo", "--simulate")
    window = command_line("gui", str(study), *who, "--snapshots", str(shots))
    subprocess.run(window, check=True)
    shutil.copyfile(shots / "session-live.png", IMAGES / "operator.png")
    shutil.copyfile(shots / "protocol.png", IMAGES / "protocol.png")
    shutil.copyfile(shots / "session.png", IMAGES / "quality.png")
    for page in ("explore", "label"):
        shutil.copyfile(shots / f"{page}.png", IMAGES / f"{page}.png")


def training(folder: Path) -> None:
    """Photograph what would be trained on, train, and photograph the results."""
    study = folder / "Training"
    dataset, run = study / "derived" / "dataset", study / "derived" / "runs" / "first"
    subprocess.run(command_line("new", str(study), "--seed", "1"), check=True)
    size = ("--participants", "10", "--clips", "14", "--seed", "3")
    make = command_line("dataset", "synth", "--out", str(dataset), *size)
    subprocess.run(make, check=True)
    train_page(study, folder / "before", "train.png")
    how = ("--protocol", "er3", "--epochs", "20", "--device", "cpu", "--out", str(run))
    subprocess.run(command_line("train", str(dataset), *how), check=True)
    train_page(study, folder / "after", "train-run.png")


def train_page(study: Path, shots: Path, name: str) -> None:
    """Photograph the page Train, which opens on the runs where there are any."""
    window = command_line("gui", str(study), "--snapshots", str(shots))
    subprocess.run(window, check=True)
    shutil.copyfile(shots / "train.png", IMAGES / name)


def participant(folder: Path, language: str) -> None:
    """Photograph the participant's SAM page and consent form."""
    page = load_protocol(find_protocol("demo")).page("sam")
    frames = str(folder / f"{language}.csv")
    arguments = ["participant", "--windowed", "--language", language, "--presented", frames]
    child = Child("participant", arguments)
    child.wait_for("ready", timeout_s=60)
    form = page.model_dump(mode="json", exclude_defaults=True)
    child.send("rate", trial=1, page=form)
    child.wait_for("page_shown", timeout_s=20)
    child.send("snapshot", path=str(IMAGES / f"participant-{language}.png"))
    child.wait_for("snapshot", timeout_s=20)
    consent = load_protocol(find_protocol("emer")).consent_form
    assert consent is not None
    shown = consent.shown(language)
    child.send("consent", text=shown.text, scopes=shown.scopes)
    child.wait_for("page_shown", timeout_s=20)
    child.send("snapshot", path=str(IMAGES / f"consent-{language}.png"))
    child.wait_for("snapshot", timeout_s=20)
    child.stop()


if __name__ == "__main__":
    main()
