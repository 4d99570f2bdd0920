// Package connection opens connections to ClickHouse with the settings that all programs
// of Argus have, and makes the errors of connections fit for a log line.
package connection
