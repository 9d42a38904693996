// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's thread: enter the guest, serve what it leaves for. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "log.h"
#include "machine.h"

static void end_run(struct vcpu *vcpu)
{
	loop_stop(vcpu->machine->loop);
}

static void __attribute__((format(printf, 2, 3)))
crashed(struct vcpu *vcpu, const char *fmt, ...)
{
	char what[256], where[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	arch_describe_vcpu(vcpu->fd, where, sizeof(where));
	verdict_offer(vcpu->machine->verdict, VERDICT_CRASHED, "vCPU %u: %s (%s)", vcpu->index,
		      what, where);
	end_run(vcpu);
}

/*
 * Guest and host are both little-endian, so the bytes are the number. They are copied
 * without memcpy(): glibc's may use SVE, and then the first use of it after each
 * system call traps.
 */
static void serve_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t value = 0;
	unsigned int len = run->mmio.len;

	vcpu->stats.mmio++;
	if (len > sizeof(value))
		len = sizeof(value);
	for (unsigned int i = 0; run->mmio.is_write && i < len; i++)
		value |= (uint64_t)run->mmio.data[i] << 8 * i;
	if (!bus_access(vcpu->machine->bus, vcpu->index, run->mmio.phys_addr, len,
			run->mmio.is_write, &value))
		log_debug("vCPU %u: %u-byte %s at 0x%llx, where there is no device",
			  vcpu->index, len, run->mmio.is_write ? "write" : "read",
			  (unsigned long long)run->mmio.phys_addr);
	for (unsigned int i = 0; !run->mmio.is_write && i < len; i++)
		run->mmio.data[i] = (uint8_t)(value >> 8 * i);
}

/* PSCI SYSTEM_OFF and SYSTEM_RESET arrive here (KVM api.rst, KVM_EXIT_SYSTEM_EVENT). */
static void serve_system_event(struct vcpu *vcpu)
{
	struct verdict *verdict = vcpu->machine->verdict;

	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		verdict_offer(verdict, VERDICT_OFF, "guest powered off");
		break;
	case KVM_SYSTEM_EVENT_RESET:
		verdict_offer(verdict, VERDICT_RESET, "guest reset itself");
		break;
	default:
		crashed(vcpu, "system event %u", vcpu->run->system_event.type);
	}
	end_run(vcpu);
}

static void serve_fail_entry(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	const struct pmu_plan *pmu = &vcpu->machine->plan->pmu;
	char cpus[128];

	if (run->fail_entry.hardware_entry_failure_reason & KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED)
		crashed(vcpu, "can't run on CPU %u: its PMU %s covers CPUs %s; use --vcpu-affinity",
			run->fail_entry.cpu, pmu->name,
			cpu_list_format(&pmu->cpus, cpus, sizeof(cpus)));
	else
		crashed(vcpu, "KVM could not enter the guest: 0x%llx",
			(unsigned long long)run->fail_entry.hardware_entry_failure_reason);
}

/* False when the vCPU is not to be entered again. */
static bool serve_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_MMIO:
		serve_mmio(vcpu);
		return true;
	case KVM_EXIT_INTR:
		return true;
	case KVM_EXIT_SYSTEM_EVENT:
		serve_system_event(vcpu);
		return false;
	case KVM_EXIT_FAIL_ENTRY:
		serve_fail_entry(vcpu);
		return false;
	case KVM_EXIT_INTERNAL_ERROR:
		crashed(vcpu, "KVM internal error %u", vcpu->run->internal.suberror);
		return false;
	default:
		crashed(vcpu, "KVM exit reason %u, which tally does not know",
			vcpu->run->exit_reason);
		return false;
	}
}

void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	bool has_lines = vcpu->machine->gic_user;
	bool again = true;

	/* A kick that is over takes its immediate_exit along, so look for a stop after that. */
	while (again && !atomic_load(&vcpu->machine->stopping)) {
		int ret;

		if (has_lines)
			arch_vcpu_enter(vcpu);
		ret = kvm_ioctl_value(vcpu->fd, KVM_RUN, 0);
		if (has_lines)
			arch_vcpu_left(vcpu, ret);
		vcpu->stats.runs++;
		bus_drain(vcpu->machine->bus);
		if (ret >= 0) {
			again = serve_exit(vcpu);
		} else if (ret != -EINTR && ret != -EAGAIN) {
			if (ret == -ENOSYS)
				crashed(vcpu, "an access that KVM can't decode, to no memory");
			else
				crashed(vcpu, "KVM_RUN: %s", strerror(-ret));
			again = false;
		}
	}
	return NULL;
}
