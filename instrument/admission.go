package instrument

import (
	"net/http"

	"github.com/argus-dgo/argus/internal/catalog"
)

// dials records that the session dials. The first dial is for the gateway, inside
// Open, when nothing writes the session's fields: voice connections follow later.
func (a *attachment) dials() {
	if a.presence.opened() || a.settle() {
		a.isShard()
	}
}

// settle reads the settings that the session is opened with. It returns false for
// a session of another bot.
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

// isShard records that the session counts as a shard from now on.
//
// The attachment holds the session until it is ready: if its Open fails and the
// bot drops it, nothing else would show that the shard is down. Older sessions of
// the same shard are released, so that at most one is held.
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

// calls takes a REST call of the session and its response. Open requests the
// gateway's address before it dials. If that request fails, the session counts as
// a shard that is down.
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
