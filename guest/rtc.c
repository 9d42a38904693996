// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PL031 (ARM DDI 0224). Argument:
 *   after=S	the time must be later than S seconds after 1970
 */
#include "guest.h"

#define RTCDR		0x00
#define RTCMR		0x04
#define RTCLR		0x08
#define RTCCR		0x0c
#define RTCIMSC		0x10
#define RTCRIS		0x14
#define RTCMIS		0x18
#define RTCICR		0x1c
#define RTC_ID		0xfe0

static u64 rtc;
static u32 interrupts;

static void on_match(u32 intid)
{
	write32(1, rtc + RTCICR);
	interrupts++;
}

static void check_id(void)
{
	static const u8 id[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	/* The upper half of the third byte is the revision. */
	static const u8 mask[] = { 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff };

	for (u32 i = 0; i < ARRAY_SIZE(id); i++)
		check_hex(check_name("id-%x", RTC_ID + 4 * i),
			  read32(rtc + RTC_ID + 4 * i) & mask[i], id[i]);
}

/* Waits for the next second; the ticks of the system counter that it took. */
static u64 next_second(void)
{
	u32 now = read32(rtc + RTCDR);
	u64 start = ticks(), limit = start + 5000 * ticks_per_ms();

	while (read32(rtc + RTCDR) == now && ticks() < limit)
		delay_us(200);
	return ticks() - start;
}

static void check_time(void)
{
	u32 now = read32(rtc + RTCDR);
	u64 took;

	check_range("time", now, arg_u64("after", 1600000000), 0xffffffff);
	next_second();
	took = next_second();
	check_range("ticks", took / ticks_per_ms(), 500, 1500);
	now = read32(rtc + RTCDR);
	write32(1000, rtc + RTCLR);
	check_range("load", read32(rtc + RTCDR), 1000, 1001);
	check_eq("load-reads", read32(rtc + RTCLR), 1000);
	write32(now, rtc + RTCLR);
}

static void check_match(u32 irq, bool edge)
{
	u32 now;

	write32(0, rtc + RTCIMSC);
	write32(1, rtc + RTCICR);
	check_hex("ris-clear", read32(rtc + RTCRIS), 0);
	next_second();
	now = read32(rtc + RTCDR);
	write32(now + 1, rtc + RTCMR);
	check_eq("match-reads", read32(rtc + RTCMR), now + 1);
	next_second();
	delay_us(20000);
	check_hex("ris-set", read32(rtc + RTCRIS), 1);
	check_hex("mis-masked", read32(rtc + RTCMIS), 0);
	check_true("masked-line-low", !gic_pending(irq), "pending");
	write32(1, rtc + RTCICR);
	check_hex("ris-cleared", read32(rtc + RTCRIS), 0);

	irq_set_handler(irq, on_match);
	gic_set_edge(irq, edge);
	gic_enable(irq);
	write32(1, rtc + RTCIMSC);
	write32(read32(rtc + RTCDR) + 1, rtc + RTCMR);
	irq_on();
	wait_for(&interrupts, 1, 3000);
	delay_us(1000);
	irq_off();
	check_eq("match-interrupt-once", interrupts, 1);
	check_hex("mis-cleared", read32(rtc + RTCMIS), 0);
	write32(0, rtc + RTCIMSC);
	gic_disable(irq);
}

void guest_main(void)
{
	int node = dt_find("arm,pl031");
	u32 irq, flags = 0;

	if (node < 0 || !dt_reg(node, 0, &rtc, NULL)) {
		check_skip("rtc", "no PL031 in the device tree");
		finish();
	}
	irq = dt_irq(node, 0, &flags);
	check_true("spi", irq >= 32, "INTID %u", irq);
	check_id();
	check_time();
	check_match(irq, flags & DT_IRQ_EDGE);
	finish();
}
