// SPDX-License-Identifier: GPL-2.0-only
/* The MMIO bus: who gets an access, and what KVM keeps back of the writes. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "bus.h"
#include "fake_kvm.h"
#include "kvm.h"
#include "unit.h"

struct device {
	const char	*name;
	unsigned int	reads, writes;
	uint64_t	offset, value;		/* of the last access */
	unsigned int	len;
	unsigned int	cpu;
};

static struct bus *bus;
static struct error err;

static uint64_t device_read(void *opaque, uint64_t offset, unsigned int len)
{
	struct device *device = opaque;

	device->reads++;
	device->offset = offset;
	device->len = len;
	return device->value;
}

static void device_write(void *opaque, uint64_t offset, unsigned int len, uint64_t value)
{
	struct device *device = opaque;

	device->writes++;
	device->offset = offset;
	device->len = len;
	device->value = value;
}

static const struct bus_ops device_ops = { device_read, device_write };

static uint64_t read_by(void *opaque, unsigned int cpu, uint64_t offset, unsigned int len)
{
	((struct device *)opaque)->cpu = cpu;
	return device_read(opaque, offset, len);
}

static void write_by(void *opaque, unsigned int cpu, uint64_t offset, unsigned int len,
		     uint64_t value)
{
	((struct device *)opaque)->cpu = cpu;
	device_write(opaque, offset, len, value);
}

/* A device that answers each CPU differently. */
static const struct bus_ops ops_by = { .read_by = read_by, .write_by = write_by };

static int setup(void **state)
{
	fake_kvm_reset();
	return bus_create(&bus, -1, &err);
}

static int teardown(void **state)
{
	bus_destroy(bus);
	return 0;
}

#define TOP	0xfffffffffffff000ull

/* Neighbours without a gap, one with, one as high as can be. */
static struct device devices[] = { { "a" }, { "b" }, { "c" }, { "top" } };
static const struct { uint64_t gpa, size; const struct bus_ops *ops; } ranges[] = {
	{ 0x1000, 0x100, &device_ops }, { 0x1100, 0x100, &ops_by }, { 0x3000, 8, &device_ops },
	{ TOP, 0x800, &ops_by },
};

static const struct {
	uint64_t	gpa;
	unsigned int	len;
	int		device;		/* -1: nobody's */
	uint64_t	offset;
} accesses[] = {
	{ 0x1000, 1, 0, 0 },		{ 0x10ff, 1, 0, 0xff },		{ 0x10f8, 8, 0, 0xf8 },
	{ 0x1100, 4, 1, 0 },		{ 0x1104, 2, 1, 4 },		{ 0x11ff, 1, 1, 0xff },
	{ 0x3000, 8, 2, 0 },		{ 0x3007, 1, 2, 7 },		{ TOP, 4, 3, 0 },
	{ TOP + 0x7fc, 4, 3, 0x7fc },
	/* outside of all */
	{ 0, 1, -1, 0 },		{ 0xfff, 1, -1, 0 },		{ 0x1200, 4, -1, 0 },
	{ 0x2fff, 1, -1, 0 },		{ 0x3008, 1, -1, 0 },		{ TOP + 0x800, 1, -1, 0 },
	{ UINT64_MAX, 1, -1, 0 },
	/* partly outside, or over two */
	{ 0xfff, 2, -1, 0 },		{ 0x10ff, 2, -1, 0 },		{ 0x10fc, 8, -1, 0 },
	{ 0x11fd, 4, -1, 0 },		{ 0x3001, 8, -1, 0 },		{ 0x2ffc, 8, -1, 0 },
	{ TOP + 0x7fd, 4, -1, 0 },
};

static void check_access(size_t i, bool write)
{
	const uint64_t written = 0x8877665544332211, other = 0x1234;
	unsigned int cpu = 1 + i % 7;
	uint64_t value = written;
	bool found;

	for (size_t d = 0; d < ARRAY_SIZE(devices); d++)
		devices[d] = (struct device){ .name = devices[d].name, .value = other + d };
	found = bus_access(bus, cpu, accesses[i].gpa, accesses[i].len, write, &value);
	if (found != (accesses[i].device >= 0))
		fail_msg("%u bytes at 0x%llx: found %d", accesses[i].len,
			 (unsigned long long)accesses[i].gpa, found);
	for (int d = 0; d < (int)ARRAY_SIZE(devices); d++) {
		bool mine = d == accesses[i].device;

		assert_int_equal(devices[d].reads, mine && !write);
		assert_int_equal(devices[d].writes, mine && write);
		if (!mine)
			continue;
		assert_int_equal(devices[d].offset, accesses[i].offset);
		assert_int_equal(devices[d].len, accesses[i].len);
		assert_int_equal(devices[d].cpu, ranges[d].ops == &ops_by ? cpu : 0);
		assert_int_equal(write ? devices[d].value : value,
				 write ? written : other + (uint64_t)d);
	}
	if (!found)
		assert_int_equal(value, write ? written : 0);
}

/* Whatever the order in which they came. */
static void test_dispatch(void **state)
{
	for (unsigned int order = 0; order < 4 * 3 * 2; order++) {
		unsigned int left = 0xf, rest = order;

		for (unsigned int n = 4; n; rest /= n, n--) {
			unsigned int d = 0, skip = rest % n;

			while (!(left & 1u << d) || skip--)
				d++;
			left &= ~(1u << d);
			assert_done(bus_add(bus, devices[d].name, ranges[d].gpa, ranges[d].size,
					    ranges[d].ops, &devices[d], &err), &err);
		}
		for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
			check_access(i, false);
			check_access(i, true);
		}
		bus_destroy(bus);
		assert_int_equal(bus_create(&bus, -1, &err), 0);
	}
}

static void test_empty(void **state)
{
	uint64_t value = 5;

	assert_false(bus_access(bus, 0, 0, 4, true, &value));
	assert_false(bus_access(bus, 0, 0x1000, 4, false, &value));
	assert_int_equal(value, 0);
	bus_drain(bus);
}

static void test_overlap(void **state)
{
	static const struct { uint64_t gpa, size; const char *with; } rows[] = {
		{ 0x1000, 0x1000, "low" }, { 0x1fff, 1, "low" }, { 0x1000, 1, "low" },
		{ 0x0fff, 2, "low" }, { 0, 0x10000, "low" }, { 0x1800, 0x1801, "low" },
		{ 0x2000, 0x1001, "high" }, { 0x3fff, 0x1000, "high" }, { 0x3400, 4, "high" },
	};
	struct device low = { "low" }, high = { "high" }, between = { "between" };
	uint64_t value = 0;

	assert_done(bus_add(bus, "high", 0x3000, 0x1000, &device_ops, &high, &err), &err);
	assert_done(bus_add(bus, "low", 0x1000, 0x1000, &device_ops, &low, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct device new = { "new" };
		int ret = bus_add(bus, "new", rows[i].gpa, rows[i].size, &device_ops, &new, &err);

		assert_int_equal(ret, -EEXIST);
		assert_error(ret, &err, TALLY_EXIT_SOFTWARE, rows[i].with);
		assert_non_null(strstr(err.text, "new"));
		for (uint64_t at = 0; at < 0x5000; at += 0x100)
			bus_access(bus, 0, at, 1, true, &value);
		assert_int_equal(new.writes, 0);
		assert_int_equal(low.writes, 16 * (i + 1));
		assert_int_equal(high.writes, 16 * (i + 1));
	}
	/* exactly the gap is free */
	assert_done(bus_add(bus, "between", 0x2000, 0x1000, &device_ops, &between, &err), &err);
	assert_true(bus_access(bus, 0, 0x2fff, 1, true, &value));
	assert_int_equal(between.writes, 1);
}

static void test_many(void **state)
{
	static struct device many[127];
	uint64_t value = 0;

	memset(many, 0, sizeof(many));
	for (size_t i = 0, n = 0; n < ARRAY_SIZE(many); n++, i = (i + 50) % ARRAY_SIZE(many))
		assert_done(bus_add(bus, "one of many", i * 0x200, 0x100, &device_ops, &many[i],
				    &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		assert_true(bus_access(bus, 0, i * 0x200 + 0xfc, 4, true, &value));
		assert_int_equal(many[i].writes, 1);
		assert_false(bus_access(bus, 0, i * 0x200 + 0x100, 4, true, &value));
	}
}

static void test_doorbell(void **state)
{
	const struct fake_call *call;
	unsigned int at = 0;
	struct bus *other;
	int kvm = kvm_open(), vm = kvm_ioctl_value(kvm, KVM_CREATE_VM, 0);

	assert_int_equal(bus_doorbell(bus, 0x1000, 1, 3), -ENOTTY);
	assert_int_equal(fake_kvm_count(KVM_IOEVENTFD, -1), 0);
	assert_done(bus_create(&other, vm, &err), &err);
	assert_int_equal(bus_doorbell(other, 0x1050, 7, 3), 0);
	call = fake_kvm_find(&at, KVM_IOEVENTFD, 0x1050);
	assert_non_null(call);
	assert_int_equal(call->b, 7);
	assert_int_equal(call->c, KVM_IOEVENTFD_FLAG_DATAMATCH);
	/* what KVM says to it is handed on */
	fake_kvm.fail_at = fake_kvm.n_calls + 1;
	fake_kvm.fail_errno = EEXIST;
	assert_int_equal(bus_doorbell(other, 0x1050, 7, 3), -EEXIST);
	bus_destroy(other);
}

/* The ring as KVM fills it (virt/kvm/coalesced_mmio.c), behind a vCPU's kvm_run. */
static union { unsigned char bytes[2 * 65536]; uint64_t aligned; } run;
static size_t page;
static struct kvm_coalesced_mmio_ring *ring;
static uint32_t entries;

static bool ring_put(uint64_t gpa, unsigned int len, uint64_t value)
{
	uint32_t last = ring->last;
	struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[last];

	if ((last + 1) % entries == __atomic_load_n(&ring->first, __ATOMIC_ACQUIRE))
		return false;
	entry->phys_addr = gpa;
	entry->len = len;
	memcpy(entry->data, &value, len);	/* the bytes behind it stay as they were */
	__atomic_store_n(&ring->last, (last + 1) % entries, __ATOMIC_RELEASE);
	return true;
}

static int setup_ring(void **state)
{
	int kvm;

	fake_kvm_reset();
	fake_kvm_set_cap(KVM_CAP_COALESCED_MMIO, 1);
	kvm = kvm_open();
	if (bus_create(&bus, kvm_ioctl_value(kvm, KVM_CREATE_VM, 0), &err))
		return -1;
	page = (size_t)sysconf(_SC_PAGESIZE);
	assert_true(2 * page <= sizeof(run));
	memset(&run, 0, sizeof(run));
	ring = (void *)(run.bytes + page);
	entries = (page - sizeof(*ring)) / sizeof(ring->coalesced_mmio[0]);
	memset(ring->coalesced_mmio, 0xee, entries * sizeof(ring->coalesced_mmio[0]));
	bus_set_run(bus, run.bytes, 2 * page);
	return 0;
}

static void test_keep_back(void **state)
{
	const struct fake_call *call;
	unsigned int at = 0;

	assert_int_equal(bus_keep_back(bus, 0x1234, 2), 0);
	call = fake_kvm_find(&at, KVM_REGISTER_COALESCED_MMIO, 0x1234);
	assert_non_null(call);
	assert_int_equal(call->b, 2);
}

/* Where KVM can't, it is told, and nothing is looked for in a ring that isn't there. */
static void test_keep_back_refused(void **state)
{
	struct device device = { "device" };
	struct bus *other;

	assert_done(bus_add(bus, "device", 0x1000, 0x100, &device_ops, &device, &err), &err);
	ring->last = 3;
	assert_done(bus_create(&other, -1, &err), &err);
	bus_set_run(other, run.bytes, 2 * page);
	assert_int_equal(bus_keep_back(other, 0x1000, 1), -ENOTTY);
	bus_destroy(other);
	bus_set_run(bus, NULL, 0);
	assert_int_equal(bus_keep_back(bus, 0x1000, 1), -ENOTTY);
	bus_set_run(bus, run.bytes, 2 * page - 1);
	assert_int_equal(bus_keep_back(bus, 0x1000, 1), -ENOTSUP);
	bus_set_run(bus, run.bytes, 2 * page);
	fake_kvm_set_cap(KVM_CAP_COALESCED_MMIO, 0);
	assert_int_equal(bus_keep_back(bus, 0x1000, 1), -ENOTSUP);
	assert_int_equal(fake_kvm_count(KVM_REGISTER_COALESCED_MMIO, -1), 0);
	fake_kvm_set_cap(KVM_CAP_COALESCED_MMIO, 1);
	fake_kvm.fail_at = fake_kvm.n_calls + 2;
	fake_kvm.fail_errno = ENOSPC;
	assert_int_equal(bus_keep_back(bus, 0x1000, 1), -ENOSPC);
	bus_drain(bus);
	assert_int_equal(ring->first, 0);
	assert_int_equal(device.writes, 0);
}

/* Which comes when: each value is the number of its write. */
static struct {
	uint64_t	next;
	uint64_t	wrong;
	bool		freed_early;
	unsigned int	len;
} sequence;

static void sequence_write(void *device, uint64_t offset, unsigned int len, uint64_t value)
{
	if (value != sequence.next || offset != 4)
		sequence.wrong++;
	/* whoever finds the ring empty must be able to trust in it */
	if (__atomic_load_n(&ring->first, __ATOMIC_ACQUIRE) ==
	    __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE))
		sequence.freed_early = true;
	sequence.len = len;
	if (value % 16 == 3)
		sched_yield();		/* now another thread may come in */
	__atomic_store_n(&sequence.next, sequence.next + 1, __ATOMIC_RELEASE);
}

static const struct bus_ops sequence_ops = { device_read, sequence_write };

static void sequence_start(void)
{
	memset(&sequence, 0, sizeof(sequence));
	assert_done(bus_add(bus, "sequence", 0x1000, 0x10, &sequence_ops, NULL, &err), &err);
	assert_int_equal(bus_keep_back(bus, 0x1004, 8), 0);
}

/* In order, over the ring's end, in pieces of every size up to a full ring. */
static void test_drain_order(void **state)
{
	uint64_t put = 0;

	sequence_start();
	bus_drain(bus);
	assert_int_equal(sequence.next, 0);
	for (uint32_t n = 1; n < entries; n++) {
		for (uint32_t i = 0; i < n; i++)
			assert_true(ring_put(0x1004, 8, put++));
		if (n == entries - 1)
			assert_false(ring_put(0x1004, 8, put));
		bus_drain(bus);
		assert_int_equal(sequence.next, put);
		assert_int_equal(ring->first, ring->last);
		bus_drain(bus);
		assert_int_equal(sequence.next, put);
	}
	assert_int_equal(sequence.wrong, 0);
	assert_false(sequence.freed_early);
	assert_int_equal(sequence.len, 8);
	assert_true(put > 50 * entries);
}

/* A write's number has as many bytes as the write; what stands behind them is old. */
static void test_drain_sizes(void **state)
{
	struct device device = { "device" };

	assert_done(bus_add(bus, "device", 0x1000, 0x100, &device_ops, &device, &err), &err);
	assert_int_equal(bus_keep_back(bus, 0x1000, 4), 0);
	for (unsigned int len = 1; len <= 8; len *= 2) {
		uint64_t value = 0x8877665544332211 & (UINT64_MAX >> (64 - 8 * len));

		assert_true(ring_put(0x1020 + len, len, value));
		bus_drain(bus);
		assert_int_equal(device.offset, 0x20 + len);
		assert_int_equal(device.len, len);
		assert_int_equal(device.value, value);
	}
	/* where there is no device any more it is passed over */
	assert_true(ring_put(0x5000, 4, 1));
	assert_true(ring_put(0x1000, 4, 77));
	bus_drain(bus);
	assert_int_equal(device.value, 77);
	assert_int_equal(device.writes, 5);
}

#define WRITES	30000

static atomic_bool producing;
static atomic_uint too_late;
static pthread_barrier_t barrier;

static void *drainer(void *arg)
{
	pthread_barrier_wait(&barrier);
	while (atomic_load(&producing))
		bus_drain(bus);
	return NULL;
}

/* A vCPU: after its own bus_drain() all that it wrote has happened, whoever did it. */
static void *producer(void *arg)
{
	pthread_barrier_wait(&barrier);
	for (uint64_t i = 0; i < WRITES; i++) {
		while (!ring_put(0x1004, 8, i))
			bus_drain(bus);
		if (i % 5)
			continue;
		bus_drain(bus);
		if (__atomic_load_n(&sequence.next, __ATOMIC_ACQUIRE) <= i)
			atomic_fetch_add(&too_late, 1);
	}
	atomic_store(&producing, false);
	return NULL;
}

static void test_drain_threads(void **state)
{
	pthread_t threads[3];

	sequence_start();
	too_late = 0;
	producing = true;
	assert_int_equal(pthread_barrier_init(&barrier, NULL, ARRAY_SIZE(threads)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i ? drainer : producer, NULL),
				 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	bus_drain(bus);
	assert_int_equal(sequence.next, WRITES);
	assert_int_equal(sequence.wrong, 0);
	assert_int_equal(too_late, 0);
	assert_false(sequence.freed_early);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define RING(name)	cmocka_unit_test_setup_teardown(name, setup_ring, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dispatch),
		TEST(test_empty),
		TEST(test_overlap),
		TEST(test_many),
		TEST(test_doorbell),
		RING(test_keep_back),
		RING(test_keep_back_refused),
		RING(test_drain_order),
		RING(test_drain_sizes),
		RING(test_drain_threads),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
