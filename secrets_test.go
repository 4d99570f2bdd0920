package argus

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel"
	otellog "go.opentelemetry.io/otel/log"

	"github.com/argus-dgo/argus/discordtest"
)

// handled keeps what reaches OpenTelemetry's error handler, where the
// instrumentation reports its own faults.
var handled struct {
	sync.Mutex
	text strings.Builder
}

// TestNoTokenIsShown makes everything that can go wrong with a token near it go
// wrong, and reads all that Argus says: the metrics, the log, OpenTelemetry's
// error handler, the pages for probes, the errors.
func TestNoTokenIsShown(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	needsPush(t)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		handled.Lock()
		defer handled.Unlock()
		handled.text.WriteString(err.Error() + "\n")
	}))
	const (
		botToken     = "MTk4NjIyNDgzNDcxOTI1MjQ4.the-bots.own-token"
		webhookToken = "the-webhooks-token-3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe28a41f8b2f777c372ba2939e72279b94526ff5d1bd4358d65cf11"
		metricsToken = "the-token-of-the-metrics-page"
		apiKey       = "the-collectors-api-key"
		proxySecret  = "the-password-of-the-proxy"
		shortKey     = "the-users-short-key"
	)
	keyFile := func(key string) string {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	srv := newDiscord(t, discordtest.WithToken(botToken), discordtest.WithGuilds(1))
	s := sessionOf(t, srv, 0, 1)
	s.ShouldRetryOnRateLimit = false
	log := new(journal)
	try := func(variables map[string]string, opts ...Option) (*Argus, error) {
		for name, value := range variables {
			t.Setenv(name, value)
		}
		return start(processEnvironment(), s, append(opts, WithAddr("127.0.0.1:0"), WithClusterID("c"), log.option()))
	}
	// Settings that are refused, with secrets in them.
	var said []error
	for _, variables := range []map[string]string{
		{"ARGUS_METRICS_AUTH_TOKEN": metricsToken + " \t\n" + metricsToken},
		{"OTEL_METRICS_EXPORTER": "prometheus,otlp", "OTEL_EXPORTER_OTLP_HEADERS": "api-key " + apiKey},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "ht tp://u:" + proxySecret + "@x"},
		{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"}, // with the variables above
		{"ARGUS_TRACE_URL": "https://u:" + proxySecret + "@x/{trace_id}"},
		{"ARGUS_TRACE_URL": "", "ARGUS_EVENT_USER_KEY_FILE": keyFile(shortKey)},
	} {
		_, err := try(variables)
		if err == nil {
			t.Fatal("a wrong setting is taken")
		}
		said = append(said, err)
	}
	// The push goes to a port where nobody listens, with a key in its headers.
	a, err := try(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
		"OTEL_EXPORTER_OTLP_HEADERS":  "api-key=" + apiKey,
		"OTEL_EXPORTER_OTLP_TIMEOUT":  "200",
		"OTEL_METRIC_EXPORT_INTERVAL": "50",
		"OTEL_BSP_SCHEDULE_DELAY":     "50",
		"OTEL_BLRP_SCHEDULE_DELAY":    "50",
		"ARGUS_EVENT_USER_KEY_FILE":   keyFile(userKey),
	}, WithAuthToken(metricsToken))
	if err != nil {
		t.Fatal(err)
	}
	_, span := a.TracerProvider().Tracer("bot").Start(t.Context(), "work")
	span.End()
	a.LoggerProvider().Logger("bot").Emit(t.Context(), otellog.Record{})
	ended := false
	end := func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := a.Shutdown(ctx); err != nil && !ended {
			said = append(said, err)
		}
		ended = true
	}
	defer end()

	boom := errors.New("the handler fails")
	interactions := make(chan *discordgo.Interaction, 1)
	s.AddHandler(a.Interaction(func(_ context.Context, _ *discordgo.Session, i *discordgo.InteractionCreate) error {
		interactions <- i.Interaction
		return boom
	}))
	open(t, s)
	conn, err := srv.WaitConn(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := srv.SendInteraction(t.Context(), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	interaction := <-interactions

	// Rate limits on the routes that have a token in their path.
	limited := 0
	for _, call := range []func() error{
		func() error { return s.InteractionRespond(interaction, &discordgo.InteractionResponse{Type: 5}) },
		func() error { _, err := s.InteractionResponse(interaction); return err },
		func() error {
			_, err := s.WebhookExecute("123", webhookToken, true, &discordgo.WebhookParams{Content: "x"})
			return err
		},
		func() error { _, err := s.WebhookWithToken("123", webhookToken); return err },
	} {
		srv.RateLimit(discordtest.RateLimit{Scope: "user", RetryAfter: time.Millisecond, Times: 1})
		if _, ok := errors.AsType[*discordgo.RateLimitError](call()); ok {
			limited++
		}
	}
	if limited != 4 {
		t.Errorf("%d of 4 calls were limited: the test would show too little", limited)
	}
	// A stream that the tap cannot follow, with a token in it.
	if err := conn.WriteBytes(append([]byte{0xF3, 0x7D}, interaction.Token...)); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, a.URL(), "wrong"+metricsToken); status != http.StatusUnauthorized {
		t.Errorf("a wrong token is answered with %d", status)
	}

	var page string
	eventually(t, "the faults and limits are on the page", func() bool {
		_, page = get(t, a.URL(), metricsToken)
		return strings.Contains(page, `discord_ratelimits_total{cluster="c",route="/webhooks/{id}/{token}",scope="user"} 2`) &&
			strings.Contains(page, `argus_instrumentation_errors_total{cluster="c",hook="tap"} 1`) &&
			strings.Contains(page, `argus_subsystem_up{cluster="c",subsystem="otlp"} 0`) &&
			strings.Contains(page, `argus_subsystem_up{cluster="c",subsystem="otlp_traces"} 0`) &&
			strings.Contains(page, `argus_subsystem_up{cluster="c",subsystem="otlp_logs"} 0`)
	})
	_, ready := get(t, "http://"+a.Addr()+"/readyz", "")
	end()
	handled.Lock()
	defer handled.Unlock()
	if !strings.Contains(log.String(), "argus.instrumentation.errors") {
		t.Error("no fault of the instrumentation is in the log: the test would show too little")
	}
	for where, text := range map[string]string{
		"page": page, "log": log.String(), "error handler": handled.text.String(), "/readyz": ready,
		"errors": errors.Join(said...).Error(), "Config": a.Config().String(),
	} {
		for name, secret := range map[string]string{
			"bot": botToken, "webhook": webhookToken, "interaction": interaction.Token, "metrics page": metricsToken,
			"API key": apiKey, "password": proxySecret, "short key": shortKey, "users' key": userKey,
		} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s token is in the %s:\n%s", name, where, text)
			}
		}
	}
}
