#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The guest's PMU through Linux perf: counting, and sampling by the overflow
# interrupt. Ends with status 0 if everything counted.
# shellcheck disable=SC1091,SC2154 # there only in the guest
. /usr/lib/tally/common.sh

perf stat -x, -o /tmp/stat -e cycles,cycles:u,cycles:k -- sh -c \
	'. /usr/lib/tally/common.sh; load' || cat /tmp/stat
cycles=$(counted cycles /tmp/stat)
user=$(counted cycles:u /tmp/stat)
kernel=$(counted cycles:k /tmp/stat)
verdict "$cycles" "cycles $cycles"
verdict "$user" "cycles:u $user"
verdict "$kernel" "cycles:k $kernel"

perf stat -a -x, -o /tmp/stat -e cycles -- sleep 0.2
all=$(counted cycles /tmp/stat)
verdict "$all" "cycles on all CPUs $all"

perf stat -x, -o /tmp/stat -e instructions -- sh -c \
	'. /usr/lib/tally/common.sh; load'
instructions=$(counted instructions /tmp/stat)
if [ "$instructions" -gt 0 ]; then
	echo "OK   instructions $instructions"
else
	echo "SKIP instructions: $(cut -d, -f1 /tmp/stat | tail -n 1)"
fi

before=$(interrupts arm-pmu)
perf record -q -e cycles -c 1000000 -o /tmp/perf.data -- sh -c \
	'. /usr/lib/tally/common.sh; load 2048'
samples=$(perf script -i /tmp/perf.data -F ip 2>/dev/null | grep -c .)
after=$(interrupts arm-pmu)
verdict "$samples" "perf record: $samples samples"
verdict $((after - before)) "overflow interrupts: $((after - before))"
perf report -i /tmp/perf.data --stdio --percent-limit 5 2>/dev/null | grep -v '^#' | head -n 12

echo "tally-perf: cycles $cycles"
echo "tally-perf: instructions $instructions"
echo "tally-perf: samples $samples"
echo "tally-perf: interrupts $((after - before))"
if [ "$failures" = 0 ]; then
	echo "tally-perf: OK"
else
	echo "tally-perf: FAIL ($failures)"
fi
exit "$failures"
