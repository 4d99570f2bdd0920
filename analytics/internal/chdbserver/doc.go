// Command chdbserver is a server for the tests of analytics: as much of ClickHouse's HTTP
// interface as clickhouse-go uses, in front of ClickHouse's engine as a library. The
// engine is not in the binary: CHDB_LIB_PATH names libchdb.so, and without it the program
// ends at once. It runs one query at a time.
//
// The first line of its output is its address.
package main
