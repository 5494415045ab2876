"""The vault: nothing readable in it, nothing lost by it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.study.folder import create_study
from emer_studio.study.vault import Vault, vault_path

PHRASE = "one two three four"
ADA = {"name": "Ada Muster", "contact": "ada@example.org"}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("vault")
    Vault(folder, PHRASE).put("P001", ADA)
    return vault_path(folder).read_bytes()


def test_what_is_put_in_comes_out_and_nothing_is_readable(
    sealed: bytes, tmp_path: Path
) -> None:
    vault_path(tmp_path).write_bytes(sealed)
    assert Vault(tmp_path, PHRASE).entries == {"P001": ADA}
    for word in (b"Ada", b"Muster", b"example", b"P001"):
        assert word not in sealed
    header = json.loads(sealed.partition(b"\n")[0])
    assert (header["version"], header["kdf"], header["n"]) == (1, "scrypt", 2**17)


def test_the_last_generation_is_kept_until_somebody_is_removed(tmp_path: Path) -> None:
    vault = Vault(tmp_path, PHRASE)
    vault.put("P001", ADA)
    first = vault_path(tmp_path).read_bytes()
    vault.put("P002", {"name": "Ben"})
    assert vault.backup.read_bytes() == first
    assert vault.remove("P001")
    assert vault.backup.read_bytes() == vault.path.read_bytes()
    assert Vault(tmp_path, PHRASE).entries == {"P002": {"name": "Ben"}}


def test_a_wrong_passphrase_changes_nothing(sealed: bytes, tmp_path: Path) -> None:
    vault_path(tmp_path).write_bytes(sealed)
    with pytest.raises(BadInputError, match="passphrase is wrong"):
        Vault(tmp_path, PHRASE + "!")
    assert [path.name for path in tmp_path.iterdir()] == ["vault.enc"]
    assert vault_path(tmp_path).read_bytes() == sealed


@pytest.mark.parametrize("at", [0, 30, -1])
def test_every_changed_byte_is_noticed(sealed: bytes, tmp_path: Path, at: int) -> None:
    changed = bytearray(sealed)
    changed[at] ^= 1
    vault_path(tmp_path).write_bytes(changed)
    with pytest.raises(BadInputError):
        Vault(tmp_path, PHRASE)


def test_a_header_cannot_ask_for_all_the_memory(sealed: bytes, tmp_path: Path) -> None:
    greedy = sealed.replace(b'"n": 131072', b'"n": 1099511627776')
    vault_path(tmp_path).write_bytes(greedy)
    with pytest.raises(BadInputError, match="wrong, or"):
        Vault(tmp_path, PHRASE)


def test_a_vault_that_somebody_else_changed_is_not_overwritten(
    sealed: bytes, tmp_path: Path
) -> None:
    vault_path(tmp_path).write_bytes(sealed)
    mine, theirs = Vault(tmp_path, PHRASE), Vault(tmp_path, PHRASE)
    theirs.put("P002", {"name": "Ben"})
    with pytest.raises(BadInputError, match="somebody else"):
        mine.put("P003", {"name": "Cleo"})
    assert set(Vault(tmp_path, PHRASE).entries) == {"P001", "P002"}


def test_a_lost_vault_is_not_begun_anew_over_its_backup(
    sealed: bytes, tmp_path: Path
) -> None:
    vault_path(tmp_path).with_name("vault.enc.bak").write_bytes(sealed)
    with pytest.raises(BadInputError, match="last generation is there"):
        Vault(tmp_path, PHRASE)


def run(study: Path, *words: str, said: str = "", **more: str) -> tuple[int, str, str]:
    environment = {k: v for k, v in os.environ.items() if "PASSPHRASE" not in k}
    done = subprocess.run(
        command_line("vault", str(study), *words),
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment | {f"EMER_STUDIO_VAULT_{key}": v for key, v in more.items()},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_command_keeps_names_and_never_repeats_them(tmp_path: Path) -> None:
    study = create_study(tmp_path / "s").folder
    said = "Ada Muster\nada@example.org\n"
    assert run(study, "set", "P001", said=said)[0] == 2  # no terminal, no variable
    assert run(study, "set", "P001", said=said, PASSPHRASE="short")[0] == 2
    assert not vault_path(study).exists()
    code, out, err = run(study, "set", "P001", said=said, PASSPHRASE=PHRASE)
    assert (code, err) == (0, "")
    assert "Ada" not in out
    code, out, _ = run(study, "list", "--json", PASSPHRASE=PHRASE)
    assert json.loads(out)["entries"] == {"P001": ADA}
    new = "five six seven eight"
    assert run(study, "passphrase", PASSPHRASE=PHRASE, NEW_PASSPHRASE=new)[0] == 0
    assert run(study, "list", PASSPHRASE=PHRASE)[0] == 2
    assert run(study, "remove", "P001", PASSPHRASE=new)[0] == 0
    assert run(study, "list", PASSPHRASE=new)[1] == "The vault is empty.\n"
    assert run(study, "remove", PASSPHRASE=new)[0] == 2
    assert run(study, "list", "P001", PASSPHRASE=new)[0] == 2
