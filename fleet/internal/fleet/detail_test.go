package fleet

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/members"
)

// conforms checks a document against the description of the API.
func conforms(t *testing.T, schema string, document any) {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	content["now"] = time.Now().UTC().Format(time.RFC3339)
	if err := openAPI(t)(schema).Validate(content); err != nil {
		t.Error(err)
	}
}

// detail is the page of a cluster.
func (r *replay) detail(t *testing.T, p members.Place) *documents.Detail {
	t.Helper()
	in := r.Input()
	o, err := documents.MakeOverview(t.Context(), in, documents.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := documents.MakeDetail(t.Context(), in, o, p, time.Hour, []documents.Mark{})
	if err != nil {
		t.Fatal(err)
	}
	conforms(t, "ClusterDetail", d)
	return d
}

// TestGoneShards: a cluster that is gone has its shards as of its last report, and each
// process that was there the sessions that it has started.
func TestGoneShards(t *testing.T) {
	c, well := newChannel(t), readTape(t, "plays", "calm")
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, c, time.Minute)
		defer r.close()
		a := r.start(well, "bots", "calm", "first", well.clusters())
		for range 8 {
			r.step(a, 100)
		}
		last := time.Now().Add(-tapeStep)
		place := members.Place{Job: "bots", Bot: "calm", Cluster: well.clusters()[0]}
		before := r.detail(t, place)
		time.Sleep(10 * time.Minute) //nolint:forbidigo // by the clock of the bubble
		d := r.detail(t, place)
		if d.Cluster.State != "gone" || !d.ShardsAt.Equal(last) || len(before.Shards) == 0 || len(d.Shards) != len(before.Shards) {
			t.Fatalf("%s, as of %v instead of %v; %d shards, and %d before", d.Cluster.State, d.ShardsAt, last, len(d.Shards), len(before.Shards))
		}
		for i, s := range d.Shards {
			if s.Up == nil || !*s.Up || s.State == nil || s.HeartbeatAge == nil || *s.HeartbeatAge > 60 || s.Shard.Shard != before.Shards[i].Shard.Shard {
				t.Errorf("%+v", s)
			}
		}
		b := r.start(well, "bots", "calm", "second", well.clusters())
		for range 8 {
			r.step(b, 100)
		}
		d = r.detail(t, place)
		if len(d.Incarnations) != 2 || d.ShardsAt.Before(last.Add(10*time.Minute)) {
			t.Fatalf("%+v", d)
		}
		for _, i := range d.Incarnations {
			if i.SessionStarts == nil || *i.SessionStarts != len(d.Shards) {
				t.Errorf("%s started %v sessions for %d shards", i.Instance, i.SessionStarts, len(d.Shards))
			}
		}
	})
}

// TestWhatFollows: an alert that another one inhibits is in a state of its own, with its
// cause, and so is one that is muted; a mute says that it ends early.
func TestWhatFollows(t *testing.T) {
	c, bad := newChannel(t), readTape(t, "incidents", "token-was-reset")
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, c, time.Minute)
		defer r.close()
		a := r.start(bad, "bots", "", "first", bad.clusters())
		for range bad.steps - lead {
			r.step(a, 100)
		}
		states := func() map[string]map[string]int {
			document, err := r.Alerts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conforms(t, "Alerts", document)
			of := map[string]map[string]int{}
			n := documents.AlertCounts{}
			for _, one := range document.Alerts {
				if of[one.Name] == nil {
					of[one.Name] = map[string]int{}
				}
				of[one.Name][one.State]++
				*map[string]*int{"firing": &n.Firing, "pending": &n.Pending, "inhibited": &n.Inhibited, "muted": &n.Muted}[one.State]++
				if by := one.InhibitedBy["alertname"]; (one.Name == "DiscordShardDown") != (by == "DiscordFatalClose") {
					t.Errorf("%s is inhibited by %q", one.Name, by)
				}
			}
			if counts, err := r.Counts(t.Context()); err != nil || counts != n {
				t.Errorf("the counts are %+v, %v, and of the document %+v", counts, err, n)
			}
			return of
		}
		of := states()
		if of["DiscordFatalClose"]["firing"] != 1 || of["DiscordShardDown"]["inhibited"] != 2 {
			t.Fatalf("the states are %v", of)
		}
		id, err := r.Mute(t.Context(), []documents.Matcher{{Name: "alertname", Op: "=", Value: "DiscordFatalClose"}}, time.Now().Add(time.Hour), "operator", "known")
		if err != nil {
			t.Fatal(err)
		}
		if of = states(); of["DiscordFatalClose"]["muted"] != 1 {
			t.Errorf("the states are %v", of)
		}
		mutes, err := r.mutes(t.Context())
		if err != nil || len(mutes) != 1 || mutes[0].ID != id || !mutes[0].EndsIfWorse {
			t.Errorf("%+v, %v", mutes, err)
		}
	})
}
