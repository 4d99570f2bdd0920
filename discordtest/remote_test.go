package discordtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
)

// transports are the transports of a server, by name.
func transports(t *testing.T) map[string]discordtest.Option {
	t.Helper()
	ca, err := discordtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	own, err := ca.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]discordtest.Option{
		"plain text": nil, "TLS": discordtest.WithTLS(), "a certificate of one's own": discordtest.WithCertificate(own),
	}
}

// TestRemote: sessions that have only a server's address connect to its gateway and its REST API.
func TestRemote(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, opt := range transports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, opt, discordtest.WithToken("a.b-c_d/e@f#g"))
			address := s.Address()
			if strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("the address %q is not one word", address)
			}
			remote, err := discordtest.Connect(address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = remote.Close() })
			if remote.Token() != s.Token() {
				t.Errorf("the token is %q, want %q", remote.Token(), s.Token())
			}
			sess, err := remote.NewSession(0, 1)
			if err != nil {
				t.Fatal(err)
			}
			conn := open(t, s, sess)
			if err := conn.WaitGuilds(testContext(t)); err != nil {
				t.Fatal(err)
			}
			if _, err := sess.User("@me"); err != nil {
				t.Error(err)
			}
			res, err := (&http.Client{Transport: remote.Transport(nil)}).Get("https://discord.com/api/v9/gateway")
			if err != nil {
				t.Fatal(err)
			}
			if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("GET /gateway: %d, %v", res.StatusCode, err)
			}
		})
	}
}

func TestConnectRefuses(t *testing.T) {
	t.Parallel()
	address := newServer(t, discordtest.WithTLS(), discordtest.WithToken("top-secret")).Address()
	plain, _, _ := strings.Cut(address, "#")
	for name, text := range map[string]string{
		"nothing":                "",
		"a word":                 "top-secret",
		"another scheme":         strings.Replace(address, "https", "wss", 1),
		"no URL":                 "http://top-secret@127.0.0.1:port",
		"no token":               "http://127.0.0.1:1",
		"no port":                "http://top-secret@127.0.0.1",
		"no host":                "http://top-secret@:1",
		"no certificate":         plain,
		"no certificate, plain":  strings.Replace(plain, "https", "http", 1),
		"half a certificate":     address[:len(address)-40],
		"a certificate too many": address + ".",
	} {
		if _, err := discordtest.Connect(text); err == nil || !strings.Contains(err.Error(), "Server.Address") {
			t.Errorf("%s: the error is %v; want one that says what is wanted", name, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the token is in %v", name, err)
		}
	}
}
