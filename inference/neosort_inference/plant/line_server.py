"""The line on one OPC UA server: its values, its alarms, what may be asked of it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from asyncua import Server

from neosort_inference.access.accounts import Accounts
from neosort_inference.access.audit import AuditTrail
from neosort_inference.asking.channel import Loop
from neosort_inference.plant.alarm_events import AlarmEvents
from neosort_inference.plant.board import Board
from neosort_inference.plant.bounded_server import bounded_server, let_accounts_in
from neosort_inference.plant.methods import Methods
from neosort_inference.plant.people import People
from neosort_inference.plant.recipe_choice import RecipeChoice
from neosort_inference.plant.settings import PlantConfig
from neosort_inference.services.recipes import Recipes
from neosort_inference.telemetry import Snapshot


class LineServer:
    """Serves within ``async with``. ``loop``: whom orders are given to; ``trail``: what notes them;
    ``kept``: this machine's recipes."""

    def __init__(self, config: PlantConfig, loop: Loop, accounts: Accounts, trail: AuditTrail, kept: Recipes) -> None:
        self._config = config
        self._accounts = accounts
        self._trail = trail
        self._loop = loop
        self._recipes = RecipeChoice(config.recipes, kept, loop)
        self._server: Server
        self._board: Board
        self._events: AlarmEvents

    async def __aenter__(self) -> Self:
        self._server = await bounded_server(self._config, self._accounts, "neosort")
        self._board = await Board.on(self._server)
        self._events = await AlarmEvents.on(self._server, self._board)
        people = People(self._accounts, self._trail)
        await Methods(self._board, self._loop, people, self._recipes).add()
        await self._server.start()
        let_accounts_in(self._server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.stop()

    async def show(self, snapshot: Snapshot) -> None:
        """The line as it stands now."""
        await self._board.show(snapshot)
        await self._events.tell(snapshot)

    async def doubt(self) -> None:
        """The line is not heard of."""
        await self._board.doubt()
