package instrument_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"html"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

var picture = flag.String("picture", "", "draw the trace of TestPictureOfATrace into this SVG file")

// TestPictureOfATrace: the trace of docs/TRACES.md is what such a bot gives.
//
//	go test ./instrument -run TestPictureOfATrace -picture "$PWD/docs/pictures/trace.svg"
func TestPictureOfATrace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newTraced(t, nil, instrument.WithTasks("load settings"))
	b.srv.Fail(http.MethodPost, callbacks, http.StatusBadGateway, 1)
	b.srv.Delay(http.MethodPost, callbacks, 40*time.Millisecond)
	b.srv.Delay(http.MethodPatch, "/webhooks/{id}/{token}/messages/@original", 60*time.Millisecond)
	b.session.AddHandler(b.inst.Interaction(func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		passed(20 * time.Millisecond)
		if err := pong(s, i.Interaction, b.inst.RequestOption(ctx)); err != nil {
			return err
		}
		err := b.inst.Task(ctx, "load settings", func(context.Context) error {
			passed(150 * time.Millisecond)
			return nil
		})
		text := "done"
		_, edited := s.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{Content: &text}, discordgo.WithContext(ctx))
		return errors.Join(err, edited)
	}))
	b.open(b.session)
	if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	b.awaitTrace("application_command ping", `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  handler [internal]
    `+editSpan+` status_code=200
    `+callbackSpan+` resend_count=1 status_code=204
    `+callbackSpan+` status_code=502 type=502 ERROR
    `+waitSpan+`
    task load settings [internal] task=load settings`)
	if *picture == "" {
		return
	}
	_, all := b.root("application_command ping")
	if err := os.WriteFile(*picture, []byte(draw(all)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// draw draws the spans of one trace as SVG, a row for each.
func draw(spans []sdktrace.ReadOnlySpan) string {
	const width, left, row, top = 928, 420, 26, 34
	slices.SortFunc(spans, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	depth := map[trace.SpanID]int{}
	for _, s := range spans {
		depth[s.SpanContext().SpanID()] = depth[s.Parent().SpanID()] + 1
	}
	root := spans[slices.IndexFunc(spans, func(s sdktrace.ReadOnlySpan) bool { return !s.Parent().IsValid() })]
	whole := root.EndTime().Sub(root.StartTime())
	at := func(when time.Time) float64 {
		return left + (width-left-130)*float64(when.Sub(root.StartTime()))/float64(whole)
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">`,
		width, top+row*len(spans)+10)
	fmt.Fprintf(&out, `<rect width="100%%" height="100%%" fill="white"/><text x="12" y="20" fill="#555">span</text><text x="%d" y="20" fill="#555">time since the receipt of the interaction</text>`, left)
	for n, s := range spans {
		y := top + row*n
		colour, note := "#4c78a8", ""
		for _, kv := range s.Attributes() {
			switch kv.Key {
			case "http.response.status_code", "discord.interaction.outcome":
				note = " " + kv.Value.String()
			}
		}
		if s.Status().Code == codes.Error {
			colour = "#c0392b"
		}
		took := s.EndTime().Sub(s.StartTime())
		fmt.Fprintf(&out, `<line x1="0" x2="%d" y1="%d" y2="%[2]d" stroke="#eee"/>`, width, y)
		fmt.Fprintf(&out, `<text x="%d" y="%d" fill="#222">%s</text>`, 12+14*(depth[s.SpanContext().SpanID()]-1), y+17, html.EscapeString(s.Name()))
		fmt.Fprintf(&out, `<rect x="%.1f" y="%d" width="%.1f" height="14" rx="2" fill="%s"/>`, at(s.StartTime()), y+6, max(1.5, at(s.EndTime())-at(s.StartTime())), colour)
		fmt.Fprintf(&out, `<text x="%.1f" y="%d" fill="#555" font-size="11">%.1f ms%s</text>`, at(s.EndTime())+4, y+17, took.Seconds()*1000, note)
	}
	out.WriteString("</svg>\n")
	return out.String()
}
