package api

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/history"
)

// numbersOf renders values, with - for null.
func numbersOf(values []*float64) string {
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteString("- ")
			continue
		}
		fmt.Fprint(&b, *v, " ")
	}
	return strings.TrimSpace(b.String())
}

// TestSeries: values at multiples of the step, and null where nothing is known.
func TestSeries(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		for n := range 24 {
			b.set(catalog.ShardLatency, float64(n)/100, "shard", "0")
			b.set(catalog.ShardLatency, 1, "shard", "1")
			b.add(catalog.Acks, 10, "type", "modal_submit", "outcome", catalog.AckInTime)
			b.add(catalog.Acks, float64(n%2), "type", "application_command", "outcome", catalog.AckLate)
			b.observe(catalog.ReceiptAge, 0.2, 1, "type", "application_command")
			b.steps(1)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // by the clock of the bubble
		b.steps(2)
		for target, want := range map[string]string{
			"name=discord_shard_latency_seconds&form=last&by=shard&range=3m30s&step=30s":                                                               "s: shard=0 - 0.05 0.11 0.17 0.23 - -; shard=1 - 1 1 1 1 - -",
			"name=discord_shard_latency_seconds&form=last&by=shard&range=3m30s&step=30s&limit=1":                                                       "s: shard=0 - 0.05 0.11 0.17 0.23 - - (1 left out)",
			"name=discord_shard_latency_seconds&form=last&by=shard&range=1m&step=30s&match=shard!=0&end=60":                                            "s: ", // before the process
			"name=discord_shard_latency_seconds&form=highest&over=1m&range=5s&step=5s&end=2000-01-01T00:01:00Z":                                        "s:  1",
			"name=discord_shard_latency_seconds&form=lowest&combine=min&over=30s&range=5s&step=5s&end=2000-01-01T00:01:00Z":                            "s:  0.06",
			"name=discord_shard_latency_seconds&form=changes&match=shard=0&over=30s&range=5s&step=5s&end=946684860":                                    "{change}:  5",
			"name=discord_interaction_acks_total&form=increase&by=outcome&over=1m&range=1m&step=1m&end=946684920":                                      "{interaction}: outcome=in_time 120; outcome=late 6",
			"name=discord_interaction_acks_total&form=rate&match=outcome=in_time|late&over=1m&range=1m&step=1m&end=946684920":                          "{interaction}/s:  2.1",
			"name=discord_interaction_acks_total&form=increase&match=outcome!=in_time,type=application_command&over=1m&range=1m&step=1m&end=946684920": "{interaction}:  6",
			"name=discord_interaction_receipt_age_seconds&form=mean&over=1m&range=1m&step=1m&end=946684920":                                            "s:  0.2",
			"name=discord_interaction_receipt_age_seconds&form=above&bound=0.1&over=1m&range=1m&step=1m&end=946684920":                                 "{observation}:  12",
			"name=discord_interaction_receipt_age_seconds&form=quantile&quantile=1&over=1m&range=1m&step=1m&end=946684920":                             "s:  0.25",
		} {
			var d SeriesList
			if status, body := ask(t, a, SeriesPath+"?"+target, &d); status != 200 {
				t.Errorf("%s: %s", target, body)
				continue
			}
			got := []string{}
			for _, s := range d.Series {
				var labels []string
				for name, value := range s.Labels {
					labels = append(labels, name+"="+value)
				}
				got = append(got, strings.Join(labels, ",")+" "+numbersOf(s.Values))
				if len(s.Values) != len(d.Times) {
					t.Errorf("%s: %d values at %d times", target, len(s.Values), len(d.Times))
				}
			}
			text := d.Unit + ": " + strings.Join(got, "; ")
			if d.LeftOut > 0 {
				text += fmt.Sprintf(" (%d left out)", d.LeftOut)
			}
			if text != want {
				t.Errorf("%s:\n%s, want\n%s", target, text, want)
			}
			if d.Query == "" || d.Step == 0 {
				t.Errorf("%s: %+v", target, d)
			}
		}
		var d SeriesList
		ask(t, a, SeriesPath+"?name=discord_shard_latency_seconds&form=last&range=6h&step=30s", &d)
		last := time.UnixMilli(int64(d.Times[len(d.Times)-1] * 1000))
		if len(d.Times) != mostPoints || time.Since(last) >= 30*time.Second || last.Unix()%30 != 0 {
			t.Errorf("%d times until %v", len(d.Times), last)
		}
	})
}

// TestSeriesRefuses: what is wrong with a question is said before it is asked.
func TestSeriesRefuses(t *testing.T) {
	bubble(t, func(t *testing.T, _ *bot, a *API) {
		const acks, age = "?name=discord_interaction_acks_total&form=rate", "?name=discord_interaction_receipt_age_seconds"
		many := strings.Repeat("|late", mostValues)
		faults := map[string]string{}
		for query, says := range map[string]string{
			"":                                     "name: the parameter is missing; give the name of a metric",
			"?name=discord_interaction_acks":       `name: \"discord_interaction_acks\" is not the name of a metric`,
			"?name=discord_interaction_acks_total": "form: the parameter is missing; give one of last, age, increase",
			acks[:len(acks)-4] + "median":          `form: \"median\" is not one of last, age`,
			acks + "&by=shard":                     `by: \"shard\" has \"shard\", which is not a label of the metric: it has type, outcome`,
			acks + "&by=type,type":                 `names a label twice`,
			acks + "&by=":                          `by: \"\" has \"\"`,
			acks + "&match=late":                   `match: \"late\" is not label=value|value`,
			acks + "&match=guild=1":                `which is not a label of the metric`,
			acks + "&match=outcome=" + many:        "has more than 32 values of outcome",
			acks + "&match=" + strings.Repeat("type=a,", mostMatches) + "type=b": "has more than 8 matchers",
			acks + "&combine=mean":                   `combine: \"mean\" is not one of sum, max, min`,
			acks + "&over=0s":                        `over: \"0s\" is not a duration from 5s to 6h, such as 5m`,
			acks + "&quantile=0.5":                   `quantile: \"0.5\" goes with the form quantile alone`,
			acks + "&range=30h":                      "range: ",
			acks + "&step=0":                         `step: \"0\" is not a duration`,
			acks + "&step=never":                     `step: \"never\" is not a duration`,
			acks + "&step=5500ms":                    "is not a whole number of seconds",
			acks + "&range=6h&step=5s":               "6h in steps of 5s are more than 720 points",
			acks + "&limit=65":                       `limit: \"65\" is not a number from 1 to 64`,
			acks + "&limit=0":                        "limit: ",
			acks + "&end=tomorrow":                   `end: \"tomorrow\" is no time`,
			acks + "&end=-1":                         "is no time",
			acks + "&end=NaN":                        "is no time",
			acks + "&colour=red":                     `\"colour\": there is no such parameter`,
			age + "&form=quantile":                   "quantile: the parameter is missing; the form quantile needs it",
			age + "&form=quantile&quantile=NaN":      `quantile: \"NaN\" is not a number from 0 to 1`,
			age + "&form=above&bound=0.3":            `bound: \"0.3\" is not the bound of a bucket`,
			age + "&form=last":                       "a histogram has no last value",
			age + "&form=mean&by=type":               `the label \"type\" is not kept for this question`,
			"?name=discord_guilds&form=rate":         "it is not a counter",
			"?name=discord_guilds&form=last&over=5m": `over: \"5m\" is a window, and the form last has none`,
		} {
			faults[SeriesPath+strings.ReplaceAll(query, " ", "+")] = says
		}
		refuses(t, a, faults)
	})
}

// TestMatches: values may have the characters that separate them.
func TestMatches(t *testing.T) {
	got, err := matches(`type=a\,b|c\|d,outcome!=\\`, []string{"type", "outcome"})
	want := []evidence.Match{evidence.Is("type", "a,b", "c|d"), evidence.IsNot("outcome", `\`)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %+v", err, got)
	}
}

// TestEveryFormIsDescribed: docs/openapi.json has the forms and the combinations.
func TestEveryFormIsDescribed(t *testing.T) {
	list, _ := in(description(), "paths", SeriesPath, "get")["parameters"].([]any)
	for _, parameter := range list {
		o, _ := parameter.(object)
		want := map[string][]string{"form": evidence.Forms(), "combine": evidence.Combinations()}[fmt.Sprint(o["name"])]
		if got := texts(in(o, "schema")["enum"]); !slices.Equal(got, want) {
			t.Errorf("%v has the values %q, want %q", o["name"], got, want)
		}
	}
}

// TestNamespace: names are those of the documents, whatever the prefix is.
func TestNamespace(t *testing.T) {
	m := Member{Source: history.New(history.Options{Namespace: "other"})}
	p := &parameters{values: url.Values{"name": {"discord_guilds"}, "form": {"last"}}}
	if seriesTask(m, p); p.problem() != nil {
		t.Error(p.problem())
	}
}
