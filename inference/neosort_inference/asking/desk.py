"""Who does what the loop is asked, order by order."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from neosort_inference.asking.channel import Asked
from neosort_inference.asking.orders import Order, RefusedError, Result

LOGGER = logging.getLogger("neosort.asking")

_Order = TypeVar("_Order", bound=Order)
Handler = Callable[[_Order, Asked], Result | None]


class Desk:
    """Hands every order to whoever does it. Used in the loop's thread alone.

    A handler is called in the loop and returns at once: with the result; or with None, when it has taken the order to
    be answered later, from whatever thread. It raises `RefusedError` where the order is not to be done.
    """

    def __init__(self) -> None:
        self._handlers: dict[type[Any], Handler[Any]] = {}

    def on(self, order: type[_Order], handler: Handler[_Order]) -> None:
        """From now on ``handler`` does orders of that type."""
        self._handlers[order] = handler

    def take(self, asked: Asked) -> None:
        """Have an order done. Whatever goes wrong is an answer: no order ends the loop."""
        handler = self._handlers.get(type(asked.order))
        if handler is None:
            asked.refuse("nobody", f"this run cannot {asked.order.order}")
            return
        try:
            result = handler(asked.order, asked)
        except RefusedError as refused:
            asked.refuse(refused.refusal, str(refused))
        except Exception as error:
            LOGGER.exception("'%s' has failed", asked.order.order)
            asked.refuse("nobody", f"'{asked.order.order}' has failed: {type(error).__name__}: {error}")
        else:
            if result is not None:
                asked.answer(result)
