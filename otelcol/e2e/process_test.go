package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// running are the processes that have to be gone when this one is.
var running struct {
	sync.Mutex
	pids map[int]bool
}

func killAll() {
	running.Lock()
	defer running.Unlock()
	for pid := range running.pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// A process is one of the programs under test. It may be started more than once.
type process struct {
	t    testing.TB
	name string
	path string
	args []string
	env  []string
	log  string // file

	quiet bool // its log is not shown when the test fails

	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // after done
}

// launch starts a program, and ends it with the test.
func launch(t testing.TB, name, path string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, path: path, args: args, env: env, log: filepath.Join(logDir(t), name+".log")}
	p.start()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() && !p.quiet {
			t.Logf("the end of the log of %s, all of it in %s:\n%s", p.name, p.log, tail(p.logged(), 8))
		}
	})
	return p
}

func (p *process) start() {
	p.t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}, p.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	started := make(chan error)
	p.done = make(chan struct{})
	go func() {
		// The kernel ends the child with the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer log.Close()
		p.cmd.SysProcAttr = withParent()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	running.Lock()
	if running.pids == nil {
		running.pids = map[int]bool{}
	}
	running.pids[p.cmd.Process.Pid] = true
	running.Unlock()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Errorf("%v to %s: %v", s, p.name, err)
	}
}

// kill ends it with SIGKILL, if it has not ended.
func (p *process) kill() {
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	p.gone()
}

// stop ends it with SIGTERM and waits.
func (p *process) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Errorf("%s does not end", p.name)
		p.kill()
	}
	p.gone()
}

func (p *process) gone() {
	running.Lock()
	defer running.Unlock()
	delete(running.pids, p.cmd.Process.Pid)
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) logged() string {
	raw, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// used is what it has used so far: memory at its highest, and time of a processor. Linux only; else zero.
func (p *process) used() (peak int64, cpu time.Duration) {
	pid := strconv.Itoa(p.cmd.Process.Pid)
	if status, err := os.Open("/proc/" + pid + "/status"); err == nil {
		defer status.Close()
		lines := bufio.NewScanner(status)
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &peak); err == nil {
				peak <<= 10
				break
			}
		}
	}
	if stat, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil {
		_, after, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(after); len(fields) > 13 {
			user, _ := strconv.ParseInt(fields[11], 10, 64)
			system, _ := strconv.ParseInt(fields[12], 10, 64)
			cpu = time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 on every Linux
		}
	}
	return peak, cpu
}

// reachable waits until the URL answers 200 and fails when the process ends before.
func (p *process) reachable(url string, header http.Header) {
	p.t.Helper()
	eventually(p.t, p.name+" answers on "+url, time.Minute, func() (bool, string) {
		if p.ended() {
			p.t.Fatalf("%s has ended: %v\n%s", p.name, p.err, tail(p.logged(), 20))
		}
		status, body, err := get(p.t.Context(), url, header)
		return err == nil && status == http.StatusOK, fmt.Sprint(status, " ", err, " ", body)
	})
}

// get asks for a page.
func get(ctx context.Context, url string, header http.Header) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	maps.Copy(req.Header, header)
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, string(raw), err
}

// client keeps no connection, so that no goroutine outlives a test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// eventually waits for a condition and says how long that took. When it does not come true, the test ends with what it saw last.
func eventually(t testing.TB, what string, patience time.Duration, condition func() (ok bool, saw string)) time.Duration {
	t.Helper()
	begin := time.Now()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		ok, saw := condition()
		if ok {
			return time.Since(begin)
		}
		if time.Since(begin) > patience {
			t.Fatalf("after %v not yet: %s; last seen: %s", patience, what, saw)
		}
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// pass lets time go by: the length of an outage is what a test is about.
func pass(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// handedOut are the addresses that freeAddr has given.
var handedOut struct {
	sync.Mutex
	addrs map[string]bool
}

// freeAddr is an address on the loopback interface that nobody listens on, and that nobody has been given before: the kernel may name one
// twice as long as nobody listens on it.
func freeAddr(t testing.TB) string {
	t.Helper()
	handedOut.Lock()
	defer handedOut.Unlock()
	if handedOut.addrs == nil {
		handedOut.addrs = map[string]bool{}
	}
	for range 100 {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if !handedOut.addrs[addr] {
			handedOut.addrs[addr] = true
			return addr
		}
	}
	t.Fatal("the kernel has no address that was not handed out before")
	return ""
}

// output runs a program to its end.
func output(t testing.TB, path string, env []string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // promtool takes half of one for a file of rules, alone
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("%s %s does not end", path, strings.Join(args, " "))
	}
	return string(out), err
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	all = all[max(0, len(all)-lines):]
	for n, line := range all {
		all[n] = line[:min(len(line), 400)]
	}
	return strings.Join(all, "\n")
}

// goBuild builds a program without the race detector: a hundred of them with it would need more memory than a machine has.
func goBuild(t testing.TB, dir, pkg string, flags ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	build := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-trimpath", "-o", program}, flags, []string{pkg})...)
	build.Dir = dir
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// buildWith is goBuild with another version of discordgo. go.mod is left alone.
func buildWith(t testing.TB, dir, pkg, discordgo string) string {
	t.Helper()
	mod := filepath.Join(t.TempDir(), "go.mod")
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(filepath.Dir(mod), name), text)
	}
	if out, err := output(t, "go", nil, "mod", "edit", "-require=github.com/bwmarrin/discordgo@"+discordgo, mod); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return goBuild(t, dir, pkg, "-modfile="+mod, "-mod=mod")
}
