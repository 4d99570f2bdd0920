package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// TestSignalsShowNoSecrets: what a bot exports has no token, no path with one and nothing that a user or the bot wrote, and no id of
// Discord's unless it is asked for.
func TestSignalsShowNoSecrets(t *testing.T) {
	t.Parallel()
	tokens := filepath.Join(t.TempDir(), "token")
	write(t, tokens, []byte(rightToken+"\n"))
	for _, tt := range []struct {
		name string
		env  []string
		ids  bool
	}{
		{"by default", nil, false},
		{"with ids", []string{"ARGUS_TRACE_IDS", "true", "ARGUS_EVENT_GUILD_IDS", "true"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startSink(t)
			c := startCollector(t, with(s.env(), map[string]string{"OTELCOL_TOKEN_FILE": tokens}), token, tempo, loki)
			env := append(slices.Clone(tt.env), "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20"+rightToken)
			b := startBot(t, "secrets-"+strings.ReplaceAll(tt.name, " ", "-"), 2, pushAll(c.grpc, env...))
			b.srv.Fail("POST", "/interactions/{id}/{token}/callback", 400, 5)
			b.interact(20)
			b.command("stats", 5)
			b.command("an unknown command", 5)
			eventually(t, "every trace and event has arrived", time.Minute, func() (bool, string) {
				traces, completed := len(interactionTraces(t, s)), completions(t, s)
				return traces == b.sent && completed == b.sent, fmt.Sprintf("%d and %d of %d", traces, completed, b.sent)
			})
			l := &looker{t: t, secrets: []string{
				rightToken, b.sessions[0].Token, strings.TrimPrefix(b.sessions[0].Token, "Bot "), "interaction-token",
				"an unknown command", `"done"`, errCommand.Error(), "/api/v",
			}}
			for _, span := range s.arrivedSpans() {
				l.look(&tracepb.Span{Name: span.GetName(), Attributes: span.GetAttributes(), Events: span.GetEvents(), Links: span.GetLinks(), Status: span.GetStatus()})
				l.look(span.resource)
			}
			inSpans := l.ids
			l.ids = nil
			for _, record := range s.arrivedLogs() {
				l.look(record.LogRecord)
				l.look(record.resource)
			}
			if tt.ids != (len(inSpans) > 0) || tt.ids != (len(l.ids) > 0) {
				t.Errorf("spans have the ids %v and events %v", slices.Compact(inSpans), slices.Compact(l.ids))
			}
			for _, secret := range l.secrets[:3] { // the tokens
				if strings.Contains(c.logged(), secret) || strings.Contains(b.log.String(), secret) {
					t.Error("a log holds a token")
				}
			}
		})
	}
}

// A looker looks for secrets, and collects what looks like an id of Discord's.
type looker struct {
	t       *testing.T
	secrets []string
	ids     []string
}

var (
	protoTimes = regexp.MustCompile(`time_unix_nano: *\d+`)
	snowflake  = regexp.MustCompile(`\b\d{17,20}\b`)
)

func (l *looker) look(m proto.Message) {
	l.t.Helper()
	text := protoTimes.ReplaceAllString(prototext.Format(m), "")
	for _, secret := range l.secrets {
		if strings.Contains(text, secret) {
			l.t.Errorf("%q is in %s", secret, text)
		}
	}
	l.ids = append(l.ids, snowflake.FindAllString(text, -1)...)
}
