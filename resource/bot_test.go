package resource_test

import (
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/resource"
)

// optionals are the attributes that a process has only where they are set.
var optionals = map[string]struct {
	key      attribute.Key
	variable string
	with     func(string) resource.Option
	option   resource.Source
	wrong    error
	of       func(resource.Process) (string, resource.Source)
	get      func(*sdkresource.Resource) string
}{
	"bot": {
		resource.BotKey, "ARGUS_BOT", resource.WithBot, resource.SourceBotOption, resource.ErrBot,
		func(p resource.Process) (string, resource.Source) { return p.Bot, p.BotSource }, resource.Bot,
	},
	"region": {
		resource.RegionKey, "ARGUS_REGION", resource.WithRegion, resource.SourceRegionOption, resource.ErrRegion,
		func(p resource.Process) (string, resource.Source) { return p.Region, p.RegionSource }, resource.Region,
	},
}

func TestOptionalPrecedence(t *testing.T) {
	for name, o := range optionals {
		attributes := name + "=from%20otel"
		for _, tt := range []struct {
			name   string
			opts   []resource.Option
			want   string
			source resource.Source
		}{
			{"option", []resource.Option{env(o.variable, "env", "OTEL_RESOURCE_ATTRIBUTES", attributes), o.with("code")}, "code", o.option},
			{"variable", []resource.Option{env(o.variable, "env", "OTEL_RESOURCE_ATTRIBUTES", attributes)}, "env", resource.Source(o.variable)},
			{"resource attributes", []resource.Option{env("OTEL_RESOURCE_ATTRIBUTES", attributes)}, "from otel", resource.SourceResourceAttributes},
			{"nothing", []resource.Option{env()}, "", resource.SourceDefault},
			{"a bad value that is overridden", []resource.Option{env(o.variable, "", "OTEL_RESOURCE_ATTRIBUTES", name+"="), o.with("code")}, "code", o.option},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				p, err := resource.Detect(tt.opts...)
				if err != nil {
					t.Fatal(err)
				}
				if value, source := o.of(p); value != tt.want || source != tt.source {
					t.Errorf("%q from %q, want %q from %q", value, source, tt.want, tt.source)
				}
				if said := strings.Contains(p.String(), name+" "); said != (tt.want != "") {
					t.Errorf("the line about the process is %s", p)
				}
				r, err := resource.New(t.Context(), tt.opts...)
				if err != nil {
					t.Fatal(err)
				}
				if _, there := r.Set().Value(o.key); there != (tt.want != "") || o.get(r) != tt.want {
					t.Errorf("the resource has %q (there: %v), want %q", o.get(r), there, tt.want)
				}
			})
		}
	}
}

func TestOptionalInvalid(t *testing.T) {
	for name, o := range optionals {
		for _, value := range []string{
			"", " ", " a", "a\n", "a\x00b", "a\x1b[31mb", "a\u202eb", "a\xffb", "$(X)", "${X}", "{{.X}}", strings.Repeat("x", resource.MaxClusterIDLength+1),
		} {
			for source, opts := range map[string][]resource.Option{
				string(o.option): {env(), o.with(value)},
				o.variable:       {env(o.variable, value)},
			} {
				r, err := resource.New(t.Context(), opts...)
				if !errors.Is(err, o.wrong) || r != nil || !strings.Contains(err.Error(), source) {
					t.Errorf("%q from %s: %v", value, source, err)
					continue
				}
				if strings.ContainsAny(err.Error(), "\x00\x1b\u202e\n") || len(err.Error()) > 400 {
					t.Errorf("the error is not fit for a log line: %q", err)
				}
				if p, err := resource.Detect(opts...); !errors.Is(err, o.wrong) || p.ClusterID != "" {
					t.Errorf("Detect: %v, %v", p, err)
				}
			}
		}
		if _, err := resource.New(t.Context(), env("OTEL_RESOURCE_ATTRIBUTES", name+"=")); !errors.Is(err, o.wrong) ||
			!strings.Contains(err.Error(), "the key "+name+" in OTEL_RESOURCE_ATTRIBUTES") {
			t.Errorf("empty among the attributes: %v", err)
		}
	}
	_, err := resource.New(t.Context(), env("ARGUS_BOT", "", "ARGUS_REGION", "", "ARGUS_CLUSTER_ID", ""))
	for _, wrong := range []error{resource.ErrBot, resource.ErrRegion, resource.ErrClusterID} {
		if !errors.Is(err, wrong) {
			t.Errorf("%v is missing among all problems: %v", wrong, err)
		}
	}
}

// TestSecretsAreNoNames: what looks like a secret is refused wherever a name is asked for, and not shown.
func TestSecretsAreNoNames(t *testing.T) {
	const secret = "27-chars-of-the-hmac-part-x"
	random := "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OTpBYkNkRWZHaElqS2xNbk9wUXJTdFV2V3h5-" + secret
	for _, value := range []string{
		"MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ." + secret,
		"Bot MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ." + secret,
		"music MTE5ODYyMjQ4MzQ3MTkyNTI0OA.G1x2Y3." + secret,
		"a.b.MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ." + secret,
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + secret,
		"Bearer " + secret,
		"https://user:" + secret + "@proxy",
		random,
	} {
		for name, opts := range map[string][]resource.Option{
			"bot":                            {env(), resource.WithBot(value)},
			"ARGUS_BOT":                      {env("ARGUS_BOT", value)},
			"region":                         {env(), resource.WithRegion(value)},
			"ARGUS_REGION":                   {env("ARGUS_REGION", value)},
			"cluster":                        {env(), resource.WithClusterID(value)},
			"CLUSTER_ID":                     {env("CLUSTER_ID", value)},
			"bot among the attributes":       {env("OTEL_RESOURCE_ATTRIBUTES", "bot="+value)},
			"cluster among the attributes":   {env("OTEL_RESOURCE_ATTRIBUTES", "cluster="+value)},
			"service name":                   {env(), resource.WithServiceName(value)},
			"OTEL_SERVICE_NAME":              {env("OTEL_SERVICE_NAME", value)},
			"service among the attributes":   {env("OTEL_RESOURCE_ATTRIBUTES", "service.name="+value)},
			"a second, valid one beneath it": {env("ARGUS_BOT", "music"), resource.WithBot(value)},
		} {
			_, err := resource.New(t.Context(), opts...)
			if err == nil || !strings.Contains(err.Error(), "looks like a token") {
				t.Errorf("%s, %q: %v", name, value, err)
			} else if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "MTk4") {
				t.Errorf("%s: the error shows it: %v", name, err)
			}
		}
	}
	for _, value := range []string{
		"music", "Bot 7", "Music Bot (EU)", "größe", "bearer of news", "basic", "eu.central.1", "a.b.c", "bot-3.bots.default.svc.cluster.local",
		"MusicBotProductionEuWest1Cluster42", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "0198c1f2-8c5e-7b1a-9d3e-5f6a7b8c9d0e",
		"https://proxy/eu", "198622483471925248", strings.Repeat("x", resource.MaxClusterIDLength),
	} {
		if _, err := resource.New(t.Context(), env(), resource.WithBot(value), resource.WithRegion(value), resource.WithClusterID(value)); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
}
