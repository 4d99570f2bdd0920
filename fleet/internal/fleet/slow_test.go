package fleet

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	argus "github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/fleet/internal/members"
)

// slow is the document of a cluster, made anew.
func (p *plane) slow(t *testing.T, name string) *documents.Detail {
	t.Helper()
	d, err := documents.MakeDetail(t.Context(), p.Input(), p.overview(t), members.Place{Job: "discord-bot", Cluster: name}, time.Hour, []documents.Mark{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestSlowInteractions: a slow interaction of a bot with traces is on the page of its
// cluster, with the trace that the bot's own processors have got, and on that of no other
// cluster.
func TestSlowInteractions(t *testing.T) {
	const template = "https://jaeger.example/trace/{trace_id}?uiFind={span_id}"
	p := start(t, "--trace-url", template)
	const late = 1100 * time.Millisecond
	discord := newDiscord(t, discordtest.WithShards(2), discordtest.WithGuilds(4))
	discord.Delay("POST", "/interactions/{id}/{token}/callback", late)
	push(t, p.OTLPGRPC())
	spans := tracetest.NewSpanRecorder()
	b := newBot(t, discord, "0", 1, 2, 0, argus.WithCommands("ping"), argus.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans))))
	newBot(t, discord, "1", 1, 2, 1)
	for _, s := range b.sessions {
		s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
			_ = s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource})
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), expect.Patience)
	defer cancel()
	if _, _, err := discord.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	expect.Eventually(t, "both clusters", func() bool { return len(p.overview(t).Clusters) == 2 })
	var d *documents.Detail
	expect.Eventually(t, "the interaction", func() bool {
		d = p.slow(t, "0")
		return len(d.Slow) > 0
	})
	conforms(t, "ClusterDetail", d)
	one := d.Slow[0]
	if len(d.Slow) != 1 || one.Type != "application_command" || one.Command != "ping" || one.Duration < late.Seconds() || one.TraceURL == nil {
		t.Fatalf("%+v", d.Slow)
	}
	var root trace.ReadOnlySpan
	expect.Eventually(t, "its span", func() bool {
		for _, span := range spans.Ended() {
			if span.Name() == "application_command ping" {
				root = span
			}
		}
		return root != nil
	})
	ids := root.SpanContext()
	if want := strings.NewReplacer("{trace_id}", ids.TraceID().String(), "{span_id}", ids.SpanID().String()).Replace(template); one.TraceID != ids.TraceID().String() || *one.TraceURL != want {
		t.Errorf("%s %s, want %s", one.TraceID, *one.TraceURL, want)
	}
	if d = p.slow(t, "1"); d.Slow == nil || len(d.Slow) != 0 {
		t.Errorf("the other cluster has %+v", d.Slow)
	}
}
