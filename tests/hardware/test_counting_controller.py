"""The reference controller in C, byte by byte: what it answers, which valve moves at which count, what shuts it."""

import random
import struct
import subprocess

import pytest
from tests.hardware.controller_process import ByteBench

from neosort_hardware.framing import framed

OK, LATE, FULL, RANGE, FAR, UNCONFIGURED, SILENT, INTERLOCK, UNKNOWN, LIMIT, TAKEN = range(11)
EXECUTED, CUT_SHORT, MISSED, FORGOTTEN = range(4)
WAS_OPEN = 0x80
HELLO, CONFIGURE, HEARTBEAT, SHOT, CANCEL, CLOSE_ALL, COUNT, VALVES = range(1, 9)


@pytest.fixture
def bench(controller_program):
    """A configured board over a belt at 1 m/s, two counts a millisecond."""
    with ByteBench(controller_program) as board:
        assert board.configure() == OK
        yield board


def opened(board):
    """Counts at which valves opened, by valve."""
    return {stroke.valve: stroke.count for stroke in board.take_strokes() if stroke.opened}


def test_it_says_what_it_is_byte_by_byte(controller_program):
    with ByteBench(controller_program, "--valves", "24") as board:
        board.serial.write(bytes.fromhex("06 01 07 02 79 42 00"))  # COBS of HELLO, number 7, protocol 2, CRC 0x4279
        received = board.heard()
    # reply, number 7: protocol 2, no flags, firmware 3, 24 valves, 64 shots, 2000 ms, 500,000 nm per count
    packet = bytes.fromhex("81 07 02 00 0300 1800 4000 d007 20a10700")
    assert received == framed(packet)
    assert received[-1] == 0
    assert 0 not in received[:-1]


def test_a_board_that_has_not_been_told_its_limits_fires_nothing(controller_program):
    with ByteBench(controller_program) as board:
        assert board.shot(1, 0, 0, 100, 200) == UNCONFIGURED
        board.run_ms(300)
        assert board.take_strokes() == []
        assert board.status()[0] == 0


def test_a_shot_opens_and_closes_its_valves_at_its_counts(bench):
    assert bench.shot(7, 3, 5, 400, 460) == OK
    assert bench.status()[3] == 1, "waiting"
    bench.run_ms(300)
    strokes = bench.take_strokes()
    assert [(s.valve, s.opened, s.count) for s in strokes] == [
        (3, True, 400), (4, True, 400), (5, True, 400), (3, False, 460), (4, False, 460), (5, False, 460),
    ]  # fmt: skip
    assert [s.us for s in strokes] == pytest.approx([200_000] * 3 + [230_000] * 3, abs=1)
    assert bench.events == [(0, 7, EXECUTED | WAS_OPEN, 400, 460)]
    assert bench.status()[6] == 1, "executed"


def test_every_shot_of_a_ramp_opens_at_its_exact_count(bench):
    bench.tell("ramp 0.5 3.0 2.5")
    wanted = {count: (count // 100) % 48 for count in range(200, 8600, 100)}
    waiting = sorted(wanted)
    while waiting or bench.status()[3]:
        while waiting and bench.status()[3] < 60:
            count = waiting.pop(0)
            assert bench.shot(count, wanted[count], wanted[count], count, count + 37) == OK
        bench.run_ms(100)
    strokes = bench.take_strokes()
    assert [(s.valve, s.count) for s in strokes if s.opened] == [(wanted[count], count) for count in sorted(wanted)]
    assert [s.count for s in strokes if not s.opened] == [count + 37 for count in sorted(wanted)]
    slowest_us, fastest_us = strokes[1].us - strokes[0].us, strokes[-1].us - strokes[-2].us
    assert slowest_us > 4 * fastest_us, "the same counts took so much less time, and nothing but the count mattered"


@pytest.mark.parametrize(("speed", "lag_us"), [(0.5, 2150), (1.0, 2150), (3.0, 2150), (2.8, 90_000)])
def test_valves_are_led_by_their_lag_at_the_belts_speed(bench, speed, lag_us):
    assert bench.configure(leads_us=(lag_us, lag_us // 2)) == OK
    bench.tell(f"ramp {speed} {speed} 0")
    assert bench.shot(1, 0, 0, 600, 900) == OK
    bench.run_ms(1200)
    opening, closing = bench.take_strokes()
    lead = lag_us * speed * 2e-3
    assert opening.count == pytest.approx(600 - lead, abs=1)
    assert closing.count == pytest.approx(900 - lead / 2, abs=1)


def test_each_valve_is_led_by_its_own_lag(bench):
    """Two counts a millisecond: each jet begins and ends at the same counts, whatever its valve's lag."""
    lags_us = [(1000, 2000), (5000, 1000), (3000, 6000)]
    bench.configure(leads_us=(2000, 2000))
    assert bench.lead(4, *lags_us) == OK
    assert bench.shot(1, 3, 6, 600, 700) == OK
    bench.run_ms(400)
    strokes = bench.take_strokes()
    opens = {stroke.valve: stroke.count for stroke in strokes if stroke.opened}
    shuts = {stroke.valve: stroke.count for stroke in strokes if not stroke.opened}
    assert opens == {3: 596, 4: 598, 5: 590, 6: 594}
    assert shuts == {3: 696, 4: 696, 5: 698, 6: 688}
    assert bench.events == [(0, 1, EXECUTED | WAS_OPEN, 590, 698)], "first and last stroke"


def test_a_shot_that_one_of_its_valves_makes_late_is_refused(bench):
    bench.lead(5, (10_000, 0))  # 20 counts at 1 m/s
    bench.run_ms(50)
    assert bench.shot(1, 3, 4, 115, 200) == OK
    assert bench.shot(2, 3, 5, 115, 200) == LATE
    bench.configure()
    assert bench.shot(3, 3, 5, 115, 200) == OK, "limits told anew lead all alike"


def test_a_valve_whose_moment_was_jumped_over_stays_shut_and_the_others_blow(bench):
    bench.configure(leads_us=(0, 0), max_late=4)
    bench.lead(5, (20_000, 20_000))
    bench.run_ms(50)
    bench.shot(1, 4, 5, 240, 300)
    bench.run_ms(40)  # 20 counts still to go to the first valve's moment
    bench.tell("jump 30")
    bench.run_ms(300)
    assert opened(bench) == {4: 240}
    assert [event[2] for event in bench.events] == [MISSED | WAS_OPEN]


def test_leads_of_valves_that_there_are_not_are_refused(bench, controller_program):
    assert bench.lead(46, (1, 1), (1, 1)) == OK
    assert bench.lead(47, (1, 1), (1, 1)) == RANGE
    assert bench.ask(0x09, b"\0\0\1")[0] == 0xFF, "half a lead"
    with ByteBench(controller_program) as board:
        assert board.lead(0, (1, 1)) == UNCONFIGURED


def test_the_lead_follows_a_belt_that_speeds_up(bench):
    """When the jet arrives, a lag after the stroke, the belt is where the shot wants it, whatever the speed."""
    bench.configure(leads_us=(5000, 5000))
    bench.tell("ramp 0.5 3.0 2.5")
    counts = range(400, 8400, 400)
    for number, count in enumerate(counts):
        assert bench.shot(number, number, number, count, count + 90) == OK
    arrived = []
    for _ in range(2600):
        bench.tell("run 1000")
        if len(arrived) < len(counts) and _ % 100 == 0:
            bench.ask(HEARTBEAT)
    strokes = [stroke for stroke in bench.take_strokes() if stroke.opened]
    for stroke, count in zip(strokes, counts, strict=True):
        at_s = stroke.us * 1e-6 + 5000e-6
        belt = 2000 * (0.5 * at_s + 0.5 * 1.0 * at_s**2)  # counts of half a millimetre, 1 m/s² from 0.5 m/s
        arrived.append(belt - count)
    assert arrived == pytest.approx([0.0] * len(counts), abs=1.5)


def test_a_late_shot_is_refused_and_never_fired(bench):
    bench.run_ms(200)
    count = bench.status()[1]
    assert count == 400
    assert bench.shot(1, 0, 0, 399, 500) == LATE
    assert bench.shot(2, 1, 1, 100, 10_000) == LATE, "its closing is still to come, and yet"
    assert bench.shot(3, 2, 2, 400, 410) == OK, "this very count can still be met"
    bench.run_ms(100)
    assert opened(bench) == {2: 400}
    assert bench.status()[10] == 2, "refused"


def test_a_shot_that_a_lead_makes_late_is_refused(bench):
    bench.configure(leads_us=(10_000, 10_000))  # 20 counts at 1 m/s
    bench.run_ms(200)
    assert bench.shot(1, 0, 0, 415, 500) == LATE
    assert bench.shot(2, 0, 0, 425, 500) == OK


@pytest.mark.parametrize("counts", [1000, -500])
def test_a_shot_whose_opening_the_count_jumps_over_is_dropped_not_fired_late(bench, counts):
    assert bench.shot(1, 0, 0, 600, 700) == OK
    assert bench.shot(2, 1, 1, 3000, 3100) == OK
    bench.run_ms(100)
    bench.tell(f"jump {counts}")
    bench.run_ms(1800)
    if counts > 0:
        assert opened(bench) == {1: 3000}
        assert bench.events[0] == (0, 1, MISSED, 0, 1200)
        assert bench.status()[8] == 1, "missed"
    else:
        assert opened(bench) == {0: 600, 1: 3000}, "a belt that was pushed back comes by again"


def test_a_silent_host_shuts_the_valves_and_forgets_the_shots(bench):
    bench.shot(1, 0, 3, 200, 5000)
    bench.shot(2, 4, 4, 2000, 2100)
    bench.run_ms(700, heartbeat_every_ms=None)
    strokes = bench.take_strokes()
    assert [(s.valve, s.count) for s in strokes if s.opened] == [(valve, 200) for valve in range(4)]
    shut = [s for s in strokes if not s.opened]
    assert [s.valve for s in shut] == [0, 1, 2, 3]
    assert {s.us for s in shut} == {500_250}, "the first tick beyond 500 ms"
    assert bench.shot(3, 0, 0, 9000, 9100) == SILENT
    assert bench.status()[0] == 1 | 2
    assert {event[1]: event[2] for event in bench.events} == {1: FORGOTTEN | WAS_OPEN, 2: FORGOTTEN}
    assert bench.status()[0] == 1, "heard again"
    assert bench.shot(4, 0, 0, 9000, 9100) == OK
    assert bench.status()[11] == 1, "silences"


def test_only_a_heartbeat_is_a_sign_of_life(bench):
    bench.shot(1, 0, 0, 200, 5000)
    for _ in range(8):
        bench.tell("run 100000")
        bench.ask(COUNT)
        bench.ask(HELLO, b"\x02")
        bench.ask(VALVES, b"\0\0")
    assert bench.status()[0] == 1 | 2


def test_no_valve_stays_open_longer_than_its_longest_on_time(bench):
    bench.configure(max_on_ms=60)
    bench.shot(1, 0, 1, 200, 1000)
    bench.run_ms(105)
    bench.tell("ramp 0 0 0")  # the belt stops with the valves open: no count will ever close them
    bench.run_ms(500)
    strokes = bench.take_strokes()
    assert [(s.valve, s.opened) for s in strokes] == [(0, True), (1, True), (0, False), (1, False)]
    assert strokes[-1].us - strokes[0].us == pytest.approx(60_000, abs=250)
    bench.tell("ramp 1 1 0")
    bench.run_ms(500)
    assert bench.take_strokes() == [], "it stays shut for the rest of the shot"
    assert [event[2] for event in bench.events] == [CUT_SHORT | WAS_OPEN]
    bench.shot(2, 0, 0, 2000, 2020)
    bench.run_ms(700)
    assert opened(bench) == {0: 2000}, "and serves the next one"


def test_a_row_of_shots_does_not_outwit_the_longest_on_time(bench):
    bench.configure(max_on_ms=60)
    for number in range(20):  # each overlaps the next: one long blast of 0.5 s
        assert bench.shot(number, 0, 0, 200 + 50 * number, 260 + 50 * number) == OK
    bench.run_ms(700)
    open_us = closed_us = 0
    for stroke in bench.take_strokes():
        if stroke.opened:
            open_us = stroke.us
        else:
            assert stroke.us - open_us <= 60_250
            closed_us += stroke.us - open_us
    assert closed_us > 0


def test_shots_that_touch_or_overlap_keep_the_valve_open_in_between(bench):
    bench.shot(1, 0, 0, 200, 240)
    bench.shot(2, 0, 1, 240, 280)
    bench.shot(3, 1, 1, 260, 300)
    bench.run_ms(200)
    assert [(s.valve, s.opened, s.count) for s in bench.take_strokes()] == [
        (0, True, 200), (1, True, 240), (0, False, 280), (1, False, 300),
    ]  # fmt: skip


def test_more_shots_than_the_queue_holds_are_refused_with_a_word(bench):
    results = [bench.shot(number, 0, 0, 1000 + number, 1001 + number) for number in range(70)]
    assert results == [OK] * 64 + [FULL] * 6
    bench.run_ms(700)
    assert bench.shot(99, 0, 0, 2000, 2001) == OK, "there is room again"


@pytest.mark.parametrize(
    ("shot", "result"),
    [
        ((0, 48, 1000, 1100), RANGE),
        ((5, 4, 1000, 1100), RANGE),
        ((0, 65_535, 1000, 1100), RANGE),
        ((0, 0, 1100, 1000), RANGE),
        ((0, 0, 1000, 1000), RANGE),
        ((0, 0, 2**30 + 100, 2**30 + 200), FAR),
    ],
)
def test_nonsense_is_refused(bench, shot, result):
    assert bench.shot(1, *shot) == result
    bench.run_ms(700)
    assert bench.take_strokes() == []


@pytest.mark.parametrize(
    ("limits", "result"),
    [
        ({"valves": 49}, RANGE),
        ({"valves": 0}, RANGE),
        ({"heartbeat_ms": 0}, RANGE),
        ({"leads_us": (2_000_001, 0)}, RANGE),
        ({"max_on_ms": 2001}, LIMIT),
        ({"max_on_ms": 0}, LIMIT),
    ],
)
def test_limits_that_the_board_cannot_keep_are_refused_and_change_nothing(bench, limits, result):
    assert bench.configure(**limits) == result
    assert bench.shot(1, 47, 47, 100, 150) == OK


def test_new_limits_shut_everything_first(bench):
    bench.shot(1, 0, 0, 100, 1000)
    bench.run_ms(100)
    assert bench.configure() == OK
    assert [(s.opened, s.count) for s in bench.take_strokes()] == [(True, 100), (False, 200)]


def test_one_shot_can_be_cancelled_waiting_or_blowing(bench):
    bench.shot(1, 0, 0, 100, 1000)
    bench.shot(2, 1, 1, 300, 400)
    bench.shot(3, 2, 2, 300, 400)
    bench.run_ms(100)
    assert bench.ask(CANCEL, struct.pack("<I", 1))[1] == bytes([OK])
    assert bench.ask(CANCEL, struct.pack("<I", 2))[1] == bytes([OK])
    assert bench.ask(CANCEL, struct.pack("<I", 2))[1] == bytes([UNKNOWN])
    bench.run_ms(200)
    assert [(s.valve, s.opened, s.count) for s in bench.take_strokes()] == [
        (0, True, 100), (0, False, 200), (2, True, 300), (2, False, 400),
    ]  # fmt: skip


def test_close_all_shuts_and_forgets(bench):
    bench.shot(1, 0, 0, 100, 1000)
    bench.shot(2, 1, 1, 300, 400)
    bench.run_ms(100)
    assert bench.ask(CLOSE_ALL) == (0x86, b"")
    bench.run_ms(300)
    assert [(s.valve, s.opened, s.count) for s in bench.take_strokes()] == [(0, True, 100), (0, False, 200)]


def test_a_shot_that_is_asked_for_twice_fires_once_and_its_number_is_not_given_away(bench):
    assert bench.shot(1, 0, 0, 100, 150) == OK
    assert bench.shot(1, 0, 0, 100, 150) == OK
    assert bench.shot(1, 0, 0, 100, 151) == TAKEN
    assert bench.status()[3] == 1
    bench.run_ms(100)
    assert opened(bench) == {0: 100}


def test_the_count_wraps_around(controller_program):
    with ByteBench(controller_program, "--count", str(2**32 - 300)) as board:
        board.configure()
        assert board.shot(1, 0, 0, 2**32 - 100, 2**32 + 50) == OK
        assert board.shot(2, 1, 1, 2**32 + 100, 2**32 + 150) == OK
        assert board.shot(3, 2, 2, 2**32 - 301, 2**32 + 50) == LATE
        board.run_ms(400)
        assert [(s.valve, s.opened, s.count) for s in board.take_strokes()] == [
            (0, True, 2**32 - 100), (0, False, 50), (1, True, 100), (1, False, 150),
        ]  # fmt: skip
        count, us = struct.unpack("<II", board.ask(COUNT)[1])
        assert (count, us) == (500, 400_000)


def test_the_clock_wraps_around_with_a_valve_open_and_a_lead(controller_program):
    with ByteBench(controller_program, "--time", str(2**32 - 100_000)) as board:
        board.configure(leads_us=(5000, 5000))
        assert board.shot(1, 0, 0, 100, 300) == OK
        board.run_ms(200)
        assert board.status()[2] == 100_000
        assert [(s.opened, s.count) for s in board.take_strokes()] == [
            (True, pytest.approx(90, abs=1)), (False, pytest.approx(290, abs=1)),
        ]  # fmt: skip


def test_a_belt_that_has_stood_still_is_not_led_by_its_old_speed(bench):
    bench.configure(leads_us=(20_000, 20_000))
    bench.run_ms(100)
    bench.tell("ramp 0 0 0")
    bench.run_ms(1500)
    bench.tell("ramp 0.5 0.5 0")
    assert bench.shot(1, 0, 0, 201, 400) == OK, "nothing is led before the speed is known"
    bench.run_ms(200)
    assert opened(bench) == {0: 201}


def test_an_open_interlock_shuts_everything_and_takes_no_shot(bench):
    bench.shot(1, 0, 0, 100, 1000)
    bench.run_ms(100)
    bench.tell("interlock open")
    bench.tell("run 1000")
    assert [s.opened for s in bench.take_strokes()] == [True, False]
    assert bench.status()[0] == 1 | 4
    assert bench.shot(2, 0, 0, 5000, 5100) == INTERLOCK
    bench.tell("interlock closed")
    assert bench.shot(2, 0, 0, 5000, 5100) == OK


def test_faulty_and_open_valves_are_told(bench):
    bench.tell("fault 3 1")
    bench.tell("fault 40 1")
    bench.shot(1, 8, 9, 100, 1000)
    bench.run_ms(100)
    assert bench.status()[4:6] == (2, 2)
    _, page = bench.ask(VALVES, b"\0\0")
    assert page == b"\0\0" + (0b11 << 8).to_bytes(24, "little") + (1 << 3 | 1 << 40).to_bytes(24, "little")
    _, rest = bench.ask(VALVES, struct.pack("<H", 40))
    assert rest == b"\x28\0" + bytes(24) + (1).to_bytes(24, "little")


@pytest.mark.parametrize("request_bytes", [b"\x09\x01", b"\x01\x01", b"\x04\x01abc", b"\x83\x01", b"\xff\x01"])
def test_what_it_does_not_understand_it_says_so(bench, request_bytes):
    bench.serial.write(framed(request_bytes))
    (packet,) = bench.reader.feed(bench.heard())
    assert packet == bytes([0xFF, 0x01, request_bytes[0]])


def test_garbage_is_counted_and_does_no_harm(bench):
    rng = random.Random(5)
    bench.shot(1, 0, 0, 100, 150)
    whole = framed(struct.pack("<BBIHHII", SHOT, 9, 2, 0, 47, 200, 1000))
    spoilt = [
        whole[:-2] + b"\0",  # torn
        whole[3:],  # begun too late
        bytes([whole[0], whole[1] ^ 1]) + whole[2:],  # a bit flipped
        bytes(rng.randrange(1, 256) for _ in range(5000)) + b"\0",  # endless
        b"\x01\x01\x01\0",  # three zero bytes
        b"\xff\x01\0",  # COBS that promises more than there is
    ]
    for garbage in spoilt:
        bench.serial.write(garbage)
    assert bench.status()[12] == len(spoilt)
    bench.serial.write(b"\0\0\0\0")
    for _ in range(50):
        bench.serial.write(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 200))) + b"\0")
    bench.run_ms(200)
    assert opened(bench) == {0: 100}
    assert bench.status()[12] > len(spoilt) + 50


def test_a_frame_spoilt_in_any_one_bit_fires_nothing(bench):
    whole = framed(struct.pack("<BBIHHII", SHOT, 9, 2, 0, 47, 200, 1000))
    for bit in range(8 * len(whole)):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        bench.serial.write(bytes(spoilt) + b"\0")
        assert bench.status()[3] == 0, f"bit {bit}"


def test_it_explains_itself_and_refuses_nonsense(controller_program):
    shown = subprocess.run([controller_program, "--help"], capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "--virtual" in shown.stderr
    assert subprocess.run([controller_program, "--valves", "900"], capture_output=True, check=False).returncode == 2


def test_the_strokes_of_a_busy_queue_are_those_of_the_definition(bench):
    """Forty random shots: each valve is open exactly while one of them holds it."""
    rng = random.Random(11)
    shots = [(rng.randrange(40), rng.randrange(8), rng.randrange(50, 1200), rng.randrange(1, 90)) for _ in range(40)]
    for number, (first, more, opening, lasts) in enumerate(shots):
        assert bench.shot(number, first, first + more, opening, opening + lasts) == OK
    bench.run_ms(800)
    wanted = []
    for valve in range(48):
        held = [any(f <= valve <= f + m and o <= at < o + lasts for f, m, o, lasts in shots) for at in range(1400)]
        wanted += [(valve, held[at], at) for at in range(1, 1400) if held[at] != held[at - 1]]
    assert sorted((s.valve, s.opened, s.count) for s in bench.take_strokes()) == sorted(wanted)
