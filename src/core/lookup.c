/* SPDX-License-Identifier: MIT */
/*
 * lookup -- a name for each hop, mostly from what is known already: then no
 * clock is looked at and no thread is asked.
 */
#include "config.h"

#include "base/clock.h"
#include "core/job.h"
#include "core/lookup.h"
#include "core/service.h"
#include "net/policy.h"

/* The URL whose host is connected to, or NULL when none is looked up. */
static const struct url *
lookup_host(const struct lookup *lookup, const struct job *job)
{
	if (lookup->unix_socket != NULL)
		return NULL;
	return lookup->proxy->text != NULL ? lookup->proxy :
		&job->fetch.request.url;
}

/*
 * Names are in other people's hands, so each answer is checked, whoever gave
 * it and whichever hop or attempt it is for; what is left goes to libcurl as
 * it is, which asks nobody again.
 */
static enum names_status
lookup_check(const struct lookup *lookup, struct job *job)
{
	if (lookup->policy != NULL)
		job->refused = policy_sift(lookup->policy,
			&job->fetch.request.addrs);
	return job->refused != NULL ? NAMES_DENIED : NAMES_OK;
}

static void
lookup_on_name(struct service_ask *ask, enum names_status status,
	struct addrs *addrs)
{
	struct job *job = LIST_ENTRY(ask, struct job, ask);
	struct lookup *lookup = job->lookup;

	if (addrs != NULL) {
		job->fetch.request.addrs = addrs_ref(addrs);
		status = lookup_check(lookup, job);
	}
	job->name_us = clock_us() - job->hop_us;
	lookup->done(lookup->arg, job, status);
}

/* --max-time is for all hops and look-ups of an attempt together. */
static int64_t
lookup_until(const struct lookup *lookup, const struct job *job)
{
	if (lookup->max_time_us == 0)
		return 0;
	return lookup->max_time_us +
		(job->n_hops > 0 ? job->started_us : job->hop_us);
}

/* The failure that an attempt is made again for is not to be its answer. */
static int64_t
lookup_doubt(const struct job *job)
{
	return job->attempt > 1 ? job->eligible_us : 0;
}

static void
lookup_ask(struct lookup *lookup, struct job *job, const struct url *host)
{
	job->lookup = lookup;
	job->ask = (struct service_ask){
		.host = host->text + host->host_off,
		.host_len = host->host_len,
		.port = host->port,
		.until_us = lookup_until(lookup, job),
		.doubt_us = lookup_doubt(job),
		.done = lookup_on_name,
	};
	service_look_up(lookup->service, &job->ask);
}

enum names_status
lookup_job(struct lookup *lookup, struct job *job)
{
	const struct url *host = lookup_host(lookup, job);
	enum names_status status;

	job->name_us = 0;
	if (host == NULL)
		return NAMES_OK;
	status = names_cached(lookup->names, host->text + host->host_off,
		host->host_len, host->port, &job->fetch.request.addrs);
	if (status == NAMES_OK)
		status = lookup_check(lookup, job);
	if (status == NAMES_OK)
		return status;
	job->hop_us = clock_us();
	if (lookup_doubt(job) != 0 && names_status_transient(status))
		status = NAMES_PENDING;
	if (status == NAMES_PENDING)
		lookup_ask(lookup, job, host);
	return status;
}
