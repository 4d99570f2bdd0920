// Package agreement holds the test that findings and alerts agree.
//
// The alerts are rules that Prometheus evaluates. The findings of `argus explain` ask
// their own questions. Both have to tell one story, so the test replays the
// histories of dashboards/rules/tests, which promtool runs too, and those of the demo's
// scenarios, which package record has recorded (make record-plays). It evaluates the
// rules as promtool does, examines the same samples, and compares the alerts that fire
// with the findings. Each difference belongs to a class, with a reason: docs/EXPLAIN.md.
//
// It is a Go module of its own because it runs Prometheus' query engine, which the
// module of Argus must never require. It uses the packages of the engine alone, not
// those that bring service discovery and the SDKs of clouds.
package agreement
