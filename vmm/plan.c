// SPDX-License-Identifier: GPL-2.0-only
/* From the command line, the files and the host to the plan: decided here, done elsewhere. */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "parts.h"
#include "plan.h"

#define NEAR_SIZE	(256ull << 20)	/* initrd and device tree stay this close if they can */
#define FAR_SIZE	(32ull << 30)	/* booting.rst: kernel and initrd within that */
#define IMAGE_ALIGN	0x10000		/* the largest page size */
#define KERNEL_ALIGN	(2ull << 20)	/* booting.rst */

static uint64_t align_down(uint64_t value, uint64_t to)
{
	return value & ~(to - 1);
}

static uint64_t align_up(uint64_t value, uint64_t to)
{
	return align_down(value + to - 1, to);
}

static bool overlap(const struct range *a, const struct range *b)
{
	return a->size && b->size && a->gpa < b->gpa + b->size && b->gpa < a->gpa + a->size;
}

int images_open(struct images *images, const struct kernel_config *config, struct error *err)
{
	int ret = 0;

	*images = (struct images) { .kernel.fd = -1, .initrd.fd = -1, .firmware.fd = -1 };
	if (config->kernel)
		ret = image_open_kernel(&images->kernel, config->kernel, err);
	if (!ret && config->firmware)
		ret = image_open_raw(&images->firmware, config->firmware, "firmware", err);
	if (!ret && config->initrd)
		ret = image_open_raw(&images->initrd, config->initrd, "initrd", err);
	if (ret < 0)
		images_close(images);
	return ret;
}

void images_close(struct images *images)
{
	image_close(&images->kernel);
	image_close(&images->initrd);
	image_close(&images->firmware);
}

static int place_devices(const struct config *config, struct plan *plan, struct error *err)
{
	unsigned int virtio = 0, n = 0;

	for (size_t m = 0; m < n_device_models; m++)
		n += device_models[m]->count(config);
	plan->devices = calloc(n ? n : 1, sizeof(*plan->devices));
	if (!plan->devices)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the plan");
	for (size_t m = 0; m < n_device_models; m++) {
		const struct device_model *model = device_models[m];

		for (unsigned int i = 0; i < model->count(config); i++) {
			struct device_slot *slot = &plan->devices[plan->n_devices];

			*slot = (struct device_slot) { .model = model, .index = i };
			if (model->gpa) {
				slot->gpa = model->gpa;
				slot->intid = arch_fixed_intid(plan->n_devices);
			} else if (!arch_virtio_slot(virtio++, &slot->gpa, &slot->intid)) {
				return error_set(err, TALLY_EXIT_USAGE, E2BIG,
						 "%s: too many devices: there is room for %u",
						 model->name, virtio - 1);
			}
			plan->n_devices++;
		}
	}
	return 0;
}

/* Where initrd and device tree end: close to the kernel, or as high as it must be. */
static uint64_t images_limit(const struct plan *plan, uint64_t needed)
{
	if (plan->ram.size > NEAR_SIZE && needed <= NEAR_SIZE)
		return plan->ram.gpa + NEAR_SIZE;
	return plan->ram.gpa + (plan->ram.size < FAR_SIZE ? plan->ram.size : FAR_SIZE);
}

static int no_room(const struct image *image, const char *what, const struct plan *plan,
		   struct error *err)
{
	return error_set(err, TALLY_EXIT_NOINPUT, ENOSPC,
			 "%s %s: %llu bytes do not fit into %llu MiB of memory beside the rest",
			 what, image->path, (unsigned long long)image->memory_size,
			 (unsigned long long)plan->ram.size >> 20);
}

static int place_firmware(const struct config *config, const struct image *firmware,
			  struct plan *plan, struct error *err)
{
	uint64_t gpa = plan->ram.gpa;

	if (config->kernel.has_firmware_address)
		gpa = config->kernel.firmware_address;
	plan->firmware = (struct range) { gpa, firmware->memory_size };
	plan->entry = gpa;
	/* A vCPU that starts elsewhere only takes exceptions. */
	if (gpa % 4)
		return error_set(err, TALLY_EXIT_USAGE, EINVAL,
				 "--firmware-address: 0x%llx: not a multiple of 4, and instructions are",
				 (unsigned long long)gpa);
	if (gpa < plan->ram.gpa || gpa - plan->ram.gpa > plan->ram.size ||
	    firmware->memory_size > plan->ram.size - (gpa - plan->ram.gpa))
		return error_set(err, TALLY_EXIT_USAGE, ERANGE,
				 "--firmware-address: 0x%llx: %s (%llu bytes) is not within the memory, 0x%llx to 0x%llx",
				 (unsigned long long)gpa, firmware->path,
				 (unsigned long long)firmware->memory_size,
				 (unsigned long long)plan->ram.gpa,
				 (unsigned long long)(plan->ram.gpa + plan->ram.size - 1));
	if (overlap(&plan->firmware, &plan->dtb) || overlap(&plan->firmware, &plan->initrd))
		return error_set(err, TALLY_EXIT_USAGE, ERANGE,
				 "--firmware-address: 0x%llx: %s (%llu bytes) overlaps the %s at 0x%llx",
				 (unsigned long long)gpa, firmware->path,
				 (unsigned long long)firmware->memory_size,
				 overlap(&plan->firmware, &plan->dtb) ? "device tree" : "initrd",
				 (unsigned long long)(overlap(&plan->firmware, &plan->dtb) ?
						      plan->dtb.gpa : plan->initrd.gpa));
	return 0;
}

/*
 * The kernel at the start of memory, the device tree at the end of what is
 * near, the initrd below it.
 */
static int place_images(const struct config *config, const struct images *images,
			struct plan *plan, struct error *err)
{
	uint64_t dtb_size = align_up(arch_fdt_space(plan), IMAGE_ALIGN);
	uint64_t kernel_end = plan->ram.gpa;
	uint64_t limit;

	if (images->kernel.format != IMAGE_NONE) {
		plan->kernel.gpa = align_up(plan->ram.gpa, KERNEL_ALIGN) +
				   images->kernel.text_offset;
		if (images->kernel.text_offset > plan->ram.size ||
		    images->kernel.memory_size > plan->ram.size - images->kernel.text_offset)
			return no_room(&images->kernel, "kernel", plan, err);
		kernel_end = plan->kernel.gpa + images->kernel.memory_size;
		plan->entry = plan->kernel.gpa;
	}
	if (images->initrd.memory_size > plan->ram.size)
		return no_room(&images->initrd, "initrd", plan, err);
	limit = images_limit(plan, kernel_end - plan->ram.gpa + 2 * IMAGE_ALIGN + dtb_size +
			     images->initrd.memory_size);
	plan->dtb = (struct range) { align_down(limit - dtb_size, IMAGE_ALIGN), dtb_size };
	plan->initrd.size = images->initrd.memory_size;
	plan->initrd.gpa = align_down(plan->dtb.gpa - plan->initrd.size, IMAGE_ALIGN);
	if (plan->initrd.size > plan->dtb.gpa - plan->ram.gpa || plan->initrd.gpa < kernel_end)
		return plan->initrd.size ? no_room(&images->initrd, "initrd", plan, err) :
		       no_room(&images->kernel, "kernel", plan, err);
	if (images->kernel.format != IMAGE_NONE)
		plan->kernel.size = plan->initrd.gpa - plan->kernel.gpa;
	if (images->firmware.format != IMAGE_NONE)
		return place_firmware(config, &images->firmware, plan, err);
	return 0;
}

/* As lkvm does: a disk without anything else to boot from is the root. */
static int make_bootargs(const struct config *config, struct plan *plan, struct error *err)
{
	const char *given = config->kernel.params ? config->kernel.params : "";
	const char *console = "", *root = "";

	if (!config->nodefaults) {
		if (config->devices.console == CONSOLE_VIRTIO && !strstr(given, "console="))
			console = "console=hvc0 ";
		if (config->devices.n_disks && !config->kernel.initrd && !strstr(given, "root="))
			root = config->devices.disks[0].read_only ? "root=/dev/vda ro " :
			       "root=/dev/vda rw ";
	}
	if (asprintf(&plan->bootargs, "%s%s%s", console, root, given) < 0) {
		plan->bootargs = NULL;
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the plan");
	}
	return 0;
}

int plan_make(const struct config *config, const struct host_caps *caps,
	      const struct images *images, struct plan *plan, struct error *err)
{
	int ret;

	memset(plan, 0, sizeof(*plan));
	plan->cpus = config->cpus;
	plan->ram.size = config->mem;
	ret = place_devices(config, plan, err);
	if (!ret)
		ret = arch_plan(config, caps, plan, err);
	if (!ret)
		ret = make_bootargs(config, plan, err);
	if (!ret)
		ret = place_images(config, images, plan, err);
	if (!ret)
		ret = arch_plan_fdt(plan, err);
	if (ret < 0)
		plan_free(plan);
	return ret;
}

size_t plan_fdt_size(const struct plan *plan)
{
	return fdt_totalsize(plan->fdt);
}

void plan_free(struct plan *plan)
{
	free(plan->devices);
	free(plan->bootargs);
	free(plan->fdt);
	memset(plan, 0, sizeof(*plan));
}
