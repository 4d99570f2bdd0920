package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// unseen are the queries of runbooks that need not find anything in the play that raises their alert, and why not. All others have to, at some moment
// at which it is pending or fires.
var unseen = map[string]map[string]string{
	"DiscordShardDown": {
		`discord_shard_lock_unavailable_seconds > 0`: "the shard is refused at once, and its lock is free while discordgo waits",
	},
	"DiscordShardSilent": {
		`cluster:discord_gateway_events:rate5m / (cluster:discord_gateway_events:rate5m offset 1d > 0)`: "the play is younger than a day",
	},
	"DiscordShardsMissing": {
		`cluster_shard:discord_shard_up:max == 0`: "the processes are killed, and what is not there says nothing of its shards",
		`sum by (job, bot, region, cluster, code, initiator) (increase(discord_shard_disconnects_total[15m]) > 0 or discord_shard_disconnects_total unless discord_shard_disconnects_total offset 15m) > 0`: "the processes are killed, so nobody sees their connections end",
	},
	"DiscordSendsNearLimit": {
		`sum by (job, bot, region, cluster, shard) (discord_shard_disconnects_total{code="4008"})`: "the bot stays below the limit, and is not closed for it",
	},
	"DiscordCrashLoop": {
		`sum by (job, bot, region, cluster, code) (max_over_time(discord_shard_disconnects_total{code=~"4004|401[0-4]"}[30m])) > 0`: "Discord does not refuse this bot",
	},
}

var promqlBlock = regexp.MustCompile("(?s)```promql\n(.*?)```")

// runbookQueries are the queries of an alert's runbook, one a line, in order.
func runbookQueries(t testing.TB, alert string) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(toolSet(t).Root(), "docs", "runbooks", alert+".md"))
	if err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, block := range promqlBlock.FindAllStringSubmatch(string(page), -1) {
		for line := range strings.Lines(block[1]) {
			queries = append(queries, strings.TrimSpace(line))
		}
	}
	return queries
}

// TestUnseenQueriesExist: the table names queries that the runbooks have, each with a reason, and leaves at least one of each runbook to be seen.
func TestUnseenQueriesExist(t *testing.T) {
	for alert := range unseen {
		if _, ok := raised[alert]; !ok {
			t.Errorf("there is no alert %s", alert)
		}
	}
	for alert := range raised {
		queries, without := runbookQueries(t, alert), unseen[alert]
		for query, why := range without {
			if !slices.Contains(queries, query) {
				t.Errorf("the runbook of %s has no query %s", alert, query)
			}
			if why == "" {
				t.Errorf("%s: no reason why %s need not find anything", alert, query)
			}
		}
		if len(queries) <= len(without) {
			t.Errorf("%s: of %d queries %d need not find anything", alert, len(queries), len(without))
		}
	}
}

// since is when the first alert of a name became pending; zero if none has fired.
func (p *play) since(name string) (first time.Time) {
	for _, a := range p.named(name) {
		if first.IsZero() || a.ActiveAt.Before(first) {
			first = a.ActiveAt
		}
	}
	return first
}

// guidance are the claims that the runbooks are of use: that each query can be evaluated in the play that raises the alert, and finds something while it
// is raised.
func guidance(t *testing.T, plays map[string]*play) (claims []claim) {
	t.Helper()
	for alert, w := range raised {
		p := plays[w.in]
		for _, query := range runbookQueries(t, alert) {
			claims = append(claims, claim{fmt.Sprintf("the runbook of %s: %s", alert, query), p, func(ctx context.Context) (string, error) {
				since := p.since(alert)
				if since.IsZero() {
					return "the alert has not fired", nil
				}
				found, err := p.during(ctx, query, alert, since)
				if err != nil || found || unseen[alert][query] != "" {
					return "", err
				}
				return "it finds nothing", nil
			}})
		}
	}
	return claims
}

// during says whether a query gives anything at any moment since then at which the alert is pending or fires.
func (p *play) during(ctx context.Context, query, alert string, since time.Time) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	expr := fmt.Sprintf("(%s) and on () ALERTS{alertname=%q}", query, alert)
	v, warnings, _, err := p.prom.api.QueryRange(ctx, expr, promv1.Range{Start: since, End: time.Now(), Step: time.Second})
	if err == nil && len(warnings) > 0 {
		err = fmt.Errorf("it warns: %q", warnings)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", expr, err)
	}
	m, ok := v.(model.Matrix)
	if !ok {
		return false, fmt.Errorf("%s: it gives a %v", expr, v.Type())
	}
	return len(m) > 0, nil
}
