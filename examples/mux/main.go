// Mux is a bot that has a web server already, and serves Argus' page there.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/examples/internal/demo"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
	"github.com/argus-dgo/argus/examples/internal/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	addr := flag.String("addr", "localhost:8080", "where the web server listens, `host:port`")
	discord, err := demo.Discord() // the real one, or with -demo a fake one
	if err != nil {
		return err
	}
	defer discord.Close()

	session, err := discordgo.New("Bot " + discord.Token())
	if err != nil {
		return err
	}
	discord.Configure(session) // does nothing with the real Discord
	session.Identify.Intents = pingbot.Intents

	// ── Argus ── It opens no port of its own.
	a, err := argus.Start(session, argus.WithoutServer(), argus.WithCommands(pingbot.Command))
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.Shutdown(ctx); err != nil {
			log.Print(err)
		}
	}()
	session.AddHandler(a.Interaction(pingbot.Slash))
	session.AddHandler(pingbot.OnText(func(s *discordgo.Session, m *discordgo.MessageCreate) error {
		return a.Command(context.Background(), pingbot.Command, func(ctx context.Context) error { return pingbot.Text(ctx, s, m) })
	}))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "The bot's own web site.\n")
	})
	// ── Argus ── Its page is a handler like any other: mount it under any path, and behind any
	// middleware of yours.
	mux.Handle("GET /metrics", a.Handler())
	// Says that the process lives, which is all that a restart can mend: Discord may be down meanwhile.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "ok\n")
	})
	// Says that users can be served: every shard is connected.
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if a.Ready() != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		up, all := a.ShardsUp()
		fmt.Fprintf(w, "%d of %d shards up\n", up, all)
	})

	closeWeb, err := web.Serve(ctx, *addr, mux)
	if err != nil {
		return err
	}
	defer closeWeb()

	if err := session.Open(); err != nil {
		return fmt.Errorf("connecting to Discord: %w", err)
	}
	defer session.Close()

	if err := pingbot.Register(session); err != nil {
		return err
	}
	log.Print("the bot is running; Ctrl-C ends it")
	<-ctx.Done()
	log.Print("the bot is closing")
	return nil
}
