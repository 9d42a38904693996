// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GIC in user space: the model of devices/gicv2.c on the bus. Its outputs reach the vCPUs
 * through KVM_IRQ_LINE; the lines of timers and PMU reach its inputs through
 * device_irq_level, and what these inputs are goes back as device_irq_mask (KVM api.rst,
 * KVM_CAP_ARM_USER_IRQ and, in the kernel series, KVM_CAP_ARM_TIMER_IRQ_MASK).
 *
 * One lock is around the model and all that is known of the CPUs. KVM_IRQ_LINE and kicks
 * happen under it, so KVM hears of levels in the order in which they were. Why none is lost:
 *
 * - A CPU that has changed the model itself looks what became of its outputs before it enters
 *   the guest, and under the same hold of the lock becomes one that does not: a change comes
 *   before that, or is brought to KVM by whoever makes it.
 * - A KVM with line masks takes that from any thread, at any time. Others may lose it while
 *   the vCPU runs, as its thread writes the same word: there every CPU looks that is outside
 *   KVM_RUN, and one that is inside is kicked out. Of a kick's two halves immediate_exit
 *   works until KVM looks at it, the signal afterwards.
 * - A CPU that leaves says without the lock that it looks: whoever does not see that yet kicks
 *   it, and if that is too late for it to see, the next KVM_RUN returns at once, no more.
 * - A kick's immediate_exit is cleared by the thread that it was for, and may by then be
 *   machine_stop()'s as well: that sets "stopping" first, and the thread looks at it later.
 * - A signal that comes late interrupts a KVM_RUN too many, no more.
 * - A line of the vCPU's own that changes after KVM_RUN's return: KVM compares with the mask, or
 *   with the level that it has shown, before it enters the guest again.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "arch.h"
#include "gic_user.h"
#include "gicv2.h"
#include "kvm.h"
#include "log.h"

enum { LINE_VTIMER, LINE_PTIMER, LINE_PMU, LINES };

static const struct {
	const char	*name;
	uint64_t	bit;		/* in device_irq_level and device_irq_mask */
} lines[LINES] = {
	[LINE_VTIMER]	= { "vtimer", KVM_ARM_DEV_EL1_VTIMER },
	[LINE_PTIMER]	= { "ptimer", KVM_ARM_DEV_EL1_PTIMER },
	[LINE_PMU]	= { "pmu", KVM_ARM_DEV_PMU },
};

static const struct {
	unsigned int	output;
	uint32_t	irq;
} outputs[] = {
	{ GICV2_IRQ, KVM_ARM_IRQ_CPU_IRQ },
	{ GICV2_FIQ, KVM_ARM_IRQ_CPU_FIQ },
};

struct gic_cpu {
	atomic_bool	looks;		/* at its outputs, before it enters the guest */
	atomic_bool	kicked;		/* out of there, until it has left */
	unsigned int	told;		/* its outputs as KVM knows them */
	uint64_t	level;		/* its lines as the model knows them */
};

struct gic_user {
	struct machine	*machine;
	bool		line_masks;
	uint32_t	intids[LINES];

	pthread_mutex_t	lock;		/* of all that follows */
	struct gicv2	*model;
	struct gic_cpu	cpus[GICV2_MAX_CPUS];
	unsigned int	n_cpus;
	struct {
		uint64_t	raised, retired;
		uint64_t	raising_exits, retiring_exits;
	} stats[LINES];
	uint64_t	line_calls, kicks;
};

/* Tell KVM a CPU's outputs, where they are not what it was told last. */
static void tell(struct gic_user *gic, unsigned int index)
{
	struct gic_cpu *cpu = &gic->cpus[index];
	unsigned int now = gicv2_outputs(gic->model, index);

	for (size_t i = 0; now != cpu->told && i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		struct kvm_irq_level irq = {
			.irq	= KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT |
				  index << KVM_ARM_IRQ_VCPU_SHIFT | outputs[i].irq,
			.level	= !!(now & outputs[i].output),
		};

		if (!((now ^ cpu->told) & outputs[i].output))
			continue;
		gic->line_calls++;
		kvm_ioctl(gic->machine->vm_fd, KVM_IRQ_LINE, &irq);
		cpu->told ^= outputs[i].output;
	}
}

/* The model may have changed: bring that to the CPUs that don't look. */
static void publish(struct gic_user *gic)
{
	for (unsigned int i = 0; i < gic->n_cpus; i++) {
		struct gic_cpu *cpu = &gic->cpus[i];

		if (cpu->looks || gicv2_outputs(gic->model, i) == cpu->told)
			continue;
		if (gic->line_masks) {
			tell(gic, i);
		} else if (!cpu->kicked) {
			cpu->kicked = true;
			gic->kicks++;
			machine_kick(&gic->machine->vcpus[i]);
		}
	}
}

static struct kvm_arm_irq_lines *irq_lines(const struct vcpu *vcpu)
{
	return (void *)&vcpu->run->s;
}

void arch_vcpu_enter(struct vcpu *vcpu)
{
	struct gic_user *gic = vcpu->machine->gic_user;
	struct gic_cpu *cpu = &gic->cpus[vcpu->index];

	if (!cpu->looks)
		return;
	pthread_mutex_lock(&gic->lock);
	tell(gic, vcpu->index);
	cpu->looks = false;
	pthread_mutex_unlock(&gic->lock);
	if (gic->line_masks)
		irq_lines(vcpu)->device_irq_mask = cpu->level;
}

/* @shown: KVM_RUN returned for nothing but that a line has changed. */
static void take_levels(struct gic_user *gic, unsigned int index, uint64_t level, bool shown)
{
	uint64_t changed = level ^ gic->cpus[index].level;

	for (unsigned int i = 0; i < LINES; i++) {
		bool high = level & lines[i].bit;

		if (!(changed & lines[i].bit))
			continue;
		gicv2_set_input(gic->model, index, gic->intids[i], high);
		gic->stats[i].raised += high;
		gic->stats[i].retired += !high;
		gic->stats[i].raising_exits += shown && high;
		gic->stats[i].retiring_exits += shown && !high;
	}
	gic->cpus[index].level = level;
}

void arch_vcpu_left(struct vcpu *vcpu, int ret)
{
	struct gic_user *gic = vcpu->machine->gic_user;
	struct gic_cpu *cpu = &gic->cpus[vcpu->index];
	uint64_t level = irq_lines(vcpu)->device_irq_level;
	bool shown = ret == -EINTR && vcpu->run->exit_reason == KVM_EXIT_INTR;

	if (level == cpu->level && gic->line_masks)
		return;
	cpu->looks = true;
	if (level == cpu->level && !cpu->kicked)
		return;
	pthread_mutex_lock(&gic->lock);
	if (cpu->kicked) {
		cpu->kicked = false;
		shown = false;
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	}
	take_levels(gic, vcpu->index, level, shown);
	pthread_mutex_unlock(&gic->lock);
}

/* An access of the CPU whose thread this is. */
static void begin_access(struct gic_user *gic, unsigned int cpu)
{
	pthread_mutex_lock(&gic->lock);
	gic->cpus[cpu].looks = true;
}

static void end_access(struct gic_user *gic)
{
	publish(gic);
	pthread_mutex_unlock(&gic->lock);
}

static uint64_t dist_read(void *device, unsigned int cpu, uint64_t offset, unsigned int len)
{
	struct gic_user *gic = device;
	uint64_t value;

	pthread_mutex_lock(&gic->lock);
	value = gicv2_dist_read(gic->model, cpu, offset, len);
	pthread_mutex_unlock(&gic->lock);
	return value;
}

static void dist_write(void *device, unsigned int cpu, uint64_t offset, unsigned int len,
		       uint64_t value)
{
	struct gic_user *gic = device;

	begin_access(gic, cpu);
	gicv2_dist_write(gic->model, cpu, offset, len, value);
	end_access(gic);
}

static uint64_t cpu_read(void *device, unsigned int cpu, uint64_t offset, unsigned int len)
{
	struct gic_user *gic = device;
	uint64_t value;

	/* To acknowledge an SPI takes it away from the other CPUs that it goes to. */
	begin_access(gic, cpu);
	value = gicv2_cpu_read(gic->model, cpu, offset, len);
	end_access(gic);
	return value;
}

static void cpu_write(void *device, unsigned int cpu, uint64_t offset, unsigned int len,
		      uint64_t value)
{
	struct gic_user *gic = device;

	begin_access(gic, cpu);
	gicv2_cpu_write(gic->model, cpu, offset, len, value);
	end_access(gic);
}

static const struct bus_ops dist_ops = { .read_by = dist_read, .write_by = dist_write };
static const struct bus_ops cpu_ops = { .read_by = cpu_read, .write_by = cpu_write };

static void spi_set(const struct irq_line *line, bool level)
{
	struct gic_user *gic = line->gic;

	pthread_mutex_lock(&gic->lock);
	gicv2_set_input(gic->model, 0, line->intid, level);
	publish(gic);
	pthread_mutex_unlock(&gic->lock);
}

struct irq_line gic_user_line(struct machine *machine, uint32_t intid)
{
	return (struct irq_line) { .set = spi_set, .gic = machine->gic_user, .intid = intid };
}

int gic_user_create(struct machine *machine, struct error *err)
{
	const struct plan *plan = machine->plan;
	struct gic_user *gic = calloc(1, sizeof(*gic));
	int ret;

	if (!gic)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the GIC");
	machine->gic_user = gic;
	pthread_mutex_init(&gic->lock, NULL);
	gic->machine = machine;
	gic->line_masks = plan->gic.line_masks;
	gic->intids[LINE_VTIMER] = plan->timer.virt;
	gic->intids[LINE_PTIMER] = plan->timer.phys;
	gic->intids[LINE_PMU] = plan->pmu.intid;
	gic->n_cpus = plan->cpus;
	for (unsigned int i = 0; i < gic->n_cpus; i++)
		gic->cpus[i].looks = true;
	gic->model = gicv2_create(plan->cpus, plan->gic.spis);
	if (!gic->model)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the GIC");
	ret = bus_add(machine->bus, "GIC distributor", plan->gic.distributor.gpa,
		      plan->gic.distributor.size, &dist_ops, gic, err);
	if (!ret)
		ret = bus_add(machine->bus, "GIC CPU interface", plan->gic.cpu_interface.gpa,
			      plan->gic.cpu_interface.size, &cpu_ops, gic, err);
	return ret;
}

void gic_user_destroy(struct machine *machine)
{
	struct gic_user *gic = machine->gic_user;

	if (!gic)
		return;
	gicv2_destroy(gic->model);
	pthread_mutex_destroy(&gic->lock);
	free(gic);
	machine->gic_user = NULL;
}

void arch_print_stats(const struct machine *machine)
{
	const struct gic_user *gic = machine->gic_user;

	if (!gic)
		return;
	for (unsigned int i = 0; i < LINES; i++) {
		if (gic->stats[i].raised)
			log_info("GIC: %s %" PRIu64 " raised, %" PRIu64 " retired, %" PRIu64
				 " exits to raise, %" PRIu64 " exits to retire", lines[i].name,
				 gic->stats[i].raised, gic->stats[i].retired,
				 gic->stats[i].raising_exits, gic->stats[i].retiring_exits);
	}
	log_info("GIC: %" PRIu64 " KVM_IRQ_LINE calls, %" PRIu64 " kicks", gic->line_calls,
		 gic->kicks);
}
