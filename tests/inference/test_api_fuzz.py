"""The whole interface under requests that its description allows, and that it forbids: nothing fails, every answer is
one that the description promises, and what is refused has changed nothing.

`NEOSORT_FUZZ=100 pytest -s tests/inference/test_api_fuzz.py` tries that many of each kind for every operation.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.hardware.waiting import eventually
from tests.inference.api_client import Browser, Loop, Site
from tests.inference.test_page import view
from tests.inference.test_review import item, passing

from neosort_inference.access.role import Role
from neosort_inference.asking.orders import KeepProcedure, RefusedError, TestValve

pytestmark = pytest.mark.computes

EXAMPLES = int(os.environ.get("NEOSORT_FUZZ", "2"))  # of each kind, for each operation
ENDLESS = {"/api/v1/stream.mjpeg"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SAFE = {"GET", "HEAD"}


class MoodyLoop(Loop):
    """Refuses every third order."""

    def __init__(self) -> None:
        super().__init__()
        self._count = itertools.count()
        self.answers = {TestValve: {"open_mm": 1.0, "close_mm": 2.0}, KeepProcedure: {"record": "5f" * 32}}

    def ask(self, order, by, within_s=0.0):
        if next(self._count) % 3 == 2:
            raise RefusedError("not now", "the line sorts: stop it first")
        return super().ask(order, by, within_s)


@dataclass
class Tally:
    """What came of all requests. ``statuses``: by class; ``refused``: those that were held against the state before."""

    statuses: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    changed: int = 0


class Fuzzed:
    """A line with accounts, recipes and calls by everybody: each role in turn, and nobody."""

    def __init__(self, folder) -> None:
        self.site = Site(folder, loop=MoodyLoop(), simulated=True)
        self.site.account("ada", Role.TECHNICIAN)
        engineer = self.site.by_token(Role.ENGINEER)
        for purity in (0.9, 0.95):
            engineer.post("/api/v1/recipes", json={"name": "copper", "values": {"purity_target": purity}})
        self._callers = itertools.cycle([Browser(self.site.app), *(self.site.by_token(role) for role in Role)])
        self.view = view()
        for one in passing(item(1, 0.5), item(2, 0.6, at_mm=1060.0)):
            self.site.feed.put(one)
        self.known = {"name": "ada", "number": 1, "file": "1-live-1.jpg", "form": "json"}
        self.ids = {"recipes": ["copper-1"], "bundles": ["neosort"], "review": ["000001-0"], "lots": self._lots()}

    def _lots(self) -> list[str]:
        """One that is closed and has its passport, and one that is open."""
        operator, lots = self.site.by_token(Role.OPERATOR), []
        for supplier in ("Ada's", "Bo's"):
            lots.append(operator.post("/api/v1/lots", json={"supplier": supplier}).json()["lot"])
            if len(lots) == 1:
                operator.post(f"/api/v1/lots/{lots[0]}/close")
                job = operator.post(f"/api/v1/lots/{lots[0]}/passport", json={}).json()["number"]
                eventually(lambda job=job: operator.get(f"/api/v1/jobs/{job}").json()["state"] == "done")
        return lots

    def known_in(self, path: str) -> list[dict[str, object]]:
        """Parameters of a path with which it leads to something that there is."""
        part = path.removeprefix("/api/v1/").partition("/")[0]
        every = [self.known | {"id": one} for one in self.ids.get(part, ["5f3a9c0d"])]
        named = [{name: value for name, value in known.items() if f"{{{name}}}" in path} for known in every]
        return [one for one in named if one]

    def digest(self) -> str:
        """Of everything that is kept, and of what the loop was asked. Of the ledger its lots: a database's files change
        when it is read."""
        digest = hashlib.sha256(repr(self.site.services.lots.all()).encode())
        for path in sorted(self.site.state.folder.rglob("*")):
            if self.site.state.ledger in (path, *path.parents):
                continue
            digest.update(f"{path.relative_to(self.site.state.folder)}\n".encode())
            digest.update(path.read_bytes() if path.is_file() else b"")
        jobs = [job.number for job in self.site.services.jobs.all()]
        asked = sum(type(order).__name__ != "ShowProcedure" for order, _ in self.site.loop.asked)
        digest.update(repr((asked, jobs, self.site.services.bundles.shadow)).encode())
        return digest.hexdigest()

    def ask(self, case, tally: Tally) -> None:
        told = case.as_transport_kwargs(base_url="http://line.example")
        request = {
            key: told[key] for key in ("params", "json", "content", "data", "files") if told.get(key) is not None
        }
        if isinstance(request.get("data"), bytes | str):
            request["content"] = request.pop("data")
        caller = next(self._callers)
        headers = {name: str(value).encode("utf-8", "replace") for name, value in (told.get("headers") or {}).items()}
        headers = {name: value for name, value in headers.items() if name.lower() not in {"authorization", "cookie"}}
        self.site.feed.put(self.view)  # the loop is well
        eventually(lambda: all(job.over for job in self.site.services.jobs.all()))  # what a job does is not refused
        before = self.digest()
        answer = caller.ask(told["method"], told["url"].removeprefix("http://line.example"), headers=headers, **request)
        tally.statuses[f"{answer.status_code // 100}xx"] += 1
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            tally.refused += 1
            assert self.digest() == before, "what was refused has changed something"
        elif told["method"] not in SAFE:
            tally.changed += 1


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    made = Fuzzed(tmp_path_factory.mktemp("state"))
    yield made
    made.site.services.jobs.close()


def test_nothing_fails_and_what_is_refused_changes_nothing(fuzzed):
    description = schemathesis.openapi.from_dict(fuzzed.site.app.openapi())
    tally, operations = Tally(), 0
    for result in description.get_all_operations():
        operation = result.ok()
        if operation.path in ENDLESS:
            continue
        operations += 1
        for mode in GenerationMode:
            _try(fuzzed, operation.as_strategy(generation_mode=mode), tally)
        for known in fuzzed.known_in(operation.path):
            _try(fuzzed, operation.as_strategy(path_parameters=known), tally)
    print(
        f"\n{operations} operations, {sum(tally.statuses.values())} requests: "
        + ", ".join(f"{count} {status}" for status, count in sorted(tally.statuses.items()))
        + f"; {tally.refused} refused and nothing changed by them, {tally.changed} changes"
    )
    assert operations > 60
    assert tally.statuses["5xx"] == 0
    assert tally.refused > operations
    assert tally.changed > 0
    assert fuzzed.site.entry.trail.verify() > tally.changed // 2


def _try(fuzzed, strategy, tally: Tally) -> None:
    @seed(20261126)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def tried(case) -> None:
        fuzzed.ask(case, tally)

    with suppress(Unsatisfiable):  # where an operation takes nothing, nothing can be wrong
        tried()
