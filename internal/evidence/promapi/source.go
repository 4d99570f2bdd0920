package promapi

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// Ask implements [evidence.Source]. If one of the queries fails, the others are
// canceled, and its error is returned.
func (c *Client) Ask(ctx context.Context, at time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answers := make([][]evidence.Value, len(questions))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(Concurrency, len(questions)) {
		wait.Go(func() {
			for i := range next {
				var err error
				if answers[i], err = c.ask(ctx, at, questions[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range questions {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wait.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return answers, nil
}

func (c *Client) ask(ctx context.Context, at time.Time, q evidence.Question) ([]evidence.Value, error) {
	expr, err := c.expression(q)
	if err != nil {
		return nil, err
	}
	series, err := c.query(ctx, instantPath, vector, url.Values{"query": {expr}, "time": {unix(at)}})
	if err != nil {
		return nil, err
	}
	values := make([]evidence.Value, len(series))
	for i, s := range series {
		values[i] = evidence.Value{Labels: s.Labels, Number: s.Points[0].Number}
	}
	q.Sort(values)
	return values, nil
}

// Trace implements [evidence.Source]. Points are at least 5 seconds apart, and further
// where a series would have more than 11,000.
func (c *Client) Trace(ctx context.Context, from, to time.Time, q evidence.Question) ([]evidence.Series, error) {
	expr, err := c.expression(q)
	if err != nil {
		return nil, err
	}
	if to.Before(from) {
		return nil, fmt.Errorf("the range ends at %s, before it begins at %s", to.UTC().Format(time.RFC3339), from.UTC().Format(time.RFC3339))
	}
	step := step(to.Sub(from))
	series, err := c.query(ctx, rangePath, matrix, url.Values{
		"query": {expr}, "start": {unix(from)}, "end": {unix(to)}, "step": {strconv.Itoa(int(step.Seconds()))},
	})
	if err != nil {
		return nil, err
	}
	q.SortSeries(series)
	return series, nil
}

// step is the time between two points, in whole seconds.
func step(length time.Duration) time.Duration {
	return max(minStep, (length/maxPoints + time.Second - 1).Truncate(time.Second))
}

func (c *Client) expression(q evidence.Question) (string, error) {
	expr := q.PromQL(c.scope)
	if expr == "" {
		return "", fmt.Errorf("the question about %s has no form", q.Of.Name)
	}
	return expr, nil
}

func unix(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// window is how long ago a bot may have been seen last.
const window = "1d"

// Bots returns the bots that had the metrics of Argus within the last day, whichever
// the client selects.
func (c *Client) Bots(ctx context.Context) ([]evidence.Bot, error) {
	series, err := c.query(ctx, instantPath, vector, url.Values{
		"query": {"group by (job, bot) (last_over_time(" + catalog.Up.PrometheusName() + "[" + window + "]))"},
	})
	if err != nil {
		return nil, err
	}
	bots := make([]evidence.Bot, len(series))
	for i, s := range series {
		bots[i] = evidence.Bot{Job: s.Labels["job"], Name: s.Labels["bot"]}
	}
	slices.SortFunc(bots, func(a, b evidence.Bot) int { return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Name, b.Name)) })
	return bots, nil
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
	series, err := c.query(ctx, instantPath, vector, url.Values{
		"query": {"group by (__name__) (last_over_time({" + strings.Join(matchers, ",") + "}[" + window + "]))"},
	})
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

// Fleet reports true: a server has all processes that it scrapes.
func (*Client) Fleet() bool { return true }

// Namespace implements [evidence.Source].
func (c *Client) Namespace() string { return c.scope.Namespace }
