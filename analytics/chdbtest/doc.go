// Package chdbtest gives tests a ClickHouse server: chdbserver, with the library that
// scripts/chdb.sh installs. Tests are skipped where it is not installed, and fail there
// if REQUIRE_CHDB is set. With SKIP_CHDB they are skipped everywhere.
package chdbtest
