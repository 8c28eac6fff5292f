"""These tests talk to kernel drivers that the host does not have: `make test-kernel` boots a machine that does."""

import os

import pytest


def pytest_collection_modifyitems(items):
    if os.environ.get("NEOSORT_GUEST") != "1":
        for item in items:
            if "kernel" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="needs the guest of make test-kernel"))
