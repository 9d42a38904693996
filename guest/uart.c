// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8250. Arguments:
 *   echo=N	then read N bytes by interrupt and send them back in upper case
 */
#include "guest.h"

static u32 interrupts, received, want;
static u8 iir_seen;

/* Register bits that hold what is written, and those that read as 0. */
static void check_plain(void)
{
	static const u8 patterns[] = { 0x00, 0x55, 0xaa, 0xff };
	u8 lcr = uart_read(UART_LCR), ier = uart_read(UART_IER), v;
	u32 bad = 0;

	for (size_t i = 0; i < sizeof(patterns); i++) {
		uart_write(patterns[i], UART_SCR);
		bad += uart_read(UART_SCR) != patterns[i];
	}
	check_eq("scr", bad, 0);

	uart_flush();
	uart_write(UART_LCR_DLAB | UART_LCR_8N1, UART_LCR);
	uart_write(0x12, UART_DLL);
	uart_write(0x34, UART_DLM);
	bad = uart_read(UART_DLL) != 0x12 || uart_read(UART_DLM) != 0x34;
	uart_write(0x01, UART_DLL);
	uart_write(0x00, UART_DLM);
	uart_write(UART_LCR_8N1, UART_LCR);
	check_eq("dlab-divisor", bad, 0);
	check_hex("dlab-hides-ier", uart_read(UART_IER), ier);
	check_hex("lcr", uart_read(UART_LCR), UART_LCR_8N1);
	uart_write(lcr, UART_LCR);

	uart_write(0xff, UART_IER);
	v = uart_read(UART_IER);
	uart_write(0, UART_IER);
	check_hex("ier-low-bits", v & 0xf, 0xf);
	check_hex("iir-none", uart_read(UART_IIR) & 0x0f, UART_IIR_NONE);

	uart_write(0x01, UART_FCR);
	check_hex("fcr-fifo-on", uart_read(UART_IIR) & UART_IIR_FIFO, UART_IIR_FIFO);
	uart_write(0x00, UART_FCR);
	check_hex("fcr-fifo-off", uart_read(UART_IIR) & UART_IIR_FIFO, 0);
	uart_write(0x07, UART_FCR);
	check_hex("lsr-idle", uart_read(UART_LSR) & (UART_LSR_THRE | UART_LSR_TEMT | 0x9e),
		  UART_LSR_THRE | UART_LSR_TEMT);
}

/* In loopback the MCR outputs show as MSR inputs and what is sent comes back. */
static void check_loopback(void)
{
	static const struct {
		u8 mcr, msr;
	} wires[] = {
		{ 0x01, 0x20 },		/* DTR to DSR */
		{ 0x02, 0x10 },		/* RTS to CTS */
		{ 0x04, 0x40 },		/* OUT1 to RI */
		{ 0x08, 0x80 },		/* OUT2 to DCD */
	};
	u32 bad = 0, got = 0, left;

	uart_flush();
	for (size_t i = 0; i < ARRAY_SIZE(wires); i++) {
		uart_write(UART_MCR_LOOP | wires[i].mcr, UART_MCR);
		bad += (uart_read(UART_MSR) & 0xf0) != wires[i].msr;
	}
	uart_write(UART_MCR_LOOP, UART_MCR);
	uart_write(0x07, UART_FCR);
	for (u32 i = 0; i < 8; i++)
		uart_write('a' + i, UART_THR);
	for (u32 i = 0; i < 8 && uart_read(UART_LSR) & UART_LSR_DR; i++)
		got += uart_read(UART_RBR) == 'a' + i;
	left = uart_read(UART_LSR) & UART_LSR_DR;
	uart_write(0x08, UART_MCR);
	/* Only now does what is printed go out. */
	check_eq("loopback-msr", bad, 0);
	check_eq("loopback-data", got, 8);
	check_hex("loopback-empty", left, 0);
}

static void on_thre(u32 intid)
{
	iir_seen = uart_read(UART_IIR);
	interrupts++;
	/* Reading IIR with THRE as its reason lowers the line; then no more. */
	if (interrupts > 3)
		uart_write(0, UART_IER);
}

/* Interrupts within a second; printing would raise more, so THRI is off after. */
static u32 thre_interrupts(bool send)
{
	interrupts = 0;
	irq_on();
	if (send)
		uart_write('\n', UART_THR);
	else
		uart_write(UART_IER_THRI, UART_IER);
	wait_for(&interrupts, 1, 1000);
	delay_us(200);
	irq_off();
	return interrupts;
}

static void check_thre(void)
{
	u32 at_once, after_byte;

	uart_flush();
	irq_set_handler(uart.irq, on_thre);
	gic_set_edge(uart.irq, uart.edge);
	gic_clear_pending(uart.irq);	/* the checks before may have left an edge */
	gic_enable(uart.irq);
	at_once = thre_interrupts(false);
	after_byte = thre_interrupts(true);
	uart_write(0, UART_IER);
	check_eq("thre-interrupt-once", at_once, 1);
	check_hex("thre-iir", iir_seen & 0x0f, 0x02);
	check_eq("thre-interrupt-after-byte", after_byte, 1);
	check_hex("iir-none-after", uart_read(UART_IIR) & 0x0f, UART_IIR_NONE);
	gic_disable(uart.irq);
}

static void on_receive(u32 intid)
{
	interrupts++;
	while (uart_read(UART_LSR) & UART_LSR_DR) {
		char c = uart_read(UART_RBR);

		if (c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		received++;
		uart_putc(c);
	}
	if (received >= want)
		uart_write(0, UART_IER);
}

static void echo(void)
{
	print("echo: send %u bytes\n", want);
	uart_flush();
	interrupts = 0;
	irq_set_handler(uart.irq, on_receive);
	gic_enable(uart.irq);
	uart_write(UART_IER_RDI, UART_IER);
	for (;;) {
		irq_off();
		if (READ_ONCE(received) >= want)
			break;
		wfi();
		irq_on();
	}
	gic_disable(uart.irq);
	print("\n");
	check_true("echo-by-interrupt", interrupts, "no interrupt");
	check_eq("echo-bytes", received, want);
}

void guest_main(void)
{
	want = arg_u64("echo", 0);
	if (uart.type != UART_8250) {
		check_skip("uart", "the console isn't an 8250");
		finish();
	}
	check_true("spi", uart.irq >= 32, "INTID %u", uart.irq);
	check_plain();
	check_loopback();
	if (uart.irq >= 32)
		check_thre();
	if (want)
		echo();
	finish();
}
