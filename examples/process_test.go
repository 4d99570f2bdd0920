package examples_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
)

const (
	// startWithin is long enough for a busy machine.
	startWithin = time.Minute
	// stopWithin is what a process manager allows at the least.
	stopWithin = 10 * time.Second
	// token is the one of no bot.
	token = "MTIz.invented.dG9rZW4"
)

// A process is an example at work.
type process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}

	mu     sync.Mutex
	output bytes.Buffer
}

// start runs an example. Its environment has what the system sets and env, and a proxy that is not there, so that none
// can reach the real Discord.
func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{name: name, exited: make(chan struct{})}
	p.cmd = exec.Command(filepath.Join(binaries, path.Base(name)), args...)
	p.cmd.Env = append(environment(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // ProcessState has it
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has ended already, if all went well
		<-p.exited
	})
	return p
}

func environment() []string {
	env := []string{"HTTPS_PROXY=http://127.0.0.1:1", "ARGUS_HOST=127.0.0.1"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GORACE", "GOTRACEBACK"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Write takes the output of the process.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

// text is the output so far.
func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// await polls ok, which says what is missing, until it says nothing.
func (p *process) await(t *testing.T, ok func() (missing string)) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(startWithin)
	for {
		missing := ok()
		if missing == "" {
			return
		}
		select {
		case <-tick.C:
		case <-p.exited:
			t.Fatalf("%s ended (%v) before there was %s; its output:\n%s", p.name, p.cmd.ProcessState, missing, p.text())
		case <-deadline:
			t.Fatalf("%s: after %v there is no %s; its output:\n%s", p.name, startWithin, missing, p.text())
		}
	}
}

var metricsURL = regexp.MustCompile(`http://\S+/metrics`)

// url waits until the process has said where its metrics are, as a user reads it.
func (p *process) url(t *testing.T) (found string) {
	t.Helper()
	p.await(t, func() string {
		if found = metricsURL.FindString(p.text()); found == "" {
			return "URL of the metrics in the output"
		}
		return ""
	})
	return found
}

// end waits until the process has ended by itself, and checks how.
func (p *process) end(t *testing.T, within time.Duration, wantCode int) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(within):
		t.Fatalf("%s has not ended within %v; its output:\n%s", p.name, within, p.text())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != wantCode {
		t.Errorf("%s ended with %v, want exit status %d; its output:\n%s", p.name, p.cmd.ProcessState, wantCode, p.text())
	}
	for what, secret := range secrets(t) {
		if strings.Contains(p.text(), secret) {
			t.Errorf("the output of %s holds %s:\n%s", p.name, what, p.text())
		}
	}
}

// stop ends the process as Ctrl-C or a process manager does, and wants it to end well.
func (p *process) stop(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("sending %v to %s: %v", signal, p.name, err)
	}
	p.end(t, stopWithin, 0)
}

// secrets are texts that no output may hold.
func secrets(t *testing.T) map[string]string {
	t.Helper()
	fake, err := discordtest.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	interaction := fake.Interaction(discordtest.ApplicationCommand, time.Now(), "ping")
	return map[string]string{
		"the bot's token":              token,
		"the token of the fake's bot":  fake.Token(),
		"the token of an interaction":  strings.TrimSuffix(interaction.Token, interaction.ID),
		"the path of an answer":        "/interactions/",
		"a trace of a panic or a race": "goroutine ",
	}
}
