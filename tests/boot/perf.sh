# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the rows of tests/boot/rows/perf need: the host's events (tests/boot/perf-events.c)
# on its last CPU, alone or beside guests that have counters of it.
# shellcheck disable=SC2154 # WORK, OUT, ERR, CMD, K and LANE belong to engine.sh

events()
{
	local exact=()
	[ "$LANE" != exact ] || exact=(exact)
	timeout -k 5 "${K[time]}" build/boot/perf-events $((FACT[online] - 1)) "$1" "${exact[@]}" \
		</dev/null >"$OUT" 2>"$ERR"
}

events_alone() { events alone; }

# The row's guest checks its PMU again and again, another one watches its counters until
# it is killed.
events_beside()
{
	local code text watching others
	CMD+=(--vcpu-affinity $((FACT[online] - 1)))
	"${CMD[@]}" -k build/guest/watch.bin </dev/null >"$WORK/watching" 2>&1 &
	watching=$!
	while [ ! -e "$WORK/enough" ]; do
		"${CMD[@]}" </dev/null >"$WORK/checking" 2>&1 || cat "$WORK/checking"
	done >"$WORK/wrong" &
	others=$!
	events beside
	code=$?
	{ kill -KILL $watching && wait $watching; } 2>/dev/null
	: >"$WORK/enough"
	wait $others
	slurp "$WORK/watching" text
	[[ $text == *watching* && $text != *'not ok'* ]] || fail "the watching guest: $text"
	slurp "$WORK/wrong" text
	[ -z "$text" ] || fail "the checking guest: $text"
	slurp "$WORK/checking" text
	[[ $text == *', 0 failed,'* ]] || fail "the checking guest: $text"
	return $code
}
