"""Preparing a PostgreSQL server for several seats: tables, roles, and who sees what.

Raters are kept blind by the server itself: a rater's login writes only as its own annotator
and reads only its own events, until the study lead freezes a pass; then what was judged in
that pass may be read by all. Nobody may update or delete; emptying payloads after a
withdrawal is a function that only the lead's role may call, and it takes only events that
an erasure in the store names.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from emer_studio.core.errors import BadInputError
from emer_studio.labels.database import Database
from emer_studio.labels.events import HEAD, PAYLOAD
from emer_studio.labels.tables import ABOUT, METADATA

__all__ = ["LEAD", "RATER", "Login", "login_name", "prepare"]

LEAD, RATER = "emer_lead", "emer_rater"
_PASSWORD_BYTES = 18  # 144 bits, 24 letters; chosen by us: nobody types it twice
_SAFE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_JUDGEMENTS = "('set', 'undo', 'redo')"
_DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

_LOGINS = """
CREATE TABLE IF NOT EXISTS label_login (login text PRIMARY KEY, annotator text NOT NULL)
"""
_FUNCTIONS = (
    f"""
CREATE OR REPLACE FUNCTION label_leads() RETURNS boolean LANGUAGE sql STABLE {_DEFINER}
AS $$ SELECT pg_has_role(session_user, '{LEAD}', 'MEMBER') $$
""",
    f"""
CREATE OR REPLACE FUNCTION label_me() RETURNS text LANGUAGE sql STABLE {_DEFINER}
AS $$ SELECT annotator FROM label_login WHERE login = session_user $$
""",
    f"""
CREATE OR REPLACE FUNCTION label_frozen(in_stage text, of_item text) RETURNS boolean
LANGUAGE sql STABLE {_DEFINER}
AS $$
  SELECT EXISTS (
    SELECT 1 FROM label_event WHERE op = 'freeze' AND item = of_item
      AND stage = CASE WHEN in_stage IN ('', 'A-repeat') THEN 'A' ELSE in_stage END)
$$
""",
    f"""
CREATE OR REPLACE FUNCTION label_seat_is_mine(wanted text) RETURNS boolean
LANGUAGE sql STABLE {_DEFINER}
AS $$
  SELECT NOT EXISTS (
    SELECT 1 FROM label_event WHERE seat = wanted AND annotator <> label_me())
$$
""",
    f"""
CREATE OR REPLACE FUNCTION label_in_chain() RETURNS trigger LANGUAGE plpgsql {_DEFINER}
AS $$
DECLARE last record;
BEGIN
  SELECT seq, hash INTO last FROM label_event WHERE seat = NEW.seat
    ORDER BY seq DESC LIMIT 1;
  IF NEW.prev_hash IS DISTINCT FROM coalesce(last.hash, '') OR NEW.seq IS DISTINCT FROM
     coalesce(last.seq + 1, CASE WHEN NEW.op = 'seat' THEN 0 ELSE 1 END) THEN
    RAISE EXCEPTION 'an event must follow the last one of its seat';
  END IF;
  RETURN NEW;
END $$
""",
    f"""
CREATE OR REPLACE FUNCTION label_refuse() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('emer.erasing', true) = 'on'
     AND ({", ".join(f"NEW.{name}" for name in (*HEAD, "hash", "signature"))})
       IS NOT DISTINCT FROM
       ({", ".join(f"OLD.{name}" for name in (*HEAD, "hash", "signature"))})
     AND num_nonnulls({", ".join(f'NEW."{name}"' for name in PAYLOAD)}) = 0 THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'label events are append-only';
END $$
""",
    f"""
CREATE OR REPLACE FUNCTION label_erase(hashes text[]) RETURNS integer
LANGUAGE plpgsql {_DEFINER}
AS $$
DECLARE done integer;
BEGIN
  PERFORM set_config('emer.erasing', 'on', true);
  UPDATE label_event SET {", ".join(f'"{name}" = NULL' for name in PAYLOAD)}
    WHERE hash = ANY(hashes) AND hash IN (
      SELECT jsonb_array_elements_text(value::jsonb) FROM label_event WHERE op = 'erase');
  GET DIAGNOSTICS done = ROW_COUNT;
  PERFORM set_config('emer.erasing', '', true);
  RETURN done;
END $$
""",
)
_TRIGGERS = """
CREATE OR REPLACE TRIGGER in_chain BEFORE INSERT ON label_event
  FOR EACH ROW EXECUTE FUNCTION label_in_chain();
CREATE OR REPLACE TRIGGER no_change BEFORE UPDATE OR DELETE ON label_event
  FOR EACH ROW EXECUTE FUNCTION label_refuse();
CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON label_event
  FOR EACH STATEMENT EXECUTE FUNCTION label_refuse();
"""
_POLICIES = f"""
ALTER TABLE label_event ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS lead_reads ON label_event;
DROP POLICY IF EXISTS lead_writes ON label_event;
DROP POLICY IF EXISTS rater_reads ON label_event;
DROP POLICY IF EXISTS rater_writes ON label_event;
CREATE POLICY lead_reads ON label_event FOR SELECT TO {LEAD} USING (true);
CREATE POLICY lead_writes ON label_event FOR INSERT TO {LEAD} WITH CHECK (true);
CREATE POLICY rater_reads ON label_event FOR SELECT TO {RATER} USING (
  annotator = (SELECT label_me())
  OR ((SELECT label_me()) IS NOT NULL AND (
    op IN ('freeze', 'erase')
    OR (op IN {_JUDGEMENTS} AND label_frozen(stage, item)))));
CREATE POLICY rater_writes ON label_event FOR INSERT TO {RATER} WITH CHECK (
  annotator = (SELECT label_me())
  AND salt IS NOT NULL
  AND label_seat_is_mine(seat)
  AND (op IN ('seat', 'seen') OR (op IN {_JUDGEMENTS}
    AND NOT label_frozen(stage, item))));
"""
_GRANTS = f"""
REVOKE ALL ON label_event, label_store, label_alias, label_login FROM PUBLIC;
REVOKE ALL ON FUNCTION label_leads(), label_me(), label_frozen(text, text),
  label_seat_is_mine(text), label_in_chain(), label_refuse(), label_erase(text[])
  FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {LEAD}, {RATER};
GRANT SELECT, INSERT ON label_event TO {LEAD}, {RATER};
GRANT SELECT ON label_store TO {LEAD}, {RATER};
GRANT SELECT, INSERT, UPDATE ON label_alias TO {LEAD};
GRANT SELECT ON label_login TO {LEAD};
GRANT EXECUTE ON FUNCTION label_leads(), label_me(), label_frozen(text, text),
  label_seat_is_mine(text) TO {LEAD}, {RATER};
GRANT EXECUTE ON FUNCTION label_erase(text[]) TO {LEAD};
"""


@dataclass(frozen=True, slots=True)
class Login:
    """A login of the server.

    Attributes
    ----------
    login : str
    annotator : str
        Empty for a study lead.
    password : str
        Drawn for a new login and known to nobody else; empty for one that was there.
    """

    login: str
    annotator: str
    password: str


def prepare(
    database: Database, raters: Iterable[str], leads: Iterable[str] = ()
) -> list[Login]:
    """Make tables, roles and policies where they are missing, and logins for people.

    It can be done again at any time, to add people.

    Parameters
    ----------
    database : Database
        A PostgreSQL database, one for each study; connected as somebody who may create
        tables and roles in it, and who leads the study from then on.
    raters : iterable of str
        Annotator codes, each of which gets a login.
    leads : iterable of str
        Names of those who lead too (adjudicate, freeze, merge, erase).
    """
    wanted = {login_name(code): code for code in raters}
    names = [login_name(name, "lead") for name in leads]
    with database.writing("prepare") as connection:
        for group in (LEAD, RATER):
            if not _exists(connection, group):
                connection.exec_driver_sql(f"CREATE ROLE {group} NOLOGIN")
        METADATA.create_all(connection)
        connection.exec_driver_sql(_LOGINS)
        for text in (*_FUNCTIONS, _TRIGGERS, _POLICIES, _GRANTS):
            connection.execute(sa.text(text.replace(":", r"\:")))
        if not connection.execute(sa.text("SELECT label_leads()")).scalar_one():
            connection.exec_driver_sql(f"GRANT {LEAD} TO CURRENT_USER")
        if connection.execute(sa.select(ABOUT)).first() is None:
            about = {"key": "store_id", "value": uuid.uuid4().hex}
            connection.execute(sa.insert(ABOUT).values(**about))
        made = [_login(connection, login, RATER, code) for login, code in wanted.items()]
        return made + [_login(connection, login, LEAD, "") for login in names]


def login_name(code: str, kind: str = "rater") -> str:
    """Return the login of a person: ``rater_r2`` for R2.

    Raises
    ------
    BadInputError
        When no login can be made of the code.
    """
    name = f"{kind}_{code.lower().replace('-', '_')}"
    if not code or not _SAFE.fullmatch(name):
        raise BadInputError(
            f"{code!r} cannot be a login: expected letters, digits, '-' and '_'."
        )
    return name


def _exists(connection: sa.Connection, role: str) -> bool:
    query = sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role")
    return connection.execute(query, {"role": role}).first() is not None


def _login(connection: sa.Connection, login: str, group: str, annotator: str) -> Login:
    password = ""
    if not _exists(connection, login):
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        driver = connection.connection.driver_connection
        assert driver is not None
        # Hashed here: what is sent may be kept in the server's log.
        hashed = driver.pgconn.encrypt_password(
            password.encode(), login.encode(), b"scram-sha-256"
        ).decode()
        connection.exec_driver_sql(f"CREATE ROLE {login} LOGIN PASSWORD '{hashed}'")
    connection.exec_driver_sql(f"GRANT {group} TO {login}")
    if annotator:
        enter = sa.text(
            "INSERT INTO label_login VALUES (:login, :annotator)"
            " ON CONFLICT (login) DO UPDATE SET annotator = excluded.annotator"
        )
        connection.execute(enter, {"login": login, "annotator": annotator})
    return Login(login, annotator, password)
