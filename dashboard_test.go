package argus

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/history"
)

// A browser keeps cookies and sends what browsers send.
type browser struct {
	t      *testing.T
	client *http.Client
	base   *url.URL
}

func newBrowser(t *testing.T, address string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t, &http.Client{Jar: jar, Transport: transport}, base}
}

// request follows a link of the page.
func (b *browser) request(method, link, form string) *http.Response {
	b.t.Helper()
	target, err := b.base.Parse(link)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, target.String(), strings.NewReader(form))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("User-Agent", "Mozilla/5.0")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.base.Scheme+"://"+b.base.Host)
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, target, err)
	}
	return response
}

// send follows a link and reads what it leads to.
func (b *browser) send(method, link, form string) (status int, body string) {
	b.t.Helper()
	response := b.request(method, link, form)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func (b *browser) get(link string) (status int, body string) {
	b.t.Helper()
	return b.send(http.MethodGet, link, "")
}

func readAll(t *testing.T, response *http.Response) (status int, body string) {
	t.Helper()
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// logIn sends the form and ends on the page.
func (b *browser) logIn(token string) {
	b.t.Helper()
	response := b.request(http.MethodPost, "./login", url.Values{"token": {token}}.Encode())
	if status, _ := readAll(b.t, response); status != http.StatusOK || response.Request.URL.Path != b.base.Path {
		b.t.Fatalf("the login ends with status %d at %s", status, response.Request.URL)
	}
}

// stream waits for a shard that is up on the page's stream.
func (b *browser) stream() {
	b.t.Helper()
	response := b.request(http.MethodGet, "./api/v1/stream", "")
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var message api.Step // what both kinds of message have
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
			if err := json.Unmarshal([]byte(data), &message); err != nil {
				b.t.Fatal(err)
			}
		}
		for _, shard := range message.Shards {
			if shard.Up != nil && *shard.Up {
				return
			}
		}
	}
	b.t.Fatalf("status %d: the stream ended before a shard was up: %v", response.StatusCode, lines.Err())
}

// TestLivePage: the files come before the login, and data after it. The metrics page
// keeps its own token.
func TestLivePage(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a step of the history")
	}
	t.Parallel()
	s := sessionOf(t, newDiscord(t), 0, 1)
	log := new(journal)
	a, err := start(environ(map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "for-metrics", "ARGUS_DASHBOARD_AUTH_TOKEN": "for-the-page"}, nil), s,
		[]Option{WithAddr("127.0.0.1:0"), WithGrafanaURL("https://grafana.example/?c={cluster}"), WithNamespace("music"), log.option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	open(t, s)
	if a.DashboardURL() != "http://"+a.Addr()+"/" || !strings.Contains(log.String(), "dashboard="+a.DashboardURL()) {
		t.Errorf("the page is at %q, and the log says %s", a.DashboardURL(), log)
	}
	b := newBrowser(t, a.DashboardURL())
	if status, page := b.get("./"); status != http.StatusOK || !strings.Contains(page, "<html") {
		t.Errorf("before the login: %d %s", status, page)
	}
	if status, form := b.get("./plain"); status != http.StatusUnauthorized || !strings.Contains(form, `action="./login"`) {
		t.Errorf("the plain page before the login: %d %s", status, form)
	}
	for _, link := range []string{"./page.json", "./catalog.json", "./api/v1/status", "./api/v1/stream"} {
		if status, body := b.get(link); status != http.StatusUnauthorized || !strings.HasPrefix(body, `{"error":`) {
			t.Errorf("%s before the login: %d %s", link, status, body)
		}
		if status, _ := get(t, a.DashboardURL()+strings.TrimPrefix(link, "./"), "for-metrics"); status != http.StatusUnauthorized {
			t.Errorf("%s with the token of the metrics: %d", link, status)
		}
	}
	if status, _ := b.send(http.MethodPost, "./login", "token=for-metrics"); status != http.StatusUnauthorized {
		t.Errorf("a login with the token of the metrics: %d", status)
	}
	b.logIn("for-the-page")
	if status, body := b.get("./page.json"); status != http.StatusOK || body != `{"version":1,"grafana":"https://grafana.example/?c={cluster}","trace":"","auth":true,"bots":[""]}`+"\n" {
		t.Errorf("page.json: %d %s", status, body)
	}
	if status, body := b.get("./catalog.json"); status != http.StatusOK || !strings.Contains(body, `"series":"music_shard_up"`) {
		t.Errorf("catalog.json: %d %.200s", status, body)
	}
	b.stream()
	eventually(t, "the plain page to show the shard", func() bool {
		status, page := b.get("./plain")
		return status == http.StatusOK && strings.Contains(page, "1 of 1 shards are up.") && strings.Contains(page, `<tr><th scope="row">0</th><td>`+catalog.StateReady+`</td>`)
	})
	// The metrics are as before.
	for token, want := range map[string]int{"for-metrics": http.StatusOK, "for-the-page": http.StatusUnauthorized, "": http.StatusUnauthorized} {
		if status, _ := get(t, a.URL(), token); status != want {
			t.Errorf("the metrics with the token %q: %d", token, status)
		}
	}
	if status, _ := b.get("./metrics"); status != http.StatusUnauthorized {
		t.Errorf("the metrics with the cookie: %d", status)
	}
	if status, _ := get(t, a.DashboardURL()+"api/v1/status", "for-the-page"); status != http.StatusOK {
		t.Errorf("the API with the token: %d", status)
	}
	b.send(http.MethodPost, "./logout", "")
	if status, _ := b.get("./page.json"); status != http.StatusUnauthorized {
		t.Errorf("after the logout: %d", status)
	}
	if strings.Contains(log.String(), "for-the-page") || strings.Contains(log.String(), "for-metrics") || strings.Contains(fmt.Sprintf("%+v %#v", a.Config(), a.Config()), "for-the-page") {
		t.Error("a token is shown")
	}
}

// TestLivePageElsewhere: on the program's own server, behind a proxy that removes a
// prefix and terminates another one, the login's cookie is that of the folder.
func TestLivePageElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a step of the history")
	}
	t.Parallel()
	s := sessionOf(t, newDiscord(t), 0, 1)
	a, err := start(environ(nil, nil), s, []Option{WithoutServer(), WithAuthToken("a-token"), WithBot("music"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	open(t, s)
	mux := http.NewServeMux()
	mux.Handle("/argus/", http.StripPrefix("/argus", a.DashboardHandler()))
	own := httptest.NewServer(mux)
	defer own.Close()
	b := newBrowser(t, own.URL+"/argus/")
	if status, _ := newBrowser(t, own.URL).get("/argus"); status != http.StatusOK {
		t.Errorf("without the slash: %d", status)
	}
	b.logIn("a-token")
	b.stream()
	status, body := b.get("./api/v1/status")
	var document api.Status
	if err := json.Unmarshal([]byte(body), &document); err != nil || status != http.StatusOK || document.Identity.Bot != "music" {
		t.Errorf("%d %v %s", status, err, body)
	}
	for link, want := range map[string]int{"./nothing": http.StatusNotFound, "/argus/metrics": http.StatusNotFound, "/": http.StatusNotFound} {
		if status, _ := b.get(link); status != want {
			t.Errorf("%s: %d", link, status)
		}
	}
	root, err := url.Parse(own.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	if cookies := b.client.Jar.Cookies(root); len(cookies) > 0 {
		t.Errorf("the cookie is sent to the rest of the program's server: %v", cookies)
	}
}

// TestLivePageOff: / says so, and the metrics and the API stay.
func TestLivePageOff(t *testing.T) {
	t.Parallel()
	a, log := startTest(t, map[string]string{"ARGUS_DASHBOARD": "false"})
	base := "http://" + a.Addr()
	if status, body := get(t, base+"/", ""); status != http.StatusNotFound || !strings.Contains(body, "ARGUS_DASHBOARD is false") || strings.Count(body, "\n") != 1 {
		t.Errorf("/: %d %s", status, body)
	}
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/healthz": http.StatusOK, api.StatusPath: http.StatusOK, "/plain": http.StatusNotFound} {
		if status, body := get(t, base+path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if a.DashboardURL() != "" || strings.Contains(log.String(), "dashboard=") {
		t.Errorf("the page is said to be at %q: %s", a.DashboardURL(), log)
	}
}

// TestDashboardHandlerAnswers whatever the configuration and the time.
func TestDashboardHandlerAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		variables map[string]string
		opts      []Option
		want      int
	}{
		"disabled":   {map[string]string{"OTEL_SDK_DISABLED": "true"}, nil, http.StatusNotFound},
		"no page":    {map[string]string{"OTEL_METRICS_EXPORTER": "none"}, nil, http.StatusNotFound},
		"no history": {map[string]string{"ARGUS_HISTORY": "false"}, []Option{WithoutServer()}, http.StatusBadRequest},
	} {
		a, _ := startTest(t, tt.variables, tt.opts...)
		w := httptest.NewRecorder()
		if a.DashboardHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, api.StatusPath, http.NoBody)); w.Code != tt.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	a, _ := startTest(t, nil, WithoutServer())
	h := a.DashboardHandler()
	shutDown(t, a)
	for _, h := range []http.Handler{h, a.DashboardHandler()} {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, api.StatusPath, http.NoBody)); w.Code != http.StatusBadRequest {
			t.Errorf("after the shutdown: %d %s", w.Code, w.Body)
		}
	}
}

// TestLivePageUnderAnotherName: a browser gets neither the page nor the form under a
// name that any site could have, and its token counts for nothing there.
func TestLivePageUnderAnotherName(t *testing.T) {
	t.Parallel()
	a, _ := startTest(t, nil, WithDashboardAuthToken("for-the-page"))
	for _, path := range []string{"/", "/login", "/api/v1/status", "/plain"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.Addr()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "evil.example"
		r.Header.Set("Accept-Language", "en")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := readAll(t, response); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
		r.Header.Set("Authorization", "Bearer for-the-page")
		response, err = http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := readAll(t, response); status == http.StatusForbidden {
			t.Errorf("%s with the token: %d", path, status)
		}
	}
}

// TestWebConfigFile: page, API and metrics need the password, and the address says what
// to open.
func TestWebConfigFile(t *testing.T) {
	t.Parallel()
	a, _ := startTest(t, map[string]string{"ARGUS_WEB_CONFIG_FILE": "testdata/web.yml"})
	for path, want := range map[string]int{"": http.StatusOK, "plain.css": http.StatusOK, "page.json": http.StatusOK, "metrics": http.StatusOK, "healthz": http.StatusOK} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.DashboardURL()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := readAll(t, response); status != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") != "Basic" {
			t.Errorf("%q without the password: %d", path, status)
		}
		r.SetBasicAuth("prometheus", "password")
		if response, err = http.DefaultClient.Do(r); err != nil {
			t.Fatal(err)
		}
		if status, _ := readAll(t, response); status != want {
			t.Errorf("%q with the password: %d", path, status)
		}
	}
}

// TestViewers: with as many streams as there may be, half of them by clients that never
// read, the bot answers, each step is gathered and written once for all, and nothing holds
// up the end.
func TestViewers(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for steps of the history")
	}
	// Not beside others: it has all streams of the process.
	const viewers, interactions = 32, 20
	discord := newDiscord(t)
	s := sessionOf(t, discord, 0, 1)
	a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			shutDown(t, a)
		}
	}()
	var gatherings, answered atomic.Int64
	_, err = a.MeterProvider().Meter("test").Int64ObservableGauge("gatherings", metric.WithInt64Callback(func(context.Context, metric.Int64Observer) error {
		gatherings.Add(1)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	s.AddHandler(a.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		err := s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource})
		if err == nil {
			answered.Add(1)
		}
		return err
	}))
	open(t, s)

	b := newBrowser(t, a.DashboardURL())
	var (
		mu       sync.Mutex
		messages = map[string]string{} // by id
		reading  sync.WaitGroup
		steps    [viewers / 2]atomic.Int64
	)
	for n := range viewers {
		if n%2 == 1 { // it never reads
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", a.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET "+api.StreamPath+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			continue
		}
		response := b.request(http.MethodGet, "./api/v1/stream", "")
		if response.StatusCode != http.StatusOK {
			t.Fatalf("stream %d: status %d", n, response.StatusCode)
		}
		reading.Go(func() {
			defer response.Body.Close()
			lines := bufio.NewScanner(response.Body)
			lines.Buffer(nil, 1<<20)
			for id, step := "", false; lines.Scan(); {
				field, value, _ := strings.Cut(lines.Text(), ": ")
				switch field {
				case "id":
					id = value
				case "event":
					step = value == "step"
				case "data":
					if !step {
						continue
					}
					mu.Lock()
					if other, known := messages[id]; known && other != value {
						t.Errorf("the message %s is different for two clients", id)
					}
					messages[id] = value
					mu.Unlock()
					steps[n/2].Add(1)
				}
			}
		})
	}
	eventually(t, "all places to be taken", func() bool {
		response := b.request(http.MethodGet, "./api/v1/stream", "")
		response.Body.Close() // or else it takes the place of one that does not read
		return response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != ""
	})
	begin, before := time.Now(), gatherings.Load()
	for range interactions {
		if _, _, err := discord.SendInteraction(t.Context(), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the bot to answer", func() bool { return answered.Load() == interactions })
	for _, link := range []string{"./", "./page.json", "./plain", "./healthz"} {
		if status, _ := b.get(link); status != http.StatusOK {
			t.Errorf("%s: %d", link, status)
		}
	}
	eventually(t, "two steps for each who reads", func() bool {
		for n := range steps {
			if steps[n].Load() < 2 {
				return false
			}
		}
		return true
	})
	if n, most := gatherings.Load()-before, int64(time.Since(begin)/history.FineStep)+2; n > most {
		t.Errorf("%d gatherings in %v for %d viewers, want %d at most", n, time.Since(begin), viewers, most)
	}
	ended = true
	shutDown(t, a)
	reading.Wait()
}
