// SPDX-License-Identifier: GPL-2.0-only
/* The entropy device. */
#include "unit.h"
#include "virtio_driver.h"

static struct driver driver;
static struct config config;
static struct vring_used_elem elem;

static int setup(void **state)
{
	if (driver_start(&driver, &virtio_rng_model, &config, NULL) < 0)
		return -1;
	driver_up(&driver, -1ull, 1, 64);
	return 0;
}

static int teardown(void **state)
{
	driver_stop(&driver);
	return 0;
}

static void test_fill(void **state)
{
	const struct segment parts[] = {
		{ DRIVER_DATA + 1, 32, true }, { DRIVER_DATA + 0x100, 64, true },
	};
	unsigned char *data = ram(&driver, DRIVER_DATA);
	unsigned int zeroes = 0;

	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_DEVICE_ID), 4);
	driver_add(&driver, 0, parts, 2);
	driver_kick(&driver, 0);
	/* Before the guest's next instruction. */
	assert_true(driver_used(&driver, 0, &elem, 0));
	assert_int_equal(elem.len, 96);
	assert_int_equal(driver_interrupts(), 1);
	for (unsigned int i = 0; i < 32; i++)
		zeroes += !data[1 + i];
	for (unsigned int i = 0; i < 64; i++)
		zeroes += !data[0x100 + i];
	assert_true(zeroes < 10);
	assert_int_equal(data[0], 0);
	assert_int_equal(data[33], 0);
	assert_int_equal(data[0x140], 0);
}

static void test_not_the_same_twice(void **state)
{
	const struct segment first = { DRIVER_DATA, 32, true };
	const struct segment second = { DRIVER_DATA + 32, 32, true };

	driver_add(&driver, 0, &first, 1);
	driver_add(&driver, 0, &second, 1);
	driver_kick(&driver, 0);
	assert_true(driver_used(&driver, 0, &elem, 0));
	assert_true(driver_used(&driver, 0, &elem, 0));
	assert_memory_not_equal(ram(&driver, DRIVER_DATA), ram(&driver, DRIVER_DATA + 32), 32);
	assert_int_equal(driver_interrupts(), 1);
}

static void test_bounded(void **state)
{
	const struct segment huge = { DRIVER_DATA, 32 << 20, true };
	const unsigned char *data = ram(&driver, DRIVER_DATA);

	driver_add(&driver, 0, &huge, 1);
	driver_kick(&driver, 0);
	assert_true(driver_used(&driver, 0, &elem, 0));
	assert_int_equal(elem.len, 65536);
	for (unsigned int i = 65536; i < 65536 + 4096; i++)
		assert_int_equal(data[i], 0);
}

/* More than are served in one go: the loop's thread does the rest. */
static void test_many(void **state)
{
	const struct segment part = { DRIVER_DATA, 8, true };

	for (unsigned int i = 0; i < 64; i++)
		driver_add(&driver, 0, &part, 1);
	driver_kick(&driver, 0);
	for (unsigned int i = 0; i < 64; i++) {
		assert_true(driver_used(&driver, 0, &elem, 5000));
		assert_int_equal(elem.id, i);
	}
}

/* Nothing to write to: given back with nothing in it. */
static void test_readable_only(void **state)
{
	const struct segment part = { DRIVER_DATA, 8, false };

	driver_add(&driver, 0, &part, 1);
	driver_kick(&driver, 0);
	assert_true(driver_used(&driver, 0, &elem, 0));
	assert_int_equal(elem.len, 0);
	assert_int_equal(*(uint64_t *)ram(&driver, DRIVER_DATA), 0);
}

static void test_option(void **state)
{
	const struct option_row *row = &virtio_rng_model.options->rows[0];
	struct config parsed = { 0 };

	assert_string_equal(row->name, "rng");
	assert_int_equal(virtio_rng_model.count(&parsed), 0);
	assert_int_equal(row->parse(&parsed, row, NULL, NULL), 0);
	assert_int_equal(virtio_rng_model.count(&parsed), 1);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fill),
		TEST(test_not_the_same_twice),
		TEST(test_bounded),
		TEST(test_many),
		TEST(test_readable_only),
		cmocka_unit_test(test_option),
	};

	return cmocka_run_group_tests_name("virtio-rng", tests, NULL, NULL);
}
