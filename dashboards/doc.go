// Package dashboards holds the Grafana dashboards of Argus: their sources in
// src, which are written with Grafana's typed builder, and the JSON in json that
// is made from them. It has no code of its own, only tests, which hold every
// query to the catalog. README.md says how to import and to change them.
package dashboards

//go:generate go run ../internal/catalogjson
//go:generate ./generate.sh
