// Package explain is the command argus explain: it says in sentences what is wrong with
// a bot, by what its processes, a Prometheus server or a saved page know.
package explain
