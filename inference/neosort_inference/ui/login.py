"""The page on which people log in; with `?first`, on which the first admin's account is made. It needs no library."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from neosort_inference.api.gate import LOGIN


def add_login(app: FastAPI) -> None:
    """Serve it."""
    page = files("neosort_inference").joinpath("templates", "login.html").read_text(encoding="utf-8")

    @app.get(LOGIN, include_in_schema=False)
    def login() -> HTMLResponse:
        return HTMLResponse(page, headers={"Cache-Control": "no-store", "X-Frame-Options": "DENY"})
