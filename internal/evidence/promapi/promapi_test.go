package promapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/credential"
	"github.com/argus-dgo/argus/internal/evidence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "planted-token"

var at = time.Date(2026, 11, 29, 1, 2, 3, 500e6, time.UTC)

// A fake is a server with answers for queries. What it has no answer for is empty.
type fake struct {
	answers map[string]string

	mu    sync.Mutex // a client has several requests at a time
	asked []url.Values
	path  string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.RawQuery != "" {
		http.Error(w, "not a query", http.StatusTeapot)
		return
	}
	f.mu.Lock()
	f.path = r.URL.Path
	f.asked = append(f.asked, r.PostForm)
	f.mu.Unlock()
	kind := vector
	if strings.HasSuffix(r.URL.Path, rangePath) {
		kind = matrix
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, success(kind, f.answers[r.PostForm.Get("query")]))
}

func success(kind, rows string) string {
	return `{"status":"success","data":{"resultType":"` + kind + `","result":[` + rows + `]}}`
}

func newClient(t *testing.T, config Config) *Client {
	t.Helper()
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAsk(t *testing.T) {
	f := &fake{answers: map[string]string{
		`max by (job, bot, region, cluster, shard) (fun_shard_latency_seconds{job="j",bot="b"})`: `
			{"metric":{"job":"j","bot":"b","cluster":"1","shard":"3"},"value":[1764378123.5,"0.25"]},
			{"metric":{"job":"j","bot":"b","cluster":"0","shard":"1"},"value":[1764378123.5,"1e-3"]},
			{"metric":{"job":"j","bot":"b","cluster":"0","shard":""},"value":[1764378123.5,"4"]},
			{"metric":{"job":"j","bot":"b","cluster":"2","shard":"9"},"value":[1764378123.5,"NaN"]},
			{"metric":{"job":"j","bot":"b","cluster":"3","shard":"9"},"value":[1764378123.5,"+Inf"]},
			{"metric":{"job":"j","bot":"b","cluster":"4","shard":"9"},"value":[1764378123.5,"-Inf"]},
			{"metric":{"job":"j","bot":"b","cluster":"5","shard":"9"},"histogram":[1764378123.5,{"count":"3","sum":"3","buckets":[]}]}`,
	}}
	c := newClient(t, Config{URL: serve(t, f) + "/prefix/", Namespace: "fun", Job: "j", Bot: "b", Credential: bearer(token), Timeout: 90 * time.Second})
	got, err := c.Ask(t.Context(), at,
		evidence.Question{Form: evidence.Last, Of: catalog.Guilds},
		evidence.Question{Form: evidence.Last, Of: catalog.ShardLatency, By: []string{"shard"}})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]evidence.Value{{}, {
		{Labels: evidence.Labels{"job": "j", "bot": "b", "cluster": "0"}, Number: 4},
		{Labels: evidence.Labels{"job": "j", "bot": "b", "cluster": "0", "shard": "1"}, Number: 0.001},
		{Labels: evidence.Labels{"job": "j", "bot": "b", "cluster": "1", "shard": "3"}, Number: 0.25},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if f.path != "/prefix/api/v1/query" || f.asked[0].Get("time") != "1795914123.500" || f.asked[0].Get("timeout") != "90" {
		t.Errorf("asked %s for %v", f.path, f.asked[0])
	}
	if got, err := c.Ask(t.Context(), at); err != nil || len(got) != 0 {
		t.Errorf("no questions: %v, %v", got, err)
	}
	if _, err := c.Ask(t.Context(), at, evidence.Question{Of: catalog.Guilds}); err == nil || !strings.Contains(err.Error(), "discord.guilds has no form") {
		t.Errorf("a question without a form: %v", err)
	}
}

func TestTrace(t *testing.T) {
	f := &fake{answers: map[string]string{
		`max by (job, bot, region, cluster) (discord_guilds)`: `
			{"metric":{"cluster":"1"},"values":[[100,"1"],[105.25,"NaN"],[110,"3"]]},
			{"metric":{"cluster":"0"},"values":[[100,"2"]]},
			{"metric":{"cluster":"2"},"values":[[100,"NaN"]]}`,
	}}
	c := newClient(t, Config{URL: serve(t, f)})
	got, err := c.Trace(t.Context(), at.Add(-time.Hour), at, evidence.Question{Form: evidence.Last, Of: catalog.Guilds})
	if err != nil {
		t.Fatal(err)
	}
	want := []evidence.Series{
		{Labels: evidence.Labels{"cluster": "0"}, Points: []evidence.Point{{At: time.Unix(100, 0), Number: 2}}},
		{Labels: evidence.Labels{"cluster": "1"}, Points: []evidence.Point{{At: time.Unix(100, 0), Number: 1}, {At: time.Unix(110, 0), Number: 3}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	q := f.asked[0]
	if f.path != rangePath || q.Get("start") != "1795910523.500" || q.Get("end") != "1795914123.500" || q.Get("step") != "5" {
		t.Errorf("asked %s for %v", f.path, q)
	}
	if _, err := c.Trace(t.Context(), at, at.Add(-time.Second), evidence.Question{Form: evidence.Last, Of: catalog.Guilds}); err == nil || !strings.Contains(err.Error(), "before it begins") {
		t.Errorf("a range that ends before it begins: %v", err)
	}
}

// TestConcurrency: concurrent calls of Ask share the limit of queries.
func TestConcurrency(t *testing.T) {
	var now, most atomic.Int64
	var once sync.Once
	full := make(chan struct{})
	c := newClient(t, Config{URL: serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		if n > Concurrency {
			most.Store(n)
		}
		if n == Concurrency {
			once.Do(func() { close(full) })
		}
		<-full
		now.Add(-1) // before the client has the answer, and asks again
		_, _ = io.WriteString(w, success(vector, ""))
	}))})
	questions := make([]evidence.Question, Concurrency-1)
	for i := range questions {
		questions[i] = evidence.Question{Form: evidence.Last, Of: catalog.Guilds}
	}
	done := make(chan error)
	for range 2 {
		go func() {
			_, err := c.Ask(t.Context(), at, questions...)
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() > 0 {
		t.Errorf("%d queries at a time, want %d", most.Load(), Concurrency)
	}
}

// TestURLs: a URL that cannot be used is an error, which shows nothing secret.
func TestURLs(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "is empty",
		"localhost:9090":               `"localhost:9090" has no scheme: write http://localhost:9090`,
		"10.0.0.1:9090":                "has no scheme",
		"prometheus.example":           "has no scheme",
		"ftp://prometheus":             `scheme "ftp"`,
		"http://":                      "write it as http://host:9090",
		"http://:9090":                 "write it as",
		"http:///path":                 "write it as",
		"http://a b":                   "write it as",
		"http://host:port":             "write it as",
		"http://user:planted@host":     "use a token file",
		"planted@host:9090":            "use a token file",
		"http://user:planted/?#@host":  "use a token file",
		"http://host/?token=planted":   "remove what follows the path",
		"http://host/graph?g0=planted": "remove what follows the path",
		"http://host/#planted":         "remove what follows the path",
		"host:9090?token=planted":      "has no scheme",
	} {
		_, err := New(Config{URL: text})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "planted") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for name, tt := range map[string]struct {
		config Config
		want   string
	}{
		"namespace": {Config{URL: "http://host", Namespace: "No"}, `the namespace "No" must be`},
		"timeout":   {Config{URL: "http://host", Timeout: -1}, "is negative"},
	} {
		if _, err := New(tt.config); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func answer(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func apiError(status int, kind, text string) http.HandlerFunc {
	body, err := json.Marshal(map[string]string{"status": "error", "errorType": kind, "error": text})
	if err != nil {
		return nil
	}
	return answer(status, "application/json", string(body))
}

// TestErrors: each is one sentence that names the server and the cause, and shows no secret.
func TestErrors(t *testing.T) {
	const kind = "application/json"
	ask := func(t *testing.T, c *Client, want string) {
		t.Helper()
		_, err := c.Ask(t.Context(), at, evidence.Question{Form: evidence.Last, Of: catalog.Guilds})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "Prometheus at http") {
			t.Errorf("%v, want %q", err, want)
			return
		}
		if text := err.Error(); strings.Contains(text, token) || strings.Contains(text, "planted") || strings.ContainsAny(text, "\n\r") || len(text) > 600 {
			t.Errorf("%q shows a secret or is no sentence", text)
		}
	}
	row := `{"metric":{},"value":[1,"1"]}`
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"web page":            {answer(200, "text/html; charset=utf-8", "<html>planted"), "a web page, not JSON"},
		"web page as JSON":    {answer(200, kind, "<!DOCTYPE html>"), "is not JSON"},
		"text":                {answer(200, "text/plain", "OK"), "is not JSON"},
		"nothing":             {answer(200, kind, ""), "ends in the middle"},
		"cut off":             {answer(200, kind, success(vector, row)[:60]), "ends in the middle"},
		"broken":              {answer(200, kind, `{"status":"success"]`), "is not JSON"},
		"other JSON":          {answer(200, kind, `{"ok":true}`), "not an answer of the Prometheus API"},
		"array":               {answer(200, kind, `[]`), "not an answer of the Prometheus API"},
		"another type":        {answer(200, kind, success(matrix, "")), "not an answer of the Prometheus API"},
		"no result":           {answer(200, kind, `{"status":"success","data":{"resultType":"vector","result":null}}`), "not an answer"},
		"value of one":        {answer(200, kind, success(vector, `{"value":[1]}`)), "not an answer"},
		"value of three":      {answer(200, kind, success(vector, `{"value":[1,"2",3]}`)), "not an answer"},
		"value of null":       {answer(200, kind, success(vector, `{"value":[1,null]}`)), "not an answer"},
		"value that is none":  {answer(200, kind, success(vector, `{"value":[1,"x"]}`)), "not an answer"},
		"value too large":     {answer(200, kind, success(vector, `{"value":[1,"1e999"]}`)), "not an answer"},
		"time that is none":   {answer(200, kind, success(vector, `{"value":[1e300,"1"]}`)), "not an answer"},
		"partial":             {answer(200, kind, `{"status":"success","warnings":["store a:1\nis gone"],"data":{"resultType":"vector","result":[]}}`), "the answer is incomplete: store a:1 is gone"},
		"too many series":     {answer(200, kind, success(vector, strings.Repeat(row+",", maxSeries)+row)), "more than 50000 series"},
		"too long":            {answer(200, kind, strings.Repeat(" ", maxAnswer+1)), "longer than 16 MiB"},
		"unauthorized":        {answer(401, "text/plain", "Unauthorized "+token), "rejects the credentials (status 401)"},
		"forbidden":           {answer(403, "text/html", "<html>"), "denies access with these credentials (status 403)"},
		"proxy":               {answer(407, "text/html", "<html>"), "the proxy requires credentials"},
		"not there":           {answer(404, "text/plain", "404 page not found"), "there is no Prometheus API at /api/v1/query (status 404)"},
		"method":              {answer(405, "text/plain", "no"), "(status 405)"},
		"bad":                 {apiError(400, "bad_data", "invalid parameter \"query\": 1:5: parse error\n"+token), `the query failed (status 400): invalid parameter "query": 1:5: parse error [redacted]`},
		"execution":           {apiError(422, "execution", "query processing would load\ntoo many samples"), "(status 422): query processing would load too many samples"},
		"long message":        {apiError(422, "execution", strings.Repeat("x ", 1000)), "(status 422): x x"},
		"error with 200":      {apiError(200, "execution", "odd"), "the query failed: odd"},
		"timed out there":     {apiError(503, "timeout", "query timed out in expression evaluation"), "the query took too long for it (status 503): query timed out"},
		"unavailable":         {answer(503, "text/plain", "Service Unavailable"), "it is unavailable (status 503)"},
		"gateway":             {answer(502, "text/html", "<html>"), "a proxy in front of it has no answer (status 502)"},
		"teapot":              {answer(418, "text/plain", "short and stout"), "unexpected status 418"},
		"no HTTP":             {hijacked("SSH-2.0-OpenSSH\r\n"), "does not speak HTTP"},
		"closed":              {hijacked(""), "closed without a response"},
		"closed in the midst": {hijacked("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), "ends in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			ask(t, newClient(t, Config{URL: serve(t, tt.handler), Credential: bearer(token)}), tt.want)
		})
	}
	t.Run("without a token", func(t *testing.T) {
		ask(t, newClient(t, Config{URL: serve(t, answer(401, "text/plain", ""))}), "requires credentials (status 401): give a bearer token")
		ask(t, newClient(t, Config{URL: serve(t, answer(403, "text/plain", ""))}), "denies access without credentials")
	})
	t.Run("refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		ask(t, newClient(t, Config{URL: "http://" + l.Addr().String()}), "connection refused: nothing listens there")
	})
	t.Run("TLS expected", func(t *testing.T) {
		server := httptest.NewTLSServer(answer(200, kind, ""))
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshakes fail
		defer server.Close()
		ask(t, newClient(t, Config{URL: "http://" + server.Listener.Addr().String()}), "it expects TLS: write https://")
	})
	t.Run("TLS not spoken", func(t *testing.T) {
		ask(t, newClient(t, Config{URL: "https://" + strings.TrimPrefix(serve(t, answer(200, kind, "")), "http://")}), "it does not speak TLS: write http://")
	})
	t.Run("timeout", func(t *testing.T) {
		h := func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // so that the end of the connection is noticed
			<-r.Context().Done()
		}
		ask(t, newClient(t, Config{URL: serve(t, http.HandlerFunc(h)), Timeout: 50 * time.Millisecond}), "no answer within 50ms")
		slow := func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, `{"status":`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
		ask(t, newClient(t, Config{URL: serve(t, http.HandlerFunc(slow)), Timeout: 50 * time.Millisecond}), "no answer within 50ms")
	})
}

// hijacked answers with these bytes and closes the connection.
func hijacked(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// TestCanceled: if the caller cancels, the error is context.Canceled and does not name the server.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := newClient(t, Config{URL: serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))})
	if _, err := c.Ask(ctx, at, evidence.Question{Form: evidence.Last, Of: catalog.Guilds}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

// TestOneFails: the error is that of the failed query, not the cancellation of the others.
func TestOneFails(t *testing.T) {
	c := newClient(t, Config{URL: serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("query"), "discord_members") {
			apiError(422, "execution", "no")(w, r)
			return
		}
		<-r.Context().Done()
	}))})
	_, err := c.Ask(t.Context(), at,
		evidence.Question{Form: evidence.Last, Of: catalog.Guilds}, evidence.Question{Form: evidence.Last, Of: catalog.Members}, evidence.Question{Form: evidence.Last, Of: catalog.Guilds})
	if err == nil || !strings.Contains(err.Error(), "(status 422): no") {
		t.Errorf("%v", err)
	}
}

// TestRedirect: none is followed, and the token stays.
func TestRedirect(t *testing.T) {
	var asked atomic.Bool
	elsewhere := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	for _, status := range []int{301, 302, 307, 308} {
		c := newClient(t, Config{Credential: bearer(token), URL: serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(elsewhere, "://", "://user:planted@", 1)+"/login?session=planted", status)
		}))})
		_, err := c.Ask(t.Context(), at, evidence.Question{Form: evidence.Last, Of: catalog.Guilds})
		if want := fmt.Sprintf("unexpected redirect to %s/login (status %d)", elsewhere, status); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if asked.Load() {
		t.Error("a redirect was followed")
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(answer(200, "application/json", success(vector, "")))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshakes fail
	server.StartTLS()
	defer server.Close()
	q := evidence.Question{Form: evidence.Last, Of: catalog.Guilds}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	settings := func(change func(*tls.Config)) *tls.Config {
		c := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		change(c)
		return c
	}
	if _, err := newClient(t, Config{URL: server.URL, TLS: settings(func(*tls.Config) {})}).Ask(t.Context(), at, q); err != nil {
		t.Error(err)
	}
	for want, config := range map[string]Config{
		"signed by an unknown authority: give the CA file": {URL: server.URL},
		"not valid for other.test":                         {URL: server.URL, TLS: settings(func(c *tls.Config) { c.ServerName = "other.test" })},
		"has expired": {URL: server.URL, TLS: settings(func(c *tls.Config) {
			c.Time = func() time.Time { return server.Certificate().NotAfter.Add(time.Hour) }
		})},
	} {
		if _, err := newClient(t, config).Ask(t.Context(), at, q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func bearer(token string) credential.Credential {
	c, err := credential.Token(token)
	if err != nil {
		panic(err)
	}
	return c
}

func TestCredentialIsSent(t *testing.T) {
	var header atomic.Value
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header.Store(r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, success(vector, ""))
	}))
	for want, given := range map[string]credential.Credential{"Bearer " + token: bearer(token), "": {}, "Basic bzpwbGFudGVk": credential.Password("o", "planted")} {
		c := newClient(t, Config{URL: url, Credential: given})
		if _, err := c.Bots(t.Context()); err != nil || header.Load() != want {
			t.Errorf("%v, %v", header.Load(), err)
		}
		if text := fmt.Sprintf("%v %+v %#v", c, *c, *c); strings.Contains(text, token) || strings.Contains(text, "planted") {
			t.Errorf("the credential is printed: %s", text)
		}
	}
}

func TestCheck(t *testing.T) {
	const (
		bots  = `group by (job, bot) (last_over_time(argus_up[1d]))`
		names = `group by (__name__) (last_over_time({__name__=~".+_bot_info",argus_version!=""}[1d]))`
		ofMod = `group by (__name__) (last_over_time({__name__=~".+_bot_info",argus_version!="",bot="mod"}[1d]))`
		two   = `{"metric":{"job":"discord","bot":"music"},"value":[1,"1"]},{"metric":{"job":"discord","bot":"mod"},"value":[1,"1"]}`
	)
	name := func(names ...string) string {
		var rows []string
		for _, n := range names {
			rows = append(rows, `{"metric":{"__name__":"`+n+`"},"value":[1,"1"]}`)
		}
		return strings.Join(rows, ",")
	}
	for title, tt := range map[string]struct {
		answers map[string]string
		config  Config
		want    string
	}{
		"good":          {map[string]string{bots: two, names: name("other_bot_info", "discord_bot_info")}, Config{}, ""},
		"one of two":    {map[string]string{bots: two, ofMod: name("fun_bot_info")}, Config{Bot: "mod", Namespace: "fun"}, ""},
		"no Argus":      {nil, Config{}, "no argus_up of the last day: it does not scrape a bot with Argus"},
		"other bot":     {map[string]string{bots: two}, Config{Bot: "chat"}, `there is no bot "chat"; there is bot "mod" in job "discord", bot "music" in job "discord"`},
		"other job":     {map[string]string{bots: two}, Config{Bot: "mod", Job: "x"}, `there is no bot "mod" in job "x"; there is bot`},
		"namespace":     {map[string]string{bots: two, ofMod: name("fun_bot_info")}, Config{Bot: "mod"}, `no discord_bot_info of the last day: the namespace of the metrics is "fun"`},
		"no namespace":  {map[string]string{bots: two}, Config{}, "no discord_bot_info of the last day, although there is argus_up"},
		"no Prometheus": {map[string]string{bots: `{]`}, Config{}, "is not JSON"},
	} {
		config := tt.config
		config.URL = serve(t, &fake{answers: tt.answers})
		err := newClient(t, config).Check(t.Context())
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", title, err, tt.want)
		}
	}
	c := newClient(t, Config{URL: serve(t, &fake{answers: map[string]string{bots: two}})})
	if got, err := c.Bots(t.Context()); err != nil || !reflect.DeepEqual(got, []evidence.Bot{{Job: "discord", Name: "mod"}, {Job: "discord", Name: "music"}}) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestWarningsOnTheQuery: warnings about the expression do not make an answer incomplete.
func TestWarningsOnTheQuery(t *testing.T) {
	got, err := decode([]byte(`{"status":"success","infos":["PromQL info: x"],"warnings":["PromQL warning: y"],"data":{"resultType":"vector","result":[{"value":[1,"2"]}]}}`), vector)
	if err != nil || len(got) != 1 || got[0].Points[0].Number != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

// FuzzAnswer: no body causes a panic, and every number is finite.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(success(vector, `{"metric":{"cluster":"0"},"value":[1764378123.5,"0.25"]},{"value":[1,"NaN"]}`)))
	f.Add([]byte(success(matrix, `{"metric":{"cluster":"0"},"values":[[1,"0.25"],[2,"-Inf"]]}`)))
	f.Add([]byte(`{"status":"error","errorType":"execution","error":"no"}`))
	f.Add([]byte(`{"status":"success","warnings":["x"],"data":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range []string{vector, matrix} {
			series, err := decode(body, kind)
			if err != nil && series != nil {
				t.Errorf("%v with %v", series, err)
			}
			for _, s := range series {
				if len(s.Points) == 0 {
					t.Error("a series without points")
				}
				for _, p := range s.Points {
					if math.IsNaN(p.Number) || math.IsInf(p.Number, 0) {
						t.Errorf("%v", p)
					}
				}
				for name, value := range s.Labels {
					if value == "" {
						t.Errorf("the label %q is empty", name)
					}
				}
			}
		}
	})
}
