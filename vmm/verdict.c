// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "verdict.h"

static const int exit_code[] = {
	[VERDICT_NONE]		= TALLY_EXIT_SOFTWARE,
	[VERDICT_STOPPED]	= TALLY_EXIT_STOPPED,
	[VERDICT_OFF]		= TALLY_EXIT_OFF,
	[VERDICT_RESET]		= TALLY_EXIT_RESET,
	[VERDICT_CRASHED]	= TALLY_EXIT_CRASHED,
	[VERDICT_ERROR]		= TALLY_EXIT_SOFTWARE,
};

void verdict_clear(struct verdict *verdict)
{
	pthread_mutex_lock(&verdict->lock);
	verdict->kind = VERDICT_NONE;
	verdict->exit_code = exit_code[VERDICT_NONE];
	snprintf(verdict->text, sizeof(verdict->text), "the run ended and nothing says why");
	pthread_mutex_unlock(&verdict->lock);
}

void verdict_init(struct verdict *verdict)
{
	pthread_mutex_init(&verdict->lock, NULL);
	verdict->stop_asked = false;
	verdict_clear(verdict);
}

void verdict_destroy(struct verdict *verdict)
{
	pthread_mutex_destroy(&verdict->lock);
}

void verdict_offer(struct verdict *verdict, enum verdict_kind kind, const char *fmt, ...)
{
	va_list args;

	pthread_mutex_lock(&verdict->lock);
	if (kind == VERDICT_STOPPED)
		verdict->stop_asked = true;
	if (kind > verdict->kind) {
		verdict->kind = kind;
		verdict->exit_code = exit_code[kind];
		va_start(args, fmt);
		vsnprintf(verdict->text, sizeof(verdict->text), fmt, args);
		va_end(args);
	}
	pthread_mutex_unlock(&verdict->lock);
}

void verdict_offer_error(struct verdict *verdict, const struct error *err)
{
	pthread_mutex_lock(&verdict->lock);
	if (verdict->kind < VERDICT_ERROR) {
		verdict->kind = VERDICT_ERROR;
		verdict->exit_code = err->exit_code;
		snprintf(verdict->text, sizeof(verdict->text), "%s", err->text);
	}
	pthread_mutex_unlock(&verdict->lock);
}

bool verdict_stop_asked(struct verdict *verdict)
{
	bool asked;

	pthread_mutex_lock(&verdict->lock);
	asked = verdict->stop_asked;
	pthread_mutex_unlock(&verdict->lock);
	return asked;
}

enum verdict_kind verdict_kind(struct verdict *verdict)
{
	enum verdict_kind kind;

	pthread_mutex_lock(&verdict->lock);
	kind = verdict->kind;
	pthread_mutex_unlock(&verdict->lock);
	return kind;
}
