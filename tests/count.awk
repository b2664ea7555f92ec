# count.awk -- the closing line of `make check`, from automake's .trs files.
# The driver adds an ERROR to the FAILs of a program that also exits with a
# status; that is one failure and not two.
function close_file() {
	failed += fails > 0 ? fails : errors
	fails = errors = 0
}

FNR == 1 { close_file() }
/^:test-result: (PASS|XFAIL)/ { passed++ }
/^:test-result: (FAIL|XPASS)/ { fails++ }
/^:test-result: ERROR/ { errors++ }
/^:test-result: SKIP/ { skipped++ }

END {
	close_file()
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
}
