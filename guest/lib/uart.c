// SPDX-License-Identifier: GPL-2.0-only
#include <libfdt.h>
#include <string.h>

#include "dt.h"
#include "mmio.h"
#include "uart.h"

#define PL011_DR	0x00
#define PL011_FR	0x18
#define PL011_FR_RXFE	BIT(4)
#define PL011_FR_TXFF	BIT(5)
#define PL011_FR_BUSY	BIT(3)

struct uart uart;

static const struct {
	const char *compatible;
	enum uart_type type;
} uart_types[] = {
	{ "ns16550a", UART_8250 },
	{ "ns16550", UART_8250 },
	{ "ns8250", UART_8250 },
	{ "arm,pl011", UART_PL011 },
};

/* The node that /chosen stdout-path names (an alias or a path, ":baud" cut). */
static int stdout_node(void)
{
	int chosen = fdt_path_offset(dtb, "/chosen");
	const char *path;
	int len;

	if (chosen < 0)
		return -1;
	path = fdt_getprop(dtb, chosen, "stdout-path", &len);
	if (!path || len < 1)
		return -1;
	len = strnlen(path, len);
	if (strchr(path, ':'))
		len = strchr(path, ':') - path;
	return fdt_path_offset_namelen(dtb, path, len);
}

void uart_init(void)
{
	int want = stdout_node();

	for (size_t i = 0; i < ARRAY_SIZE(uart_types); i++) {
		int node = -1;

		while ((node = fdt_node_offset_by_compatible(dtb, node,
							     uart_types[i].compatible)) >= 0) {
			u32 flags = 0;

			if (want >= 0 ? node != want : uart.type != UART_NONE)
				continue;
			if (!dt_reg(node, 0, &uart.base, NULL))
				continue;
			uart.type = uart_types[i].type;
			uart.shift = dt_u32(node, "reg-shift", 0);
			uart.irq = dt_irq(node, 0, &flags);
			uart.edge = flags & DT_IRQ_EDGE;
		}
	}
}

u8 uart_read(u32 reg)
{
	return read8(uart.base + (reg << uart.shift));
}

void uart_write(u8 v, u32 reg)
{
	write8(v, uart.base + (reg << uart.shift));
}

void uart_putc(char c)
{
	switch (uart.type) {
	case UART_8250:
		while (!(uart_read(UART_LSR) & UART_LSR_THRE))
			;
		uart_write(c, UART_THR);
		break;
	case UART_PL011:
		while (read32(uart.base + PL011_FR) & PL011_FR_TXFF)
			;
		write32(c, uart.base + PL011_DR);
		break;
	case UART_NONE:
		break;
	}
}

bool uart_getc(char *c)
{
	static bool listening;

	switch (uart.type) {
	case UART_8250:
		/* A VMM may take input only for who wants the interrupt. */
		if (!listening)
			uart_write(UART_IER_RDI, UART_IER);
		listening = true;
		if (!(uart_read(UART_LSR) & UART_LSR_DR))
			return false;
		*c = uart_read(UART_RBR);
		return true;
	case UART_PL011:
		if (read32(uart.base + PL011_FR) & PL011_FR_RXFE)
			return false;
		*c = read32(uart.base + PL011_DR);
		return true;
	default:
		return false;
	}
}

void uart_flush(void)
{
	switch (uart.type) {
	case UART_8250:
		while (!(uart_read(UART_LSR) & UART_LSR_TEMT))
			;
		break;
	case UART_PL011:
		while (read32(uart.base + PL011_FR) & PL011_FR_BUSY)
			;
		break;
	case UART_NONE:
		break;
	}
}
