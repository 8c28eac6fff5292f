"""The renderer's libraries, imported where they are used: they come with the extra `render` alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

Library: TypeAlias = Any
"""A module of the extra, or what it made: none of them has types, and none is there when types are checked."""

Lanes: TypeAlias = Any
"""A value of Dr.Jit's: a number, vector or colour for each of many paths at once."""

HOW_TO_INSTALL = "it comes with: pip install 'neosort[render]'"
VARIANT = "llvm_ad_rgb"
LLVM_LIBRARIES = (  # below the root: Debian, Fedora, Homebrew
    "usr/lib/llvm-19/lib/libLLVM*.so*",
    "usr/lib/*/libLLVM*19*",
    "usr/lib64/llvm19/lib/libLLVM*.so*",
    "opt/homebrew/opt/llvm@19/lib/libLLVM*.dylib",
)


class RenderError(Exception):
    """A sprite cannot be made; the message names what is missing or which item is at fault."""


def require_renderer() -> None:
    """Raises `RenderError` naming the first thing that modelling and tracing need and that is missing."""
    try:
        import shapely  # noqa: F401, PLC0415
    except ImportError as error:
        raise RenderError(f"{error.name} is not installed; {HOW_TO_INSTALL}") from error
    mitsuba()
    denoiser()


def mitsuba(threads: int | None = None) -> tuple[Library, Library]:
    """The modules (mitsuba, drjit), set to trace on ``threads`` cores. Raises `RenderError` naming what to install."""
    if "DRJIT_LIBLLVM_PATH" not in os.environ:  # else the tracer takes the first LLVM it finds, whatever its age
        os.environ["DRJIT_LIBLLVM_PATH"] = str(llvm_library(Path("/")))
    try:
        import drjit  # noqa: PLC0415
        import mitsuba as module  # noqa: PLC0415
    except ImportError as error:
        raise RenderError(f"{error.name} is not installed; {HOW_TO_INSTALL}") from error
    try:
        module.set_variant(VARIANT)  # loads LLVM
    except ImportError as error:
        path = os.environ["DRJIT_LIBLLVM_PATH"]
        raise RenderError(f"the tracer cannot use {path} (DRJIT_LIBLLVM_PATH), must be LLVM 19: {error}") from error
    if threads is not None:
        drjit.set_thread_count(threads)
    return module, drjit


def denoiser() -> Library:
    """Open Image Denoise's Python module. Raises `RenderError` naming the extra."""
    try:
        import pyoidn  # noqa: PLC0415
    except ImportError as error:
        raise RenderError(f"{error.name} is not installed; {HOW_TO_INSTALL}") from error
    return pyoidn


def llvm_library(root: Path) -> Path:
    """The LLVM 19 library below ``root``. Older ones crash the tracer's compiler or are refused by it.

    Raises `RenderError` naming the package when there is none.
    """
    for pattern in LLVM_LIBRARIES:
        for path in sorted(root.glob(pattern)):
            return path
    raise RenderError(
        "the tracer needs LLVM 19 and found none: install Debian's package libllvm19, or set DRJIT_LIBLLVM_PATH to "
        "the file libLLVM.so.19"
    )
