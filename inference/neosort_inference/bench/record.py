"""What every bench's figures carry along, and the file that they go into."""

from __future__ import annotations

import json
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from neosort_hardware.config import ConfigError
from neosort_inference.opening import must_take_files
from neosort_inference.report import machine, versions

Record = dict[str, Any]


def origin() -> Record:
    """The command, the machine and how busy it was, versions, and when."""
    return {
        "command": shlex.join(["neosort", *sys.argv[1:]]),
        "machine": machine(),
        "load_average": list(os.getloadavg()),
        "versions": versions(),
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def must_take_json(file: Path | None) -> None:
    """See that figures can be written where ``--json`` asks for them. Raises `ConfigError`."""
    if file is not None:
        must_take_files("--json", file.parent)


def keep(record: Record, file: Path | None, console: Console) -> None:
    """Write the figures where they are asked for, and say so. Raises `ConfigError`."""
    if file is None:
        return
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--json {file}: cannot be written ({error.strerror})") from error
    console.print(f"figures: {file}", highlight=False, markup=False, soft_wrap=True)
