// Package checks is the result of the commands that examine a setup: argus doctor and
// argus-fleet doctor. It counts findings, and writes them as text and as JSON.
package checks
