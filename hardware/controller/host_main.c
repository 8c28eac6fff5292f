/* The controller as a process on a pseudo-terminal, beside a belt that is made up: to try a line without a board, and
 * for the tests. Time and travel are simulated count by count, so that what happens at which count hangs on nothing
 * else that the machine has to do. See --help. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "counting_controller.h"

#define NM_PER_COUNT 500000

static const char usage[] =
    "usage: controller [--link PATH] [--valves N] [--speed M_PER_S] [--count START] [--time US] [--virtual]\n"
    "Opens a pseudo-terminal, prints its name (and links PATH to it), and answers on it as the board would, 0.5 mm a\n"
    "count. Prints 'valve N open|closed at COUNT US' for every valve that moves. Commands on standard input:\n"
    "  ramp FROM TO SECONDS   speed in m/s from now on    jump COUNTS    a fault of the count    fault VALVE 0|1\n"
    "  interlock open|closed                              run US         with --virtual the only way time passes\n";

static struct {
    double from, to, lasts_us, began_us; /* speed in m/s = from + (to - from) * since / lasts, then to */
    double travel, now_us;               /* counts and time since the start */
    bool interlock_open, faulty[NC_MAX_VALVES];
} world = {.to = 1};
static uint32_t first_count;
static int terminal;

static double counts_per_us(void)
{
    double part = world.lasts_us > 0 ? (world.now_us - world.began_us) / world.lasts_us : 1;
    return (part >= 1 ? world.to : world.from + (world.to - world.from) * part) * 1e3 / NM_PER_COUNT;
}

static uint32_t now_us(void *context) { (void)context; return (uint32_t)(uint64_t)world.now_us; }
static uint32_t count(void *context) { (void)context; return first_count + (uint32_t)(int64_t)(world.travel + 1e-6); }
static bool interlock_closed(void *context) { (void)context; return !world.interlock_open; }
static bool valve_faulty(void *context, uint16_t valve) { (void)context; return world.faulty[valve]; }

static void move_valve(void *context, uint16_t valve, bool open)
{
    printf("valve %u %s at %u %.0f\n", valve, open ? "open" : "closed", count(context), world.now_us);
}

static void send_bytes(void *context, const uint8_t *bytes, size_t length)
{
    (void)context;
    if (write(terminal, bytes, length) != (ssize_t)length)
        fprintf(stderr, "controller: nobody takes what it sends\n");
}

/* Lets the belt run until then, the core ticking at every count and every quarter of a millisecond. */
static void run_until(struct nc_controller *controller, double end_us)
{
    while (world.now_us < end_us) {
        double speed = counts_per_us(), step_us = 250;
        double next_us = ((double)(int64_t)(world.travel + 1e-6) + 1 - world.travel) / (speed > 0 ? speed : 1e-9);
        step_us = next_us < step_us ? next_us : step_us;
        step_us = world.now_us + step_us > end_us ? end_us - world.now_us : step_us;
        world.travel += speed * step_us;
        world.now_us += step_us;
        nc_tick(controller);
    }
}

static void obey(struct nc_controller *controller, const char *line)
{
    double a, b, c;
    char word[8];
    unsigned valve, is_faulty;
    if (sscanf(line, "ramp %lf %lf %lf", &a, &b, &c) == 3)
        world.from = a, world.to = b, world.lasts_us = c * 1e6, world.began_us = world.now_us;
    else if (sscanf(line, "jump %lf", &a) == 1)
        world.travel += a;
    else if (sscanf(line, "interlock %7s", word) == 1)
        world.interlock_open = strcmp(word, "open") == 0;
    else if (sscanf(line, "fault %u %u", &valve, &is_faulty) == 2 && valve < NC_MAX_VALVES)
        world.faulty[valve] = is_faulty;
    else if (sscanf(line, "run %lf", &a) == 1)
        run_until(controller, world.now_us + a);
    else
        fprintf(stderr, "controller: does not understand %s", line);
    nc_tick(controller);
    printf("done at %u %.0f\n", count(NULL), world.now_us);
}

static double clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

/* A raw pseudo-terminal; its other side stays open here, so that hosts may come and go. */
static bool open_terminal(const char *link)
{
    struct termios raw;
    terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal) || open(ptsname(terminal), O_RDWR | O_NOCTTY) < 0 ||
        tcgetattr(terminal, &raw))
        return false;
    cfmakeraw(&raw);
    if (tcsetattr(terminal, TCSANOW, &raw) || fcntl(terminal, F_SETFL, O_NONBLOCK) ||
        (link && (unlink(link), symlink(ptsname(terminal), link))))
        return false;
    printf("port %s\n", ptsname(terminal));
    return true;
}

static void serve(struct nc_controller *controller, bool is_virtual)
{
    char line[128];
    const double start_us = clock_us() - world.now_us;
    struct pollfd ends[] = {{.fd = terminal, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        uint8_t bytes[256];
        poll(ends, 2, is_virtual ? -1 : 1);
        if (!is_virtual)
            run_until(controller, clock_us() - start_us);
        ssize_t got = read(terminal, bytes, sizeof bytes);
        for (ssize_t i = 0; i < got; i++)
            nc_byte(controller, bytes[i]);
        if (ends[1].revents && fgets(line, sizeof line, stdin))
            obey(controller, line);
        else if (ends[1].revents)
            return;
    }
}

int main(int argc, char **argv)
{
    static struct nc_controller controller;
    static struct nc_port port = {
        .now_us = now_us, .count = count, .valve = move_valve, .interlock_closed = interlock_closed,
        .valve_faulty = valve_faulty, .send = send_bytes, .valves = 48, .max_on_ms = 2000, .nm_per_count = NM_PER_COUNT,
    };
    const char *link = NULL, *option, *value;
    bool is_virtual = false;
    for (int i = 1; i < argc; i++) {
        option = argv[i], value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(option, "--virtual") == 0) { is_virtual = true; continue; }
        if (value && strcmp(option, "--link") == 0) link = value;
        else if (value && strcmp(option, "--valves") == 0) port.valves = (uint16_t)atoi(value);
        else if (value && strcmp(option, "--speed") == 0) world.to = atof(value);
        else if (value && strcmp(option, "--time") == 0) world.now_us = atof(value);
        else if (value && strcmp(option, "--count") == 0) first_count = (uint32_t)strtoul(value, NULL, 10);
        else return fputs(usage, stderr), 2;
        i++;
    }
    if (port.valves == 0 || port.valves > NC_MAX_VALVES)
        return fputs(usage, stderr), 2;
    setvbuf(stdin, NULL, _IONBF, 0); /* what waits there must show in poll() */
    setvbuf(stdout, NULL, _IOLBF, 0);
    nc_init(&controller, &port);
    if (!open_terminal(link))
        return perror("controller: no pseudo-terminal"), 1;
    serve(&controller, is_virtual);
    return 0;
}
