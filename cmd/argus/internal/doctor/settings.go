package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/exporters/otlp"
	"github.com/argus-dgo/argus/resource"
)

// What to do about a setting that is wrong.
const (
	correct     = "correct it, see docs/CONFIGURATION.md; "
	stopsArgus  = correct + "the bot does not start with this value"
	stopsDetect = correct + "a bot that calls resource.Detect does not start with this value, while one that parses the variables itself is not affected"
	stopsLater  = correct + "it is rejected once OTEL_SDK_DISABLED is unset"
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

// settings lists what was resolved: the settings of Argus, and what else a bot's
// identity depends on.
func (d *doctor) settings() []setting {
	var list []setting
	for _, s := range d.config.Settings() {
		list = append(list, setting{s.Name, s.Variable, s.Value, s.Source.String()})
		if s.Variable != resource.EnvRegion {
			continue
		}
		list = append(list, setting{"service name", resource.EnvServiceName, strconv.Quote(d.service), d.serviceFrom})
		if p := d.process; p.ShardCount > 0 { // else resource.Detect has refused them
			list = append(list,
				setting{"shards", resource.EnvShardIDs, resource.FormatShardIDs(p.ShardIDs), p.ShardIDsSource.String()},
				setting{"shard count", resource.EnvShardCount, strconv.Itoa(p.ShardCount), p.ShardCountSource.String()},
			)
		}
	}
	if !d.exports(argus.OTLP) {
		return list
	}
	source, _ := otlpVariable("ENDPOINT")
	endpoint, protocol := pushesTo()
	list = append(list, setting{"collector", "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, orDefault(source)})
	source, _ = otlpVariable("PROTOCOL")
	list = append(list, setting{"protocol", "OTEL_EXPORTER_OTLP_PROTOCOL", string(protocol), orDefault(source)})
	for _, v := range []struct {
		name, variable string
		secret         bool
	}{{"collector CA", "CERTIFICATE", false}, {"client certificate", "CLIENT_CERTIFICATE", false}, {"headers", "HEADERS", true}} {
		source, value := otlpVariable(v.variable)
		switch {
		case value == "":
			value = "unset"
		case v.secret:
			value = "set"
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
	e, err := otlp.New(context.Background(), otlp.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {})))
	if err != nil {
		return "", "" // Resolve has told it
	}
	defer discard(e)
	return e.Endpoint(), e.Protocol()
}

func (d *doctor) exports(e argus.Exporter) bool { return slices.Contains(d.config.Exporters, e) }

// off tells that the bot runs without Argus, and what would keep Argus from starting.
func (d *doctor) off() []finding {
	switched := finding{"settings", warning, isOff + ": the bot runs without metrics", "unset it to enable metrics"}
	return append([]finding{switched}, wrong(problems(d.config.Refused()), warning, stopsLater)...)
}

const isOff = "OTEL_SDK_DISABLED is true"

// identity tells how this process got its name, and whether that will do.
func (d *doctor) identity() finding {
	f := finding{"identity", ok, d.process.String(), ""}
	const podIndex = "set CLUSTER_ID from the pod index (fieldRef metadata.labels['apps.kubernetes.io/pod-index']), or set ARGUS_CLUSTER_ID"
	switch p := d.process; {
	case p.ClusterIDSource == resource.SourceHostName:
		f.Text += "; in a pod whose name ends in -N, as in a StatefulSet, N is the index and the cluster id"
	case p.ClusterIDSource != resource.SourceDefault:
		// Of a second process with a number resource.Detect would know that it is one.
		if p.Index < 0 && p.ShardCount > 1 && p.ShardIDsSource == p.ShardCountSource {
			f.State, f.Do = warning, "if the bot has other processes, set SHARD_IDS in each, or SHARDS_PER_CLUSTER and a numeric CLUSTER_ID without leading zeros"
			f.Text += "; this process runs all shards, and so does every other process with only SHARD_COUNT and a name"
		}
	case os.Getenv("KUBERNETES_SERVICE_HOST") != "":
		f.State, f.Do = warning, podIndex
		name, err := os.Hostname()
		if err != nil {
			name = "unknown"
		}
		f.Text += fmt.Sprintf("; this is a pod, but its host name %q gives no index: it does not end in -N, as in a StatefulSet, or it is the host name of the node", name)
	case len(p.ShardIDs) < p.ShardCount:
		f.State, f.Do = warning, "set ARGUS_CLUSTER_ID or CLUSTER_ID in each process"
		f.Text += "; the processes with the other shards would have the same cluster id"
	default:
		f.Text += "; correct for a bot with one process"
	}
	return f
}
