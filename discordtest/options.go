package discordtest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Discord's own numbers where its gateway documentation states them.
const (
	defaultHeartbeatInterval = 41250 * time.Millisecond
	defaultIdentifyWindow    = 5 * time.Second
	defaultSendLimit         = 120
	defaultSendWindow        = 60 * time.Second
	defaultSessionTotal      = 1000
	defaultSessionReset      = 24 * time.Hour
	defaultResumeWindow      = 3 * time.Minute
	defaultReplayEvents      = 4096
	defaultCompressThreshold = 1024
	defaultWriteTimeout      = 5 * time.Second
	defaultMembers           = 10
	defaultToken             = "discordtest.not-a-secret"
	minHeartbeatTimeout      = time.Minute // more than a busy machine keeps a client from its heartbeats

	maxGuilds  = 100_000
	maxMembers = 100_000
	maxShards  = 16_384

	maxClockOffset = 365 * 24 * time.Hour
)

// An Option configures a [Server]. A nil Option is ignored.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	tls               bool
	certificate       *tls.Certificate
	shards            int
	maxConcurrency    int
	enforceIdentify   bool
	identifyWindow    time.Duration
	limitSessions     bool
	sessionTotal      int
	sessionRemaining  int
	sessionReset      time.Duration
	guilds            int
	members           int
	heartbeatInterval time.Duration
	heartbeatTimeout  time.Duration
	token             string
	anyToken          bool
	resumeURL         bool
	resumeWindow      time.Duration
	replayEvents      int
	guildCreate       bool
	compressThreshold int
	fieldOrder        []string
	allowedIntents    int64
	sendLimit         int
	sendWindow        time.Duration
	writeTimeout      time.Duration
	strict            bool
	bucketLimit       int
	bucketWindow      time.Duration
	records           int
	clockOffset       time.Duration
}

func defaultConfig() config {
	return config{
		shards:            1,
		maxConcurrency:    1,
		identifyWindow:    defaultIdentifyWindow,
		sessionTotal:      defaultSessionTotal,
		sessionRemaining:  defaultSessionTotal,
		sessionReset:      defaultSessionReset,
		guilds:            1,
		members:           defaultMembers,
		heartbeatInterval: defaultHeartbeatInterval,
		token:             defaultToken,
		anyToken:          true,
		resumeURL:         true,
		resumeWindow:      defaultResumeWindow,
		replayEvents:      defaultReplayEvents,
		guildCreate:       true,
		compressThreshold: defaultCompressThreshold,
		fieldOrder:        []string{"t", "s", "op", "d"},
		allowedIntents:    knownIntents,
		sendLimit:         defaultSendLimit,
		sendWindow:        defaultSendWindow,
		writeTimeout:      defaultWriteTimeout,
		records:           defaultRecords,
	}
}

// silence is the maximum time between two heartbeats of a connection.
func (c *config) silence() time.Duration {
	if c.heartbeatTimeout != 0 {
		return c.heartbeatTimeout
	}
	return max(2*c.heartbeatInterval, minHeartbeatTimeout)
}

func (c *config) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("discordtest: "+format, args...)) }
	if c.shards < 1 || c.shards > maxShards {
		bad("WithShards(%d): want 1 to %d", c.shards, maxShards)
	}
	if c.maxConcurrency < 1 {
		bad("WithMaxConcurrency(%d): want at least 1", c.maxConcurrency)
	}
	if c.identifyWindow <= 0 {
		bad("WithIdentifyWindow(%v): want a positive duration", c.identifyWindow)
	}
	if c.sessionTotal < 0 || c.sessionRemaining < 0 || c.sessionRemaining > c.sessionTotal || c.sessionReset <= 0 {
		bad("WithSessionStartLimit(%d, %d, %v): want 0 <= remaining <= total and a positive reset",
			c.sessionTotal, c.sessionRemaining, c.sessionReset)
	}
	if c.guilds < 0 || c.guilds > maxGuilds {
		bad("WithGuilds(%d): want 0 to %d", c.guilds, maxGuilds)
	}
	if c.members < 1 || c.members > maxMembers {
		bad("WithMembers(%d): want 1 (the bot itself) to %d", c.members, maxMembers)
	}
	if c.heartbeatInterval < time.Millisecond {
		bad("WithHeartbeatInterval(%v): want at least 1ms", c.heartbeatInterval)
	}
	if c.heartbeatTimeout < 0 {
		bad("WithHeartbeatTimeout(%v): want a positive duration", c.heartbeatTimeout)
	}
	if c.token == "" {
		bad("WithToken(\"\"): want a token, with or without the prefix \"Bot \"")
	}
	if c.resumeWindow < 0 {
		bad("WithResumeWindow(%v): want 0 or more", c.resumeWindow)
	}
	if c.replayEvents < 0 {
		bad("WithReplayLimit(%d): want 0 or more", c.replayEvents)
	}
	if c.compressThreshold < 0 {
		bad("WithCompressThreshold(%d): want 0 (compress everything) or a number of bytes", c.compressThreshold)
	}
	order := slices.Clone(c.fieldOrder)
	slices.Sort(order)
	if !slices.Equal(order, []string{"d", "op", "s", "t"}) {
		bad("WithFieldOrder(%s): want each of t, s, op and d once", strings.Join(c.fieldOrder, ", "))
	}
	if c.sendLimit < 1 || c.sendWindow <= 0 {
		bad("WithSendLimit(%d, %v): want at least 1 in a positive duration", c.sendLimit, c.sendWindow)
	}
	if c.writeTimeout <= 0 {
		bad("WithWriteTimeout(%v): want a positive duration", c.writeTimeout)
	}
	if c.bucketLimit < 0 || c.bucketLimit > 0 && c.bucketWindow < time.Millisecond {
		bad("WithBuckets(%d, %v): want at least 1 in at least 1ms", c.bucketLimit, c.bucketWindow)
	}
	if c.clockOffset < -maxClockOffset || c.clockOffset > maxClockOffset {
		bad("WithClockOffset(%v): want at most %v either way", c.clockOffset, maxClockOffset)
	}
	if c.records < 1 {
		bad("WithRecordLimit(%d): want at least 1", c.records)
	}
	return errors.Join(errs...)
}

// WithTLS serves https and wss. The certificate is for 127.0.0.1 and localhost, from
// an authority generated for this server: see [Server.CertPool]. The voice server
// always has such a certificate.
func WithTLS() Option { return optionFunc(func(c *config) { c.tls = true }) }

// WithCertificate serves https and wss with this certificate, even an invalid one:
// with a wrong host name, or expired. [CA] issues such certificates.
// [Server.CertPool] then contains the certificates of its chain.
func WithCertificate(cert tls.Certificate) Option {
	return optionFunc(func(c *config) { c.tls, c.certificate = true, &cert })
}

// WithShards sets the shard count that GET /gateway/bot recommends. [Traffic] looks
// for connections of these shards. Sessions may identify with another count.
// Default 1.
func WithShards(n int) Option { return optionFunc(func(c *config) { c.shards = n }) }

// WithMaxConcurrency sets max_concurrency and enforces it like Discord: of the
// shards with one rate_limit_key, which is shard % n, one may IDENTIFY in each
// window (5 s, see [WithIdentifyWindow]); others get op 9 with d:false. Without this
// option GET /gateway/bot returns 1 and nothing is enforced, because discordgo does
// not space its IDENTIFYs.
func WithMaxConcurrency(n int) Option {
	return optionFunc(func(c *config) { c.maxConcurrency, c.enforceIdentify = n, true })
}

// WithIdentifyWindow sets the window of [WithMaxConcurrency]. Default 5 s.
func WithIdentifyWindow(d time.Duration) Option {
	return optionFunc(func(c *config) { c.identifyWindow = d })
}

// WithSessionStartLimit sets session_start_limit of GET /gateway/bot and enforces
// it: each IDENTIFY uses one of remaining. If none is left, the connection is closed
// with 4004, because Discord resets the token then. The limit is reset to total
// after resetAfter. Without this option the limit is 1000 a day, counted but not
// enforced.
func WithSessionStartLimit(total, remaining int, resetAfter time.Duration) Option {
	return optionFunc(func(c *config) {
		c.limitSessions, c.sessionTotal, c.sessionRemaining, c.sessionReset = true, total, remaining, resetAfter
	})
}

// WithGuilds sets the number of guilds that the bot is in, over all shards. As at
// Discord, a guild belongs to the shard (guild_id >> 22) % shard count. The ids are
// spread evenly over any usual shard count. Default 1.
func WithGuilds(n int) Option { return optionFunc(func(c *config) { c.guilds = n }) }

// WithMembers sets the number of members per guild, including the bot. member_count
// counts all; which of them a GUILD_CREATE lists depends on the intents, see the
// package documentation. Default 10.
func WithMembers(n int) Option { return optionFunc(func(c *config) { c.members = n }) }

// WithHeartbeatInterval sets the interval that HELLO and the voice server's READY
// announce. Default 41.25 s.
func WithHeartbeatInterval(d time.Duration) Option {
	return optionFunc(func(c *config) { c.heartbeatInterval = d })
}

// WithHeartbeatTimeout sets the time without a heartbeat after which a connection is
// closed with 4009, also at the voice server. Default: two intervals, at least 1 min.
func WithHeartbeatTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) { c.heartbeatTimeout = d })
}

// WithToken sets the only accepted token. Others get close code 4004 from the
// gateway and status 401 from REST. The prefix "Bot " is optional. Without this
// option every token is accepted.
func WithToken(token string) Option {
	return optionFunc(func(c *config) { c.token, c.anyToken = bareToken(token), false })
}

// WithResumeURL sets whether READY has a resume_gateway_url. Default true.
func WithResumeURL(on bool) Option { return optionFunc(func(c *config) { c.resumeURL = on }) }

// WithResumeWindow sets how long a session can be resumed after its connection
// ended. Default 3 min.
func WithResumeWindow(d time.Duration) Option {
	return optionFunc(func(c *config) { c.resumeWindow = d })
}

// WithReplayLimit sets how many dispatches a session keeps for replay. A RESUME that
// needs an older one gets op 9 with d:false. Default 4096.
func WithReplayLimit(n int) Option { return optionFunc(func(c *config) { c.replayEvents = n }) }

// WithoutGuildCreate omits the GUILD_CREATEs after READY: guilds remain unavailable
// stubs.
func WithoutGuildCreate() Option { return optionFunc(func(c *config) { c.guildCreate = false }) }

// WithCompressThreshold sets the size in bytes above which a payload is sent as a
// zlib stream to sessions with identify.compress. 0 compresses every payload after
// IDENTIFY. Default 1024.
func WithCompressThreshold(bytes int) Option {
	return optionFunc(func(c *config) { c.compressThreshold = bytes })
}

// WithFieldOrder sets the order of the four fields of every packet, by name. Default
// t, s, op, d, as at Discord.
func WithFieldOrder(fields ...string) Option {
	fields = slices.Clone(fields)
	return optionFunc(func(c *config) { c.fieldOrder = fields })
}

// WithAllowedIntents sets the intents that the application may request, as a bit set
// of discordgo.Intent. Others get close code 4014. Default: all.
func WithAllowedIntents(intents int64) Option {
	return optionFunc(func(c *config) { c.allowedIntents = intents })
}

// WithSendLimit sets how many payloads a client may send per window before the
// connection is closed with 4008. Default 120 in 60 s.
func WithSendLimit(n int, window time.Duration) Option {
	return optionFunc(func(c *config) { c.sendLimit, c.sendWindow = n, window })
}

// WithWriteTimeout sets how long a write to a client that does not read may block,
// once the system's buffers are full (a few MB on loopback). After that its
// connection is dropped; the session can be resumed. Default 5 s.
func WithWriteTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) { c.writeTimeout = d })
}

// WithStrictInteractions rejects callbacks of interactions that this server did not
// send or that are older than 3 s, with status 404 and code 10062. Without it they
// are accepted and recorded.
func WithStrictInteractions() Option { return optionFunc(func(c *config) { c.strict = true }) }

// WithBuckets adds X-RateLimit headers to every answer and enforces limit requests
// per window and bucket. A bucket is a route with its channel, guild or webhook id.
// Interaction callbacks are exempt.
func WithBuckets(limit int, window time.Duration) Option {
	return optionFunc(func(c *config) {
		c.bucketLimit, c.bucketWindow = limit, window
		if limit == 0 {
			c.bucketLimit = -1 // reported by validate: 0 means "off"
		}
	})
}

// WithRecordLimit sets how many requests, callbacks and answerable interactions are
// kept; the oldest are removed first. Default 10000.
func WithRecordLimit(n int) Option { return optionFunc(func(c *config) { c.records = n }) }

// WithClockOffset makes the server's clock run ahead of this machine's by d, or
// behind it if d is negative, as Discord's does for a bot whose own clock is wrong.
// [Server.Now] returns the server's time. It is used for the ids and timestamps that
// the server makes (in [Traffic] and REST objects), for the headers Date and
// X-RateLimit-Reset, and for the deadline of [WithStrictInteractions]. Times passed
// to [Server.NewID], [Server.Interaction] or [Server.SendInteraction] are used
// unchanged: pass Server.Now() for an interaction that is new by Discord's clock.
// Times in a [Request] and a [Callback] are this machine's. Default 0, at most a
// year.
func WithClockOffset(d time.Duration) Option {
	return optionFunc(func(c *config) { c.clockOffset = d })
}

func bareToken(t string) string { return strings.TrimPrefix(strings.TrimSpace(t), "Bot ") }
