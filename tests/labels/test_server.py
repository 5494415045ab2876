"""Several seats on a real PostgreSQL: raters are blind to each other, nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from emer_studio.cli import main
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.labels.bundle import unpack_bundle, write_bundle
from emer_studio.labels.database import open_postgres
from emer_studio.labels.merge import write_events
from emer_studio.labels.pieces import pieces_of
from emer_studio.labels.postgres import Login, prepare
from emer_studio.labels.store import LabelEvent, LabelStore, fold, fold_stages, open_store
from emer_studio.study.folder import create_study, open_study
from faults.labels_killed import said, whole, writer
from postgres import Server
from sessions import write_session

BLIND = {"mode": "blind"}
ITEM = "sub-P001_ses-01_x/trial-1"


@pytest.fixture(scope="module")
def shared_server(server: Server) -> tuple[Server, str, dict[str, Login]]:
    """A database that was prepared for R1, R2 and a second lead."""
    name = server.new_database()
    database = open_postgres(server.url(name))
    logins = prepare(database, ["R1", "R2"], ["Ada"])
    again = prepare(database, ["R1", "R2"], ["Ada"])  # can be done again
    assert not any(login.password for login in again)
    database.engine.dispose()
    return server, name, {login.login: login for login in logins}


@pytest.fixture
def at(
    shared_server: tuple[Server, str, dict[str, Login]],
) -> Iterator[Callable[[str], LabelStore]]:
    """Open the store as some login."""
    server, name, _ = shared_server
    opened: list[LabelStore] = []

    def open_as(login: str) -> LabelStore:
        opened.append(LabelStore(server.url(name, login)))
        return opened[-1]

    yield open_as
    for store in opened:
        store.close()


def put(store: LabelStore, who: str, item: str, value: str, stage: str = "A") -> None:
    store.set(who, item, "category", value, visible=BLIND, input_by="key", stage=stage)


def refused(server: Server, name: str, login: str, statement: str) -> str:
    with (
        psycopg.connect(server.socket(name, login)) as raw,
        pytest.raises(psycopg.Error) as caught,
    ):
        raw.execute(statement)
    return str(caught.value)


def forged(after: LabelEvent, stage: str) -> str:
    """The statement by which R1 would add to a chain behind the program's back."""
    return (
        "INSERT INTO label_event (seat, seq, event_id, annotator, utc, op, stage, item,"
        " field, value, visible, input, salt, prev_hash, payload_hash, hash, signature)"
        f" VALUES ('{after.seat}', {after.seq + 1}, 'x', 'R1', 'now', 'set', '{stage}',"
        f" '{ITEM}', 'f', '1', '{{}}', '', 's', '{after.hash}', 'p', 'h', 'sig')"
    )


def test_the_server_keeps_raters_blind_until_a_pass_is_frozen(
    shared_server: tuple[Server, str, dict[str, Login]], at: Callable[[str], LabelStore]
) -> None:
    server, name, _ = shared_server
    lead, one, two = at("admin"), at("rater_r1"), at("rater_r2")
    put(one, "R1", ITEM, "fear")
    put(two, "R2", ITEM, "anger")
    put(two, "R2", ITEM, "sadness", stage="training")
    assert {e.annotator for e in one.events()} == {"R1"}
    with psycopg.connect(server.socket(name, "rater_r1")) as raw:
        rows = raw.execute("SELECT annotator, value FROM label_event").fetchall()
        assert {row[0] for row in rows} == {"R1"}
        assert "anger" not in str(rows)
        assert raw.execute("SELECT count(*) FROM label_event").fetchone() == (2,)
    for hidden in ("label_login", "label_alias"):
        assert "permission denied" in refused(
            server, name, "rater_r1", f"SELECT * FROM {hidden}"
        )
    for change in (
        "UPDATE label_event SET value = '1'",
        "DELETE FROM label_event",
        "TRUNCATE label_event",
        "SELECT label_erase(ARRAY['x'])",
        "SET ROLE emer_lead",
        "ALTER TABLE label_event DISABLE ROW LEVEL SECURITY",
    ):
        assert refused(server, name, "rater_r1", change)
        if "label_erase" not in change and "SET ROLE" not in change:
            owner = refused(server, name, "lead_ada", change)
            assert "denied" in owner or "must be owner" in owner
    for change in ("UPDATE label_event SET value = '1'", "DELETE FROM label_event"):
        assert "append-only" in refused(server, name, "admin", change)
    assert len(fold(lead.events())) == 2

    for draft in (
        lambda: put(one, "R2", ITEM, "fear"),
        lambda: one.freeze("R1", "A", [ITEM]),
    ):
        with pytest.raises(BadInputError, match="refuses that to this login"):
            draft()
    mine, theirs = one.stored()[-1], two.stored()[-1]
    assert "row-level security" in refused(server, name, "rater_r1", forged(theirs, "B"))

    other = ITEM.replace("trial-1", "trial-2")
    put(two, "R2", other, "disgust")
    lead.freeze("lead", "A", [ITEM])
    assert not one.events(other)  # what is not frozen stays unseen
    assert fold_stages(one.events())["R2", ITEM, "A"] == {"category": "anger"}
    assert ("R2", ITEM, "training") not in fold_stages(one.events())
    for late in (one, lead):
        with pytest.raises(BadInputError, match="Pass A of this item was frozen"):
            put(late, "R1", ITEM, "neutral")
    assert "row-level security" in refused(server, name, "rater_r1", forged(mine, "A"))
    put(one, "R1", ITEM, "anger", stage="B")
    assert lead.verify() == one.verify() == two.verify() == []


def test_an_erasure_on_a_server_is_the_leads_alone_and_keeps_the_chains(
    shared_server: tuple[Server, str, dict[str, Login]], at: Callable[[str], LabelStore]
) -> None:
    server, name, _ = shared_server
    lead, one = at("lead_ada"), at("rater_r1")
    gone, kept = "sub-P002_ses-01_x/trial-1", "sub-P003_ses-01_x/trial-1"
    for item in (gone, kept):
        put(one, "R1", item, "quinquireme", stage="B")
    with pytest.raises(BadInputError):
        one.erase(lambda item: item == gone)
    some = [e.hash for e in lead.events(kept)]
    with psycopg.connect(server.socket(name, "lead_ada")) as raw:
        call = "SELECT label_erase(%s)"
        assert raw.execute(call, [some]).fetchone() == (0,)  # no erasure names it
    assert lead.erase(lambda item: item == gone) == 1
    assert lead.events(gone) == []
    assert fold(lead.events(kept))["R1", kept] == {"category": "quinquireme"}
    assert lead.verify() == one.verify() == []


def test_who_comes_is_told_by_the_environment(
    shared_server: tuple[Server, str, dict[str, Login]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, name, logins = shared_server
    monkeypatch.setenv("PGUSER", "rater_r2")
    monkeypatch.setenv("PGPASSWORD", logins["rater_r2"].password)
    store = LabelStore(server.address(name))
    assert {e.annotator for e in store.events(stage="training")} <= {"R2"}
    assert not store.sees_everything()
    store.close()
    monkeypatch.setenv("PGPASSWORD", "wrong")
    with pytest.raises(MissingError, match=r"does not answer.*password") as caught:
        LabelStore(server.address(name))
    assert "wrong" not in str(caught.value)
    with pytest.raises(BadInputError, match="has a password in it"):
        LabelStore(server.address(name).replace("127", "me:secret@127"))
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGUSER", "admin")
    with pytest.raises(BadInputError, match="no label store"):
        LabelStore(server.url(server.new_database()))
    assert os.environ["PGUSER"] == "admin"


def test_two_seats_at_once_lose_nothing(
    shared_server: tuple[Server, str, dict[str, Login]], at: Callable[[str], LabelStore]
) -> None:
    server, _, _ = shared_server
    name = server.new_database()
    database = open_postgres(server.url(name))
    prepare(database, ["R1", "R2"])
    database.engine.dispose()
    people = {"R1": "rater_r1", "R2": "rater_r2"}
    # Two windows of R1 share a seat, hence a chain; R2 has another.
    seats = [writer(server.url(name, people[who]), who, "40") for who in ("R1", "R1", "R2")]
    told = [commit for process in seats for commit in said(process)]
    assert len(told) == 120
    assert "all there" in whole(LabelStore(server.url(name)), told, 0)


def test_a_study_on_a_server_from_bundle_to_withdrawal(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = create_study(tmp_path / "study", seed=7)
    for code in ("P001", "P002"):
        write_session(study, code, trials=1)
    path = study.folder / "study.yaml"
    name = server.new_database()
    path.write_text(f"{path.read_text()}labels: {server.url(name)}\n")
    with pytest.raises(BadInputError, match="no label store"):
        open_store(open_study(study.folder))
    assert main(["labels", "server", str(study.folder), "--raters", "R5"]) == 0
    said = capsys.readouterr().out
    assert f"localhost:5432:{name}:rater_r5:" in said.replace(str(server.port), "5432")

    study = open_study(study.folder)
    store = open_store(study)
    write_bundle(study, store, "R6", pieces_of(study), tmp_path / "R6.zip")
    away = unpack_bundle(tmp_path / "R6.zip", tmp_path / "R6")
    labels = away.store()
    for item in away.items:
        put(labels, "R6", item.item, "quinquireme")
    write_events(labels, tmp_path / "R6.labels", study=away.study)
    labels.close()
    assert main(["labels", "merge", str(study.folder), str(tmp_path / "R6.labels")]) == 0
    items = {piece.item for piece in pieces_of(study)}
    assert {item for _, item in fold(store.events())} == items
    words = ["withdraw", str(study.folder), "--participant", "P001", "--yes"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "label server" in told
    assert "the bundle of R6, with the face: ask to delete it" in told
    assert {item.split("_")[0] for _, item in fold(store.events())} == {"sub-P002"}
    with psycopg.connect(server.socket(name)) as raw:
        said = str(raw.execute("SELECT * FROM label_event").fetchall())
        said += str(raw.execute("SELECT * FROM label_alias").fetchall())
        assert said.count("quinquireme") == 1
        assert "P001" not in said
    assert main(["labels", "merge", str(study.folder), str(tmp_path / "R6.labels")]) == 0
    assert {item.split("_")[0] for _, item in fold(store.events())} == {"sub-P002"}
    assert main(["labels", "verify", str(study.folder)]) == 0
    store.close()
