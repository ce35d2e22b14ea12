"""Whether the compiled extension is there and, where it is not, why and how to get it."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.errors import message


@dataclass(frozen=True)
class NativeStatus:
    """What is known of ``glassnet._native``.

    Attributes:
        available: the extension was built and can be imported.
        reason: None where it is available; otherwise what went wrong and what to do.
        kernels: which of its kernels this processor runs, "avx512", "avx2" or "portable".
    """

    available: bool
    reason: str | None = None
    kernels: str | None = None


def native_status() -> NativeStatus:
    """Try to import the compiled extension and say how that went. Raises nothing."""
    try:
        import glassnet._native as native
    except ImportError as error:
        return NativeStatus(False, _how_to_get_it(error))
    return NativeStatus(True, kernels=native.kernel_names()[0])


def _how_to_get_it(error: ImportError) -> str:
    return message(
        "the fast kernels need the compiled extension glassnet._native",
        str(error),
        "install a C++ compiler and then install Glassnet again with GLASSNET_REQUIRE_NATIVE=1 set, "
        "which shows why the build fails; until then the same results come from slower Python",
    )
