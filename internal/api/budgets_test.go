package api

import (
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/rules"
)

// TestBudgets: what is left of each limit, with the limits of the catalog and the rules.
func TestBudgets(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		var d Budgets
		if ask(t, a, BudgetsPath, &d); d.SessionStarts != nil || d.InvalidRequests.Count != nil || len(d.Sends) != 0 || d.Answers.Windows[0].Covered != nil {
			t.Errorf("before the first step: %+v", d)
		}
		b.shard("0")
		b.shard("1")
		b.set(catalog.InvalidRequests, 0, "status", "403")
		b.set(catalog.Acks, 0, "type", "application_command", "outcome", catalog.AckInTime)
		b.steps(1)
		if ask(t, a, BudgetsPath, &d); *d.InvalidRequests.Count != 0 || *d.Answers.Windows[0].Judged != 0 || d.Answers.Windows[0].Ratio != nil || d.Answers.Windows[0].Burn != nil {
			t.Errorf("without interactions: %+v", d)
		}
		b.steps(24)
		reset := time.Now().Add(time.Hour).UTC()
		b.set(catalog.SessionStartRemaining, 812)
		b.set(catalog.SessionStartLimit, 1000)
		b.set(catalog.SessionStartReset, float64(reset.Unix()))
		b.set(catalog.SessionStartConcurrency, 1)
		b.add(catalog.InvalidRequests, 30, "status", "403")
		b.add(catalog.ShardSent, 7, "shard", "1", "op", "presence_update")
		b.add(catalog.Acks, 95, "type", "application_command", "outcome", catalog.AckInTime)
		b.add(catalog.Acks, 4, "type", "application_command", "outcome", catalog.AckLate)
		b.add(catalog.Acks, 1, "type", "modal_submit", "outcome", catalog.AckMissed)
		b.add(catalog.Acks, 9, "type", "autocomplete", "outcome", catalog.AckMissed) // does not count
		b.steps(2)
		_, body := ask(t, a, BudgetsPath, &d)
		if s := d.SessionStarts; s.Remaining != 812 || *s.Limit != 1000 || !s.ResetsAt.Equal(reset) || *s.Concurrency != 1 {
			t.Errorf("session starts: %s", body)
		}
		if i := d.InvalidRequests; *i.Count != 30 || i.Limit != catalog.InvalidRequestLimit || i.Window != 600 || *i.LevelsOffAt != 300 {
			t.Errorf("invalid requests: %s", body)
		}
		if s := d.Sends; len(s) != 2 || s[0] != (Sends{"1", 7, catalog.SendLimit, 60}) || s[1].Shard != "0" || s[1].Count != 0 {
			t.Errorf("sends: %s", body)
		}
		if d.Answers.Budget != rules.Number("AckBudget") || d.Answers.BurnFast != rules.Number("AckBurnFast") || len(d.Answers.Windows) != len(burnWindows) {
			t.Errorf("answers: %s", body)
		}
		for i, w := range d.Answers.Windows {
			if w.Window != burnWindows[i].Seconds() || *w.Covered != 130 || *w.Judged != 100 || *w.Failed != 5 || *w.Ratio != 0.05 || *w.Burn != 5 {
				t.Errorf("window of %v s: %s", w.Window, body)
			}
		}
		time.Sleep(10 * time.Minute) //nolint:forbidigo // by the clock of the bubble
		b.steps(3)                   // after a pause
		ask(t, a, BudgetsPath, &d)
		if five, hour := d.Answers.Windows[0], d.Answers.Windows[2]; *five.Covered != 10 || *hour.Covered != 140 {
			t.Errorf("after a pause of 10 min: %v s of 5 min and %v s of 1 h are covered", *five.Covered, *hour.Covered)
		}
	})
}
