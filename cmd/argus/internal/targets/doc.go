// Package targets is the command "argus targets". It writes a Prometheus service
// discovery file (file_sd_configs) for the processes of a bot, from a list of hosts.
// With --check it also queries each of them.
//
// The file is replaced atomically, and only if it changes, because Prometheus
// watches it. Labels that would override those of Argus are rejected.
package targets
