/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine: the plan carried out through KVM, and its life until the verdict. */
#ifndef TALLY_MACHINE_H
#define TALLY_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "config.h"
#include "console.h"
#include "error.h"
#include "kvm.h"
#include "loop.h"
#include "memory.h"
#include "plan.h"
#include "verdict.h"

/* Counted on the vCPU's own thread, read after it has ended. */
struct vcpu_stats {
	uint64_t	runs;		/* returns from KVM_RUN */
	uint64_t	mmio;		/* of these, for an access to a device */
};

struct vcpu {
	struct machine		*machine;
	unsigned int		index;
	int			fd;
	struct kvm_run		*run;
	pthread_t		thread;
	bool			started;
	struct vcpu_stats	stats;
};

struct machine {
	const struct config	*config;
	const struct plan	*plan;
	const struct images	*images;
	struct event_loop	*loop;
	struct console		*console;
	struct verdict		*verdict;
	int			kvm_fd;
	int			vm_fd;
	size_t			run_size;	/* of struct kvm_run's mapping */
	struct guest_memory	memory;
	void			*steal_time;	/* mapping of plan->cpu.steal_time_area */
	struct bus		*bus;
	struct vcpu		*vcpus;
	int			*vcpu_fds;	/* the same descriptors in a row */
	int			gic_fd, its_fd;
	void			*gicv2m;	/* the frame, where there is one */
	void			*gic_user;	/* the GIC in user space, where there is one */
	void			**devices;	/* plan->n_devices */
	unsigned int		pmu_counters;	/* in PMCR_EL0.N */
	atomic_bool		stopping;
};

/* A VM with guest physical addresses of @ipa_bits bits; its descriptor or a negative errno. */
int vm_open(int kvm_fd, const struct host_caps *caps, unsigned int ipa_bits, struct error *err);

/*
 * Build everything up to the first KVM_RUN, in one order (see machine.c), in the
 * VM @vm_fd, which the machine then owns. On error everything is undone, @vm_fd
 * closed too. @config, @plan, @images, @loop, @console and @verdict are borrowed
 * and outlive the machine.
 */
int machine_create(struct machine *machine, int kvm_fd, int vm_fd, const struct config *config,
		   const struct plan *plan, const struct images *images,
		   struct event_loop *loop, struct console *console, struct verdict *verdict,
		   struct error *err);
void machine_destroy(struct machine *machine);

/* Start the vCPU threads; they end by machine_stop() or by a verdict. */
int machine_start(struct machine *machine, struct error *err);
/* Make every vCPU thread leave KVM_RUN and end; waits for them. Main thread. */
void machine_stop(struct machine *machine);

/* Make a vCPU whose thread runs leave KVM_RUN, or not stay in it if it is on its way there. */
void machine_kick(struct vcpu *vcpu);

/* One vCPU's thread. */
void *vcpu_thread(void *vcpu);

#endif
