"""The pages as their process serves them, with an account that has logged in: fixtures of the tests that touch them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.inference.open_page import Someone, logged_in
from tests.inference.test_page import view, wait_for, with_an_account

from neosort_hardware.config import LineConfig
from neosort_inference.access.serving import Serving
from neosort_inference.ui.server import PageProcess


@pytest.fixture(scope="module")
def serving(tmp_path_factory) -> Serving:
    return replace(with_an_account(tmp_path_factory.mktemp("state")), config=LineConfig(name="demo"))


@pytest.fixture(scope="module")
def page(serving):
    process = PageProcess("127.0.0.1", 0, serving=serving)
    process.publish(view(state="finished"))  # of which each is handed over at once
    wait_for(process.url + "healthz")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def ada(page) -> Someone:
    """The admin."""
    return logged_in(page.url, "ada")
