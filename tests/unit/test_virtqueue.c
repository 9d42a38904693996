// SPDX-License-Identifier: GPL-2.0-only
/* The split virtqueue against drivers that are right, and against those that are not. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "unit.h"
#include "virtqueue.h"

#define GPA	0x80000000ull
#define RAM	0x100000ull
#define SIZE	8u
#define DESC	(GPA + 0x1000)
#define AVAIL	(GPA + 0x2000)
#define USED	(GPA + 0x3000)
#define TABLE	(GPA + 0x4000)	/* an indirect table */
#define DATA	(GPA + 0x10000)

#define N	VRING_DESC_F_NEXT
#define W	VRING_DESC_F_WRITE
#define I	VRING_DESC_F_INDIRECT

static struct guest_memory memory;
static struct virtqueue queue;
static struct virtqueue_chain chain;
static struct iovec iov[VIRTQUEUE_MAX_SIZE];

static void *at(uint64_t gpa)
{
	return (char *)memory.host + (gpa - GPA);
}

static struct vring_desc *desc(void)
{
	return at(DESC);
}

static struct vring_avail *avail(void)
{
	return at(AVAIL);
}

static struct vring_used *used(void)
{
	return at(USED);
}

static uint16_t *used_event(void)
{
	return &avail()->ring[queue.size];
}

static uint16_t *avail_event(void)
{
	return (uint16_t *)&used()->ring[queue.size];
}

static int setup(void **state)
{
	struct error err;

	if (guest_memory_map(&memory, GPA, RAM, NULL, &err) < 0)
		return -1;
	queue = (struct virtqueue) {
		.size = SIZE, .desc_gpa = DESC, .avail_gpa = AVAIL, .used_gpa = USED,
	};
	return virtqueue_enable(&queue, &memory, true, true);
}

static int teardown(void **state)
{
	guest_memory_unmap(&memory);
	return 0;
}

static void make_available(uint16_t head)
{
	avail()->ring[avail()->idx % queue.size] = head;
	avail()->idx++;
}

static void test_enable_refuses(void **state)
{
	static const struct {
		const char	*fault;
		uint32_t	size;
		uint64_t	desc, avail, used;
	} bad[] = {
		{ "queue size", 0, DESC, AVAIL, USED },
		{ "queue size", 3, DESC, AVAIL, USED },
		{ "queue size", 512, DESC, AVAIL, USED },
		{ "queue size", 0x80000000, DESC, AVAIL, USED },
		{ "queue size", 0x10008, DESC, AVAIL, USED },
		{ "misaligned", 8, DESC + 8, AVAIL, USED },
		{ "misaligned", 8, DESC, AVAIL + 1, USED },
		{ "misaligned", 8, DESC, AVAIL, USED + 2 },
		{ "outside", 8, 0, AVAIL, USED },
		{ "outside", 8, DESC, GPA - 2, USED },
		{ "outside", 8, DESC, AVAIL, GPA + RAM },
		{ "outside", 8, GPA + RAM - 8 * 16 + 16, AVAIL, USED },
		/* The event index is the last field. */
		{ "outside", 8, DESC, GPA + RAM - 4 - 8 * 2, USED },
		{ "outside", 8, DESC, AVAIL, GPA + RAM - 4 - 8 * 8 },
		{ "outside", 8, -16ull, AVAIL, USED },
		{ "outside", 8, DESC, -2ull, USED },
		{ "outside", 8, DESC, AVAIL, -4ull },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct virtqueue q = {
			.size = bad[i].size, .desc_gpa = bad[i].desc,
			.avail_gpa = bad[i].avail, .used_gpa = bad[i].used,
		};

		assert_int_equal(virtqueue_enable(&q, &memory, true, true), -EINVAL);
		assert_non_null(strstr(q.fault, bad[i].fault));
		assert_false(q.enabled);
	}
}

static void test_enable_at_the_end_of_ram(void **state)
{
	struct virtqueue q = {
		.size = 8, .desc_gpa = GPA + RAM - 8 * 16, .avail_gpa = AVAIL, .used_gpa = USED,
	};

	assert_int_equal(virtqueue_enable(&q, &memory, true, true), 0);
	q = (struct virtqueue) {
		.size = 256, .desc_gpa = DESC, .avail_gpa = GPA + RAM - 6 - 256 * 2,
		.used_gpa = USED,
	};
	assert_int_equal(virtqueue_enable(&q, &memory, true, true), 0);
	q.enabled = false;
	q.avail_gpa = AVAIL;
	q.used_gpa = GPA + RAM - 8 - 256 * 8;	/* 6 bytes and the ring, aligned to 4 */
	assert_int_equal(virtqueue_enable(&q, &memory, true, true), 0);
}

static void test_pop_chain(void **state)
{
	desc()[5] = (struct vring_desc) { DATA, 16, N, 2 };
	desc()[2] = (struct vring_desc) { DATA + 0x100, 3, N, 7 };
	desc()[7] = (struct vring_desc) { DATA + 0x200, 0x1000, W | N, 0 };
	desc()[0] = (struct vring_desc) { GPA + RAM - 1, 1, W, 99 };
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 0);
	make_available(5);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	assert_int_equal(chain.head, 5);
	assert_int_equal(chain.n_out, 2);
	assert_int_equal(chain.n_in, 2);
	assert_int_equal(chain.out_len, 19);
	assert_int_equal(chain.in_len, 0x1001);
	assert_ptr_equal(iov[0].iov_base, at(DATA));
	assert_ptr_equal(iov[1].iov_base, at(DATA + 0x100));
	assert_int_equal(iov[1].iov_len, 3);
	assert_ptr_equal(iov[2].iov_base, at(DATA + 0x200));
	assert_ptr_equal(iov[3].iov_base, at(GPA + RAM - 1));
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 0);
}

/* Some direct descriptors, then a table that is not aligned, longer than the ring. */
static void test_pop_indirect(void **state)
{
	for (unsigned int i = 0; i < 20; i++) {
		struct vring_desc d = {
			DATA + 32 * i, i + 1, (i < 19 ? N : 0) | (i < 4 ? 0 : W), i + 1,
		};

		memcpy(at(TABLE + 3 + 16 * i), &d, sizeof(d));
	}
	desc()[1] = (struct vring_desc) { DATA + 0x8000, 100, N, 3 };
	desc()[3] = (struct vring_desc) { TABLE + 3, 20 * 16, I, 0 };
	make_available(1);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	assert_int_equal(chain.n_out, 5);
	assert_int_equal(chain.n_in, 16);
	assert_int_equal(chain.out_len, 110);
	assert_int_equal(iov[20].iov_len, 20);
	assert_ptr_equal(iov[20].iov_base, at(DATA + 32 * 19));
}

/* The write flag of a descriptor that names a table means nothing (2.7.5.3.2). */
static void test_pop_indirect_write_flag(void **state)
{
	struct vring_desc d = { DATA, 8, 0, 0 };

	memcpy(at(TABLE), &d, sizeof(d));
	desc()[0] = (struct vring_desc) { TABLE, 16, I | W, 0 };
	make_available(0);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	assert_int_equal(chain.n_out, 1);
}

struct hostile {
	const char		*fault;
	uint16_t		head;
	uint16_t		index;		/* avail index, or 0 for 1 */
	struct vring_desc	direct[4];
	struct vring_desc	table[4];
};

static const struct hostile hostile[] = {
	{ "loops", .direct = { { DATA, 4, N, 0 } } },
	{ "loops", .direct = { { DATA, 4, N, 1 }, { DATA, 4, N, 2 }, { DATA, 4, N, 1 } } },
	{ "outside of the table", .direct = { { DATA, 4, N, 8 } } },
	{ "outside of the table", .direct = { { DATA, 4, N, 0xffff } } },
	{ "head outside", .head = 8 },
	{ "head outside", .head = 0xffff },
	{ "jumps", .index = SIZE + 1, .direct = { { DATA, 4, 0, 0 } } },
	{ "jumps", .index = 0xffff, .direct = { { DATA, 4, 0, 0 } } },
	{ "outside of the RAM", .direct = { { 0, 4, 0, 0 } } },
	{ "outside of the RAM", .direct = { { GPA - 1, 4, 0, 0 } } },
	{ "outside of the RAM", .direct = { { GPA + RAM - 3, 4, W, 0 } } },
	{ "outside of the RAM", .direct = { { GPA + RAM, 1, W, 0 } } },
	{ "outside of the RAM", .direct = { { -1ull, 4, 0, 0 } } },
	{ "outside of the RAM", .direct = { { DATA, 0xffffffff, 0, 0 } } },
	{ "outside of the RAM", .direct = { { -4096ull, 0x90000000, 0, 0 } } },
	{ "no length", .direct = { { DATA, 0, 0, 0 } } },
	{ "no length", .direct = { { DATA, 4, N, 1 }, { DATA, 0, W, 0 } } },
	{ "after a writable", .direct = { { DATA, 4, N | W, 1 }, { DATA, 4, 0, 0 } } },
	{ "bad length", .direct = { { TABLE, 0, I, 0 } } },
	{ "bad length", .direct = { { TABLE, 15, I, 0 } } },
	{ "bad length", .direct = { { TABLE, 24, I, 0 } } },
	{ "table outside", .direct = { { TABLE, 0xfffffff0, I, 0 } } },
	{ "table outside", .direct = { { GPA + RAM - 16, 32, I, 0 } } },
	{ "table outside", .direct = { { 0, 32, I, 0 } } },
	{ "not the last", .direct = { { TABLE, 16, I | N, 1 }, { DATA, 4, W, 0 } } },
	{ "in an indirect", .direct = { { TABLE, 64, I, 0 } }, .table = { { TABLE, 64, I, 0 } } },
	{ "in an indirect", .direct = { { TABLE, 64, I, 0 } },
	  .table = { { DATA, 4, N, 1 }, { TABLE, 16, I | W, 0 } } },
	{ "outside of the indirect", .direct = { { TABLE, 64, I, 0 } },
	  .table = { { DATA, 4, N, 4 } } },
	{ "outside of the indirect", .direct = { { TABLE, 64, I, 0 } },
	  .table = { { DATA, 4, N, 0xffff } } },
	{ "too many", .direct = { { TABLE, 64, I, 0 } }, .table = { { DATA, 4, N, 0 } } },
	{ "outside of the RAM", .direct = { { TABLE, 64, I, 0 } },
	  .table = { { DATA, 4, N, 1 }, { GPA + RAM, 4, W, 0 } } },
	{ "no length", .direct = { { TABLE, 64, I, 0 } }, .table = { { DATA, 0, 0, 0 } } },
};

static void test_hostile(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		memcpy(desc(), hostile[i].direct, sizeof(hostile[i].direct));
		memcpy(at(TABLE), hostile[i].table, sizeof(hostile[i].table));
		assert_int_equal(virtqueue_enable(&queue, &memory, true, true), 0);
		avail()->ring[0] = hostile[i].head;
		avail()->idx = hostile[i].index ? hostile[i].index : 1;
		assert_int_equal(virtqueue_pop(&queue, &chain, iov), -EINVAL);
		if (!strstr(queue.fault, hostile[i].fault))
			fail_msg("%zu: '%s', not '%s'", i, queue.fault, hostile[i].fault);
		/* Nothing was taken. */
		assert_int_equal(queue.next_avail, 0);
		assert_int_equal(queue.in_flight, 0);
	}
}

static void test_indirect_not_negotiated(void **state)
{
	struct vring_desc d = { DATA, 4, 0, 0 };

	memcpy(at(TABLE), &d, sizeof(d));
	desc()[0] = (struct vring_desc) { TABLE, 16, I, 0 };
	assert_int_equal(virtqueue_enable(&queue, &memory, true, false), 0);
	make_available(0);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), -EINVAL);
	assert_non_null(strstr(queue.fault, "without the feature"));
}

/* As many segments as there may be; one more is refused. */
static void test_most_segments(void **state)
{
	for (unsigned int i = 0; i <= VIRTQUEUE_MAX_SIZE; i++) {
		struct vring_desc d = { DATA + i, 1, N, i + 1 };

		memcpy(at(TABLE + 16 * i), &d, sizeof(d));
	}
	((struct vring_desc *)at(TABLE))[VIRTQUEUE_MAX_SIZE - 1].flags = 0;
	desc()[0] = (struct vring_desc) { TABLE, 16 * (VIRTQUEUE_MAX_SIZE + 1), I, 0 };
	make_available(0);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	assert_int_equal(chain.n_out, VIRTQUEUE_MAX_SIZE);
	((struct vring_desc *)at(TABLE))[VIRTQUEUE_MAX_SIZE - 1].flags = N;
	((struct vring_desc *)at(TABLE))[VIRTQUEUE_MAX_SIZE].flags = 0;
	make_available(0);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), -EINVAL);
	assert_non_null(strstr(queue.fault, "too many"));
}

/* The sum of the lengths, in RAM that is large enough for each of them. */
static void test_chain_of_more_than_4_gib(void **state)
{
	struct guest_memory large = { .gpa = GPA, .size = 3ull << 30 };

	large.host = mmap(NULL, large.size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (large.host == MAP_FAILED)
		skip();
	assert_int_equal(virtqueue_enable(&queue, &large, true, true), 0);
	memcpy((char *)large.host + (DESC - GPA), (struct vring_desc[]) {
		{ GPA, 0x80000000, N, 1 }, { GPA, 0x80000000, W, 0 },
	}, 32);
	((struct vring_avail *)((char *)large.host + (AVAIL - GPA)))->idx = 1;
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	assert_int_equal(chain.out_len + chain.in_len, 1ull << 32);
	((struct vring_desc *)((char *)large.host + (DESC - GPA)))[1].len = 0x80000001;
	((struct vring_avail *)((char *)large.host + (AVAIL - GPA)))->idx = 2;
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), -EINVAL);
	assert_non_null(strstr(queue.fault, "4 GiB"));
	munmap(large.host, large.size);
}

static void test_more_in_flight_than_entries(void **state)
{
	desc()[0] = (struct vring_desc) { DATA, 4, 0, 0 };
	for (unsigned int i = 0; i < SIZE; i++) {
		make_available(0);
		assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	}
	make_available(0);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), -EINVAL);
	assert_non_null(strstr(queue.fault, "in flight"));
}

static void test_push_publishes(void **state)
{
	desc()[0] = (struct vring_desc) { DATA, 4, W, 0 };
	desc()[6] = (struct vring_desc) { DATA, 4, W, 0 };
	make_available(0);
	make_available(6);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	virtqueue_push(&queue, 6, 3);
	virtqueue_push(&queue, 0, 0x12345678);
	assert_int_equal(used()->idx, 0);
	assert_true(virtqueue_publish(&queue));
	assert_int_equal(used()->idx, 2);
	assert_int_equal(used()->ring[0].id, 6);
	assert_int_equal(used()->ring[0].len, 3);
	assert_int_equal(used()->ring[1].id, 0);
	assert_int_equal(used()->ring[1].len, 0x12345678);
	/* Nothing new: no second interrupt. */
	assert_false(virtqueue_publish(&queue));
}

/* Take and give back one chain; true when the driver is to be interrupted. */
static bool one_round(void)
{
	make_available(0);
	assert_int_equal(virtqueue_pop(&queue, &chain, iov), 1);
	virtqueue_push(&queue, 0, 0);
	return virtqueue_publish(&queue);
}

/* Once round the 16-bit indices, the ring many times over. */
static void test_event_idx_over_the_wrap(void **state)
{
	desc()[0] = (struct vring_desc) { DATA, 4, W, 0 };
	for (unsigned int i = 0; i < 70000; i++) {
		bool wanted = i % 3 == 0;

		*used_event() = wanted ? i : i + 5;
		assert_int_equal(one_round(), wanted);
		assert_int_equal(used()->idx, (uint16_t)(i + 1));
	}
}

static void test_flags_without_event_idx(void **state)
{
	assert_int_equal(virtqueue_enable(&queue, &memory, false, true), 0);
	desc()[0] = (struct vring_desc) { DATA, 4, W, 0 };
	assert_true(one_round());
	avail()->flags = VRING_AVAIL_F_NO_INTERRUPT;
	assert_false(one_round());
	virtqueue_notify_off(&queue);
	assert_int_equal(used()->flags, VRING_USED_F_NO_NOTIFY);
	assert_false(virtqueue_notify_on(&queue));
	assert_int_equal(used()->flags, 0);
}

static void test_notify_on_tells_of_late_chains(void **state)
{
	desc()[0] = (struct vring_desc) { DATA, 4, W, 0 };
	one_round();
	virtqueue_notify_off(&queue);
	assert_int_equal(*avail_event(), 0);
	assert_false(virtqueue_notify_on(&queue));
	assert_int_equal(*avail_event(), 1);
	virtqueue_notify_off(&queue);
	make_available(0);
	assert_true(virtqueue_notify_on(&queue));
	assert_int_equal(*avail_event(), 1);
}

static void test_clear(void **state)
{
	virtqueue_clear(&queue);
	assert_false(queue.enabled);
	assert_int_equal(queue.desc_gpa, 0);
}

/* Driver and device on two threads: every chain arrives once, in order, none is missed. */
#define ROUNDS	200000

static void *driver_thread(void *arg)
{
	uint16_t next = 0;

	for (unsigned int i = 0; i < ROUNDS; next++, i++) {
		while ((uint16_t)(next - __atomic_load_n(&used()->idx, __ATOMIC_ACQUIRE)) == SIZE)
			;
		desc()[i % SIZE] = (struct vring_desc) { DATA, i % 4096 + 1, 0, 0 };
		__atomic_store_n(&avail()->ring[next % SIZE], i % SIZE, __ATOMIC_RELAXED);
		__atomic_store_n(&avail()->idx, (uint16_t)(next + 1), __ATOMIC_RELEASE);
	}
	return NULL;
}

static void test_two_threads(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, driver_thread, NULL), 0);
	for (unsigned int i = 0; i < ROUNDS;) {
		int ret = virtqueue_pop(&queue, &chain, iov);

		assert_true(ret >= 0);
		if (!ret)
			continue;
		assert_int_equal(chain.head, i % SIZE);
		assert_int_equal(chain.out_len, i % 4096 + 1);
		virtqueue_push(&queue, chain.head, 0);
		virtqueue_publish(&queue);
		i++;
	}
	pthread_join(thread, NULL);
}

static void test_iov(void **state)
{
	char a[3] = "abc", b[1] = "d", c[4] = "efgh", buffer[16] = "";
	struct iovec parts[] = { { a, 3 }, { b, 1 }, { c, 4 } }, *rest = parts;

	assert_int_equal(iov_read(parts, 3, 2, buffer, 4), 4);
	assert_memory_equal(buffer, "cdef", 4);
	assert_int_equal(iov_read(parts, 3, 0, buffer, 16), 8);
	assert_int_equal(iov_read(parts, 3, 8, buffer, 16), 0);
	assert_int_equal(iov_write(parts, 3, 1, "12345678", 8), 7);
	assert_memory_equal(a, "a12", 3);
	assert_memory_equal(b, "3", 1);
	assert_memory_equal(c, "4567", 4);
	assert_int_equal(iov_skip(&rest, 3, 0), 3);
	assert_int_equal(iov_skip(&rest, 3, 4), 1);
	assert_ptr_equal(rest->iov_base, c);
	assert_int_equal(iov_skip(&rest, 1, 3), 1);
	assert_ptr_equal(rest->iov_base, c + 3);
	assert_int_equal(rest->iov_len, 1);
	assert_int_equal(iov_skip(&rest, 1, 1), 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_enable_refuses),
		TEST(test_enable_at_the_end_of_ram),
		TEST(test_pop_chain),
		TEST(test_pop_indirect),
		TEST(test_pop_indirect_write_flag),
		TEST(test_hostile),
		TEST(test_indirect_not_negotiated),
		TEST(test_most_segments),
		TEST(test_chain_of_more_than_4_gib),
		TEST(test_more_in_flight_than_entries),
		TEST(test_push_publishes),
		TEST(test_event_idx_over_the_wrap),
		TEST(test_flags_without_event_idx),
		TEST(test_notify_on_tells_of_late_chains),
		TEST(test_clear),
		TEST(test_two_threads),
		TEST(test_iov),
	};

	return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
