"""What the plant's control system may ask of the line: methods of its node, each an order to the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from asyncua import ua

from neosort_hardware.section import ConfigError
from neosort_inference.access.actor import Actor
from neosort_inference.access.audit import AuditError
from neosort_inference.access.database import AccountError
from neosort_inference.access.role import Role
from neosort_inference.asking.channel import Loop, UnheardError
from neosort_inference.asking.orders import (
    Acknowledge,
    Order,
    Refusal,
    RefusedError,
    Result,
    StartSorting,
    StopSorting,
)
from neosort_inference.plant.board import Board
from neosort_inference.plant.people import People
from neosort_inference.plant.recipe_choice import RecipeChoice
from neosort_inference.plant.rights import LOGGER
from neosort_inference.services.doing import have_done

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
    """``Start``, ``Stop``, ``Acknowledge(number)`` for operators, ``SelectRecipe(name)`` for engineers, and for every
    account ``ListRecipes``.

    A refusal is a bad status; its sentence stands in ``Line.LastRefusal``.
    """

    def __init__(self, board: Board, loop: Loop, people: People, recipes: RecipeChoice) -> None:
        self._board = board
        self._loop = loop
        self._people = people
        self._recipes = recipes
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def add(self) -> None:
        """Put them on the server, which has not been started yet."""
        number = _argument("number", ua.ObjectIds.UInt32, "of the alarm (Alarms.*.Number); 0: all")
        name = _argument("name", ua.ObjectIds.String, "one of ListRecipes")
        names = _argument("names", ua.ObjectIds.String, "what SelectRecipe takes", several=True)
        stopped_by = _argument("stoppedBy", ua.ObjectIds.String, "what keeps it stopped all the same; empty: nothing")
        count = _argument("acknowledged", ua.ObjectIds.UInt32, "how many alarms that were")
        await self._add("Start", self._start, [], [stopped_by])
        await self._add("Stop", self._stop, [], [])
        await self._add("Acknowledge", self._acknowledge, [number], [count])
        await self._add("SelectRecipe", self._select_recipe, [name], [])
        await self._add("ListRecipes", self._list_recipes, [], [names])

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
        if name is None:
            return await self._refuse("select recipe: takes one name", ua.StatusCodes.BadInvalidArgument)

        def select(actor: Actor) -> Result:
            self._recipes.select(actor, name)
            return {}

        return await self._have_done("select recipe", select)

    async def _list_recipes(self, _parent: ua.NodeId, *_: ua.Variant) -> ua.CallMethodResult:
        def names(_actor: Actor) -> Result:
            return {"names": list(self._recipes.names())}

        def told(result: Result) -> ua.Variant:
            return ua.Variant(result["names"], ua.VariantType.String, is_array=True)

        return await self._have_done("list recipes", names, told)

    async def _do(self, command: _Command, told: Callable[[Result], ua.Variant] | None = None) -> ua.CallMethodResult:
        return await self._have_done(command.order.order, partial(self._give, command), told)

    async def _have_done(
        self, asked: str, what: Callable[[Actor], Result], told: Callable[[Result], ua.Variant] | None = None
    ) -> ua.CallMethodResult:
        """In the caller's name, in a thread, for the loop answers in its own time."""
        if self._room.locked():
            return await self._refuse(f"{asked}: too many orders at once", ua.StatusCodes.BadTooManyOperations)
        async with self._room:
            try:
                result = await asyncio.to_thread(lambda: what(self._people.actor()))
            except RefusedError as refused:
                return await self._refuse(f"{asked}: {refused}", _STATUS[refused.refusal])
            except UnheardError as error:
                return await self._refuse(f"{asked}: {error}", ua.StatusCodes.BadTimeout)
            except (AccountError, AuditError, ConfigError) as error:
                return await self._refuse(f"{asked}: {error}", ua.StatusCodes.BadResourceUnavailable)
        return ua.CallMethodResult(OutputArguments=[] if told is None else [told(result)])

    def _give(self, command: _Command, actor: Actor) -> Result:
        actor.must(command.role)
        return have_done(actor, self._loop, command.order, command.action, command.target, new=command.new)

    async def _refuse(self, sentence: str, status: int) -> ua.CallMethodResult:
        LOGGER.warning("OPC UA: refused: %s", sentence)
        await self._board.say_refused(sentence)
        return ua.CallMethodResult(StatusCode=ua.StatusCode(ua.UInt32(status)))


def _only(given: tuple[ua.Variant, ...], kind: type[_Value]) -> _Value | None:
    """The one argument of that type; None for anything else, for clients may send what they like."""
    if len(given) != 1 or not isinstance(given[0], ua.Variant) or type(given[0].Value) is not kind:
        return None
    return given[0].Value


def _argument(name: str, kind: int, words: str, *, several: bool = False) -> ua.Argument:
    return ua.Argument(
        Name=name,
        DataType=ua.NodeId(ua.Int32(kind)),
        ValueRank=1 if several else -1,
        ArrayDimensions=[0] if several else [],
        Description=ua.LocalizedText(words),
    )
