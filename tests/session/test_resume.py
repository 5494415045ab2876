"""Going on after a crash: from every point of a session, and with real kills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crashes import Session, kill_everything, resume
from emer_studio.core import clock
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.recording.reader import Recording, final_ratings, journal_lines
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.schema.stimulus import ClipManifest
from emer_studio.schema.study import SessionManifest
from emer_studio.session.journal import Journal
from emer_studio.session.plan import Trial, build_plan
from emer_studio.session.requests import Finish
from emer_studio.session.reserve import Reserve
from emer_studio.session.resume import Unfinished, find_unfinished, left_to_do, plan_of
from emer_studio.session.runner import Runner
from emer_studio.session.steps import Step, steps_of
from emer_studio.stimulus.library import manifest_of
from emer_studio.study.folder import create_study, open_study
from presenters import HeadlessPresenter
from senders import Sender

Event = dict[str, Any]
CHANGE: dict[str, Any] = {
    "baseline_s": 1.0,
    "before": ["mood"],
    "after": ["mood"],
    "closing_clip": "demo-hills",
    "rating_pages": [
        {"id": "sam", "kind": "sam", "dimensions": ["valence"], "back": True},
        {"id": "felt", "kind": "choice", "labels": ["a", "b"], "question": {"en": "?"}},
        {"id": "mood", "kind": "scale", "question": {"en": "?"}},
    ],
    "blocks": [
        {
            "id": "main",
            "select": {
                "emotions": ["happiness", "fear", "sadness"],
                "per_emotion": 1,
                "reserve": 1,
            },
            "ratings": ["sam", "felt"],
            "breaks": {"every": 1, "text": {"en": "Rest."}},
        }
    ],
    "validation": {"points": 5, "after_breaks": True},
}


def a_session() -> tuple[Protocol, ClipManifest, tuple[Trial, ...]]:
    path = find_protocol("demo")
    raw = load_protocol(path).model_dump(exclude_unset=True)
    protocol = Protocol.model_validate(raw | CHANGE)
    manifest, _ = manifest_of(protocol, path)
    again = [c.model_copy(update={"id": f"{c.id}-2"}) for c in manifest.clips]
    manifest = manifest.model_copy(update={"clips": (*manifest.clips, *again)})
    return protocol, manifest, build_plan(protocol, manifest, participant_index=0, seed=2)


def run(
    steps: tuple[Step, ...], journal: list[Event], reserve: Reserve, pauses: Any = ()
) -> Finish:
    def record(name: str, /, *, t_s: float = 0.0, **fields: Any) -> None:
        journal.append({"event": name, "t_s": t_s, **fields})

    runner = Runner(
        steps,
        HeadlessPresenter(pauses=pauses),
        title="T",
        language="en",
        record=record,
        announce=lambda state, trial: None,
        situation=lambda trial: None,
        instead_of=reserve.instead_of,
        check_gaze=lambda wanted, presenter: {"accepted": True, "points": []},
    )
    return runner.run()


def begun(plan: tuple[Trial, ...]) -> Event:
    entries = [{"trial": t.number, "clip": t.clip.id, "block": t.block} for t in plan]
    return {"event": "session_started", "t_s": 0.0, "plan": entries}


def gone_on_with(journal: list[Event]) -> tuple[Finish, list[Event]]:
    """Go on after a crash that left `journal`; return the end and the whole journal."""
    protocol, manifest, _ = a_session()
    unfinished = Unfinished(Path(), _manifest("running"), tuple(journal))
    plan = plan_of(unfinished, protocol, manifest)
    seen = tuple(e["clip"] for e in journal if e["event"] == "clip_onset")
    numbers = [e[key] for e in journal for key in ("trial", "replaced_by") if key in e]
    first = max([len(plan), *numbers]) + 1
    reserve = Reserve(protocol, manifest, plan, seen=seen, first_number=first)
    left = tuple(left_to_do(unfinished, tuple(steps_of(protocol, plan)), manifest))
    whole = [*journal, {"event": "session_resumed", "t_s": 0.0}]
    return run(left, whole, reserve), whole


def _manifest(state: Any) -> SessionManifest:
    return SessionManifest(
        participant="P001",
        session=1,
        state=state,
        simulated=True,
        started="2026-11-21T10:00:00Z",
        app_version="0",
        protocol="p",
        protocol_sha256="0",
        manifest="m",
        manifest_sha256="0",
        seed=1,
        participant_index=0,
    )


def sound(journal: list[Event], plan: tuple[Trial, ...]) -> None:
    """Assert that everything that was planned happened, once, and in its order."""
    done = [e["trial"] for e in journal if e["event"] == "trial_done"]
    assert len(done) == len(set(done))
    instead = {
        e["trial"]: e.get("replaced_by")
        for e in journal
        if e["event"] == "trial_interrupted"
    }
    order = []
    for trial in plan:
        number: int | None = trial.number
        while number in instead:
            number = instead[number]
        order += [number] if number is not None else []
    assert done == order
    last = final_ratings(journal)
    assert len(last) == len([e for e in journal if e["event"] == "rating"])
    closing = plan[-1].number
    assert [e["trial"] for e in last] == [n for n in done if n != closing for _ in "ab"]
    shown = [e["clip"] for e in journal if e["event"] == "clip_onset"]
    assert len(shown) == len(set(shown))  # nobody saw a clip twice
    texts = [e["what"] for e in journal if e["event"] == "text_done"]
    assert texts == ["instructions", "break", "break", "closing"]
    assert [e["when"] for e in journal if e["event"] == "answer"] == ["before", "after"]
    assert [e["which"] for e in journal if e["event"] == "sync_mark"] == ["start", "end"]
    checks = [e["when"] for e in journal if e["event"] == "validation"]
    assert [when for when in checks if when == "break"] == ["break", "break"]
    resumed = sum(e["event"] == "session_resumed" for e in journal)
    assert 1 <= checks.count("start") <= 1 + resumed  # people sit otherwise: once more


@pytest.mark.parametrize("pauses", [(), (7,)], ids=["no pause", "a pause in a clip"])
def test_from_every_point_the_rest_follows_in_order(pauses: tuple[int, ...]) -> None:
    protocol, manifest, plan = a_session()
    journal = [begun(plan)]
    reserve = Reserve(protocol, manifest, plan)
    run(tuple(steps_of(protocol, plan)), journal, reserve, pauses)
    assert ("trial_interrupted" in {e["event"] for e in journal}) == bool(pauses)
    sound(journal, plan)
    for cut in range(1, len(journal) - 1):
        finish, whole = gone_on_with(journal[:cut])
        assert finish is Finish.COMPLETE
        sound(whole, plan)
        if cut % 7 == 0:  # and again, after a second crash
            for second in range(cut + 1, len(whole) - 1, 5):
                _, twice = gone_on_with(whole[:second])
                sound(twice, plan)


def test_a_half_line_of_a_crash_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"t_s": 1.0, "event": "session_started"}\n{"t_s": 2.0, "ev')
    journal = Journal(path)
    journal.write("session_resumed")
    journal.close()
    events, broken = journal_lines(tmp_path)
    assert [event["event"] for event in events] == ["session_started", "session_resumed"]
    assert broken == []


@pytest.mark.parametrize(
    ("state", "last_s", "text"),
    [
        ("complete", 0.0, "nothing to go on with"),
        ("stopped", 0.0, "nothing to go on with"),
        ("running", 1e9, "started anew"),
        ("running", None, "ended before its first trial"),
    ],
)
def test_what_cannot_be_gone_on_with_is_told(
    tmp_path: Path, state: str, last_s: float | None, text: str
) -> None:
    study = create_study(tmp_path / "study", seed=1)
    folder = study.folder / "sessions" / "sub-P001_ses-01_x"
    write_json(folder / "session.json", _manifest(state).model_dump(mode="json"))
    events = [] if last_s is None else [{"event": "session_started", "plan": []}]
    lines = [{"t_s": last_s or clock.now_s() - 5, **event} for event in events]
    (folder / "journal.jsonl").write_text("".join(json.dumps(e) + "\n" for e in lines))
    with pytest.raises(BadInputError, match=text):
        find_unfinished(open_study(study.folder), "P001")
    with pytest.raises(BadInputError, match="no session to go on with"):
        find_unfinished(open_study(study.folder), "P002")


def test_a_session_whose_processes_are_all_killed_goes_on(
    tmp_path: Path, unique: str
) -> None:
    study = create_study(tmp_path / "study", seed=1).folder
    sender = Sender(unique, "250", f"{unique}-id")
    session = Session(study, tmp_path, sender.name, clip_s=2.0)
    try:
        session.wait_for('"clip_end"')
        kill_everything(session.process)
        before = Recording(session.folder).journal
        result = resume(study)
    finally:
        session.end()
        sender.kill()
    assert result["session"] == str(session.folder)
    assert result["state"] == "complete"
    assert result["trials"] == result["ratings"] == 2
    recording = Recording(session.folder)
    assert recording.journal[: len(before)] == before
    shown = [event["clip"] for event in recording.events("clip_onset")]
    assert sorted(shown) == ["down", "up"]
    assert len(recording.files) == 2
    said = [f for f in result["findings"] if "cut off and gone on with" in f]
    assert len(said) == 1
    assert [f for f in result["findings"] if f.startswith("red")] == []
    names = [stream.header.name for stream in recording.streams]
    assert sorted(set(names)) == sorted(names)  # each sender is one stream
    assert len(open_study(study).sessions()[0].manifest.resumed) == 1
