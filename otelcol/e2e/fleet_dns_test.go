package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// With envResolver this program becomes the one that is named there, and has the file that envResolvConf names as its /etc/resolv.conf.
const (
	envResolver   = "E2E_RESOLVER"
	envResolvConf = "E2E_RESOLV_CONF"
)

// exitNotPermitted is how it ends where it may not have one.
const exitNotPermitted = 77

// mostUDP is the size of an answer above which the server has its client come back over TCP, as servers do since the DNS flag day of 2020
// (https://www.dnsflagday.net/2020/), whatever more the client says it takes.
const mostUDP = 1232

// A nameserver is a real DNS server for the addresses of a fleet.
type nameserver struct {
	addr    string                    // host, without a port
	records map[dns.Question][]dns.RR // of class IN

	mu     sync.Mutex
	asked  map[string]int // by type and network, such as "A udp"
	cut    map[string]int // answers over UDP that did not have room for all, by type
	others []string       // names that it does not know
}

// startNameserver starts one on port 53, where clients look for it, of an address of its own. The records are lines of a zone file.
func startNameserver(t testing.TB, host string, records ...string) *nameserver {
	t.Helper()
	ns := &nameserver{addr: host, records: map[dns.Question][]dns.RR{}, asked: map[string]int{}, cut: map[string]int{}}
	for _, line := range records {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		q := dns.Question{Name: rr.Header().Name, Qtype: rr.Header().Rrtype, Qclass: dns.ClassINET}
		ns.records[q] = append(ns.records[q], rr)
	}
	addr := net.JoinHostPort(host, "53")
	packets, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", addr)
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("this needs CAP_NET_BIND_SERVICE: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	stream, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
	if err != nil {
		_ = packets.Close()
		t.Fatal(err)
	}
	for _, srv := range []*dns.Server{{PacketConn: packets, Handler: ns}, {Listener: stream, Handler: ns}} {
		started, ended := make(chan struct{}), make(chan struct{})
		srv.NotifyStartedFunc = func() { close(started) }
		go func() {
			defer close(ended)
			_ = srv.ActivateAndServe()
		}()
		<-started
		t.Cleanup(func() {
			_ = srv.Shutdown()
			<-ended
		})
	}
	return ns
}

// withResolver is a program that becomes Prometheus with this file as its /etc/resolv.conf, and the variables for that.
func withResolver(t testing.TB, resolvConf string) (program string, env []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self, []string{envResolver + "=" + tool(t, tools.Prometheus), envResolvConf + "=" + resolvConf}
}

// mayResolve skips a test where no process may have an /etc/resolv.conf of its own.
func mayResolve(t testing.TB) {
	t.Helper()
	program, env := withResolver(t, os.DevNull)
	out, err := output(t, program, env, "--version")
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == exitNotPermitted {
		t.Skipf("this needs Linux and CAP_SYS_ADMIN, which root has, but not in every container: %s", out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// ServeDNS answers one question.
func (ns *nameserver) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg).SetReply(r)
	m.Authoritative = true
	q := r.Question[0]
	q.Name = strings.ToLower(q.Name)
	m.Answer = ns.records[q]
	known := len(m.Answer) > 0 || q.Qtype == dns.TypeAAAA // nothing has such an address
	if !known {
		m.Rcode = dns.RcodeNameError
	}
	network := w.LocalAddr().Network()
	if network == "udp" {
		size := dns.MinMsgSize
		if opt := r.IsEdns0(); opt != nil {
			size = min(int(opt.UDPSize()), mostUDP)
			m.SetEdns0(mostUDP, false)
		}
		m.Truncate(size)
	}
	kind := dns.TypeToString[q.Qtype]
	ns.mu.Lock()
	ns.asked[kind+" "+network]++
	if m.Truncated {
		ns.cut[kind]++
	}
	if !known {
		ns.others = append(ns.others, kind+" "+q.Name)
	}
	ns.mu.Unlock()
	_ = w.WriteMsg(m)
}

// startPrometheus starts a Prometheus that asks this server and no other.
func (ns *nameserver) startPrometheus(t testing.TB, name, config string, flags ...string) *promServer {
	t.Helper()
	resolv := filepath.Join(t.TempDir(), "resolv.conf")
	write(t, resolv, []byte("nameserver "+ns.addr+"\n"))
	program, env := withResolver(t, resolv)
	return runPrometheus(t, program, env, freeAddr(t), name, config, flags...)
}

// checkDNS has Prometheus find the fleet by DNS: as the addresses of one name, and as a service whose processes have names.
func (f *fleet) checkDNS(t *testing.T) {
	mayResolve(t)
	var names []any
	configs := map[string]string{}
	for _, file := range []string{"dns.yml", "dns-srv.yml"} {
		configs[file] = deployConfig(t, file, discovery(t, "dns_sd_configs", func(sd map[string]any) { names = append(names, sd["names"].([]any)...) }))
	}
	if len(names) != 2 {
		t.Fatalf("the names are %v, want one in each file", names)
	}
	var records []string
	for n := range clusters {
		records = append(records,
			fmt.Sprintf("%s. 5 IN A %s", names[0], f.host(n)),
			fmt.Sprintf("%s. 5 IN SRV 0 0 %s bot-%d.%s.", names[1], metricsPort, n, names[0]),
			fmt.Sprintf("bot-%d.%s. 5 IN A %s", n, names[0], f.host(n)))
	}
	ns := startNameserver(t, f.subnet+"253", records...)
	a, srv := ns.startPrometheus(t, "dns-a", configs["dns.yml"]), ns.startPrometheus(t, "dns-srv", configs["dns-srv.yml"])
	f.check(t, a)
	f.check(t, srv)
	ns.mu.Lock()
	defer ns.mu.Unlock()
	t.Logf("asked: %v; answers cut off: %v", ns.asked, ns.cut)
	for _, kind := range []string{"A", "SRV"} {
		if ns.cut[kind] == 0 || ns.asked[kind+" tcp"] == 0 {
			t.Errorf("%d answers of type %s were cut off, and %d questions came over TCP; want some of both", ns.cut[kind], kind, ns.asked[kind+" tcp"])
		}
	}
	if len(ns.others) > 0 {
		t.Errorf("it was asked for what is not there: %v", ns.others)
	}
}
