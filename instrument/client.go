package instrument

import (
	"net/http"

	"github.com/bwmarrin/discordgo"
)

// Client is the client through which the requests of an attached session are
// measured: its own when it was attached, with what Attach put around it. It is
// for a request that is to be measured and yet not go through discordgo and its
// rate limiter, and must not be changed.
//
// It is nil for a session that is not attached, one that had been opened before,
// whose requests are not measured, and one that had no Client. It reads nothing
// of the session, which may be in use.
func (i *Instrumentation) Client(s *discordgo.Session) *http.Client {
	if a := i.find(s); a != nil && a.tap != nil && !a.left.Load() {
		return a.tap.beside
	}
	return nil
}
