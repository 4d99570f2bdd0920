package page

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

var made = time.Date(2026, 11, 29, 1, 2, 3, 500e6, time.UTC)

// known is a page of two processes: cluster 0 has run for 600 s, cluster 1 for 60 s.
// The counters of the dead shard of cluster 0 are there twice, as they are where a bot is
// scraped and pushed; the second ones are older.
var known = fmt.Sprintf(`# TYPE argus_up gauge
argus_up{cluster="0"} 1
argus_up{cluster="1"} 1
# TYPE discord_uptime_seconds gauge
discord_uptime_seconds{cluster="0"} 600
discord_uptime_seconds{cluster="1"} 60
# TYPE discord_guilds gauge
discord_guilds{cluster="0"} 2500
discord_guilds{cluster="1"} 2400
# TYPE discord_shard_up gauge
discord_shard_up{cluster="0",shard="0"} 1
discord_shard_up{cluster="0",shard="1"} 0
discord_shard_up{cluster="1",shard="2"} 1
# TYPE discord_shard_latency_seconds gauge
discord_shard_latency_seconds{cluster="0",shard="0"} NaN
discord_shard_latency_seconds{cluster="0",shard="1"} +Inf
discord_shard_latency_seconds{cluster="1",shard="2"} 0.25
# TYPE discord_shard_heartbeat_ack_timestamp_seconds gauge
discord_shard_heartbeat_ack_timestamp_seconds{cluster="0",shard="0"} %[1]d.5
discord_shard_heartbeat_ack_timestamp_seconds{cluster="0",shard="1"} %[2]d.25
discord_shard_heartbeat_ack_timestamp_seconds{cluster="0",shard="1",instance="old"} %[3]d
# TYPE discord_shard_disconnects_total counter
discord_shard_disconnects_total{cluster="0",shard="0",code="4000",initiator="discord"} 3
discord_shard_disconnects_total{cluster="0",shard="1",code="4000",initiator="discord"} 4
discord_shard_disconnects_total{cluster="0",shard="1",code="4000",initiator="discord",instance="old"} 2
discord_shard_disconnects_total{cluster="0",shard="1",code="1006",initiator="network"} 5
discord_shard_disconnects_total{cluster="1",shard="2",code="4000",initiator="discord"} 7
# TYPE discord_interaction_receipt_age_seconds histogram
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="ping",le="1"} 10
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="ping",le="3"} 10
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="ping",le="+Inf"} 10
discord_interaction_receipt_age_seconds_sum{cluster="0",type="ping"} 5
discord_interaction_receipt_age_seconds_count{cluster="0",type="ping"} 10
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="modal_submit",le="1"} 10
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="modal_submit",le="3"} 26
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="modal_submit",le="+Inf"} 30
discord_interaction_receipt_age_seconds_sum{cluster="0",type="modal_submit"} 50
discord_interaction_receipt_age_seconds_count{cluster="0",type="modal_submit"} 30
`, made.Unix()-10, made.Unix()-100, made.Unix()-300)

func newPage(t *testing.T, text string, config Config) *Page {
	t.Helper()
	if config.Made.IsZero() {
		config.Made = made
	}
	p, err := New([]byte(text), config)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rows writes an answer: its labels, sorted by name, and its number.
func rows(values []evidence.Value) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%v=%v ", strings.TrimPrefix(fmt.Sprint(v.Labels), "map"), math.Round(v.Number*1e9)/1e9)
	}
	return strings.TrimSpace(b.String())
}

func TestAsk(t *testing.T) {
	const hour, minute = time.Hour, time.Minute
	shard := []string{"shard"}
	p := newPage(t, known, Config{})
	for name, tt := range map[string]struct {
		question evidence.Question
		want     string
	}{
		"gauge":                {evidence.Question{Form: evidence.Last, Of: catalog.Guilds}, "[cluster:0]=2500 [cluster:1]=2400"},
		"maximum":              {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp}, "[cluster:0]=1 [cluster:1]=1"},
		"minimum":              {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, Combine: evidence.Min}, "[cluster:0]=0 [cluster:1]=1"},
		"sum":                  {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, Combine: evidence.Sum}, "[cluster:0]=1 [cluster:1]=1"},
		"by shard":             {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, By: shard}, "[cluster:0 shard:0]=1 [cluster:0 shard:1]=0 [cluster:1 shard:2]=1"},
		"where":                {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, Where: []evidence.Match{evidence.Is("shard", "1", "2")}}, "[cluster:0]=0 [cluster:1]=1"},
		"where not":            {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, Where: []evidence.Match{evidence.IsNot("shard", "0", "2")}}, "[cluster:0]=0"},
		"where none":           {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, Where: []evidence.Match{evidence.Is("shard", "9")}}, ""},
		"no finite number":     {evidence.Question{Form: evidence.Last, Of: catalog.ShardLatency}, "[cluster:1]=0.25"},
		"absent":               {evidence.Question{Form: evidence.Last, Of: catalog.Members}, ""},
		"total":                {evidence.Question{Form: evidence.Last, Of: catalog.ShardDisconnects}, "[cluster:0]=12 [cluster:1]=7"},
		"age by shard":         {evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck, By: shard}, "[cluster:0 shard:0]=10 [cluster:0 shard:1]=100.25"},
		"greatest age":         {evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck}, "[cluster:0]=100.25"},
		"smallest age":         {evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck, Combine: evidence.Min}, "[cluster:0]=10"},
		"increase":             {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: hour}, "[cluster:0]=12 [cluster:1]=7"},
		"increase by code":     {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, By: []string{"code"}, Over: hour}, "[cluster:0 code:1006]=5 [cluster:0 code:4000]=7 [cluster:1 code:4000]=7"},
		"since the start":      {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: 10 * minute}, "[cluster:0]=12 [cluster:1]=7"},
		"shorter than one":     {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: 10*minute - 1}, "[cluster:1]=7"},
		"shorter than both":    {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: 59 * time.Second}, ""},
		"no window":            {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects}, ""},
		"rate":                 {evidence.Question{Form: evidence.Rate, Of: catalog.ShardDisconnects, Over: 10 * minute}, "[cluster:0]=0.02 [cluster:1]=0.011666667"},
		"observations":         {evidence.Question{Form: evidence.Increase, Of: catalog.ReceiptAge, Over: hour}, "[cluster:0]=40"},
		"observations by type": {evidence.Question{Form: evidence.Increase, Of: catalog.ReceiptAge, By: []string{"type"}, Over: hour}, "[cluster:0 type:modal_submit]=30 [cluster:0 type:ping]=10"},
		"median":               {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, At: 0.5, Over: hour}, "[cluster:0]=1"},
		"three quarters":       {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, At: 0.75, Over: hour}, "[cluster:0]=2.25"}, // rank 30: 1 + 2*(30-20)/16
		"beyond the last":      {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, At: 0.99, Over: hour}, "[cluster:0]=3"},
		"quantile by type":     {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, At: 0.5, By: []string{"type"}, Over: hour}, "[cluster:0 type:modal_submit]=1.625 [cluster:0 type:ping]=0.5"},
		"quantile too short":   {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, At: 0.5, Over: minute}, ""},
		"no quantile":          {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, At: 1.5, Over: hour}, ""},
		"above":                {evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, At: 3, Over: hour}, "[cluster:0]=4"},
		"above by type":        {evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, At: 1, By: []string{"type"}, Over: hour}, "[cluster:0 type:modal_submit]=20 [cluster:0 type:ping]=0"},
		"above no bound":       {evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, At: 2, Over: hour}, ""},
		"above too short":      {evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, At: 3, Over: minute}, ""},
		"highest":              {evidence.Question{Form: evidence.Highest, Of: catalog.Guilds, Over: hour}, ""},
		"lowest":               {evidence.Question{Form: evidence.Lowest, Of: catalog.Guilds, Over: hour}, ""},
		"changes":              {evidence.Question{Form: evidence.Changes, Of: catalog.Guilds, Over: hour}, ""},
		"past":                 {evidence.Question{Form: evidence.Last, Of: catalog.Guilds, Ago: time.Second}, ""},
		"quantile of a gauge":  {evidence.Question{Form: evidence.Quantile, Of: catalog.Guilds, At: 0.5, Over: hour}, ""},
	} {
		answers, err := p.Ask(t.Context(), made, tt.question)
		if err != nil {
			t.Fatal(err)
		}
		if got := rows(answers[0]); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

// TestRegions: two processes that are cluster 0 in their regions are two, and what one of
// them cannot answer the other may.
func TestRegions(t *testing.T) {
	p := newPage(t, `argus_up 1
discord_uptime_seconds{cluster="0",region="eu"} 600
discord_uptime_seconds{cluster="0",region="us"} 60
discord_shard_disconnects_total{cluster="0",region="eu",shard="0",code="4000",initiator="discord"} 3
discord_shard_disconnects_total{cluster="0",region="us",shard="1",code="4000",initiator="discord"} 4
discord_shard_disconnects_total{cluster="1",region="us",shard="1",code="4000",initiator="discord"} 4
`, Config{})
	for over, want := range map[time.Duration]string{time.Minute: "[cluster:0 region:us]=4", time.Hour: "[cluster:0 region:eu]=3 [cluster:0 region:us]=4"} {
		answers, err := p.Ask(t.Context(), made, evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: over})
		if err != nil || rows(answers[0]) != want {
			t.Errorf("%v: %s, %v, want %s", over, rows(answers[0]), err, want)
		}
	}
}

// TestTimes: a page answers as of its own time, and up to 5 minutes later.
func TestTimes(t *testing.T) {
	p := newPage(t, known, Config{})
	guilds := evidence.Question{Form: evidence.Last, Of: catalog.Guilds}
	before := guilds
	before.Ago = time.Hour
	for name, tt := range map[string]struct {
		at       time.Time
		question evidence.Question
		answers  int
	}{
		"before":            {made.Add(-1), guilds, 0},
		"at":                {made, guilds, 2},
		"soon after":        {made.Add(lookback - 1), guilds, 2},
		"long after":        {made.Add(lookback), guilds, 0},
		"an hour later":     {made.Add(time.Hour), before, 2},
		"a bit less later":  {made.Add(time.Hour - 1), before, 0},
		"hours later":       {made.Add(2 * time.Hour), before, 0},
		"an hour ago today": {made, before, 0},
	} {
		if got, err := p.Ask(t.Context(), tt.at, tt.question); err != nil || len(got) != 1 || len(got[0]) != tt.answers {
			t.Errorf("%s: %v, %v, want %d", name, got, err, tt.answers)
		}
	}
	for _, q := range []evidence.Question{guilds, before} {
		at := made.Add(q.Ago)
		got, err := p.Trace(t.Context(), at.Add(-time.Hour), at, q)
		want := []evidence.Series{
			{Labels: evidence.Labels{"cluster": "0"}, Points: []evidence.Point{{At: at, Number: 2500}}},
			{Labels: evidence.Labels{"cluster": "1"}, Points: []evidence.Point{{At: at, Number: 2400}}},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
		for _, from := range []time.Time{at.Add(-time.Hour), at.Add(time.Second)} {
			if got, err := p.Trace(t.Context(), from, from.Add(time.Minute), q); err != nil || got != nil {
				t.Errorf("the page is not in the range: %v, %v", got, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Ask(ctx, made, guilds); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if _, err := p.Ask(t.Context(), made, evidence.Question{Of: catalog.Guilds}); err == nil || !strings.Contains(err.Error(), "discord.guilds has no form") {
		t.Errorf("a question without a form: %v", err)
	}
}

// TestBots: a page of two bots, under two namespaces.
func TestBots(t *testing.T) {
	const text = `argus_up{bot="music",cluster="0"} 1
argus_up{bot="mod",cluster="0"} 1
argus_up{bot="mod",cluster="1"} 1
fun_bot_info{bot="music",cluster="0",argus_version="v1"} 1
discord_bot_info{bot="mod",cluster="0",argus_version="v1"} 1
process_bot_info{bot="music"} 1
fun_guilds{bot="music",cluster="0"} 1
discord_guilds{bot="mod",cluster="0"} 2
`
	guilds := evidence.Question{Form: evidence.Last, Of: catalog.Guilds}
	for want, config := range map[string]Config{
		"[bot:music cluster:0]=1": {Bot: "music"},
		"[bot:mod cluster:0]=2":   {},
		"":                        {Bot: "mod", Namespace: "fun"},
	} {
		p := newPage(t, text, config)
		if answers, err := p.Ask(t.Context(), made, guilds); err != nil || rows(answers[0]) != want {
			t.Errorf("%+v: %s, %v, want %s", config, rows(answers[0]), err, want)
		}
		if got := p.Bots(); !reflect.DeepEqual(got, []evidence.Bot{{Name: "mod"}, {Name: "music"}}) {
			t.Errorf("%v", got)
		}
	}
	if _, err := New([]byte(text), Config{Made: made, Bot: "chat"}); err == nil || !strings.Contains(err.Error(), `the page has no bot "chat"`) {
		t.Errorf("another bot: %v", err)
	}
}

// TestOpenMetrics: names and bounds are those of the text format.
func TestOpenMetrics(t *testing.T) {
	const text = `# TYPE argus_up gauge
argus_up{cluster="0"} 1.0
# TYPE discord_uptime_seconds gauge
# UNIT discord_uptime_seconds seconds
discord_uptime_seconds{cluster="0"} 60.0
# TYPE discord_shard_disconnects counter
discord_shard_disconnects_total{cluster="0",shard="0",code="4000",initiator="discord"} 3.0 1795914123.5
discord_shard_disconnects_created{cluster="0",shard="0",code="4000",initiator="discord"} 1795914000.0
# TYPE discord_app_commands counter
# HELP discord_app_commands Commands {by "status
discord_app_commands_total{cluster="0",command="a } b\\\\",status="error"} 5.0 # {trace_id="a"} 1.0
discord_app_commands_total{command="\" # } {",status="success",cluster="0"} 6.0 1795914123.5 # {trace_id="a"} 1.0 1.5
# TYPE some_state stateset
some_state{some_state="a"} 1
# TYPE discord_interaction_receipt_age_seconds histogram
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="ping",le="1.0"} 1
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="ping",le="3.0"} 3 # {trace_id="a"} 2.5
discord_interaction_receipt_age_seconds_bucket{cluster="0",type="ping",le="+Inf"} 4
discord_interaction_receipt_age_seconds_sum{cluster="0",type="ping"} 9.0
discord_interaction_receipt_age_seconds_count{cluster="0",type="ping"} 4
# EOF
`
	for _, contentType := range []string{"", "application/openmetrics-text; version=1.0.0; charset=utf-8"} {
		answers, err := newPage(t, text, Config{ContentType: contentType}).Ask(t.Context(), made,
			evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: time.Hour},
			evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, At: 3, Over: time.Hour},
			evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, At: 0.5, Over: time.Hour},
			evidence.Question{Form: evidence.Last, Of: catalog.AppCommands, By: []string{"command"}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"[cluster:0]=3", "[cluster:0]=1", "[cluster:0]=2", `[cluster:0 command:" # } {]=6 [cluster:0 command:a } b\\]=5`} {
			if got := rows(answers[i]); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
	_, err := New([]byte(strings.TrimSuffix(text, "# EOF\n")), Config{Made: made, ContentType: "application/openmetrics-text"})
	if err == nil || !strings.Contains(err.Error(), "the page is cut off") {
		t.Errorf("cut off: %v", err)
	}
}

func TestBadPages(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"empty":            {"", "it has no argus_up"},
		"another program":  {"go_goroutines 3\n", "not the metrics page of Argus: it has no argus_up"},
		"web page":         {"<html>\n", "not a metrics page: line 1: "},
		"line":             {"argus_up 1\ndiscord_guilds{cluster=\"0\"} many\n", "not a metrics page: line 2: "},
		"cut off":          {"argus_up 1\ndiscord_guilds{cluster=\"0\"} 25", "not a metrics page: line 2: "},
		"control":          {"argus_up 1\n\x1b[31m\n", "not a metrics page: line 2: "},
		"in OpenMetrics":   {"# TYPE argus_up gauge\nargus_up 1\nargus_up{ 1\n# EOF\n", "not a metrics page: line 3: "},
		"after the end":    {"argus_up 1\n# EOF\nargus_up 1\n# EOF\n", "line 3: there is more after # EOF"},
		"too long":         {strings.Repeat("#", MaxSize+1), "longer than 16 MiB"},
		"too many samples": {strings.Repeat("a 1\n", MaxSamples+1), "more than 300000 samples"},
		"long line":        {"argus_up 1\n" + strings.Repeat("x", 100_000) + " y\n", "not a metrics page: line 2: "},
	} {
		_, err := New([]byte(tt.text), Config{Made: made})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 300 {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if _, err := New([]byte(known), Config{}); err == nil || !strings.Contains(err.Error(), "time of the page is unknown") {
		t.Errorf("no time: %v", err)
	}
}

func TestOpen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.txt")
	if err := os.WriteFile(name, []byte(known), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, made, made); err != nil {
		t.Fatal(err)
	}
	for _, given := range []time.Time{{}, made.Add(time.Hour)} {
		p, err := Open(name, Config{Made: given})
		if err != nil {
			t.Fatal(err)
		}
		want := given
		if given.IsZero() {
			want = made
		}
		if !p.Made().Equal(want) {
			t.Errorf("made at %v, want %v", p.Made(), want)
		}
	}
	if err := os.WriteFile(name, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{name: "page.txt: not a metrics page: line 1", name + ".absent": "cannot read the page: ", t.TempDir(): "not a regular file"} {
		if _, err := Open(path, Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// FuzzPage: no page causes a panic, and every number is finite.
func FuzzPage(f *testing.F) {
	f.Add([]byte(known))
	f.Add([]byte("# TYPE argus_up gauge\nargus_up 1\n# EOF\n"))
	f.Add([]byte("argus_up 1\ndiscord_uptime_seconds 1e300\ndiscord_members 1e308\n"))
	var questions []evidence.Question
	for form := evidence.Last; form <= evidence.Changes; form++ {
		for _, of := range []catalog.Instrument{catalog.Guilds, catalog.ShardDisconnects, catalog.ReceiptAge, catalog.HeartbeatAck} {
			questions = append(questions, evidence.Question{Form: form, Of: of, By: []string{"shard", "region"}, At: 0.9, Over: time.Hour},
				evidence.Question{Form: form, Of: of, At: 3, Over: 24 * time.Hour, Combine: evidence.Sum})
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := New(text, Config{Made: made})
		if (err == nil) != (p != nil) {
			t.Fatalf("%v with %v", p, err)
		}
		if err != nil {
			return
		}
		answers, err := p.Ask(t.Context(), made, questions...)
		if err != nil {
			t.Fatal(err)
		}
		for i, values := range answers {
			for _, v := range values {
				if math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
					t.Errorf("%+v: %v", questions[i], v)
				}
			}
		}
	})
}
