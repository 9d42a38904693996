/* SPDX-License-Identifier: GPL-2.0-only */
/* What tally says of itself, on stderr, apart from the guest's console. */
#ifndef TALLY_LOG_H
#define TALLY_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

extern enum log_level log_level;

void log_print(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)		log_print(LOG_ERROR, __VA_ARGS__)
#define log_warning(...)	log_print(LOG_WARNING, __VA_ARGS__)
#define log_info(...)		log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...)		log_print(LOG_DEBUG, __VA_ARGS__)

#endif
