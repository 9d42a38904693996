// SPDX-License-Identifier: GPL-2.0-only
/* PL031 real-time clock (ARM DDI 0224): the host's time of day in seconds. */
#include <errno.h>
#include <libfdt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "device.h"

#define RTC_GPA		0x01010000
#define CLOCK_PHANDLE	2

/* Register offsets, DDI 0224 table 3-1. */
enum {
	RTCDR	= 0x000,
	RTCMR	= 0x004,
	RTCLR	= 0x008,
	RTCCR	= 0x00c,
	RTCIMSC	= 0x010,
	RTCRIS	= 0x014,
	RTCMIS	= 0x018,
	RTCICR	= 0x01c,
	RTCID	= 0xfe0,	/* eight identification registers */
};

static const uint8_t identification[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

struct rtc {
	pthread_mutex_t		lock;
	struct irq_line		irq;
	struct event_loop	*loop;
	struct event_source	alarm;		/* timerfd on the host's clock */
	uint32_t		offset;		/* counter = host seconds + offset */
	uint32_t		match;
	uint32_t		load;
	bool			mask;		/* RTCIMSC */
	bool			raised;		/* RTCRIS */
};

/* time() may lag a tick behind: whoever is woken by the alarm would find it not yet due. */
static time_t host_seconds(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	return at.tv_sec;
}

static uint32_t now(const struct rtc *rtc)
{
	return (uint32_t)host_seconds() + rtc->offset;
}

static void update_irq(struct rtc *rtc)
{
	irq_line_set(&rtc->irq, rtc->raised && rtc->mask);
}

/* The counter meets the match value once in 2^32 seconds; armed by any write to either. */
static void arm(struct rtc *rtc)
{
	time_t seconds = host_seconds();
	uint32_t wait = rtc->match - ((uint32_t)seconds + rtc->offset);
	struct itimerspec when = { .it_value.tv_sec = seconds + wait };

	timerfd_settime(rtc->alarm.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void alarm_ready(struct event_source *source, uint32_t events)
{
	struct rtc *rtc = (void *)((char *)source - offsetof(struct rtc, alarm));
	uint64_t count;

	if (read(source->fd, &count, sizeof(count)) < 0)
		return;		/* armed anew meanwhile */
	pthread_mutex_lock(&rtc->lock);
	rtc->raised = true;
	update_irq(rtc);
	pthread_mutex_unlock(&rtc->lock);
}

static uint64_t rtc_read(void *device, uint64_t offset, unsigned int len)
{
	struct rtc *rtc = device;
	uint32_t value = 0;

	pthread_mutex_lock(&rtc->lock);
	switch (offset) {
	case RTCDR:
		value = now(rtc);
		break;
	case RTCMR:
		value = rtc->match;
		break;
	case RTCLR:
		value = rtc->load;
		break;
	case RTCCR:
		value = 1;	/* it can't be switched off */
		break;
	case RTCIMSC:
		value = rtc->mask;
		break;
	case RTCRIS:
		value = rtc->raised;
		break;
	case RTCMIS:
		value = rtc->raised && rtc->mask;
		break;
	default:
		if (offset >= RTCID && offset % 4 == 0)
			value = identification[(offset - RTCID) / 4];
	}
	pthread_mutex_unlock(&rtc->lock);
	return value;
}

static void rtc_write(void *device, uint64_t offset, unsigned int len, uint64_t value)
{
	struct rtc *rtc = device;

	pthread_mutex_lock(&rtc->lock);
	switch (offset) {
	case RTCMR:
		rtc->match = value;
		arm(rtc);
		break;
	case RTCLR:
		rtc->load = value;
		rtc->offset = (uint32_t)value - (uint32_t)host_seconds();
		arm(rtc);
		break;
	case RTCIMSC:
		rtc->mask = value & 1;
		update_irq(rtc);
		break;
	case RTCICR:
		if (value & 1)
			rtc->raised = false;
		update_irq(rtc);
		break;
	}
	pthread_mutex_unlock(&rtc->lock);
}

static const struct bus_ops rtc_ops = { rtc_read, rtc_write };

static unsigned int rtc_count(const struct config *config)
{
	return 1;
}

/* The primecell binding wants its bus clock; a fixed one does. */
static int clock_fdt(void *fdt)
{
	int ret = fdt_begin_node(fdt, "apb-pclk");

	if (!ret)
		ret = fdt_property_string(fdt, "compatible", "fixed-clock");
	if (!ret)
		ret = fdt_property_u32(fdt, "#clock-cells", 0);
	if (!ret)
		ret = fdt_property_u32(fdt, "clock-frequency", 24000000);
	if (!ret)
		ret = fdt_property_string(fdt, "clock-output-names", "clk24mhz");
	if (!ret)
		ret = fdt_property_u32(fdt, "phandle", CLOCK_PHANDLE);
	return ret ? ret : fdt_end_node(fdt);
}

static int rtc_fdt(void *fdt, const struct device_slot *slot)
{
	static const char compatible[] = "arm,pl031\0arm,primecell";
	char name[32];
	int ret;

	ret = clock_fdt(fdt);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "rtc@%llx", (unsigned long long)slot->gpa);
	ret = fdt_begin_node(fdt, name);
	if (!ret)
		ret = fdt_property(fdt, "compatible", compatible, sizeof(compatible));
	if (!ret)
		ret = fdt_property_reg(fdt, slot->gpa, rtc_model.size);
	if (!ret)
		ret = fdt_property_interrupt(fdt, slot->intid, rtc_model.trigger);
	if (!ret)
		ret = fdt_property_u32(fdt, "clocks", CLOCK_PHANDLE);
	if (!ret)
		ret = fdt_property_string(fdt, "clock-names", "apb_pclk");
	return ret ? ret : fdt_end_node(fdt);
}

static void rtc_destroy(void *device)
{
	struct rtc *rtc = device;

	if (rtc->alarm.fd >= 0) {
		loop_remove(rtc->loop, &rtc->alarm);
		close(rtc->alarm.fd);
	}
	pthread_mutex_destroy(&rtc->lock);
	free(rtc);
}

static int rtc_create(const struct device_env *env, void **device, struct error *err)
{
	struct rtc *rtc = calloc(1, sizeof(*rtc));
	int ret;

	if (!rtc)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the RTC");
	pthread_mutex_init(&rtc->lock, NULL);
	rtc->irq = env->irq;
	rtc->loop = env->loop;
	rtc->alarm = (struct event_source) {
		timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK), alarm_ready,
	};
	ret = rtc->alarm.fd < 0 ? -errno : loop_add(env->loop, &rtc->alarm, EPOLLIN);
	if (ret < 0)
		error_set(err, TALLY_EXIT_SOFTWARE, -ret, "RTC: %s", strerror(-ret));
	else
		ret = bus_add(env->bus, "rtc", env->slot.gpa, rtc_model.size, &rtc_ops, rtc, err);
	if (ret < 0) {
		rtc_destroy(rtc);
		return ret;
	}
	*device = rtc;
	return 0;
}

const struct device_model rtc_model = {
	.name		= "rtc",
	.gpa		= RTC_GPA,
	.size		= 0x1000,
	.trigger	= IRQ_LEVEL_HIGH,
	.count		= rtc_count,
	.fdt		= rtc_fdt,
	.create		= rtc_create,
	.destroy	= rtc_destroy,
};
