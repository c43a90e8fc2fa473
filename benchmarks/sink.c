/* The far end of the sending benchmarks: a relay and a provider that take everything and cost next to nothing.
 *
 *     cc -O2 -o sink sink.c && ./sink [-d MILLISECONDS] [-n] [-w FILE]
 *
 * Prints "sink ready on SMTP_PORT HTTP_PORT" and serves 127.0.0.1 until its standard input ends.
 * SMTP: EHLO, RSET, MAIL, RCPT, DATA, BDAT, NOOP, QUIT with PIPELINING, 8BITMIME and CHUNKING (-n: without CHUNKING).
 * HTTP: every POST is answered as Mailgun answers; GET /stats tells {"messages", "bytes", "requests"}.
 * -d holds every reply back so long, as a round trip would; -w writes the first mail to a file.
 * One thread, epoll; no check of anything: it is a limit, not a server.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 18)
#define NEVER 1e18

enum state { COMMAND, TEXT, CHUNK, LAST_CHUNK, BODY };

struct held {  /* a reply that waits for its time */
    struct held *next;
    double due;
    size_t length;
    char octets[];
};

struct connection {
    int file, is_http;
    enum state state;
    size_t missing;   /* octets of a chunk or body still to come */
    int begun;        /* whether some of a text was thrown away already */
    char *buffer;
    size_t length;
    struct held *first, *last;
    struct connection *next;  /* of those that hold replies */
    int is_listed;
};

static double delay;
static int chunking = 1, copy = -1;
static const char *copy_to;
static long long messages, octets, requests;
static struct connection *holding;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void write_all(int file, const char *p, size_t n) {
    while (n) {
        ssize_t k = write(file, p, n);
        if (k < 0 && errno == EAGAIN) { usleep(50); continue; }
        if (k < 0) return;
        p += k;
        n -= k;
    }
}

static void reply(struct connection *c, const char *p, size_t n) {
    if (delay <= 0) { write_all(c->file, p, n); return; }
    struct held *held = malloc(sizeof *held + n);
    held->next = NULL;
    held->due = now() + delay;
    held->length = n;
    memcpy(held->octets, p, n);
    if (c->last) c->last->next = held; else c->first = held;
    c->last = held;
    if (!c->is_listed) { c->is_listed = 1; c->next = holding; holding = c; }
}

static void take(const char *p, size_t n) {
    octets += n;
    if (copy >= 0 && write(copy, p, n) < 0) copy = -1;
}

static void begin_message(void) {
    if (!copy_to) return;
    copy = open(copy_to, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    copy_to = NULL;
}

static void end_message(void) {
    messages++;
    if (copy >= 0) { close(copy); copy = -1; }
}

/* Both readers return how much of the buffer they used up; their replies go out in one write. */

static char out[1 << 16];
static size_t filled;

static void say(struct connection *c, const char *line) {
    size_t n = strlen(line);
    if (filled + n > sizeof out) { reply(c, out, filled); filled = 0; }
    memcpy(out + filled, line, n);
    filled += n;
}

static size_t read_smtp(struct connection *c) {
    size_t at = 0;
    filled = 0;
    while (at < c->length) {
        char *p = c->buffer + at;
        size_t n = c->length - at;
        if (c->state == TEXT) {
            if (!c->begun && n >= 3 && !memcmp(p, ".\r\n", 3)) {
                at += 3;
            } else {
                char *end = memmem(p, n, "\r\n.\r\n", 5);
                if (!end) {
                    size_t sure = n > 4 ? n - 4 : 0;
                    take(p, sure);
                    at += sure;
                    c->begun |= sure > 0;
                    break;
                }
                take(p, end + 2 - p);
                at += end + 5 - p;
            }
            c->state = COMMAND;
            end_message();
            say(c, "250 2.0.0 Ok: queued\r\n");
            continue;
        }
        if (c->state == CHUNK || c->state == LAST_CHUNK) {
            size_t k = n < c->missing ? n : c->missing;
            take(p, k);
            c->missing -= k;
            at += k;
            if (c->missing) break;
            if (c->state == LAST_CHUNK) end_message();
            c->state = COMMAND;
            say(c, "250 2.0.0 Ok: queued\r\n");
            continue;
        }
        char *end = memchr(p, '\n', n);
        if (!end) break;
        at += end + 1 - p;
        if (!strncasecmp(p, "EHLO", 4)) {
            say(c, "250-sink\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-SMTPUTF8\r\n");
            say(c, chunking ? "250-CHUNKING\r\n250 8BITMIME\r\n" : "250 8BITMIME\r\n");
        } else if (!strncasecmp(p, "DATA", 4)) {
            c->state = TEXT;
            c->begun = 0;
            begin_message();
            say(c, "354 Go ahead\r\n");
        } else if (!strncasecmp(p, "BDAT ", 5)) {
            char *rest;
            c->missing = strtoul(p + 5, &rest, 10);
            c->state = memmem(rest, end - rest, "LAST", 4) ? LAST_CHUNK : CHUNK;
            begin_message();
        } else if (!strncasecmp(p, "QUIT", 4)) {
            say(c, "221 2.0.0 Bye\r\n");
        } else {
            say(c, "250 2.1.0 Ok\r\n");
        }
    }
    if (filled) reply(c, out, filled);
    return at;
}

static void answer(struct connection *c, const char *json) {
    char head[200];
    int n = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", strlen(json));
    memcpy(out, head, n);
    memcpy(out + n, json, strlen(json));
    reply(c, out, n + strlen(json));
}

static size_t read_http(struct connection *c) {
    size_t at = 0;
    char json[200];
    for (;;) {
        char *p = c->buffer + at;
        size_t n = c->length - at;
        if (c->state == BODY) {
            size_t k = n < c->missing ? n : c->missing;
            take(p, k);
            c->missing -= k;
            at += k;
            if (c->missing) break;
            c->state = COMMAND;
            end_message();
            snprintf(json, sizeof json, "{\"id\": \"<%lld.sink@epistle.example>\", \"message\": \"Queued. Thank you.\"}", ++requests);
            answer(c, json);
            continue;
        }
        char *end = n ? memmem(p, n, "\r\n\r\n", 4) : NULL;
        if (!end) break;
        *end = 0;
        char *length = strcasestr(p, "content-length:");
        c->missing = length ? strtoul(length + 15, NULL, 10) : 0;
        at += end + 4 - p;
        if (!strncmp(p, "GET /stats", 10)) {
            snprintf(json, sizeof json, "{\"messages\": %lld, \"bytes\": %lld, \"requests\": %lld}", messages, octets, requests);
            answer(c, json);
            continue;
        }
        c->state = BODY;
        begin_message();
    }
    return at;
}

static int listen_on(int *port) {
    int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(file, (void *)&address, size) || listen(file, 1024) || getsockname(file, (void *)&address, &size)) {
        perror("sink");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return file;
}

static void forget(struct connection *c) {
    for (struct connection **p = &holding; *p; p = &(*p)->next)
        if (*p == c) { *p = c->next; break; }
    while (c->first) { struct held *held = c->first; c->first = held->next; free(held); }
    close(c->file);
    free(c->buffer);
    free(c);
}

static void release(void) {
    double t = now();
    struct connection **p = &holding;
    while (*p) {
        struct connection *c = *p;
        while (c->first && c->first->due <= t) {
            struct held *held = c->first;
            write_all(c->file, held->octets, held->length);
            c->first = held->next;
            if (!c->first) c->last = NULL;
            free(held);
        }
        if (c->first) { p = &c->next; continue; }
        c->is_listed = 0;
        *p = c->next;
    }
}

static int milliseconds_to_wait(void) {
    if (!holding) return -1;
    double first = NEVER, t = now();
    for (struct connection *c = holding; c; c = c->next)
        if (c->first->due < first) first = c->first->due;
    return first <= t ? 0 : (int)((first - t) * 1000) + 1;
}

int main(int count, char **words) {
    int option, smtp_port, http_port;
    signal(SIGPIPE, SIG_IGN);
    while ((option = getopt(count, words, "d:nw:")) != -1) {
        if (option == 'd') delay = atof(optarg) / 1e3;
        else if (option == 'n') chunking = 0;
        else if (option == 'w') copy_to = optarg;
        else return 2;
    }
    int queue = epoll_create1(0), smtp = listen_on(&smtp_port), http = listen_on(&http_port);
    enum { SMTP = 1, HTTP = 2, PARENT = 3 };
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    event.data.u64 = SMTP; epoll_ctl(queue, EPOLL_CTL_ADD, smtp, &event);
    event.data.u64 = HTTP; epoll_ctl(queue, EPOLL_CTL_ADD, http, &event);
    event.data.u64 = PARENT; epoll_ctl(queue, EPOLL_CTL_ADD, 0, &event);
    printf("sink ready on %d %d\n", smtp_port, http_port);
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(queue, events, 256, milliseconds_to_wait());
        if (holding) release();
        for (int i = 0; i < ready; i++) {
            if (events[i].data.u64 == PARENT) {
                char rest[256];
                if (read(0, rest, sizeof rest) <= 0) return 0;
                continue;
            }
            if (events[i].data.u64 == SMTP || events[i].data.u64 == HTTP) {
                int is_http = events[i].data.u64 == HTTP, file, on = 1;
                while ((file = accept4(is_http ? http : smtp, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    struct connection *c = calloc(1, sizeof *c);
                    c->file = file;
                    c->is_http = is_http;
                    c->buffer = malloc(BUFFER + 1);
                    event.data.ptr = c;
                    epoll_ctl(queue, EPOLL_CTL_ADD, file, &event);
                    if (!is_http) reply(c, "220 sink ESMTP\r\n", 16);
                }
                continue;
            }
            struct connection *c = events[i].data.ptr;
            ssize_t n = read(c->file, c->buffer + c->length, BUFFER - c->length);
            if (n < 0 && errno == EAGAIN) continue;
            if (n <= 0) { forget(c); continue; }
            c->length += n;
            size_t used = c->is_http ? read_http(c) : read_smtp(c);
            memmove(c->buffer, c->buffer + used, c->length - used);
            c->length -= used;
        }
    }
}
