package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// baselineKey is the annotation of a silence that ends when it gets worse.
const baselineKey = "argus_baseline"

var (
	errOutside = fmt.Errorf("the Alertmanagers of %s keep the silences: use their page or amtool", settingURL)

	// ErrNothingToMute is the error of a mute that is to end when it gets worse and
	// that no firing alert matches: there is nothing to compare with.
	ErrNothingToMute = errors.New("no firing alert matches: make a mute that does not end when it gets worse")
	// ErrNoSuchMute is the error of an id that is not known, or was forgotten.
	ErrNoSuchMute = errors.New("no such mute")
)

// A Matcher selects alerts by one label.
type Matcher struct {
	Label    string `json:"label"`
	Operator string `json:"operator"` // "=", "!=", "=~" or "!~"
	Value    string `json:"value"`
}

// A MuteRequest asks for a silence.
type MuteRequest struct {
	Matchers    []Matcher // all of them match
	Until       time.Time
	Comment, By string
	// EndIfWorse ends the mute when an alert with another name starts to match, the
	// severity of one rises, or their number doubles and grows by three at least.
	EndIfWorse bool
}

// A Mute is a silence that is in force or starts later, whoever made it.
type Mute struct {
	ID          string      `json:"id"`
	Matchers    [][]Matcher `json:"matchers"` // all of one of these lists match
	From        time.Time   `json:"from"`
	Until       time.Time   `json:"until"`
	Comment     string      `json:"comment"`
	By          string      `json:"by"`
	EndsIfWorse bool        `json:"endsIfWorse"`
	Alerts      int         `json:"alerts"` // that fire and match
}

// Mute makes a silence and returns its id.
func (n *Notifier) Mute(ctx context.Context, r MuteRequest) (string, error) {
	if n.embedded == nil {
		return "", errOutside
	}
	return n.embedded.mute(ctx, r)
}

// Unmute ends a silence.
func (n *Notifier) Unmute(ctx context.Context, id string) error {
	if n.embedded == nil {
		return errOutside
	}
	err := n.embedded.silences.Expire(ctx, id)
	if errors.Is(err, silence.ErrNotFound) {
		return ErrNoSuchMute
	}
	return err
}

// Mutes returns the silences that are in force or start later, by their end.
func (n *Notifier) Mutes(ctx context.Context) ([]Mute, error) {
	if n.embedded == nil {
		return nil, errOutside
	}
	all, err := n.embedded.silencesNow(ctx, silence.SilenceStateActive, silence.SilenceStatePending)
	if err != nil {
		return nil, err
	}
	active := n.embedded.active()
	mutes := make([]Mute, len(all))
	for i, s := range all {
		mutes[i] = s.mute(active)
	}
	slices.SortFunc(mutes, func(a, b Mute) int {
		return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.ID, b.ID))
	})
	return mutes, nil
}

func (e *embedded) mute(ctx context.Context, r MuteRequest) (string, error) {
	switch {
	case len(r.Matchers) == 0:
		return "", errors.New("a mute needs a matcher: without one it would mute everything")
	case !r.Until.After(time.Now()):
		return "", fmt.Errorf("a mute needs an end in the future: %s has passed", r.Until.UTC().Format(time.RFC3339))
	case r.By == "":
		return "", errors.New("a mute needs the name of who made it")
	}
	var matchers labels.Matchers
	set := &silencepb.MatcherSet{}
	for _, m := range r.Matchers {
		op, ok := operators[m.Operator]
		if !ok {
			return "", fmt.Errorf("%q is not an operator of a matcher (=, !=, =~, !~)", m.Operator)
		}
		matcher, err := labels.NewMatcher(op.match, m.Label, m.Value)
		if err != nil {
			return "", fmt.Errorf("matcher of label %q: %w", m.Label, err)
		}
		matchers = append(matchers, matcher)
		set.Matchers = append(set.Matchers, &silencepb.Matcher{Type: op.stored, Name: m.Label, Pattern: m.Value})
	}
	s := &silencepb.Silence{
		MatcherSets: []*silencepb.MatcherSet{set},
		EndsAt:      timestamppb.New(r.Until),
		Comment:     r.Comment,
		CreatedBy:   r.By,
	}
	if r.EndIfWorse {
		firing := e.told(ctx, matching(e.active(), matchers.Matches))
		if len(firing) == 0 {
			return "", ErrNothingToMute
		}
		text, err := json.Marshal(measure(firing))
		if err != nil {
			return "", err
		}
		s.Annotations = map[string]string{baselineKey: string(text)}
	}
	if err := e.silences.Set(ctx, s); err != nil {
		return "", err
	}
	return s.Id, nil
}

// told returns the alerts that no other alert inhibits.
func (e *embedded) told(ctx context.Context, alerts []*alert.Alert) []*alert.Alert {
	inhibitor := e.current.Load().inhibitor
	return slices.DeleteFunc(alerts, func(a *alert.Alert) bool {
		by, _ := e.causeOf(ctx, inhibitor, a)
		return by != nil
	})
}

// endMutes ends the mutes below which it got worse.
func (e *embedded) endMutes(ctx context.Context, now time.Time) error {
	all, err := e.silencesNow(ctx, silence.SilenceStateActive)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s storedSilence) bool { return s.Annotations[baselineKey] == "" })
	if len(all) == 0 {
		return nil
	}
	// A consequence may start before its cause, which inhibits it.
	settled := slices.DeleteFunc(e.active(), func(a *alert.Alert) bool { return now.Sub(a.StartsAt) < e.timing.settle })
	ended := false
	for _, s := range all {
		var was baseline
		if json.Unmarshal([]byte(s.Annotations[baselineKey]), &was) != nil {
			continue // somebody else's annotation
		}
		reason := was.worse(measure(e.told(ctx, matching(settled, s.matches))))
		if reason == "" {
			continue
		}
		if err := e.silences.Expire(ctx, s.Id); err != nil {
			return err
		}
		e.counters.endedEarly.Add(1)
		e.log.Warn("A mute ended because it got worse", "id", s.Id, "by", s.CreatedBy, "reason", reason)
		e.muteEnded(s.mute(settled), reason)
		ended = true
	}
	if ended {
		return e.regroup()
	}
	return nil
}

// regroup makes the groups anew. They tell what is old enough at once, and not at their
// next turn, which may be minutes away; what has been told is in the notification log.
func (e *embedded) regroup() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.replace(e.current.Load().config)
}

// A storedSilence is a silence with its matchers ready.
type storedSilence struct {
	*silencepb.Silence
	sets []labels.Matchers
}

func (e *embedded) silencesNow(ctx context.Context, states ...silence.SilenceState) ([]storedSilence, error) {
	found, _, err := e.silences.Query(ctx, silence.QState(states...))
	if err != nil {
		return nil, err
	}
	all := make([]storedSilence, 0, len(found))
	for _, s := range found {
		stored := storedSilence{Silence: s}
		for _, set := range s.MatcherSets {
			var matchers labels.Matchers
			for _, m := range set.Matchers {
				matcher, err := labels.NewMatcher(matchTypes[m.Type], m.Name, m.Pattern)
				if err != nil {
					return nil, fmt.Errorf("silence %s: %w", s.Id, err)
				}
				matchers = append(matchers, matcher)
			}
			stored.sets = append(stored.sets, matchers)
		}
		all = append(all, stored)
	}
	return all, nil
}

func (s storedSilence) matches(l model.LabelSet) bool {
	return slices.ContainsFunc(s.sets, func(m labels.Matchers) bool { return m.Matches(l) })
}

func (s storedSilence) mute(active []*alert.Alert) Mute {
	m := Mute{
		ID:          s.Id,
		From:        s.StartsAt.AsTime(),
		Until:       s.EndsAt.AsTime(),
		Comment:     s.Comment,
		By:          s.CreatedBy,
		EndsIfWorse: s.Annotations[baselineKey] != "",
		Alerts:      len(matching(active, s.matches)),
	}
	for _, set := range s.sets {
		var list []Matcher
		for _, x := range set {
			list = append(list, Matcher{Label: x.Name, Operator: x.Type.String(), Value: x.Value})
		}
		m.Matchers = append(m.Matchers, list)
	}
	return m
}

var (
	operators = map[string]struct {
		match  labels.MatchType
		stored silencepb.Matcher_Type
	}{
		"=":  {labels.MatchEqual, silencepb.Matcher_EQUAL},
		"!=": {labels.MatchNotEqual, silencepb.Matcher_NOT_EQUAL},
		"=~": {labels.MatchRegexp, silencepb.Matcher_REGEXP},
		"!~": {labels.MatchNotRegexp, silencepb.Matcher_NOT_REGEXP},
	}
	matchTypes = map[silencepb.Matcher_Type]labels.MatchType{
		silencepb.Matcher_EQUAL:      labels.MatchEqual,
		silencepb.Matcher_NOT_EQUAL:  labels.MatchNotEqual,
		silencepb.Matcher_REGEXP:     labels.MatchRegexp,
		silencepb.Matcher_NOT_REGEXP: labels.MatchNotRegexp,
	}
)
