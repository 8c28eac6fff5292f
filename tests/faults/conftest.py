"""Prints what was measured."""

import pytest
from tests.faults.noticing import MEASURED

from neosort_inference.faults.catalogue import CATALOGUE


@pytest.fixture(scope="session", autouse=True)
def told_in_the_end():
    """What was measured, as it stands in `inference/README.md`; shown with ``-s``."""
    yield
    print("\n| fault | within | measured | mode |\n|---|---|---|---|")
    for name, kind in CATALOGUE.items():
        if name in MEASURED:
            noticed_s, mode = MEASURED[name]
            print(f"| `{name}` | {kind.within_s:g} s | {noticed_s:.2f} s | {mode.value} |")
