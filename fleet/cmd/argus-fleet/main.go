// Command argus-fleet shows all processes of all bots in one place: it takes their metrics
// over OTLP, keeps them, and says what is wrong. argus-fleet --help lists its settings.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/fleet"
	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// The exit codes.
const (
	failed = 1
	misuse = 2
)

// closeTimeout is how long requests in progress may take after a signal.
const closeTimeout = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, line []string, lookup func(string) (string, bool), out, errOut io.Writer) int {
	given, args, err := settings.Read(line, lookup, out)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return result(misused{err}, errOut)
	}
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command { // these say themselves what is wrong with the settings
	case "init":
		return result(initialise(given, args[1:], out), errOut)
	case "doctor":
		return result(examine(ctx, given, args[1:], out), errOut)
	}
	s, err := given.Settings()
	if err != nil {
		return result(misused{err}, errOut)
	}
	switch command {
	case "":
		return serve(ctx, s, errOut)
	case "forget":
		return result(forget(ctx, s, args[1:], out), errOut)
	case "erase":
		return result(erase(ctx, s, args[1:], out), errOut)
	case "import-events":
		return result(importEvents(ctx, s, args[1:], out), errOut)
	case "backup":
		return result(backup(ctx, s, args[1:], out), errOut)
	case "notify":
		return result(testNotifications(ctx, s, args[1:], out), errOut)
	case "version":
		fmt.Fprintln(out, version())
		return 0
	}
	fmt.Fprintf(errOut, "argus-fleet: %q is no command; argus-fleet --help lists them\n", command)
	return misuse
}

// misused is an error of the arguments or the settings.
type misused struct{ error }

func result(err error, errOut io.Writer) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errProblems): // which are listed
		return failed
	}
	fmt.Fprintf(errOut, "argus-fleet: %v\n", err)
	if _, is := errors.AsType[misused](err); is {
		return misuse
	}
	return failed
}

// serve runs a fleet until the context ends.
func serve(ctx context.Context, s settings.Settings, errOut io.Writer) int {
	fleet.SetMemory()
	log := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelInfo}))
	f, err := fleet.Start(fleet.Config{Settings: s, Version: version(), Logger: log})
	if err != nil {
		fmt.Fprintf(errOut, "argus-fleet: %v\n", err)
		return failed
	}
	log.Info("the fleet runs", "pages", f.URL(), "otlp_grpc", f.OTLPGRPC(), "otlp_http", f.OTLPHTTP(), "data", s.Data)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for ctx.Err() == nil {
		select {
		case <-hangup:
			_ = f.Reload() // it logs what is wrong
		case <-ctx.Done():
		}
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := f.Close(closing); err != nil {
		fmt.Fprintf(errOut, "argus-fleet: %v\n", err)
		return failed
	}
	return 0
}

// release is the version of a released binary, which the linker sets: the tag of this
// module comes after the release (RELEASING.md).
var release string

// version is that of the release, or else of the build.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}
