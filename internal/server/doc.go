// Package server serves the pages of a process over HTTP, next to its health
// probes. It knows nothing of what the pages show.
//
// # Paths
//
//	path         answers                  guarded   body
//	-----------  -----------------------  --------  -----------------------------------------
//	pages        200, 401, and their own  by token  the page
//	/healthz     200                      no        "ok": the process answers
//	/readyz      200, 503                 no        JSON: {"ready":true,"shards_up":4,"shards_total":4}
//	/            200                      no        links to the others
//	other        404                      no
//
// GET and HEAD are served; other methods are answered 405 with Allow.
//
// # Limits
//
//	limit                value    meaning
//	-------------------  -------  ------------------------------------------------------
//	header time-out      5 s      a client that sends its header slowly is cut off
//	read time-out        10 s     the whole request
//	write time-out       30 s     the whole answer
//	idle time-out        2 min    a kept connection between two requests
//	header size          8 KiB    more is answered 431
//	connections          120      one more closes another: see below
//	first try to bind    1 s      Start waits no longer for a name server
//	back-off of binding  1–60 s   doubled, with up to a quarter of jitter
//
// There are fewer connections where the process may have less than 512 files open:
// a quarter of those. The first to be closed are the oldest of those without a
// complete request, if most have none, then the one that is idle for longest. A
// request under way is cut off only when all connections have one.
//
// A program does not fail because a port is taken, nor wait because a name server
// is slow: [Server.Start] reports it, retries, and binds as soon as the address is
// free.
//
// # Browsers
//
// A site can have its name resolve to the address of the bot, and a page of that
// site then reads the bot's pages as its own (DNS rebinding). A browser is therefore
// answered 403 unless it requests an address, a name of one label, a name below
// .localhost, .local, .internal or .home.arpa, the name that the server listens on,
// or one of AllowedHosts, or has the token. The same applies to what another site
// embeds or fetches. Browsers are recognized by headers that no script can remove,
// such as Accept-Language. Prometheus, probes and command lines send none of these,
// and are served under any name: names differ with each network, in DNS, in
// Kubernetes, in Compose, and no scrape may depend on a list of names.
package server
