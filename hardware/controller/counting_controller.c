#include "counting_controller.h"
#include <string.h>

_Static_assert(NC_MAX_VALVES % 8 == 0, "valves are bits of bytes");
_Static_assert(NC_QUEUE <= UINT8_MAX, "a valve's users are counted in eight bits");

/* ---- bytes: little-endian numbers, CRC-16/CCITT-FALSE, COBS ---- */

static uint16_t get16(const uint8_t *from) { return (uint16_t)(from[0] | (unsigned)from[1] << 8); }
static uint32_t get32(const uint8_t *from) { return get16(from) | (uint32_t)get16(from + 2) << 16; }

static uint8_t *put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value, to[1] = (uint8_t)(value >> 8);
    return to + 2;
}
static uint8_t *put32(uint8_t *to, uint32_t value) { return put16(put16(to, value), value >> 16); }

static uint16_t crc16(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xFFFF;
    for (size_t i = 0; i < length; i++) {
        crc ^= (uint32_t)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0);
    }
    return (uint16_t)crc;
}

/* In place. The length decoded, 0 where the bytes are no COBS. */
static size_t cobs_decode(uint8_t *bytes, size_t length)
{
    size_t from = 0, to = 0;
    while (from < length) {
        size_t block = bytes[from++];
        if (block == 0 || from + block - 1 > length)
            return 0;
        for (size_t i = 1; i < block; i++)
            bytes[to++] = bytes[from++];
        if (block < 0xFF && from < length)
            bytes[to++] = 0;
    }
    return to;
}

/* `packet` has room for the checksum behind `length`. Sent as one call, so that a port drops whole frames or none. */
static void send(struct nc_controller *c, uint8_t *packet, size_t length)
{
    uint8_t frame[NC_PACKET + 2];
    size_t mark = 0, to = 1;
    put16(packet + length, crc16(packet, length));
    for (size_t from = 0; from < length + 2; from++) {
        frame[to++] = packet[from];
        if (packet[from] == 0) {
            frame[mark] = (uint8_t)(to - 1 - mark);
            mark = to - 1;
        }
    }
    frame[mark] = (uint8_t)(to - mark);
    frame[to++] = 0;
    c->port->send(c->port->context, frame, to);
}

/* ---- valves and shots ---- */

static void set_valve(struct nc_controller *c, uint16_t valve, bool open)
{
    if (c->is_open[valve] != open)
        c->port->valve(c->port->context, valve, open);
    c->is_open[valve] = open;
    c->opened_us[valve] = c->now_us;
}

static bool bit(const uint8_t *bits, uint32_t at) { return bits[at / 8] >> at % 8 & 1; }
static void set_bit(uint8_t *bits, uint32_t at) { bits[at / 8] |= (uint8_t)(1u << at % 8); }
static void clear_bit(uint8_t *bits, uint32_t at) { bits[at / 8] &= (uint8_t)~(1u << at % 8); }

static void hold(struct nc_controller *c, struct nc_shot *shot, uint32_t valve)
{
    if (!shot->open)
        shot->opened_at = c->count;
    shot->open = true;
    set_bit(shot->held, valve);
    if (c->users[valve]++ == 0)
        set_valve(c, (uint16_t)valve, true);
}

static void let_go(struct nc_controller *c, struct nc_shot *shot, uint32_t valve)
{
    clear_bit(shot->held, valve);
    if (--c->users[valve] == 0)
        set_valve(c, (uint16_t)valve, false);
}

/* The shot's place in the queue is free afterwards; the host is told. */
static void end_shot(struct nc_controller *c, struct nc_shot *shot, enum nc_end end)
{
    uint8_t packet[NC_PACKET] = {NC_SHOT_ENDED, c->event_sequence++}, *to = put32(packet + 2, shot->id);
    for (uint32_t valve = shot->first; valve <= shot->last; valve++)
        if (bit(shot->held, valve))
            let_go(c, shot, valve);
    *to++ = (uint8_t)(end | (shot->open ? NC_WAS_OPEN : 0));
    to = put32(to, shot->opened_at);
    to = put32(to, c->count);
    c->ended[end]++;
    memset(shot, 0, sizeof *shot);
    send(c, packet, (size_t)(to - packet));
}

static void close_all(struct nc_controller *c)
{
    for (uint32_t valve = 0; valve < c->port->valves; valve++)
        set_valve(c, (uint16_t)valve, false);
    for (size_t i = 0; i < NC_QUEUE; i++)
        if (c->shots[i].used)
            end_shot(c, &c->shots[i], NC_FORGOTTEN);
}

/* Counts that the belt travels in that time. Of a belt that has stopped the last edge grows old, and the lead small. */
static uint32_t lead(const struct nc_controller *c, uint32_t lead_us)
{
    uint32_t oldest_us = c->edge_us[(c->newest_edge + 1) % NC_SPEED_EDGES], span_us = c->now_us - oldest_us;
    if (c->edges < NC_SPEED_EDGES || span_us == 0)
        return 0;
    return (uint32_t)((uint64_t)lead_us * (NC_SPEED_EDGES - 1) / span_us);
}

/* By how many counts its moment has passed; negative as long as it is to come, whatever the wrap-around. */
static int32_t passed(const struct nc_controller *c, uint32_t at_count, uint32_t lead_us)
{
    return (int32_t)(c->count + lead(c, lead_us) - at_count);
}

static void follow_belt(struct nc_controller *c)
{
    uint32_t was_us = c->now_us, count = c->port->count(c->port->context);
    int32_t travelled = (int32_t)(count - c->count);
    c->now_us = c->port->now_us(c->port->context);
    if (travelled < 0 || travelled > NC_JUMP_COUNTS || c->now_us - c->edge_us[c->newest_edge] > NC_STANDSTILL_US)
        c->edges = 0;
    for (int32_t i = 1; i <= travelled && travelled <= NC_JUMP_COUNTS; i++) { /* several at once: evenly in between */
        uint64_t since_us = (uint64_t)(c->now_us - was_us) * (uint32_t)i / (uint32_t)travelled;
        c->newest_edge = (c->newest_edge + 1) % NC_SPEED_EDGES;
        c->edge_us[c->newest_edge] = was_us + (uint32_t)since_us;
        if (c->edges < NC_SPEED_EDGES)
            c->edges++;
    }
    c->count = count;
}

static void watch_over_host_and_interlock(struct nc_controller *c)
{
    uint8_t before = c->flags;
    c->flags &= (uint8_t)~NC_IS_INTERLOCKED;
    if (!c->port->interlock_closed(c->port->context))
        c->flags |= NC_IS_INTERLOCKED;
    if (c->flags & NC_IS_CONFIGURED && c->now_us - c->heard_us > c->heartbeat_us)
        c->flags |= NC_IS_SILENT;
    if (c->flags & ~before & NC_IS_SILENT)
        c->silences++;
    if (c->flags & ~before)
        close_all(c);
}

/* A valve that was open for too long stays shut until no open shot holds it any more. */
static void limit_on_time(struct nc_controller *c)
{
    for (size_t i = 0; i < NC_QUEUE; i++) {
        struct nc_shot *shot = &c->shots[i];
        for (uint32_t valve = shot->first; shot->open && valve <= shot->last; valve++) {
            if (!bit(shot->held, valve))
                continue;
            if (c->is_open[valve] && c->now_us - c->opened_us[valve] >= c->max_on_us)
                set_valve(c, (uint16_t)valve, false);
            shot->cut_short |= !c->is_open[valve];
        }
    }
}

/* Each valve in its own time: no two of them take as long. */
static void open_due(struct nc_controller *c, struct nc_shot *shot)
{
    if (!shot->used || passed(c, shot->open_count, c->longest_open_lead_us) < 0)
        return;
    for (uint32_t valve = shot->first; valve <= shot->last; valve++) {
        int32_t late = passed(c, shot->open_count, c->open_lead_us[valve]);
        if (bit(shot->begun, valve) || late < 0)
            continue;
        set_bit(shot->begun, valve);
        if (late > c->max_late_counts || passed(c, shot->close_count, c->close_lead_us[valve]) >= 0) {
            shot->missed = true;
            shot->to_do--;
        } else {
            hold(c, shot, valve);
        }
    }
}

static void close_due(struct nc_controller *c, struct nc_shot *shot)
{
    for (uint32_t valve = shot->first; shot->open && valve <= shot->last; valve++)
        if (bit(shot->held, valve) && passed(c, shot->close_count, c->close_lead_us[valve]) >= 0) {
            let_go(c, shot, valve);
            shot->to_do--;
        }
    if (shot->used && shot->to_do == 0)
        end_shot(c, shot, shot->missed ? NC_MISSED : shot->cut_short ? NC_CUT_SHORT : NC_EXECUTED);
}

void nc_tick(struct nc_controller *c)
{
    follow_belt(c);
    watch_over_host_and_interlock(c);
    limit_on_time(c);
    for (size_t i = 0; i < NC_QUEUE; i++) /* openings first: a valve that the next shot needs is not closed between */
        open_due(c, &c->shots[i]);
    for (size_t i = 0; i < NC_QUEUE; i++)
        close_due(c, &c->shots[i]);
}

void nc_init(struct nc_controller *c, const struct nc_port *port)
{
    memset(c, 0, sizeof *c);
    c->port = port;
    c->now_us = port->now_us(port->context);
    c->count = port->count(port->context);
    for (uint32_t valve = 0; valve < port->valves; valve++)
        port->valve(port->context, (uint16_t)valve, false);
}

/* ---- requests: each gets the reply's payload at `to` and returns its end ---- */

static uint8_t *hello(struct nc_controller *c, uint8_t *to)
{
    *to++ = NC_PROTOCOL;
    *to++ = c->flags;
    to = put16(put16(put16(to, NC_FIRMWARE), c->port->valves), NC_QUEUE);
    return put32(put16(to, c->port->max_on_ms), c->port->nm_per_count);
}

static enum nc_result configure(struct nc_controller *c, const uint8_t *from)
{
    uint16_t valves = get16(from), heartbeat_ms = get16(from + 2), max_on_ms = get16(from + 4);
    uint32_t open_lead_us = get32(from + 6), close_lead_us = get32(from + 10);
    bool led_too_far = open_lead_us > NC_LONGEST_LEAD_US || close_lead_us > NC_LONGEST_LEAD_US;
    if (valves == 0 || valves > c->port->valves || heartbeat_ms == 0 || led_too_far)
        return NC_RANGE;
    if (max_on_ms == 0 || max_on_ms > c->port->max_on_ms)
        return NC_LIMIT;
    close_all(c);
    c->valves = valves;
    c->heartbeat_us = heartbeat_ms * UINT32_C(1000);
    c->max_on_us = max_on_ms * UINT32_C(1000);
    for (uint32_t valve = 0; valve < NC_MAX_VALVES; valve++) {
        c->open_lead_us[valve] = open_lead_us;
        c->close_lead_us[valve] = close_lead_us;
    }
    c->longest_open_lead_us = open_lead_us;
    c->max_late_counts = get16(from + 14);
    c->flags = (uint8_t)((c->flags | NC_IS_CONFIGURED) & ~NC_IS_SILENT);
    c->heard_us = c->now_us;
    return NC_OK;
}

/* Of single valves, from the first named on, after CONFIGURE has led all of them alike. */
static enum nc_result lead_valves(struct nc_controller *c, const uint8_t *from, size_t length)
{
    uint32_t first = get16(from), count = (uint32_t)(length - 2) / 4;
    if (!(c->flags & NC_IS_CONFIGURED))
        return NC_UNCONFIGURED;
    if (first + count > c->valves)
        return NC_RANGE;
    for (uint32_t i = 0; i < count; i++) {
        c->open_lead_us[first + i] = get16(from + 2 + 4 * i);
        c->close_lead_us[first + i] = get16(from + 4 + 4 * i);
    }
    c->longest_open_lead_us = 0;
    for (uint32_t valve = 0; valve < c->valves; valve++)
        if (c->open_lead_us[valve] > c->longest_open_lead_us)
            c->longest_open_lead_us = c->open_lead_us[valve];
    return NC_OK;
}

static uint8_t *heartbeat(struct nc_controller *c, uint8_t *to)
{
    uint32_t waiting = 0, open = 0, faulty = 0;
    for (size_t i = 0; i < NC_QUEUE; i++)
        waiting += c->shots[i].used;
    for (uint32_t valve = 0; valve < c->port->valves; valve++) {
        open += c->is_open[valve];
        faulty += c->port->valve_faulty(c->port->context, (uint16_t)valve);
    }
    *to++ = c->flags; /* as it was until this heartbeat, so that a silence is told once */
    to = put32(put32(to, c->count), c->now_us);
    to = put16(put16(put16(to, waiting), open), faulty);
    to = put32(put32(to, c->ended[NC_EXECUTED]), c->ended[NC_CUT_SHORT]);
    to = put32(put32(to, c->ended[NC_MISSED]), c->ended[NC_FORGOTTEN]);
    to = put16(put16(put16(to, c->refused), c->silences), c->bad_frames);
    c->flags = (uint8_t)(c->flags & ~NC_IS_SILENT);
    c->heard_us = c->now_us;
    return to;
}

static enum nc_result why_not(const struct nc_controller *c, const struct nc_shot *shot)
{
    if (c->flags != NC_IS_CONFIGURED)
        return !(c->flags & NC_IS_CONFIGURED) ? NC_UNCONFIGURED : c->flags & NC_IS_SILENT ? NC_SILENT : NC_INTERLOCK;
    if (shot->first > shot->last || shot->last >= c->valves || (int32_t)(shot->close_count - shot->open_count) <= 0)
        return NC_RANGE;
    for (uint32_t valve = shot->first; valve <= shot->last; valve++)
        if (passed(c, shot->open_count, c->open_lead_us[valve]) > 0)
            return NC_LATE;
    return passed(c, shot->open_count, 0) < -(INT32_C(1) << 30) ? NC_FAR : NC_OK;
}

static enum nc_result queue_shot(struct nc_controller *c, const struct nc_shot *wanted)
{
    struct nc_shot *place = NULL;
    for (size_t i = 0; i < NC_QUEUE; i++) {
        struct nc_shot *shot = &c->shots[i];
        if (!shot->used)
            place = shot;
        else if (shot->id == wanted->id) /* the host did not hear our reply and asks again, or mixes up its numbers */
            return shot->open_count == wanted->open_count && shot->close_count == wanted->close_count &&
                shot->first == wanted->first && shot->last == wanted->last ? NC_OK : NC_TAKEN;
    }
    enum nc_result result = why_not(c, wanted);
    if (result == NC_OK && place == NULL)
        result = NC_FULL;
    if (result == NC_OK)
        *place = *wanted;
    else
        c->refused++;
    return result;
}

static enum nc_result cancel(struct nc_controller *c, uint32_t id)
{
    for (size_t i = 0; i < NC_QUEUE; i++)
        if (c->shots[i].used && c->shots[i].id == id) {
            end_shot(c, &c->shots[i], NC_FORGOTTEN);
            return NC_OK;
        }
    return NC_UNKNOWN;
}

static uint8_t *valve_bits(struct nc_controller *c, uint16_t first, uint8_t *to)
{
    const uint32_t bytes = 24; /* the packet is zero there */
    to = put16(to, first);
    for (uint32_t i = 0; i < 8 * bytes && first + i < c->port->valves; i++) {
        uint16_t valve = (uint16_t)(first + i);
        to[i / 8] |= (uint8_t)(c->is_open[valve] << i % 8);
        to[bytes + i / 8] |= (uint8_t)(c->port->valve_faulty(c->port->context, valve) << i % 8);
    }
    return to + 2 * bytes;
}

static uint8_t *shot(struct nc_controller *c, const uint8_t *from, uint8_t *to)
{
    struct nc_shot wanted = {
        .id = get32(from), .first = get16(from + 4), .last = get16(from + 6),
        .open_count = get32(from + 8), .close_count = get32(from + 12), .used = true,
    };
    wanted.to_do = (uint16_t)(wanted.last - wanted.first + 1);
    *to++ = (uint8_t)queue_shot(c, &wanted);
    return put32(to, c->count);
}

static bool is_request(uint8_t type, size_t payload)
{
    static const uint8_t lengths[] = {0xFF, 1, 16, 0, 16, 4, 0, 0, 2}; /* by type */
    if (type == NC_LEADS)
        return payload >= 6 && payload % 4 == 2;
    return type < sizeof lengths && lengths[type] == payload;
}

static void answer(struct nc_controller *c, const uint8_t *request, size_t length)
{
    const uint8_t type = request[0], *from = request + 2;
    uint8_t packet[NC_PACKET] = {(uint8_t)(type | NC_REPLY), request[1]}, *to = packet + 2;
    if (!is_request(type, length - 2)) {
        packet[0] = NC_NOT_UNDERSTOOD;
        *to++ = type;
    } else if (type == NC_HELLO)
        to = hello(c, to);
    else if (type == NC_CONFIGURE)
        *to++ = (uint8_t)configure(c, from);
    else if (type == NC_HEARTBEAT)
        to = heartbeat(c, to);
    else if (type == NC_SHOT)
        to = shot(c, from, to);
    else if (type == NC_CANCEL)
        *to++ = (uint8_t)cancel(c, get32(from));
    else if (type == NC_CLOSE_ALL)
        close_all(c);
    else if (type == NC_COUNT)
        to = put32(put32(to, c->count), c->now_us);
    else if (type == NC_LEADS)
        *to++ = (uint8_t)lead_valves(c, from, length - 2);
    else
        to = valve_bits(c, get16(from), to);
    send(c, packet, (size_t)(to - packet));
}

void nc_byte(struct nc_controller *c, uint8_t byte)
{
    if (byte != 0) {
        if (c->received_length < sizeof c->received)
            c->received[c->received_length++] = byte;
        else
            c->overrun = true;
        return;
    }
    size_t sent = c->received_length, length = c->overrun ? 0 : cobs_decode(c->received, sent);
    c->received_length = 0;
    c->overrun = false;
    if (length >= 4 && length <= NC_PACKET && crc16(c->received, length - 2) == get16(c->received + length - 2)) {
        nc_tick(c); /* a reply speaks of now: what is due has been done, and a silence has told */
        answer(c, c->received, length - 2);
    } else if (sent > 0) { /* two delimiters in a row are no frame: a host sends them to end what it had begun */
        c->bad_frames++;
    }
}
