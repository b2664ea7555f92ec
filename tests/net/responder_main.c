/* SPDX-License-Identifier: MIT */
/*
 * The responder as a program, for tests of the command line: prints its port
 * on standard output and answers until it is killed or its parent ends.
 */
#include "config.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "net/responder.h"

int
main(void)
{
	pid_t parent = getppid();
	struct event_base *base = event_base_new();
	struct responder *responder = NULL;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* It may have died before the line above. */
	if (getppid() != parent)
		return 1;
	if (base != NULL)
		responder = responder_new(base);
	if (responder == NULL)
		return 1;
	printf("%u\n", (unsigned)responder_port(responder));
	fflush(stdout);
	event_base_dispatch(base);
	responder_free(responder);
	event_base_free(base);
	return 0;
}
