package discordtest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
)

// A Bot is one of several bots of a [Server], identified by its token. Its methods
// concern only its own connections and requests, even if another bot has the same
// shard. [Server.Bot] makes one. Its methods are safe for concurrent use.
//
// The bots of a server share its world: they are in the same guilds, receive the
// events of all of them, and have the same user, application and session start
// limit. In each guild only one of them can be in voice at a time.
type Bot struct {
	server *Server
	token  string // without the prefix "Bot "
}

// Bot returns the bot with a token, with or without the prefix "Bot ". Nothing has
// to be created: a server without [WithToken] accepts every token, and the bot of
// [Server.NewSession] is Bot(s.Token()).
func (s *Server) Bot(token string) *Bot { return &Bot{s, bareToken(token)} }

// Token returns the bot's token, without the prefix "Bot ".
func (b *Bot) Token() string { return b.token }

// NewSession returns a session of the bot for a shard, like [Server.NewSession].
func (b *Bot) NewSession(shard, shardCount int) (*discordgo.Session, error) {
	sess, err := b.server.NewSession(shard, shardCount)
	if err != nil {
		return nil, err
	}
	sess.Token = "Bot " + b.token
	sess.Identify.Token = sess.Token
	return sess, nil
}

// Conns returns the bot's open gateway connections that have identified, in order
// of arrival.
func (b *Bot) Conns() []*Conn {
	return slices.DeleteFunc(b.server.Conns(), func(c *Conn) bool { return !b.owns(c) })
}

func (b *Bot) owns(c *Conn) bool {
	sess := c.sess()
	return sess != nil && sess.token == b.token
}

// WaitConn waits for the bot's newest ready connection of a shard and returns it,
// like [Server.WaitConn]. To affect this bot alone, use the methods of the returned
// connection: [Conn.Drop], [Conn.CloseCode], [Conn.Behave], [Conn.Dispatch].
func (b *Bot) WaitConn(ctx context.Context, shard int) (*Conn, error) {
	return b.server.waitConn(ctx, shard, b.owns)
}

// Dispatch sends an event to the bot's newest session of a shard, like
// [Server.Dispatch].
func (b *Bot) Dispatch(shard int, eventType string, data any) error {
	_, err := b.server.dispatch(botShard{b.token, shard}, eventType, data)
	return err
}

// SendInteraction sends an interaction to the bot, like [Server.SendInteraction].
func (b *Bot) SendInteraction(
	ctx context.Context, shard int, kind InteractionKind, created time.Time, name string, opts ...InteractionOption,
) (id, token string, err error) {
	c, err := b.WaitConn(ctx, shard)
	if err != nil {
		return "", "", err
	}
	return b.server.sendInteraction(c, shard, kind, created, name, opts)
}

// Behave sets how the gateway answers the bot's IDENTIFYs and RESUMEs, and how it
// treats its connections afterwards. It replaces [Server.Behave] for these. The bot
// is unknown before the handshake, so DropOnConnect, CloseOnConnect, NoHello and
// HelloDelay have no effect. Times counts handshakes. With the zero Behavior the
// gateway behaves like Discord.
func (b *Bot) Behave(behavior Behavior) {
	behavior.FirstPacket = slices.Clone(behavior.FirstPacket)
	s := b.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.botBehavior[b.token] = &behavior
}

// behaviorOf takes the Behavior for a handshake of the bot with a token, if one is
// set for it.
func (s *Server) behaviorOf(token string) (b Behavior, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.botBehavior[bareToken(token)]
	if own == nil {
		return Behavior{}, false
	}
	b = *own
	if own.Times > 0 {
		if own.Times--; own.Times == 0 {
			delete(s.botBehavior, bareToken(token))
		}
	}
	return b, true
}

// Handle answers a route for this bot alone, like [Server.Handle]. Of several
// handlers for a request the newest wins. Here and below, a request is the bot's if
// it has the bot's token in its Authorization header, as all of discordgo's do.
func (b *Bot) Handle(method, pattern string, h http.HandlerFunc) {
	b.server.rest.handle(b.route(method, pattern, h))
}

// Fail answers requests of the bot with a status, like [Server.Fail].
func (b *Bot) Fail(method, pattern string, status, times int) {
	b.server.rest.fail(b.route(method, pattern, nil), status, times)
}

// Delay delays requests of the bot, like [Server.Delay].
func (b *Bot) Delay(method, pattern string, d time.Duration) {
	b.server.rest.delay(b.route(method, pattern, nil), d)
}

// RateLimit answers requests of the bot with status 429, like [Server.RateLimit].
func (b *Bot) RateLimit(l RateLimit) {
	b.server.rest.limit(b.route(l.Method, l.Pattern, nil), l)
}

func (b *Bot) route(method, pattern string, h http.HandlerFunc) route {
	rt := newRoute(method, pattern, h)
	rt.token = b.token
	return rt
}

// Requests returns the bot's answered REST requests, oldest first.
func (b *Bot) Requests() []Request {
	r := b.server.rest
	r.mu.Lock()
	defer r.mu.Unlock()
	var own []Request
	for _, rec := range r.requests.all() {
		if rec.token == b.token {
			own = append(own, rec.Request)
		}
	}
	return own
}

// recorded is a request with its token, which Request does not contain.
type recorded struct {
	Request
	token string
}

// A botShard is a shard of one bot, or of any bot if the token is empty.
type botShard struct {
	token string
	shard int
}

func (s *Server) waitConn(ctx context.Context, shard int, match func(*Conn) bool) (*Conn, error) {
	var found *Conn
	err := s.wait(ctx, "a ready connection of shard "+strconv.Itoa(shard), func() bool {
		found = s.readyConn(shard, match)
		return found != nil
	})
	return found, err
}

func (s *Server) readyConn(shard int, match func(*Conn) bool) *Conn {
	for _, c := range slices.Backward(s.Conns()) {
		if c.Ready() && c.Shard() == shard && match(c) {
			return c
		}
	}
	return nil
}

func anyBot(*Conn) bool { return true }

func (s *Server) dispatch(to botShard, eventType string, data any) (sent bool, err error) {
	raw, err := encode(data)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	sess := s.current[to]
	s.mu.Unlock()
	if sess == nil {
		return false, fmt.Errorf("discordtest: shard %d has no session: open one first", to.shard)
	}
	return sess.dispatch(eventType, raw)
}

// setCurrentLocked makes the session the newest of its shard. s.mu is held.
func (s *Server) setCurrentLocked(sess *session) {
	s.current[botShard{sess.token, sess.shard}] = sess
	s.current[botShard{"", sess.shard}] = sess
}

// unsetCurrentLocked undoes setCurrentLocked. s.mu is held.
func (s *Server) unsetCurrentLocked(sess *session) {
	for _, key := range []botShard{{sess.token, sess.shard}, {"", sess.shard}} {
		if s.current[key] == sess {
			delete(s.current, key)
		}
	}
}
