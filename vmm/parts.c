// SPDX-License-Identifier: GPL-2.0-only
#include "arch.h"
#include "parts.h"
#include "pmu.h"

#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))

const struct device_model *const device_models[] = {
	&serial_model,
	&rtc_model,
	&virtio_blk_model,
	&virtio_console_model,
	&virtio_rng_model,
};

const size_t n_device_models = COUNT(device_models);

static const struct option_group *const groups[] = {
	&machine_options,
	&kernel_options,
	&cpu_options,
	&irqchip_options,
	&timer_options,
	&pmu_options,
};

const struct option_group *option_group(size_t i)
{
	if (i < COUNT(groups))
		return groups[i];
	i -= COUNT(groups);
	for (size_t model = 0; model < n_device_models; model++) {
		if (device_models[model]->options && !i--)
			return device_models[model]->options;
	}
	return NULL;
}
