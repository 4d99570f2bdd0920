package clickhousestore_test

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/analytics/connection"
)

const secret = "planted-password"

// secretFile returns a file with some text.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPassword: while the server refuses the password, senders keep their events, and the
// log says so once. When the password is right, events are taken again.
func TestPassword(t *testing.T) {
	ctx, s := serve(t)
	s.migrate(ctx, t)
	f := s.front(t)
	f.Start()
	s.open(t, connection.Settings{URL: f.URL + "/" + database, User: "argus", PasswordFile: secretFile(t, secret+"\n")})
	_, rows := sample(100)
	refused := func() {
		t.Helper()
		if result, err := s.Add(ctx, rows); err == nil || len(result.Refused) > 0 {
			t.Errorf("%+v, %v; want an error, after which senders send again", result, err)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error has the password: %v", err)
		}
	}
	f.set("another", nil)
	look := s.run(ctx, t)
	for range 3 {
		look()
		refused()
	}
	f.set(secret, nil)
	look()
	s.add(ctx, t, rows)
	f.set("another", nil) // while events are taken
	refused()
	look()
	f.set(secret, nil)
	look()
	s.add(ctx, t, rows) // the same push
	if n := s.number(ctx, t, "SELECT sum(events) AS n FROM ingest"); n != 100 {
		t.Errorf("%d events; want 100", n)
	}
	const want = "the user or the password is wrong: correct ARGUS_FLEET_CLICKHOUSE_USER or ARGUS_FLEET_CLICKHOUSE_PASSWORD_FILE"
	if said := s.said(); strings.Count(said, want) != 2 || strings.Count(said, "\n") != 1 || strings.Contains(said, secret) {
		t.Errorf("it told:\n%s\nwant twice, for two times: %s", said, want)
	}
}

// TestPasswordChanges: a password that changes is read from its file, without a restart.
func TestPasswordChanges(t *testing.T) {
	ctx, s := serve(t)
	s.migrate(ctx, t)
	f := s.front(t)
	f.Start()
	file := secretFile(t, "the first\n")
	f.set("the first", nil)
	s.open(t, connection.Settings{URL: f.URL + "/" + database, User: "argus", PasswordFile: file})
	look := s.run(ctx, t)
	look()
	_, rows := sample(100)
	s.add(ctx, t, rows[:50])
	f.set(secret, nil)
	for _, text := range []string{"", secret + "\n"} { // the file may be gone for a moment
		if text == "" {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		look()
	}
	s.add(ctx, t, rows[50:])

	// A push is the first that the server refuses, when the file has the password already.
	if err := os.WriteFile(file, []byte("the third\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.set("the third", nil)
	_, more := sample(110)
	if result, err := s.Add(ctx, more[100:]); err == nil || len(result.Refused) > 0 {
		t.Errorf("%+v, %v; want an error, after which senders send again", result, err)
	}
	s.add(ctx, t, more[100:])
	if said := s.said(); strings.Count(said, "the user or the password is wrong") != 1 {
		t.Errorf("it told:\n%s", said)
	}
}

// TestTLS: a server whose certificate the file of CAs accepts takes events. One whose
// certificate nobody knows does not get them.
func TestTLS(t *testing.T) {
	ctx, s := serve(t)
	s.migrate(ctx, t)
	f := s.front(t)
	f.StartTLS()
	f.set(secret, nil)
	with := connection.Settings{URL: f.URL + "/" + database, User: "argus", PasswordFile: secretFile(t, secret+"\n")}
	s.open(t, with)
	err := s.Check(ctx)
	for _, want := range []string{f.URL, "its certificate is signed by an unknown authority", "ARGUS_FLEET_CLICKHOUSE_CA_FILE"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	with.CAFile = secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})))
	s.open(t, with)
	if err := s.Check(ctx); err != nil {
		t.Fatal(err)
	}
	_, rows := sample(100)
	s.add(ctx, t, rows)
	if bots, err := s.Bots(ctx); err != nil || len(bots) != 2 {
		t.Errorf("%v, %v; want 2 bots", bots, err)
	}
}
