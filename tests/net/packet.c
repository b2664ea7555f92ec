/* SPDX-License-Identifier: MIT */
/*
 * Messages arrive whole, whatever their size, with their descriptors.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/packet.h"
#include "unit.h"

static void
test_a_message_of_any_size_arrives(void **state)
{
	static const size_t sizes[] = {
		0, 1, PACKET_INLINE, PACKET_INLINE + 1, 5 << 20,
	};
	struct packet sent, got;
	int socks[2];
	size_t i;

	(void)state;
	assert_int_equal(packet_pair(socks), 0);
	packet_init(&sent);
	packet_init(&got);
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		packet_clear(&sent);
		sent.kind = 3;
		sent.number = (uint32_t)i;
		sent.value = -5;
		memset(buf_room(&sent.bytes, sizes[i]), 'a' + (int)i,
			sizes[i]);
		sent.bytes.len = sizes[i];
		assert_int_equal(packet_send(socks[0], &sent, 0), PACKET_DONE);
		assert_int_equal(packet_recv(socks[1], &got, 0), PACKET_DONE);
		assert_int_equal(got.kind, 3);
		assert_int_equal(got.number, i);
		assert_int_equal(got.value, -5);
		assert_int_equal(got.n_fds, 0);
		assert_false(got.broken);
		assert_int_equal(got.bytes.len, sizes[i]);
		if (sizes[i] > 0)
			assert_memory_equal(got.bytes.data, sent.bytes.data,
				sizes[i]);
	}
	packet_release(&sent);
	packet_release(&got);
	close(socks[0]);
	close(socks[1]);
}

/* Sends as many as fit, with bytes that go by file or not. */
static void
check_descriptors(size_t n_bytes)
{
	struct packet sent, got;
	int socks[2], ends[2];
	size_t i;

	assert_int_equal(packet_pair(socks), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	packet_init(&sent);
	packet_init(&got);
	memset(buf_room(&sent.bytes, n_bytes), 'x', n_bytes);
	sent.bytes.len = n_bytes;
	while (sent.n_fds < PACKET_FDS)
		sent.fds[sent.n_fds++] = ends[1];
	assert_int_equal(packet_send(socks[0], &sent, 0), PACKET_DONE);
	sent.n_fds = 0;
	close(ends[1]);
	assert_int_equal(packet_recv(socks[1], &got, 0), PACKET_DONE);
	assert_int_equal(got.n_fds, PACKET_FDS);
	assert_int_equal(got.bytes.len, n_bytes);
	for (i = 0; i < PACKET_FDS; i++)
		assert_int_equal(fcntl(got.fds[i], F_GETFD), FD_CLOEXEC);
	/* The last writer is gone with the packet. */
	packet_clear(&got);
	assert_int_equal(read(ends[0], &i, 1), 0);
	packet_release(&sent);
	packet_release(&got);
	close(ends[0]);
	close(socks[0]);
	close(socks[1]);
}

static void
test_descriptors_come_along(void **state)
{
	(void)state;
	check_descriptors(10);
	check_descriptors(PACKET_INLINE * 2);
}

/* One goes before the others where bytes were spilled, and only there. */
static void
test_descriptors_that_are_too_many_are_closed(void **state)
{
	struct { uint32_t kind, number; int32_t value; uint16_t n, spilled; }
		head = { .n = PACKET_FDS + 1 };
	struct iovec part = { .iov_base = &head, .iov_len = sizeof head };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE((PACKET_FDS + 1) * sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct packet got;
	int socks[2], ends[2], fds[PACKET_FDS + 1], i;
	char byte;

	(void)state;
	assert_int_equal(packet_pair(socks), 0);
	assert_int_equal(pipe(ends), 0);
	for (i = 0; i <= PACKET_FDS; i++)
		fds[i] = ends[1];
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(header), fds, sizeof fds);
	assert_int_equal(sendmsg(socks[0], &message, 0), sizeof head);
	close(ends[1]);
	packet_init(&got);
	assert_int_equal(packet_recv(socks[1], &got, 0), PACKET_DONE);
	assert_int_equal(got.n_fds, PACKET_FDS);
	packet_release(&got);
	/* Nobody has the pipe's other end any more. */
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	close(socks[0]);
	close(socks[1]);
}

static void
test_a_full_socket_and_an_end_are_told_apart(void **state)
{
	struct packet sent, got;
	int socks[2], n = 0;

	(void)state;
	assert_int_equal(packet_pair(socks), 0);
	packet_init(&sent);
	packet_init(&got);
	assert_int_equal(packet_recv(socks[1], &got, PACKET_NOWAIT),
		PACKET_AGAIN);
	while (packet_send(socks[0], &sent, PACKET_NOWAIT) == PACKET_DONE)
		n++;
	assert_int_equal(packet_send(socks[0], &sent, PACKET_NOWAIT),
		PACKET_AGAIN);
	close(socks[0]);
	while (packet_recv(socks[1], &got, 0) == PACKET_DONE)
		n--;
	assert_int_equal(n, 0);
	assert_int_equal(packet_send(socks[1], &sent, 0), PACKET_GONE);
	packet_release(&sent);
	packet_release(&got);
	close(socks[1]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_a_message_of_any_size_arrives),
	cmocka_unit_test(test_descriptors_come_along),
	cmocka_unit_test(test_descriptors_that_are_too_many_are_closed),
	cmocka_unit_test(test_a_full_socket_and_an_end_are_told_apart),
};

UNIT_MAIN("net/packet", tests)
