// Package targets is the command "argus targets": it writes the file that
// Prometheus finds the processes of the bot with (file_sd_configs), from a list of
// hosts, and on request asks each of them whether it is there.
//
// The file is replaced in one step, and only when it changes, since Prometheus
// watches it. No label is written that would turn one of Argus' own into
// exported_….
package targets
