// Package sources finds the processes of a fleet in Prometheus servers, or in any server
// with its HTTP API (Mimir, Thanos, VictoriaMetrics), and knows which of the servers
// answer.
//
// Each server is polled at an interval with five queries, whatever the size of the fleet,
// and a request for its rules. A process is known by its target (job and instance) and by
// when it began: that of a scrape keeps its target over a restart.
//
// While a server is away or slow, none of its processes is taken for lost: nobody knows.
package sources
