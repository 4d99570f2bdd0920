package examples_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

// mains are the examples: folders with a main package.
var mains = []string{"basic", "clustered", "existing-otel", "mux", "otlp", "otlp/incode", "shard-manager"}

// binaries is the folder that they are built into, each under the last part of its path.
var binaries string

func TestMain(m *testing.M) {
	if runtime.GOOS == "windows" {
		fmt.Println("the examples are ended by signals, which Windows has not")
		return
	}
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipped: the examples are built and run")
		return
	}
	folder, err := build()
	if err != nil {
		fmt.Println("building the examples:", err)
		os.Exit(1)
	}
	binaries = folder
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(folder)
		os.Exit(code)
	}))
}

// build builds all examples, with the race detector if the tests have it.
func build() (folder string, err error) {
	folder, err = os.MkdirTemp("", "argus-examples-")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-o", folder + string(filepath.Separator)}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	for _, name := range mains {
		args = append(args, "./"+name)
	}
	if output, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		os.RemoveAll(folder)
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return folder, nil
}
