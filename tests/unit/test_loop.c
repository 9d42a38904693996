// SPDX-License-Identifier: GPL-2.0-only
/* The event loop: who is served, who no longer, and that it ends when told to. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loop.h"
#include "unit.h"

static struct event_loop *loop;
static struct error err;

/* An eventfd that counts its calls, and what it does then. */
struct counter {
	struct event_source	source;
	unsigned int		calls;
	uint32_t		events;
	void			(*then)(struct counter *counter);
};

static void counter_ready(struct event_source *source, uint32_t events)
{
	struct counter *counter = (void *)source;

	counter->calls++;
	counter->events = events;
	if (counter->then)
		counter->then(counter);
}

static void counter_open(struct counter *counter, unsigned int value,
			 void (*then)(struct counter *counter))
{
	*counter = (struct counter) {
		.source = { eventfd(value, EFD_NONBLOCK | EFD_CLOEXEC), counter_ready },
		.then = then,
	};
	assert_true(counter->source.fd >= 0);
}

static void counter_close(struct counter *counter)
{
	close(counter->source.fd);
}

static void take(struct counter *counter)
{
	uint64_t count;

	assert_int_equal(read(counter->source.fd, &count, sizeof(count)), sizeof(count));
}

static void stop(struct counter *counter)
{
	loop_stop(loop);
}

static int setup(void **state)
{
	return loop_create(&loop, &err);
}

static int teardown(void **state)
{
	loop_destroy(loop);
	return 0;
}

/* One more turn, in which all that is ready is served (if it fits into a turn). */
static void turn(void)
{
	loop_stop(loop);
	assert_int_equal(loop_run(loop), 0);
}

static void thrice(struct counter *counter)
{
	if (counter->calls == 3)
		loop_stop(loop);
}

/* What leaves its data where they are is served again. */
static void test_level_triggered(void **state)
{
	struct counter counter;

	counter_open(&counter, 1, thrice);
	assert_int_equal(loop_add(loop, &counter.source, EPOLLIN), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(counter.calls, 3);
	assert_int_equal(counter.events, EPOLLIN);
	counter_close(&counter);
}

static void test_modify(void **state)
{
	struct counter counter;

	counter_open(&counter, 1, stop);
	assert_int_equal(loop_add(loop, &counter.source, EPOLLIN), 0);
	assert_int_equal(loop_modify(loop, &counter.source, EPOLLOUT), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(counter.events, EPOLLOUT);
	assert_int_equal(loop_modify(loop, &counter.source, EPOLLIN | EPOLLOUT), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(counter.events, EPOLLIN | EPOLLOUT);
	assert_int_equal(loop_modify(loop, &counter.source, 0), 0);
	assert_int_equal(counter.calls, 2);
	counter.then = NULL;
	turn();
	assert_int_equal(counter.calls, 2);
	counter_close(&counter);
}

static void test_remove(void **state)
{
	struct counter gone, there;

	counter_open(&gone, 1, NULL);
	counter_open(&there, 1, thrice);
	assert_int_equal(loop_add(loop, &gone.source, EPOLLIN), 0);
	assert_int_equal(loop_add(loop, &there.source, EPOLLIN), 0);
	loop_remove(loop, &gone.source);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(there.calls, 3);
	assert_int_equal(gone.calls, 0);
	/* and it may come back */
	assert_int_equal(loop_add(loop, &gone.source, EPOLLIN), 0);
	gone.then = stop;
	there.then = NULL;
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(gone.calls, 1);
	counter_close(&gone);
	counter_close(&there);
}

static void test_errors(void **state)
{
	struct event_source file = { open("/dev/null", O_RDONLY | O_CLOEXEC), counter_ready };
	struct event_source closed = { -1, counter_ready };
	struct counter counter;

	counter_open(&counter, 0, NULL);
	assert_int_equal(loop_modify(loop, &counter.source, EPOLLIN), -ENOENT);
	assert_int_equal(loop_add(loop, &counter.source, EPOLLIN), 0);
	assert_int_equal(loop_add(loop, &counter.source, EPOLLIN), -EEXIST);
	assert_int_equal(loop_add(loop, &file, EPOLLIN), -EPERM);
	assert_int_equal(loop_add(loop, &closed, EPOLLIN), -EBADF);
	close(file.fd);
	counter_close(&counter);
}

#define MANY	40		/* more than are served in a turn */

static struct counter *many[MANY];

static void remove_others(struct counter *counter)
{
	for (size_t i = 0; i < MANY; i++) {
		if (!many[i] || many[i] == counter)
			continue;
		loop_remove(loop, &many[i]->source);
		counter_close(many[i]);
		free(many[i]);	/* the sanitizer tells of whoever still looks at it */
		many[i] = NULL;
	}
	take(counter);
	loop_stop(loop);
}

static void many_open(void (*then)(struct counter *counter))
{
	for (size_t i = 0; i < MANY; i++) {
		many[i] = calloc(1, sizeof(*many[i]));
		assert_non_null(many[i]);
		counter_open(many[i], 1, then);
		assert_int_equal(loop_add(loop, &many[i]->source, EPOLLIN), 0);
	}
}

static unsigned int many_close(void)
{
	unsigned int calls = 0;

	for (size_t i = 0; i < MANY; i++) {
		if (!many[i])
			continue;
		calls += many[i]->calls;
		counter_close(many[i]);
		free(many[i]);
		many[i] = NULL;
	}
	return calls;
}

/* All are ready at once, and the first removes the rest, which was found ready with it. */
static void test_removed_by_another(void **state)
{
	many_open(remove_others);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(many_close(), 1);
}

static unsigned int to_serve;

static void take_and_go(struct counter *counter)
{
	take(counter);
	loop_remove(loop, &counter->source);
	if (!--to_serve)
		loop_stop(loop);
}

static void test_more_than_a_turn(void **state)
{
	many_open(take_and_go);
	to_serve = MANY;
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(many_close(), MANY);
}

static void add_another(struct counter *counter)
{
	take(counter);
	many[0] = calloc(1, sizeof(*many[0]));
	counter_open(many[0], 1, stop);
	assert_int_equal(loop_add(loop, &many[0]->source, EPOLLIN), 0);
}

static void test_added_by_another(void **state)
{
	struct counter counter;

	counter_open(&counter, 1, add_another);
	assert_int_equal(loop_add(loop, &counter.source, EPOLLIN), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(many_close(), 1);
	counter_close(&counter);
}

/* Told before it runs, it returns at once, and only once. */
static void test_stop_first(void **state)
{
	struct counter counter;

	loop_stop(loop);
	loop_stop(loop);
	assert_int_equal(loop_run(loop), 0);
	counter_open(&counter, 1, thrice);
	assert_int_equal(loop_add(loop, &counter.source, EPOLLIN), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(counter.calls, 3);
	counter_close(&counter);
}

static pthread_t main_thread;
static atomic_bool ended;

static void on_signal(int signal)
{
}

static void on_signal_stop(int signal)
{
	loop_stop(loop);
}

static void *stop_later(void *arg)
{
	usleep(10000);
	loop_stop(loop);
	return NULL;
}

static void *interrupt(void *arg)
{
	for (int i = 0; i < 20 && !ended; i++) {
		usleep(1000);
		pthread_kill(main_thread, SIGUSR1);
	}
	usleep(1000);
	if (!arg)
		loop_stop(loop);
	return NULL;
}

/* The loop waits for nothing but to be told. */
static void test_stop_from_a_thread(void **state)
{
	for (int i = 0; i < 5; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, stop_later, NULL), 0);
		assert_int_equal(loop_run(loop), 0);
		pthread_join(thread, NULL);
	}
}

static void run_with_signals(void (*handler)(int signal), void *stopped_by_handler)
{
	struct sigaction action = { .sa_handler = handler }, old;
	pthread_t thread;

	ended = false;
	main_thread = pthread_self();
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	assert_int_equal(pthread_create(&thread, NULL, interrupt, stopped_by_handler), 0);
	assert_int_equal(loop_run(loop), 0);
	ended = true;
	pthread_join(thread, NULL);
	sigaction(SIGUSR1, &old, NULL);
}

/* A signal is no error, and its handler may end the loop. */
static void test_signals(void **state)
{
	static int by_handler;

	run_with_signals(on_signal, NULL);
	run_with_signals(on_signal_stop, &by_handler);
}

static void test_no_descriptors(void **state)
{
	struct rlimit limit, few;
	struct event_loop *another;
	int fds[64], n = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = (struct rlimit){ .rlim_cur = 48, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	/* each of the two descriptors that the loop takes is missing once */
	for (int left = 0; left < 2; left++) {
		int ret;

		while ((fds[n] = dup(STDERR_FILENO)) >= 0)
			n++;
		for (int i = 0; i < left; i++)
			close(fds[--n]);
		ret = loop_create(&another, &err);
		assert_int_equal(ret, -EMFILE);
		assert_error(ret, &err, TALLY_EXIT_SOFTWARE, "event loop");
	}
	while (n)
		close(fds[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_gives_back(void **state)
{
	unsigned int before = open_descriptors();
	struct event_loop *another;

	assert_done(loop_create(&another, &err), &err);
	assert_true(open_descriptors() > before);
	loop_destroy(another);
	assert_int_equal(open_descriptors(), before);
	loop_destroy(NULL);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_level_triggered),
		TEST(test_modify),
		TEST(test_remove),
		TEST(test_errors),
		TEST(test_removed_by_another),
		TEST(test_more_than_a_turn),
		TEST(test_added_by_another),
		TEST(test_stop_first),
		TEST(test_stop_from_a_thread),
		TEST(test_signals),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_gives_back),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
