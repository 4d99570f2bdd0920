// Package server serves the pages of a process and its health probes over HTTP. It
// does not depend on what the pages show.
//
// # Paths
//
//	path         answers                  guarded   body
//	-----------  -----------------------  --------  -----------------------------------------
//	pages        200, 401, and their own  by token  the page
//	/healthz     200                      no        "ok": the process answers
//	/readyz      200, 503                 no        JSON: {"ready":true,"shards_up":4,"shards_total":4}
//	other        as [Config].Rest does    as Rest does
//	/            200                      no        links to the others, without Rest
//	other        404                      no        without Rest
//
// Pages and probes serve GET and HEAD; other methods get 405 with Allow.
//
// # Limits
//
//	limit                value    meaning
//	-------------------  -------  ------------------------------------------------------
//	header time-out      5 s      to receive the request header
//	read time-out        10 s     to receive the whole request
//	write time-out       30 s     to send the whole answer
//	idle time-out        2 min    of a kept connection between two requests
//	header size          8 KiB    a larger header gets 431
//	connections          120      one more closes another: see below
//	first try to bind    1 s      Start waits no longer for a name server
//	back-off of binding  1–60 s   doubled, with up to a quarter of jitter
//
// If the process may open fewer than 512 files, the connection limit is a quarter of
// that number. Above the limit, the server closes the connection that has been idle
// longest, then the oldest one without a complete request. If more than three
// quarters have no complete request, the order of these two is reversed. A request in
// progress is cut off only if all other connections have one too.
//
// A program does not fail because a port is in use, nor wait because a name server
// is slow: [Server.Start] reports the fault, retries, and binds as soon as the
// address is available.
//
// # TLS
//
// A web configuration file of exporter-toolkit turns on TLS, with HTTP/2, and basic
// authentication. Both apply to all paths, /healthz and /readyz included.
//
// # Browsers
//
// A site can make its name resolve to the address of the bot. Its pages could then
// read the bot's pages as their own (DNS rebinding). A browser therefore gets 403
// unless it requests an IP address, a name of one label, a name below .localhost,
// .local, .internal or .home.arpa, the name that the server listens on, or one of
// AllowedHosts, or sends the token. The same applies to what another site embeds or
// fetches. Browsers are recognized by headers that no script can remove, such as
// Accept-Language. Prometheus, probes and command-line tools send none of these and
// are served under any name: names differ between networks, DNS, Kubernetes and
// Compose, and a scrape must not depend on a list of names.
package server
