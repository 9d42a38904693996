// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "kvm.h"

struct bus_entry {
	uint64_t		gpa;
	uint64_t		size;
	const char		*name;
	const struct bus_ops	*ops;
	void			*device;
};

struct bus {
	int			vm_fd;
	struct bus_entry	*entries;	/* sorted by address */
	size_t			n;

	/* Writes that KVM keeps back: filled by KVM, emptied under the lock. */
	void			*run;
	size_t			run_size;
	pthread_mutex_t		drain_lock;
	struct kvm_coalesced_mmio_ring *ring;	/* NULL while nothing is kept back */
	uint32_t		ring_entries;
};

int bus_create(struct bus **bus, int vm_fd, struct error *err)
{
	*bus = calloc(1, sizeof(**bus));
	if (!*bus)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the bus");
	(*bus)->vm_fd = vm_fd;
	pthread_mutex_init(&(*bus)->drain_lock, NULL);
	return 0;
}

void bus_destroy(struct bus *bus)
{
	if (!bus)
		return;
	pthread_mutex_destroy(&bus->drain_lock);
	free(bus->entries);
	free(bus);
}

/* The first entry that ends above @gpa. */
static size_t bus_find(const struct bus *bus, uint64_t gpa)
{
	size_t low = 0, high = bus->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (bus->entries[mid].gpa + bus->entries[mid].size <= gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int bus_add(struct bus *bus, const char *name, uint64_t gpa, uint64_t size,
	    const struct bus_ops *ops, void *device, struct error *err)
{
	size_t at = bus_find(bus, gpa);
	struct bus_entry *entries;

	if (at < bus->n && bus->entries[at].gpa < gpa + size)
		return error_set(err, TALLY_EXIT_SOFTWARE, EEXIST,
				 "%s at 0x%llx overlaps %s", name, (unsigned long long)gpa,
				 bus->entries[at].name);
	entries = realloc(bus->entries, (bus->n + 1) * sizeof(*entries));
	if (!entries)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the bus");
	bus->entries = entries;
	memmove(entries + at + 1, entries + at, (bus->n - at) * sizeof(*entries));
	entries[at] = (struct bus_entry) {
		.gpa = gpa, .size = size, .name = name, .ops = ops, .device = device,
	};
	bus->n++;
	return 0;
}

int bus_doorbell(struct bus *bus, uint64_t gpa, uint32_t value, int fd)
{
	struct kvm_ioeventfd doorbell = {
		.datamatch	= value,
		.addr		= gpa,
		.len		= 4,
		.fd		= fd,
		.flags		= KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	if (bus->vm_fd < 0)
		return -ENOTTY;
	return kvm_ioctl(bus->vm_fd, KVM_IOEVENTFD, &doorbell);
}

void bus_set_run(struct bus *bus, void *run, size_t size)
{
	bus->run = run;
	bus->run_size = size;
}

int bus_keep_back(struct bus *bus, uint64_t gpa, uint32_t size)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = gpa, .size = size };
	size_t page = sysconf(_SC_PAGESIZE);
	size_t offset;
	int ret;

	if (bus->vm_fd < 0 || !bus->run)
		return -ENOTTY;
	offset = kvm_check(bus->vm_fd, KVM_CAP_COALESCED_MMIO) * page;
	if (!offset || bus->run_size < offset + page)
		return -ENOTSUP;
	ret = kvm_ioctl(bus->vm_fd, KVM_REGISTER_COALESCED_MMIO, &zone);
	if (ret < 0)
		return ret;
	bus->ring_entries = (page - sizeof(*bus->ring)) / sizeof(bus->ring->coalesced_mmio[0]);
	__atomic_store_n(&bus->ring, (void *)((char *)bus->run + offset), __ATOMIC_RELEASE);
	return 0;
}

/*
 * An entry leaves the ring after its device has had it: whoever finds the ring
 * empty knows that all before it has happened.
 */
void bus_drain(struct bus *bus)
{
	struct kvm_coalesced_mmio_ring *ring = __atomic_load_n(&bus->ring, __ATOMIC_ACQUIRE);
	uint32_t first;

	if (!ring || __atomic_load_n(&ring->first, __ATOMIC_ACQUIRE) ==
		     __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&bus->drain_lock);
	first = ring->first;
	while (first < bus->ring_entries &&
	       first != __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE)) {
		struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[first];
		uint32_t len = entry->len;
		uint64_t value = 0;

		/* KVM writes no more than the access has: behind it an older entry shows */
		memcpy(&value, entry->data, len < sizeof(value) ? len : sizeof(value));
		bus_access(bus, 0, entry->phys_addr, len, true, &value);
		first = (first + 1) % bus->ring_entries;
		__atomic_store_n(&ring->first, first, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&bus->drain_lock);
}

bool bus_access(struct bus *bus, unsigned int cpu, uint64_t gpa, unsigned int len, bool write,
		uint64_t *value)
{
	size_t at = bus_find(bus, gpa);
	const struct bus_entry *entry = bus->entries + at;
	const struct bus_ops *ops;
	uint64_t offset;

	if (!write)
		*value = 0;
	if (at == bus->n || gpa < entry->gpa)
		return false;
	offset = gpa - entry->gpa;
	if (len > entry->size - offset)
		return false;
	ops = entry->ops;
	if (write && ops->write_by)
		ops->write_by(entry->device, cpu, offset, len, *value);
	else if (write)
		ops->write(entry->device, offset, len, *value);
	else if (ops->read_by)
		*value = ops->read_by(entry->device, cpu, offset, len);
	else
		*value = ops->read(entry->device, offset, len);
	return true;
}
