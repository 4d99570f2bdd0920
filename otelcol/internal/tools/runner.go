package tools

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// runner runs the commands of one build and tells how far it is.
type runner struct {
	dir      string
	label    string
	progress io.Writer
	begin    time.Time

	mu       sync.Mutex
	fetched  int
	compiled int
}

const (
	tick     = 15 * time.Second
	keptTail = 40 // lines of output that an error shows
)

func (r *runner) goCommand(ctx context.Context, env []string, args ...string) error {
	return r.command(ctx, r.dir, env, "go", args...)
}

// command runs one command. GOFLAGS and GOWORK of the caller are not for it.
func (r *runner) command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the commands of this package
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0"), env...)
	cmd.WaitDelay = 10 * time.Second
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in

	var (
		tail []string
		done sync.WaitGroup
	)
	done.Go(func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := lines.Text()
			r.count(line)
			if tail = append(tail, line); len(tail) > keptTail {
				tail = tail[1:]
			}
		}
		_, _ = io.Copy(io.Discard, out)
	})
	stop := make(chan struct{})
	done.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				r.tell()
			}
		}
	})
	err := cmd.Run()
	_ = in.Close()
	close(stop)
	done.Wait()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, strings.Join(tail, "\n"))
	}
	return nil
}

// count understands what the go command prints with -v.
func (r *runner) count(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		r.fetched++
	case !strings.ContainsAny(line, " \t") && line != "":
		r.compiled++
	}
}

func (r *runner) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.progress, "%s: %v, %d modules fetched, %d packages compiled\n",
		r.label, time.Since(r.begin).Round(time.Second), r.fetched, r.compiled)
}
