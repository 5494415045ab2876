"""Consent before a session: through the command, and with people who decide otherwise."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from emer_studio.core.console import Console
from emer_studio.core.process import Child, command_line
from emer_studio.recording.reader import read_journal
from emer_studio.session.conduct import conduct
from emer_studio.session.desk import Desk
from emer_studio.session.devices import Devices
from emer_studio.session.live import LiveSession
from emer_studio.session.prepare import Prepared, prepare
from emer_studio.study.consents import Consents
from emer_studio.study.folder import Study, create_study, open_study
from emer_studio.study.slots import Slots
from protocols import SMALL, write_short_protocol

TEXT = "consent: {en: Please take part.}\n"


def written(folder: Path, text: str = TEXT) -> Path:
    protocol = write_short_protocol(folder, 0.3)
    protocol.write_text(protocol.read_text() + text)
    return protocol


def run(study: Path, protocol: Path, *more: str) -> dict[str, Any]:
    who = ("--participant", "P001", "--protocol", str(protocol), "--simulate")
    done = subprocess.run(
        command_line("run", str(study), *who, *SMALL, "--headless", "--json", *more),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    result["asked"] = "reads the consent form" in done.stderr
    return result


def manifest_of(result: dict[str, Any]) -> dict[str, Any]:
    path = Path(result["session"]) / "session.json"
    return dict(json.loads(path.read_text())["consent"])


def test_consent_is_asked_once_and_again_when_the_form_changed(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    protocol = written(tmp_path / "protocol")
    first = run(study.folder, protocol)
    assert first["asked"]
    assert first["state"] == "complete"
    assert first["verdict"] != "red", first["findings"]
    (kept,) = Consents(study.folder).all()
    assert (kept.participant, kept.agreed, kept.simulated) == ("P001", True, True)
    assert kept.given == ("take_part", "record_video", "publish", "share")
    assert "Please take part." in (study.folder / kept.protocol).read_text()
    told = manifest_of(first)
    assert (told["how"], told["form_sha256"]) == ("on screen", kept.form_sha256)
    events = [e["event"] for e in read_journal(Path(first["session"]))]
    assert events[:2] == ["session_started", "consent"]

    second = run(study.folder, protocol)
    assert not second["asked"]
    assert manifest_of(second)["how"] == "before"
    assert manifest_of(second)["given_utc"] == kept.utc

    protocol.write_text(protocol.read_text().replace("Please take", "Do take"))
    assert run(study.folder, protocol)["asked"]
    forms = [one.form_sha256 for one in Consents(study.folder).all()]
    assert len(forms) == len(set(forms)) == 2


class Person:
    """The participant's window with somebody at it who answers as the test says."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.seen: list[str] = []

    def send(self, command: str, /, **fields: Any) -> None:
        self.seen.append(command)

    def wait_for(self, *names: str, timeout_s: float) -> dict[str, Any]:
        return self.answers.pop(0)

    def next_event(self, *names: str, timeout_s: float) -> None:
        return None

    def interrupt(self, **facts: Any) -> None:
        self.answers.append({"event": "interrupted", **facts})

    def stop(self, timeout_s: float) -> int:
        return 0


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    study = create_study(tmp_path / "study", seed=1)
    devices = Devices(
        camera="sim",
        gaze="sim",
        simulate=False,
        windowed=True,
        display=None,
        language="en",
        gaze_wait_s=20.0,
    )
    return prepare(study, "P001", str(written(tmp_path / "p")), devices, None)


def conducted(
    prepared: Prepared, person: Person, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Conduct with real devices; only the participant's window is somebody's."""
    monkeypatch.setattr(LiveSession, "open_window", lambda _live, _folder: person)
    stop = threading.Event()
    return conduct(prepared, Console(), stop, Desk(stop))


def nothing_of_a_session(study: Study) -> bool:
    slots = Slots(study.folder).all()
    return not (
        list((study.folder / "sessions").iterdir()) or study.participants() or slots
    )


def test_declining_leaves_nothing_but_the_fact(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person({"event": "consent", "agreed": False, "given": []})
    result = conducted(prepared, person, monkeypatch)
    assert (result["state"], result["session"]) == ("declined", "")
    assert person.seen == ["consent", "thanks"]
    study = open_study(prepared.study.folder)
    assert nothing_of_a_session(study)
    (fact,) = Consents(study.folder).all()
    assert (fact.participant, fact.agreed, fact.given) == ("", False, ())
    assert "P001" not in Consents(study.folder).path.read_text()


def test_ending_from_a_pause_is_declining_and_going_on_asks_anew(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = {"event": "pause_requested", "by": "participant", "t_s": 1.0}
    on = {"event": "resumed", "by": "participant", "t_s": 2.0}
    person = Person(pause, on, pause, {"event": "stop_requested"})
    assert conducted(prepared, person, monkeypatch)["state"] == "declined"
    assert person.seen.count("consent") == 2


def test_the_operator_may_end_it_before_anybody_has_decided(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    words = ["run", str(study.folder), "--participant", "P001", "--headless", "--events"]
    words += ["--protocol", str(written(tmp_path / "p"))]
    child = Child("run", [*words, "--camera", "sim", "--gaze", "sim"])
    try:
        while child.wait_for("state", timeout_s=60)["state"] != "consent":
            pass
        assert nothing_of_a_session(study)  # nothing is written while somebody reads
        child.send("abort")
        assert child.wait_for("result", timeout_s=30)["state"] == "aborted"
    finally:
        assert child.stop() == 0
    assert nothing_of_a_session(study)
    assert not Consents(study.folder).path.exists()


def test_without_a_form_the_manifest_says_where_consent_is(
    recorded_study: tuple[Path, dict[str, Any]],
) -> None:
    _, result = recorded_study
    assert manifest_of(result) == {"how": "simulated"}
