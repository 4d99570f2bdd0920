package pastday

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A Config says what the day is made of.
type Config struct {
	End      time.Time // of the day; whole hours
	Seed     int64
	Guilds   []string // their ids
	Commands []string // one that is there three times is used three times as often
	// Place returns the process and the shard that a guild belongs to.
	Place func(guild string) (process, shard int)
	// Interactions is about how many there are.
	Interactions int
}

// An Event is a log record of the process with that number and that version of the bot.
type Event struct {
	Process int
	Version string
	Record  log.Record
}

// The versions of the bot before and after the release.
const (
	Before = "2.13.4"
	After  = "2.14.0"
)

// When things happen, counted from the beginning of the day.
const (
	release       = 9 * time.Hour
	incidentBegin = 19*time.Hour + 7*time.Minute
	incidentEnd   = incidentBegin + 43*time.Minute
	outage        = 14*time.Hour + 31*time.Minute
)

// length of a day.
const length = 24 * time.Hour

// Make returns the events of a day, the oldest first.
func Make(c Config) []Event {
	d := &day{Config: c, rng: rand.New(rand.NewPCG(uint64(c.Seed), uint64(c.End.Unix())))} //nolint:gosec // negative numbers make as good a seed
	for range c.Interactions {
		d.interaction()
	}
	d.guildEvents()
	slices.SortStableFunc(d.events, func(a, b Event) int { return a.Record.Timestamp().Compare(b.Record.Timestamp()) })
	return d.events
}

// A day is one that is being made.
type day struct {
	Config
	rng    *rand.Rand
	events []Event
}

// moment returns a time of the day, more often in the evening (UTC) than at night.
func (d *day) moment() time.Duration {
	for {
		at := time.Duration(d.rng.Int64N(int64(length)))
		hour := float64(d.begin().Add(at).Hour()) + float64(d.begin().Add(at).Minute())/60
		if busy := 0.55 - 0.45*math.Cos((hour-7)/24*2*math.Pi); d.rng.Float64() < busy {
			return at
		}
	}
}

func (d *day) begin() time.Time { return d.End.Add(-length) }

// emit keeps an event.
func (d *day) emit(process int, at time.Duration, of catalog.LogEvent, warn bool, body string, attributes ...attribute.KeyValue) {
	var r log.Record
	when := d.begin().Add(min(at, length))
	r.SetEventName(of.Name)
	r.SetTimestamp(when)
	r.SetObservedTimestamp(when)
	r.SetSeverity(log.SeverityInfo)
	if warn {
		r.SetSeverity(log.SeverityWarn)
	}
	r.SetSeverityText(r.Severity().String())
	r.SetBody(attribute.StringValue(body))
	r.AddAttributes(attribute.String(catalog.AttrRecordUID, d.id(when)))
	r.AddAttributes(attributes...)
	version := After
	if at < release {
		version = Before
	}
	d.events = append(d.events, Event{process, version, r})
}

// id returns a UUID of version 7, made of the day's random numbers.
func (d *day) id(at time.Time) string {
	const digits = "0123456789abcdef"
	hex := func(n int) string {
		text := make([]byte, n)
		for i := range text {
			text[i] = digits[d.rng.IntN(len(digits))]
		}
		return string(text)
	}
	millis := strconv.FormatInt(at.UnixMilli(), 16)
	for len(millis) < 12 {
		millis = "0" + millis
	}
	return millis[:8] + "-" + millis[8:] + "-7" + hex(3) + "-" + string("89ab"[d.rng.IntN(4)]) + hex(3) + "-" + hex(12)
}

// A guild is one of the bot's. The first ones are the largest and use it most.
type guild struct {
	rank int
	id   string
}

func (d *day) guild() guild {
	rank := int(math.Exp(d.rng.Float64()*math.Log(float64(len(d.Guilds)+1)))) - 1
	return guild{rank, d.Guilds[rank]}
}

func (g guild) attributes() []attribute.KeyValue {
	size := catalog.GuildSizeTiny
	switch {
	case g.rank < 3:
		size = catalog.GuildSizeLarge
	case g.rank < 20:
		size = catalog.GuildSizeMedium
	case g.rank < 120:
		size = catalog.GuildSizeSmall
	}
	return []attribute.KeyValue{attribute.String(catalog.AttrGuildSize, size), attribute.String(catalog.AttrGuildID, g.id)}
}

// place returns the process that a guild's shard is in, and the shard.
func (d *day) place(g guild) (process int, shard attribute.KeyValue) {
	process, n := d.Place(g.id)
	return process, attribute.String(catalog.AttrShard, strconv.Itoa(n))
}

// guildEvents are joins, leaves, and an outage of a few guilds.
func (d *day) guildEvents() {
	one := func(at time.Duration, g guild, of catalog.LogEvent) {
		process, shard := d.place(g)
		d.emit(process, at, of, of.Warning == catalog.Always, of.Body, append([]attribute.KeyValue{shard}, g.attributes()...)...)
	}
	for range cmp.Or(len(d.Guilds)/40, 1) {
		one(d.moment(), d.guild(), catalog.EventGuildJoined)
	}
	for range cmp.Or(len(d.Guilds)/60, 1) {
		one(d.moment(), d.guild(), catalog.EventGuildLeft)
	}
	for n := range min(12, len(d.Guilds)) {
		g := guild{rank: n * len(d.Guilds) / 12, id: d.Guilds[n*len(d.Guilds)/12]}
		one(outage+time.Duration(d.rng.Int64N(int64(20*time.Second))), g, catalog.EventGuildUnavailable)
	}
}
