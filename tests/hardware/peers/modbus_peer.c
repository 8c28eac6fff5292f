/* A Modbus/TCP peer on libmodbus for the tests: a counter module, an array gateway, an interlock, an output station and a
 * counting controller behind one address, which refuses every register that it does not have.
 *
 *   modbus_peer PORT MM_PER_S_FROM MM_PER_S_TO RAMP_FOR_S FIRST_COUNT
 *
 * Prints `ready` once it listens, then a line for every valve that moves: `valve NUMBER 0|1 MONOTONIC_NS COUNT`.
 *
 *   input    0-1 count   10 sample number   11-12 count latched with it   20-91 24 channels, x y z, int16
 *   discrete 0-7 contacts, as written to coils 200-207     coils 0-63 valves, 210 begins the ramp,
 *            211 has `echo` printed, 212 keeps the sample that stands
 *   holding  0-1 identity 10-14 settings 20-26 shot 30-31 answer 32 heartbeat 33 close all 40-47 status 60 spare
 *            100-227 leads of each valve, to open and to close (10 us); 0 and 0: as all of them
 */
#include <errno.h>
#include <math.h>
#include <modbus.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

enum { COILS = 256, DISCRETE = 8, HOLDING = 228, INPUT = 92, CHANNELS = 24, VALVES = 64, SHOTS = 256, CLIENTS = 32 };
enum { IDENTITY = 0, SETTINGS = 10, SHOT = 20, ANSWER = 30, HEARTBEAT = 32, CLOSE_ALL = 33, STATUS = 40, LEADS = 100 };
enum { RAMP = 210, ECHO = 211, MUTE = 212 };
enum { ACCEPTED = 1, LATE = 2, REFUSED = 3 };
static const double MM_PER_COUNT = 0.5;

typedef struct { int first, last; uint32_t open, close; int begun[VALVES], over[VALVES], to_do, is_open; double opened_s; } shot_t;

static struct {
    double from, to, ramp_from_s, ramp_for_s;
    uint32_t first_count;
    int64_t start_ns;
    modbus_mapping_t *map;
    shot_t shots[SHOTS];
    int pending, silent;
    uint16_t fired, late, missed, cut, beat;
    double beat_s;
    int valves[VALVES];
} peer;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static double now_s(void) { return 1e-9 * (double)(now_ns() - peer.start_ns); }

static double speed_at(double s) {
    double u = fmin(fmax(s - peer.ramp_from_s, 0), peer.ramp_for_s);
    return peer.from + (peer.ramp_for_s > 0 ? (peer.to - peer.from) * u / peer.ramp_for_s : 0);
}
static double mm_at(double s) {
    double u = fmin(fmax(s - peer.ramp_from_s, 0), peer.ramp_for_s);
    double slope = peer.ramp_for_s > 0 ? (peer.to - peer.from) / peer.ramp_for_s : 0;
    double mm = peer.from * fmin(s, peer.ramp_from_s) + peer.from * u + 0.5 * slope * u * u;
    return mm + speed_at(s) * fmax(0, s - peer.ramp_from_s - peer.ramp_for_s);
}
/* The count that will stand a lead (in 10 us) from now: what a valve that takes so long must be told by. */
static uint32_t count_at(double s, int lead_10us) {
    double mm = mm_at(s) + speed_at(s) * 1e-5 * lead_10us;
    return peer.first_count + (uint32_t)(int64_t)floor(mm / MM_PER_COUNT);
}
static int reached(uint32_t count, uint32_t goal) { return (int32_t)(count - goal) >= 0; }

static void set_valve(int n, int open) {
    if (peer.valves[n] == open) return;
    peer.valves[n] = open;
    printf("valve %d %d %lld %u\n", n, open, (long long)now_ns(), count_at(now_s(), 0));
    fflush(stdout);
}
/* Of a valve, to open (0) or to close (1): its own where that was told. */
static int lead_of(const uint16_t *holding, int n, int closing) {
    const uint16_t *own = holding + LEADS + 2 * n;
    return own[0] || own[1] ? own[closing] : holding[SETTINGS + 3 + closing];
}
static int longest_lead(const uint16_t *holding, const shot_t *shot) {
    int longest = 0;
    for (int n = shot->first; n <= shot->last; n++)
        if (lead_of(holding, n, 0) > longest) longest = lead_of(holding, n, 0);
    return longest;
}
static void close_everything(void) {
    peer.pending = 0;
    for (int n = 0; n < VALVES; n++) set_valve(n, 0);
}
static void put32(uint16_t *at, uint32_t value) { at[0] = value >> 16; at[1] = value & 0xffff; }
static uint32_t get32(const uint16_t *at) { return (uint32_t)at[0] << 16 | at[1]; }

static void take_shot(uint16_t *holding) {
    const uint16_t *in = holding + SHOT;
    shot_t shot = {.first = in[1], .last = in[2], .open = get32(in + 3), .close = get32(in + 5), .to_do = in[2] - in[1] + 1};
    int outcome = ACCEPTED;
    if (shot.first > shot.last || shot.last >= holding[SETTINGS] || peer.pending == SHOTS) outcome = REFUSED;
    else if (reached(count_at(now_s(), longest_lead(holding, &shot)), shot.open)) { outcome = LATE; peer.late++; }
    else peer.shots[peer.pending++] = shot;
    holding[ANSWER] = in[0];
    holding[ANSWER + 1] = outcome;
}
static void run_controller(void) {
    uint16_t *holding = peer.map->tab_registers;
    double s = now_s();
    if (holding[HEARTBEAT] != peer.beat) { peer.beat = holding[HEARTBEAT]; peer.beat_s = s; peer.silent = 0; }
    if (!peer.silent && holding[SETTINGS + 2] && s - peer.beat_s > 1e-3 * holding[SETTINGS + 2]) {
        peer.silent = 1;
        close_everything();
    }
    int kept = 0;
    for (int i = 0; i < peer.pending; i++) {
        shot_t *shot = &peer.shots[i];
        for (int n = shot->first; n <= shot->last; n++) {
            if (!shot->begun[n] && reached(count_at(s, lead_of(holding, n, 0)), shot->open)) {
                if (!shot->is_open) { shot->opened_s = s; peer.fired++; }
                shot->begun[n] = shot->is_open = 1;
                set_valve(n, 1);
            }
            int longest = shot->is_open && s - shot->opened_s > 1e-3 * holding[SETTINGS + 1];
            int over = reached(count_at(s, lead_of(holding, n, 1)), shot->close);
            if (shot->begun[n] && !shot->over[n] && (longest || over)) {
                if (longest && shot->to_do == 1) peer.cut++;
                shot->over[n] = 1; shot->to_do--;
                set_valve(n, 0);
            }
        }
        if (shot->to_do) peer.shots[kept++] = *shot;
    }
    peer.pending = kept;
}
/* What reads: brought up to date before a request is answered. */
static void refresh(void) {
    uint16_t *input = peer.map->tab_input_registers, *status = peer.map->tab_registers + STATUS;
    double s = now_s();
    put32(input, count_at(s, 0));
    if (!peer.map->tab_bits[MUTE]) {
        input[10] = (uint16_t)(int64_t)(s * 1000);
        put32(input + 11, count_at(floor(s * 1000) * 1e-3, 0));
    }
    for (int c = 0; c < CHANNELS; c++)
        for (int axis = 0; axis < 3; axis++) input[20 + 3 * c + axis] = (uint16_t)(int16_t)(100 * (axis - 1) - c);
    input[20 + 3 * 5] = 0x8000; /* channel 5 is dead, channel 7 is clipped */
    input[20 + 3 * 7 + 2] = 32000;
    memcpy(peer.map->tab_input_bits, peer.map->tab_bits + 200, DISCRETE);
    uint16_t now[8] = {peer.silent, peer.pending, peer.fired, peer.late, peer.missed, peer.cut};
    put32(now + 6, count_at(s, 0));
    memcpy(status, now, sizeof now);
}
/* What was written: acted upon after it has been answered. */
static void act(const uint8_t *query, int header) {
    int function = query[header], first = query[header + 1] << 8 | query[header + 2];
    uint16_t *holding = peer.map->tab_registers;
    int many = function == MODBUS_FC_WRITE_MULTIPLE_COILS, last = first + (many ? query[header + 3] << 8 | query[header + 4] : 1);
    if (many || function == MODBUS_FC_WRITE_SINGLE_COIL)
        for (int n = first; n < last && n < VALVES; n++) set_valve(n, peer.map->tab_bits[n]);
    if (first == ECHO) { printf("echo\n"); fflush(stdout); }
    if (first == RAMP && peer.map->tab_bits[RAMP] && peer.ramp_from_s > 1e8) {
        peer.ramp_from_s = now_s();
        printf("ramp %lld\n", (long long)now_ns());
        fflush(stdout);
    }
    if (function != MODBUS_FC_WRITE_MULTIPLE_REGISTERS && function != MODBUS_FC_WRITE_SINGLE_REGISTER) return;
    if (first == SHOT) take_shot(holding);
    if (first == CLOSE_ALL && holding[CLOSE_ALL]) { close_everything(); holding[CLOSE_ALL] = 0; }
}
static void serve(modbus_t *link, int listener) {
    int clients[CLIENTS], count = 0;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (;;) {
        fd_set ready;
        FD_ZERO(&ready);
        FD_SET(listener, &ready);
        int highest = listener;
        for (int i = 0; i < count; i++) { FD_SET(clients[i], &ready); if (clients[i] > highest) highest = clients[i]; }
        struct timeval wait = {0, 200};
        int some = select(highest + 1, &ready, NULL, NULL, &wait);
        run_controller();
        if (some <= 0) continue;
        for (int i = count - 1; i >= 0; i--) {
            if (!FD_ISSET(clients[i], &ready)) continue;
            modbus_set_socket(link, clients[i]);
            int length = modbus_receive(link, query);
            if (length > 0) {
                refresh();
                modbus_reply(link, query, length, peer.map);
                act(query, modbus_get_header_length(link));
            } else if (length < 0) { close(clients[i]); clients[i] = clients[--count]; }
        }
        if (FD_ISSET(listener, &ready) && count < CLIENTS && modbus_tcp_accept(link, &listener) >= 0)
            clients[count++] = modbus_get_socket(link);
    }
}
int main(int argc, char **argv) {
    if (argc != 6) return 2;
    struct sched_param priority = {.sched_priority = 50};
    sched_setscheduler(0, SCHED_FIFO, &priority);
    peer.from = atof(argv[2]); peer.to = atof(argv[3]); peer.ramp_from_s = 1e9; peer.ramp_for_s = atof(argv[4]);
    peer.first_count = (uint32_t)strtoul(argv[5], NULL, 10);
    peer.map = modbus_mapping_new(COILS, DISCRETE, HOLDING, INPUT);
    modbus_t *link = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    if (!peer.map || !link) return 3;
    peer.map->tab_registers[IDENTITY] = 0x4E53;
    peer.map->tab_registers[IDENTITY + 1] = 1;
    memset(peer.map->tab_bits + 200, 1, DISCRETE);
    int listener = modbus_tcp_listen(link, CLIENTS);
    if (listener < 0) { fprintf(stderr, "listen: %s\n", modbus_strerror(errno)); return 4; }
    peer.start_ns = now_ns();
    printf("ready %lld\n", (long long)peer.start_ns);
    fflush(stdout);
    serve(link, listener);
}
