// SPDX-License-Identifier: GPL-2.0-only
/* The register file and the life of a device, with a device that counts what reaches it. */
#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>

#include "unit.h"
#include "virtio.h"
#include "virtio_driver.h"

#define FEATURE		5		/* the device's own */
#define UNKNOWN		7

static struct driver driver;
static struct config config;

struct counting {
	struct virtio_device	virtio;		/* first */
	unsigned int		notified[2];
	unsigned int		deferred;
	unsigned int		quiesced;
	unsigned int		live_at_rest;
	uint64_t		negotiated;
	bool			defer;
	struct iovec		iov[VIRTQUEUE_MAX_SIZE];
	unsigned char		space[12];
};

static struct counting *device(void)
{
	return driver.device;
}

static void notify(struct virtio_device *virtio, unsigned int queue)
{
	struct counting *c = (struct counting *)virtio;
	struct virtqueue_chain chain;

	c->notified[queue]++;
	while (virtio_pop(virtio, queue, &chain, c->iov))
		virtqueue_push(&virtio->queues[queue], chain.head, 1);
	virtio_publish(virtio, queue);
	if (c->defer)
		virtio_defer(virtio);
}

static void deferred(struct virtio_device *virtio)
{
	((struct counting *)virtio)->deferred++;
}

static void negotiated(struct virtio_device *virtio, uint64_t features)
{
	((struct counting *)virtio)->negotiated = features;
}

static void quiesce(struct virtio_device *virtio)
{
	((struct counting *)virtio)->quiesced++;
	((struct counting *)virtio)->live_at_rest += virtio_live(virtio);
}

static void config_write(struct virtio_device *virtio, unsigned int offset, unsigned int len,
			 uint64_t value)
{
	memcpy(((struct counting *)virtio)->space + offset, &value, len);
}

static const struct virtio_ops ops = {
	.name		= "counting",
	.id		= 42,
	.n_queues	= 2,
	.notify		= notify,
	.deferred	= deferred,
	.negotiated	= negotiated,
	.quiesce	= quiesce,
	.config_write	= config_write,
};

static int create(const struct device_env *env, void **out, struct error *err)
{
	struct counting *c = calloc(1, sizeof(*c));

	for (unsigned int i = 0; i < sizeof(c->space); i++)
		c->space[i] = i + 1;
	*out = c;
	return virtio_init(&c->virtio, &ops, env, 1ull << FEATURE, c->space, sizeof(c->space),
			   err);
}

static void destroy(void *c)
{
	virtio_fini(&((struct counting *)c)->virtio);
	free(c);
}

static const struct device_model model = {
	.name = "counting", .create = create, .destroy = destroy,
};

static int setup(void **state)
{
	return driver_start(&driver, &model, &config, NULL);
}

static int teardown(void **state)
{
	driver_stop(&driver);
	return 0;
}

static uint32_t status(void)
{
	return reg_get(&driver, VIRTIO_MMIO_STATUS);
}

static void test_identity(void **state)
{
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_DEVICE_ID), 42);
	assert_int_not_equal(reg_get(&driver, VIRTIO_MMIO_VENDOR_ID), 0);
	assert_int_equal(status(), 0);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(reg_get(&driver, 0x0b0), 0xffffffff);
	assert_int_equal(reg_get(&driver, 0x0bc), 0xffffffff);
}

/* Any other width than 32 bits, anything misaligned, write-only and unused registers. */
static void test_registers_that_read_as_zero(void **state)
{
	assert_int_equal(mmio_get(&driver, VIRTIO_MMIO_MAGIC_VALUE, 1), 0);
	assert_int_equal(mmio_get(&driver, VIRTIO_MMIO_MAGIC_VALUE, 2), 0);
	assert_int_equal(mmio_get(&driver, VIRTIO_MMIO_MAGIC_VALUE, 8), 0);
	assert_int_equal(mmio_get(&driver, VIRTIO_MMIO_MAGIC_VALUE + 2, 4), 0);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_NOTIFY), 0);
	assert_int_equal(reg_get(&driver, 0x0cc), 0);
	assert_int_equal(mmio_get(&driver, 0x0fc, 8), 0);
}

static void test_writes_of_another_width_do_nothing(void **state)
{
	mmio_put(&driver, VIRTIO_MMIO_STATUS, 1, 1);
	mmio_put(&driver, VIRTIO_MMIO_STATUS, 2, 1);
	mmio_put(&driver, VIRTIO_MMIO_STATUS, 8, 1);
	mmio_put(&driver, VIRTIO_MMIO_STATUS + 1, 4, 1);
	reg_put(&driver, VIRTIO_MMIO_MAGIC_VALUE, 1);
	reg_put(&driver, 0x0fc, 1);
	assert_int_equal(status(), 0);
}

static void test_configuration_space(void **state)
{
	assert_int_equal(mmio_get(&driver, 0x100, 1), 0x01);
	assert_int_equal(mmio_get(&driver, 0x102, 2), 0x0403);
	assert_int_equal(mmio_get(&driver, 0x104, 4), 0x08070605);
	assert_int_equal(mmio_get(&driver, 0x100, 8), 0x0807060504030201);
	assert_int_equal(mmio_get(&driver, 0x10b, 1), 0x0c);
	/* Past its end, also in part. */
	assert_int_equal(mmio_get(&driver, 0x10c, 1), 0);
	assert_int_equal(mmio_get(&driver, 0x108, 8), 0);
	assert_int_equal(mmio_get(&driver, 0x1f8, 8), 0);
	assert_int_equal(mmio_get(&driver, 0x1fc, 4), 0);
	assert_int_equal(mmio_get(&driver, 0x101, 2), 0);
	mmio_put(&driver, 0x102, 2, 0xbeef);
	assert_int_equal(mmio_get(&driver, 0x100, 4), 0xbeef0201);
	mmio_put(&driver, 0x108, 8, -1);
	mmio_put(&driver, 0x10c, 4, -1);
	assert_int_equal(mmio_get(&driver, 0x108, 4), 0x0c0b0a09);
}

static void put_features(uint64_t features)
{
	for (unsigned int i = 0; i < 2; i++) {
		reg_put(&driver, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		reg_put(&driver, VIRTIO_MMIO_DRIVER_FEATURES, features >> (32 * i));
	}
}

static void test_features_offered(void **state)
{
	reg_put(&driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_DEVICE_FEATURES),
			 1u << FEATURE | 1u << VIRTIO_RING_F_EVENT_IDX |
			 1u << VIRTIO_RING_F_INDIRECT_DESC);
	reg_put(&driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_DEVICE_FEATURES),
			 1u << (VIRTIO_F_VERSION_1 - 32));
	reg_put(&driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	reg_put(&driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0xffffffff);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_DEVICE_FEATURES), 0);
}

static void test_features_refused(void **state)
{
	static const uint64_t bad[] = {
		0,						/* legacy */
		1ull << FEATURE,
		1ull << VIRTIO_F_VERSION_1 | 1ull << UNKNOWN,	/* not offered */
		1ull << VIRTIO_F_VERSION_1 | 1ull << 63,
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_features(bad[i]);
		reg_put(&driver, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER);
		reg_put(&driver, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK);
		assert_int_equal(status(), S_ACKNOWLEDGE | S_DRIVER);
		/* And then the driver can't be ready either. */
		reg_put(&driver, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER | S_DRIVER_OK);
		assert_int_equal(status(), S_ACKNOWLEDGE | S_DRIVER);
		reg_put(&driver, VIRTIO_MMIO_STATUS, 0);
	}
	assert_int_equal(device()->negotiated, 0);
}

static void test_features_settle(void **state)
{
	driver_negotiate(&driver, 1ull << FEATURE);
	assert_int_equal(device()->negotiated, 1ull << FEATURE | 1ull << VIRTIO_F_VERSION_1);
	/* Now they can't be changed any more. */
	put_features(0);
	assert_int_equal(device()->virtio.driver_features, device()->negotiated);
	put_features(-1);
	assert_int_equal(device()->virtio.driver_features, device()->negotiated);
}

static void test_status_bits_only_add_up(void **state)
{
	driver_up(&driver, 0, 1, 8);
	reg_put(&driver, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE);
	assert_int_equal(status(), S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
	/* The device's own bit, and bits that there are not. */
	reg_put(&driver, VIRTIO_MMIO_STATUS, 0xffffff70);
	assert_int_equal(status(), S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
}

static void test_queue_registers(void **state)
{
	driver_negotiate(&driver, 0);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_NUM_MAX), VIRTQUEUE_MAX_SIZE);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_SEL, 2);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_NUM, 8);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_READY), 0);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_SEL, 0xffffffff);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	driver_queue(&driver, 1, 16);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_READY), 1);
	/* A queue in use stays where it is. */
	reg_put(&driver, VIRTIO_MMIO_QUEUE_NUM, 0x80000000);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_DESC_HIGH, 1);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_USED_LOW, 1);
	assert_int_equal(device()->virtio.queues[1].size, 16);
	assert_int_equal(device()->virtio.queues[1].desc_gpa, desc_gpa(1));
	assert_int_equal(device()->virtio.queues[1].used_gpa, used_gpa(1));
	reg_put(&driver, VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_equal(device()->live_at_rest, 0);
}

static void test_queue_before_features(void **state)
{
	reg_put(&driver, VIRTIO_MMIO_QUEUE_SEL, 0);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_NUM, 8);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_READY), 0);
}

static const struct segment one = { DRIVER_DATA, 16, true };

static void test_notify_only_when_live(void **state)
{
	driver_kick(&driver, 0);
	driver_negotiate(&driver, 0);
	driver_queue(&driver, 0, 8);
	driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	assert_int_equal(device()->notified[0], 0);
	assert_int_equal(used_of(&driver, 0)->idx, 0);
	/* What was there before is found when the driver gets ready. */
	reg_put(&driver, VIRTIO_MMIO_STATUS, 0xf);
	assert_int_equal(device()->notified[0], 1);
	assert_int_equal(device()->notified[1], 0);
	assert_int_equal(used_of(&driver, 0)->idx, 1);
	driver_kick(&driver, 0);
	assert_int_equal(device()->notified[0], 2);
	driver_kick(&driver, 1);		/* not set up */
	driver_kick(&driver, 2);
	driver_kick(&driver, 0x80000000);
	assert_int_equal(device()->notified[1], 0);
}

static void test_interrupt(void **state)
{
	driver_up(&driver, 0, 1, 8);
	driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	assert_int_equal(driver_interrupts(), 1);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	reg_put(&driver, VIRTIO_MMIO_INTERRUPT_ACK, 2);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	reg_put(&driver, VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	driver_kick(&driver, 0);
	assert_int_equal(driver_interrupts(), 0);
}

/* KVM keeps acknowledgements back: one that comes late is not for what came after it. */
static void test_late_acknowledgement(void **state)
{
	driver_up(&driver, 0, 1, 8);
	driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	reg_put(&driver, VIRTIO_MMIO_INTERRUPT_ACK, 1);	/* written before the second */
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	reg_put(&driver, VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(driver_interrupts(), 2);
}

/* One interrupt for many chains; with an event index far away, none. */
static void test_interrupts_are_spared(void **state)
{
	driver_up(&driver, 1ull << VIRTIO_RING_F_EVENT_IDX, 1, 8);
	for (unsigned int i = 0; i < 8; i++)
		driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	assert_int_equal(driver_interrupts(), 1);
	avail_of(&driver, 0)->ring[8] = 9;	/* used_event: after two more */
	driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	assert_int_equal(driver_interrupts(), 0);
	driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	assert_int_equal(driver_interrupts(), 1);
}

static void test_broken_chain_needs_a_reset(void **state)
{
	const struct segment outside = { DRIVER_GPA + DRIVER_RAM, 16, true };

	driver_up(&driver, 0, 2, 8);
	driver_add(&driver, 0, &one, 1);
	driver_add(&driver, 0, &outside, 1);
	driver_kick(&driver, 0);
	assert_true(status() & S_NEEDS_RESET);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 2);
	assert_int_equal(driver_interrupts(), 1);
	/* Neither this queue nor the other is touched now, whatever the driver does. */
	driver_add(&driver, 1, &one, 1);
	driver_kick(&driver, 0);
	driver_kick(&driver, 1);
	reg_put(&driver, VIRTIO_MMIO_STATUS, 0xf);
	assert_int_equal(used_of(&driver, 0)->idx, 0);
	assert_int_equal(used_of(&driver, 1)->idx, 0);
	assert_true(status() & S_NEEDS_RESET);
	/* Until it is reset. */
	driver_up(&driver, 0, 2, 8);
	driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	assert_int_equal(used_of(&driver, 0)->idx, 1);
}

static void test_bad_queue_needs_a_reset(void **state)
{
	driver_negotiate(&driver, 0);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_SEL, 0);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_NUM, 7);
	reg_put(&driver, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_READY), 0);
	assert_true(status() & S_NEEDS_RESET);
	/* 2.1.2: no notification before DRIVER_OK. */
	assert_int_equal(driver_interrupts(), 0);
}

static void test_reset_forgets(void **state)
{
	driver_up(&driver, 1ull << VIRTIO_RING_F_EVENT_IDX, 2, 8);
	driver_add(&driver, 0, &one, 1);
	driver_kick(&driver, 0);
	reg_put(&driver, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(status(), 0);
	assert_int_equal(device()->quiesced, 2);	/* driver_negotiate() resets, too */
	assert_int_equal(device()->live_at_rest, 0);
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	for (unsigned int i = 0; i < 2; i++) {
		reg_put(&driver, VIRTIO_MMIO_QUEUE_SEL, i);
		assert_int_equal(reg_get(&driver, VIRTIO_MMIO_QUEUE_READY), 0);
		assert_int_equal(device()->virtio.queues[i].desc_gpa, 0);
	}
	assert_int_equal(device()->virtio.driver_features, 0);
}

static void test_deferred_work(void **state)
{
	driver_up(&driver, 0, 1, 8);
	driver_loop_stop(&driver);
	device()->defer = true;
	driver_kick(&driver, 0);
	driver_kick(&driver, 0);
	assert_int_equal(device()->deferred, 0);
	driver_loop_start(&driver);
	for (unsigned int i = 0; i < 5000; i++) {
		struct vring_used_elem elem;

		pthread_mutex_lock(&device()->virtio.lock);
		if (device()->deferred)
			i = 5000;
		pthread_mutex_unlock(&device()->virtio.lock);
		driver_used(&driver, 0, &elem, 1);
	}
	driver_loop_stop(&driver);
	assert_int_equal(device()->deferred, 1);	/* two calls for it are one */
	driver_loop_start(&driver);
}

static void test_slot_taken(void **state)
{
	struct device_env env = driver_env(&driver, &config);
	struct counting *second = calloc(1, sizeof(*second));
	struct error err;

	driver_loop_stop(&driver);
	assert_error(virtio_init(&second->virtio, &ops, &env, 0, NULL, 0, &err), &err,
		     TALLY_EXIT_SOFTWARE, "counting");
	driver_loop_start(&driver);
	free(second);
}

static void test_device_tree_node(void **state)
{
	const struct device_slot slot = { .gpa = 0x3000200, .intid = 50 };
	const fdt32_t *cells;
	char fdt[1024];
	int node, len;

	assert_int_equal(fdt_create(fdt, sizeof(fdt)), 0);
	assert_int_equal(fdt_finish_reservemap(fdt), 0);
	assert_int_equal(fdt_begin_node(fdt, ""), 0);
	assert_int_equal(virtio_fdt(fdt, &slot), 0);
	assert_int_equal(fdt_end_node(fdt), 0);
	assert_int_equal(fdt_finish(fdt), 0);
	node = fdt_path_offset(fdt, "/virtio_mmio@3000200");
	assert_true(node > 0);
	assert_int_equal(fdt_node_check_compatible(fdt, node, "virtio,mmio"), 0);
	assert_non_null(fdt_getprop(fdt, node, "dma-coherent", &len));
	assert_int_equal(len, 0);
	cells = fdt_getprop(fdt, node, "reg", &len);
	assert_int_equal(len, 16);
	assert_int_equal(fdt32_ld(&cells[1]), 0x3000200);
	assert_int_equal(fdt32_ld(&cells[3]), VIRTIO_MMIO_SIZE);
	cells = fdt_getprop(fdt, node, "interrupts", &len);
	assert_int_equal(len, 12);
	assert_int_equal(fdt32_ld(&cells[0]), 0);	/* an SPI */
	assert_int_equal(fdt32_ld(&cells[1]), 18);
	assert_int_equal(fdt32_ld(&cells[2]), IRQ_EDGE_RISING);
}

/* Two vCPUs and everything at once: for ThreadSanitizer, and that nothing hangs. */
static void *hammer(void *arg)
{
	unsigned int seed = (uintptr_t)arg;

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t offset = rand_r(&seed) % 0x140 & ~3u;

		if (rand_r(&seed) % 2)
			mmio_get(&driver, offset, 4);
		else
			mmio_put(&driver, offset, 4, rand_r(&seed) % 16);
	}
	return NULL;
}

static void test_two_vcpus(void **state)
{
	pthread_t other;

	driver_up(&driver, 0, 2, 8);
	assert_int_equal(pthread_create(&other, NULL, hammer, (void *)1), 0);
	hammer((void *)2);
	pthread_join(other, NULL);
	driver_up(&driver, 0, 2, 8);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_identity),
		TEST(test_registers_that_read_as_zero),
		TEST(test_writes_of_another_width_do_nothing),
		TEST(test_configuration_space),
		TEST(test_features_offered),
		TEST(test_features_refused),
		TEST(test_features_settle),
		TEST(test_status_bits_only_add_up),
		TEST(test_queue_registers),
		TEST(test_queue_before_features),
		TEST(test_notify_only_when_live),
		TEST(test_interrupt),
		TEST(test_late_acknowledgement),
		TEST(test_interrupts_are_spared),
		TEST(test_broken_chain_needs_a_reset),
		TEST(test_bad_queue_needs_a_reset),
		TEST(test_reset_forgets),
		TEST(test_deferred_work),
		TEST(test_slot_taken),
		TEST(test_device_tree_node),
		TEST(test_two_vcpus),
	};

	return cmocka_run_group_tests_name("virtio-mmio", tests, NULL, NULL);
}
