"""Where and with what figures come about: processor, vector instructions, cores, load, versions."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from glassnet.machine import all_cores
from glassnet.version import __version__

PACKAGES = ("torch", "numpy", "scikit-learn", "onnxruntime")
VECTORS = (
    *("sse2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16"),
    *("asimd", "sve", "bf16", "sve2", "i8mm", "sme"),
)
BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")


def machine() -> dict[str, Any]:
    """Return the facts, as JSON values; None for what the system does not tell."""
    return {
        "processor": processor(),
        "cores": all_cores(),
        "vectors": vector_instructions(),
        "memory_gb": _memory_gb(),
        "load": load(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {"glassnet": __version__} | {name: _version(name) for name in PACKAGES},
    }


def machine_text(facts: dict[str, Any]) -> str:
    """Say on what and with what was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["packages"].items() if version)
    vectors = ", ".join(facts["vectors"]) or "vectors not known"
    return (
        f"{facts['processor']}, {facts['cores']} cores ({vectors}), "
        f"{facts['memory_gb']} GB, load {facts['load']}\n"
        f"{facts['system']}, Python {facts['python']}, {versions}"
    )


def load() -> float | None:
    """Return how many processes wanted to run in the last minute."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def processor() -> str:
    """Return the processor's own name."""
    named = _cpuinfo("model name")
    return named or platform.processor() or platform.machine()


def vector_instructions() -> list[str]:
    """Return the vector instructions that the system lists, of those that matter here."""
    flags = (_cpuinfo("flags") or _cpuinfo("Features")).split()
    return [name for name in VECTORS if name in flags]


def has_bfloat16() -> bool:
    """Say whether the processor is known to compute in bfloat16."""
    return bool(set(BFLOAT16).intersection(vector_instructions()))


def _cpuinfo(key: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def _memory_gb() -> float | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
