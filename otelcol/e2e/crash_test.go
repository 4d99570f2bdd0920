package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
)

// envBot makes this program a bot that receives so many interactions and then waits for its end.
const envBot = "E2E_BOT"

const counted = "all interactions are counted"

func runBot() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := beBot(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func beBot(ctx context.Context) error {
	n, err := strconv.Atoi(os.Getenv(envBot))
	if err != nil {
		return err
	}
	srv, err := discordtest.NewServer()
	if err != nil {
		return err
	}
	defer srv.Close()
	session, err := srv.NewSession(0, 1)
	if err != nil {
		return err
	}
	a, err := argus.Start(session)
	if err != nil {
		return err
	}
	received := make(chan struct{}, n)
	session.AddHandler(func(*discordgo.Session, *discordgo.InteractionCreate) { received <- struct{}{} })
	if err := session.Open(); err != nil {
		return err
	}
	for range n {
		if _, _, err := srv.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
			return err
		}
		<-received
	}
	fmt.Fprintln(os.Stdout, counted)
	<-ctx.Done()
	timeout, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(session.Close(), a.Shutdown(timeout))
}

// TestCrash: a bot that is killed and started again under the same instance id goes on as the same series, and nothing that was pushed
// is counted twice or lost. One that ends by SIGTERM differs only in its last push.
func TestCrash(t *testing.T) {
	t.Parallel()
	c, p := writing(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	total := `discord_interactions_total{cluster="crash",type="application_command",status="received"}`
	began := time.Now()
	for n, tt := range []struct {
		interactions int
		end          func(*process)
	}{
		{30, (*process).kill},
		{20, (*process).kill},
		{10, (*process).stop},
	} {
		vars := []string{
			envBot + "=" + strconv.Itoa(tt.interactions), "ARGUS_CLUSTER_ID=crash", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=crash-1",
		}
		for k, v := range pushTo(c.grpc) {
			vars = append(vars, k+"="+v)
		}
		b := launch(t, fmt.Sprint("bot-", n), self, vars)
		eventually(t, "the bot has counted", 30*time.Second, func() (bool, string) { return strings.Contains(b.logged(), counted), b.logged() })
		p.waitValue(total, float64(tt.interactions), 15*time.Second)
		tt.end(b)
	}
	if v := grown(p.history(total, began)); v != 60 {
		t.Errorf("the samples grow by %v over two crashes, want 60", v)
	}
	if v, ok := p.value("resets(" + total + "[5m])"); !ok || v != 2 {
		t.Errorf("there are %v resets, want 2", v)
	}
}
