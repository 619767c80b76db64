/* upcall_int.h: shared inside upcall*.c. */
#ifndef NET_UPCALL_INT_H
#define NET_UPCALL_INT_H

#include "net/upcall.h"

/* A socket that connects to an address of the host's, the u->n_tried-th or the first after it that
 * can be begun with; counts them. -1: there is none. */
int upcall_socket(struct ctx *cx, struct upcall *u);

#endif
