"""Each plugin's tests, run on its built wheel in an environment with nothing else: `python tests/from_wheels.py [NAME …]`.

Nothing is taken from the checkout but the tests, the READMEs that they read, and the example records. Wheels of the core and of every plugin are built;
into an empty environment goes the core's, then one plugin's at a time, with those that it depends on; its tests run from a
copy in another folder, and it goes again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = ROOT / "plugins"


def main(names: list[str]) -> int:
    """Test the named plugins, or all; the number that failed."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        wheels = work / "wheels"
        sources = [ROOT, *(p.parent for p in sorted(PLUGINS.glob("*/pyproject.toml")))]
        pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]
        subprocess.run(
            [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), *map(str, sources)], check=True
        )
        home = work / "environment"
        venv.create(home, with_pip=True)
        python = str(home / "bin" / "python")
        inside = [python, "-m", "pip", "-qq", "--disable-pip-version-check"]
        subprocess.run([*inside, "install", "--find-links", str(wheels), "perfrules[all]", "pytest-xdist"], check=True)
        bare = _installed(python)
        failed = 0
        for plugin in names or [p.name for p in sources[1:]]:
            project = tomllib.loads((PLUGINS / plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"][
                "name"
            ]
            subprocess.run([*inside, "install", "--find-links", str(wheels), project], check=True)
            print(f"{project}, from its wheel:", flush=True)
            failed += bool(_tested(python, plugin, work / plugin))
            subprocess.run([*inside, "uninstall", "-y", *(_installed(python) - bare)], check=True)
    return failed


def _installed(python: str) -> set[str]:
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    return {line.partition("==")[0] for line in listed.stdout.split()}


def _tested(python: str, plugin: str, tree: Path) -> int:
    tests = tree / "plugins" / plugin / "tests"
    shutil.copytree(PLUGINS / plugin / "tests", tests)
    shutil.copy(PLUGINS / plugin / "README.md", tests.parent)
    shutil.copytree(ROOT / "examples", tree / "examples")
    return subprocess.run([python, "-m", "pytest", "-q", "-n", "2", str(tests)], cwd=tree, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
