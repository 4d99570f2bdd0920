package promapi

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/promql"
)

// Query implements [promql.Querier]. A zero time is the server's own.
func (c *Client) Query(ctx context.Context, expr string, at time.Time) ([]evidence.Series, error) {
	form := url.Values{"query": {expr}}
	if !at.IsZero() {
		form.Set("time", unix(at))
	}
	return c.query(ctx, instantPath, vector, form)
}

// QueryRange implements [promql.Querier].
func (c *Client) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]evidence.Series, error) {
	return c.query(ctx, rangePath, matrix, url.Values{
		"query": {expr}, "start": {unix(from)}, "end": {unix(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func unix(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// Bots returns the bots that had the metrics of Argus within the last day, whichever
// the client selects.
func (c *Client) Bots(ctx context.Context) ([]evidence.Bot, error) {
	return promql.Bots(ctx, c, time.Time{})
}

// Check returns an error if the server cannot be queried, or has no metrics of the
// bot within the last day. The error says what it has instead.
func (c *Client) Check(ctx context.Context) error {
	bots, err := c.Bots(ctx)
	if err != nil {
		return err
	}
	if len(bots) == 0 {
		return c.errorf("no %s of the last day: it does not scrape a bot with Argus", catalog.Up.PrometheusName())
	}
	if !slices.ContainsFunc(bots, func(b evidence.Bot) bool {
		return (c.bot.Job == "" || c.bot.Job == b.Job) && (c.bot.Name == "" || c.bot.Name == b.Name)
	}) {
		return c.errorf("there is no %s; there is %s", c.bot, shown(bots, evidence.Bot.String))
	}
	return c.checkNamespace(ctx)
}

// checkNamespace looks for discord_bot_info, whatever namespace is in place of discord.
func (c *Client) checkNamespace(ctx context.Context) error {
	want := catalog.BotInfo.In(c.scope.Namespace).PrometheusName()
	suffix := strings.TrimPrefix(catalog.BotInfo.PrometheusName(), catalog.Namespace)
	matchers := []string{`__name__=~".+` + suffix + `"`, `argus_version!=""`}
	for _, m := range c.scope.Where {
		matchers = append(matchers, m.PromQL())
	}
	series, err := c.Query(ctx, "group by (__name__) (last_over_time({"+strings.Join(matchers, ",")+"}["+promql.Window+"]))", time.Time{})
	if err != nil {
		return err
	}
	found := make([]string, len(series))
	for i, s := range series {
		found[i] = s.Labels["__name__"]
	}
	slices.Sort(found)
	if slices.Contains(found, want) {
		return nil
	}
	if len(found) == 0 {
		return c.errorf("no %s of the last day, although there is %s: check whether it drops metrics", want, catalog.Up.PrometheusName())
	}
	for i, name := range found {
		found[i] = strings.TrimSuffix(name, suffix)
	}
	return c.errorf("no %s of the last day: the namespace of the metrics is %s", want, shown(found, strconv.Quote))
}

// shown lists the first of many.
func shown[T any](list []T, text func(T) string) string {
	const most = 5
	var b strings.Builder
	for i, each := range list[:min(most, len(list))] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text(each))
	}
	if more := len(list) - most; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}
