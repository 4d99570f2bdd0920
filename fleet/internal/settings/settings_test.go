package settings

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func parse(line []string, env map[string]string) (Settings, error) {
	s, _, err := Parse(line, func(name string) (string, bool) {
		v, there := env[name]
		return v, there
	}, &bytes.Buffer{})
	return s, err
}

// TestDefaults: without settings a fleet is on loopback, and is valid.
func TestDefaults(t *testing.T) {
	s, err := parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr != "127.0.0.1:9190" || s.OTLPGRPCAddr != "127.0.0.1:4317" || s.OTLPHTTPAddr != "127.0.0.1:4318" || s.Data != "./argus-fleet-data" ||
		s.URL != "http://127.0.0.1:9190" || s.Retention != 15*24*time.Hour || s.Evaluation != 15*time.Second || s.Size != 0 || s.MaxMembers != 5000 {
		t.Errorf("%+v", s)
	}
}

// TestOrder: a flag wins over its variable, and that over the default; an empty variable is
// none.
func TestOrder(t *testing.T) {
	env := map[string]string{"ARGUS_FLEET_ADDR": "127.0.0.1:1", "ARGUS_FLEET_DATA": "", "ARGUS_FLEET_SIZE": "10GB"}
	s, err := parse([]string{"--addr", "127.0.0.1:2", "--expect", "music=2x16, mod=1x1"}, env)
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr != "127.0.0.1:2" || s.Data != "./argus-fleet-data" || s.Size != 10<<30 || len(s.Expect) != 2 || s.Expect[0] != (Expectation{"music", 2, 16}) {
		t.Errorf("%+v", s)
	}
}

// TestErrors: each names the setting, the value, and what is right.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		setting, value string
		want           []string
	}{
		{"ADDR", "9190", []string{`ARGUS_FLEET_ADDR: "9190" is not an address`}},
		{"ADDR", "127.0.0.1:70000", []string{`has the port "70000"`, "65535"}},
		{"OTLP_GRPC_ADDR", "a b:1", []string{"ARGUS_FLEET_OTLP_GRPC_ADDR", "is not an address"}},
		{"RETENTION", "soon", []string{`ARGUS_FLEET_RETENTION: "soon" is not a duration such as`}},
		{"RETENTION", "5m", []string{"is below 1h"}},
		{"SIZE", "10", []string{`"10" is not a size such as 10GB`}},
		{"SIZE", "500MB", []string{"is below 1GB"}},
		{"SIZE", "-1GB", []string{"is not a size"}},
		{"MAX_MEMBERS", "0", []string{"is not a number from 1 to 100000"}},
		{"EXPECT", "music=16", []string{"is not a list such as music=100x1600"}},
		{"EXPECT", "music=4x2", []string{"is not a list"}},
		{"EXPECT", "a=1x1,a=1x2", []string{`has the bot "a" twice`}},
		{"URL", "fleet.example.org", []string{"is not a URL"}},
		{"URL", "https://user:secret@fleet.example.org", []string{"is not a URL"}},
		{"ALLOWED_HOSTS", "http://x", []string{`has "http://x", which must be a host name`}},
		{"TRACE_URL", "jaeger:16686/{trace_id}", []string{"it must be an http or https URL, such as https://jaeger.example.com/trace/{trace_id}"}},
		{"TRACE_URL", "https://jaeger.example/{cluster}", []string{`it has the placeholder "{cluster}": known are {trace_id} and {span_id}`}},
		{"TRACE_URL", "https://jaeger.example/{span_id}", []string{"it must contain the placeholder {trace_id}"}},
		{"ALERTMANAGER_URL", "am:9093", []string{"is not a URL"}},
		{"PROMETHEUS", "prometheus:9090", []string{"is not a URL such as https://prometheus.example.org or eu="}},
		{"PROMETHEUS", "=http://p:9090", []string{"without the name of a region"}},
		{"PROMETHEUS", "eu=http://p:9090,us=http://p:9090/", []string{"has http://p:9090 twice"}},
		{"PROMETHEUS_HEADERS", "X-Scope-OrgID", []string{"is not a list of headers such as X-Scope-OrgID=bots"}},
		{"PROMETHEUS_HEADERS", "authorization=Bearer x", []string{"has the header Authorization: put a token into the file"}},
	} {
		name := Prefix + tt.setting
		_, err := parse(nil, map[string]string{name: tt.value})
		for _, want := range append(tt.want, name) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s=%s: %v, want %q", name, tt.value, err, want)
			}
		}
		flagName := "--" + strings.ToLower(strings.ReplaceAll(tt.setting, "_", "-"))
		if _, err := parse([]string{flagName, tt.value}, nil); err == nil || !strings.Contains(err.Error(), flagName) {
			t.Errorf("%s %s: %v", flagName, tt.value, err)
		}
	}
}

// TestTogether: settings that do not go together are refused, and what is open to others
// without a token first of all.
func TestTogether(t *testing.T) {
	file := "/etc/token"
	for name, tt := range map[string]struct {
		env  map[string]string
		want string // empty: it is valid
	}{
		"pages for all":           {map[string]string{"ADDR": ":9190"}, "set ARGUS_FLEET_VIEWER_TOKEN_FILE"},
		"pages with a token":      {map[string]string{"ADDR": "0.0.0.0:9190", "VIEWER_TOKEN_FILE": file}, ""},
		"members for all":         {map[string]string{"OTLP_GRPC_ADDR": "10.0.0.1:4317"}, "ARGUS_FLEET_OTLP_GRPC_ADDR 10.0.0.1:4317 can be reached from elsewhere"},
		"members by HTTP for all": {map[string]string{"OTLP_HTTP_ADDR": "[::]:4318"}, "set ARGUS_FLEET_INGEST_TOKEN_FILE"},
		"members with a token":    {map[string]string{"OTLP_HTTP_ADDR": ":4318", "OTLP_GRPC_ADDR": "off", "INGEST_TOKEN_FILE": file}, ""},
		"this machine by IPv6":    {map[string]string{"ADDR": "[::1]:9190", "OTLP_GRPC_ADDR": "localhost:4317"}, ""},
		"operators alone":         {map[string]string{"OPERATOR_TOKEN_FILE": file}, "ARGUS_FLEET_VIEWER_TOKEN_FILE is not"},
		"a server and its token":  {map[string]string{"PROMETHEUS": "http://p:9090", "PROMETHEUS_TOKEN_FILE": file, "OTLP_GRPC_ADDR": ":4317"}, ""},
		"a token for no server":   {map[string]string{"PROMETHEUS_TOKEN_FILE": file}, "ARGUS_FLEET_PROMETHEUS_TOKEN_FILE is set and ARGUS_FLEET_PROMETHEUS is not"},
		"half a certificate":      {map[string]string{"PROMETHEUS": "http://p:9090", "PROMETHEUS_CERT_FILE": file}, "belong together"},
		"a certificate alone":     {map[string]string{"TLS_CERT_FILE": file}, "belong together"},
		"two ways of notifying":   {map[string]string{"DISCORD_WEBHOOK_FILE": file, "ALERTMANAGER_URL": "http://am:9093"}, "exclude one another"},
	} {
		env := map[string]string{}
		for key, value := range tt.env {
			env[Prefix+key] = value
		}
		_, err := parse(nil, env)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// TestPrometheus: servers are read in place of pushes, and a password is in no error.
func TestPrometheus(t *testing.T) {
	s, err := parse([]string{"--prometheus", "eu=https://a.example.org/prefix/, http://b:9090", "--prometheus-headers", "x-scope-orgid=bots"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Prometheus) != 2 || s.Prometheus[0] != (Prometheus{"eu", "https://a.example.org/prefix"}) || s.Prometheus[1] != (Prometheus{"", "http://b:9090"}) ||
		s.PrometheusHeaders.Get("X-Scope-OrgID") != "bots" || s.OTLPGRPCAddr != "" || s.OTLPHTTPAddr != "" {
		t.Errorf("%+v", s)
	}
	for _, line := range [][]string{
		{"--prometheus", "https://user:pa55word@a.example.org"}, {"--url", "https://user:pa55word@a.example.org"}, {"--prometheus-headers", "X-Key=pa55word,Authorization=x"},
	} {
		if _, err := parse(line, nil); err == nil || strings.Contains(err.Error(), "pa55word") {
			t.Errorf("%v", err)
		}
	}
}

// TestTraceURL: the template is taken as it is, and what is wrong with one is said without
// it.
func TestTraceURL(t *testing.T) {
	const template = "https://jaeger.example/trace/{trace_id}?uiFind={span_id}"
	if s, err := parse([]string{"--trace-url", template}, nil); err != nil || s.TraceURL != template {
		t.Errorf("%q, %v", s.TraceURL, err)
	}
	if s, err := parse(nil, nil); err != nil || s.TraceURL != "" {
		t.Errorf("%q, %v", s.TraceURL, err)
	}
	for _, wrong := range []string{"https://user:pa55word@jaeger.example/{trace_id}", "pa55word", "https://pa55word.example/{span_id}"} {
		given, _, err := Read([]string{"--trace-url", wrong}, func(string) (string, bool) { return "", false }, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := given.Settings(); err == nil || strings.Contains(err.Error(), "pa55word") {
			t.Errorf("%v", err)
		}
		for _, v := range given.Values() {
			if v.Flag == traceFlag && v.Shown() != "[hidden]" {
				t.Errorf("%s is shown", v.Shown())
			}
		}
	}
}

// TestShown: of headers people see the names.
func TestShown(t *testing.T) {
	g, _, err := Read([]string{"--prometheus-headers", "X-Key=pa55word, X-Scope-OrgID=bots", "--size", "10GB", "--trace-url", "https://jaeger.example/{trace_id}"}, func(string) (string, bool) { return "", false }, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, v := range g.Values() {
		shown[v.Flag] = v.Shown()
	}
	if shown["prometheus-headers"] != "X-Key, X-Scope-OrgID" || shown["size"] != "10GB" || shown[traceFlag] != "https://jaeger.example/{trace_id}" || shown["url"] != "" {
		t.Errorf("%v", shown)
	}
}

// TestTypingErrors: a variable with the prefix that is no setting is an error.
func TestTypingErrors(t *testing.T) {
	t.Setenv("ARGUS_FLEET_ADRR", "127.0.0.1:1")
	if _, _, err := Parse(nil, os.LookupEnv, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "ARGUS_FLEET_ADRR is no setting") {
		t.Errorf("%v", err)
	}
}

// TestHelp: it lists every setting with its variable.
func TestHelp(t *testing.T) {
	var out bytes.Buffer
	if _, _, err := Parse([]string{"--help"}, os.LookupEnv, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for _, r := range Rows() {
		if !strings.Contains(out.String(), "--"+r.Flag+"\n") || !strings.Contains(out.String(), r.Variable()) {
			t.Errorf("the help lacks %s", r.Flag)
		}
	}
}
