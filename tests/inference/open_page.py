"""A page as somebody has it open, without a browser: NiceGUI's socket, by Engine.IO and Socket.IO on the wire."""

from __future__ import annotations

import html
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from tests.hardware.waiting import WITHIN_S, eventually
from tests.inference.api_client import PASSWORD
from websockets.sync.client import connect


@dataclass
class Someone:
    """An account that has logged in with a browser, or a script with a token. ``headers``: what it is known by."""

    url: str
    name: str
    headers: dict[str, str]

    def ask(self, method: str, path: str, **request) -> httpx.Response:
        answer = httpx.request(method, f"{self.url}api/v1/{path}", headers=self.headers, timeout=WITHIN_S, **request)
        assert answer.is_success, answer.text
        return answer

    def socket(self, path: str):
        address = self.url.replace("http", "ws", 1) + path
        return connect(address, additional_headers=self.headers, open_timeout=WITHIN_S, compression=None)


def logged_in(url: str, name: str, password: str = PASSWORD) -> Someone:
    answer = httpx.post(url + "api/v1/session", json={"name": name, "password": password}, timeout=WITHIN_S)
    cookie = f"neosort_session={answer.cookies['neosort_session']}"
    return Someone(url, name, {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf"]})


class OpenPage:
    """What somebody sees there, and touches. ``elements``: everything on it, as the server has told."""

    def __init__(self, person: Someone, path: str) -> None:
        text = httpx.get(person.url + path, headers=person.headers, timeout=WITHIN_S).text
        self._client = re.search(r"client_id['\"]?: ?['\"]([0-9a-f-]{36})", text)[1]
        self._person = person
        self.elements = json.loads(html.unescape(re.search(r"parseElements\(String\.raw`(.*?)`\)", text, re.S)[1]))

    @contextmanager
    def connected(self):
        """The page in a browser that has come to it."""
        query = f"client_id={self._client}&implicit_handshake=true&tab_id=1&document_id=1&next_message_id=0"
        address = f"_nicegui_ws/socket.io/?EIO=4&transport=websocket&{query}"
        with self._person.socket(address) as self._socket:
            assert self._socket.recv(WITHIN_S).startswith("0")
            self._socket.send("40")
            yield self

    def hears(self, word: str) -> None:
        """Waits until the server says that."""
        eventually(lambda: word in self._hear())

    def shows(self, word: str) -> None:
        """Waits until that is to be read."""
        eventually(lambda: word in json.dumps(self.elements, ensure_ascii=False) or not self._hear())

    def press(self, label: str) -> None:
        """The button with those words, as soon as it is there; the newest, where there are several."""
        self._send(self._found(label), "click")

    def write(self, label: str, value: object) -> None:
        """Into the field of that name."""
        self._send(self._found(label), "update:", value)

    def enabled(self, label: str) -> bool:
        """Whether that button may be pressed."""
        return not self.elements[self._found(label)]["props"].get("disable", False)

    def _found(self, label: str) -> str:
        def found() -> str | None:
            named = [key for key, one in self.elements.items() if one.get("props", {}).get("label") == label]
            return named[-1] if named else self._hear() and None

        return eventually(found)

    def _send(self, element: str, event: str, *values: object) -> None:
        listener = next(one for one in self.elements[element]["events"] if one["type"].startswith(event))
        told = {
            "id": int(element), "client_id": self._client, "listener_id": listener["listener_id"],
            "args": [json.dumps(value) for value in values],
        }  # fmt: skip
        self._socket.send("42" + json.dumps(["event", told]))

    def _hear(self) -> str:
        """One thing that the server says; what is on the page is as it says then."""
        said = str(self._socket.recv(WITHIN_S))
        if said == "2":
            self._socket.send("3")
        elif said.startswith('42["update"'):
            for key, one in json.loads(said[2:])[1].items():
                if one is None:
                    self.elements.pop(key, None)
                elif key != "_id":
                    self.elements[key] = one
        return said
