"""Who confirms the gaze mapping where a session is run from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emer_studio.core.process import command_line
from emer_studio.study.folder import create_study
from gaze_headers import titta
from protocols import write_short_protocol
from senders import DESCRIBED_SENDER, Sender

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal")


@pytest.fixture
def tracker(unique: str) -> Iterator[Sender]:
    """A foreign sender of 38 channels, like TittaLSL."""
    words = (f"Tobii-{unique}", "120", f"src-{unique}", json.dumps(titta()))
    made = Sender(*words, code=DESCRIBED_SENDER)
    yield made
    made.kill()


@pytest.fixture
def words(tmp_path: Path, tracker: Sender) -> list[str]:
    """A session of a real tracker; its camera is a file that is not there."""
    study = tmp_path / "study"
    create_study(study, seed=1)
    protocol = write_short_protocol(tmp_path / "protocol")
    who = ("run", str(study), "--participant", "P001", "--protocol", str(protocol))
    camera = ("--camera", f"file:{tmp_path / 'none.mp4'}", "--headless")
    return command_line(*who, "--gaze", tracker.name, *camera)


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, command: list[str]) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, text: str) -> None:
        until = time.monotonic() + 60
        while text not in self.text:
            assert time.monotonic() < until
            self.text += os.read(self._ours, 4096).decode()

    def end(self) -> int:
        """Read the rest and return the exit code."""
        while True:
            try:
                more = os.read(self._ours, 4096)
            except OSError:  # Linux says so when the other side is closed
                break
            if not more:
                break
            self.text += more.decode()
        os.close(self._ours)
        return self.process.wait(30)

    def write(self, text: str) -> None:
        os.write(self._ours, text.encode())


QUESTION = "Is this the participant's gaze? [y/N] "


@pytest.mark.parametrize("answer", ["\n", "n\n"])
def test_anything_but_yes_ends_before_anything_is_recorded(
    words: list[str], answer: str
) -> None:
    terminal = Terminal(words)
    terminal.read_until(QUESTION)
    assert "left_x" in terminal.text
    assert "TittaLSL" in terminal.text
    terminal.write(answer)
    assert terminal.end() == 2
    assert "was not confirmed" in terminal.text
    assert not list(Path(words[words.index("run") + 1], "sessions").glob("*"))


def test_yes_goes_on_and_ctrl_c_ends_the_question(words: list[str]) -> None:
    terminal = Terminal(words)
    terminal.read_until(QUESTION)
    terminal.write("y\n")
    code = terminal.end()
    assert "none.mp4" in terminal.text  # the next device in the row
    assert code in (2, 3)
    terminal = Terminal(words)
    terminal.read_until(QUESTION)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130


def test_who_confirmed_it_elsewhere_is_not_asked_but_held_to_it(words: list[str]) -> None:
    terminal = Terminal([*words, "--gaze-confirmed"])
    assert terminal.end() in (2, 3)
    assert "none.mp4" in terminal.text
    assert "[y/N]" not in terminal.text
    other = Terminal([*words, "--gaze-confirmed", "--gaze-signature", "0" * 16])
    assert other.end() == 2
    assert "otherwise than when its mapping was" in other.text


def test_without_a_terminal_it_goes_on(words: list[str]) -> None:
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert "none.mp4" in done.stderr
    assert "[y/N]" not in done.stderr
