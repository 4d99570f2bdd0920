package pastday

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/argus-dgo/argus/internal/catalog"
)

// interaction makes one that is complete.
func (d *day) interaction() {
	at, g := d.moment(), d.guild()
	process, shard := d.place(g)
	command := d.Commands[d.rng.IntN(len(d.Commands))]
	run := d.run(at, command)
	attributes := []attribute.KeyValue{
		attribute.String(catalog.AttrType, "application_command"),
		attribute.String(catalog.AttrCommand, command), shard,
		attribute.String(catalog.AttrOutcome, run.outcome),
		attribute.Float64(catalog.AttrReceiptAge, 0.05+0.1*d.rng.ExpFloat64()),
		attribute.Float64(catalog.AttrHandlerDuration, run.duration.Seconds()),
		attribute.String(catalog.AttrLocale, d.pick(locales)),
	}
	if run.outcome == catalog.AckInTime {
		attributes = append(attributes, attribute.Float64(catalog.AttrAnswerDuration, min(run.duration.Seconds(), 2.5)))
	}
	if run.failure != "" {
		attributes = append(attributes, attribute.String(catalog.AttrErrorType, run.failure))
	}
	place, installation := catalog.ContextGuild, catalog.InstallationGuild
	switch n := d.rng.Float64(); {
	case n < 0.03:
		place = catalog.ContextBotDM
	case n < 0.08:
		place, installation = catalog.ContextPrivateChannel, catalog.InstallationUser
	case n < 0.12:
		installation = catalog.InstallationUser
	}
	attributes = append(attributes, attribute.String(catalog.AttrContext, place), attribute.String(catalog.AttrInstallation, installation))
	if place == catalog.ContextGuild {
		attributes = append(attributes, g.attributes()...)
	}
	attributes = append(attributes, attribute.String(catalog.AttrUserHash, d.user(at)))
	warn := run.failure != "" || run.outcome != catalog.AckInTime
	d.emit(process, at+run.duration, catalog.EventInteractionCompleted, warn, bodies[run.outcome](command, run.failure != ""), attributes...)
}

// A run is how a command went.
type run struct {
	duration time.Duration
	outcome  string
	failure  string // the type of the error
}

// run makes a command slower after the release, and several ones fail in the incident.
func (d *day) run(at time.Duration, command string) run {
	slower := 1.0
	if at >= release && command == d.slower() {
		slower = 2.4
	}
	seconds := typical(command) * slower * math.Exp(0.5*d.rng.NormFloat64())
	r := run{outcome: catalog.AckInTime}
	chance := d.rng.Float64()
	switch hit := at >= incidentBegin && at < incidentEnd && command != d.Commands[0]; {
	case hit && chance < 0.45:
		seconds = 4 + 3*d.rng.Float64()
		r.outcome, r.failure = catalog.AckMissed, "context.deadlineExceededError"
	case hit && chance < 0.6:
		seconds = 3.1 + d.rng.Float64()
		r.outcome = catalog.AckLate
	case chance > 0.994:
		r.failure = "*discordgo.RESTError"
	case chance > 0.990:
		r.failure = "*errors.errorString"
	}
	r.duration = time.Duration(min(seconds, 12) * float64(time.Second))
	return r
}

// slower is the command that the release made slower: the last one by name.
func (d *day) slower() string { return slices.Max(d.Commands) }

// typical is how long a command takes, in seconds: some are quick and some are not, by
// their names.
func typical(command string) float64 {
	sum := sha256.Sum256([]byte(command))
	return 0.03 * math.Pow(12, float64(sum[0])/255)
}

// user returns the pseudonym of one of the users that come at this time: of many, some come
// often. Days in UTC have pseudonyms of their own.
func (d *day) user(at time.Duration) string {
	n := int(d.rng.ExpFloat64() * float64(d.Interactions) / 12)
	sum := sha256.Sum256([]byte(d.begin().Add(at).UTC().Format(time.DateOnly) + strconv.FormatInt(d.Seed, 10) + ":" + strconv.Itoa(n)))
	return hex.EncodeToString(sum[:16])
}

// A share is a value and how often it comes, of 1.
type share struct {
	value string
	of    float64
}

var locales = []share{{"en-US", 0.44}, {"de", 0.13}, {"fr", 0.1}, {"pt-BR", 0.1}, {"es-ES", 0.08}, {"tr", 0.06}, {"pl", 0.05}, {"en-GB", 0.04}}

// pick returns one of the values.
func (d *day) pick(from []share) string {
	n := d.rng.Float64()
	for _, s := range from {
		if n -= s.of; n < 0 {
			return s.value
		}
	}
	return from[0].value
}

var bodies = map[string]func(command string, failed bool) string{
	catalog.AckInTime: body("was answered in time"),
	catalog.AckLate:   body("was answered too late"),
	catalog.AckMissed: body("was not answered"),
}

func body(what string) func(string, bool) string {
	return func(command string, failed bool) string {
		text := "application_command " + command + " " + what
		if failed {
			text += ", and a handler failed"
		}
		return text + "."
	}
}
