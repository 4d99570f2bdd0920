package instrument

import (
	"slices"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

var (
	locales      = catalog.Locales()
	contexts     = catalog.InteractionContexts()
	contextOther = slices.Index(contexts, catalog.Other)
)

// answers complete the body of an event, by outcome.
var answers = map[int]string{
	ackInTime:     "was answered in time",
	ackLate:       "was answered too late",
	ackRejected:   "had no answer that Discord accepted",
	ackMissed:     "was not answered",
	ackElsewhere:  "was answered by another process",
	ackSuperseded: "was superseded: the user typed on",
	// With acknowledgements off, or at the end of the process.
	outcomeUnknown: "ended",
}

// completed takes an interaction that is over.
func (l *eventLog) completed(t *tracked, at time.Time) {
	if l == nil {
		return
	}
	done := *t // what comes too late may still change t
	l.add(t.ctx, catalog.EventInteractionCompleted.Name, at, func(r *record) { l.complete(r, &done) })
}

// lost counts an interaction that will have no event.
func (l *eventLog) lost() {
	if l != nil {
		l.evicted.n.Add(1)
	}
}

func (l *eventLog) complete(r *record, t *tracked) {
	failed := t.errorType != ""
	r.warnIf(failed || t.outcome == ackLate || t.outcome == ackRejected || t.outcome == ackMissed)
	r.text(catalog.AttrType, interactionTypes[t.kind])
	of := ackSeries{t.kind, t.command}
	if of.ofCommand() {
		r.text(catalog.AttrCommand, t.command.name)
	}
	r.body = of.title() + " " + answers[t.outcome]
	if failed {
		r.body += ", and a handler failed"
	}
	r.body += "."
	if t.shard != nil {
		r.text(catalog.AttrShard, t.shard.label)
	}
	if t.outcome != outcomeUnknown {
		r.text(catalog.AttrOutcome, ackOutcomes[t.outcome])
	}
	if failed {
		r.text(catalog.AttrErrorType, t.errorType)
	}
	r.durations(t)
	l.about(r, t)
}

func (r *record) durations(t *tracked) {
	if t.aged {
		r.seconds(catalog.AttrReceiptAge, t.age)
	}
	if t.answer > 0 {
		r.seconds(catalog.AttrAnswerDuration, t.answer)
	}
	if t.handled {
		r.seconds(catalog.AttrHandlerDuration, t.handling)
	}
}

// about adds who made an interaction, and where, as far as that is wanted and known.
func (l *eventLog) about(r *record, t *tracked) {
	has := t.about.has
	if has&wire.HasLocale != 0 {
		r.text(catalog.AttrLocale, locales[t.about.locale])
	}
	if has&wire.HasContext != 0 {
		r.text(catalog.AttrContext, contexts[min(t.about.context, contextOther)])
	}
	switch has & (wire.GuildInstall | wire.UserInstall) {
	case wire.GuildInstall:
		r.text(catalog.AttrInstallation, catalog.InstallationGuild)
	case wire.UserInstall:
		r.text(catalog.AttrInstallation, catalog.InstallationUser)
	case wire.GuildInstall | wire.UserInstall:
		r.text(catalog.AttrInstallation, catalog.InstallationBoth)
	}
	if t.about.guilds != nil {
		r.size(t.about.guilds.membersOf(t.about.guild))
	}
	l.guildID(r, t.about.guild)
	if user := t.about.user; l.users != nil && user != 0 {
		r.text(catalog.AttrUserHash, l.users.Of(user, t.at))
	}
}
