/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console: an 8250 ("ns16550a") or a PL011, as the device tree says.
 * Before uart_init found one, output is dropped.
 */
#ifndef GUEST_UART_H
#define GUEST_UART_H

#include "types.h"

enum uart_type { UART_NONE, UART_8250, UART_PL011 };

struct uart {
	enum uart_type type;
	u64 base;
	u32 shift;	/* log2 of the distance between 8250 registers */
	u32 irq;	/* INTID, 0 if the node has none */
	bool edge;
};

/* Registers of the 8250, in units of 1 << shift (TI TL16C550C data sheet). */
enum {
	UART_RBR = 0, UART_THR = 0, UART_DLL = 0,
	UART_IER = 1, UART_DLM = 1,
	UART_IIR = 2, UART_FCR = 2,
	UART_LCR = 3, UART_MCR = 4, UART_LSR = 5, UART_MSR = 6, UART_SCR = 7,
};

#define UART_IER_RDI	0x01
#define UART_IER_THRI	0x02
#define UART_IER_RLSI	0x04
#define UART_IER_MSI	0x08
#define UART_IIR_NONE	0x01
#define UART_IIR_ID	0x0e
#define UART_IIR_FIFO	0xc0
#define UART_LCR_DLAB	0x80
#define UART_LCR_8N1	0x03
#define UART_MCR_LOOP	0x10
#define UART_LSR_DR	0x01
#define UART_LSR_THRE	0x20
#define UART_LSR_TEMT	0x40

extern struct uart uart;

void uart_init(void);
void uart_putc(char c);
/* False if none has come. */
bool uart_getc(char *c);
/* Waits until everything has left the transmitter. */
void uart_flush(void);
u8 uart_read(u32 reg);
void uart_write(u8 v, u32 reg);

#endif
