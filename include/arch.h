/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmm/ asks of the architecture; arm64/ answers. */
#ifndef TALLY_ARCH_H
#define TALLY_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "host.h"
#include "machine.h"
#include "option.h"
#include "plan.h"

extern const struct option_group cpu_options, irqchip_options, timer_options;

/* A host as it is assumed to be for --dump-dtb on a machine that can't run guests. */
void arch_nominal_host(struct host_caps *caps);

/*
 * Planning: pure. The smallest guest physical address size that holds the
 * memory; TALLY_EXIT_UNAVAILABLE where the host's is smaller.
 */
int arch_plan_ipa(const struct config *config, const struct host_caps *caps,
		  unsigned int *ipa_bits, struct error *err);
/* CPUs, interrupt controller, timers, PMU, memory map. */
int arch_plan(const struct config *config, const struct host_caps *caps, struct plan *plan,
	      struct error *err);
/* The SPI of the @n-th device, one that has an address of its own. */
uint32_t arch_fixed_intid(unsigned int n);
/* Where virtio-mmio slot @n lies and which SPI it has; false when there is none left. */
bool arch_virtio_slot(unsigned int n, uint64_t *gpa, uint32_t *intid);
/* Bytes that suffice for the device tree. */
size_t arch_fdt_space(const struct plan *plan);
/* The whole device tree, packed, into plan->fdt. */
int arch_plan_fdt(struct plan *plan, struct error *err);

/* Carrying out, in the order in which the machine calls them. */
unsigned long arch_vm_type(const struct host_caps *caps, unsigned int ipa_bits);
int arch_vm_setup(struct machine *machine, struct error *err);		/* before vCPUs */
int arch_vcpus_init(struct machine *machine, struct error *err);	/* all vCPUs exist */
int arch_irqchip_create(struct machine *machine, struct error *err);
int arch_vcpus_setup(struct machine *machine, struct error *err);	/* PMU, timers, pvtime */
int arch_boot_state(struct machine *machine, struct error *err);	/* vCPU 0 */
void arch_teardown(struct machine *machine);
/* The line of SPI @intid. */
struct irq_line arch_irq_line(struct machine *machine, uint32_t intid);

/*
 * Around each KVM_RUN on the vCPU's thread, where machine->gic_user is set. @ret is what
 * KVM_RUN returned.
 */
void arch_vcpu_enter(struct vcpu *vcpu);
void arch_vcpu_left(struct vcpu *vcpu, int ret);
/* What there is to say after the run, at level info. */
void arch_print_stats(const struct machine *machine);

/* "gicv3" and so on, as --irqchip takes it. */
const char *arch_irqchip_name(const struct plan *plan);

/* Describe a vCPU's state for a crash verdict: PC, PSTATE, ESR where known. */
void arch_describe_vcpu(int vcpu_fd, char *text, size_t size);

#endif
