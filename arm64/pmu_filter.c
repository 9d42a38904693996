// SPDX-License-Identifier: GPL-2.0-only
/* The event filter: "allow:LIST" or "deny:LIST" becomes the ranges that KVM takes. */
#include <ctype.h>
#include <errno.h>
#include <perfmon/pfmlib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pmu.h"

/* Event numbers have 16 bits since FEAT_PMUv3p1; before, KVM takes 10 of them. */
#define EVENTS		65536u
#define WORD_BITS	64u
#define NAME_MAX_LEN	63

struct event_set {
	uint64_t words[EVENTS / WORD_BITS];
};

static bool has_event(const struct event_set *set, unsigned int event)
{
	return set->words[event / WORD_BITS] >> event % WORD_BITS & 1;
}

static void add_event(struct event_set *set, unsigned int event)
{
	set->words[event / WORD_BITS] |= 1ull << event % WORD_BITS;
}

/* One libpfm4 table: 1 when it has @name, which is then *@event. */
static int table_find(const pfm_pmu_info_t *table, const char *name, unsigned int *event)
{
	for (int i = table->first_event; i >= 0; i = pfm_get_event_next(i)) {
		pfm_event_info_t info = { .size = sizeof(info) };

		if (pfm_get_event_info(i, PFM_OS_NONE, &info) != PFM_SUCCESS ||
		    strcasecmp(info.name, name) || info.code >= EVENTS)
			continue;
		*event = info.code;
		return 1;
	}
	return 0;
}

/*
 * The events of this host's CPU. libpfm4 goes by the first CPU; where several of
 * its tables fit and don't agree, nothing is guessed. -ENOENT or -EXDEV.
 */
static int cpu_event_number(const char *name, uint16_t *event)
{
	unsigned int found = EVENTS;
	int pmu;

	if (pfm_initialize() != PFM_SUCCESS)
		return -ENOENT;
	pfm_for_all_pmus(pmu) {
		pfm_pmu_info_t table = { .size = sizeof(table) };
		unsigned int number;

		if (pfm_get_pmu_info(pmu, &table) != PFM_SUCCESS || !table.is_present ||
		    table.type != PFM_PMU_TYPE_CORE || strncmp(table.name, "arm", 3) ||
		    !table_find(&table, name, &number))
			continue;
		if (found != EVENTS && found != number)
			return -EXDEV;
		found = number;
	}
	if (found == EVENTS)
		return -ENOENT;
	*event = found;
	return 0;
}

/* One filter being parsed. */
struct parser {
	const struct option_row	*row;
	const char		*value;		/* the whole, for messages */
	struct event_set	set;
	struct error		*err;
};

static int bad(struct parser *parser, const char *element, const char *why)
{
	return option_bad_value(parser->row, parser->value, parser->err, "'%s' %s", element, why);
}

/* A number at @text; *@end is what follows it. */
static int event_number(const char *text, char **end, unsigned int *event)
{
	unsigned long long number;
	bool hex = text[0] == '0' && tolower((unsigned char)text[1]) == 'x';

	if (!isdigit((unsigned char)*text) || (hex && !isxdigit((unsigned char)text[2])))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, end, hex ? 16 : 10);
	if (errno || number >= EVENTS)
		return -ERANGE;
	*event = number;
	return 0;
}

static int add_numbers(struct parser *parser, const char *element)
{
	unsigned int first = 0, last;
	char *end;
	int ret = event_number(element, &end, &first);

	last = first;
	if (!ret && *end == '-')
		ret = event_number(end + 1, &end, &last);
	if (ret == -ERANGE)
		return bad(parser, element, "is too large: event numbers end at 0xffff");
	if (ret || *end)
		return bad(parser, element, "is not a number, a range A-B or an event's name");
	if (last < first)
		return bad(parser, element, "runs backwards");
	for (unsigned int event = first; event <= last; event++)
		add_event(&parser->set, event);
	return 0;
}

static int add_name(struct parser *parser, const char *element)
{
	uint16_t event;
	int ret;

	for (const char *c = element; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '_')
			return bad(parser, element,
				   "is not a number, a range A-B or an event's name");
	}
	ret = pmu_event_number(element, &event);
	if (ret == -ENOENT)
		ret = cpu_event_number(element, &event);
	if (ret == -EXDEV)
		return bad(parser, element,
			   "has several numbers on this host's CPUs; give the number you mean");
	if (ret)
		return bad(parser, element,
			   "is an unknown event: neither the architecture nor libpfm4 for this host's CPU names it");
	add_event(&parser->set, event);
	return 0;
}

static int add_element(struct parser *parser, const char *text, size_t len)
{
	char element[NAME_MAX_LEN + 1];

	if (!len)
		return option_bad_value(parser->row, parser->value, parser->err,
					"an event is missing");
	if (len > NAME_MAX_LEN) {
		memcpy(element, text, 32);
		element[32] = '\0';
		return bad(parser, element, "… is too long for an event");
	}
	memcpy(element, text, len);
	element[len] = '\0';
	if (isdigit((unsigned char)*element))
		return add_numbers(parser, element);
	return add_name(parser, element);
}

/* The fewest ranges that make the set; KVM counts a range's events in 16 bits. */
static int ranges_fill(struct parser *parser, struct pmu_filter *filter)
{
	for (unsigned int event = 0; event < EVENTS; event++) {
		struct pmu_range *range;

		if (!parser->set.words[event / WORD_BITS]) {
			event |= WORD_BITS - 1;
			continue;
		}
		if (!has_event(&parser->set, event))
			continue;
		if (filter->n == PMU_FILTER_MAX_RANGES)
			return option_bad_value(parser->row, parser->value, parser->err,
						"more than %d separate ranges of events",
						PMU_FILTER_MAX_RANGES);
		range = &filter->ranges[filter->n++];
		range->first = event;
		while (event < EVENTS && has_event(&parser->set, event) &&
		       range->count < UINT16_MAX) {
			range->count++;
			event++;
		}
		event--;
	}
	return 0;
}

int pmu_filter_parse(const struct option_row *row, const char *value,
		     struct pmu_filter *filter, struct error *err)
{
	struct parser parser = { .row = row, .value = value, .err = err };
	const char *text;
	size_t len;
	int ret;

	memset(filter, 0, sizeof(*filter));
	if (!strncmp(value, "allow:", strlen("allow:")))
		filter->allow = true;
	else if (strncmp(value, "deny:", strlen("deny:")))
		return option_bad_value(row, value, err, "it is allow:LIST or deny:LIST");

	for (text = strchr(value, ':') + 1; ; text += len + 1) {
		len = strcspn(text, ",");
		ret = add_element(&parser, text, len);
		if (ret < 0)
			return ret;
		if (!text[len])
			break;
	}
	return ranges_fill(&parser, filter);
}
