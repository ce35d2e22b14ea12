from __future__ import annotations

import os

import pytest

from glassnet.native_status import native_status


@pytest.fixture(scope="session")
def native():
    """Give the extension; skip without it, but fail where GLASSNET_REQUIRE_NATIVE=1 asks for it."""
    status = native_status()
    if not status.available:
        if os.environ.get("GLASSNET_REQUIRE_NATIVE") == "1":
            pytest.fail(f"GLASSNET_REQUIRE_NATIVE=1 is set: {status.reason}")
        pytest.skip(str(status.reason))
    from glassnet import _native

    return _native


@pytest.fixture(params=["avx512", "avx2", "portable", "naive"])
def kernels(native, request):
    """Give the name of each set of kernels that this processor runs."""
    if request.param not in native.kernel_names():
        pytest.skip(f"this processor has no {request.param}")
    return request.param
