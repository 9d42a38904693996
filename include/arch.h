/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmm/ asks of the architecture; arm64/ answers. */
#ifndef TALLY_ARCH_H
#define TALLY_ARCH_H

#include "config.h"
#include "error.h"
#include "host.h"
#include "machine.h"
#include "option.h"
#include "plan.h"

extern const struct option_group arm64_options, irqchip_options, timer_options;

/* Planning: pure. arch_plan() comes before devices are placed, arch_plan_images() after. */
int arch_plan(const struct config *config, const struct host_caps *caps, struct plan *plan,
	      struct error *err);
int arch_plan_images(const struct config *config, const struct images *images,
		     struct plan *plan, struct error *err);
/* The whole device tree, packed, into plan->fdt. */
int arch_plan_fdt(const struct config *config, struct plan *plan, struct error *err);
/* Where virtio-mmio slot @n lies and which SPI it has; false when there is none left. */
bool arch_virtio_slot(unsigned int n, uint64_t *gpa, uint32_t *intid);

/* Carrying out, in the order in which the machine calls them. */
unsigned long arch_vm_type(const struct plan *plan);
int arch_vm_setup(struct machine *machine, struct error *err);		/* before vCPUs */
int arch_vcpus_init(struct machine *machine, struct error *err);	/* all vCPUs exist */
int arch_irqchip_create(struct machine *machine, struct error *err);
int arch_irqchip_init(struct machine *machine, struct error *err);
int arch_vcpus_setup(struct machine *machine, struct error *err);	/* timers, PMU, stolen time */
int arch_vcpus_start_state(struct machine *machine, struct error *err);	/* registers of the boot CPU */
void arch_teardown(struct machine *machine);
/* The line of SPI @intid. */
struct irq_line arch_irq_line(struct machine *machine, uint32_t intid);

/* Describe a vCPU's state for a crash verdict: PC, PSTATE, ESR where known. */
void arch_describe_vcpu(int vcpu_fd, char *text, size_t size);

#endif
