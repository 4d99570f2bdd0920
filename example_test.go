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
	fmt.Println(await(a, `musicbot_shards_configured{cluster="eu-1"} 1`))
	// Output:
	// eu-1 WithClusterID
	// musicbot_shards_configured{cluster="eu-1"} 1
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
