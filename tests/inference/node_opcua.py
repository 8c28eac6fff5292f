"""node-opcua's client, fetched once into the user's cache by npm; tests skip naming what is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = "node-opcua-client@2.182.2"
CLIENT = Path(__file__).with_name("peers") / "opcua_client.cjs"
FETCH_S = 240


def node_command() -> tuple[list[str], dict[str, str]]:
    """What runs the client, and its environment."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs node and npm: apt-get install nodejs npm")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "neosort-tests" / PACKAGE
    if not (cache / "fetched").exists():
        fetch = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", cache]
        cache.mkdir(parents=True, exist_ok=True)
        try:
            fetched = subprocess.run([*fetch, PACKAGE], capture_output=True, text=True, timeout=FETCH_S, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm could not fetch {PACKAGE} within {FETCH_S} s")
        if fetched.returncode:
            pytest.skip(f"npm could not fetch {PACKAGE}: {fetched.stderr.strip()[:200]}")
        (cache / "fetched").touch()
    return [node, str(CLIENT)], os.environ | {"NODE_PATH": str(cache / "node_modules"), "HOME": str(cache)}
