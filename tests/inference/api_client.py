"""Pieces for tests of the interface: the whole application as it is served, without a network."""

from __future__ import annotations

import asyncio
from functools import cache

import argon2
import httpx
from fastapi import FastAPI
from tests.inference.test_page import view

from neosort_inference.access.entry import Entry
from neosort_inference.access.passwords import Passwords
from neosort_inference.access.role import Role
from neosort_inference.access.serving import Serving
from neosort_inference.api.app import create_app
from neosort_inference.api.feed import ViewFeed
from neosort_inference.api.gate import Gate
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.orders import RefusedError
from neosort_inference.services.services import Services
from neosort_inference.state import State

PASSWORD = "correct horse battery"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ELSEWHERE = "192.0.2.1"


class Loop:
    """Notes what it is asked; refuses what it is told to, answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, str]] = []
        self.answers: dict[type, dict[str, object]] = {}
        self.refuses: RefusedError | UnheardError | None = None

    def ask(self, order, by, within_s=0.0):
        if self.refuses is not None:
            raise self.refuses
        self.asked.append((order, by))
        return self.answers.get(type(order), {})


class Browser:
    """Asks from one address of the network, keeps cookies, and sends what it is told to with every request."""

    def __init__(self, app, address: str = ELSEWHERE, host: str = "line.example", **headers: str) -> None:
        self._transport = httpx.ASGITransport(app=app, client=(address, 50_000), raise_app_exceptions=False)
        self._host = host
        self.headers = dict(headers)
        self.cookies = httpx.Cookies()

    def ask(self, method: str, path: str, **request) -> httpx.Response:
        headers = self.headers | request.pop("headers", {})

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url=f"http://{self._host}", cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, headers=headers, **request)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())

    def get(self, path: str, **request) -> httpx.Response:
        return self.ask("GET", path, **request)

    def post(self, path: str, **request) -> httpx.Response:
        return self.ask("POST", path, **request)

    def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """As a page of ours does, which sends the session's token from then on."""
        answer = self.post("/api/v1/session", json={"name": name, "password": password})
        if answer.status_code == 200:
            self.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return answer


@cache
def _application() -> FastAPI:
    """Made once: that takes longer than most tests. It has no state but what is put into it."""
    app = create_app(ViewFeed())
    app.add_middleware(Gate)
    return app


class Site:
    """The application over a feed with one view, and everything behind it. One at a time. ``loop``: what answers
    orders; left out, one that takes every order."""

    def __init__(self, folder, *, loop=None, **serving) -> None:
        self.state = State(folder=folder)
        self.serving = Serving(state=self.state, **serving)
        self.entry = Entry(self.serving, Passwords(QUICK))
        self.loop = Loop() if loop is None else loop
        self.feed = ViewFeed()
        self.services = Services.of(self.serving, self.feed, self.loop)
        self.feed.put(view())
        self.app = _application()
        self.app.state.feed, self.app.state.loop = self.feed, self.loop
        self.app.state.entry, self.app.state.services = self.entry, self.services

    def account(self, name: str, role: Role) -> None:
        self.entry.accounts.add(name, role, PASSWORD, "root")

    def local(self) -> Browser:
        """On the machine itself."""
        return Browser(self.app, "127.0.0.1", "127.0.0.1:8000")

    def by_token(self, role: Role, *scopes: str) -> Browser:
        """A script with a token of that role, of an account of that role."""
        name = f"{role.value}s"
        if self.entry.accounts.named(name) is None:
            self.account(name, role)
        _, secret = self.entry.tokens.make(name, "test", role, scopes)
        return Browser(self.app, Authorization=f"Bearer {secret}")

    def actions(self) -> list[str]:
        """What the trail says was done."""
        return [one.action for one in self.entry.trail.entries(most=1000)]
