package connection_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/analytics/internal/clickhousetest"
)

// TestNativeTLS: a real server checks the user over the native protocol with TLS, and its
// certificate is checked.
func TestNativeTLS(t *testing.T) {
	server := clickhousetest.New(t, "")
	server.Start(t)
	folder := t.TempDir()
	right, wrong := filepath.Join(folder, "right"), filepath.Join(folder, "wrong")
	for file, password := range map[string]string{right: clickhousetest.Password, wrong: "hunter22"} {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, ca, password, want string
	}{
		{"UnknownCertificate", "", right, "its certificate is signed by an unknown authority"},
		{"WrongPassword", server.CertificateFile(), wrong, "error WRONG_PASSWORD (193)"},
		{"OK", server.CertificateFile(), right, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := connection.Open(connection.Settings{
				URL: "clickhouses://" + server.SecureAddr() + "/default", User: clickhousetest.User, PasswordFile: tt.password, CAFile: tt.ca,
			}, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			var got uint64
			err = conn.QueryRow(t.Context(), "SELECT toUInt64(42)").Scan(&got)
			switch {
			case tt.want == "":
				if err != nil || got != 42 {
					t.Errorf("got %d, %v", got, err)
				}
			case err == nil || !strings.Contains(connection.Reason(err).Error(), tt.want):
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
