// Package e2e tests the whole way: real discordgo sessions against a fake
// Discord, the real Collector with the configurations of this module, and real
// Prometheus servers, which are asked through their API. Everything runs on the
// loopback interface, in temporary folders, and is gone afterwards; of a test
// that failed the logs are kept in .cache/e2e/logs.
//
//	make e2e              the short form
//	make e2e E2E_LONG=1   with the full durations
//
// The tests need the programs that make e2e-tools builds. Without them they are
// skipped, or fail where E2E=1 is set.
package e2e
