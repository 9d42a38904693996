# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Debian packages without installing them: where this machine's own apt
# configuration fetches from, and how to unpack packages of any release and
# architecture, with what they depend on, into a directory.
#
# Sourced by scripts that have set TOP (the repository) and B (the build
# directory). Everything stays below $B/apt, so neither root rights nor changes
# to the machine are needed. Only unpacking happens: no maintainer script runs,
# hence no emulation of a foreign architecture either.

# The Debian releases whose names a configured suite may carry.
DEBIAN_RELEASES='bullseye bookworm trixie forky duke sid stable testing unstable oldstable'

# Raised when the same packages would be unpacked differently than before.
# shellcheck disable=SC2034 # used by ./setup
UNPACK_VERSION=1

say()
{
	printf 'setup: %s\n' "$*"
}

die()
{
	printf 'setup: error: %s\n' "$*" >&2
	exit 1
}

# Print "URI SUITE COMPONENT…" for each binary repository of this machine's apt
# configuration, from one-line files and from deb822 files.
apt_repositories()
{
	ar_etc=${TALLY_APT_ETC:-/etc/apt}

	cat "$ar_etc"/sources.list "$ar_etc"/sources.list.d/*.list 2>/dev/null |
		sed -n 's/^[[:space:]]*deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}//p' |
		while read -r ar_uri ar_suite ar_components; do
			printf '%s %s %s\n' "$ar_uri" "$ar_suite" "$ar_components"
		done

	for ar_file in "$ar_etc"/sources.list.d/*.sources; do
		[ -r "$ar_file" ] || continue
		# A blank line ends a stanza; make sure the last one has one.
		{ cat "$ar_file"; echo; } | awk '
			function flush(   i, j, u, s, nu, ns) {
				if (types ~ /(^| )deb( |$)/ && enabled != "no") {
					nu = split(uris, u, " ")
					ns = split(suites, s, " ")
					for (i = 1; i <= nu; i++)
						for (j = 1; j <= ns; j++)
							print u[i], s[j], components
				}
				types = uris = suites = components = field = ""; enabled = "yes"
			}
			/^#/ { next }
			/^[ \t]*$/ { flush(); next }
			/^[^ \t]/ {
				field = tolower($0); sub(/:.*/, "", field)
				value = $0; sub(/^[^:]*:[ \t]*/, "", value)
			}
			/^[ \t]/ { value = $0 }
			field == "types" { types = types " " value }
			field == "uris" { uris = uris " " value }
			field == "suites" { suites = suites " " value }
			field == "components" { components = components " " value }
			field == "enabled" { enabled = tolower(value) }'
	done
}

# repository_for SUFFIX: the first configured URI whose suite is a Debian
# release's name followed by SUFFIX (nothing, or "-security"), with the component
# main: others give their repositories Debian's names, too. Not a medium.
repository_for()
{
	apt_repositories | while read -r rf_uri rf_suite rf_components; do
		case $rf_uri in cdrom:*) continue ;; esac
		case " $rf_components " in *' main '*) ;; *) continue ;; esac
		rf_release=${rf_suite%"$1"}
		[ "$rf_release$1" = "$rf_suite" ] || continue
		case " $DEBIAN_RELEASES " in
		*" $rf_release "*) printf '%s\n' "$rf_uri" ;;
		esac
	done | head -n 1
}

# The release this machine runs, for what must match its own libraries.
machine_release()
{
	# shellcheck disable=SC1091 # every machine has its own
	mr_name=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
	[ -n "$mr_name" ] || die "/etc/os-release names no VERSION_CODENAME: not a Debian release?"
	printf '%s\n' "$mr_name"
}

# apt_at SUITE ARCH COMMAND…: apt-get with a state of its own below $B/apt. The
# machine's apt.conf still applies, so proxies and credentials do too.
apt_at()
{
	aa_dir=$B/apt/$1-$2
	aa_arch=$2
	shift 2
	DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y \
		-o APT::Architecture="$aa_arch" -o APT::Architectures="$aa_arch" \
		-o APT::Default-Release= -o APT::Sandbox::User=root \
		-o APT::Install-Recommends=false -o Acquire::Languages=none \
		-o Acquire::Retries=3 -o Debug::NoLocking=true \
		-o Dir::Etc::SourceList="$aa_dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State="$aa_dir" -o Dir::State::status="$aa_dir/status" \
		-o Dir::State::extended_states="$aa_dir/extended_states" \
		-o Dir::Cache="$aa_dir" -o Dir::Log="$aa_dir" "$@"
}

# apt_open SUITE ARCH [TYPE…]: fetch the package lists of a release, of binary
# packages (deb, the default) and of source packages (deb-src).
apt_open()
{
	ao_suite=$1 ao_arch=$2 ao_dir=$B/apt/$1-$2
	shift 2
	ao_mirror=$(repository_for '')
	ao_security=$(repository_for -security)
	[ -n "$ao_mirror" ] ||
		die "no repository of a Debian release in /etc/apt/sources.list or /etc/apt/sources.list.d"

	ao_keys=
	for ao_file in /usr/share/keyrings/debian-archive-keyring.gpg \
		/usr/share/keyrings/debian-archive-keyring.pgp; do
		[ -r "$ao_file" ] && ao_keys="[signed-by=$ao_file]"
	done
	[ -n "$ao_keys" ] || die "package debian-archive-keyring is not installed"

	mkdir -p "$ao_dir/lists/partial" "$ao_dir/archives/partial"
	: >"$ao_dir/status"
	[ -n "$ao_security" ] ||
		say "no security repository configured; using the release alone" >&2
	for ao_type in "${@:-deb}"; do
		echo "$ao_type $ao_keys $ao_mirror $ao_suite main"
		echo "$ao_type $ao_keys $ao_mirror $ao_suite-updates main"
		[ -z "$ao_security" ] ||
			echo "$ao_type $ao_keys $ao_security $ao_suite-security main"
	done >"$ao_dir/sources.list"
	logged "apt-$ao_suite-$ao_arch" apt_at "$ao_suite" "$ao_arch" update
}

# logged NAME COMMAND…: run it with its output in a log; show the log's end if
# it fails.
logged()
{
	lg_log=$B/log/setup/$1.log
	shift
	mkdir -p "${lg_log%/*}"
	if ! "$@" >"$lg_log" 2>&1; then
		tail -n 20 "$lg_log" >&2
		die "failed: $1 (whole log: ${lg_log#"$TOP"/})"
	fi
}

# unpack_debs DIR ARCHIVES: unpack every package file of ARCHIVES into DIR, made
# anew. The caller need not be root: files belong to the caller.
unpack_debs()
{
	rm -rf "$1.new"
	mkdir -p "$1.new"
	# One /usr, as installed systems have it, whatever a package ships.
	for ud_sub in bin sbin lib; do
		mkdir -p "$1.new/usr/$ud_sub"
		ln -s "usr/$ud_sub" "$1.new/$ud_sub"
	done
	for ud_deb in "$2"/*.deb; do
		dpkg-deb --fsys-tarfile "$ud_deb" |
			tar -x -C "$1.new" --keep-directory-symlink --no-same-owner \
				--exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
				--exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' ||
			die "cannot unpack $ud_deb"
	done
	rm -rf "$2" "$1"
	mv "$1.new" "$1"
}

# unpack_packages DIR SUITE ARCH PACKAGE…: make DIR from these packages and all
# that they depend on.
unpack_packages()
{
	up_dir=$1 up_suite=$2 up_arch=$3
	shift 3
	up_archives=$B/apt/$up_suite-$up_arch/archives

	apt_open "$up_suite" "$up_arch"
	rm -rf "$up_archives"
	mkdir -p "$up_archives/partial"
	logged "${up_dir##*/}" apt_at "$up_suite" "$up_arch" install --download-only "$@"
	unpack_debs "$up_dir" "$up_archives"
}

# unpack_kernel DIR SUITE ARCH PACKAGE: make DIR from the kernel that the named
# metapackage stands for, and from nothing else.
unpack_kernel()
{
	uk_archives=$B/apt/$2-$3/kernel

	apt_open "$2" "$3"
	uk_package=$(apt_at "$2" "$3" install --simulate "$4" |
		sed -n 's/^Inst \(linux-image-[0-9][^ ]*\) .*/\1/p')
	[ -n "$uk_package" ] || die "$4 depends on no kernel"
	rm -rf "$uk_archives"
	mkdir -p "$uk_archives"
	(cd "$uk_archives" && logged "${1##*/}" apt_at "$2" "$3" download "$uk_package")
	unpack_debs "$1" "$uk_archives"
}
