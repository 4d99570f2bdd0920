package reason

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fail asks for a URL that has no answer.
func fail(t *testing.T, url string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/planted?token=planted", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err == nil {
		_ = response.Body.Close()
		t.Fatalf("%s has an answer", url)
	}
	return Of(err)
}

func TestOf(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	says := func(text string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, text)
				_ = conn.Close()
			}
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for url, want := range map[string]string{
		"http://" + closed.Addr().String():             "connection refused: nothing listens there",
		secure.URL:                                     "its certificate is signed by an unknown authority: give the CA file of its certificate",
		strings.Replace(plain.URL, "http", "https", 1): ErrNotTLS.Error(),
		says(""):                    "the connection was closed without a response",
		says("SSH-2.0-OpenSSH\r\n"): "it does not speak HTTP",
		says("HTTP/1.1 200 OK\r\n" + strings.Repeat("planted", 99) + "\r\n\r\n"): "…",
	} {
		err := fail(t, url)
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), url) || strings.Contains(err.Error(), "token=") || len(err.Error()) > 250 {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), -1)
	defer cancel()
	if err := Of(ctx.Err()); !errors.Is(err, ErrTimeout) {
		t.Errorf("%v, want %v", err, ErrTimeout)
	}
}
