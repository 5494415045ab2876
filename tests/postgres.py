"""A real PostgreSQL server of the tests' own, in a folder that goes with them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

ADMIN = "admin"
_HBA = """local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Server:
    """A running server: people reach it with a password, its admin through a socket."""

    folder: Path
    port: int

    def new_database(self) -> str:
        name = f"study_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(self.socket("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def socket(self, database: str, login: str = ADMIN) -> str:
        return f"host={self.folder} port={self.port} dbname={database} user={login}"

    def url(self, database: str, login: str = ADMIN) -> str:
        """The address through the socket, which trusts every login."""
        place = f"?host={self.folder}&port={self.port}"
        return f"postgresql+psycopg://{login}@/{database}{place}"

    def address(self, database: str) -> str:
        """The address that a study names: who comes there tells the environment."""
        return f"postgresql+psycopg://127.0.0.1:{self.port}/{database}"


def binaries() -> Path | None:
    """The newest installed server's programs."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/pgsql").glob("*/bin")]
    usable = [folder for folder in found if (folder / "initdb").is_file()]
    if usable:
        return max(usable, key=lambda folder: int(folder.parent.name.split(".")[0]))
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Start a server on a free port; as somebody else when we are root, as it insists."""
    user = _somebody() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="emer-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"

    def call(program: str, *words: str) -> None:
        subprocess.run(
            [programs / program, *words],
            user=user,
            extra_groups=[] if user else None,
            cwd="/",
            check=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    try:
        call("initdb", "-D", str(data), "-U", ADMIN, "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync")  # fmt: skip
        (data / "pg_hba.conf").write_text(_HBA)
        port = _free_port()
        options = (
            f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
            " -c shared_buffers=16MB -c log_min_messages=fatal"
        )
        log = str(folder / "log.txt")
        call("pg_ctl", "-D", str(data), "-w", "-l", log, "-o", options, "start")
        try:
            yield Server(folder, port)
        finally:
            call("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> str:
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
