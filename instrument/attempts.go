package instrument

import (
	"cmp"
	"errors"
	"net"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/argus-dgo/argus/internal/catalog"
)

var (
	upgradeStatuses = catalog.UpgradeStatuses()
	upgradeIndex    = indexOf(upgradeStatuses)
	upgradeAccepted = upgradeIndex[catalog.UpgradeAccepted]
	upgradeNone     = upgradeIndex[catalog.UpgradeNone]
	upgradeOther    = upgradeIndex[catalog.Other]
)

// upgradeOf returns the index of a refusing status in catalog.UpgradeStatuses.
func upgradeOf(status string) int {
	if n, ok := upgradeIndex[status]; ok && n != upgradeAccepted && n != upgradeNone {
		return n
	}
	return upgradeOther
}

// newAttempts makes the cells of one shard's connection attempts. The status
// determines the outcome.
func newAttempts(shard attribute.KeyValue) []cell {
	cells := make([]cell, len(upgradeStatuses))
	for n, status := range upgradeStatuses {
		outcome := catalog.AttemptRefused
		switch n {
		case upgradeAccepted:
			outcome = catalog.AttemptConnected
		case upgradeNone:
			outcome = catalog.AttemptFailed
		}
		cells[n].opts = labelled(shard, attribute.String("outcome", outcome), attribute.String("status", status))
		cells[n].quiet = n != upgradeAccepted && n != upgradeNone
	}
	return cells
}

// An attempt is one dial of a session.
type attempt struct {
	tap *tap
	// gateway is whether the dial is for the gateway, as far as that is known
	// before the request is written. A session also dials for voice, but only
	// while it has a gateway connection.
	gateway bool
	way     *connecting
}

// voiceDomain is the domain of Discord's voice servers.
const voiceDomain = ".discord.media"

// dialing records that the session dials.
func (t *tap) dialing(addr string) attempt {
	a := t.target.Load()
	if a == nil {
		return attempt{tap: t}
	}
	host, _, err := net.SplitHostPort(addr)
	voice := err == nil && strings.HasSuffix(host, voiceDomain) || t.openConn() != nil || !a.life.dialing()
	if !voice {
		a.dials()
		return attempt{t, true, a.connecting()}
	}
	return attempt{tap: t}
}

// errNoConn stands for the error of a dial function that returns neither a
// connection nor an error.
var errNoConn = errors.New("no connection")

// done puts the tap on the connection, or counts the failed dial.
func (d attempt) done(conn net.Conn, err error) (net.Conn, error) {
	if err == nil && conn != nil {
		c := newTappedConn(conn, d.tap)
		c.dialled = d.gateway
		c.way, c.handshake.way = d.way, d.way
		d.way.passed("gateway dial")
		return c, nil
	}
	if a := d.tap.target.Load(); a != nil {
		if d.gateway {
			status := upgradeNone
			// Not errors.As: an error of the user's dial function may have methods that panic.
			if refused, ok := err.(tunnelError); ok { //nolint:errorlint // see above; connectTunnel's is not wrapped
				status = upgradeOf(strconv.Itoa(int(refused)))
			}
			a.shard.Load().attempts[status].n.Add(1)
			if status == upgradeNone {
				d.way.ended(a.shard.Load(), catalog.AttemptFailed, errorType(cmp.Or(err, errNoConn)))
			} else {
				d.way.ended(a.shard.Load(), catalog.AttemptRefused, upgradeStatuses[status])
			}
		}
		a.life.undialed()
	}
	return conn, err
}

// attempted counts the attempt that led to the connection, once.
func (c *tappedConn) attempted(status int) {
	if c.counted.Load() || !c.counted.CompareAndSwap(false, true) {
		return
	}
	if a := c.tap.target.Load(); a != nil {
		a.shard.Load().attempts[status].n.Add(1)
		if status == upgradeAccepted {
			a.inst.eventLog.connected(a.shard.Load())
		}
	}
}

// refused counts an HTTP response that rejects the upgrade. rest is what follows
// the version in its first line.
func (c *tappedConn) refused(rest []byte) {
	if c.gateway.Load() || c.dialled && !c.elsewhere.Load() {
		code, _, _ := strings.Cut(strings.TrimPrefix(string(rest), " "), " ")
		status := upgradeOf(code)
		c.attempted(status)
		if a := c.tap.target.Load(); a != nil {
			c.way.ended(a.shard.Load(), catalog.AttemptRefused, upgradeStatuses[status])
		}
	}
}

var (
	voiceCloseCodes = catalog.VoiceCloseCodes()
	voiceCodeIndex  = indexOf(voiceCloseCodes)
)

func newVoiceDisconnects() []cell {
	cells := make([]cell, len(voiceCloseCodes)*len(initiators))
	for c, code := range voiceCloseCodes {
		for n, initiator := range initiators {
			cell := &cells[c*len(initiators)+n]
			cell.opts = labelled(attribute.String("code", code), attribute.String("initiator", initiator))
			cell.quiet = true
		}
	}
	for _, known := range []struct {
		code      string
		initiator int
	}{{"1000", initiatorClient}, {catalog.CodeEncryptionRequired, initiatorDiscord}, {catalog.CodeNone, initiatorNetwork}} {
		cells[voiceCodeIndex[known.code]*len(initiators)+known.initiator].quiet = false
	}
	return cells
}
