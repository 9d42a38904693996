// SPDX-License-Identifier: GPL-2.0-only
/* The GICv2m frame, as the machine has it: which writes raise which SPI. */
#include <stdio.h>

#include "../../arm64/gicv2m.h"
#include "../../arm64/map.h"
#include "bus.h"
#include "fake_kvm.h"
#include "kvm.h"
#include "machine.h"
#include "unit.h"

#define GPA	0x3fff0000ull
#define FIRST	100

static struct plan plan;
static struct machine machine;
static struct error err;

static int setup(void **state)
{
	fake_kvm_reset();
	plan = (struct plan){ .gic = { .v2m = { GPA, GICV2M_SIZE }, .v2m_first = FIRST } };
	machine = (struct machine){ .plan = &plan, .kvm_fd = kvm_open() };
	machine.vm_fd = kvm_ioctl_value(machine.kvm_fd, KVM_CREATE_VM, 0);
	if (bus_create(&machine.bus, machine.vm_fd, &err))
		return -1;
	return gicv2m_create(&machine, &err);
}

static int teardown(void **state)
{
	gicv2m_destroy(&machine);
	bus_destroy(machine.bus);
	return machine.gicv2m ? -1 : 0;
}

static uint64_t get(uint64_t offset)
{
	uint64_t value;

	assert_true(bus_access(machine.bus, 0, GPA + offset, 4, false, &value));
	return value;
}

static void put(uint64_t offset, uint64_t value)
{
	assert_true(bus_access(machine.bus, 0, GPA + offset, 4, true, &value));
}

/* Linux' gic-v2m takes the SPIs from MSI_TYPER: base in 25:16, number in 9:0. */
static void test_typer(void **state)
{
	assert_int_equal(get(0x008) >> 16 & 0x3ff, FIRST);
	assert_int_equal(get(0x008) & 0x3ff, 64);
	assert_int_equal(get(0x008) & 0xfc00fc00, 0);
}

/* No product that Linux knows a quirk of; implemented by Arm. */
static void test_iidr(void **state)
{
	assert_int_equal(get(0xfcc) & 0xfff, 0x43b);
	assert_int_equal(get(0xfcc) >> 20, 0);
}

static void test_nothing_else(void **state)
{
	for (uint64_t offset = 0; offset < GICV2M_SIZE; offset += 4)
		if (offset != 0x008 && offset != 0xfcc)
			assert_int_equal(get(offset), 0);
	for (uint64_t offset = 0; offset < GICV2M_SIZE; offset += 4)
		if (offset != 0x040)
			put(offset, FIRST);
	assert_int_equal(fake_kvm_count(KVM_IRQ_LINE, -1), 0);
	assert_int_equal(get(0x008) >> 16, FIRST);
}

static void test_setspi(void **state)
{
	for (uint32_t spi = FIRST; spi < FIRST + 64; spi++) {
		const struct fake_call *call;
		unsigned int at = fake_kvm.n_calls;

		put(0x040, spi);
		call = fake_kvm_find(&at, KVM_IRQ_LINE, -1);
		assert_non_null(call);
		assert_int_equal(call->kind, FAKE_VM);
		/* KVM api.rst, KVM_IRQ_LINE: type 1 is an SPI, the number is its INTID */
		assert_int_equal(call->a, 1u << 24 | spi);
		assert_int_equal(call->b, 1);
		assert_null(fake_kvm_find(&at, KVM_IRQ_LINE, -1));
	}
}

static void test_setspi_out_of_range(void **state)
{
	static const uint64_t numbers[] = {
		0, 1, 31, 32, FIRST - 1, FIRST + 64, 1019, 1023, UINT32_MAX, 1ull << 32 | FIRST,
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		put(0x040, numbers[i]);
	assert_int_equal(fake_kvm_count(KVM_IRQ_LINE, -1), 0);
}

/* Where its addresses are taken it is not there, and nothing is left behind. */
static void test_overlap(void **state)
{
	struct machine another = machine;

	another.gicv2m = NULL;
	assert_error(gicv2m_create(&another, &err), &err, TALLY_EXIT_SOFTWARE, "gicv2m");
	gicv2m_destroy(&another);
	assert_null(another.gicv2m);
	put(0x040, FIRST);
	assert_int_equal(fake_kvm_count(KVM_IRQ_LINE, -1), 1);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_typer),
		TEST(test_iidr),
		TEST(test_nothing_else),
		TEST(test_setspi),
		TEST(test_setspi_out_of_range),
		TEST(test_overlap),
	};

	return cmocka_run_group_tests_name("gicv2m", tests, NULL, NULL);
}
