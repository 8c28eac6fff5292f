"""A large button with which somebody brings a file; only the button, for what becomes of the file is said elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import UploadEventArguments


def bring(words: str, ending: str, most_bytes: int, taken: Callable[[str, bytes], Awaitable[None]]) -> None:
    """``taken``: is given the name and the contents of what was brought. ``ending``: of the names of fitting files."""

    async def uploaded(given: UploadEventArguments) -> None:
        field.reset()  # room for another
        await taken(given.file.name, await given.file.read())

    def refused() -> None:
        ui.notify(f"One file {ending} is taken, of {most_bytes / 1024 / 1024:g} MiB at most.", type="negative")

    field = (
        ui.upload(on_upload=uploaded, on_rejected=refused, max_file_size=most_bytes, auto_upload=True, max_files=1)
        .props(f'accept="{ending}"')
        .classes("brought")
    )
    # Quasar's own button has no name, and its list of files is in small print. A browser opens its choice of files
    # for a press alone, not for what the server says later.
    button = ui.button(words, icon="upload_file", color=None).classes("plain").props("unelevated")
    button.on("click", js_handler=f"() => getElement({field.id}).$refs.qRef.pickFiles()")
