package scrape

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/bottest"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/credential"
)

func accessOf(args ...string) (Access, error) {
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	f := NewAccessFlags(flags, "the targets")
	if _, err := cli.Parse(flags, args); err != nil {
		return Access{}, err
	}
	return f.Access()
}

// TestWebConfig: a bot that serves TLS and wants a password is read with the right flags,
// and each wrong one has a sentence that says which.
func TestWebConfig(t *testing.T) {
	web := bottest.WebConfig(t, "127.0.6.2")
	other := bottest.WebConfig(t, "127.0.6.2")
	bot := bottest.Start(t, bottest.Discord(t), "127.0.6.2:0", "a", []int{0}, 1, argus.WithWebConfigFile(web.File))
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("planted-but-wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("planted-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	page := func(args ...string) error {
		t.Helper()
		a, err := accessOf(args...)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		_, err = NewClient("/metrics", a).Page(t.Context(), bot.Addr())
		return err
	}
	if err := page(web.Flags()...); err != nil {
		t.Error(err)
	}
	if err := page(append(web.Flags(), "--cert-file", web.CA, "--key-file", filepath.Join(filepath.Dir(web.CA), "server.key"))...); err != nil {
		t.Errorf("with a client certificate that nobody asked for: %v", err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, ErrNeedsTLS.Error()},
		{[]string{"--tls"}, "signed by an unknown authority"},
		{[]string{"--ca-file", other.CA}, "signed by an unknown authority"},
		{[]string{"--ca-file", web.CA}, ErrNeedsPassword.Error()},
		{[]string{"--ca-file", web.CA, "--token-file", token}, ErrNeedsPassword.Error()},
		{[]string{"--ca-file", web.CA, "--username", web.Username, "--password-file", wrong}, ErrWrongPassword.Error()},
		{append(web.Flags(), "--server-name", "bot.example.org"), "not valid for bot.example.org"},
	} {
		if err := page(test.args...); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v, want %q", test.args, err, test.want)
		}
	}
	plain := bottest.Start(t, bottest.Discord(t), "127.0.6.3:0", "a", []int{0}, 1)
	a, err := accessOf("--tls")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewClient("/metrics", a).Page(t.Context(), plain.Addr()); err == nil || !strings.Contains(err.Error(), "does not speak TLS: leave out --tls") {
		t.Error(err)
	}
}

func TestAccessFlags(t *testing.T) {
	web := bottest.WebConfig(t, "127.0.6.2")
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("planted-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, kind := range map[string]credential.Kind{
		"":                      credential.None,
		"--token-file " + token: credential.Bearer,
		"--username o --password-file " + web.Password: credential.Basic,
	} {
		a, err := accessOf(strings.Fields(args)...)
		if err != nil || a.Credential.Kind() != kind || a.TLS != nil {
			t.Errorf("%q: %v, %q, TLS %t", args, err, a.Credential.Kind(), a.TLS != nil)
		}
		if text := fmt.Sprintf("%v %+v %#v", a, a, a); strings.Contains(text, "planted") {
			t.Errorf("the credential is printed: %s", text)
		}
	}
	for args, want := range map[string]string{
		"--token-file " + token + " --username o": "--token-file and --username",
		"--username o":                                    "need each other",
		"--password-file " + web.Password:                 "need each other",
		"--username a:b --password-file " + web.Password:  `--username "a:b"`,
		"--username o --password-file " + empty:           "the file is empty",
		"--username o --password-file /nowhere":           "cannot read the password",
		"--cert-file " + web.CA:                           "--cert-file and --key-file need each other",
		"--key-file " + web.CA:                            "--cert-file and --key-file need each other",
		"--cert-file " + web.CA + " --key-file " + web.CA: "--cert-file",
		"--ca-file /nowhere":                              "--ca-file: cannot read the CA certificates",
		"--ca-file " + token:                              "contains no PEM certificate",
	} {
		if _, err := accessOf(strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "planted-") {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}
