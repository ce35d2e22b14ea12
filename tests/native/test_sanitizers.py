"""The tests of the kernels run on a build that stops at the first wrong address or undefined operation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command, **named):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **named)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("cmake") or not shutil.which("g++"), reason="needs cmake and g++")
def test_the_kernels_touch_only_their_own_memory_and_do_nothing_undefined(native, tmp_path):
    build, source = tmp_path / "build", tmp_path / "src"
    options = (f"-DPython_EXECUTABLE={sys.executable}", "-DGLASSNET_SANITIZE=ON", "-DCMAKE_CXX_COMPILER=g++")
    run("cmake", "-S", ROOT, "-B", build, *options)
    run("cmake", "--build", build, "--parallel", "2")
    built = list(build.glob("_native*.so"))
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("_native*.so", "__pycache__"))
    shutil.copy(built[0], source / "glassnet")
    runtimes = [run("g++", f"-print-file-name=lib{name}.so") for name in ("asan", "ubsan", "stdc++")]
    environment = os.environ | {
        "PYTHONPATH": str(source),
        "LD_PRELOAD": " ".join(runtimes),
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
    }
    names = ("kernels", "functions", "native", "tabular", "text", "bags", "photos")
    tests = [f"test_{name}.py" for name in names]
    paths = [ROOT / "tests" / "native" / name for name in tests]
    paths.append(ROOT / "tests" / "engine" / "test_sentiment.py")
    plain = ("-p", "no:cacheprovider", "-p", "no:xdist", "-q", "--basetemp", tmp_path / "inner")
    said = run(sys.executable, "-m", "pytest", *plain, *paths, env=environment, cwd=ROOT)
    assert " passed" in said
    where = "import glassnet._native as native; print(native.__file__)"
    assert str(source) in run(sys.executable, "-c", where, env=environment, cwd=tmp_path)
