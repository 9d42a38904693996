// SPDX-License-Identifier: GPL-2.0-only
/* The plan carried out through KVM. The order of construction stands in build() alone. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch.h"
#include "log.h"
#include "machine.h"

enum { SLOT_RAM, SLOT_STEAL_TIME };

#define KICK_SIGNAL	SIGRTMIN
#define VCPU_STACK	(256 << 10)

static int failed(struct error *err, int ret, const char *what)
{
	return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "%s: %s", what, strerror(-ret));
}

int vm_open(int kvm_fd, const struct host_caps *caps, unsigned int ipa_bits, struct error *err)
{
	int fd = kvm_ioctl_value(kvm_fd, KVM_CREATE_VM, arch_vm_type(caps, ipa_bits));

	return fd < 0 ? failed(err, fd, "KVM_CREATE_VM") : fd;
}

static int add_memory(struct machine *machine, unsigned int slot, const struct range *range,
		      void *host, struct error *err)
{
	struct kvm_userspace_memory_region region = {
		.slot			= slot,
		.guest_phys_addr	= range->gpa,
		.memory_size		= range->size,
		.userspace_addr		= (uintptr_t)host,
	};
	int ret = kvm_ioctl(machine->vm_fd, KVM_SET_USER_MEMORY_REGION, &region);

	if (ret == -EINVAL && slot == SLOT_RAM)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, EINVAL,
				 "--mem: this host's KVM can't take %llu MiB of memory",
				 (unsigned long long)range->size >> 20);
	return ret < 0 ? failed(err, ret, "KVM_SET_USER_MEMORY_REGION") : 0;
}

static int create_memory(struct machine *machine, struct error *err)
{
	const struct plan *plan = machine->plan;
	const struct range *steal = &plan->cpu.steal_time_area;
	int ret = guest_memory_map(&machine->memory, plan->ram.gpa, plan->ram.size,
				   machine->config->hugetlbfs, err);

	if (!ret)
		ret = add_memory(machine, SLOT_RAM, &plan->ram, machine->memory.host, err);
	if (ret || !steal->size)
		return ret;
	machine->steal_time = mmap(NULL, steal->size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (machine->steal_time == MAP_FAILED) {
		machine->steal_time = NULL;
		return failed(err, -errno, "memory for stolen time");
	}
	return add_memory(machine, SLOT_STEAL_TIME, steal, machine->steal_time, err);
}

static int load_image(struct machine *machine, const struct image *image,
		      const struct range *range, struct error *err)
{
	uint64_t size;

	if (image->format == IMAGE_NONE)
		return 0;
	return image_load(image, &machine->memory, range->gpa, range->size, &size, err);
}

static int load_images(struct machine *machine, struct error *err)
{
	const struct plan *plan = machine->plan;
	const struct images *images = machine->images;
	size_t fdt_size = plan_fdt_size(plan);
	void *dtb = guest_memory_at(&machine->memory, plan->dtb.gpa, fdt_size);
	/* A small guest is not worth two huge pages, one for its image and one for the tree. */
	bool small = images->kernel.memory_size + images->firmware.memory_size +
		     images->initrd.memory_size < GUEST_HUGE_PAGE;
	int ret;

	if (!small)
		guest_memory_huge_pages(&machine->memory);
	ret = load_image(machine, &images->kernel, &plan->kernel, err);
	if (!ret)
		ret = load_image(machine, &images->firmware, &plan->firmware, err);
	if (!ret)
		ret = load_image(machine, &images->initrd, &plan->initrd, err);
	if (!ret)
		memcpy(dtb, plan->fdt, fdt_size);
	if (small)
		guest_memory_huge_pages(&machine->memory);
	return ret;
}

static int create_vcpus(struct machine *machine, struct error *err)
{
	unsigned int n = machine->plan->cpus;
	int size = kvm_ioctl_value(machine->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (size < 0)
		return failed(err, size, "KVM_GET_VCPU_MMAP_SIZE");
	machine->run_size = size;
	for (unsigned int i = 0; i < n; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];

		vcpu->fd = kvm_ioctl_value(machine->vm_fd, KVM_CREATE_VCPU, i);
		machine->vcpu_fds[i] = vcpu->fd;
		if (vcpu->fd < 0)
			return failed(err, vcpu->fd, "KVM_CREATE_VCPU");
		vcpu->run = kvm_map_run(vcpu->fd, machine->run_size);
		if (!vcpu->run)
			return failed(err, -errno, "mapping a vCPU's kvm_run");
	}
	bus_set_run(machine->bus, machine->vcpus[0].run, machine->run_size);
	return 0;
}

static int create_devices(struct machine *machine, struct error *err)
{
	for (unsigned int i = 0; i < machine->plan->n_devices; i++) {
		const struct device_slot *slot = &machine->plan->devices[i];
		struct device_env env = {
			.bus		= machine->bus,
			.memory		= &machine->memory,
			.loop		= machine->loop,
			.console	= machine->console,
			.config		= machine->config,
			.slot		= *slot,
			.irq		= arch_irq_line(machine, slot->intid),
		};
		int ret = slot->model->create(&env, &machine->devices[i], err);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/*
 * The one order: what KVM wants first comes first. vCPUs before the irqchip,
 * because a GIC is initialised for the vCPUs there are; the irqchip before the
 * PMU, because the PMU's interrupt is one of the GIC's.
 */
static int build(struct machine *machine, struct error *err)
{
	static int (*const steps[])(struct machine *machine, struct error *err) = {
		create_memory,
		arch_vm_setup,
		create_vcpus,
		arch_vcpus_init,
		arch_irqchip_create,
		arch_vcpus_setup,
		create_devices,
		load_images,
		arch_boot_state,
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(steps) / sizeof(steps[0]); i++)
		ret = steps[i](machine, err);
	return ret;
}

static int allocate(struct machine *machine, struct error *err)
{
	machine->vcpus = calloc(machine->plan->cpus, sizeof(*machine->vcpus));
	machine->vcpu_fds = calloc(machine->plan->cpus, sizeof(*machine->vcpu_fds));
	machine->devices = calloc(machine->plan->n_devices, sizeof(*machine->devices));
	if (!machine->vcpus || !machine->vcpu_fds || !machine->devices)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the machine");
	for (unsigned int i = 0; i < machine->plan->cpus; i++) {
		machine->vcpus[i].machine = machine;
		machine->vcpus[i].index = i;
		machine->vcpus[i].fd = -1;
	}
	return bus_create(&machine->bus, machine->vm_fd, err);
}

int machine_create(struct machine *machine, int kvm_fd, int vm_fd, const struct config *config,
		   const struct plan *plan, const struct images *images,
		   struct event_loop *loop, struct console *console, struct verdict *verdict,
		   struct error *err)
{
	int ret;

	*machine = (struct machine) {
		.config		= config,
		.plan		= plan,
		.images		= images,
		.loop		= loop,
		.console	= console,
		.verdict	= verdict,
		.kvm_fd		= kvm_fd,
		.vm_fd		= vm_fd,
		.gic_fd		= -1,
		.its_fd		= -1,
	};
	ret = allocate(machine, err);
	if (!ret)
		ret = build(machine, err);
	if (ret < 0)
		machine_destroy(machine);
	return ret;
}

void machine_destroy(struct machine *machine)
{
	for (unsigned int i = machine->plan->n_devices; machine->devices && i-- > 0; ) {
		if (machine->devices[i])
			machine->plan->devices[i].model->destroy(machine->devices[i]);
	}
	arch_teardown(machine);
	for (unsigned int i = 0; machine->vcpus && i < machine->plan->cpus; i++) {
		if (machine->vcpus[i].run)
			kvm_unmap_run(machine->vcpus[i].run, machine->run_size);
		if (machine->vcpus[i].fd >= 0)
			kvm_close(machine->vcpus[i].fd);
	}
	bus_destroy(machine->bus);
	kvm_close(machine->vm_fd);
	guest_memory_unmap(&machine->memory);
	if (machine->steal_time)
		munmap(machine->steal_time, machine->plan->cpu.steal_time_area.size);
	free(machine->devices);
	free(machine->vcpu_fds);
	free(machine->vcpus);
}

/* Its only work is to interrupt KVM_RUN. */
static void kicked(int signal)
{
}

static int start_vcpu(struct vcpu *vcpu, const pthread_attr_t *attr)
{
	int ret = pthread_create(&vcpu->thread, attr, vcpu_thread, vcpu);

	vcpu->started = !ret;
	return -ret;
}

int machine_start(struct machine *machine, struct error *err)
{
	struct sigaction action = { .sa_handler = kicked };
	pthread_attr_t attr;
	sigset_t all, old;
	int ret = 0;

	sigaction(KICK_SIGNAL, &action, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, VCPU_STACK);
	if (machine->config->has_affinity)
		pthread_attr_setaffinity_np(&attr, sizeof(cpu_set_t), &machine->config->affinity);
	/* Signals for the process are the main thread's business. */
	sigfillset(&all);
	sigdelset(&all, KICK_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned int i = 0; !ret && i < machine->plan->cpus; i++)
		ret = start_vcpu(&machine->vcpus[i], &attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (ret < 0) {
		machine_stop(machine);
		if (ret == -EINVAL && machine->config->has_affinity)
			return error_set(err, TALLY_EXIT_UNAVAILABLE, EINVAL,
					 "--vcpu-affinity: this host has none of these CPUs");
		return failed(err, ret, "starting a vCPU's thread");
	}
	return 0;
}

/* immediate_exit catches a vCPU that is on its way into KVM_RUN when the signal comes. */
void machine_kick(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(vcpu->thread, KICK_SIGNAL);
}

void machine_stop(struct machine *machine)
{
	atomic_store(&machine->stopping, true);
	for (unsigned int i = 0; i < machine->plan->cpus; i++) {
		if (machine->vcpus[i].started)
			machine_kick(&machine->vcpus[i]);
	}
	for (unsigned int i = 0; i < machine->plan->cpus; i++) {
		if (machine->vcpus[i].started)
			pthread_join(machine->vcpus[i].thread, NULL);
		machine->vcpus[i].started = false;
	}
	bus_drain(machine->bus);
}
