"""Having the loop do something in a person's name, so that the trail holds it however it ends; the way back, also
where the loop goes it by itself."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue

from neosort_inference.access.actor import Actor
from neosort_inference.asking.channel import ANSWER_WITHIN_S, Loop, UnheardError
from neosort_inference.asking.orders import Order, RefusedError, Result
from neosort_inference.exchange.went_back import WentBack
from neosort_inference.in_use import InUse


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


def followed(in_use: InUse, brought: str, went_back: WentBack, line: Actor, action: str) -> bool:
    """Enter that the line has gone back by itself, and note why; whether it went by what it has left, as far as the
    record goes. ``brought``: what the record calls that which the program brings along."""
    left = in_use.now()
    if left is None or (left.version or brought) != went_back.version:
        return False
    use = in_use.undo(line.name, went_back.why)
    told: dict[str, JsonValue] = {"in use": use.version or brought, "why": went_back.why}
    line.note(action, went_back.what, old=went_back.version, new=told)
    return True


def gone_by_before(in_use: InUse) -> tuple[str, Path] | None:
    """Version and file that rolling back goes to; None: what the program brings along. Raises `RefusedError` where
    there is nothing to go back from."""
    try:
        before = in_use.before()
    except LookupError as error:
        raise RefusedError("not now", str(error)) from None
    if before is None or before.file is None or before.version is None:
        return None
    return before.version, Path(before.file)
