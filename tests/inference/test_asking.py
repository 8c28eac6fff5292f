"""The way from page to loop: orders, answers, refusals, and what becomes of them when either end is gone."""

from __future__ import annotations

import socket
import threading

import pytest
from tests.hardware.waiting import eventually

from neosort_inference.asking import channel
from neosort_inference.asking.channel import MOST_AT_ONCE, MOST_PENDING, Asked, NoLoop, PagesEnd, UnheardError
from neosort_inference.asking.channel import open_asking as open_way
from neosort_inference.asking.desk import Desk
from neosort_inference.asking.orders import (
    Acknowledge,
    Activate,
    BeginProcedure,
    CancelProcedure,
    RefusedError,
    Shadow,
    ShowProcedure,
    StartSorting,
    StepProcedure,
    StopSorting,
    TestValve,
)

ORDERS = [
    StartSorting(),
    StopSorting(),
    Acknowledge(),
    Acknowledge(number=3),
    TestValve(nozzle=0, blow_mm=20.0),
    Activate(what="recipe", file="/state/recipes/a/3.toml", version="a 3"),
    Shadow(file=None),
    BeginProcedure(procedure="encoder", settings={"length_mm": 1000.0}),
    StepProcedure(action="enter", values={"corners": [[1.0, 2.0], [3.0, 4.0]]}),
    ShowProcedure(),
    CancelProcedure(),
]


@pytest.fixture
def way():
    loop, pages = open_way()
    page = PagesEnd(pages)
    yield loop, page
    page.close()
    loop.close()


def answering(loop, desk):
    """A thread that does what the loop's thread does in a run; returns how to end it."""
    over = threading.Event()

    def turn():
        while not over.wait(0.001):
            for asked in loop.take():
                desk.take(asked)

    thread = threading.Thread(target=turn)
    thread.start()

    def end():
        over.set()
        thread.join()

    return end


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.order)
def test_every_order_arrives_as_it_was_given_and_its_answer_comes_back(way, order):
    loop, page = way
    seen = []
    desk = Desk()

    def do(got, asked):
        seen.append((got, asked.by))
        return {"done": True}

    desk.on(type(order), do)
    end = answering(loop, desk)
    try:
        assert page.ask(order, "Ada", within_s=60) == {"done": True}
    finally:
        end()
    assert seen == [(order, "Ada")]


def test_a_refusal_a_missing_handler_and_a_failure_are_answers_and_the_loop_goes_on(way):
    loop, page = way
    desk = Desk()

    def refuse(_order, _asked):
        raise RefusedError("not now", "the line sorts")

    def fail(_order, _asked):
        raise ZeroDivisionError("oh")

    desk.on(StartSorting, refuse)
    desk.on(StopSorting, fail)
    desk.on(Acknowledge, lambda order, asked: {"acknowledged": 1})
    end = answering(loop, desk)
    try:
        with pytest.raises(RefusedError, match="the line sorts") as refused:
            page.ask(StartSorting(), "Ada", within_s=60)
        assert refused.value.refusal == "not now"
        with pytest.raises(RefusedError, match="ZeroDivisionError: oh"):
            page.ask(StopSorting(), "Ada", within_s=60)
        with pytest.raises(RefusedError, match="cannot show procedure"):
            page.ask(ShowProcedure(), "Ada", within_s=60)
        assert page.ask(Acknowledge(), "Ada", within_s=60) == {"acknowledged": 1}
    finally:
        end()


def test_an_order_may_be_answered_later_from_another_thread(way):
    loop, page = way
    desk = Desk()
    kept: list[Asked] = []
    desk.on(StopSorting, lambda _order, asked: kept.append(asked))
    desk.on(StartSorting, lambda _order, _asked: {})
    end = answering(loop, desk)
    later = threading.Thread(target=lambda: eventually(lambda: kept)[0].answer({"late": 1}))
    later.start()
    try:
        assert page.ask(StopSorting(), "Ada", within_s=60) == {"late": 1}
        assert page.ask(StartSorting(), "Ada", within_s=60) == {}
    finally:
        end()
        later.join()


@pytest.mark.parametrize(
    "order",
    [
        TestValve(nozzle=-1),
        Activate(what="recipe", file="", version="x"),
        BeginProcedure(procedure="x" * 65),
        StepProcedure(action="enter", values={"huge": "x" * channel.MOST_BYTES}),
    ],
)
def test_an_order_out_of_bounds_never_reaches_the_loop(way, order):
    loop, page = way
    with pytest.raises(RefusedError) as refused:
        page.ask(order, "Ada", within_s=60)
    assert refused.value.refusal == "not fitting"
    assert loop.take() == ()


def test_an_answer_that_does_not_come_in_time_is_told_and_the_late_one_disturbs_nobody(way):
    loop, page = way
    with pytest.raises(UnheardError, match=r"within 0\.01 s"):
        page.ask(StartSorting(), "Ada", within_s=0.01)
    (first,) = loop.take()
    first.answer({"of": "the first"})
    desk = Desk()
    desk.on(StartSorting, lambda _order, _asked: {"of": "the second"})
    end = answering(loop, desk)
    try:
        assert page.ask(StartSorting(), "Ada", within_s=60) == {"of": "the second"}
    finally:
        end()


def test_a_loop_that_is_gone_is_said_at_once_to_those_who_wait_and_to_those_who_come(way):
    loop, page = way
    said = []

    def wait():
        try:
            page.ask(StartSorting(), "Ada", within_s=600)
        except UnheardError as error:
            said.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    eventually(loop.take)
    loop.close()
    waiting.join()
    assert said == ["the loop has gone"]
    with pytest.raises(UnheardError, match="does not listen"):
        page.ask(StartSorting(), "Ada", within_s=600)
    with pytest.raises(UnheardError, match="does not listen"):
        NoLoop().ask(StartSorting(), "Ada")


def test_a_page_that_is_gone_asks_nothing_and_its_answers_are_counted():
    loop, pages = open_way()
    page = PagesEnd(pages)
    with pytest.raises(UnheardError):
        page.ask(StartSorting(), "Ada", within_s=0.01)
    (asked,) = loop.take()
    page.close()
    assert loop.take() == ()
    asked.answer()
    assert loop.unanswered == 1
    loop.close()
    assert loop.take() == ()


def test_one_look_takes_a_bounded_number_and_too_many_at_once_are_refused(way):
    loop, page = way
    said = []

    def ask():
        try:
            page.ask(Acknowledge(), "Ada", within_s=600)
        except UnheardError as error:
            said.append(str(error))

    people = [threading.Thread(target=ask) for _ in range(MOST_PENDING)]
    for person in people:
        person.start()
    eventually(lambda: len(page._pending) == MOST_PENDING)
    with pytest.raises(UnheardError, match="wait for the loop already"):
        page.ask(Acknowledge(), "Bo")
    taken = []
    while len(taken) < MOST_PENDING:
        some = loop.take()
        assert len(some) <= MOST_AT_ONCE
        taken += some
    for asked in taken:
        asked.answer()
    for person in people:
        person.join()
    assert said == []


def test_what_is_no_order_is_not_taken_for_one():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    loop = channel.LoopsEnd(ours)
    for message in (b"\x80\x04.", b"{}", b'{"number": 1, "by": "Ada", "order": {"order": "run", "code": "x"}}'):
        theirs.send(message)
    theirs.send(b'{"number": 1, "by": "Ada", "order": {"order": "acknowledge"}}')
    assert [asked.order for asked in loop.take()] == [Acknowledge()]
    theirs.close()
    loop.close()
