# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the guest's scripts share. Sourced from the script's own directory.

# interrupts NAME: how often the interrupt of that name came, on all CPUs.
interrupts()
{
	awk -v name="$1" '
		$NF == name { for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i }
		END { print sum + 0 }' /proc/interrupts
}

# counted EVENT FILE: the value in perf stat -x, output; 0 if it has none.
counted()
{
	awk -F, -v event="$1" '
		$3 == event && $1 ~ /^[0-9]+$/ { value = $1 }
		END { print value + 0 }' "$2"
}

# Work that takes some time on any CPU.
load()
{
	dd if=/dev/zero bs=4k count="${1:-512}" 2>/dev/null | sha256sum >/dev/null
}

# Another disk may carry the physical timer's module, as its raw content.
find_ptimer()
{
	for module in /usr/lib/tally/ptimer.ko /dev/vdb /dev/vdc; do
		[ -e "$module" ] || continue
		if [ "$(dd if="$module" bs=1 skip=1 count=3 2>/dev/null)" = ELF ]; then
			cat "$module" >/tmp/ptimer.ko
			return 0
		fi
	done
	return 1
}

failures=0

# verdict GOOD TEXT…: one line, OK or FAIL.
verdict()
{
	if [ "$1" -gt 0 ] 2>/dev/null; then
		shift
		echo "OK   $*"
	else
		shift
		echo "FAIL $*"
		failures=$((failures + 1))
	fi
}
