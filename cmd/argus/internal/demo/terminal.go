package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// runAll runs one demo after the other until ctx is done: a line of in names the
// scenarios of the next. Each has the ports of the one before it, so that a live page
// that is open comes back by itself.
func runAll(ctx context.Context, c config, in io.Reader, out io.Writer) error {
	if c.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.duration)
		defer cancel()
	}
	typed := readLines(ctx, in)
	for {
		d := newDemo(c, out)
		d.typed = typed
		if err := d.run(ctx); err != nil || d.next == nil {
			return err
		}
		c.scenarios, c.ports = *d.next, d.ports
	}
}

// readLines reads until ctx is done, or there is no more. Without a reader, or with one
// that ends, nothing comes.
func readLines(ctx context.Context, in io.Reader) <-chan string {
	if in == nil {
		return nil
	}
	if in == os.Stdin {
		stayInBackground()
	}
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// obey waits for a line that names scenarios, which are then the next. It returns
// false when ctx is done.
func (d *demo) obey(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case line := <-d.typed:
			next, err := parseScenarios(line)
			if strings.TrimSpace(line) == "" {
				err = errors.New("scenarios: " + strings.Join(scenarioNames(), ", "))
			}
			if err != nil {
				fmt.Fprintf(d.screen, "%v\n", err)
				continue
			}
			d.next = &next
			return true
		}
	}
}

// keepPorts notes the ports that the clusters have, for the next run.
func (d *demo) keepPorts() {
	d.ports = map[int]int{}
	for _, c := range d.clusters {
		if u, err := url.Parse(c.argus.URL()); err == nil {
			if port, err := strconv.Atoi(u.Port()); err == nil {
				d.ports[c.process] = port
			}
		}
	}
}
