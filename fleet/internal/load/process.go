package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"github.com/argus-dgo/argus/internal/rules"
)

const (
	endTimeout   = 20 * time.Second
	readyTimeout = 5 * time.Minute
	rulesFolder  = "dashboards/rules/prometheus/"
)

// A server is a process that is measured.
type server struct {
	addr string // of its pages
	otlp string
	prof string // the URL of its profile
	data string

	cmd *exec.Cmd
	log bytes.Buffer // after its end
}

// startFleet starts this program as a fleet on a data folder.
func startFleet(ctx context.Context, data string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addrs, err := free(ctx, 3)
	if err != nil {
		return nil, err
	}
	s := &server{addr: addrs[0], otlp: addrs[1], prof: "http://" + addrs[2] + "/debug/pprof/profile", data: data}
	return s, s.start(ctx, self, "/readyz", serveCommand, addrs[2], "--addr", s.addr, "--otlp-grpc-addr", s.otlp, "--otlp-http-addr", "off", "--data", data)
}

// startPrometheus starts a Prometheus that takes OTLP as a fleet does, with its rules.
func startPrometheus(ctx context.Context, program, dir string) (*server, error) {
	files, err := rules.Files()
	if err != nil {
		return nil, err
	}
	for name, text := range files {
		if strings.HasPrefix(name, rulesFolder) {
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
	}
	const settings = `global: {evaluation_interval: 15s}
rule_files: ["*.rules.yml"]
otlp: {translation_strategy: UnderscoreEscapingWithSuffixes, promote_resource_attributes: [bot, cluster, region]}
storage: {tsdb: {out_of_order_time_window: 2h}}
`
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return nil, err
	}
	addrs, err := free(ctx, 1)
	if err != nil {
		return nil, err
	}
	s := &server{
		addr: addrs[0], otlp: "http://" + addrs[0] + "/api/v1/otlp/v1/metrics", prof: "http://" + addrs[0] + "/debug/pprof/profile",
		data: filepath.Join(dir, "data"),
	}
	return s, s.start(ctx, program, "/-/ready", "--config.file="+file, "--storage.tsdb.path="+s.data, "--web.listen-address="+s.addr,
		"--web.enable-otlp-receiver", "--log.level=warn")
}

// start starts the program and waits until it is ready.
func (s *server) start(ctx context.Context, program, ready string, args ...string) error {
	s.cmd = exec.CommandContext(ctx, program, args...) //nolint:gosec // the program that the flag names, or this one
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = environment(), &s.log, &s.log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = endTimeout
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if _, err := get(ctx, "http://"+s.addr+ready); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s is not ready: %w", program, ctx.Err()), s.stop())
		case <-ticker.C:
		}
	}
}

// stop ends it.
func (s *server) stop() error {
	_ = s.cmd.Cancel() // it may have ended
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", s.cmd.Path, err, s.log.Bytes()[max(0, s.log.Len()-2000):])
	}
	return nil
}

// usage is what it has used so far: seconds of a processor, and bytes of memory, now and
// at most.
type usage struct {
	cpu       float64
	rss, peak uint64
}

func (s *server) usage() (u usage, err error) {
	p, err := procfs.NewProc(s.cmd.Process.Pid)
	if err != nil {
		return u, err
	}
	stat, err := p.Stat()
	if err != nil {
		return u, err
	}
	status, err := p.NewStatus()
	return usage{stat.CPUTime(), status.VmRSS, status.VmHWM}, err
}

// free returns addresses on the loopback interface that nobody listens on.
func free(ctx context.Context, n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // held until all are known
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}

// get gets a page, and says how long that took.
func get(ctx context.Context, url string) (took time.Duration, err error) {
	_, took, err = read(ctx, url)
	return took, err
}

func read(ctx context.Context, url string) (body []byte, took time.Duration, err error) {
	began := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, response.Status)
	}
	return body, time.Since(began), err
}
