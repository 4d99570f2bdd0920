package notify

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// It runs alone, since other tests listen.
func TestNoPortIsOpened(t *testing.T) {
	before := listening(t)
	probe, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if len(listening(t)) != len(before)+1 {
		t.Error("a port that is open is not seen")
	}
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	file := writeFile(t, "webhook", "https://discord.invalid/api/webhooks/1/planted")
	f := start(t, Config{DiscordWebhookFile: file, Dir: t.TempDir()}, quick())
	f.Handler()
	if after := listening(t); !slices.Equal(before, after) {
		t.Errorf("it listens: %q, before %q", after, before)
	}
}

// listening returns the sockets of this process on which it listens, or for UDP waits.
func listening(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		t.Skip("this system does not show a process's sockets")
	}
	own := map[string]bool{}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "socket:[") {
			own[strings.Trim(to, "socket:[]")] = true
		}
	}
	var found []string
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		content, err := os.ReadFile("/proc/self/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			field := strings.Fields(line)
			const local, state, inode = 1, 3, 9
			if len(field) > inode && own[field[inode]] && (field[state] == "0A" || strings.HasPrefix(table, "udp")) {
				found = append(found, table+" "+field[local])
			}
		}
	}
	slices.Sort(found)
	return found
}
