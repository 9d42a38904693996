/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the guest ended. Several threads may have something to say; the verdict
 * keeps the weightiest: tally's own error, crash, reset, power-off, and only if
 * none of these was decided, a stop from outside.
 */
#ifndef TALLY_VERDICT_H
#define TALLY_VERDICT_H

#include <pthread.h>
#include <stdbool.h>

#include "error.h"

enum verdict_kind {		/* lightest first */
	VERDICT_NONE,
	VERDICT_STOPPED,	/* 75 */
	VERDICT_OFF,		/* 0 */
	VERDICT_RESET,		/* 80 */
	VERDICT_CRASHED,	/* 81 */
	VERDICT_ERROR,		/* 70, or another code with an error of its own */
};

struct verdict {
	pthread_mutex_t		lock;
	enum verdict_kind	kind;
	int			exit_code;
	char			text[1024];
	bool			stop_asked;	/* whatever else was decided */
};

void verdict_init(struct verdict *verdict);
void verdict_destroy(struct verdict *verdict);
/* Any thread. A weightier verdict replaces a lighter one; the first of equals stays. */
void verdict_offer(struct verdict *verdict, enum verdict_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void verdict_offer_error(struct verdict *verdict, const struct error *err);
/* Back to VERDICT_NONE, for a guest that is started anew; a wish to stop stays. */
void verdict_clear(struct verdict *verdict);
/* VERDICT_STOPPED was offered at any time. */
bool verdict_stop_asked(struct verdict *verdict);
enum verdict_kind verdict_kind(struct verdict *verdict);

#endif
