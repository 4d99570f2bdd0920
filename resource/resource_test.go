package resource_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/argus-dgo/argus/resource"
)

func env(pairs ...string) resource.Option {
	m := make(map[string]string, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return resource.WithEnvironment(func(name string) (string, bool) {
		v, ok := m[name]
		return v, ok
	})
}

func attr(t *testing.T, r *sdkresource.Resource, key attribute.Key) string {
	t.Helper()
	v, ok := r.Set().Value(key)
	if !ok {
		t.Fatalf("the resource has no %s: %v", key, r)
	}
	return v.AsString()
}

func TestClusterPrecedence(t *testing.T) {
	all := []string{"ARGUS_CLUSTER_ID", "argus", "CLUSTER_ID", "plain", "OTEL_RESOURCE_ATTRIBUTES", "cluster=otel"}
	tests := map[string]struct {
		opts       []resource.Option
		wantID     string
		wantSource resource.Source
	}{
		"option":              {[]resource.Option{env(all...), resource.WithClusterID("code")}, "code", resource.SourceClusterIDOption},
		"ARGUS_CLUSTER_ID":    {[]resource.Option{env(all...)}, "argus", resource.SourceArgusClusterID},
		"CLUSTER_ID":          {[]resource.Option{env(all[2:]...)}, "plain", resource.SourceClusterID},
		"resource attributes": {[]resource.Option{env(all[4:]...)}, "otel", resource.SourceResourceAttributes},
		"default":             {[]resource.Option{env()}, "default", resource.SourceDefault},
		"nil options": {
			[]resource.Option{nil, resource.WithEnvironment(nil), env(all[2:]...), nil}, "plain", resource.SourceClusterID,
		},
		"a bad value that is overridden does no harm": {
			[]resource.Option{env("ARGUS_CLUSTER_ID", "", "CLUSTER_ID", " "), resource.WithClusterID("code")}, "code", resource.SourceClusterIDOption,
		},
		"the last of equal keys": {
			[]resource.Option{env("OTEL_RESOURCE_ATTRIBUTES", "cluster=a,cluster=b")}, "b", resource.SourceResourceAttributes,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := resource.Detect(tt.opts...)
			if err != nil {
				t.Fatalf("Detect: %v", err)
			}
			if p.ClusterID != tt.wantID || p.ClusterIDSource != tt.wantSource {
				t.Errorf("%q from %q, want %q from %q", p.ClusterID, p.ClusterIDSource, tt.wantID, tt.wantSource)
			}
			r, err := resource.New(t.Context(), tt.opts...)
			if err != nil {
				t.Fatalf("New: %v", err)
			}
			if got := resource.Cluster(r); got != tt.wantID {
				t.Errorf("Cluster(New(…)) = %q, want %q", got, tt.wantID)
			}
		})
	}
}

func TestClusterIDValid(t *testing.T) {
	for _, id := range []string{"0", "eu-west-1b", "bot 7", "größe", "a/b:c", `a "b"`, `"a`, "it's", "a$", "5$ 7", "$", "{a}", "a)(b", "100%", "50% off", "<a>", strings.Repeat("x", resource.MaxClusterIDLength)} {
		r, err := resource.New(t.Context(), env(), resource.WithClusterID(id))
		if err != nil {
			t.Errorf("WithClusterID(%q): %v", id, err)
			continue
		}
		if got := resource.Cluster(r); got != id {
			t.Errorf("Cluster = %q, want %q", got, id)
		}
	}
}

func TestClusterIDInvalid(t *testing.T) {
	ids := map[string]string{
		"empty":          "",
		"blank":          " ",
		"leading blank":  " a",
		"trailing line":  "a\n",
		"inner line":     "a\nb",
		"control":        "a\x00b",
		"escape":         "a\x1b[31mb",
		"bidi override":  "a\u202eb",
		"no-break space": "\u00a0a",
		"not UTF-8":      "a\xffb",
		"too long":       strings.Repeat("x", resource.MaxClusterIDLength+1),
		"Kubernetes":     "eu-$(CLUSTER_ID)",
		"shell":          "${NOMAD_ALLOC_INDEX}",
		"template":       "eu-{{.Task.Slot}}",
		"no value":       "eu-<no value>",
		"shell, bare":    "$HOSTNAME",
		"shell, within":  "eu-$POD_NAME-1",
		"systemd":        "%H",
		"systemd, unit":  "bot@%i",
		"Windows":        "%COMPUTERNAME%",
		"command":        "`hostname`",
		"env file":       `"3"`,
		"env file, '":    "'eu 3'",
		"quotes alone":   `""`,
	}
	sources := map[string]func(id string) (opts []resource.Option, name string){
		"option": func(id string) ([]resource.Option, string) {
			return []resource.Option{env(), resource.WithClusterID(id)}, "WithClusterID"
		},
		"ARGUS_CLUSTER_ID": func(id string) ([]resource.Option, string) {
			return []resource.Option{env("ARGUS_CLUSTER_ID", id)}, "ARGUS_CLUSTER_ID"
		},
		"CLUSTER_ID": func(id string) ([]resource.Option, string) {
			return []resource.Option{env("CLUSTER_ID", id)}, " CLUSTER_ID"
		},
	}
	for source, with := range sources {
		for name, id := range ids {
			t.Run(source+"/"+name, func(t *testing.T) {
				opts, where := with(id)
				r, err := resource.New(t.Context(), opts...)
				if !errors.Is(err, resource.ErrClusterID) {
					t.Fatalf("New: %v, want ErrClusterID", err)
				}
				if r != nil {
					t.Errorf("New returned a resource together with an error: %v", r)
				}
				if !strings.Contains(err.Error(), where) {
					t.Errorf("the error %q does not name %q", err, where)
				}
				if strings.ContainsAny(err.Error(), "\x00\x1b\u202e") || len(err.Error()) > 400 {
					t.Errorf("the error is not fit for a log line: %q", err)
				}
				if _, err := resource.Detect(opts...); !errors.Is(err, resource.ErrClusterID) {
					t.Errorf("Detect: %v, want ErrClusterID", err)
				}
			})
		}
	}
}

// TestClusterIDNotExpanded: the error says what was wrong, with the whole value, and what to do.
func TestClusterIDNotExpanded(t *testing.T) {
	for _, test := range []struct {
		variable, value string
		want            []string
	}{
		{"ARGUS_CLUSTER_ID", "eu-$(CLUSTER_ID)", []string{`"eu-$(CLUSTER_ID)" from ARGUS_CLUSTER_ID: `, "contains $(", "not expanded", "stands above it"}},
		{"CLUSTER_ID", "${X}", []string{`"${X}" from CLUSTER_ID: `, "contains ${", "not expanded"}},
		{"CLUSTER_ID", "{{.Task.Slot}}", []string{`"{{.Task.Slot}}" from CLUSTER_ID: `, "contains {{", "not expanded"}},
		{"OTEL_RESOURCE_ATTRIBUTES", "cluster=$(POD_NAME)", []string{`"$(POD_NAME)" from the key cluster in OTEL_RESOURCE_ATTRIBUTES: `, "contains $("}},
	} {
		_, err := resource.Detect(env(test.variable, test.value))
		if !errors.Is(err, resource.ErrClusterID) {
			t.Errorf("%s=%s: error %v, want ErrClusterID", test.variable, test.value, err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %s:\n%v", want, err)
			}
		}
	}
}

func TestClusterIDInResourceAttributes(t *testing.T) {
	for _, s := range []string{"cluster=", "cluster=%20a", "cluster=a%0Ab"} {
		_, err := resource.New(t.Context(), env("OTEL_RESOURCE_ATTRIBUTES", s))
		if !errors.Is(err, resource.ErrClusterID) || !strings.Contains(err.Error(), "OTEL_RESOURCE_ATTRIBUTES") {
			t.Errorf("%q: error %v, want ErrClusterID that names the variable", s, err)
		}
	}
}

// TestResourceAttributes: the variable as people and OpenTelemetry's specification write it.
func TestResourceAttributes(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"team=x,":                        {"team": "x"},
		", ,team=x,,tier=1 , ":           {"team": "x", "tier": "1"},
		",":                              {},
		"te%61m=x%20y,%6Bey=a%2Cb":       {"team": "x y", "key": "a,b"},
		"a%3Db=c":                        {"a=b": "c"},
		"%63luster=eu-1":                 {"cluster": "eu-1"},
		" team = x , deployment.env = d": {"team": "x", "deployment.env": "d"},
	} {
		r, err := resource.New(t.Context(), env("OTEL_RESOURCE_ATTRIBUTES", text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for key, value := range want {
			if got := attr(t, r, attribute.Key(key)); got != value {
				t.Errorf("%q: %s = %q, want %q", text, key, got, value)
			}
		}
	}
	for text, want := range map[string]string{
		"a=b,nothing":   "entry 2 has no '='",
		"%zz=x":         "entry 1 has a key with a malformed percent-encoding",
		",a=%zz":        `entry 2 (key "a") has a value with a malformed percent-encoding`,
		"%=x":           "entry 1 has a key",
		"%ff=x":         "entry 1 has a key that is not UTF-8",
		`"team=secret"`: "in quotes",
	} {
		_, err := resource.New(t.Context(), env("OTEL_RESOURCE_ATTRIBUTES", text))
		if !errors.Is(err, resource.ErrResourceAttributes) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestServiceNameAsGiven: it is the label job of what is pushed.
func TestServiceNameAsGiven(t *testing.T) {
	for _, name := range []string{`"music"`, "'music'", "$BOT_NAME", "%i", "{{.Service.Name}}", "$(NAME)"} {
		for _, variable := range []string{"OTEL_SERVICE_NAME", "option"} {
			opts := []resource.Option{env(variable, name)}
			if variable == "option" {
				opts = []resource.Option{env(), resource.WithServiceName(name)}
			}
			if _, err := resource.New(t.Context(), opts...); err == nil || !strings.Contains(err.Error(), "service.name") {
				t.Errorf("%s %s: %v, want an error", variable, name, err)
			}
		}
	}
}

func TestAttributes(t *testing.T) {
	r, err := resource.New(t.Context(), env())
	if err != nil {
		t.Fatal(err)
	}
	if got := attr(t, r, semconv.ServiceNameKey); got != "discord-bot" {
		t.Errorf("service.name = %q", got)
	}
	id, err := uuid.Parse(attr(t, r, semconv.ServiceInstanceIDKey))
	if err != nil || id.Version() != 4 {
		t.Errorf("service.instance.id = %v (version %d), %v: want a random UUID", id, id.Version(), err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got := attr(t, r, semconv.HostNameKey); got != host {
		t.Errorf("host.name = %q, want %q", got, host)
	}
	if got := attr(t, r, semconv.TelemetrySDKVersionKey); got != sdk.Version() {
		t.Errorf("telemetry.sdk.version = %q, want %q", got, sdk.Version())
	}
	if got := attr(t, r, semconv.TelemetrySDKLanguageKey); got != "go" {
		t.Errorf("telemetry.sdk.language = %q", got)
	}
	attr(t, r, semconv.OSTypeKey)
	if r.SchemaURL() != semconv.SchemaURL {
		t.Errorf("schema URL = %q, want %q", r.SchemaURL(), semconv.SchemaURL)
	}
	// A closed set: a new attribute on target_info is a decision, not an accident.
	want := map[attribute.Key]bool{
		"cluster": true, "service.name": true, "service.instance.id": true, "host.name": true, "os.type": true,
		"telemetry.sdk.name": true, "telemetry.sdk.version": true, "telemetry.sdk.language": true,
	}
	for _, kv := range r.Attributes() {
		if !want[kv.Key] {
			t.Errorf("unexpected attribute %s: nothing about the process's command line or owner may be here", kv.Key)
		}
	}

	other, err := resource.New(t.Context(), env())
	if err != nil {
		t.Fatal(err)
	}
	if a, b := attr(t, r, semconv.ServiceInstanceIDKey), attr(t, other, semconv.ServiceInstanceIDKey); a == b {
		t.Errorf("two resources share the instance id %q", a)
	}
}

func TestAttributePrecedence(t *testing.T) {
	const otel = "service.name=env,service.instance.id=i-1,host.name=h-1,os.type=plan9,zone=eu%2Fwest, team = a b ,empty=," +
		"telemetry.sdk.name=forged"
	r, err := resource.New(t.Context(), env("OTEL_RESOURCE_ATTRIBUTES", otel),
		resource.WithAttributes(attribute.String("zone", "us"), attribute.Int("shards", 4)),
		resource.WithAttributes(attribute.String("zone", "ap"), semconv.HostName("h-2")))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[attribute.Key]string{
		"service.name": "env", "service.instance.id": "i-1", "host.name": "h-2", "os.type": "plan9",
		"zone": "ap", "team": "a b", "empty": "", "telemetry.sdk.name": "opentelemetry",
	} {
		if got := attr(t, r, key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if v, _ := r.Set().Value("shards"); v.AsInt64() != 4 {
		t.Errorf("shards = %v, want 4", v)
	}
}

func TestServiceName(t *testing.T) {
	tests := map[string]struct {
		opts []resource.Option
		want string
	}{
		"option":             {[]resource.Option{env("OTEL_SERVICE_NAME", "b"), resource.WithServiceName("a")}, "a"},
		"OTEL_SERVICE_NAME":  {[]resource.Option{env("OTEL_SERVICE_NAME", " b ", "OTEL_RESOURCE_ATTRIBUTES", "service.name=c")}, "b"},
		"empty is not set":   {[]resource.Option{env("OTEL_SERVICE_NAME", "", "OTEL_RESOURCE_ATTRIBUTES", "service.name=c")}, "c"},
		"empty in the pairs": {[]resource.Option{env("OTEL_RESOURCE_ATTRIBUTES", "service.name=")}, "discord-bot"},
		"nothing":            {[]resource.Option{env("OTEL_RESOURCE_ATTRIBUTES", " ")}, "discord-bot"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := resource.New(t.Context(), tt.opts...)
			if err != nil {
				t.Fatal(err)
			}
			if got := attr(t, r, semconv.ServiceNameKey); got != tt.want {
				t.Errorf("service.name = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestInvalidSettings(t *testing.T) {
	const secret = "hunter2"
	tests := map[string]struct {
		opts []resource.Option
		want []string
	}{
		"no equals sign": {
			[]resource.Option{env("OTEL_RESOURCE_ATTRIBUTES", "a=b,"+secret)},
			[]string{"OTEL_RESOURCE_ATTRIBUTES", "entry 2", "'='"},
		},
		"empty key": {
			[]resource.Option{env("OTEL_RESOURCE_ATTRIBUTES", "="+secret)},
			[]string{"OTEL_RESOURCE_ATTRIBUTES", "entry 1", "empty key"},
		},
		"percent-encoding": {
			[]resource.Option{env("OTEL_RESOURCE_ATTRIBUTES", "pass="+secret+"%zz")},
			[]string{"OTEL_RESOURCE_ATTRIBUTES", `"pass"`, "percent-encoding"},
		},
		"decodes to no UTF-8": {
			[]resource.Option{env("OTEL_RESOURCE_ATTRIBUTES", "pass="+secret+"%ff")},
			[]string{"OTEL_RESOURCE_ATTRIBUTES", `"pass"`, "UTF-8"},
		},
		"service name empty":        {[]resource.Option{env(), resource.WithServiceName(" ")}, []string{"WithServiceName"}},
		"service name not UTF-8":    {[]resource.Option{env("OTEL_SERVICE_NAME", "\xff")}, []string{"OTEL_SERVICE_NAME"}},
		"cluster among attributes":  {[]resource.Option{env(), resource.WithAttributes(attribute.String("cluster", secret))}, []string{"WithClusterID"}},
		"bot among attributes":      {[]resource.Option{env(), resource.WithAttributes(attribute.String("bot", secret))}, []string{"WithBot"}},
		"region among attributes":   {[]resource.Option{env(), resource.WithAttributes(attribute.String("region", secret))}, []string{"WithRegion"}},
		"service among attributes":  {[]resource.Option{env(), resource.WithAttributes(semconv.ServiceName(secret))}, []string{"WithServiceName"}},
		"SDK among attributes":      {[]resource.Option{env(), resource.WithAttributes(semconv.TelemetrySDKName(secret))}, []string{"telemetry.sdk.name"}},
		"attribute without a key":   {[]resource.Option{env(), resource.WithAttributes(attribute.String("", secret))}, []string{"empty key"}},
		"attribute not UTF-8":       {[]resource.Option{env(), resource.WithAttributes(attribute.String("k", secret+"\xff"))}, []string{`"k"`}},
		"attribute slice not UTF-8": {[]resource.Option{env(), resource.WithAttributes(attribute.StringSlice("k", []string{"\xff"}))}, []string{`"k"`}},
		"every problem is named once": {
			[]resource.Option{env("ARGUS_CLUSTER_ID", "", "OTEL_RESOURCE_ATTRIBUTES", "x"), resource.WithServiceName("")},
			[]string{"ARGUS_CLUSTER_ID", "OTEL_RESOURCE_ATTRIBUTES", "WithServiceName"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := resource.New(t.Context(), tt.opts...)
			if err == nil || r != nil {
				t.Fatalf("New = %v, %v: want an error and no resource", r, err)
			}
			for _, want := range tt.want {
				if strings.Count(err.Error(), want) != 1 {
					t.Errorf("the error %q does not name %q exactly once", err, want)
				}
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows a value: %q", err)
			}
		})
	}
}

func TestProcessEnvironment(t *testing.T) {
	t.Setenv("ARGUS_CLUSTER_ID", "from-the-process")
	p, err := resource.Detect(resource.WithoutShards())
	if err != nil || p.ClusterID != "from-the-process" || p.ClusterIDSource != resource.SourceArgusClusterID {
		t.Errorf("Detect() = %v, %v", p, err)
	}
}

func TestClusterOfForeignResources(t *testing.T) {
	for name, r := range map[string]*sdkresource.Resource{
		"nil":      nil,
		"empty":    sdkresource.Empty(),
		"a number": sdkresource.NewSchemaless(attribute.Int("cluster", 3)),
	} {
		if got := resource.Cluster(r); got != "" {
			t.Errorf("Cluster(%s) = %q, want none", name, got)
		}
	}
}

func TestOptionsAreCloned(t *testing.T) {
	attrs := []attribute.KeyValue{attribute.String("k", "before")}
	o := resource.WithAttributes(attrs...)
	attrs[0] = attribute.String("k", "after")
	r, err := resource.New(t.Context(), env(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := attr(t, r, "k"); got != "before" {
		t.Errorf("k = %q: the option kept the caller's slice", got)
	}
}

// The SDK's own reader is the reference: what both accept must mean the same.
func FuzzResourceAttributes(f *testing.F) {
	for _, s := range []string{"", "a=b", "a=b,c=d", "a=%20", "a=%zz", "=", ",", "a", " a = b ", "cluster=x", "a=b=c", "ä=ö", "a=b,a=c", "a=b,", ",,a=b", "%61=b", "a%2Cb=c", "%zz=a", `"a=b"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsRune(s, 0) {
			t.Skip("a variable cannot hold NUL")
		}
		r, err := resource.New(t.Context(), env("OTEL_RESOURCE_ATTRIBUTES", s), resource.WithClusterID("c"))
		if err != nil {
			if !errors.Is(err, resource.ErrResourceAttributes) && !errors.Is(err, resource.ErrBot) && !errors.Is(err, resource.ErrRegion) &&
				!strings.Contains(err.Error(), "looks like a token") {
				t.Fatalf("%q: %v does not wrap ErrResourceAttributes", s, err)
			}
			return
		}
		// The SDK stumbles over empty entries, and leaves keys as they are.
		entries := slices.DeleteFunc(strings.Split(s, ","), func(entry string) bool { return strings.TrimSpace(entry) == "" })
		t.Setenv("OTEL_RESOURCE_ATTRIBUTES", strings.Join(entries, ","))
		t.Setenv("OTEL_SERVICE_NAME", "")
		ref, err := sdkresource.New(t.Context(), sdkresource.WithFromEnv())
		if err != nil {
			t.Fatalf("%q is accepted here and refused by the SDK: %v", s, err)
		}
		if slices.ContainsFunc(ref.Attributes(), func(kv attribute.KeyValue) bool { return strings.Contains(string(kv.Key), "%") }) {
			return
		}
		for _, kv := range ref.Attributes() {
			if kv.Key == "cluster" || kv.Key == "bot" || kv.Key == "region" || kv.Key == "service.name" || strings.HasPrefix(string(kv.Key), "telemetry.sdk.") {
				continue
			}
			got, ok := r.Set().Value(kv.Key)
			if !ok || got.AsString() != kv.Value.AsString() {
				t.Errorf("%q: %s = %q, the SDK says %q", s, kv.Key, got.AsString(), kv.Value.AsString())
			}
		}
	})
}

func ExampleNew() {
	r, err := resource.New(context.Background(),
		resource.WithServiceName("music-bot"),
		resource.WithClusterID("eu-1"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resource.Cluster(r))
	// Output: eu-1
}

// A bot of three processes, as each of them finds out who it is.
func ExampleDetect() {
	for _, id := range []string{"0", "1", "2"} {
		environment := map[string]string{"CLUSTER_ID": id, "SHARDS_PER_CLUSTER": "16", "SHARD_COUNT": "40"}
		p, err := resource.Detect(resource.WithEnvironment(func(name string) (string, bool) {
			value, ok := environment[name]
			return value, ok
		}))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p)
	}
	// Output:
	// cluster "0" (CLUSTER_ID), shards 0-15 (SHARDS_PER_CLUSTER) of 40 (SHARD_COUNT)
	// cluster "1" (CLUSTER_ID), shards 16-31 (SHARDS_PER_CLUSTER) of 40 (SHARD_COUNT)
	// cluster "2" (CLUSTER_ID), shards 32-39 (SHARDS_PER_CLUSTER) of 40 (SHARD_COUNT)
}
