"""Downloads from a real server on this machine, also one that breaks off."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from emer_studio.core.errors import MissingError, WorkFailedError
from emer_studio.core.modelfiles import MODELS_VARIABLE
from emer_studio.fer import store
from emer_studio.schema.models import AddressSource, load_manifest

CONTENT = bytes(range(256)) * 2000


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT; may break off, ignore ranges, or send something else."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.ranges = CONTENT, True
        self.cuts: list[int] = []  # how many bytes each of the next answers has
        self.asked: list[str] = []


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range") or ""
        self.server.asked.append(asked)
        start = int(asked[6:-1]) if asked and self.server.ranges else 0
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cuts:
            body = body[: self.server.cuts.pop(0)]
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models folder, in a program whose YuNet is CONTENT at the server."""
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path))
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    url = f"http://127.0.0.1:{server.server_port}/model.onnx"
    entry = load_manifest().entry("yunet").model_copy(
        update={
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "size_bytes": len(CONTENT),
            "sources": (AddressSource.model_construct(kind="address", url=url),),
        }
    )  # fmt: skip
    monkeypatch.setattr(store, "entry_of", lambda name: entry)
    return tmp_path / "models"


def test_a_broken_connection_is_gone_on_with(folder: Path, server: Server):
    server.cuts = [100_000, 200_000]
    steps: list[int] = []
    path = store.install("yunet", lambda done, total: steps.append(done))
    assert path.read_bytes() == CONTENT
    assert server.asked == ["", "bytes=100000-", "bytes=300000-"]
    assert steps == sorted(steps)
    assert steps[-1] == len(CONTENT)
    assert [found.name for found in folder.iterdir()] == [path.name]
    store.install("yunet")
    assert len(server.asked) == 3  # it is here


def test_what_has_come_is_kept_for_the_next_time(folder: Path, server: Server):
    server.cuts = [70_000, 0, 0]
    with pytest.raises(MissingError, match="70000 of 512000 bytes") as found:
        store.install("yunet")
    assert "models import yunet" in found.value.fix
    assert not list(folder.glob("*.onnx"))
    assert store.install("yunet").read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=70000-"


def test_a_server_without_ranges_starts_over(folder: Path, server: Server):
    server.ranges, server.cuts = False, [70_000]
    assert store.install("yunet").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "content", [CONTENT[:-1] + b"?", CONTENT + b"more", bytes(3_000_000)]
)
def test_a_wrong_file_is_refused_and_leaves_nothing(folder, server: Server, content):
    server.content = content
    with pytest.raises(WorkFailedError, match="refused"):
        store.install("yunet")
    assert not list(folder.iterdir())


def test_the_rest_of_another_file_is_refused_and_the_next_try_works(folder, server):
    server.content, server.cuts = bytes(len(CONTENT)), [50_000, 0, 0]
    with pytest.raises(MissingError):
        store.install("yunet")
    server.content = CONTENT  # it was changed at its source meanwhile
    with pytest.raises(WorkFailedError, match="refused"):
        store.install("yunet")
    assert store.install("yunet").read_bytes() == CONTENT


def test_nobody_there(folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch):
    server.cuts = [0, 0]
    with pytest.raises(MissingError, match="did not answer"):
        store.install("yunet")
    assert not list(folder.iterdir())
