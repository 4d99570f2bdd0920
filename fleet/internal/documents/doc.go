// Package documents makes what the fleet's pages show, as docs/fleet-openapi.json
// describes it: from queries, from who reports, and from findings.
//
// What is unknown is null. A process that does not report is in no sum; what it said last
// is shown apart.
package documents
