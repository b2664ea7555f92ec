# lib.bash -- for checks of the source. A check defines
#
#	find_problems ROOT	prints a line for each breach below ROOT
#
# where ROOT holds src/ and tests/, and then calls
#
#	expect_clean TITLE ROOT		no problem there
#	expect_problems TITLE ROOT TEXT...	exactly these lines, in any order
#
# The second proves on a small bad tree (bad_file) that the check can fail.

set -u
export LC_ALL=C

: "${top_srcdir:=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)}"
: "${top_builddir:=$top_srcdir}"

if [ ! -f "$top_srcdir/src/base/err.h" ]; then
	echo "Bail out! no source in $top_srcdir"
	exit 1
fi

check_number=0
check_failed=0
bad_tree=$(mktemp -d)
trap 'rm -rf "$bad_tree"' EXIT

# bad_file PATH <text: a file of the bad tree.
bad_file() {
	mkdir -p "$bad_tree/${1%/*}"
	cat >"$bad_tree/$1"
}

# tap_result TITLE PROBLEMS: passes when there are none.
tap_result() {
	check_number=$((check_number + 1))
	if [ -z "$2" ]; then
		echo "ok $check_number - $1"
		return
	fi
	check_failed=1
	echo "not ok $check_number - $1"
	echo "# ${2//$'\n'/$'\n'# }"
}

expect_clean() {
	tap_result "$1" "$(find_problems "$2" 2>&1)"
}

expect_problems() {
	local title=$1 root=$2

	shift 2
	tap_result "$title" "$(diff <(printf '%s\n' "$@" | sort) \
		<(find_problems "$root" 2>&1 | sort))"
}

checks_end() {
	echo "1..$check_number"
	exit "$check_failed"
}

# c_files ROOT DIR...: the .c and .h files below the folders, from ROOT.
c_files() {
	(cd "$1" && shift && find "$@" -name '*.[ch]' 2>/dev/null | sort)
}

# code_only FILE: the same lines without comments, and without what is inside
# quotes.
code_only() {
	awk '
	{
		out = ""
		for (i = 1; i <= length($0); i++) {
			c = substr($0, i, 1)
			two = substr($0, i, 2)
			if (comment) {
				if (two == "*/") {
					comment = 0
					i++
				}
			} else if (quote != "") {
				if (c == "\\")
					i++
				else if (c == quote) {
					quote = ""
					out = out c
				}
			} else if (two == "/*") {
				comment = 1
				out = out " "
				i++
			} else if (two == "//") {
				break
			} else {
				if (c == "\"" || c == "\047")
					quote = c
				out = out c
			}
		}
		quote = ""
		print out
	}' "$1"
}
