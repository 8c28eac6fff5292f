"""Processes that share out one job do not stand in each other's way."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from neosort_datasets.worker_processes import one_thread_each


def threads_of_a_process():
    with one_thread_each(), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(os.getenv, "OPENBLAS_NUM_THREADS").result()


@pytest.mark.parametrize(("asked", "given"), [(None, "1"), ("3", "3")])
def test_they_keep_to_one_thread_unless_told_otherwise_and_this_one_keeps_its_own(monkeypatch, asked, given):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    if asked is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", asked)
    assert threads_of_a_process() == given
    assert os.getenv("OPENBLAS_NUM_THREADS") == asked
