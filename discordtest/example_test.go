package discordtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// A bot author's test: the bot's own handler, a real session, and the bot's answer.
func Example() {
	srv, err := discordtest.NewServer(discordtest.WithGuilds(2), discordtest.WithStrictInteractions())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()

	session, err := srv.NewSession(0, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	session.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		_ = s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{
			Type: discordgo.InteractionResponseChannelMessageWithSource,
			Data: &discordgo.InteractionResponseData{Content: "pong"},
		})
	})
	if err := session.Open(); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	id, _, err := srv.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), "ping")
	if err != nil {
		fmt.Println(err)
		return
	}
	callback, err := srv.WaitCallback(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	var answer struct {
		Data struct{ Content string }
	}
	if err := json.Unmarshal(callback.Body, &answer); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(callback.Status, answer.Data.Content)
	// Output: 204 pong
}

// The test sends a message and checks the bot's REST request.
func ExampleServer_WaitRequest() {
	srv, err := discordtest.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()
	session, err := srv.NewSession(0, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	session.Identify.Intents |= discordgo.IntentMessageContent
	session.AddHandler(func(s *discordgo.Session, m *discordgo.MessageCreate) {
		if m.Content == "!hello" {
			_, _ = s.ChannelMessageSend(m.ChannelID, "hello, "+m.Author.Username)
		}
	})
	if err := session.Open(); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := srv.WaitConn(ctx, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	channel := srv.TextChannel(srv.Guilds()[0])
	if err := conn.Dispatch("MESSAGE_CREATE", srv.Message(channel, "!hello")); err != nil {
		fmt.Println(err)
		return
	}
	request, err := srv.WaitRequest(ctx, func(r discordtest.Request) bool { return r.Method == http.MethodPost })
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Status, request.Path == "/channels/"+channel+"/messages")
	// Output: 200 true
}

// How does the bot handle a refused IDENTIFY?
func ExampleServer_Behave() {
	srv, err := discordtest.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()
	srv.Behave(discordtest.Behavior{CloseOnIdentify: 4014, Times: 1})

	session, err := srv.NewSession(0, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(session.Open())
	// Output: websocket: close 4014
}
