#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What make run shows: the guest's own perf stat, and both of its timers.
# ptimer.ko may lie in /usr/lib/tally or be the content of the second disk.
# shellcheck disable=SC1091,SC2154 # there only in the guest
. /usr/lib/tally/common.sh

echo "Linux $(uname -r) on $(nproc) CPUs"
perf list hw 2>/dev/null | grep -m 1 -q cycles || echo "perf shows no hardware events"
dmesg 2>/dev/null | grep -i 'hw perfevents' | sed 's/^\[[^]]*\] *//'

cntv=$(interrupts arch_timer)
perf stat -e cycles,instructions,task-clock,context-switches,page-faults -- sh -c \
	'. /usr/lib/tally/common.sh; load 1024' 2>&1
perf stat -x, -o /tmp/stat -e cycles,instructions -- sh -c \
	'. /usr/lib/tally/common.sh; load'
cycles=$(counted cycles /tmp/stat)
instructions=$(counted instructions /tmp/stat)
cntv=$(($(interrupts arch_timer) - cntv))

cntp=0
if ! find_ptimer; then
	echo "no ptimer.ko: the physical timer stays unused"
	cntp=none
elif insmod /tmp/ptimer.ko; then
	cntp=$(interrupts ptimer)
else
	echo "ptimer.ko doesn't load here"
fi
grep -E 'CPU0|arch_timer|ptimer|arm-pmu' /proc/interrupts

verdict "$cycles" "the PMU counts"
verdict "$cntv" "the virtual timer ticks"
[ "$cntp" = none ] || verdict "$cntp" "the physical timer ticks"
echo "tally-demo: cycles $cycles"
echo "tally-demo: instructions $instructions"
echo "tally-demo: cntv ticks $cntv"
echo "tally-demo: cntp ticks $cntp"
if [ "$failures" = 0 ]; then
	echo "tally-demo: OK"
else
	echo "tally-demo: FAIL ($failures)"
fi
exit "$failures"
