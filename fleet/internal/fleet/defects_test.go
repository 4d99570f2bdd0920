package fleet

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	argus "github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/fleet/internal/members"
)

// What a fleet must not get wrong, with the number that it has in the list of such
// defects, and the test that holds it:
//
//	D2   a cluster without interactions breaks no document     documents.TestIdle
//	D3   a fleet that has lost its data knows everybody again  TestDefects
//	D4   who is refused learns it, and so does its operator    TestWrongToken, TestDefects
//	D5   a process that has lost its disk takes its place      TestDefects
//	D6   what a dead cluster said last is in no sum            documents.TestGoneIsInNoSum, TestGoneShards
//	D7   shards are known, and unknown is not well             TestBots, documents.TestUnknown
//	D8   rates and quantiles are of the last minutes           TestDefects
//	D14  history is there before anybody looks, and stays      TestDefects
//	D15  a page serves everything that it refers to            page.TestPathsOfThePage, TestDefects
//	D16  two regions may have clusters with the same name      documents.TestRegionsAreApart, members.TestNumbers
//	D17  a moved process is no duplicate, and two at one       members.TestEnds, members.TestDuplicate
//	     place are, whatever their addresses
//	D19  a process is judged by its own interval               members.TestLost, members.TestLongInterval
func TestDefects(t *testing.T) {
	t.Run("D3 a fleet that has lost its data knows everybody again", func(t *testing.T) {
		t.Parallel()
		c, well := newChannel(t), readTape(t, "plays", "calm")
		synctest.Test(t, func(t *testing.T) {
			r := newReplay(t, c, time.Minute)
			defer func() { r.close() }()
			a := r.start(well, "bots", "calm", "first", well.clusters())
			for range 4 {
				r.step(a, 100)
			}
			before := r.overview(t)
			r.reopen(t, true)
			r.step(a, 100)
			if after := r.overview(t); after.Totals.Shards.Up != before.Totals.Shards.Up || before.Totals.Shards.Up == 0 || after.Totals.Clusters.Reporting != 2 {
				t.Errorf("before %+v, after %+v", before.Totals, after.Totals)
			}
		})
	})
	t.Run("D4 a fleet without room says so in the log of the bot", func(t *testing.T) {
		p := start(t, "--max-members", "1")
		discord := newDiscord(t, discordtest.WithShards(2), discordtest.WithGuilds(2))
		push(t, p.OTLPGRPC())
		newBot(t, discord, "0", 1, 2, 0)
		expect.Eventually(t, "the first to be a member", func() bool { return len(p.members.Members()) == 1 })
		second := newBot(t, discord, "1", 1, 2, 1, argus.WithServiceName("second"))
		expect.Eventually(t, "the log of the second to say so", func() bool { return strings.Contains(second.log.String(), "ARGUS_FLEET_MAX_MEMBERS") })
	})
	t.Run("D5 a process that has lost its disk takes its place", func(t *testing.T) {
		t.Parallel()
		c, well := newChannel(t), readTape(t, "plays", "calm")
		synctest.Test(t, func(t *testing.T) {
			r := newReplay(t, c, time.Minute)
			defer func() { r.close() }()
			for _, name := range []string{"first", "second"} { // another instance: nothing is left of the first
				a := r.start(well, "bots", "calm", name, well.clusters())
				for range 4 {
					r.step(a, 100)
				}
			}
			time.Sleep(30 * time.Second) //nolint:forbidigo // by the clock of the bubble
			for n, m := range r.members.Members() {
				if reporting := m.Reporting(); m.Number != n+1 || len(reporting) != 1 || !strings.HasPrefix(reporting[0].Instance, "second") {
					t.Errorf("%+v", m)
				}
			}
		})
	})
	t.Run("D8 rates and quantiles are of the last minutes", func(t *testing.T) {
		t.Parallel()
		c, bad, well := newChannel(t), readTape(t, "incidents", "callbacks-are-slow"), readTape(t, "incidents", "nothing")
		synctest.Test(t, func(t *testing.T) {
			r := newReplay(t, c, time.Minute)
			defer func() { r.close() }()
			place := members.Place{Job: "bots", Cluster: "0"}
			detail := func(a *actor, steps int) *documents.Detail {
				for range steps {
					r.step(a, 100)
				}
				return r.detail(t, place)
			}
			a := r.start(bad, "bots", "", "first", []string{"0"})
			if d := detail(a, 6).Cluster; d.P95 == nil || *d.P95 > 1 || *d.FailureRatio > 0.01 {
				t.Errorf("while it is well: %s", rowOf(d))
			}
			if d := detail(a, 24).Cluster; *d.P95 < 3 || *d.FailureRatio < 0.9 || *d.Failures < 60 {
				t.Errorf("in the incident: %s", rowOf(d))
			}
			b := r.start(well, "bots", "", "second", []string{"0"})
			if d := detail(b, 24).Cluster; *d.P95 > 1 || *d.FailureRatio > 0.01 {
				t.Errorf("after it: %s", rowOf(d))
			}
		})
	})
	t.Run("D14 history is there before anybody looks, and stays", func(t *testing.T) {
		t.Parallel()
		c, well := newChannel(t), readTape(t, "incidents", "nothing")
		synctest.Test(t, func(t *testing.T) {
			r := newReplay(t, c, time.Minute)
			defer func() { r.close() }()
			a := r.start(well, "bots", "", "first", []string{"0"})
			for range 30 {
				r.step(a, 100)
			}
			r.reopen(t, false)
			r.step(a, 100)
			sparks, err := documents.MakeSparks(t.Context(), r.Input(), documents.Wanted{})
			if err != nil {
				t.Fatal(err)
			}
			known := 0
			for _, v := range sparks.Clusters[0].FailureRatio {
				if v != nil {
					known++
				}
			}
			if known < 12 { // 15 minutes, without the window of the first
				t.Errorf("%d of 15 minutes are known", known)
			}
		})
	})
	t.Run("D15 a page serves everything that it refers to", func(t *testing.T) {
		p := start(t)
		index, err := os.ReadFile(filepath.Join("..", "page", "dist", "index.html"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, attribute := range []string{`src="`, `href="`} {
			for rest := string(index); ; n++ {
				_, after, more := strings.Cut(rest, attribute)
				if !more {
					break
				}
				var path string
				path, rest, _ = strings.Cut(after, `"`)
				if strings.HasPrefix(path, "data:") {
					continue
				}
				if got := p.get(t, "/"+strings.TrimPrefix(path, "./"), nil); got != http.StatusOK {
					t.Errorf("%s: %d", path, got)
				}
			}
		}
		if n < 2 {
			t.Errorf("the page refers to %d files", n)
		}
	})
}

// rowOf is what a cluster's row says of its answers.
func rowOf(c documents.Cluster) string {
	number := func(n *float64) string {
		if n == nil {
			return "?"
		}
		return fmt.Sprint(*n)
	}
	return fmt.Sprintf("p95 %s, failures %s a minute, %s of all", number(c.P95), number(c.Failures), number(c.FailureRatio))
}
