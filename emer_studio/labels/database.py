"""Opening the database of a label store: SQLite in the study, or a PostgreSQL server."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from emer_studio.core.errors import BadInputError, EmerError, MissingError, WorkFailedError
from emer_studio.labels import tables

__all__ = ["Database", "create_sqlite", "on_network", "open_postgres", "open_sqlite"]

_WAIT_S = 10.0  # chosen by us: a commit takes milliseconds, an upgrade some seconds
_NETWORK = ("nfs", "cifs", "smb", "afp", "webdav", "davfs", "sshfs", "9p", "glusterfs")
_DENIED = "42501"  # PostgreSQL: insufficient privilege, or a row that a policy refuses
_NO_TABLE = "42P01"


class Database:
    """An open database and how it is written to.

    Attributes
    ----------
    engine : sqlalchemy.Engine
    where : str
        For messages; no password in it.
    server : bool
        PostgreSQL rather than SQLite.
    """

    def __init__(self, engine: sa.Engine, where: str, *, server: bool) -> None:
        self.engine, self.where, self.server = engine, where, server

    def location(self) -> str:
        """Return where the store is, and on a server as whom one is there."""
        if not self.server:
            return self.where
        with self.reading() as connection:
            login = connection.execute(sa.text("SELECT session_user")).scalar_one()
        return f"{login} at {self.where}"

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with."""
        with self._told(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, chain: str = "") -> Iterator[sa.Connection]:
        """Give a connection in a transaction that no other writer of a chain shares.

        SQLite has one writer at a time; a server keeps those of one seat apart.
        """
        with self._told(), self.engine.connect() as connection:
            if self.server:
                lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:seat, 0))")
                connection.execute(lock, {"seat": chain})
            else:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as problem:
            raise in_words(problem, self.where) from problem


def open_sqlite(path: Path) -> Database:
    """Open a SQLite file, in WAL mode where that is safe; it is made when absent."""
    network = on_network(path)

    def prepare(connection: Any, _record: Any) -> None:
        for pragma in ("synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": _WAIT_S})
    sa.event.listen(engine, "connect", prepare)
    database = Database(engine, str(path.resolve()), server=False)
    try:
        with database.reading() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version > tables.FORMAT:
                raise BadInputError(
                    f"{path} was written by a newer version of the program"
                    f" (format {version}).",
                    fix="Update EMER Studio.",
                )
            mode = "DELETE" if network else "WAL"  # WAL's index is memory: one computer's
            if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != mode.lower():
                connection.exec_driver_sql(f"PRAGMA journal_mode = {mode}")
        if version == 0:
            _create(database)
    except BaseException:
        engine.dispose()
        raise
    return database


def open_postgres(url: str) -> Database:
    """Connect to a server; user and password come from the environment or ``.pgpass``."""
    try:
        parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    except (sa.exc.ArgumentError, ValueError):
        raise BadInputError(
            "'labels' in study.yaml is not an address.",
            fix="Expected postgresql+psycopg://HOST:PORT/DATABASE",
        ) from None
    if parsed.password:
        raise BadInputError(
            "The address of the label server has a password in it.",
            fix="Take it out; put it into ~/.pgpass, or into PGPASSWORD.",
        )
    engine = sa.create_engine(parsed, connect_args={"connect_timeout": 10})
    return Database(engine, parsed.render_as_string(), server=True)


def on_network(path: Path) -> bool:
    """Tell whether a file lies on a network share, as far as the system says."""
    whole = path.resolve()
    if str(whole).startswith("\\\\"):  # Windows: \\server\share
        return True
    best, remote = -1, False
    for part in psutil.disk_partitions(all=True):
        mounted = Path(part.mountpoint)
        if whole.is_relative_to(mounted) and len(mounted.parts) > best:
            kind = part.fstype.lower().removeprefix("fuse.")
            best = len(mounted.parts)
            remote = kind.startswith(_NETWORK) or "remote" in part.opts.split(",")
    return remote


def _create(database: Database) -> None:
    with database.writing() as connection:
        if connection.exec_driver_sql("PRAGMA user_version").scalar_one():
            return  # another window was quicker
        create_sqlite(connection)


def create_sqlite(connection: sa.Connection) -> None:
    """Make the tables, in the caller's transaction."""
    for table in tables.METADATA.sorted_tables:
        table.create(connection)
    for trigger in tables.sqlite_triggers().values():
        connection.exec_driver_sql(trigger)
    about = {"key": "store_id", "value": uuid.uuid4().hex}
    connection.execute(sa.insert(tables.ABOUT).values(**about))
    connection.exec_driver_sql(f"PRAGMA user_version = {tables.FORMAT}")


def in_words(problem: sa.exc.DBAPIError, where: str) -> EmerError:
    """Return an error a person can act on."""
    cause = str(problem.orig).strip().splitlines()
    text = cause[0] if cause else str(problem)
    state = getattr(problem.orig, "sqlstate", None)
    if state == _NO_TABLE:
        return BadInputError(
            f"There is no label store at {where} yet.",
            fix="Whoever leads the study prepares it: emer-studio labels server STUDY",
        )
    if state == _DENIED:
        return BadInputError(
            f"The label server refuses that to this login: {text}.",
            fix="Label under the annotator code that belongs to your login; freezing,"
            " erasing and merging are the study lead's.",
        )
    if problem.connection_invalidated or isinstance(problem, sa.exc.OperationalError):
        if "locked" in text:
            return WorkFailedError(
                f"{where} is in use by another program: {text}.",
                fix="Close it and try again; nothing was written.",
            )
        if where.startswith("postgresql"):
            return MissingError(
                f"The label server {where} does not answer: {text}.",
                fix="Check the address in study.yaml, the network, and PGUSER and"
                " PGPASSWORD, or ~/.pgpass.",
            )
    if "append-only" in text:
        return BadInputError("Labels are append-only; nothing was changed.")
    return WorkFailedError(f"{where}: {text}.")
