// Package clickhousetest gives tests a real ClickHouse server to kill, to restart and to
// starve: Debian's, of version 18.16, which scripts/clickhouse-server.sh installs. It is too
// old for the tables of analytics and for clickhouse-go over HTTP. Tests are skipped where it
// is not installed, and fail there if REQUIRE_CLICKHOUSE is set.
package clickhousetest
