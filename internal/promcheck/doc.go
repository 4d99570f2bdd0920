// Package promcheck holds what a PromQL expression names against the catalog:
// metrics, labels, and the values of labels with a closed set.
//
// The tests of the dashboards, of the rules and of the documents read PromQL with it.
//
// It is a scanner, not a parser. It finds the selectors with their matchers and
// the lists of labels after by, without, on, ignoring, group_left and
// group_right; that the expression is valid is promtool's to say. A list's label
// has to be one of any metric in the expression. Prometheus' own parser would
// need its whole module, which would also raise the version of gorilla/websocket
// that the end-to-end tests run with.
package promcheck
