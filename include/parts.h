/* SPDX-License-Identifier: GPL-2.0-only */
/* What tally is made of: the tables in vmm/parts.c, the one place that names every part. */
#ifndef TALLY_PARTS_H
#define TALLY_PARTS_H

#include <stddef.h>

#include "device.h"
#include "option.h"

/* The option tables: of the machine, the architecture, then the devices. NULL past the last. */
const struct option_group *option_group(size_t i);

/* In the order in which devices are planned, created and put into the device tree. */
extern const struct device_model *const device_models[];
extern const size_t n_device_models;

/* vmm/config.c */
extern const struct option_group machine_options, kernel_options;

#endif
