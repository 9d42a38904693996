// SPDX-License-Identifier: GPL-2.0-only
/* Which of several ends of a run is the one that is told. */
#include <pthread.h>
#include <stdio.h>

#include "unit.h"
#include "verdict.h"

/* Lightest first, as enum verdict_kind has them; the codes are those of the manual. */
static const struct { enum verdict_kind kind; int exit_code; } kinds[] = {
	{ VERDICT_NONE, 70 }, { VERDICT_STOPPED, 75 }, { VERDICT_OFF, 0 },
	{ VERDICT_RESET, 80 }, { VERDICT_CRASHED, 81 }, { VERDICT_ERROR, 70 },
};

#define NOTHING	"the run ended and nothing says why"

static const struct error an_error = { TALLY_EXIT_UNAVAILABLE, "an error" };

static void test_start(void **state)
{
	struct verdict verdict;

	verdict_init(&verdict);
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	assert_int_equal(verdict.exit_code, 70);
	assert_string_equal(verdict.text, NOTHING);
	verdict_destroy(&verdict);
}

/* Every pair, in both orders: the weightier stays, and of equals the first. */
static void test_pairs(void **state)
{
	for (size_t a = 0; a < ARRAY_SIZE(kinds); a++) {
		for (size_t b = 0; b < ARRAY_SIZE(kinds); b++) {
			struct verdict verdict;
			size_t wanted = b > a ? b : a;
			const char *text = !wanted ? NOTHING : b > a ? "second 2" : "first 1";

			verdict_init(&verdict);
			verdict_offer(&verdict, kinds[a].kind, "first %d", 1);
			verdict_offer(&verdict, kinds[b].kind, "second %d", 2);
			if (verdict_kind(&verdict) != kinds[wanted].kind ||
			    verdict.exit_code != kinds[wanted].exit_code ||
			    strcmp(verdict.text, text))
				fail_msg("%zu, then %zu: kind %d, code %d, \"%s\"", a, b,
					 verdict_kind(&verdict), verdict.exit_code, verdict.text);
			verdict_destroy(&verdict);
		}
	}
}

/* An error brings its own code along, after any other verdict but another error. */
static void test_errors(void **state)
{
	for (size_t before = 0; before < ARRAY_SIZE(kinds); before++) {
		bool taken = kinds[before].kind != VERDICT_ERROR;
		struct verdict verdict;

		verdict_init(&verdict);
		verdict_offer(&verdict, kinds[before].kind, "before");
		verdict_offer_error(&verdict, &an_error);
		assert_int_equal(verdict_kind(&verdict), VERDICT_ERROR);
		assert_int_equal(verdict.exit_code, taken ? 69 : 70);
		assert_string_equal(verdict.text, taken ? "an error" : "before");
		for (size_t after = 0; after < ARRAY_SIZE(kinds); after++)
			verdict_offer(&verdict, kinds[after].kind, "after");
		assert_int_equal(verdict.exit_code, taken ? 69 : 70);
		assert_string_equal(verdict.text, taken ? "an error" : "before");
		verdict_destroy(&verdict);
	}
}

static void test_second_error(void **state)
{
	const struct error other = { TALLY_EXIT_NOINPUT, "another" };
	struct verdict verdict;

	verdict_init(&verdict);
	verdict_offer_error(&verdict, &an_error);
	verdict_offer_error(&verdict, &other);
	assert_int_equal(verdict.exit_code, 69);
	assert_string_equal(verdict.text, "an error");
	verdict_destroy(&verdict);
}

/* A guest that is started anew may end in any way again. */
static void test_clear(void **state)
{
	struct verdict verdict;

	verdict_init(&verdict);
	verdict_offer(&verdict, VERDICT_RESET, "reset");
	verdict_clear(&verdict);
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	assert_int_equal(verdict.exit_code, 70);
	assert_string_equal(verdict.text, NOTHING);
	verdict_offer(&verdict, VERDICT_OFF, "off");
	assert_int_equal(verdict.exit_code, 0);
	assert_string_equal(verdict.text, "off");
	/* A wish to stop counts, even after something weightier, and stays. */
	assert_false(verdict_stop_asked(&verdict));
	verdict_offer(&verdict, VERDICT_STOPPED, "stop");
	assert_int_equal(verdict_kind(&verdict), VERDICT_OFF);
	verdict_clear(&verdict);
	assert_true(verdict_stop_asked(&verdict));
	verdict_destroy(&verdict);
}

static void test_long_text(void **state)
{
	char text[3000];
	struct verdict verdict;
	struct error err = { .exit_code = 70 };

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memset(err.text, 'y', sizeof(err.text) - 1);
	verdict_init(&verdict);
	verdict_offer(&verdict, VERDICT_OFF, "%s", text);
	assert_int_equal(strlen(verdict.text), sizeof(verdict.text) - 1);
	verdict_offer_error(&verdict, &err);
	assert_string_equal(verdict.text, err.text);
	verdict_destroy(&verdict);
}

static struct verdict shared;
static pthread_barrier_t barrier;

static void *offer(void *arg)
{
	const size_t *kind = arg;

	pthread_barrier_wait(&barrier);
	verdict_offer(&shared, kinds[*kind].kind, "from %zu", *kind);
	verdict_kind(&shared);
	return NULL;
}

/* All at once: the weightiest, with the text and the code that belong to it. */
static void test_threads(void **state)
{
	for (int round = 0; round < 200; round++) {
		pthread_t threads[8];
		size_t indices[8], heaviest = 0;
		char text[32];

		verdict_init(&shared);
		pthread_barrier_init(&barrier, NULL, ARRAY_SIZE(threads));
		for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
			indices[i] = 1 + (i * 7 + (size_t)round) % 8 % (ARRAY_SIZE(kinds) - 1);
			if (indices[i] > heaviest)
				heaviest = indices[i];
			assert_int_equal(pthread_create(&threads[i], NULL, offer, &indices[i]), 0);
		}
		for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
			pthread_join(threads[i], NULL);
		snprintf(text, sizeof(text), "from %zu", heaviest);
		assert_int_equal(verdict_kind(&shared), kinds[heaviest].kind);
		assert_int_equal(shared.exit_code, kinds[heaviest].exit_code);
		assert_string_equal(shared.text, text);
		pthread_barrier_destroy(&barrier);
		verdict_destroy(&shared);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_second_error),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
