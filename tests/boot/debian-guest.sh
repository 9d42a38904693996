# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Run in the Debian guest by its init: the PMU counts and samples, the disk is the
# root, entropy comes, both timers tick.
cd /tmp || exit 1
uname -sr
cat /sys/devices/system/clocksource/clocksource0/current_clocksource
perf stat -e cycles:u,cycles:k,cycles dd if=/dev/zero of=/dev/null bs=64k count=200 2>&1 || exit 2
perf record -q -e cycles -o /tmp/perf.data -- dd if=/dev/zero of=/dev/null bs=64k count=2000 2>&1 || exit 3
samples=$(perf script -i /tmp/perf.data -F comm 2>/dev/null | grep -c dd)
echo "samples $samples"
[ "$samples" -gt 0 ] || exit 4
grep -q arm-pmu /proc/interrupts || exit 5
grep -E 'arch_timer|arm-pmu' /proc/interrupts
df / | tail -n 1
