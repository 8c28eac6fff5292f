/* Counting controller of the air jets, or of flaps: shots between two encoder counts, executed by the board that counts the belt.
 *
 * The core: no heap, no operating system, no floating point, one instance a board. A port supplies what touches the
 * world (struct nc_port) and calls nc_byte() for every byte received and nc_tick() at least once per encoder count.
 * The protocol stands byte by byte in README.md. */
#ifndef COUNTING_CONTROLLER_H
#define COUNTING_CONTROLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NC_PROTOCOL 2
#define NC_FIRMWARE 3 /* from 2 on: NC_LEADS */

#define NC_MAX_VALVES 256
#define NC_QUEUE 64       /* shots that wait or are open */
#define NC_SPEED_EDGES 16 /* the belt's speed is taken over so many counts */
#define NC_JUMP_COUNTS 64 /* more in one tick is no travel but a fault of the count */
#define NC_STANDSTILL_US 1000000 /* after so long without a count the belt stands */
#define NC_LONGEST_LEAD_US 2000000 /* no valve, and no flap behind one, takes longer to act */
#define NC_PACKET 64      /* the longest packet, checksum included */

enum nc_type { /* a reply is its request with the highest bit set */
    NC_HELLO = 0x01, NC_CONFIGURE = 0x02, NC_HEARTBEAT = 0x03, NC_SHOT = 0x04, NC_CANCEL = 0x05, NC_CLOSE_ALL = 0x06,
    NC_COUNT = 0x07, NC_VALVES = 0x08, NC_LEADS = 0x09, NC_REPLY = 0x80, NC_SHOT_ENDED = 0xC1, NC_NOT_UNDERSTOOD = 0xFF
};
enum nc_result {
    NC_OK, NC_LATE, NC_FULL, NC_RANGE, NC_FAR, NC_UNCONFIGURED, NC_SILENT, NC_INTERLOCK, NC_UNKNOWN, NC_LIMIT, NC_TAKEN
};
enum nc_end { NC_EXECUTED, NC_CUT_SHORT, NC_MISSED, NC_FORGOTTEN, NC_WAS_OPEN = 0x80 };
enum nc_flag { NC_IS_CONFIGURED = 1, NC_IS_SILENT = 2, NC_IS_INTERLOCKED = 4 };

struct nc_port {
    void *context; /* handed to each of these */
    uint32_t (*now_us)(void *context);
    uint32_t (*count)(void *context);
    void (*valve)(void *context, uint16_t valve, bool open);
    bool (*interlock_closed)(void *context);
    bool (*valve_faulty)(void *context, uint16_t valve);
    void (*send)(void *context, const uint8_t *bytes, size_t length); /* must not wait; may drop whole calls */
    uint16_t valves;        /* at most NC_MAX_VALVES */
    uint16_t max_on_ms;     /* what valves and power supply bear, whatever the host asks for */
    uint32_t nm_per_count;  /* 0: not known here */
};

struct nc_shot {
    uint32_t id, open_count, close_count, opened_at;
    uint16_t first, last, to_do; /* `to_do`: valves that have still to open or to shut */
    uint8_t begun[NC_MAX_VALVES / 8], held[NC_MAX_VALVES / 8]; /* a bit a valve: its opening has come; it is open */
    bool used, open, cut_short, missed; /* `open`: one of its valves has been */
};

struct nc_controller {
    const struct nc_port *port;
    /* told by the host */
    uint32_t heartbeat_us, max_on_us;
    uint32_t longest_open_lead_us, open_lead_us[NC_MAX_VALVES], close_lead_us[NC_MAX_VALVES];
    uint16_t valves, max_late_counts;
    /* the belt */
    uint32_t count, now_us, edge_us[NC_SPEED_EDGES], edges, newest_edge;
    /* shots and valves */
    struct nc_shot shots[NC_QUEUE];
    uint8_t users[NC_MAX_VALVES]; /* open shots that hold the valve */
    bool is_open[NC_MAX_VALVES];
    uint32_t opened_us[NC_MAX_VALVES];
    /* the host */
    uint8_t flags;
    uint32_t heard_us;
    uint8_t received[NC_PACKET + 2];
    size_t received_length;
    bool overrun;
    uint8_t event_sequence;
    /* counters since the start, in the heartbeat's reply */
    uint32_t ended[NC_FORGOTTEN + 1];
    uint16_t refused, silences, bad_frames;
};

void nc_init(struct nc_controller *controller, const struct nc_port *port); /* closes every valve */
void nc_byte(struct nc_controller *controller, uint8_t byte);
void nc_tick(struct nc_controller *controller);

#endif
