package e2e

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	klabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/resource"
)

// The names that the manifests have, and where Prometheus runs as they have it.
const (
	theBot       = "discord-bot"
	theCollector = "collector"
	placeholder  = "your-bot.invalid/bot:set-me"
)

// agreement is what is known besides the objects.
type agreement struct {
	t              testing.TB
	o              objects
	namespaces     []string          // of all objects but the Namespace
	namespace      string            // the Namespace's name
	documented     map[string]bool   // variables of docs/CONFIGURATION.md
	collectorEnv   map[string]string // variables of the Collector's configuration and their defaults
	collectorImage string
	problems       []string
}

func (a *agreement) errorf(format string, args ...any) {
	a.problems = append(a.problems, fmt.Sprintf(format, args...))
}

// disagreements are what does not fit together in a rendering. That each object by itself is valid is Kubernetes' to say.
func disagreements(t testing.TB, r rendering) []string {
	t.Helper()
	a := &agreement{
		t: t, o: decode(t, r), documented: map[string]bool{}, collectorEnv: map[string]string{},
		collectorImage: "otel/opentelemetry-collector-contrib:" + strings.TrimPrefix(toolSet(t).CollectorVersion(), "v"),
	}
	for _, u := range r {
		if u.GetKind() == "Namespace" {
			a.namespace = u.GetName()
		} else {
			a.namespaces = append(a.namespaces, u.GetNamespace())
		}
	}
	page, err := os.ReadFile(filepath.Join(toolSet(t).Root(), "docs", "CONFIGURATION.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		a.documented[row[1]] = true
	}
	for _, file := range []string{"config.yaml", remoteWrite, prometheusOTLP} {
		raw, err := os.ReadFile(filepath.Join(moduleDir(t), file))
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range variableUse.FindAllStringSubmatch(string(raw), -1) {
			a.collectorEnv[use[1]] = use[2]
		}
	}
	for _, check := range []func(){
		a.namespacesAgree, a.setsAgree, a.shardsAgree, a.servicesAgree, a.monitorsAgree, a.policiesAgree, a.budgetsAgree, a.probesAgree,
		a.variablesAgree, a.pushAgrees, a.referencesAgree, a.imagesAgree, a.podsAreClosed,
	} {
		check()
	}
	return a.problems
}

func (a *agreement) namespacesAgree() {
	for _, ns := range a.namespaces {
		if ns != a.namespace {
			a.errorf("an object is in the namespace %q, want %q", ns, a.namespace)
		}
	}
}

// bot is the StatefulSet and its pods.
func (a *agreement) bot() (appsv1.StatefulSet, podTemplate) {
	if len(a.o.sets) != 1 {
		a.t.Fatalf("there are %d StatefulSets, want one", len(a.o.sets))
	}
	return a.o.sets[0], a.o.podTemplates[0]
}

// selected are the pods that a selector takes.
func (a *agreement) selected(selector *metav1.LabelSelector) []podTemplate {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		a.errorf("a selector is none: %v", err)
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.o.podTemplates), func(p podTemplate) bool { return !s.Matches(klabels.Set(p.labels)) })
}

// exactly says whether a selector takes these pods and no others.
func (a *agreement) exactly(selector *metav1.LabelSelector, name string) bool {
	found := a.selected(selector)
	return len(found) == 1 && found[0].name == name
}

func (a *agreement) setsAgree() {
	set, pods := a.bot()
	if !a.exactly(set.Spec.Selector, set.Name) {
		a.errorf("StatefulSet %s does not select its own pods alone", set.Name)
	}
	for _, d := range a.o.deployments {
		if !a.exactly(d.Spec.Selector, d.Name) {
			a.errorf("Deployment %s does not select its own pods alone", d.Name)
		}
	}
	for _, spread := range pods.spec.TopologySpreadConstraints {
		if !a.exactly(spread.LabelSelector, set.Name) {
			a.errorf("StatefulSet %s spreads others than its own pods", set.Name)
		}
	}
	if !slices.ContainsFunc(a.o.services, func(s corev1.Service) bool {
		return s.Name == set.Spec.ServiceName && s.Spec.ClusterIP == corev1.ClusterIPNone && s.Spec.PublishNotReadyAddresses &&
			a.exactly(&metav1.LabelSelector{MatchLabels: s.Spec.Selector}, set.Name)
	}) {
		a.errorf("StatefulSet %s has the serviceName %s, which is no headless Service of its pods that publishes those that are not ready", set.Name, set.Spec.ServiceName)
	}
}

// shardsAgree: the pods together have each shard once, as package resource works it out of their variables.
func (a *agreement) shardsAgree() {
	set, pods := a.bot()
	env := a.o.variables(pods.spec.Containers[0])
	start := int32(0)
	if set.Spec.Ordinals != nil {
		start = set.Spec.Ordinals.Start
	}
	if env[resource.EnvClusterIDStart] != strconv.Itoa(int(start)) {
		a.errorf("the first pod is number %d, and CLUSTER_ID_START is %s", start, env[resource.EnvClusterIDStart])
	}
	owner := map[int]string{}
	count := 0
	for n := range *set.Spec.Replicas {
		number := strconv.Itoa(int(start + n)) // what the label is, see TestKubernetesDiscovery
		mine := a.o.variablesOf(pods.spec.Containers[0], number)
		p, err := resource.Detect(resource.WithEnvironment(func(name string) (string, bool) { v, ok := mine[name]; return v, ok }))
		if err != nil {
			a.errorf("pod %d cannot tell its shards: %v", start+n, err)
			continue
		}
		if id := p.ClusterID; id != number && !strings.HasSuffix(id, "-"+number) {
			a.errorf("pod %d is cluster %s", start+n, id)
		}
		count = p.ShardCount
		for _, id := range p.ShardIDs {
			if owner[id] != "" {
				a.errorf("shard %d belongs to the clusters %s and %s", id, owner[id], p.ClusterID)
			}
			owner[id] = p.ClusterID
		}
	}
	if len(owner) != count || count == 0 {
		a.errorf("the pods have %d of %d shards", len(owner), count)
	}
}

func (a *agreement) servicesAgree() {
	for _, s := range a.o.services {
		pods := a.selected(&metav1.LabelSelector{MatchLabels: s.Spec.Selector})
		if len(s.Spec.Selector) == 0 || len(pods) != 1 {
			a.errorf("Service %s selects %d kinds of pods, want one", s.Name, len(pods))
			continue
		}
		for _, p := range s.Spec.Ports {
			if number := target(pods[0], p.TargetPort); number == 0 || number != p.Port {
				a.errorf("Service %s: port %s is %d, and %s has %d there", s.Name, p.Name, p.Port, pods[0].name, number)
			}
		}
	}
}

// target is the number of the port that a name or a number means in a pod, 0 if it is not there.
func target(p podTemplate, port intstr.IntOrString) int32 {
	if port.Type == intstr.String {
		return p.port(port.StrVal)
	}
	if p.serves(port.IntVal) {
		return port.IntVal
	}
	return 0
}

// A scraped is a port that a monitor makes a target.
type scraped struct {
	monitor string
	pods    podTemplate
	port    int32
}

// monitorsAgree: each monitor selects something and names a port of it; nothing is a target twice.
func (a *agreement) monitorsAgree() {
	for _, m := range a.o.svcMonitors {
		selector, err := metav1.LabelSelectorAsSelector(&m.Spec.Selector)
		if err != nil {
			a.errorf("ServiceMonitor %s: %v", m.Name, err)
			continue
		}
		services := slices.DeleteFunc(slices.Clone(a.o.services), func(s corev1.Service) bool { return !selector.Matches(klabels.Set(s.Labels)) })
		if len(services) != 1 {
			a.errorf("ServiceMonitor %s selects %d Services, want one", m.Name, len(services))
			continue
		}
		for _, e := range m.Spec.Endpoints {
			if !slices.ContainsFunc(services[0].Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == e.Port }) {
				a.errorf("ServiceMonitor %s names the port %s, which Service %s has not", m.Name, e.Port, services[0].Name)
			}
			a.targetAgrees(m.Name, e.HonorLabels, e.RelabelConfigs, e.MetricRelabelConfigs, services[0].Labels[m.Spec.JobLabel], e.Port)
		}
	}
	for _, m := range a.o.podMonitors {
		pods := a.selected(&m.Spec.Selector)
		if len(pods) != 1 {
			a.errorf("PodMonitor %s selects %d kinds of pods, want one", m.Name, len(pods))
			continue
		}
		for _, e := range m.Spec.PodMetricsEndpoints {
			if e.Port == nil || pods[0].port(*e.Port) == 0 {
				a.errorf("PodMonitor %s names a port that %s has not", m.Name, pods[0].name)
				continue
			}
			a.targetAgrees(m.Name, e.HonorLabels, e.RelabelConfigs, e.MetricRelabelConfigs, pods[0].labels[m.Spec.JobLabel], *e.Port)
		}
	}
	seen := map[string]string{}
	for _, s := range a.scraped() {
		key := fmt.Sprint(s.pods.name, ":", s.port)
		if other := seen[key]; other != "" {
			a.errorf("%s is a target of %s and of %s", key, other, s.monitor)
		}
		seen[key] = s.monitor
	}
}

// targetAgrees: the job is what the alerts ask for, and cluster stays the bots'.
func (a *agreement) targetAgrees(monitor string, honor bool, relabel, metric []monitoringv1.RelabelConfig, job, port string) {
	drops := false
	for _, r := range relabel {
		if r.TargetLabel == "job" && r.Replacement != nil {
			job = *r.Replacement
		}
		drops = r.Action == "labeldrop" && r.Regex == "cluster" // the last one counts
	}
	want := map[string]string{"metrics": "discord-bot", "bots": "argus", "telemetry": "collector"}[port]
	if job != want {
		a.errorf("%s: the job of port %s is %q, and the alerts ask for %q", monitor, port, job, want)
	}
	if port == "telemetry" {
		return // nothing of the bots'
	}
	if honor != (port == "bots") {
		a.errorf("%s: honorLabels of port %s is %v", monitor, port, honor)
	}
	if !honor && !drops {
		a.errorf("%s: nothing keeps a target label cluster off port %s", monitor, port)
	}
	if !slices.ContainsFunc(metric, func(r monitoringv1.RelabelConfig) bool { return r.TargetLabel == "le" }) {
		a.errorf("%s: port %s has le=\"3.0\"", monitor, port)
	}
}

// scraped are all targets.
func (a *agreement) scraped() []scraped {
	var all []scraped
	for _, m := range a.o.podMonitors {
		for _, p := range a.selected(&m.Spec.Selector) {
			for _, e := range m.Spec.PodMetricsEndpoints {
				if e.Port != nil && p.port(*e.Port) != 0 {
					all = append(all, scraped{m.Name, p, p.port(*e.Port)})
				}
			}
		}
	}
	for _, m := range a.o.svcMonitors {
		selector, err := metav1.LabelSelectorAsSelector(&m.Spec.Selector)
		if err != nil {
			continue // said in monitorsAgree
		}
		for _, s := range a.o.services {
			if !selector.Matches(klabels.Set(s.Labels)) {
				continue
			}
			for _, p := range a.selected(&metav1.LabelSelector{MatchLabels: s.Spec.Selector}) {
				for _, e := range m.Spec.Endpoints {
					for _, port := range s.Spec.Ports {
						if port.Name == e.Port {
							all = append(all, scraped{m.Name, p, target(p, port.TargetPort)})
						}
					}
				}
			}
		}
	}
	return all
}

// policiesAgree: each policy is about pods that are there and ports that they have; Prometheus gets to all targets, and to them alone;
// the bots get out to the Collector.
func (a *agreement) policiesAgree() {
	covered := map[string]bool{}
	for _, p := range a.o.policies {
		pods := a.selected(&p.Spec.PodSelector)
		if len(pods) != 1 {
			a.errorf("NetworkPolicy %s selects %d kinds of pods, want one", p.Name, len(pods))
			continue
		}
		for _, kind := range p.Spec.PolicyTypes {
			covered[pods[0].name+string(kind)] = true
		}
		for _, rule := range p.Spec.Ingress {
			if len(rule.From) == 0 || len(rule.Ports) == 0 {
				a.errorf("NetworkPolicy %s lets everybody in, or to every port", p.Name)
			}
			a.portsAreThere(p.Name, pods[0], rule.Ports)
			a.peersAreThere(p.Name, rule.From)
		}
		for _, rule := range p.Spec.Egress {
			if len(rule.To) == 0 || len(rule.Ports) == 0 {
				a.errorf("NetworkPolicy %s lets out to everywhere, or to every port", p.Name)
			}
			for _, peer := range a.peersAreThere(p.Name, rule.To) {
				a.portsAreThere(p.Name, peer, rule.Ports)
			}
		}
	}
	for _, p := range a.o.podTemplates {
		for _, kind := range []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress} {
			if !covered[p.name+string(kind)] {
				a.errorf("no NetworkPolicy limits %s of %s", kind, p.name)
			}
		}
	}
	for _, s := range a.scraped() {
		if !a.letIn(s.pods, s.port, fromPrometheus) {
			a.errorf("no NetworkPolicy lets Prometheus to %s:%d, which %s makes a target", s.pods.name, s.port, s.monitor)
		}
	}
}

// peersAreThere looks at those peers that are of the same namespace.
func (a *agreement) peersAreThere(policy string, peers []networkingv1.NetworkPolicyPeer) []podTemplate {
	var there []podTemplate
	for _, peer := range peers {
		if peer.PodSelector == nil || peer.NamespaceSelector != nil {
			continue
		}
		pods := a.selected(peer.PodSelector)
		if len(pods) != 1 {
			a.errorf("NetworkPolicy %s has a peer of %d kinds of pods, want one", policy, len(pods))
		}
		there = append(there, pods...)
	}
	return there
}

func (a *agreement) portsAreThere(policy string, p podTemplate, ports []networkingv1.NetworkPolicyPort) {
	for _, port := range ports {
		if port.Port == nil || target(p, *port.Port) == 0 {
			a.errorf("NetworkPolicy %s opens a port that %s does not serve: %v", policy, p.name, port.Port)
		}
	}
}

// fromPrometheus says whether a peer is Prometheus, as prometheus-operator labels it.
func fromPrometheus(peer networkingv1.NetworkPolicyPeer) bool {
	return peer.NamespaceSelector != nil && peer.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] == "monitoring" &&
		peer.PodSelector != nil && maps.Equal(peer.PodSelector.MatchLabels, map[string]string{"app.kubernetes.io/name": "prometheus"})
}

// letIn says whether a peer gets to a port of these pods.
func (a *agreement) letIn(pods podTemplate, port int32, peer func(networkingv1.NetworkPolicyPeer) bool) bool {
	for _, p := range a.o.policies {
		if !a.exactly(&p.Spec.PodSelector, pods.name) {
			continue
		}
		for _, rule := range p.Spec.Ingress {
			if slices.ContainsFunc(rule.From, peer) && slices.ContainsFunc(rule.Ports, func(o networkingv1.NetworkPolicyPort) bool {
				return o.Port != nil && target(pods, *o.Port) == port
			}) {
				return true
			}
		}
	}
	return false
}

func (a *agreement) budgetsAgree() {
	set, _ := a.bot()
	if len(a.o.budgets) != 1 || !a.exactly(a.o.budgets[0].Spec.Selector, set.Name) {
		a.errorf("no PodDisruptionBudget is about the pods of %s alone", set.Name)
	}
}

// probesAgree: the bot's are on the port that Argus has without a setting, or with that of the environment, and what a restart follows
// from never asks about Discord. The Collector's are on the port of its configuration.
func (a *agreement) probesAgree() {
	for _, p := range a.o.podTemplates {
		for _, c := range p.containers() {
			env := a.o.variables(c)
			port, restart, ready := strconv.Itoa(argus.DefaultPort), "/healthz", "/readyz"
			if c.Name == theCollector {
				port, restart, ready = defaultPort(a.collectorEnv["OTELCOL_HEALTH_ENDPOINT"]), "/", "/"
			} else if env["ARGUS_PORT"] != "" {
				port = env["ARGUS_PORT"]
			}
			if c.LivenessProbe == nil || c.ReadinessProbe == nil && c.Name != theCollector {
				a.errorf("the container %s of %s has not all of its probes", c.Name, p.name)
				continue
			}
			for _, asked := range []struct {
				probe *corev1.Probe
				path  string
			}{{c.LivenessProbe, restart}, {c.StartupProbe, restart}, {c.ReadinessProbe, ready}} {
				if asked.probe == nil {
					continue
				}
				if asked.probe.HTTPGet == nil || asked.probe.HTTPGet.Path != asked.path {
					a.errorf("a probe of %s in %s asks %v, want %s", c.Name, p.name, asked.probe.HTTPGet, asked.path)
				} else if got := target(podTemplate{spec: corev1.PodSpec{Containers: []corev1.Container{c}}}, asked.probe.HTTPGet.Port); strconv.Itoa(int(got)) != port {
					a.errorf("a probe of %s in %s asks port %d, which listens on %s", c.Name, p.name, got, port)
				}
			}
		}
	}
}

func defaultPort(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err.Error()
	}
	return port
}

// variablesAgree: each variable is one that somebody reads.
func (a *agreement) variablesAgree() {
	theBots := []string{
		"DISCORD_TOKEN",                  // the bot's own
		"POD_NAME", "FLEET_INGEST_TOKEN", // used in others
	}
	for _, p := range a.o.podTemplates {
		for _, c := range p.containers() {
			for name := range a.o.variables(c) {
				_, collector := a.collectorEnv[name]
				known := a.documented[name] || slices.Contains(theBots, name)
				if c.Name == theCollector {
					known = collector
				}
				if !known {
					a.errorf("the container %s of %s has the variable %s, which nothing reads", c.Name, p.name, name)
				}
			}
			for _, e := range c.Env {
				if e.Value != "" && e.Name == "DISCORD_TOKEN" {
					a.errorf("the token is in the manifest")
				}
			}
		}
	}
}

// pushAgrees: a bot that pushes does so to a Collector that is there, on the port that it takes OTLP on.
func (a *agreement) pushAgrees() {
	_, pods := a.bot()
	env := a.o.variables(pods.spec.Containers[0])
	exporters := env["OTEL_METRICS_EXPORTER"]
	if exporters == "" {
		exporters = "prometheus"
	}
	if !slices.Contains(strings.Split(exporters, ","), "prometheus") {
		a.errorf("OTEL_METRICS_EXPORTER=%s opens no port, and the probes ask one", exporters)
	}
	pushes := slices.Contains(strings.Split(exporters, ","), "otlp")
	u, err := url.Parse(env["OTEL_EXPORTER_OTLP_ENDPOINT"])
	if err == nil && pushes && strings.HasPrefix(u.Hostname(), theFleet+".") {
		a.fleetTakes(u, pods)
		return
	}
	if has := slices.ContainsFunc(a.o.podTemplates, func(p podTemplate) bool {
		return slices.ContainsFunc(p.containers(), func(c corev1.Container) bool { return c.Name == theCollector })
	}); has != pushes {
		a.errorf("there is a Collector: %v; the bot pushes: %v", has, pushes)
	}
	if !pushes {
		return
	}
	if err != nil || u.Scheme != "http" {
		a.errorf("OTEL_EXPORTER_OTLP_ENDPOINT=%s is no http URL", env["OTEL_EXPORTER_OTLP_ENDPOINT"])
		return
	}
	takes := defaultPort(a.collectorEnv["OTELCOL_GRPC_ENDPOINT"])
	if u.Hostname() == "127.0.0.1" {
		if !slices.ContainsFunc(pods.containers(), func(c corev1.Container) bool {
			return c.Name == theCollector && a.o.variables(c)["OTELCOL_GRPC_ENDPOINT"] == u.Host
		}) {
			a.errorf("the bot pushes to %s, where no sidecar listens", u.Host)
		}
		return
	}
	for _, s := range a.o.services {
		for _, port := range s.Spec.Ports {
			if s.Name == u.Hostname() && strconv.Itoa(int(port.Port)) == u.Port() && u.Port() == takes {
				to := a.selected(&metav1.LabelSelector{MatchLabels: s.Spec.Selector})
				isBot := func(peer networkingv1.NetworkPolicyPeer) bool {
					return peer.NamespaceSelector == nil && peer.PodSelector != nil && a.exactly(peer.PodSelector, pods.name)
				}
				if len(to) == 1 && !a.letIn(to[0], port.Port, isBot) {
					a.errorf("no NetworkPolicy lets the bot to %s", u.Host)
				}
				if len(to) == 1 && !a.letOut(pods, to[0], port.Port) {
					a.errorf("no NetworkPolicy lets the bot out to %s", u.Host)
				}
				return
			}
		}
	}
	a.errorf("the bot pushes to %s, which is no Service and port that takes OTLP", u.Host)
}

// letOut says whether these pods get to a port of others.
func (a *agreement) letOut(from, to podTemplate, port int32) bool {
	for _, p := range a.o.policies {
		if !a.exactly(&p.Spec.PodSelector, from.name) {
			continue
		}
		for _, rule := range p.Spec.Egress {
			if slices.ContainsFunc(rule.To, func(peer networkingv1.NetworkPolicyPeer) bool {
				return peer.NamespaceSelector == nil && peer.PodSelector != nil && a.exactly(peer.PodSelector, to.name)
			}) && slices.ContainsFunc(rule.Ports, func(o networkingv1.NetworkPolicyPort) bool {
				return o.Port != nil && target(to, *o.Port) == port
			}) {
				return true
			}
		}
	}
	return false
}

// referencesAgree: the ConfigMaps are there and have what is asked of them.
func (a *agreement) referencesAgree() {
	find := func(name string) *corev1.ConfigMap {
		for _, m := range a.o.configMaps {
			if m.Name == name {
				return &m
			}
		}
		a.errorf("there is no ConfigMap %s", name)
		return nil
	}
	for _, p := range a.o.podTemplates {
		volumes := map[string]*corev1.ConfigMap{}
		for _, v := range p.spec.Volumes {
			if v.ConfigMap != nil {
				volumes[v.Name] = find(v.ConfigMap.Name)
			}
		}
		for _, c := range p.containers() {
			for _, from := range c.EnvFrom {
				if from.ConfigMapRef != nil {
					find(from.ConfigMapRef.Name)
				}
			}
			for _, arg := range c.Args {
				file, ok := strings.CutPrefix(arg, "--config=")
				if !ok {
					continue
				}
				if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
					config := volumes[m.Name]
					return m.MountPath == filepath.Dir(file) && config != nil && config.Data[filepath.Base(file)] != ""
				}) {
					a.errorf("the container %s of %s reads %s, which nothing puts there", c.Name, p.name, file)
				}
			}
		}
	}
}

// imagesAgree: the bot's is to be replaced, the Collector's is of the version that is tested, and it has the memory that it was told.
func (a *agreement) imagesAgree() {
	for _, p := range a.o.podTemplates {
		for _, c := range p.containers() {
			want := placeholder
			if c.Name == theCollector {
				want = a.collectorImage
			}
			if c.Image != want {
				a.errorf("the image of %s in %s is %s, want %s", c.Name, p.name, c.Image, want)
			}
			if limit := a.o.variables(c)["OTELCOL_MEMORY_LIMIT_MIB"]; c.Name == theCollector {
				mib, err := strconv.ParseInt(limit, 10, 64)
				if has := c.Resources.Limits.Memory().Value(); err != nil || has*4 < mib<<20*5 {
					a.errorf("%s in %s has %d bytes and is told %q MiB, of which it needs a quarter more", c.Name, p.name, has, limit)
				}
			}
		}
	}
}

// podsAreClosed is what the restricted standard of Kubernetes, which TestKubernetesPodSecurity asks, leaves open.
func (a *agreement) podsAreClosed() {
	for _, p := range a.o.podTemplates {
		if p.spec.AutomountServiceAccountToken == nil || *p.spec.AutomountServiceAccountToken {
			a.errorf("the pods of %s have a token of Kubernetes'", p.name)
		}
		if p.spec.EnableServiceLinks == nil || *p.spec.EnableServiceLinks {
			a.errorf("Services set variables in the pods of %s", p.name)
		}
		for _, c := range p.containers() {
			if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
				a.errorf("the container %s of %s can write to its image's files", c.Name, p.name)
			}
		}
	}
}

// TestKubernetesAgrees: in each overlay names, labels, ports and selectors fit together.
func TestKubernetesAgrees(t *testing.T) {
	t.Parallel()
	monitors := map[string][]string{ // what is scraped
		"pull": {"discord-bot:9191"}, "pull-by-service": {"discord-bot:9191"}, "pull-without-operator": nil,
		"push": {"collector:8888", "collector:8889"}, "push-sidecar": nil,
		"push-fleet": nil,
	}
	for name, want := range monitors {
		r := overlay(t, name)
		for _, problem := range disagreements(t, r) {
			t.Errorf("%s: %s", name, problem)
		}
		a := &agreement{t: t, o: decode(t, r)}
		var got []string
		for _, s := range a.scraped() {
			got = append(got, fmt.Sprint(s.pods.name, ":", s.port))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the targets are %v, want %v", name, got, want)
		}
		_, bot := a.bot()
		if in := a.letIn(bot, 9191, fromPrometheus); in != strings.HasPrefix(name, "pull") {
			t.Errorf("%s: Prometheus gets to the bots: %v", name, in)
		}
	}
}

// TestKubernetesDisagrees: each of these mistakes is found.
func TestKubernetesDisagrees(t *testing.T) {
	t.Parallel()
	rendered := map[string]rendering{}
	for _, name := range []string{"pull", "pull-by-service", "push", "push-sidecar"} {
		rendered[name] = overlay(t, name)
	}
	app := func(name string) map[string]any { return map[string]any{"app.kubernetes.io/name": name} }
	const template, container = "spec.template.", "spec.template.spec.containers.0."
	for _, tt := range []struct {
		overlay, kind, name, path string
		value                     any
		want                      string
	}{
		{"pull", "StatefulSet", theBot, template + "metadata.labels", app("bot"), "does not select its own pods"},
		{"pull", "StatefulSet", theBot, "spec.serviceName", "bots", "no headless Service"},
		{"pull", "StatefulSet", theBot, template + "spec.topologySpreadConstraints.0.labelSelector.matchLabels", app("bot"), "spreads others"},
		{"pull", "StatefulSet", theBot, "spec.ordinals.start", int64(1), "CLUSTER_ID_START is 0"},
		{"pull", "StatefulSet", theBot, "spec.replicas", int64(3), "12 of 16 shards"},
		{"pull", "StatefulSet", theBot, "spec.replicas", int64(5), "pod 4 cannot tell its shards"},
		{"pull", "ConfigMap", theBot, "data.SHARDS_PER_CLUSTER", "6", "pod 3 cannot tell its shards"},
		{"pull", "ConfigMap", theBot, "data.SHARDS_PER_CLUSTER", "3", "12 of 16 shards"},
		{"pull", "ConfigMap", theBot, "data.SHARD_COUNT", "17", "16 of 17 shards"},
		{"pull", "ConfigMap", theBot, "data.SHARDS_COUNT", "16", "SHARDS_COUNT, which nothing reads"},
		{"pull", "ConfigMap", theBot, "metadata.name", "bots", "there is no ConfigMap discord-bot"},
		{"pull", "Service", theBot, "spec.selector", app("bot"), "selects 0 kinds of pods"},
		{"pull", "Service", theBot, "spec.clusterIP", nil, "no headless Service"},
		{"pull", "Service", theBot, "spec.publishNotReadyAddresses", false, "no headless Service"},
		{"pull", "Service", theBot, "spec.ports.0.targetPort", "page", "has 0 there"},
		{"pull", "Service", theBot, "spec.ports.0.port", int64(9192), "has 9191 there"},
		{"pull", "Service", theBot, "metadata.namespace", "default", `in the namespace "default"`},
		{"pull", "PodMonitor", theBot, "spec.selector.matchLabels", app("bot"), "selects 0 kinds of pods"},
		{"pull", "PodMonitor", theBot, "spec.podMetricsEndpoints.0.port", "http", "names a port that discord-bot has not"},
		{"pull", "PodMonitor", theBot, "spec.jobLabel", "app", `is "", and the alerts ask for "discord-bot"`},
		{"pull", "PodMonitor", theBot, "spec.podMetricsEndpoints.0.relabelings.1.regex", "shard", "target label cluster"},
		{"pull", "PodMonitor", theBot, "spec.podMetricsEndpoints.0.metricRelabelings", nil, `le="3.0"`},
		{"pull-by-service", "ServiceMonitor", theBot, "spec.selector.matchLabels", app("bot"), "selects 0 Services"},
		{"pull-by-service", "ServiceMonitor", theBot, "spec.endpoints.0.port", "http", "names the port http, which Service discord-bot has not"},
		{"pull-by-service", "ServiceMonitor", theBot, "spec.endpoints.0.relabelings", nil, "target label cluster"},
		{"pull-by-service", "Service", theBot, "metadata.labels", app("bot"), "selects 0 Services"},
		{"pull-by-service", "Service", theBot, "spec.ports.0.name", "http", "names the port metrics"},
		{"pull", "NetworkPolicy", theBot, "spec.podSelector.matchLabels", app("bot"), "selects 0 kinds of pods"},
		{"pull", "NetworkPolicy", theBot, "spec.policyTypes", []any{"Ingress"}, "no NetworkPolicy limits Egress"},
		{"pull", "NetworkPolicy", theBot, "spec.egress.1.to", nil, "lets out to everywhere"},
		{"pull", "NetworkPolicy", "discord-bot-metrics", "spec.ingress.0.ports.0.port", int64(9090), "that discord-bot does not serve"},
		{"pull", "NetworkPolicy", "discord-bot-metrics", "spec.ingress.0.from", nil, "lets everybody in"},
		{"pull", "NetworkPolicy", "discord-bot-metrics", "spec.ingress.0.from.0.podSelector.matchLabels", app("grafana"), "no NetworkPolicy lets Prometheus to discord-bot:9191"},
		{"push", "NetworkPolicy", theCollector, "spec.ingress.1.ports", []any{map[string]any{"port": "bots"}}, "no NetworkPolicy lets Prometheus to collector:8888"},
		{"push", "NetworkPolicy", theCollector, "spec.ingress.0.from.0.podSelector.matchLabels", app("bot"), "has a peer of 0 kinds of pods"},
		{"push", "NetworkPolicy", theCollector, "spec.ingress.0.ports.0.port", "health", "lets the bot to collector:4317"},
		{"push", "NetworkPolicy", "discord-bot-push", "spec.egress.0.ports.0.port", int64(4318), "that collector does not serve"},
		{"push", "NetworkPolicy", "discord-bot-push", "spec.egress.0.ports.0.port", "bots", "lets the bot out to collector:4317"},
		{"pull", "PodDisruptionBudget", theBot, "spec.selector.matchLabels", app("bot"), "no PodDisruptionBudget"},
		{"pull", "StatefulSet", theBot, container + "livenessProbe.httpGet.path", "/readyz", "want /healthz"},
		{"pull", "StatefulSet", theBot, container + "startupProbe.httpGet.path", "/readyz", "want /healthz"},
		{"pull", "StatefulSet", theBot, container + "readinessProbe.httpGet.path", "/healthz", "want /readyz"},
		{"pull", "StatefulSet", theBot, container + "readinessProbe", nil, "has not all of its probes"},
		{"pull", "StatefulSet", theBot, container + "livenessProbe.httpGet.port", "http", "asks port 0, which listens on 9191"},
		{"pull", "StatefulSet", theBot, container + "ports.0.containerPort", int64(9090), "asks port 9090, which listens on 9191"},
		{"pull", "StatefulSet", theBot, container + "env.0.name", "CLUSTER", "CLUSTER, which nothing reads"},
		{"pull", "StatefulSet", theBot, container + "env", []any{
			map[string]any{"name": "ARGUS_CLUSTER_ID", "value": "eu-$(CLUSTER_ID)"},
			map[string]any{"name": "CLUSTER_ID", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": podIndex}}},
		}, "pod 0 "},
		{"pull", "StatefulSet", theBot, container + "env.3", map[string]any{"name": "DISCORD_TOKEN", "value": "x"}, "the token is in the manifest"},
		{"pull", "StatefulSet", theBot, container + "image", "bot:latest", "the image of bot"},
		{"pull", "StatefulSet", theBot, container + "securityContext.readOnlyRootFilesystem", false, "can write"},
		{"pull", "StatefulSet", theBot, template + "spec.automountServiceAccountToken", nil, "have a token of Kubernetes'"},
		{"pull", "StatefulSet", theBot, template + "spec.enableServiceLinks", nil, "Services set variables"},
		{"push", "StatefulSet", theBot, container + "env.0.value", "otlp", "opens no port"},
		{"push", "StatefulSet", theBot, container + "env.0.value", "prometheus", "the bot pushes: false"},
		{"push", "StatefulSet", theBot, container + "env.1.value", "http://collectors:4317", "which is no Service and port"},
		{"push", "StatefulSet", theBot, container + "env.1.value", "http://collector:4318", "which is no Service and port"},
		{"push", "Service", theCollector, "metadata.name", "otel", "which is no Service and port"},
		{"push", "ServiceMonitor", theCollector, "spec.endpoints.0.honorLabels", false, "honorLabels"},
		{"push", "ServiceMonitor", theCollector, "spec.endpoints.1.relabelings", nil, `the alerts ask for "collector"`},
		{"push", "Deployment", theCollector, "spec.selector.matchLabels", app("otel"), "does not select its own pods"},
		{"push", "Deployment", theCollector, container + "image", "otel/opentelemetry-collector-contrib:0.155.0", "the image of collector"},
		{"push", "Deployment", theCollector, container + "args.0", "--config=/etc/otelcol/other.yaml", "which nothing puts there"},
		{"push", "Deployment", theCollector, container + "resources.limits.memory", "800Mi", "a quarter more"},
		{"push", "Deployment", theCollector, container + "env.0.name", "OTELCOL_MEMORY", "OTELCOL_MEMORY, which nothing reads"},
		{"push", "Deployment", theCollector, container + "livenessProbe.httpGet.port", "telemetry", "which listens on 13133"},
		{"push", "Deployment", theCollector, template + "spec.volumes.0.configMap.name", "other", "there is no ConfigMap other"},
		{"push-sidecar", "StatefulSet", theBot, template + "spec.initContainers.0.env.1.value", "127.0.0.1:4319", "where no sidecar listens"},
		{"push-sidecar", "StatefulSet", theBot, template + "spec.initContainers.0.restartPolicy", nil, "there is a Collector: false"},
	} {
		t.Run(fmt.Sprintf("%s/%s %s/%s=%v", tt.overlay, tt.kind, tt.name, tt.path, tt.value), func(t *testing.T) {
			r := rendered[tt.overlay].clone()
			set(t, r.object(t, tt.kind, tt.name), tt.path, tt.value)
			if problems := disagreements(t, r); !strings.Contains(strings.Join(problems, "\n"), tt.want) {
				t.Errorf("found %q, want %q", problems, tt.want)
			}
		})
	}
	for _, tt := range []struct{ overlay, kind, name, want string }{
		{"pull", "Service", theBot, "no headless Service"},
		{"pull", "PodDisruptionBudget", theBot, "no PodDisruptionBudget"},
		{"pull", "NetworkPolicy", theBot, "no NetworkPolicy limits Egress"},
		{"pull", "NetworkPolicy", "discord-bot-metrics", "no NetworkPolicy lets Prometheus"},
		{"push", "Service", theCollector, "selects 0 Services"},
		{"push", "Deployment", theCollector, "there is a Collector: false"},
		{"push", "ConfigMap", theCollector, "there is no ConfigMap collector"},
	} {
		t.Run(fmt.Sprintf("%s/without %s %s", tt.overlay, tt.kind, tt.name), func(t *testing.T) {
			r := rendered[tt.overlay].clone().without(t, tt.kind, tt.name)
			if problems := disagreements(t, r); !strings.Contains(strings.Join(problems, "\n"), tt.want) {
				t.Errorf("found %q, want %q", problems, tt.want)
			}
		})
	}
	t.Run("both monitors", func(t *testing.T) {
		r := rendered["pull"].clone()
		r = append(r, rendered["pull-by-service"].object(t, "ServiceMonitor", theBot))
		if problems := disagreements(t, r); !strings.Contains(strings.Join(problems, "\n"), "discord-bot:9191 is a target of") {
			t.Errorf("found %q", problems)
		}
	})
}
