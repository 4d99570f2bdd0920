// Package tools builds the programs that the end-to-end tests run, each at a
// pinned version: the slim Collector of builder.yaml, prometheus and promtool, and
// of Kubernetes etcd, kube-apiserver and kube-controller-manager, whose main
// packages and pins are the module otelcol/internal/controlplane. It also fetches
// the definitions of prometheus-operator's custom resources.
//
// Build puts them into .cache/e2e at the root of the repository, one folder per
// tool whose name says all that it was built from: the tool's version, Go's, the
// platform, and a hash of the flags and, for the Collector, of its manifest and
// the builder's version, for the control plane of its module. What is there is never
// built again, and what is not whole is never there: a tool is built in a
// temporary folder, checked, and moved into place at the end.
//
// Everything comes through the Go module proxy. Nothing is installed outside the
// cache.
package tools
