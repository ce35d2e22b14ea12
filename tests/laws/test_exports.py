"""The public door: every name is there and documented, and opening it loads nothing heavy."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import glassnet

HEAVY = ("torch", "polars", "pydantic", "sklearn", "matplotlib", "numpy", "pandas", "rich", "typer")


def test_public_names_are_sorted_and_listed_once():
    assert glassnet.__all__ == sorted(set(glassnet.__all__))


def test_dir_shows_the_public_names():
    assert dir(glassnet) == glassnet.__all__


@pytest.mark.parametrize("name", [name for name in glassnet.__all__ if name != "__version__"])
def test_every_public_name_resolves_and_is_documented(name):
    value = getattr(glassnet, name)
    assert value is getattr(glassnet, name)
    assert inspect.getdoc(value)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'glassnet' has no attribute 'trian'"):
        glassnet.trian  # noqa: B018


def test_importing_glassnet_imports_nothing_heavy():
    code = f"import sys, glassnet; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
