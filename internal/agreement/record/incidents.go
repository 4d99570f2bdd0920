package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// well is how long nothing is wrong before the incidents begin.
const well = 3 * time.Minute

// recordIncidents records all incidents, which one program plays, each as a job of its
// own.
func recordIncidents(ctx context.Context, program string, length time.Duration, args []string) error {
	if len(args) != 1 || length <= well {
		return fmt.Errorf("usage: record --incidents FILE [--for 20m] DIR, for more than %v", well)
	}
	dir := args[0]
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	player := exec.CommandContext(ctx, program)
	player.Cancel = func() error { return player.Process.Signal(os.Interrupt) }
	player.WaitDelay = time.Minute
	printed, err := player.StdoutPipe()
	if err != nil {
		cancel()
		return err
	}
	if err := player.Start(); err != nil {
		cancel()
		return err
	}
	defer func() {
		cancel()
		_ = player.Wait() // it was interrupted
	}()
	lines := bufio.NewScanner(printed)
	tapes, err := served(lines)
	if err != nil {
		return err
	}
	go func() { // what it prints further
		for lines.Scan() {
		}
	}()
	begin := time.AfterFunc(well, func() { _ = player.Process.Signal(syscall.SIGUSR1) })
	defer begin.Stop()
	results := make([]error, len(tapes))
	var wg sync.WaitGroup
	for i, t := range tapes {
		wg.Go(func() { results[i] = t.run(ctx, length) })
	}
	wg.Wait()
	if err := errors.Join(results...); err != nil {
		return err
	}
	for i, t := range tapes {
		results[i] = t.save(filepath.Join(dir, t.job+".yml.gz"), t.job)
	}
	return errors.Join(results...)
}

// served makes a tape of each bot, once all are well.
func served(lines *bufio.Scanner) (tapes []*tape, err error) {
	for lines.Scan() {
		var name, addr string
		if n, _ := fmt.Sscanf(lines.Text(), "serves %s %s", &name, &addr); n == 2 {
			tapes = append(tapes, newTape(name, "http://"+addr+"/metrics"))
		}
		if strings.HasPrefix(lines.Text(), "all is well") {
			return tapes, nil
		}
	}
	return nil, errors.Join(errors.New("the program has ended"), lines.Err())
}
