package instrument

import (
	"net/http"

	"github.com/argus-dgo/argus/internal/catalog"
)

// dials notes that the session dials. The first time that is the gateway, inside
// its Open, where its fields hold still: a voice connection comes after it.
func (a *attachment) dials() {
	if a.presence.opened() || a.settle() {
		a.isShard()
	}
}

// settle takes what the session is about to be opened with. It reports false for
// one that is another bot's.
func (a *attachment) settle() bool {
	s := a.session.Value()
	if s == nil {
		return true
	}
	if !a.admit(botThatDials(s)) {
		return false
	}
	a.configure(s)
	return true
}

// isShard notes that the session stands for a shard from now on.
//
// It is held until it is ready: where its Open fails and the bot drops it, nothing
// else would show that the shard is down. Others of the shard are not held any more,
// so that there is one at most.
func (a *attachment) isShard() {
	now := clock()
	a.presence.dials(now)
	of := a.shard.Load()
	of.seen.Store(true)
	if a.tap != nil {
		of.tapped.Store(true)
	}
	for _, b := range *a.inst.attached.Load() {
		if b != a && b.shard.Load() == of && b.presence.opened() && b.presence.began.Load() < now {
			b.held.Store(nil)
		}
	}
}

// calls notes a REST call of the session's and its response. Open asks for the
// gateway's address before it dials: where that fails, the shard cannot be had.
func (a *attachment) calls(route string, response *http.Response) {
	switch route {
	case catalog.RouteGateway:
		a.presence.asked.Store(true)
		if response == nil || response.StatusCode >= http.StatusBadRequest {
			a.dials()
		}
	case catalog.RouteGatewayBot:
		a.presence.asked.Store(true)
	default:
		a.presence.rest.Store(true)
	}
}
