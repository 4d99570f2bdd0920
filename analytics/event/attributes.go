package event

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/argus-dgo/argus/internal/catalog"
)

// An attribute is one of the log record, and the field that it goes to.
type attribute struct {
	name string
	of   func(*Row) any // a texts, floats, counts or guilds
}

type (
	texts  struct{ *sql.Null[string] }
	floats struct{ *sql.Null[float64] }
	counts struct{ *sql.Null[uint32] }
	guilds struct{ *sql.Null[uint64] }
)

var attributes = []attribute{
	{catalog.AttrShard, func(r *Row) any { return texts{&r.Shard} }},
	{catalog.AttrGuildID, func(r *Row) any { return guilds{&r.GuildID} }},
	{catalog.AttrGuildSize, func(r *Row) any { return texts{&r.GuildSize} }},
	{catalog.AttrType, func(r *Row) any { return texts{&r.Type} }},
	{catalog.AttrCommand, func(r *Row) any { return texts{&r.Command} }},
	{catalog.AttrOutcome, func(r *Row) any { return texts{&r.Outcome} }},
	{catalog.AttrErrorType, func(r *Row) any { return texts{&r.ErrorType} }},
	{catalog.AttrReceiptAge, func(r *Row) any { return floats{&r.ReceiptAge} }},
	{catalog.AttrAnswerDuration, func(r *Row) any { return floats{&r.AnswerDuration} }},
	{catalog.AttrHandlerDuration, func(r *Row) any { return floats{&r.HandlerDuration} }},
	{catalog.AttrLocale, func(r *Row) any { return texts{&r.Locale} }},
	{catalog.AttrContext, func(r *Row) any { return texts{&r.Context} }},
	{catalog.AttrInstallation, func(r *Row) any { return texts{&r.Installation} }},
	{catalog.AttrUserHash, func(r *Row) any { return texts{&r.UserHash} }},
	{catalog.AttrCloseCode, func(r *Row) any { return texts{&r.CloseCode} }},
	{catalog.AttrInitiator, func(r *Row) any { return texts{&r.CloseInitiator} }},
	{catalog.AttrConnectionDuration, func(r *Row) any { return floats{&r.ConnectionDuration} }},
	{catalog.AttrRateLimitScope, func(r *Row) any { return texts{&r.RateLimitScope} }},
	{catalog.AttrURLTemplate, func(r *Row) any { return texts{&r.Route} }},
	{catalog.AttrMethod, func(r *Row) any { return texts{&r.Method} }},
	{catalog.AttrRetryAfter, func(r *Row) any { return floats{&r.RetryAfter} }},
	{catalog.AttrStartRemaining, func(r *Row) any { return counts{&r.SessionStartsRemaining} }},
	{catalog.AttrStartLimit, func(r *Row) any { return counts{&r.SessionStartsLimit} }},
	{catalog.AttrStartResetAfter, func(r *Row) any { return floats{&r.SessionStartsReset} }},
	{catalog.AttrStartConcurrency, func(r *Row) any { return counts{&r.SessionStartsAtOnce} }},
}

var byName = func() map[string]func(*Row) any {
	all := make(map[string]func(*Row) any, len(attributes))
	for _, a := range attributes {
		all[a.name] = a.of
	}
	return all
}()

// The errors of a value. None has the value: it may be anything.
var (
	errID    = errors.New("is not a UUID")
	errType  = errors.New("has another type than docs/EVENTS.md says")
	errGuild = errors.New("is not the decimal id of a guild")
	errRange = errors.New("is not a number that an event can have")
)

func of(name string, err error) error { return fmt.Errorf("the attribute %s %w", name, err) }

// Text sets the column of an attribute whose value is a string. Attributes that no column
// has are left out: later versions may have more of them.
func (r *Row) Text(name, value string) error {
	if name == catalog.AttrRecordUID {
		id, err := ParseID(value)
		if err != nil {
			return of(name, err)
		}
		r.ID = id
		return nil
	}
	field, known := byName[name]
	if !known {
		return nil
	}
	switch f := field(r).(type) {
	case texts:
		f.V, f.Valid = value, true
	case guilds:
		id, err := strconv.ParseUint(value, 10, 64)
		if err != nil || id == 0 {
			return of(name, errGuild)
		}
		f.V, f.Valid = id, true
	default:
		return of(name, errType)
	}
	return nil
}

// Int sets the column of an attribute whose value is an integer, as [Row.Text] does.
func (r *Row) Int(name string, value int64) error {
	field, known := byName[name]
	if !known {
		return nil
	}
	switch f := field(r).(type) {
	case counts:
		if value < 0 || value > math.MaxUint32 {
			return of(name, errRange)
		}
		f.V, f.Valid = uint32(value), true
	case floats: // OTLP's JSON may have 1 for 1.0
		return r.Float(name, float64(value))
	default:
		return of(name, errType)
	}
	return nil
}

// Float sets the column of an attribute whose value is a float, as [Row.Text] does.
func (r *Row) Float(name string, value float64) error {
	field, known := byName[name]
	if !known {
		return nil
	}
	f, is := field(r).(floats)
	if !is {
		return of(name, errType)
	}
	if !(value >= 0 && value <= math.MaxFloat32) { // NaN, too
		return of(name, errRange)
	}
	f.V, f.Valid = value, true
	return nil
}

// Resource sets the column of an attribute of the resource: cluster, bot, region or
// service.version. Others are left out.
func (r *Row) Resource(name, value string) {
	switch name {
	case "cluster":
		r.Cluster = value
	case "bot":
		r.Bot = value
	case "region":
		r.Region = value
	case "service.version":
		r.Version = value
	}
}
