// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "print.h"
#include "psci.h"
#include "smp.h"
#include "sysreg.h"
#include "uart.h"

struct buffer {
	char *p;
	size_t size;
	size_t len;
};

static void put(struct buffer *b, char c)
{
	if (b->len + 1 < b->size)
		b->p[b->len++] = c;
}

static void put_padded(struct buffer *b, const char *s, int width, bool left, char pad)
{
	int fill = width - (int)strlen(s);

	if (!left) {
		while (fill-- > 0)
			put(b, pad);
	}
	while (*s)
		put(b, *s++);
	if (left) {
		while (fill-- > 0)
			put(b, ' ');
	}
}

static const char *number(char *end, u64 v, unsigned int base, bool negative)
{
	*--end = '\0';
	do {
		*--end = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative)
		*--end = '-';
	return end;
}

int vformat(char *out, size_t size, const char *fmt, va_list ap)
{
	struct buffer b = { .p = out, .size = size };
	char tmp[24];

	for (; *fmt; fmt++) {
		bool left = false;
		char pad = ' ';
		int width = 0, l = 0;
		s64 v;

		if (*fmt != '%') {
			put(&b, *fmt);
			continue;
		}
		fmt++;
		if (*fmt == '-') {
			left = true;
			fmt++;
		}
		if (*fmt == '0')
			pad = '0';
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + *fmt++ - '0';
		while (*fmt == 'l') {
			l++;
			fmt++;
		}
		switch (*fmt) {
		case 'd':
			v = l ? va_arg(ap, s64) : va_arg(ap, int);
			put_padded(&b, number(tmp + sizeof(tmp), v < 0 ? -(u64)v : (u64)v,
					      10, v < 0), width, left, pad);
			break;
		case 'u':
		case 'x':
			v = l ? va_arg(ap, u64) : va_arg(ap, u32);
			put_padded(&b, number(tmp + sizeof(tmp), v, *fmt == 'u' ? 10 : 16,
					      false), width, left, pad);
			break;
		case 'p':
			put_padded(&b, number(tmp + sizeof(tmp), va_arg(ap, u64), 16, false),
				   width, left, pad);
			break;
		case 'c':
			put(&b, va_arg(ap, int));
			break;
		case 's':
			put_padded(&b, va_arg(ap, const char *), width, left, ' ');
			break;
		case '%':
			put(&b, '%');
			break;
		default:
			put(&b, '?');
		}
	}
	if (size)
		out[b.len] = '\0';
	return b.len;
}

int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vformat(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

static struct spinlock print_lock;

static void vprint(const char *fmt, va_list ap)
{
	char line[256];

	vformat(line, sizeof(line), fmt, ap);
	spin_lock(&print_lock);
	for (const char *s = line; *s; s++) {
		if (*s == '\n')
			uart_putc('\r');
		uart_putc(*s);
	}
	spin_unlock(&print_lock);
}

void print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
}

void fatal(const char *fmt, ...)
{
	va_list ap;

	/* Another CPU may have died with the lock; output matters more now. */
	WRITE_ONCE(print_lock.locked, 0);
	print("Kernel panic - not syncing: ");
	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
	print("\n---[ end Kernel panic - not syncing ]---\n");
	psci_system_reset();
}
