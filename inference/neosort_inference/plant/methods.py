"""What the plant's control system may ask of the line: methods of its node, each an order to the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from asyncua import ua

from neosort_inference.access.audit import AuditError
from neosort_inference.access.database import AccountError
from neosort_inference.access.role import Role
from neosort_inference.asking.channel import Loop, UnheardError
from neosort_inference.asking.orders import (
    Acknowledge,
    Activate,
    Order,
    Refusal,
    RefusedError,
    Result,
    StartSorting,
    StopSorting,
)
from neosort_inference.plant.board import Board
from neosort_inference.plant.people import People
from neosort_inference.plant.rights import LOGGER

MOST_AT_ONCE = 8  # orders on their way; each may wait some seconds for the loop
_STATUS: dict[Refusal, int] = {
    "not now": ua.StatusCodes.BadInvalidState,
    "not there": ua.StatusCodes.BadNotFound,
    "not fitting": ua.StatusCodes.BadInvalidArgument,
    "nobody": ua.StatusCodes.BadNotSupported,
    "not allowed": ua.StatusCodes.BadUserAccessDenied,
    "not known": ua.StatusCodes.BadUserAccessDenied,
}
_Value = TypeVar("_Value", int, str)
_Method = Callable[..., Awaitable[ua.CallMethodResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """An order, who may give it, and how it stands in the trail."""

    order: Order
    role: Role
    action: str
    target: str
    new: str | int | None = None


class Methods:
    """``Start``, ``Stop``, ``Acknowledge(number)`` for operators and ``SelectRecipe(name)`` for engineers.

    A refusal is a bad status; its sentence stands in ``Line.LastRefusal``.
    """

    def __init__(self, board: Board, loop: Loop, people: People, recipes: Mapping[str, Path]) -> None:
        self._board = board
        self._loop = loop
        self._people = people
        self._recipes = recipes
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def add(self) -> None:
        """Put them on the server, which has not been started yet."""
        number = _argument("number", ua.ObjectIds.UInt32, "of the alarm (Alarms.*.Number); 0: all")
        name = _argument("name", ua.ObjectIds.String, "of a recipe in the file that --opcua names")
        stopped_by = _argument("stoppedBy", ua.ObjectIds.String, "what keeps it stopped all the same; empty: nothing")
        count = _argument("acknowledged", ua.ObjectIds.UInt32, "how many alarms that were")
        await self._add("Start", self._start, [], [stopped_by])
        await self._add("Stop", self._stop, [], [])
        await self._add("Acknowledge", self._acknowledge, [number], [count])
        await self._add("SelectRecipe", self._select_recipe, [name], [])

    async def _add(self, name: str, method: _Method, takes: list[ua.Argument], gives: list[ua.Argument]) -> None:
        board, root = self._board, await self._board.folder("")
        await root.add_method(board.node_id(name), f"{board.space}:{name}", method, takes, gives)

    async def _start(self, _parent: ua.NodeId, *_: ua.Variant) -> ua.CallMethodResult:
        def told(result: Result) -> ua.Variant:
            return ua.Variant(str(result.get("stopped_by") or ""), ua.VariantType.String)

        start = _Command(order=StartSorting(), role=Role.OPERATOR, action="line.start", target="line", new="sorting")
        return await self._do(start, told)

    async def _stop(self, _parent: ua.NodeId, *_: ua.Variant) -> ua.CallMethodResult:
        return await self._do(
            _Command(order=StopSorting(), role=Role.OPERATOR, action="line.stop", target="line", new="stopped")
        )

    async def _acknowledge(self, _parent: ua.NodeId, *given: ua.Variant) -> ua.CallMethodResult:
        number = _only(given, int)
        if number is None or not 0 <= number < 2**32:
            return await self._refuse("acknowledge: takes one number from 0 on", ua.StatusCodes.BadInvalidArgument)

        def told(result: Result) -> ua.Variant:
            return ua.Variant(int(str(result.get("acknowledged", 0))), ua.VariantType.UInt32)

        order = Acknowledge(number=number or None)
        target = f"alarm {number}" if number else "all alarms"
        return await self._do(
            _Command(order=order, role=Role.OPERATOR, action="alarm.acknowledge", target=target), told
        )

    async def _select_recipe(self, _parent: ua.NodeId, *given: ua.Variant) -> ua.CallMethodResult:
        name = _only(given, str)
        file = None if name is None else self._recipes.get(name)
        if name is None or file is None:
            there = ", ".join(self._recipes) or "none"
            return await self._refuse(f"select recipe: there are {there}", ua.StatusCodes.BadNotFound)
        order = Activate(what="recipe", file=str(file), version=name)
        return await self._do(
            _Command(order=order, role=Role.ENGINEER, action="recipe.activate", target="recipe", new=name)
        )

    async def _do(self, command: _Command, told: Callable[[Result], ua.Variant] | None = None) -> ua.CallMethodResult:
        """Give the order in a thread, for the loop answers in its own time."""
        asked = command.order.order
        if self._room.locked():
            return await self._refuse(f"{asked}: too many orders at once", ua.StatusCodes.BadTooManyOperations)
        async with self._room:
            try:
                result = await asyncio.to_thread(self._ask, command)
            except RefusedError as refused:
                return await self._refuse(f"{asked}: {refused}", _STATUS[refused.refusal])
            except UnheardError as error:
                return await self._refuse(f"{asked}: {error}", ua.StatusCodes.BadTimeout)
            except (AccountError, AuditError) as error:
                return await self._refuse(f"{asked}: {error}", ua.StatusCodes.BadResourceUnavailable)
        return ua.CallMethodResult(OutputArguments=[] if told is None else [told(result)])

    def _ask(self, command: _Command) -> Result:
        actor = self._people.actor()
        actor.must(command.role)
        result = self._loop.ask(command.order, actor.name)
        actor.note(command.action, command.target, new=command.new)
        return result

    async def _refuse(self, sentence: str, status: int) -> ua.CallMethodResult:
        LOGGER.warning("OPC UA: refused: %s", sentence)
        await self._board.say_refused(sentence)
        return ua.CallMethodResult(StatusCode=ua.StatusCode(ua.UInt32(status)))


def _only(given: tuple[ua.Variant, ...], kind: type[_Value]) -> _Value | None:
    """The one argument of that type; None for anything else, for clients may send what they like."""
    if len(given) != 1 or not isinstance(given[0], ua.Variant) or type(given[0].Value) is not kind:
        return None
    return given[0].Value


def _argument(name: str, kind: int, words: str) -> ua.Argument:
    return ua.Argument(Name=name, DataType=ua.NodeId(ua.Int32(kind)), ValueRank=-1, Description=ua.LocalizedText(words))
