"""What a trial runs on: host, Python, imported packages, framework. Never environment variables or secrets."""

from __future__ import annotations

import os
import sys

from aimd_core.format.portable import host_name

_FRAMEWORKS = (
    (("tensorflow",), "TensorFlow"),
    (("torch",), "PyTorch"),
    (("pytorch_lightning", "lightning"), "PyTorch Lightning"),
)
_OURS = ("aimd_core", "aimd_cli", "aimd_server")


def capture_platform() -> dict[str, object]:
    """Return the `platform` part of the metadata: `hostname`, `os`, `python`, `pypkgs`, `framework`."""
    return {
        "hostname": host_name(),
        "os": _operating_system(),
        "python": sys.version.split()[0].rstrip("+"),
        "pypkgs": imported_packages(),
        "framework": frameworks(),
    }


def _operating_system() -> str:
    """Return what `platform.platform()` returns, on Linux without its import, which would cost the most."""
    system = os.uname() if hasattr(os, "uname") else None
    try:
        library = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
    except (AttributeError, ValueError, OSError):  # not glibc
        library = []
    if system is None or system.sysname != "Linux" or len(library) != 2:
        import platform

        return platform.platform()
    return f"Linux-{system.release}-{system.machine}-with-{''.join(library)}"


def imported_packages() -> dict[str, str]:
    """Return the versions, by name, of the top-level packages imported so far."""
    versions = {}
    for name, module in sys.modules.copy().items():  # not `list`, during which a finaliser may import something
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names or name in _OURS:
            continue
        # Not getattr, because some packages then import more or warn.
        version = getattr(module, "__dict__", {}).get("__version__")
        if isinstance(version, str):
            versions[name] = str(version)
    return dict(sorted(versions.items()))


def frameworks() -> str:
    """Return the training frameworks imported so far, comma-separated."""
    return ", ".join(name for modules, name in _FRAMEWORKS if any(module in sys.modules for module in modules))
