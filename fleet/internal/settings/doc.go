// Package settings reads the settings of a fleet: flags win over environment variables,
// which win over defaults. All settings are in one table, from which the flags, the help
// text and the documentation are made. A bad value is an error that names the setting and
// the value.
package settings

//go:generate go test -count=1 -run=^TestDocument$ . -update
