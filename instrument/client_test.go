package instrument_test

import (
	"net/http"
	"testing"

	"github.com/bwmarrin/discordgo"
)

// gatewayBot asks Discord as the session would, through another client.
func (b *bench) gatewayBot(client *http.Client, s *discordgo.Session) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.context(), http.MethodGet, discordgo.EndpointGatewayBot, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", s.Token)
	response, err := client.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		b.Error(err)
	}
}

// TestClient: a request of one's own is measured with the session's, for as long as the session is attached.
func TestClient(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s, opened, without := b.session(0, 3), b.session(1, 3), b.session(2, 3)
	b.open(opened)
	without.Client = nil
	if b.inst.Client(s) != nil {
		t.Error("there is a client before the session is attached")
	}
	detach := b.attach(s, opened, without)
	if b.inst.Client(opened) != nil || b.inst.Client(without) != nil {
		t.Error("there is a client through which nothing is measured")
	}
	client := b.inst.Client(s)
	if client == nil {
		t.Fatal("there is no client")
	}
	s.Client = nil // it is not the session that is asked
	if b.inst.Client(s) != client {
		t.Error("the client has changed")
	}
	b.gatewayBot(client, s)
	b.awaitValue("discord.rest.request.duration_count{method=GET,route=/gateway/bot,status=200}", 1)
	detach()
	if b.inst.Client(s) != nil {
		t.Error("there is a client after the session was detached")
	}
}
