package discordtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// TrafficConfig configures a [Traffic]. The zero value sends fifty events a second
// without faults.
type TrafficConfig struct {
	// Rate is the number of events per second over all shards. Default 50, maximum
	// 100000.
	Rate float64
	// Seed determines the sequence of events and faults.
	Seed int64
	// Commands are the names of the application commands in the traffic. A name of two
	// or three words is a command with its sub-command. Default: ping, help, stats,
	// play, config set.
	Commands []string
	// PrefixCommands are the text commands, and Prefix is their prefix.
	// Default: ping, roll, weather; "!".
	PrefixCommands []string
	Prefix         string
	// Mix sets the relative frequency of event types. Default: [DefaultMix], which
	// lists all types that can be generated.
	Mix map[string]float64
	// LateShare is the share of interactions that are older than their 3 s deadline
	// when they are sent. Default 0.02; negative means none.
	LateShare float64
	// Faults enables faults. Each kind of [FaultKinds] happens once within
	// FirstFaults (default 30 s), in an order determined by the seed, then one of
	// them about every FaultEvery (default 1 min). A fault of a connection waits
	// until a connection has been ready for two seconds.
	Faults      bool
	FirstFaults time.Duration
	FaultEvery  time.Duration
}

// DefaultMix returns the frequencies for a bot in ordinary guilds, as a new map.
// DIRECT_MESSAGE is a MESSAGE_CREATE outside of guilds. VOICE_CHANNEL_STATUS_UPDATE
// represents types that discordgo does not know, and GUILD_JOIN_REQUEST_UPDATE types
// that Discord does not document.
func DefaultMix() map[string]float64 {
	return map[string]float64{
		"MESSAGE_CREATE":               36,
		"PRESENCE_UPDATE":              24,
		"TYPING_START":                 11,
		"INTERACTION_CREATE":           7,
		"MESSAGE_REACTION_ADD":         6,
		"MESSAGE_UPDATE":               3,
		"VOICE_STATE_UPDATE":           3,
		"GUILD_MEMBER_UPDATE":          2,
		"GUILD_MEMBER_ADD":             1.5,
		"GUILD_MEMBER_REMOVE":          1.2,
		"MESSAGE_REACTION_REMOVE":      1,
		"MESSAGE_DELETE":               1,
		"DIRECT_MESSAGE":               0.8,
		"GUILD_UPDATE":                 0.4,
		"CHANNEL_UPDATE":               0.4,
		"THREAD_UPDATE":                0.3,
		"GUILD_ROLE_UPDATE":            0.3,
		"GUILD_AUDIT_LOG_ENTRY_CREATE": 0.3,
		"INVITE_CREATE":                0.2,
		"VOICE_CHANNEL_STATUS_UPDATE":  0.2,
		"GUILD_JOIN_REQUEST_UPDATE":    0.1,
	}
}

// The kinds of faults.
const (
	FaultReconnect       = "reconnect"        // op 7
	FaultInvalidSession  = "invalid_session"  // op 9, not resumable
	FaultSuspended       = "suspended"        // op 9, resumable
	FaultDrop            = "drop"             // the connection is dropped without a close frame
	FaultCloseCode       = "close_code"       // 4000, 4008, 4001 or 4002
	FaultSwallowedAck    = "swallowed_ack"    // one heartbeat gets no ACK
	FaultGuildOutage     = "guild_outage"     // GUILD_DELETE, and GUILD_CREATE a few seconds later
	FaultRateLimitUser   = "ratelimit_user"   // the next message gets 429
	FaultRateLimitShared = "ratelimit_shared" // as above
	FaultRateLimitGlobal = "ratelimit_global" // the next request below /channels gets 429
	FaultServerError     = "server_error"     // the next message gets 502
)

// FaultKinds returns all kinds of faults.
func FaultKinds() []string {
	return []string{
		FaultReconnect, FaultInvalidSession, FaultSuspended, FaultDrop, FaultCloseCode, FaultSwallowedAck,
		FaultGuildOutage, FaultRateLimitUser, FaultRateLimitShared, FaultRateLimitGlobal, FaultServerError,
	}
}

// minConnAge is how long a connection must have been ready before a fault ends it: a
// drop right after Open can make discordgo reconnect without end.
const minConnAge = 2 * time.Second

// InteractionKey is the key of interactions in [Stats]. Type is the String of an
// [InteractionKind]. Status is "received", or "expired" for an interaction that was
// older than 3 s when it was sent.
type InteractionKey struct{ Type, Status string }

// Stats counts what a [Traffic] has sent. An event counts once per session that it is
// sent to. Without faults, clients receive exactly these events. With faults, an event
// also counts if the session's connection has just ended: it is replayed if the client
// resumes, and lost if it identifies again.
type Stats struct {
	Events         map[string]int // by type, as on the wire
	Interactions   map[InteractionKey]int
	AppCommands    map[string]int // application commands, by name
	PrefixCommands map[string]int
	Faults         map[string]int
	// RateLimits counts requests that were answered with 429 since the server
	// started, by scope.
	RateLimits map[string]int
	// Skipped counts events for which there was no session that accepts them.
	Skipped int
}

// Total returns the number of events.
func (s Stats) Total() int {
	n := 0
	for _, c := range s.Events {
		n += c
	}
	return n
}

// Traffic generates plausible events for a bot on a server.
type Traffic struct {
	server  *Server
	cfg     TrafficConfig
	plan    *plan
	faults  *faultPlan
	running atomic.Bool

	mu    sync.Mutex
	stats Stats
}

// NewTraffic makes a generator. The error joins all problems of the configuration.
func NewTraffic(s *Server, cfg TrafficConfig) (*Traffic, error) {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("discordtest: TrafficConfig: "+format, args...))
	}
	if s == nil {
		bad("no server: make one with NewServer")
	}
	if cfg.Rate == 0 {
		cfg.Rate = 50
	}
	if !(cfg.Rate > 0 && cfg.Rate <= 100_000) {
		bad("Rate %v: want more than 0 and at most 100000 events per second", cfg.Rate)
	}
	cfg.Commands = slices.Clone(cfg.Commands)
	if len(cfg.Commands) == 0 {
		cfg.Commands = []string{"ping", "help", "stats", "play", "config set"}
	}
	cfg.PrefixCommands = slices.Clone(cfg.PrefixCommands)
	if len(cfg.PrefixCommands) == 0 {
		cfg.PrefixCommands = []string{"ping", "roll", "weather"}
	}
	for _, name := range append(slices.Clone(cfg.Commands), cfg.PrefixCommands...) {
		if name == "" {
			bad("a command without a name: remove it")
		}
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "!"
	}
	cfg.Mix = maps.Clone(cfg.Mix)
	if cfg.Mix == nil {
		cfg.Mix = DefaultMix()
	}
	known, total := DefaultMix(), 0.0
	for _, name := range slices.Sorted(maps.Keys(cfg.Mix)) {
		if _, ok := known[name]; !ok {
			bad("Mix has %q, which cannot be generated: see DefaultMix", name)
		}
		if w := cfg.Mix[name]; !(w >= 0) || math.IsInf(w, 1) {
			bad("Mix[%q] is %v: want 0 or more", name, w)
		} else {
			total += w
		}
	}
	if total <= 0 {
		bad("Mix is empty: give a type a share")
	}
	if cfg.LateShare == 0 {
		cfg.LateShare = 0.02
	}
	if cfg.LateShare > 1 {
		bad("LateShare %v: want at most 1", cfg.LateShare)
	}
	if cfg.FirstFaults == 0 {
		cfg.FirstFaults = 30 * time.Second
	}
	if cfg.FaultEvery == 0 {
		cfg.FaultEvery = time.Minute
	}
	if cfg.FirstFaults < 0 || cfg.FaultEvery < 0 {
		bad("FirstFaults %v, FaultEvery %v: want positive durations", cfg.FirstFaults, cfg.FaultEvery)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Traffic{
		server: s,
		cfg:    cfg,
		plan:   newPlan(&cfg),
		faults: newFaultPlan(&cfg),
		stats: Stats{
			Events: map[string]int{}, Interactions: map[InteractionKey]int{}, AppCommands: map[string]int{},
			PrefixCommands: map[string]int{}, Faults: map[string]int{},
		},
	}, nil
}

// Stats returns the counts so far.
func (t *Traffic) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Events = maps.Clone(s.Events)
	s.Interactions = maps.Clone(s.Interactions)
	s.AppCommands = maps.Clone(s.AppCommands)
	s.PrefixCommands = maps.Clone(s.PrefixCommands)
	s.Faults = maps.Clone(s.Faults)
	s.RateLimits = t.server.RateLimited()
	return s
}

// Run sends until ctx is done, and then returns nil. It ends the outages that it
// started. It returns an error if the server closes, or if Run is already running.
func (t *Traffic) Run(ctx context.Context) error {
	if !t.running.CompareAndSwap(false, true) {
		return errors.New("discordtest: this Traffic is running already")
	}
	defer t.running.Store(false)
	f := &faulter{traffic: t, outages: map[string]time.Time{}}
	defer f.recoverAll()

	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	start, sent := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.server.closing:
			return ErrClosed
		case <-tick.C:
		}
		now := time.Now()
		due := int(now.Sub(start).Seconds() * t.cfg.Rate)
		// After a stall (a suspended laptop, a client that does not read) continue at
		// the rate; catch up on a second's events at most.
		if behind := due - sent - int(t.cfg.Rate); behind > 0 {
			start = start.Add(time.Duration(float64(behind) / t.cfg.Rate * float64(time.Second)))
			due -= behind
		}
		for ; sent < due && ctx.Err() == nil; sent++ {
			t.send(t.plan.next())
		}
		if t.cfg.Faults {
			f.step(now)
		}
	}
}

// Send sends the next n events of the sequence as fast as the sessions receive them,
// without faults.
func (t *Traffic) Send(ctx context.Context, n int) error {
	if !t.running.CompareAndSwap(false, true) {
		return errors.New("discordtest: this Traffic is running already")
	}
	defer t.running.Store(false)
	for range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		select {
		case <-t.server.closing:
			return ErrClosed
		default:
		}
		t.send(t.plan.next())
	}
	return nil
}

// A step is one event of the seed. What depends on the server's state, such as the
// guild and its member, is derived from the draws when the event is sent.
type step struct {
	event   string
	guild   uint32
	member  uint32
	choice  uint32
	kind    InteractionKind
	late    bool
	command string // of an application or prefix command
}

type plan struct {
	cfg    *TrafficConfig
	rng    *rand.Rand
	names  []string
	shares []float64 // cumulative
}

// newRand returns a stream of random numbers for a seed. stream distinguishes the
// streams of one seed by their use.
func newRand(seed int64, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), stream)) //nolint:gosec // a negative seed is as good as any
}

func newPlan(cfg *TrafficConfig) *plan {
	p := &plan{cfg: cfg, rng: newRand(cfg.Seed, 1), names: slices.Sorted(maps.Keys(cfg.Mix))}
	sum := 0.0
	for _, name := range p.names {
		sum += cfg.Mix[name]
		p.shares = append(p.shares, sum)
	}
	return p
}

// interactionShares are percentages.
var interactionShares = []struct {
	kind  InteractionKind
	share int
}{{ApplicationCommand, 55}, {MessageComponent, 25}, {Autocomplete, 14}, {ModalSubmit, 6}}

func (p *plan) next() step {
	x := p.rng.Float64() * p.shares[len(p.shares)-1]
	i, _ := slices.BinarySearch(p.shares, x)
	for p.cfg.Mix[p.names[i]] == 0 { // x was on a boundary
		i = (i + 1) % len(p.names)
	}
	s := step{event: p.names[i], guild: p.rng.Uint32(), member: p.rng.Uint32(), choice: p.rng.Uint32()}
	lot := p.rng.Float64()
	switch s.event {
	case "INTERACTION_CREATE":
		s.late = lot < p.cfg.LateShare
		n := int(s.choice % 100)
		for _, is := range interactionShares {
			s.kind = is.kind
			if n -= is.share; n < 0 {
				break
			}
		}
		s.command = p.cfg.Commands[p.rng.IntN(len(p.cfg.Commands))]
	case "MESSAGE_CREATE":
		if lot < 0.08 {
			s.command = p.cfg.PrefixCommands[p.rng.IntN(len(p.cfg.PrefixCommands))]
		}
	}
	return s
}

// guildFor finds an available guild.
func (t *Traffic) guildFor(draw uint32) *guild {
	n := t.server.world.count()
	for i := range min(n, 16) {
		g := t.server.world.byIndex((pick(draw, n) + i) % n)
		if g == nil {
			return nil // the bot has just left it
		}
		g.mu.Lock()
		if !g.unavailable && !g.gone {
			return g // locked
		}
		g.mu.Unlock()
	}
	return nil
}

var sentences = []string{
	"did anybody see the match?", "lol", "good morning", "I'll be back in five", "that build is finally green",
	"who is up for a round tonight?", "same", "check the pinned message", "thanks, that worked", "no idea, ask again tomorrow",
}

func (t *Traffic) send(st step) {
	s := t.server
	now := s.Now()
	if st.event == "DIRECT_MESSAGE" {
		m := s.Message(s.NewID(now), sentences[pick(st.choice, len(sentences))])
		sent, _ := s.dispatch(botShard{}, "MESSAGE_CREATE", m) // no session: skipped
		t.count("MESSAGE_CREATE", boolInt(sent))
		return
	}
	g := t.guildFor(st.guild)
	if g == nil {
		t.count(st.event, 0)
		return
	}
	defer g.mu.Unlock()
	guildID := g.idString()
	ordinal := g.first
	if n := g.last - g.first; n > 0 {
		ordinal += pick(st.member, n)
	}
	userID, channelID := memberID(g.index, ordinal), g.textChannel(pick(st.choice, textChannels))
	old := objectID(g.id, kindMessage, int(st.choice&0xfff)) // an older message
	var data any
	switch st.event {
	case "MESSAGE_CREATE", "MESSAGE_UPDATE":
		content := sentences[pick(st.choice, len(sentences))]
		if st.command != "" {
			content = t.cfg.Prefix + st.command
		}
		m := MessagePayload{
			ID: s.NewID(now), ChannelID: channelID, GuildID: guildID, Content: content,
			Author: g.user(ordinal), Timestamp: now.UTC().Format(time.RFC3339Nano), Mentions: []any{}, MentionRoles: []string{},
			Attachments: []any{}, Embeds: []byte("[]"), Components: []byte("[]"),
		}
		partial := g.member(ordinal)
		partial.User = nil
		m.Member = partial
		if st.event == "MESSAGE_UPDATE" {
			m.ID, m.EditedTimestamp = old, &m.Timestamp
		}
		data = m
	case "MESSAGE_DELETE":
		data = map[string]any{"id": old, "channel_id": channelID, "guild_id": guildID}
	case "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE":
		data = map[string]any{
			"user_id": userID, "channel_id": channelID, "message_id": old, "guild_id": guildID,
			"emoji": map[string]any{"id": nil, "name": "👍"},
		}
	case "TYPING_START":
		data = map[string]any{
			"channel_id": channelID, "guild_id": guildID, "user_id": userID, "timestamp": now.Unix(), "member": g.member(ordinal),
		}
	case "PRESENCE_UPDATE":
		p := g.presence(ordinal - ordinal%3) // one of those that GUILD_CREATE lists as online
		if ordinal-ordinal%3 < g.first {
			p = g.presence(g.first)
		}
		p.GuildID, p.Status = guildID, []string{"online", "idle", "dnd"}[st.choice%3]
		data = p
	case "VOICE_STATE_UPDATE":
		channel := g.voiceChannel()
		if g.voice[userID] != "" {
			channel = ""
		}
		sent, _ := s.voiceUpdate(g, userID, channel)
		t.count(st.event, sent)
		return
	case "GUILD_MEMBER_ADD":
		_, sent, _ := s.memberAdd(g)
		t.count(st.event, sent)
		return
	case "GUILD_MEMBER_REMOVE":
		if g.first >= g.last {
			t.count(st.event, 0)
			return
		}
		_, sent, _ := s.memberRemove(g)
		t.count(st.event, sent)
		return
	case "GUILD_MEMBER_UPDATE":
		m := g.member(ordinal)
		nick := "nick" + strconv.Itoa(int(st.choice%1000))
		m.GuildID, m.Nick = guildID, &nick
		data = m
	case "GUILD_UPDATE":
		g.name = "Guild " + strconv.Itoa(g.index) + "." + strconv.Itoa(int(st.choice%100))
		data = g.update()
	case "CHANNEL_UPDATE":
		cs := g.channels()
		c := cs[pick(st.choice, len(cs))]
		c.GuildID = guildID
		data = c
	case "THREAD_UPDATE":
		data = g.threads()[0]
	case "GUILD_ROLE_UPDATE":
		rs := g.roles()
		data = map[string]any{"guild_id": guildID, "role": rs[pick(st.choice, len(rs))]}
	case "GUILD_AUDIT_LOG_ENTRY_CREATE":
		data = map[string]any{
			"id": s.NewID(now), "guild_id": guildID, "user_id": userID, "target_id": guildID, "action_type": 1, "changes": []any{},
		}
	case "INVITE_CREATE":
		data = map[string]any{
			"channel_id": channelID, "guild_id": guildID, "code": strconv.FormatUint(uint64(st.choice), 36),
			"created_at": now.UTC().Format(time.RFC3339), "max_age": 86400, "max_uses": 0, "temporary": false, "uses": 0,
		}
	case "VOICE_CHANNEL_STATUS_UPDATE":
		data = map[string]any{"id": g.voiceChannel(), "guild_id": guildID, "status": "playing"}
	case "GUILD_JOIN_REQUEST_UPDATE":
		data = map[string]any{"guild_id": guildID, "status": "SUBMITTED", "request": map[string]any{"id": s.NewID(now), "user_id": userID}}
	case "INTERACTION_CREATE":
		t.interact(st, g, now)
		return
	}
	sent, _ := s.tell(g, st.event, data)
	t.count(st.event, sent)
	if st.event == "MESSAGE_CREATE" && st.command != "" && sent > 0 {
		t.mu.Lock()
		t.stats.PrefixCommands[st.command] += sent
		t.mu.Unlock()
	}
}

// interact sends an interaction. g.mu is held.
func (t *Traffic) interact(st step, g *guild, now time.Time) {
	created, status := now, "received"
	if st.late {
		created, status = now.Add(-interactionDeadline-500*time.Millisecond-time.Duration(st.choice%3000)*time.Millisecond), "expired"
	}
	name, opts := "button-"+strconv.Itoa(int(st.choice%5)), []InteractionOption{InGuild(g.idString())}
	if st.kind == ApplicationCommand || st.kind == Autocomplete {
		var sub []string
		name, sub = commandWords(st.command)
		opts = append(opts, WithSubcommand(sub...))
	}
	p := t.server.Interaction(st.kind, created, name, opts...)
	sent, _ := t.server.tell(g, "INTERACTION_CREATE", p)
	t.count("INTERACTION_CREATE", sent)
	if sent == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.Interactions[InteractionKey{st.kind.String(), status}] += sent
	if st.kind == ApplicationCommand {
		t.stats.AppCommands[st.command] += sent
	}
}

func (t *Traffic) count(event string, sent int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sent == 0 {
		t.stats.Skipped++
		return
	}
	t.stats.Events[event] += sent
}

// pick converts a draw to an index below n.
func pick(draw uint32, n int) int { return int(int64(draw) % int64(n)) }

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
