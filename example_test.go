package argus_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
)

// One line, before the session is opened. Here the bot runs against a fake Discord; nothing else would change with the real one.
func Example() {
	fake, err := discordtest.NewServer(discordtest.WithGuilds(3))
	if err != nil {
		log.Fatal(err)
	}
	defer fake.Close()
	session, err := fake.NewSession(0, 1) // discordgo.New("Bot " + token)
	if err != nil {
		log.Fatal(err)
	}

	a, err := argus.Start(session, argus.WithAddr("localhost:0")) // without the option: http://localhost:9191/metrics
	if err != nil {
		log.Fatal(err)
	}
	defer shutDown(a)

	if err := session.Open(); err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	fmt.Println(await(a, `discord_guilds{cluster="default"} 3`))
	// Output: discord_guilds{cluster="default"} 3
}

// Settings in code win over the environment.
func ExampleStart_options() {
	session, err := discordgo.New("Bot token")
	if err != nil {
		log.Fatal(err)
	}
	a, err := argus.Start(
		session,
		argus.WithAddr("localhost:0"),
		argus.WithClusterID("eu-1"),
		argus.WithNamespace("musicbot"),
		argus.WithMetricsPath("/internal/metrics"),
		argus.WithProcessMetrics(false),
		argus.WithCommands("play", "queue show", "queue clear"),
	)
	if err != nil {
		log.Fatal(err) // names every setting that cannot be used
	}
	defer shutDown(a)

	fmt.Println(a.Config().ClusterID, a.Config().Source("ARGUS_CLUSTER_ID"))
	fmt.Println(await(a, `musicbot_shards_configured{cluster="eu-1"} 0`))
	// Output:
	// eu-1 WithClusterID
	// musicbot_shards_configured{cluster="eu-1"} 0
}

// A bot that has a web server already mounts the page there.
func ExampleArgus_Handler() {
	session, err := discordgo.New("Bot token")
	if err != nil {
		log.Fatal(err)
	}
	a, err := argus.Start(session, argus.WithoutServer())
	if err != nil {
		log.Fatal(err)
	}
	defer shutDown(a)

	mux := http.NewServeMux()
	mux.Handle("GET /bot/metrics", a.Handler())

	web := httptest.NewServer(mux)
	defer web.Close()
	page, err := http.Get(web.URL + "/bot/metrics")
	if err != nil {
		log.Fatal(err)
	}
	defer page.Body.Close()
	fmt.Println(page.Status)
	// Output: 200 OK
}

// A manager of shards that takes a constructor gets sessions that are observed before it opens them.
func ExampleArgus_NewSession() {
	fake, err := discordtest.NewServer(discordtest.WithShards(2), discordtest.WithGuilds(4))
	if err != nil {
		log.Fatal(err)
	}
	defer fake.Close()
	a, err := argus.New(argus.WithAddr("localhost:0"))
	if err != nil {
		log.Fatal(err)
	}
	defer shutDown(a)

	// What stands for the manager makes and opens each session in one call.
	open := func(newSession func(token string) (*discordgo.Session, error), shard, count int) *discordgo.Session {
		session, err := newSession("Bot " + fake.Token()) // in place of discordgo.New
		if err != nil {
			log.Fatal(err)
		}
		session.ShardID, session.ShardCount = shard, count
		fake.Configure(session) // not with the real Discord
		if err := session.Open(); err != nil {
			log.Fatal(err)
		}
		return session
	}
	for shard := range 2 {
		defer open(a.NewSession, shard, 2).Close()
	}

	fmt.Println(await(a, `discord_shards_connected{cluster="default"} 2`))
	fmt.Println(await(a, `discord_sessions{attached="before_open",cluster="default"} 2`))
	// Output:
	// discord_shards_connected{cluster="default"} 2
	// discord_sessions{attached="before_open",cluster="default"} 2
}

func shutDown(a *argus.Argus) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := a.Shutdown(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// await scrapes, as Prometheus would, until a line is on the page.
func await(a *argus.Argus, want string) string {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); <-tick.C {
		page, err := http.Get(a.URL())
		if err != nil {
			return err.Error()
		}
		body, err := io.ReadAll(page.Body)
		page.Body.Close()
		if err != nil {
			return err.Error()
		}
		for line := range strings.Lines(string(body)) {
			if line = strings.TrimSpace(line); line == want {
				return line
			}
		}
	}
	return "timed out"
}
