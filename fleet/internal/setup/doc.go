// Package setup writes the configuration of a new fleet: a file with its settings, and its
// tokens. It says how the fleet is started, and what each process of a bot needs.
//
// All settings and the files that they name are checked before anything is written. What
// is there already is never replaced. After an error, nothing that was written is left.
package setup
