/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_PACKET_H
#define FETCHALL_NET_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Messages between processes of one run over a SOCK_SEQPACKET socket pair:
 * three numbers, bytes, and descriptors. Bytes that a socket's buffer should
 * not be filled with travel in an unnamed file, so there is no longest
 * message and nothing is cut.
 */
#define PACKET_FDS 2
#define PACKET_INLINE 16384u		/* bytes; more go by file */
#define PACKET_MAX (64u << 20)

struct packet {
	uint32_t kind, number;	/* the sender's business */
	int32_t value;
	struct buf bytes;
	int fds[PACKET_FDS];
	size_t n_fds;
	int broken;		/* received: without its bytes or descriptors,
				 * since this process may open no more files */
};

enum packet_status {
	PACKET_DONE,
	PACKET_AGAIN,		/* not now; with PACKET_NOWAIT only */
	PACKET_GONE,		/* the other side was closed, or errno */
};

enum packet_flags { PACKET_NOWAIT = 1 << 0 };

void packet_init(struct packet *packet);
/* Empties it for another message: a receiver's descriptors are closed. */
void packet_clear(struct packet *packet);
/* The same, and frees its memory. */
void packet_release(struct packet *packet);

/* A pair of connected sockets; -1 with errno. */
int packet_pair(int ret[2]);

/* `fds` stay open and the caller's: set n_fds to 0 before packet_clear(). */
enum packet_status packet_send(int sock, const struct packet *packet,
	unsigned flags);
/* Clears the packet first; its descriptors are then the caller's. */
enum packet_status packet_recv(int sock, struct packet *packet,
	unsigned flags);

#endif
