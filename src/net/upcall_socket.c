/* upcall_socket.c: the addresses of a call's host, one after the other. */
#include "net/upcall_int.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int
socket_to(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS) {
        return fd;
    }
    (void)close(fd);
    return -1;
}

int
upcall_socket(struct ctx *cx, struct upcall *u)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    const char *host = str_z(cx->arena, u->to->host);
    char port[8];
    int fd = -1;
    uint32_t i = 0;
    (void)snprintf(port, sizeof(port), "%d", u->to->port);
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
        if (getaddrinfo(host, port, &hints, &list) != 0) {
            return -1;
        }
    }
    u->n_addresses = 0;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        u->n_addresses++;
        if (fd < 0 && i++ >= u->n_tried) {
            fd = socket_to(a);
            u->n_tried = i;
        }
    }
    freeaddrinfo(list);
    return fd;
}
