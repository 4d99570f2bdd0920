// Package dashboards holds the Grafana dashboards of Argus: their sources in src,
// written with Grafana's typed builder, and the generated JSON in json. It contains
// only tests, which check every query against the catalog. README.md describes how
// to import and change them.
package dashboards

//go:generate go run ../internal/catalogjson/write
//go:generate ./generate.sh
