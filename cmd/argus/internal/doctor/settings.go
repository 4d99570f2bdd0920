package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/exporters/otlp"
	"github.com/argus-dgo/argus/resource"
)

// What to do about a setting that is wrong.
const (
	correct     = "correct it: docs/CONFIGURATION.md tells what each setting accepts; "
	stopsArgus  = correct + "with this one the bot does not start"
	stopsDetect = correct + "with this one a bot that calls resource.Detect does not start, and one that reads these variables in a form of its own is not disturbed"
	stopsLater  = correct + "it is refused once OTEL_SDK_DISABLED is gone"
)

// resolve reads the configuration as the bot would, and returns what is wrong with it. usable says whether there is one:
// resource.Detect has variables of its own, which not every bot asks it for.
func (d *doctor) resolve() (findings []finding, usable bool) {
	config, err := argus.Resolve()
	d.config, usable = config, err == nil
	told := problems(err)
	findings = wrong(told, failure, stopsArgus)
	d.process, err = resource.Detect()
	if err != nil {
		d.process, _ = resource.Detect(resource.WithoutShards()) // what is wrong with it is told already
	}
	d.service, d.serviceFrom = serviceName()
	// A fault of the cluster id is told by both.
	own := slices.DeleteFunc(problems(err), func(problem string) bool { return slices.Contains(told, problem) })
	return append(findings, wrong(own, failure, stopsDetect)...), usable
}

// serviceName is service.name in this environment, with service.namespace before it:
// the label job of what is pushed.
func serviceName() (name, from string) {
	r, err := resource.New(context.Background()) // Resolve tells what is wrong
	if err != nil {
		return "", string(argus.SourceDefault)
	}
	value, _ := r.Set().Value(semconv.ServiceNameKey)
	name = value.AsString()
	if namespace, ok := r.Set().Value(semconv.ServiceNamespaceKey); ok && namespace.AsString() != "" {
		return namespace.AsString() + "/" + name, resource.EnvResourceAttributes
	}
	switch {
	case strings.TrimSpace(os.Getenv(resource.EnvServiceName)) != "":
		return name, resource.EnvServiceName
	case name != resource.DefaultServiceName:
		return name, resource.EnvResourceAttributes
	}
	return name, string(argus.SourceDefault)
}

// problems are those that an error joins.
func problems(err error) []string {
	if err == nil {
		return nil
	}
	return strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' })
}

func wrong(problems []string, s state, do string) []finding {
	var findings []finding
	for _, problem := range problems {
		findings = append(findings, finding{"settings", s, problem, do})
	}
	return findings
}

// settings lists what was resolved.
func (d *doctor) settings() []setting {
	c := d.config
	given := func(set bool) string {
		if set {
			return "set"
		}
		return "unset"
	}
	exporters := "none"
	if len(c.Exporters) > 0 {
		var names []string
		for _, e := range c.Exporters {
			names = append(names, string(e))
		}
		exporters = strings.Join(names, ",")
	}
	orUnset := func(name string) string {
		if name == "" {
			return given(false)
		}
		return strconv.Quote(name)
	}
	list := []setting{
		{Name: "bot", Variable: resource.EnvBot, Value: orUnset(c.Bot)},
		{Name: "region", Variable: resource.EnvRegion, Value: orUnset(c.Region)},
		{Name: "service name", Variable: resource.EnvServiceName, Value: strconv.Quote(d.service), Source: d.serviceFrom},
		{Name: "cluster", Variable: resource.EnvArgusClusterID, Value: strconv.Quote(c.ClusterID)},
	}
	if p := d.process; p.ShardCount > 0 { // else resource.Detect has refused them
		list = append(list,
			setting{"shards", resource.EnvShardIDs, resource.FormatShardIDs(p.ShardIDs), p.ShardIDsSource.String()},
			setting{"shards of the bot", resource.EnvShardCount, strconv.Itoa(p.ShardCount), p.ShardCountSource.String()},
		)
	}
	list = append(list, []setting{
		{Name: "off", Variable: "OTEL_SDK_DISABLED", Value: strconv.FormatBool(c.Disabled)},
		{Name: "exporters", Variable: "OTEL_METRICS_EXPORTER", Value: exporters},
		{Name: "host", Variable: "ARGUS_HOST", Value: strconv.Quote(c.Host)},
		{Name: "port", Variable: "ARGUS_PORT", Value: strconv.Itoa(c.Port)},
		{Name: "allowed hosts", Variable: "ARGUS_ALLOWED_HOSTS", Value: orUnset(strings.Join(c.AllowedHosts, ","))},
		{Name: "metrics path", Variable: "ARGUS_METRICS_PATH", Value: c.MetricsPath},
		{Name: "token of the page", Variable: "ARGUS_METRICS_AUTH_TOKEN", Value: given(c.Authenticated)},
		{Name: "namespace", Variable: "ARGUS_NAMESPACE", Value: c.Namespace},
		{Name: "process metrics", Variable: "ARGUS_PROCESS_METRICS", Value: strconv.FormatBool(c.ProcessMetrics)},
		{Name: "acknowledgements", Variable: "ARGUS_INTERACTION_ACKS", Value: strconv.FormatBool(c.Acks)},
		{Name: "log records", Variable: "ARGUS_LOG_RECORDS", Value: strconv.FormatBool(c.LogRecords)},
		{Name: "session start poll", Variable: "ARGUS_SESSION_START_POLL", Value: c.SessionStartPoll.String()},
	}...)
	for i, s := range list {
		if s.Source == "" {
			list[i].Source = string(c.Source(s.Variable))
		}
	}
	if !d.exports(argus.OTLP) {
		return list
	}
	source, _ := otlpVariable("ENDPOINT")
	endpoint, protocol := pushesTo()
	list = append(list, setting{"collector", "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, orDefault(source)})
	source, _ = otlpVariable("PROTOCOL")
	list = append(list, setting{"its protocol", "OTEL_EXPORTER_OTLP_PROTOCOL", string(protocol), orDefault(source)})
	for _, v := range []struct {
		name, variable string
		secret         bool
	}{{"its authorities", "CERTIFICATE", false}, {"our certificate", "CLIENT_CERTIFICATE", false}, {"headers", "HEADERS", true}} {
		source, value := otlpVariable(v.variable)
		switch {
		case v.secret:
			value = given(value != "")
		case value == "":
			value = "unset"
		}
		list = append(list, setting{v.name, "OTEL_EXPORTER_OTLP_" + v.variable, value, orDefault(source)})
	}
	return list
}

func orDefault(source string) string {
	if source == "" {
		return string(argus.SourceDefault)
	}
	return source
}

// otlpVariable is the variable of the push that counts, and its value.
func otlpVariable(name string) (variable, value string) {
	for _, variable := range []string{"OTEL_EXPORTER_OTLP_METRICS_" + name, "OTEL_EXPORTER_OTLP_" + name} {
		if v := strings.TrimSpace(os.Getenv(variable)); v != "" {
			return variable, v
		}
	}
	return "", ""
}

// pushesTo is the host and port that the bot would push to, and the protocol.
func pushesTo() (endpoint string, protocol otlp.Protocol) {
	e, err := otlp.New(context.Background(), otlp.WithReport(func(error) {}))
	if err != nil {
		return "", "" // Resolve has told it
	}
	defer discard(e)
	return e.Endpoint(), e.Protocol()
}

func (d *doctor) exports(e argus.Exporter) bool { return slices.Contains(d.config.Exporters, e) }

// off tells that the bot runs without Argus, and what would keep Argus from starting.
func (d *doctor) off() []finding {
	switched := finding{"settings", warning, isOff + ": the bot runs, and nothing is measured or served", "unset it to have metrics"}
	return append([]finding{switched}, wrong(problems(d.config.Refused()), warning, stopsLater)...)
}

const isOff = "OTEL_SDK_DISABLED is true"

// identity tells how this process got its name, and whether that will do.
func (d *doctor) identity() finding {
	f := finding{"identity", ok, d.process.String(), ""}
	const podIndex = "set CLUSTER_ID from the pod's index: fieldRef metadata.labels['apps.kubernetes.io/pod-index'], or name the process with ARGUS_CLUSTER_ID"
	switch p := d.process; {
	case p.ClusterIDSource == resource.SourceHostName:
		f.Text += "; in a pod whose name ends in -N, as those of a StatefulSet do, N is the number and the name of the process"
	case p.ClusterIDSource != resource.SourceDefault:
		// Of a second process with a number resource.Detect would know that it is one.
		if p.Index < 0 && p.ShardCount > 1 && p.ShardIDsSource == p.ShardCountSource {
			f.State, f.Do = warning, "if other processes of the bot run, set SHARD_IDS in each, or SHARDS_PER_CLUSTER and a number without leading zeros as CLUSTER_ID"
			f.Text += "; it has all shards, and so has every other process that is told no more than SHARD_COUNT and a name"
		}
	case os.Getenv("KUBERNETES_SERVICE_HOST") != "":
		f.State, f.Do = warning, podIndex
		name, err := os.Hostname()
		if err != nil {
			name = "unknown"
		}
		f.Text += fmt.Sprintf("; this is a pod, but its host name, %q, gives no number: it does not end in -N as those of a StatefulSet do, or it is that of the node", name)
	case len(p.ShardIDs) < p.ShardCount:
		f.State, f.Do = warning, "name each process with ARGUS_CLUSTER_ID or CLUSTER_ID"
		f.Text += "; other processes have the other shards, and all of them would be one cluster"
	default:
		f.Text += "; that is right for a bot of one process"
	}
	return f
}
