/* SPDX-License-Identifier: MIT */
/*
 * options_safety -- the table of which addresses may be connected to. What it
 * cannot be had together with is in options_rules.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

#define AT(field, ctype) .off = OPT_AT(struct options_safety, field, ctype)

static const struct opt options_safety_rows[] = {
	{ .name = "public-only", .type = &opt_flag, AT(public_only, int),
	  .brief = "connect to addresses of the public internet only",
	  .notes = "For lists that others wrote: no URL, redirect or name "
		"leads to this machine, its network or a cloud's metadata. "
		"Private, loopback, link-local, multicast, shared, reserved "
		"and documentation nets (IANA's special-purpose registries) "
		"are denied. What counts is the address that is connected to, "
		"of every hop and attempt, however it is written and whoever "
		"says it, --resolve and the hosts file too; in IPv6 addresses "
		"that hold one of IPv4 (mapped, NAT64, 6to4) that one counts "
		"as well. Of a name's addresses those denied are passed over; "
		"when none is left the URL fails (policy, denied) without a "
		"packet to any of them, and is not tried again. Name servers "
		"are asked wherever they are. Not with --proxy, which looks "
		"names up and connects by itself, nor with --unix-socket.",
	  .example = "fetchall --public-only urls.txt" },
	{ .name = "allow-net", .type = &opt_texts, AT(allow, struct opt_list),
	  .arg = "CIDR",
	  .brief = "except this net from what is denied; may be repeated",
	  .notes = "10.1.0.0/16, fd00:1::/32 or one address. With "
		"--public-only or --deny-net. Of all nets that hold an address "
		"the smallest decides; of equal ones --deny-net goes before "
		"--allow-net, and that before --public-only. So --deny-net "
		"0.0.0.0/0 --deny-net ::/0 leaves only what is allowed.",
	  .example = "fetchall --public-only --allow-net 10.1.0.0/16 urls.txt" },
	{ .name = "deny-net", .type = &opt_texts, AT(deny, struct opt_list),
	  .arg = "CIDR",
	  .brief = "connect to no address of this net; may be repeated",
	  .notes = "Written and checked as the nets of --allow-net and "
		"--public-only are. 127.0.0.0/8 denies 0.0.0.0 as well, "
		"which connects to this machine too, and ::1/128 denies ::.",
	  .example = "fetchall --deny-net 192.0.2.0/24 urls.txt" },
};
#undef AT

/* clang-format on */

const struct opt_set options_safety_set = {
	.name = "safety", .title = "Safety", OPT_ROWS(options_safety_rows),
	.settings_size = sizeof(struct options_safety),
};
