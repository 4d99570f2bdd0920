// Package fleet runs a fleet: it binds the addresses, opens the data, and connects the
// parts. A value goes this way:
//
//	OTLP ─▶ ingest ─▶ engine (series, rules) ─▶ judge (findings) ─▶ documents ─▶ api ─▶ pages
//	           └────▶ members (who reports) ────────────────────────────┘
//	                  engine (alerts) ─▶ notify
//
// Everything that can be wrong with the settings is found before anything is changed:
// addresses are bound and token files are read first.
package fleet
