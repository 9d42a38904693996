# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What single rows of tests/boot/rows need around their run: files for tally to
# open, looks at the host while a guest runs, other ways to start.
# shellcheck disable=SC2034,SC2154 # D, OUT, ERR, K and CMD belong to engine.sh

# disk NAME MIB: a disk whose content differs all over
disk()
{
	dd if=/dev/urandom of="$D/$1" bs=1M count="$2" status=none
}

one_disk() { truncate -s 8M "$D/disk" && printf '%0512d' 7 | dd of="$D/disk" bs=512 conv=notrunc status=none && cp --sparse=always "$D/disk" "$WORK/same"; }
blank_disk() { truncate -s 1M "$D/disk"; }
two_disks() { one_disk && truncate -s 4M "$D/disk2"; }
disk_is_same() { cmp -s "$D/disk" "$WORK/same" || fail "the disk was written"; }

four_disks()
{
	disk a 6
	disk c 1
	truncate -s 16M "$D/b"
	disk d 6
}

# guest_saw_c: its sum of the third disk is ours
guest_saw_c()
{
	local sum out
	sum=$(md5sum <"$D/c")
	slurp "$OUT" out
	[[ $out == *"sum vdc $sum"* ]] || fail "the third disk's sum is not $sum"
}

full_disk() { disk disk 8; }
disk_is_sparse()
{
	local blocks
	blocks=$(stat -c %b "$D/disk")
	[ "$blocks" -lt 1024 ] || fail "after the discard the disk still has $blocks blocks"
}

loop_devices()
{
	truncate -s 8M "$D/loop" "$D/loop2"
	LOOP=$(losetup -f --show "$D/loop")
	LOOP2=$(losetup -f --show "$D/loop2")
}
loop_devices_off() { losetup -d "$LOOP" "$LOOP2"; }

# More memory than the host has may be promised.
overcommit()
{
	echo 1 >/proc/sys/vm/overcommit_memory
}
no_overcommit()
{
	echo 0 >/proc/sys/vm/overcommit_memory
}

bootargs_are()
{
	local bootargs
	bootargs=$(fdtget "$D/dtb" /chosen bootargs)
	[ "$bootargs" = "$1" ] || fail "bootargs are '$bootargs' instead of '$1'"
}
bootargs_name_root() { bootargs_are 'root=/dev/vda rw '; }
# fdtget shows an empty text as a number.
bootargs_are_none() { bootargs_are 0; }

environment()
{
	printf 'KEY=value\nOTHER=a longer value\n' >"$D/environment"
}
initrd_is_environment()
{
	local start end
	start=$(fdtget -t u "$D/dtb" /chosen linux,initrd-start)
	end=$(fdtget -t u "$D/dtb" /chosen linux,initrd-end)
	# Two cells each, the upper one 0 here.
	[ $((${end##* } - ${start##* })) -eq "$(stat -c %s "$D/environment")" ] ||
		fail "initrd from $start to $end"
}

vcpus_on()
{
	local task line on=0
	for task in /proc/"$TALLY_PID"/task/*/status; do
		while IFS= read -r line; do
			case $line in "Cpus_allowed_list:	$1") on=$((on + 1)) ;; esac
		done <"$task"
	done
	echo "$on"
}
vcpus_on_1()
{
	local on
	on=$(vcpus_on 1)
	[ "$on" -eq 2 ] || fail "$on threads may run on CPU 1 alone, not 2"
}

# vcpu_to N CPU: the thread of vCPU N; threads start in the order of vCPUs
vcpu_to()
{
	local tasks=(/proc/"$TALLY_PID"/task/*)
	# It looks once more afterwards, when the thread may have ended of it.
	taskset -pc "$2" "${tasks[$1 + 1]##*/}" >/dev/null 2>&1
}
vcpu_0_to_3() { vcpu_to 0 3; }
vcpu_1_to_3() { vcpu_to 1 3; }
on_cpus_2_3() { timeout 60 taskset -c 2,3 "${CMD[@]}" </dev/null >"$OUT" 2>"$ERR"; }

# swaps: SWAPS is how often a guest's PMU registers come or go in a while
swaps()
{
	local tracing=/sys/kernel/tracing
	echo >$tracing/trace
	echo 1 >$tracing/events/kvm/kvm_pmu_swap/enable || fail "no trace of swaps"
	nap 0.05
	echo 0 >$tracing/events/kvm/kvm_pmu_swap/enable
	SWAPS=$(grep -c kvm_pmu_swap: $tracing/trace)
}
nothing_is_swapped()
{
	swaps
	[ "$SWAPS" -eq 0 ] || fail "$SWAPS swaps of registers that hold nothing"
}

# vCPU 0 goes from CPU to CPU, and the guest's registers with it.
vcpu_moves()
{
	local cpu tasks=(/proc/"$TALLY_PID"/task/*) stat tries moves=0
	for cpu in 1 0 1 0 1 0; do
		vcpu_to 0 $cpu
		for ((tries = 50; tries; tries--)); do
			nap 0.05
			# What follows the name in parentheses begins with field 3.
			slurp "${tasks[1]}/stat" stat
			read -ra stat <<<"${stat##*) }"
			[ "${stat[36]:-$cpu}" != $cpu ] || break
		done
		[ $tries -gt 0 ] || fail "vCPU 0 is on CPU ${stat[36]}, not $cpu"
		# A fast guest may be through before the last moves.
		[ -n "${stat[36]:-}" ] || break
		moves=$((moves + 1))
	done
	[ $moves -ge 2 ] || fail "the guest ended after $moves moves"
}
# Each time its registers were swapped, the summary says.
moved_with_registers()
{
	local text
	slurp "$ERR" text
	[[ $text =~ PMU:\ ([0-9]+)\ register\ swaps ]] && [ "${BASH_REMATCH[1]}" -ge 2 ] ||
		fail "the guest's registers were swapped ${BASH_REMATCH[1]:-no} times"
}

# Something else wants CPU 0, too, until the vCPU had to give way a few times.
vcpu_is_preempted()
{
	local tasks=(/proc/"$TALLY_PID"/task/*) begin now tries busy
	while :; do :; done &
	busy=$!
	taskset -pc 0 $busy >/dev/null
	preemptions begin
	for ((tries = 100; tries; tries--)); do
		nap 0.05
		preemptions now
		[ $((now - begin)) -lt 5 ] || break
	done
	{ kill $busy && wait $busy; } 2>/dev/null
	[ $tries -gt 0 ] || fail "vCPU 0 was preempted $((now - begin)) times"
}
preemptions()
{
	local key value
	while read -r key value; do
		[ "$key" != nonvoluntary_ctxt_switches: ] || printf -v "$1" %s "$value"
	done <"${tasks[1]}/status"
}

# For run=each and run=together: each=VALUES, one run for each value, with it in
# place of @; one after the other, or at the same time. The total is that of all.
run_with() { timeout -k 5 "${K[time]}" "${CMD[@]//@/$1}" </dev/null >"$OUT.$1" 2>"$ERR.$1"; }
sum_up()
{
	local value text worst=0 total=(0 0 0) i
	: >"$OUT"
	: >"$ERR"
	for value in ${K[each]}; do
		slurp "$ERR.$value" text
		printf '%s' "$text" >>"$ERR"
		slurp "$OUT.$value" text
		printf '%s' "$text" >>"$OUT"
		[[ $text =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped ]] ||
			fail "with $value there is no total"
		for i in 0 1 2; do
			total[i]=$((total[i] + ${BASH_REMATCH[i + 1]:-0}))
		done
		if [ "${CODES[$value]}" -ne 0 ]; then
			worst=${CODES[$value]}
			fail "with $value the exit code is $worst"
		fi
		rm "$OUT.$value" "$ERR.$value"
	done
	printf '%d passed, %d failed, %d skipped\n' "${total[@]}" >>"$OUT"
	return "$worst"
}
each()
{
	local value
	declare -A CODES=()
	for value in ${K[each]}; do
		run_with "$value"
		CODES[$value]=$?
	done
	sum_up
}
together()
{
	local value
	declare -A CODES=() pids=()
	for value in ${K[each]}; do
		run_with "$value" &
		pids[$value]=$!
	done
	for value in ${K[each]}; do
		wait "${pids[$value]}"
		CODES[$value]=$?
	done
	sum_up
}

# The host counts on all counters that a guest may get, before it does.
host_counts()
{
	local text='' tries=$((100 * ${TALLY_PATIENCE:-1}))
	rm -f "$WORK/perf"
	perf stat -a -x, -I 50 -o "$WORK/perf" \
		-e cycles,cycles,cycles,cycles,cycles,cycles,cycles 2>/dev/null &
	PERF=$!
	while [[ $text != *cycles* ]] && [ $((tries -= 1)) -gt 0 ]; do
		nap 0.1
		slurp "$WORK/perf" text
	done
	[ $tries -gt 0 ] || fail "the host's perf counts nothing"
}
host_counted()
{
	kill -INT $PERF
	wait $PERF
	! grep -q '<not' "$WORK/perf" || fail "an event of the host's did not count"
}

# While the guest tries to stop them, the host's events count and sample on CPU 0.
host_goes_on()
{
	local text checks=(frequency)
	slurp "$OUT" text
	[[ $text != *'skip isolation'* ]] || return 0
	[ "$LANE" != exact ] || checks=(exact period-instructions)
	text=$(build/boot/perf-events 0 beside "${checks[@]}") ||
		fail "the host's events: $text"
}

# pmu_of CPU: the name of the host's PMU that has this CPU among its own
pmu_of()
{
	local pmu cpus first last
	for pmu in /sys/bus/event_source/devices/armv8*; do
		[ -r "$pmu/cpus" ] || continue
		read -r cpus <"$pmu/cpus"
		first=${cpus%%-*} last=${cpus##*-}
		[ "$1" -lt "$first" ] || [ "$1" -gt "$last" ] || echo "${pmu##*/}"
	done
}

meminfo()
{
	local key value
	while read -r key value _; do
		[ "$key" != "$1:" ] || echo "$value"
	done </proc/meminfo
}
huge_pages()
{
	mkdir "$D/huge"
	mount -t hugetlbfs none "$D/huge" || fail "mount"
	echo 40 >/proc/sys/vm/nr_hugepages
	HUGE=$(meminfo HugePages_Free)
	[ "$HUGE" -ge 32 ] || fail "the host has only $HUGE huge pages"
}
huge_pages_are_used()
{
	local reserved
	reserved=$(($(meminfo HugePages_Rsvd) + HUGE - $(meminfo HugePages_Free)))
	[ $reserved -ge 32 ] || fail "$reserved huge pages are in use, not 32"
}
huge_pages_are_back()
{
	[ "$(meminfo HugePages_Free)" = "$HUGE" ] || fail "huge pages are lost"
	[ -z "$(ls -A "$D/huge")" ] || fail "files are left in the hugetlbfs"
	umount "$D/huge"
	echo 0 >/proc/sys/vm/nr_hugepages
}

on_terminal()
{
	timeout -k 5 "${K[time]}" build/boot/pty "${K[wait]}" "${K[send]:-}" "${CMD[@]}" \
		</dev/null >"$OUT" 2>"$ERR"
}

json_is_valid()
{
	python3 -c 'import json, sys; json.load(sys.stdin)' <"$OUT" 2>>"$ERR" || fail "no valid JSON"
}

# count_of: CNTPCT_EL0 as the timer guest printed it
count_of()
{
	local out
	slurp "$OUT" out
	out=${out##*CNTPCT }
	echo "${out%%[!0-9]*}"
}

# Two runs with offsets: their counts differ by what the offsets say.
offset_from_host()
{
	local first second hz=${FACT[timer_frequency]} start=${EPOCHREALTIME/./} took code
	local near far out
	# No more than the host has counted by now: a guest's counter should not wrap.
	near=$((hz / 2)) far=$hz
	timeout 60 "${CMD[@]}" --counter-offset $far </dev/null >"$OUT" 2>"$ERR"
	code=$?
	slurp "$OUT" out
	case $out in *'skip offset'*) return $code ;; esac
	first=$(count_of)
	timeout 60 "${CMD[@]}" --counter-offset $((far - near)) </dev/null >"$OUT" 2>>"$ERR"
	second=$(count_of)
	# Host time from run to run is in it, and start-up.
	took=$(((${EPOCHREALTIME/./} - start) * (hz / 1000000)))
	[ $((second - first)) -ge $near ] && [ $((second - first)) -le $((near + took)) ] ||
		fail "with offsets $far and $((far - near)) the guest counted $first and $second"
	return $code
}

guest_saw_dtb()
{
	local sum out
	sum=$(md5sum <"$D/dtb")
	slurp "$OUT" out
	[[ $out == *"dtb $sum"* ]] || fail "the dumped device tree's sum is $sum"
}

# Twice with the row's seed, once with another: the kernel moves with the seed.
three_seeds()
{
	local seed text offsets=() code
	for seed in 0x1234567890abcdef 0x1234567890abcdef 0x0fedcba987654321; do
		timeout -k 5 "${K[time]}" "${CMD[@]}" --kaslr-seed $seed </dev/null >"$OUT" 2>"$ERR"
		code=$?
		slurp "$OUT" text
		text=${text##*Kernel Offset: }
		offsets+=("${text%% *}")
	done
	[ "${offsets[0]}" = "${offsets[1]}" ] || fail "one seed, two offsets: ${offsets[*]}"
	[ "${offsets[0]}" != "${offsets[2]}" ] || fail "two seeds, one offset: ${offsets[*]}"
	[[ ${offsets[0]} == 0x* ]] || fail "the panic names no kernel offset"
	return $code
}

# A disk that is a script: sh reads it to its exit.
debian_script()
{
	{
		cat tests/boot/debian-guest.sh
		printf '\nexit\n%1024s' ''
	} >"$D/script"
	truncate -s 4096 "$D/script"
}
debian_counted()
{
	local out
	slurp "$OUT" out
	[[ $out =~ ([0-9,]+)' '+'cycles' ]] || fail "perf stat shows no cycles"
	[[ ${BASH_REMATCH[1]:-0} == *[1-9]* ]] || fail "perf stat counted no cycles"
}

# As a user that no group lets near /dev/kvm.
as_nobody()
{
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "${CMD[@]}" </dev/null >"$OUT" 2>"$ERR"
	else
		plain
	fi
}
to_full() { timeout 30 "${CMD[@]}" </dev/null 2>"$ERR" >/dev/full; }
stdin_closed() { timeout 30 "${CMD[@]}" <&- >"$OUT" 2>"$ERR"; }
stdout_closed() { timeout 30 "${CMD[@]}" </dev/null >&- 2>"$ERR"; }
all_closed() { timeout 30 "${CMD[@]}" <&- >&- 2>&-; }

# In a /dev of its own.
other_dev()
{
	timeout 30 unshare -m bash -c 'mount -t tmpfs none /dev && mknod /dev/null c 1 3 &&
		{ [ -z "$1" ] || mknod -m "$1" /dev/kvm c 10 "$2"; } && shift 2 && exec "$@"' - \
		"$1" "$2" "${CMD[@]}" </dev/null >"$OUT" 2>"$ERR"
}
without_kvm() { other_dev '' ''; }
with_kvm_dead() { other_dev 600 255; }
with_kvm_wrong() { other_dev 600 183; }

# The files that no guest can be made of, in $D
bad_files()
{
	local word
	: >"$D/empty"
	printf 'ab' >"$D/two"
	head -c 4096 /dev/zero >"$D/zeros"
	head -c 4096 /dev/zero >"$D/disk"
	head -c 1000 /dev/zero >"$D/odd"
	printf '#!/bin/sh\n' >"$D/script"
	# An x86 boot sector with "HdrS", as a bzImage has it.
	{ printf 'MZ\352\007'; head -c 506 /dev/zero; printf '\125\252\353\152HdrS\017\002'; head -c 4096 /dev/zero; } >"$D/bzImage"
	# An arm64 Image header, its flags' bit 0 set: big-endian.
	word='\0\0\0\0\0\0\0\0'
	# shellcheck disable=SC2059 # the data is the format
	{
		printf '\0\0\0\024\0\0\0\0\0\0\010\0\0\0\0\0\0\0\020\0\0\0\0\0\001\0\0\0\0\0\0\0'
		printf "$word$word$word"
		printf 'ARM\x64\0\0\0\0'
		head -c 4096 /dev/zero
	} >"$D/big-endian"
	# The same, little-endian, with an image_size of an exabyte.
	# shellcheck disable=SC2059
	{
		printf '\0\0\0\024\0\0\0\0\0\0\010\0\0\0\0\0\0\0\0\0\0\0\0\020\0\0\0\0\0\0\0\0'
		printf "$word$word$word"
		printf 'ARM\x64\0\0\0\0'
		head -c 4096 /dev/zero
	} >"$D/damaged"
	truncate -s 70M "$D/large"
	chmod -R a+rX "$D" "$WORK"
	chmod 0444 "$D/disk"
}
# The kernels, cut
cut_files()
{
	bad_files
	head -c 100000 build/boot/Image.gz >"$D/cut.gz"
	head -c 100000 build/boot/Image.zboot-zstd >"$D/cut.zboot"
	{ head -c -8 build/boot/Image.gz; printf 'nonsense'; } >"$D/sum.gz"
}
cut_debian() { head -c 9000000 build/debian/vmlinuz >"$D/cut"; }
