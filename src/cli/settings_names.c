/* SPDX-License-Identifier: MIT */
/*
 * settings_names -- how names are looked up, and which addresses they may
 * lead to.
 */
#include "config.h"

#include "cli/options.h"
#include "cli/settings_own.h"
#include "net/policy.h"

#define SETTINGS_NAMES 16384		/* kept in the name cache */

static void
settings_set_names(struct names_settings *names,
	const struct options *options)
{
	const struct options_request *request = options->request;
	const struct options_limits *limits = options->limits;

	*names = (struct names_settings){
		.servers = options->names->servers,
		.concurrency = options->names->concurrency,
		.timeout_us = limits->dns_timeout,
		.family = request->ipv4 ? 4 : request->ipv6 ? 6 : 0,
		.cache_max = SETTINGS_NAMES,
		.resolve = request->resolve.items,
		.n_resolve = request->resolve.n,
	};
}

static int
settings_add_nets(struct settings *settings, const struct options *options,
	enum policy_word word, struct err *err)
{
	const char *name = word == POLICY_DENIED ? "deny-net" : "allow-net";
	const struct opt_list *nets = word == POLICY_DENIED ?
		&options->safety->deny : &options->safety->allow;
	size_t i;

	for (i = 0; i < nets->n; i++)
		if (policy_add(settings->policy, word, nets->items[i],
		    err) != 0)
			return settings_blame(options, name, err);
	return 0;
}

/* Exceptions alone, as from a config file, deny nothing: no policy. */
static int
settings_set_policy(struct settings *settings, const struct options *options,
	struct err *err)
{
	settings->policy = policy_new();
	if (options->safety->public_only)
		policy_add_special(settings->policy);
	if (settings_add_nets(settings, options, POLICY_ALLOWED, err) != 0 ||
	    settings_add_nets(settings, options, POLICY_DENIED, err) != 0)
		return -1;
	if (options_denies(options))
		settings->run.easy.policy = settings->policy;
	return 0;
}

int
settings_names_fill(struct settings *settings,
	const struct options *options, struct err *err)
{
	settings_set_names(&settings->run.names, options);
	return settings_set_policy(settings, options, err);
}
