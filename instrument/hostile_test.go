package instrument

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/instrument/internal/route"
	"github.com/argus-dgo/argus/internal/catalog"
)

// members decodes an object that has each of its own keys once, and none of
// them in another way of writing.
func members(body string) (map[string]json.RawMessage, bool) {
	decoder := json.NewDecoder(strings.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') || !json.Valid([]byte(body)) {
		return nil, false
	}
	found := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		key, isString := token.(string)
		if _, twice := found[strings.ToLower(key)]; err != nil || !isString || twice {
			return nil, false
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return nil, false
		}
		found[strings.ToLower(key)] = value
		if strings.ToLower(key) != key {
			return nil, false
		}
	}
	return found, true
}

// FuzzErrorCode: of a whole body the code is what encoding/json makes of it, and
// of one that is cut it is that or nothing.
func FuzzErrorCode(f *testing.F) {
	f.Add(`{"message":"Unknown interaction","code":10062}`, 20)
	f.Add(`{"errors":{"code":1,"x":[{"code":"A"}]},"code":50035,"message":"x"}`, 47)
	f.Add(`{"code":null}`, 3)
	f.Add(`{"code":"10062"}`, 5)
	f.Add(`{"code":1e3}`, 9)
	f.Add(`{"x":"\ud83d\u00","code":7`, 1)
	f.Add(`[[[[{"code":5}]]]]`, 7)
	f.Add(strings.Repeat(`{"x":`, 100), 90)
	f.Fuzz(func(t *testing.T, body string, cut int) {
		code, ok := errorCode([]byte(body))
		found, isObject := members(body)
		if !isObject {
			return
		}
		var want *int
		if json.Unmarshal(found["code"], &want) != nil {
			want = nil
		}
		if ok != (want != nil) || ok && code != *want {
			t.Errorf("%q: %d, %v, want %v", body, code, ok, want)
		}
		if cut < 0 || cut > len(body) {
			return
		}
		if cutCode, cutOK := errorCode([]byte(body[:cut])); cutOK && (!ok || cutCode != code) {
			t.Errorf("%q: %d, %v, but whole: %d, %v", body[:cut], cutCode, cutOK, code, ok)
		}
	})
}

// FuzzSessionStart: what is taken over has all its numbers, and a reset that is
// not in the past.
func FuzzSessionStart(f *testing.F) {
	f.Add(`{"url":"wss://x","shards":9,"session_start_limit":{"total":1000,"remaining":999,"reset_after":14400000,"max_concurrency":1}}`)
	f.Add(`{"session_start_limit":{"total":1000,"remaining":-1,"reset_after":0,"max_concurrency":1}}`)
	f.Add(`{"session_start_limit":{"total":0,"remaining":0,"reset_after":9223372036854775807,"max_concurrency":0}}`)
	f.Add(`{"session_start_limit":{"reset":"x","total":1}}`)
	f.Add(`{"session_start_limit":null}`)
	f.Add(`null`)
	now := time.Unix(1_700_000_000, 0)
	f.Fuzz(func(t *testing.T, body string) {
		var s sessionStart
		s.read([]byte(body), now)
		limit := s.last.Load()
		if limit == nil {
			return
		}
		for _, n := range []*int64{limit.Total, limit.Remaining, limit.ResetAfter, limit.MaxConcurrency} {
			if n == nil || *n < 0 {
				t.Errorf("%q: %+v", body, limit)
			}
		}
		if after := limit.reset.Sub(now); after < 0 || after > 366*24*time.Hour {
			t.Errorf("%q: the reset is after %v", body, after)
		}
	})
}

// FuzzCallbackID: of the path of a callback it is the number behind
// interactions, and no path makes the search panic.
func FuzzCallbackID(f *testing.F) {
	f.Add("/api/v9/interactions/1144/dG9rZW4/callback")
	f.Add("/interactions/18446744073709551615/t/callback")
	f.Add("/interactions/99999999999999999999/t/callback")
	f.Add("//interactions/5/t/callback")
	f.Add("/api/v9/interactions//interactions/7/t/callback")
	f.Add("/interactions/interactions/3/callback")
	f.Add("/interactions/5/%2finteractions%2f6/callback")
	f.Add("/interactions/api/v9/interactions/8/t/callback")
	f.Fuzz(func(t *testing.T, path string) {
		template, found := route.Find(path)
		id, _ := strconv.ParseUint(route.Segment(found, 1), 10, 64)
		if template != catalog.RouteCallback {
			return
		}
		segments := strings.Split(path, "/")
		want, err := strconv.ParseUint(segments[len(segments)-3], 10, 64)
		if errors.Is(err, strconv.ErrRange) {
			want = math.MaxUint64 // no snowflake, and so nobody's
		}
		if id != want {
			t.Errorf("%q: %d, want %d", path, id, want)
		}
	})
}

// FuzzRequest: whatever is asked for and whatever is answered, labels stay in
// their closed sets, nothing of ours fails, and the user gets the whole body.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "/api/v9/interactions/1144/dG9rZW4/callback", 404, "user", "", `{"code":10062}`)
	f.Add("GET", "/api/v9/gateway/bot", 200, "", "", `{"session_start_limit":{"total":1000,"remaining":999,"reset_after":14400000,"max_concurrency":1}}`)
	f.Add("GET", "/api/v9/webhooks/5/dG9rZW4", 429, "shared", "true", `{"retry_after":1}`)
	f.Add("", "", 0, "\xff", "\n", "\x00")
	f.Add("patch", "/cdn/../../%2e%2e/{token}/%zz", -1, "other", "", `{"code":-1}`)
	f.Add("POST", "/interactions/99999999999999999999/x/callback", 1<<40, "", "", ``)

	reader := sdkmetric.NewManualReader()
	var faults []error
	inst, err := New(
		WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(10_000))),
		WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { faults = append(faults, err) })),
	)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = inst.Close() })
	s, err := discordgo.New("Bot x")
	if err != nil {
		f.Fatal(err)
	}
	users := &answering{}
	s.Client.Transport = users
	if _, err := inst.Attach(s); err != nil {
		f.Fatal(err)
	}
	closed := map[string]map[string]bool{}
	for _, instrument := range catalog.All() {
		for _, label := range instrument.Labels {
			if len(label.Values) == 0 {
				continue // a bot's own, and bounded elsewhere
			}
			values := map[string]bool{}
			for _, v := range label.Values {
				values[v] = true
			}
			closed[instrument.Name+" "+label.Name] = values
		}
	}
	for _, name := range []string{"discord.rest.request.duration", "discord.rest.queue.wait", "discord.ratelimits"} {
		closed[name+" route"] = map[string]bool{catalog.RouteOther: true}
		for _, template := range catalog.Routes() {
			closed[name+" route"][template] = true
		}
	}
	f.Fuzz(func(t *testing.T, method, path string, status int, scope, global, body string) {
		header := http.Header{"X-Ratelimit-Scope": {scope}, "X-Ratelimit-Global": {global}, "Date": {scope}}
		users.response = &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
		request := &http.Request{Method: method, URL: &url.URL{Scheme: "https", Host: "discord.com", Path: path}, Header: http.Header{}}
		if parsed, err := url.Parse("https://discord.com" + path); err == nil && len(path)%2 == 0 {
			request.URL = parsed
		}
		inst.RequestOption(context.Background())(&discordgo.RequestConfig{Request: request})
		response, err := s.Client.Transport.RoundTrip(request)
		if err != nil || response != users.response {
			t.Fatalf("another response: %v", err)
		}
		if got, err := io.ReadAll(response.Body); err != nil || string(got) != body {
			t.Errorf("the body is %q, %v, want %q", got, err, body)
		}
		_ = response.Body.Close()

		var rm metricdata.ResourceMetrics
		if err := reader.Collect(t.Context(), &rm); err != nil {
			t.Fatal(err)
		}
		for _, scope := range rm.ScopeMetrics {
			for _, m := range scope.Metrics {
				for _, set := range labelSets(m) {
					for _, l := range set.ToSlice() {
						if values := closed[m.Name+" "+string(l.Key)]; values != nil && !values[l.Value.AsString()] {
							t.Errorf("%s has %s=%q", m.Name, l.Key, l.Value.AsString())
						}
					}
				}
			}
		}
		if err := inst.faults.reports.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(faults) > 0 {
			t.Errorf("the instrumentation failed: %v", faults)
			faults = nil
		}
		if n := inst.requests.inFlight.Load(); n != 0 {
			t.Errorf("%d requests are in flight", n)
		}
	})
}

func labelSets(m metricdata.Metrics) (sets []attribute.Set) {
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	}
	return sets
}

// answering is a transport that gives the response it is told to, or one with
// the body it is told to.
type answering struct {
	response *http.Response
	body     string
}

func (a *answering) RoundTrip(*http.Request) (*http.Response, error) {
	if a.body != "" {
		return &http.Response{StatusCode: http.StatusOK, Header: a.response.Header, Body: io.NopCloser(strings.NewReader(a.body))}, nil
	}
	return a.response, nil
}
