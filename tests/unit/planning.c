// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "hosts.h"
#include "option.h"
#include "planning.h"

void planning_init(struct planning *p, const char *host, const char *args)
{
	int argc = 1;

	memset(p, 0, sizeof(*p));
	host_load(host, &p->caps);
	config_init(&p->config);
	if ((size_t)snprintf(p->words, sizeof(p->words), "%s", args) >= sizeof(p->words))
		fail_msg("command line too long");
	p->argv[0] = (char *)"tally";
	for (char *word = strtok(p->words, " "); word; word = strtok(NULL, " ")) {
		if (argc + 1 == ARRAY_SIZE(p->argv))
			fail_msg("too many words");
		p->argv[argc++] = word;
	}
	assert_done(options_parse(&p->config, argc, p->argv, &p->err), &p->err);
	p->images.kernel.fd = -1;
	p->images.initrd.fd = -1;
	p->images.firmware.fd = -1;
}

void planning_kernel(struct planning *p, uint64_t text_offset, uint64_t memory_size)
{
	p->images.kernel = (struct image){
		.format = IMAGE_LINUX, .fd = -1, .path = "the-kernel", .length = memory_size,
		.load_size = memory_size, .memory_size = memory_size, .text_offset = text_offset,
	};
}

static void raw(struct image *image, const char *path, uint64_t size)
{
	*image = (struct image){
		.format = IMAGE_RAW_FILE, .fd = -1, .path = path, .length = size,
		.load_size = size, .memory_size = size,
	};
}

void planning_initrd(struct planning *p, uint64_t size)
{
	raw(&p->images.initrd, "the-initrd", size);
}

void planning_firmware(struct planning *p, uint64_t size)
{
	raw(&p->images.firmware, "the-firmware", size);
}

int planning_make(struct planning *p)
{
	return plan_make(&p->config, &p->caps, &p->images, &p->plan, &p->err);
}

void planning_free(struct planning *p)
{
	plan_free(&p->plan);
	config_free(&p->config);
}
