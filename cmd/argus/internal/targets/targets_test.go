package targets

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/bottest"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestMain(m *testing.M) {
	if err := bottest.ClearEnv(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

type outcome struct {
	code           int
	stdout, stderr string
}

func command(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant what is in %s:\n%s", got, file, want)
	}
}

func TestHelp(t *testing.T) {
	o := command(t, "", "--help")
	if o.code != 0 || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	golden(t, "testdata/help.txt", o.stdout)
}

func TestFile(t *testing.T) {
	for file, args := range map[string][]string{
		"testdata/plain.json":  {"bot-[0-2]", "[::1]:[9191-9192]", "10.0.0.7:80"},
		"testdata/labels.json": {"--label", "zone=a", "bot-1", "--label=env=prod"},
		"testdata/files.json":  {"z", "--file", "-", "--file", "testdata/hosts.txt", "a"},
	} {
		o := command(t, "stdin-[1-2] # two\n", args...)
		if o.code != 0 || o.stderr != "" {
			t.Errorf("%v: %+v", args, o)
		}
		golden(t, file, o.stdout)
	}
}

// TestExample: the file in deploy/prometheus is what the command in README.md there writes.
func TestExample(t *testing.T) {
	const folder = "../../../../deploy/prometheus"
	line := "argus targets --out targets/discord-bot.json 'bot-[0-3].example.org'"
	for _, file := range []string{"README.md", "file_sd.yml"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.ReplaceAll(string(text), "deploy/prometheus/targets", "targets"), line) {
			t.Errorf("%s does not have %s", file, line)
		}
	}
	out := filepath.Join(t.TempDir(), "discord-bot.json")
	if o := command(t, "", "--out", out, "bot-[0-3].example.org"); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	golden(t, filepath.Join(folder, "targets", "discord-bot.json"), read(t, out))
}

func TestRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.txt")
	if err := os.WriteFile(empty, []byte("# nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("planted secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "no hosts given"},
		{[]string{"--file", empty}, "no hosts in " + empty},
		{[]string{"--file", empty + "x"}, "no such file"},
		{[]string{"bot-[9-1]"}, `"bot-[9-1]": [9-1]: "9-1" is descending`},
		{[]string{"bot-[0-3]", "bot-2:9191"}, `"bot-2:9191" contains bot-2:9191, and so does "bot-[0-3]"`},
		{[]string{"bot-[0-10000]"}, `"bot-[0-10000]": expands to more than 10000`},
		{[]string{"a-[1-9999]", "b-[1-2]"}, `"b-[1-2]": too many addresses: 10001 in total`},
		{[]string{"--out", "bots.yml", "a"}, `"bots.yml" for flag --out: must end in .json`},
		{[]string{"--label", "cluster=eu", "a"}, "rename it to exported_cluster"},
		{[]string{"--label", "bot=music", "a"}, "with ARGUS_BOT; a target label would override it"},
		{[]string{"--label", "region=eu", "a"}, "rename it to exported_region"},
		{[]string{"--label", "exported_cluster=eu", "a"}, "exported_…"},
		{[]string{"--label", "instance=x", "a"}, "instance is set from the address"},
		{[]string{"--label", "job=x", "a"}, "job_name"},
		{[]string{"--label", "shard=1", "a"}, "would be renamed to exported_shard"},
		{[]string{"--label", "le=1", "a"}, "would be renamed to exported_le"},
		{[]string{"--label", "__metrics_path__=/x", "a"}, "reserved by Prometheus"},
		{[]string{"--label", "env", "a"}, "must be name=value"},
		{[]string{"--label", "1x=y", "a"}, "must be name=value"},
		{[]string{"--label", "env=", "a"}, "the value is empty"},
		{[]string{"--label", "env=\xff", "a"}, "must be UTF-8"},
		{[]string{"--label", "env=" + strings.Repeat("x", 1025), "a"}, "at most 1024"},
		{[]string{"--label", "env=a", "--label", "env=b", "a"}, "duplicate label env"},
		{[]string{"--timeout", "0s", "a"}, `"0s" for flag --timeout: must be a duration`},
		{[]string{"--metrics-path", "metrics", "a"}, "must be a path"},
		{[]string{"--token-file", secret, "a"}, "does not contain a bearer token"},
		{[]string{"--token-file", secret + "x", "a"}, "cannot read the token"},
		{[]string{"--port", "1", "a"}, "not defined: --port"},
	} {
		o := command(t, "", test.args...)
		if o.code != 2 || o.stdout != "" || !strings.Contains(o.stderr, test.want) || !strings.HasPrefix(o.stderr, "argus targets: ") {
			t.Errorf("%v: %+v, want exit code 2 and %q", test.args, o, test.want)
		}
		if strings.Contains(o.stderr, "planted") {
			t.Errorf("the error shows what is in the file of the token: %s", o.stderr)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func stat(t *testing.T, file string) fs.FileInfo {
	t.Helper()
	info, err := os.Lstat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bots.json")
	if o := command(t, "", "--out", file, "a"); o.code != 0 || o.stdout != "wrote "+file+": 1 target\n" || o.stderr != "" {
		t.Fatalf("%+v", o)
	}
	first := stat(t, file)
	if first.Mode().Perm() != newFileMode {
		t.Errorf("the mode of a new file is %v", first.Mode())
	}

	// The same again: the file is not touched.
	if o := command(t, "", "--out", file, "a:9191"); o.code != 0 || o.stdout != file+" is unchanged: 1 target\n" {
		t.Errorf("%+v", o)
	}
	if again := stat(t, file); !os.SameFile(first, again) || !again.ModTime().Equal(first.ModTime()) {
		t.Error("the file was written although nothing has changed")
	}

	// Another content, through a link: another file takes the place, with the former's mode. Whoever has the former open goes on reading it.
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	former, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer former.Close()
	link := filepath.Join(dir, "link.json")
	if err := os.Symlink("bots.json", link); err != nil {
		t.Fatal(err)
	}
	if o := command(t, "", "--out", link, "a", "b"); o.code != 0 {
		t.Errorf("%+v", o)
	}
	if stat(t, link).Mode().Type() != fs.ModeSymlink {
		t.Error("the link is gone")
	}
	if second := stat(t, file); os.SameFile(first, second) || second.Mode().Perm() != 0o640 {
		t.Errorf("the file is the same one, or its mode is %v", second.Mode())
	}
	var old bytes.Buffer
	if _, err := old.ReadFrom(former); err != nil || strings.Contains(old.String(), "b:9191") || !strings.Contains(old.String(), "a:9191") {
		t.Errorf("the former file was written over: %s %v", old.String(), err)
	}
	if !strings.Contains(read(t, file), "b:9191") {
		t.Error("the new content is not there")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestCannotWrite(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder.json")
	if err := os.Mkdir(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for out, want := range map[string]string{folder: "is not a regular file", filepath.Join(dir, "no", "bots.json"): "no such file"} {
		if o := command(t, "", "--out", out, "a"); o.code != 1 || o.stdout != "" || !strings.Contains(o.stderr, want) {
			t.Errorf("%+v, want %q", o, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

const token = "planted-token-3fd1"

// TestCheck asks real processes, with a token, and some that are none.
func TestCheck(t *testing.T) {
	discord := bottest.Discord(t)
	start := func(addr, cluster string, shard int) string {
		return bottest.Start(t, discord, addr, cluster, []int{shard}, 3, argus.WithAuthToken(token)).Addr()
	}
	a, b, again := start("127.0.1.1:0", "a", 0), start("127.0.1.2:0", "b", 1), start("127.0.1.3:0", "a", 2)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up 1\n")) }))
	defer other.Close()
	gone, err := net.Listen("tcp", "127.0.1.4:0")
	if err != nil {
		t.Fatal(err)
	}
	away := gone.Addr().String()
	gone.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "bots.json")

	o := command(t, "", "--out", out, "--check", "--token-file", file, a, b)
	if o.code != 0 || !strings.HasSuffix(o.stdout, "2 of 2 targets answered, with 2 cluster ids\n") || o.stderr != "" {
		t.Errorf("all is well, but %+v", o)
	}
	// Another bot may call its clusters the same.
	another := bottest.Start(t, discord, "127.0.1.8:0", "a", []int{0}, 1, argus.WithAuthToken(token), argus.WithBot("music")).Addr()
	o = command(t, "", "--check", "--token-file", file, a, b, another)
	if o.code != 0 || !strings.HasSuffix(o.stderr, "3 of 3 targets answered, with 3 cluster ids of 2 bots\n") {
		t.Errorf("two bots, and %+v", o)
	}
	o = command(t, "", "--check", "--token-file", file, a, b, again, away, strings.TrimPrefix(other.URL, "http://"))
	for _, want := range []string{
		away + ": connection refused: nothing listens there\n",
		": not the metrics page of Argus",
		`cluster id "a" of job "discord-bot" is used by ` + a + ", " + again + ": set a unique ARGUS_CLUSTER_ID",
		"3 of 5 targets answered, with 2 cluster ids\n",
	} {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("%q is not in\n%s", want, o.stderr)
		}
	}
	if o.code != 1 || !strings.Contains(o.stdout, away) {
		t.Errorf("the exit code is %d, or the list lacks a target that does not answer:\n%s", o.code, o.stdout)
	}
	o = command(t, "", "--check", a)
	if o.code != 1 || !strings.Contains(o.stderr, "requires a bearer token") {
		t.Errorf("without the token: %+v", o)
	}
	if strings.Contains(fmt.Sprint(o), token) {
		t.Error("the token is shown")
	}
}

// TestCheckIsBounded: targets that take connections and never answer cost no more than --timeout.
func TestCheckIsBounded(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.1.5:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_, port, _ := net.SplitHostPort(silent.Addr().String())
	began := time.Now()
	o := command(t, "", "--check", "--timeout", "300ms", "127.0.1.5:"+port, "127.0.2.[1-200]:"+port)
	if o.code != 1 || !strings.Contains(o.stderr, "127.0.1.5:"+port+": no answer in time\n") || !strings.Contains(o.stderr, "0 of 201 targets answered") {
		t.Errorf("%+v", o)
	}
	if took := time.Since(began); took > 30*time.Second { // one after the other they would take a minute
		t.Errorf("it took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"--check", "127.0.1.5:" + port}, nil, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "0 of 1 target answered") {
		t.Errorf("interrupted: %d %s", code, stderr.String())
	}
}
