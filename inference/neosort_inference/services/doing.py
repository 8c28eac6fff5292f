"""Having the loop do something in a person's name, so that the trail holds it however it ends."""

from __future__ import annotations

from pydantic import JsonValue

from neosort_inference.access.actor import Actor
from neosort_inference.asking.channel import ANSWER_WITHIN_S, Loop, UnheardError
from neosort_inference.asking.orders import Order, Result


def have_done(
    actor: Actor,
    loop: Loop,
    order: Order,
    action: str,
    target: str,
    *,
    old: JsonValue = None,
    new: JsonValue = None,
    within_s: float = ANSWER_WITHIN_S,
) -> Result:
    """Ask, and note what was done. What the loop refuses is not noted; an order that it has and does not answer in time
    is, as such, for it may still be done. Raises as `Loop.ask`."""
    try:
        told = loop.ask(order, actor.name, within_s)
    except UnheardError as error:
        if error.handed_over:
            actor.note(action, target, old=old, new={"wanted": new, "unanswered": str(error)})
        raise
    actor.note(action, target, old=old, new=new)
    return told
