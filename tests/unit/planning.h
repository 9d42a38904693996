/* SPDX-License-Identifier: GPL-2.0-only */
/* A plan made as a run makes it: from a recorded host, a command line and image headers. */
#ifndef TALLY_UNIT_PLANNING_H
#define TALLY_UNIT_PLANNING_H

#include "config.h"
#include "host.h"
#include "plan.h"
#include "unit.h"

struct planning {
	struct config		config;
	struct host_caps	caps;
	struct images		images;
	struct plan		plan;
	struct error		err;
	char			words[1024];
	char			*argv[64];
};

/*
 * Start with the host hosts/@host and the command line @args (words separated by
 * spaces, without "tally"), which must be right. Then change ->caps and ->images
 * as the test wants, and call plan_make() through planning_make().
 */
void planning_init(struct planning *p, const char *host, const char *args);
/* As if a kernel, initrd or firmware had been opened; no file is behind it. */
void planning_kernel(struct planning *p, uint64_t text_offset, uint64_t memory_size);
void planning_initrd(struct planning *p, uint64_t size);
void planning_firmware(struct planning *p, uint64_t size);
int planning_make(struct planning *p);
void planning_free(struct planning *p);

#define assert_planned(p)	assert_done(planning_make(p), &(p)->err)

#endif
