// SPDX-License-Identifier: GPL-2.0-only
/* The virtio console both ways, compiled against a console of the test's own. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "console.h"
#include "unit.h"
#include "virtio_driver.h"

static void fake_console_write(struct console *console, const void *data, size_t len);
static void fake_console_listen(struct console *console, struct console_listener *new_listener);
static void fake_console_unlisten(struct console *console, struct console_listener *old_listener);
static void fake_console_input_ready(struct console *console);

#define console_write		fake_console_write
#define console_listen		fake_console_listen
#define console_unlisten	fake_console_unlisten
#define console_input_ready	fake_console_input_ready
#define virtio_console_model	model
#include "../../devices/virtio_console.c"	/* NOLINT(bugprone-suspicious-include) */

static struct driver driver;
static struct config config = { .devices.console = CONSOLE_VIRTIO };
static struct vring_used_elem elem;

/* The console behind the device. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char out[1 << 16];
static size_t out_len;
static atomic_int write_ms;
static atomic_bool in_write;
static struct console_listener *listener;
static atomic_int ready;

static void fake_console_write(struct console *console, const void *data, size_t len)
{
	const struct timespec wait = { .tv_nsec = write_ms * 1000000L };

	in_write = true;
	if (write_ms)
		nanosleep(&wait, NULL);
	pthread_mutex_lock(&lock);
	assert_true(out_len + len <= sizeof(out));
	memcpy(out + out_len, data, len);
	out_len += len;
	pthread_mutex_unlock(&lock);
	in_write = false;
}

static void fake_console_listen(struct console *console, struct console_listener *new_listener)
{
	listener = new_listener;
}

static void fake_console_unlisten(struct console *console, struct console_listener *old_listener)
{
	if (listener == old_listener)
		listener = NULL;
}

static void fake_console_input_ready(struct console *console)
{
	ready++;
}

static int setup(void **state)
{
	out_len = 0;
	write_ms = 0;
	if (driver_start(&driver, &model, &config, NULL) < 0)
		return -1;
	ready = 0;
	return 0;
}

static int setup_up(void **state)
{
	if (setup(state))
		return -1;
	driver_up(&driver, -1ull, 2, 16);
	ready = 0;
	return 0;
}

static int teardown(void **state)
{
	driver_stop(&driver);
	return listener ? -1 : 0;
}

static size_t type(const char *text)
{
	return listener->input(listener, (const unsigned char *)text, strlen(text));
}

static void put(uint64_t gpa, const char *text)
{
	memcpy(ram(&driver, gpa), text, strlen(text));
}

static void test_output(void **state)
{
	const struct segment parts[] = {
		{ DRIVER_DATA + 1, 6, false }, { DRIVER_DATA + 99, 6, false },
	};
	const struct segment last = { DRIVER_DATA + 200, 1, false };

	put(DRIVER_DATA + 1, "hello ");
	put(DRIVER_DATA + 99, "world\n");
	put(DRIVER_DATA + 200, "!");
	driver_add(&driver, TX, parts, 2);
	driver_add(&driver, TX, &last, 1);
	driver_kick(&driver, TX);
	/* Linux spins until it is taken: it is, when the doorbell returns. */
	assert_true(driver_used(&driver, TX, &elem, 0));
	assert_int_equal(elem.len, 0);
	assert_true(driver_used(&driver, TX, &elem, 0));
	assert_int_equal(out_len, 13);
	assert_memory_equal(out, "hello world\n!", 13);
	assert_int_equal(driver_interrupts(), 1);
}

static void test_input(void **state)
{
	const struct segment small[] = { { DRIVER_DATA, 2, true }, { DRIVER_DATA + 16, 3, true } };
	const struct segment large = { DRIVER_DATA + 64, 100, true };

	driver_add(&driver, RX, small, 2);
	driver_add(&driver, RX, &large, 1);
	driver_kick(&driver, RX);
	assert_int_equal(type("abcdefgh"), 8);
	assert_true(driver_used(&driver, RX, &elem, 0));
	assert_int_equal(elem.len, 5);
	assert_true(driver_used(&driver, RX, &elem, 0));
	assert_int_equal(elem.len, 3);
	assert_memory_equal(ram(&driver, DRIVER_DATA), "ab", 2);
	assert_memory_equal(ram(&driver, DRIVER_DATA + 16), "cde", 3);
	assert_memory_equal(ram(&driver, DRIVER_DATA + 64), "fgh", 3);
	assert_int_equal(driver_interrupts(), 1);
}

/* What there is no buffer for stays with the console, which hears of new buffers once. */
static void test_back_pressure(void **state)
{
	const struct segment part = { DRIVER_DATA, 3, true };

	driver_add(&driver, RX, &part, 1);
	assert_int_equal(type("abcdef"), 3);
	assert_int_equal(ready, 0);
	driver_add(&driver, RX, &part, 1);
	driver_kick(&driver, RX);
	assert_int_equal(ready, 1);
	driver_kick(&driver, RX);
	assert_int_equal(ready, 1);
	assert_int_equal(type("def"), 3);
	assert_memory_equal(ram(&driver, DRIVER_DATA), "def", 3);
	/* Whatever comes next is held until there is a buffer again. */
	assert_int_equal(type("g"), 0);
	driver_add(&driver, RX, &part, 1);
	driver_kick(&driver, RX);
	assert_int_equal(ready, 2);
}

/* The doorbell is asked for exactly when input is held back. */
static void test_doorbell_is_asked_for(void **state)
{
	const struct segment part = { DRIVER_DATA, 3, true };
	uint16_t *avail_event = (uint16_t *)&used_of(&driver, RX)->ring[16];

	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(type("x"), 0);
		assert_int_equal(*avail_event, i);
		driver_add(&driver, RX, &part, 1);
		driver_kick(&driver, RX);
		assert_int_equal(type("x"), 1);
	}
}

/* Typed before the driver is there. */
static void test_early_input(void **state)
{
	assert_int_equal(type("a"), 0);
	assert_int_equal(ready, 0);
	driver_up(&driver, -1ull, 2, 16);
	assert_int_equal(ready, 1);
	assert_int_equal(type("a"), 0);
}

static void test_broken_chain(void **state)
{
	const struct segment outside = { 0, 3, true };

	driver_add(&driver, RX, &outside, 1);
	assert_int_equal(type("abc"), 0);
	assert_true(reg_get(&driver, VIRTIO_MMIO_STATUS) & S_NEEDS_RESET);
}

static void *kick_tx(void *arg)
{
	driver_kick(&driver, TX);
	return NULL;
}

/* A slow reader of stdout: the device's registers and its input go on. */
static void test_slow_output(void **state)
{
	const struct segment part = { DRIVER_DATA, 1, false }, room = { DRIVER_DATA + 64, 9, true };
	pthread_t vcpu;

	put(DRIVER_DATA, "x");
	driver_add(&driver, RX, &room, 1);
	for (unsigned int i = 0; i < 3; i++)
		driver_add(&driver, TX, &part, 1);
	write_ms = 50;
	assert_int_equal(pthread_create(&vcpu, NULL, kick_tx, NULL), 0);
	while (!in_write)
		;
	assert_int_equal(type("typed"), 5);
	/* Another vCPU rings: the first does it all, in order. */
	driver_add(&driver, TX, &part, 1);
	driver_kick(&driver, TX);
	pthread_mutex_lock(&lock);
	assert_true(out_len < 3);
	pthread_mutex_unlock(&lock);
	pthread_join(vcpu, NULL);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(driver_used(&driver, TX, &elem, 0));
	assert_int_equal(out_len, 4);
}

static void test_reset_during_output(void **state)
{
	const struct segment part = { DRIVER_DATA, 1, false };
	pthread_t vcpu;

	for (unsigned int i = 0; i < 8; i++)
		driver_add(&driver, TX, &part, 1);
	write_ms = 50;
	assert_int_equal(pthread_create(&vcpu, NULL, kick_tx, NULL), 0);
	while (!in_write)
		;
	reg_put(&driver, VIRTIO_MMIO_STATUS, 0);
	assert_false(in_write);
	write_ms = 0;
	pthread_join(vcpu, NULL);
	assert_int_equal(out_len, 1);
	assert_int_equal(used_of(&driver, TX)->idx, 0);
	driver_up(&driver, -1ull, 2, 16);
	driver_add(&driver, TX, &part, 1);
	driver_kick(&driver, TX);
	assert_true(driver_used(&driver, TX, &elem, 0));
	assert_int_equal(out_len, 2);
}

/* More than are served in one go: the loop's thread does the rest. */
static void test_much_output(void **state)
{
	const struct segment part = { DRIVER_DATA, 1, false };

	driver_up(&driver, -1ull, 2, 256);
	for (unsigned int i = 0; i < 256; i++)
		driver_add(&driver, TX, &part, 1);
	driver_kick(&driver, TX);
	for (unsigned int i = 0; i < 256; i++)
		assert_true(driver_used(&driver, TX, &elem, 5000));
	driver_add(&driver, TX, &part, 1);
	driver_kick(&driver, TX);
	assert_true(driver_used(&driver, TX, &elem, 5000));
}

static void test_option(void **state)
{
	const struct option_row *row = &model.options->rows[0];
	struct config parsed = { 0 };
	struct error err;

	assert_string_equal(row->name, "console");
	assert_int_equal(model.count(&parsed), 0);
	assert_done(row->parse(&parsed, row, "virtio", &err), &err);
	assert_int_equal(model.count(&parsed), 1);
	assert_done(row->parse(&parsed, row, "serial", &err), &err);
	assert_int_equal(model.count(&parsed), 0);
	assert_error(row->parse(&parsed, row, "hv", &err), &err, TALLY_EXIT_USAGE, "'hv'");
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup_up, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_output),
		TEST(test_input),
		TEST(test_back_pressure),
		TEST(test_doorbell_is_asked_for),
		cmocka_unit_test_setup_teardown(test_early_input, setup, teardown),
		TEST(test_broken_chain),
		TEST(test_slow_output),
		TEST(test_reset_during_output),
		TEST(test_much_output),
		cmocka_unit_test(test_option),
	};

	return cmocka_run_group_tests_name("virtio-console", tests, NULL, NULL);
}
