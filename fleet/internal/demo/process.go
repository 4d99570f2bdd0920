package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// endTimeout is how long a process may take to end in order. The bot's takes up to 8 s.
const endTimeout = 20 * time.Second

var errNotRunning = errors.New("does not run")

// A process is a program that can be started again after its end. What it writes is in a
// file.
type process struct {
	name string
	path string
	args func() []string
	env  []string
	log  string // file

	cmd    *exec.Cmd
	cancel context.CancelFunc
	in     io.WriteCloser
	ended  chan struct{} // closed at its end
	asked  atomic.Bool   // to end
}

func (p *process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// start starts it. unasked is called when it has ended by itself.
func (p *process) start(unasked func(*process)) error {
	if p.running() {
		return fmt.Errorf("%s runs already", p.name)
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, p.path, p.args()...) //nolint:gosec // the program that the flag names
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	cmd.SysProcAttr = group()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = endTimeout
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return fmt.Errorf("%s cannot be started: %w", p.name, err)
	}
	ended := make(chan struct{})
	p.cmd, p.cancel, p.in, p.ended = cmd, cancel, in, ended
	p.asked.Store(false)
	go func() {
		_ = cmd.Wait() // the log says why
		cancel()
		asked := p.asked.Load()
		close(ended)
		if !asked {
			unasked(p)
		}
	}()
	return nil
}

// kill ends it as a crash does, and stop as an order does. Both wait for the end.
func (p *process) kill() error {
	if !p.running() {
		return fmt.Errorf("%s %w", p.name, errNotRunning)
	}
	p.asked.Store(true)
	err := p.cmd.Process.Kill()
	<-p.ended
	return err
}

func (p *process) stop() error {
	if !p.running() {
		return fmt.Errorf("%s %w", p.name, errNotRunning)
	}
	p.asked.Store(true)
	p.cancel()
	<-p.ended
	return nil
}

// enter types a line.
func (p *process) enter(line string) error {
	if !p.running() {
		return fmt.Errorf("%s %w", p.name, errNotRunning)
	}
	_, err := fmt.Fprintln(p.in, line)
	return err
}

// lastLines is the end of its log.
func (p *process) lastLines(n int) string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
