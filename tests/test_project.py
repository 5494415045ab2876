"""The rules of the house: layers, packaging, the doctor, bootstrap's own logic."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

from emer_studio.core.process import command_line

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def bootstrap() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_imports_go_downward_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_module_is_longer_than_the_house_allows() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / "emer_studio").rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_importing_does_no_work() -> None:
    code = (
        "import sys, threading, emer_studio.cli\n"
        "heavy = {'torch', 'PySide6', 'pylsl', 'cv2', 'av', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\nassert threading.active_count() == 1\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == 0


def test_every_dependency_is_pinned() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [*wanted["dependencies"], *wanted["optional-dependencies"]["test"]]
    pinned = (ROOT / "constraints.txt").read_text().lower().replace("_", "-")
    for name in names:
        bare = name.split(">")[0].split("=")[0].split("<")[0].strip().lower()
        assert f"\n{bare}==" in pinned, bare


def test_the_wheel_carries_what_the_program_needs(tmp_path: Path) -> None:
    """The installed program works from any folder: assets, stimuli and protocols inside."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed here")
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        str(tmp_path),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    shutil.unpack_archive(wheel, site, "zip")
    code = (
        "from emer_studio.core.files import data_dir\n"
        "from emer_studio.schema.protocol import find_protocol, load_protocol\n"
        "print(data_dir()); print(load_protocol(find_protocol('demo')).name)\n"
        "assert (data_dir() / 'assets' / 'models.toml').is_file()\n"
        "assert (data_dir() / 'docs' / 'trackers.md').is_file()\n"
        "assert list((data_dir() / 'protocols' / 'benchmark').glob('*.yaml'))\n"
        "from emer_studio.schema.fragments import fragments; assert len(fragments()) > 20\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert str(site) in done.stdout


def test_the_doctor_names_everything_it_looked_at() -> None:
    done = subprocess.run(
        command_line("doctor", "--json"),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    result = json.loads(done.stdout.strip().splitlines()[-1])
    looked_at = {check["what"] for check in result["checks"]}
    assert {
        "Python",
        "Qt",
        "displays",
        "LSL",
        "cameras",
        "audio",
        "GPU",
        "disk",
    } <= looked_at
    assert {"model yunet", "model mini-xception"} <= looked_at
    for check in result["checks"]:
        assert check["state"] in ("ok", "problem")
        assert check["state"] == "ok" or check["fix"], check
    assert done.returncode == (0 if result["ok"] else 3)


def test_a_gpu_that_torch_cannot_use_fails_the_doctor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from emer_studio import doctor

    monkeypatch.setattr(doctor, "_nvidia_card", lambda: "NVIDIA Test")
    monkeypatch.setattr(
        doctor, "_ask", lambda code: {"version": "2.0+cpu", "cuda": None, "device": ""}
    )
    (finding,) = doctor._gpu()
    assert (finding.state, finding.needed) == ("problem", True)
    assert "CPU-only build" in finding.found
    assert "bootstrap.py" in finding.fix


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (None, ""),
        ((535, 1), ""),
        ((560, 30), "+cu126"),
        ((575, 0), "+cu128"),
        ((590, 1), "+cu130"),
    ],
)
def test_the_torch_build_follows_the_driver(
    bootstrap: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    driver: tuple[int, int] | None,
    expected: str,
) -> None:
    monkeypatch.setattr(bootstrap, "nvidia_driver", lambda: driver)
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    requirement = bootstrap.torch_requirement()
    assert requirement[0] == f"torch=={bootstrap.pinned_torch()}{expected}"
    assert bool(expected) == (len(requirement) == 3)
    assert all(expected.lstrip("+") in part for part in requirement[2:])
