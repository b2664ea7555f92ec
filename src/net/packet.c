/* SPDX-License-Identifier: MIT */
/*
 * packet -- whole messages, with descriptors, between the processes of a run.
 *
 * SOCK_SEQPACKET keeps messages apart and says when the other side is gone;
 * a stream would need framing, and pipes cannot carry descriptors.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/write.h"
#include "net/packet.h"

struct packet_head {
	uint32_t kind, number;
	int32_t value;
	uint16_t n_fds;		/* the spill file first, where there is one */
	uint16_t spilled;
};

union packet_control {
	struct cmsghdr align;
	char room[CMSG_SPACE((PACKET_FDS + 1) * sizeof(int))];
};

void
packet_init(struct packet *packet)
{
	*packet = (struct packet){ 0 };
	buf_init(&packet->bytes, PACKET_MAX);
}

void
packet_clear(struct packet *packet)
{
	while (packet->n_fds > 0)
		close(packet->fds[--packet->n_fds]);
	packet->broken = 0;
	buf_clear(&packet->bytes);
}

void
packet_release(struct packet *packet)
{
	packet_clear(packet);
	buf_release(&packet->bytes);
}

int
packet_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret);
}

/* --- sending --- */

/* The bytes in an unnamed file; -1 with errno. */
static int
packet_spill(const struct buf *bytes)
{
	int fd = memfd_create("fetchall", MFD_CLOEXEC);

	if (fd >= 0 && write_all(fd, bytes->data, bytes->len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
packet_attach(struct msghdr *message, union packet_control *control,
	const int *fds, size_t n)
{
	struct cmsghdr *header;

	if (n == 0)
		return;
	memset(control, 0, sizeof *control);
	message->msg_control = control->room;
	message->msg_controllen = CMSG_SPACE(n * sizeof *fds);
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(n * sizeof *fds);
	memcpy(CMSG_DATA(header), fds, n * sizeof *fds);
}

static enum packet_status
packet_send_message(int sock, const struct msghdr *message, unsigned flags)
{
	ssize_t n;

	do
		n = sendmsg(sock, message, MSG_NOSIGNAL |
			(flags & PACKET_NOWAIT ? MSG_DONTWAIT : 0));
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return PACKET_DONE;
	/* ETOOMANYREFS: too many descriptors are on their way already. */
	if ((flags & PACKET_NOWAIT) && (errno == EAGAIN || errno == ENOBUFS ||
	    errno == ENOMEM || errno == ETOOMANYREFS))
		return PACKET_AGAIN;
	return PACKET_GONE;
}

enum packet_status
packet_send(int sock, const struct packet *packet, unsigned flags)
{
	struct packet_head head = {
		.kind = packet->kind,
		.number = packet->number,
		.value = packet->value,
	};
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof head },
		{ .iov_base = packet->bytes.data,
		  .iov_len = packet->bytes.len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	union packet_control control;
	enum packet_status status;
	int fds[PACKET_FDS + 1], spill = -1;

	if (packet->bytes.len > PACKET_INLINE) {
		spill = packet_spill(&packet->bytes);
		if (spill < 0)
			return flags & PACKET_NOWAIT ? PACKET_AGAIN :
				PACKET_GONE;
		fds[head.n_fds++] = spill;
		head.spilled = 1;
		message.msg_iovlen = 1;
	}
	memcpy(fds + head.n_fds, packet->fds, packet->n_fds * sizeof *fds);
	head.n_fds = (uint16_t)(head.n_fds + packet->n_fds);
	packet_attach(&message, &control, fds, head.n_fds);
	status = packet_send_message(sock, &message, flags);
	if (spill >= 0)
		close(spill);
	return status;
}

/* --- receiving --- */

/* Takes all descriptors of a message, which are n at most. */
static size_t
packet_detach(struct msghdr *message, int *fds)
{
	struct cmsghdr *header;
	size_t n = 0, more;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		more = (header->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
		if (more > PACKET_FDS + 1 - n)
			more = PACKET_FDS + 1 - n;
		memcpy(fds + n, CMSG_DATA(header), more * sizeof *fds);
		n += more;
	}
	return n;
}

/* Reads rather than maps: a file that shrinks must not end this process. */
static int
packet_unspill(int fd, struct buf *bytes)
{
	struct stat stat;
	char *room;
	ssize_t n;

	buf_clear(bytes);
	if (fstat(fd, &stat) != 0 || stat.st_size < 0 ||
	    stat.st_size > PACKET_MAX)
		return -1;
	room = buf_room(bytes, (size_t)stat.st_size);
	if (room == NULL)
		return -1;
	while (bytes->len < (size_t)stat.st_size) {
		n = pread(fd, room + bytes->len,
			(size_t)stat.st_size - bytes->len, (off_t)bytes->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes->len += (size_t)n;
	}
	return 0;
}

static void
packet_take(struct packet *packet, const struct packet_head *head, int *fds,
	size_t n_fds)
{
	size_t spilled = head->spilled ? 1 : 0, i;

	packet->kind = head->kind;
	packet->number = head->number;
	packet->value = head->value;
	if (n_fds < head->n_fds || n_fds < spilled)
		packet->broken = 1;
	if (n_fds > 0 && spilled) {
		if (packet_unspill(fds[0], &packet->bytes) != 0)
			packet->broken = 1;
		close(fds[0]);
	}
	/* Where nothing was spilled there is room for one that is too many. */
	for (i = spilled; i < n_fds; i++)
		if (packet->n_fds < PACKET_FDS)
			packet->fds[packet->n_fds++] = fds[i];
		else
			close(fds[i]);
}

enum packet_status
packet_recv(int sock, struct packet *packet, unsigned flags)
{
	struct packet_head head;
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof head },
		{ .iov_len = PACKET_INLINE },
	};
	union packet_control control;
	struct msghdr message = {
		.msg_iov = parts, .msg_iovlen = 2,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room,
	};
	int fds[PACKET_FDS + 1];
	size_t n_fds;
	ssize_t n;

	packet_clear(packet);
	parts[1].iov_base = buf_room(&packet->bytes, PACKET_INLINE);
	do
		n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC |
			(flags & PACKET_NOWAIT ? MSG_DONTWAIT : 0));
	while (n < 0 && errno == EINTR);
	if (n < 0 && (flags & PACKET_NOWAIT) && errno == EAGAIN)
		return PACKET_AGAIN;
	if (n <= 0)
		return PACKET_GONE;
	n_fds = packet_detach(&message, fds);
	if ((size_t)n < sizeof head || (message.msg_flags & MSG_TRUNC)) {
		while (n_fds > 0)
			close(fds[--n_fds]);
		return PACKET_GONE;
	}
	packet->bytes.len = (size_t)n - sizeof head;
	packet_take(packet, &head, fds, n_fds);
	return PACKET_DONE;
}
