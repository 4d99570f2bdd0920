package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/otelcol/internal/tools"
	"github.com/argus-dgo/argus/resource"
)

// startControllers starts a real kube-controller-manager with those controllers that the manifests rest on.
func (k *controlPlane) startControllers() {
	k.t.Helper()
	config := filepath.Join(k.t.TempDir(), "kubeconfig")
	write(k.t, config, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: test, user: {token: %q}}]
`, k.url, k.ca, adminToken))
	_, port, _ := strings.Cut(freeAddr(k.t), ":")
	launch(k.t, "kube-controller-manager", tool(k.t, tools.ControllerManager), nil,
		"--kubeconfig="+config, "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port="+port, "--cert-dir="+k.t.TempDir(),
		"--controllers=statefulset-controller,serviceaccount-controller,disruption-controller")
}

// pods are those of a namespace, by name.
func (k *controlPlane) pods(namespace string) map[string]corev1.Pod {
	k.t.Helper()
	list, err := k.podsOf(namespace).List(k.t.Context(), metav1.ListOptions{})
	if err != nil {
		k.t.Fatal(err)
	}
	pods := map[string]corev1.Pod{}
	for _, u := range list.Items {
		raw, err := u.MarshalJSON()
		if err != nil {
			k.t.Fatal(err)
		}
		var pod corev1.Pod
		if err := json.Unmarshal(raw, &pod); err != nil {
			k.t.Fatal(err)
		}
		pods[pod.Name] = pod
	}
	return pods
}

func (k *controlPlane) podsOf(namespace string) dynamic.ResourceInterface {
	return k.client.Resource(podResource).Namespace(namespace)
}

var podResource = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

// A node is what a kubelet is to the pods of one namespace: it runs a bot for each, on an address of its own and with the variables
// of the pod, asks the probes of the pod, and tells the server. Nothing happens but in sync.
type node struct {
	k       *controlPlane
	discord *discordtest.Server
	config  map[string]string // of the ConfigMap that the pods take variables from
	bots    map[types.UID]*podBot
	begun   int
	failed  []string // liveness probes that failed: each would be a restart in time
}

// A podBot is what runs in a pod.
type podBot struct {
	pod      corev1.Pod
	ip       string
	env      map[string]string
	argus    *argus.Argus
	sessions []*discordgo.Session
	log      *journal
	ready    bool
	stop     context.CancelFunc
	opened   sync.WaitGroup
}

// sync brings what runs in line with the pods that there are.
func (n *node) sync() {
	n.k.t.Helper()
	pods := n.k.pods("argus")
	for _, pod := range pods {
		bot := n.bots[pod.UID]
		switch {
		case pod.DeletionTimestamp != nil:
			if bot != nil {
				bot.end()
				delete(n.bots, pod.UID)
			}
			now := int64(0)
			if err := n.k.podsOf("argus").Delete(n.k.t.Context(), pod.Name, metav1.DeleteOptions{
				GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID},
			}); err != nil && !kerrors.IsNotFound(err) {
				n.k.t.Fatal(err)
			}
		case bot == nil:
			n.start(pod)
		default:
			n.probe(bot)
		}
	}
}

func (n *node) start(pod corev1.Pod) {
	n.k.t.Helper()
	n.begun++
	b := &podBot{pod: pod, ip: fmt.Sprintf("127.77.%d.%d", n.begun/250, n.begun%250+1), log: new(journal)}
	b.env = maps.Clone(n.config)
	b.env["ARGUS_HOST"] = b.ip // a pod has its own network; here all share the loopback interface
	extend(b.env, pod.Spec.Containers[0].Env, func(field string) string {
		switch field {
		case podIndex:
			return pod.Labels["apps.kubernetes.io/pod-index"]
		case "metadata.name":
			return pod.Name
		default:
			n.k.t.Fatalf("%s is not known here", field)
			return ""
		}
	})
	delete(b.env, "DISCORD_TOKEN") // the fake Discord has its own
	withEnv(n.k.t, b.env, func() {
		p, err := resource.Detect()
		if err != nil {
			n.k.t.Fatal(err)
		}
		for _, id := range p.ShardIDs {
			s, err := n.discord.NewSession(id, p.ShardCount)
			if err != nil {
				n.k.t.Fatal(err)
			}
			s.LogLevel = -1 // that Discord is away is no news
			b.sessions = append(b.sessions, s)
		}
		if b.argus, err = argus.Start(b.sessions[0], argus.WithSessions(b.sessions[1:]...),
			argus.WithLogger(slog.New(slog.NewTextHandler(b.log, nil)))); err != nil {
			n.k.t.Fatal(err)
		}
	})
	ctx, cancel := context.WithCancel(n.k.t.Context())
	b.stop = cancel
	for _, s := range b.sessions {
		lost := make(chan struct{}, 1)
		s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) {
			select {
			case lost <- struct{}{}:
			default:
			}
		})
		b.opened.Go(func() { keepOpen(ctx, s, lost) })
	}
	n.bots[pod.UID] = b

	binding := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Binding", "metadata": map[string]any{"name": pod.Name, "namespace": pod.Namespace},
		"target": map[string]any{"apiVersion": "v1", "kind": "Node", "name": "node"},
	}}
	if _, err := n.k.podsOf("argus").Create(n.k.t.Context(), binding, metav1.CreateOptions{}, "binding"); err != nil {
		n.k.t.Fatal(err)
	}
	n.tell(b)
}

// keepOpen opens a session, and again whenever it is lost, as a bot has to that is not to be restarted because Discord is away. It does
// what discordgo's own reconnect does, which nothing can stop.
func keepOpen(ctx context.Context, s *discordgo.Session, lost <-chan struct{}) {
	for {
		if s.Open() == nil {
			select {
			case <-lost:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}

func (b *podBot) end() {
	b.stop()
	b.opened.Wait()
	var wait sync.WaitGroup
	for _, s := range b.sessions {
		wait.Go(func() { _ = s.Close() })
	}
	wait.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = b.argus.Shutdown(ctx)
}

// probe asks the probes that the pod has.
func (n *node) probe(b *podBot) {
	n.k.t.Helper()
	c := b.pod.Spec.Containers[0]
	ask := func(p *corev1.Probe) bool {
		port := podTemplate{spec: b.pod.Spec}.port(p.HTTPGet.Port.StrVal)
		status, _, err := get(n.k.t.Context(), "http://"+net.JoinHostPort(b.ip, strconv.Itoa(int(port)))+p.HTTPGet.Path, nil)
		return err == nil && status == http.StatusOK
	}
	if !ask(c.LivenessProbe) {
		n.failed = append(n.failed, b.pod.Name)
	}
	if ready := ask(c.ReadinessProbe); ready != b.ready {
		b.ready = ready
		n.tell(b)
	}
}

// tell sets the pod's status.
func (n *node) tell(b *podBot) {
	n.k.t.Helper()
	ready := "False"
	if b.ready {
		ready = "True"
	}
	patch := fmt.Sprintf(`{"status":{"phase":"Running","podIP":%q,"podIPs":[{"ip":%q}],"conditions":[{"type":"Ready","status":%q,"lastTransitionTime":%q}]}}`,
		b.ip, b.ip, ready, time.Now().UTC().Format(time.RFC3339))
	if _, err := n.k.podsOf("argus").Patch(n.k.t.Context(), b.pod.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status"); err != nil {
		n.k.t.Fatal(err)
	}
}

// until keeps the node going until a condition is true.
func (n *node) until(what string, condition func() (bool, string)) time.Duration {
	n.k.t.Helper()
	return eventually(n.k.t, what, 2*time.Minute, func() (bool, string) {
		n.sync()
		return condition()
	})
}

// holds keeps it going for a time, in which the condition has to be true.
func (n *node) holds(what string, d time.Duration, condition func() (bool, string)) {
	n.k.t.Helper()
	end := time.Now().Add(d)
	n.until(what, func() (bool, string) {
		if ok, saw := condition(); !ok {
			n.k.t.Fatalf("not so: %s; there is %s", what, saw)
		}
		return time.Now().After(end), ""
	})
}

// are says whether there are exactly these pods, ready or not.
func (n *node) are(ready bool, names ...string) (bool, string) {
	n.k.t.Helper()
	var got []string
	all := true
	for name, pod := range n.k.pods("argus") {
		got = append(got, name)
		b := n.bots[pod.UID]
		all = all && b != nil && b.ready == ready && pod.DeletionTimestamp == nil
	}
	slices.Sort(got)
	return all && slices.Equal(got, names), fmt.Sprint(got, " ", all)
}

// away takes Discord away from everybody.
func (n *node) away() {
	n.discord.Behave(discordtest.Behavior{RejectUpgrade: http.StatusServiceUnavailable})
	for _, c := range n.discord.Conns() {
		_ = c.Drop()
	}
}

func (n *node) back() { n.discord.Behave(discordtest.Behavior{}) }

// TestKubernetesDiscovery: with a real kube-apiserver, its real controllers and the real Prometheus, the StatefulSet of the manifests
// becomes pods one after the other, each knows its cluster and shards, and Prometheus finds and scrapes them with deploy/prometheus/
// kubernetes.yml and the leave that the manifests give it. Nothing is restarted or replaced because Discord is away.
//
// The tests with a control plane do not run beside others: one that starts takes the processor from those that measure time.
func TestKubernetesDiscovery(t *testing.T) {
	const shards = 5
	discord, err := discordtest.NewServer(discordtest.WithShards(shards), discordtest.WithGuilds(10), discordtest.WithMembers(1),
		discordtest.WithMaxConcurrency(shards), discordtest.WithHeartbeatInterval(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = discord.Close() })
	k := startControlPlane(t)
	k.startControllers()
	r := own(t, "pull-without-operator", `
namespace: argus
replicas:
  - name: discord-bot
    count: 3
configMapGenerator:
  - name: discord-bot
    behavior: merge
    literals: [SHARD_COUNT=5, SHARDS_PER_CLUSTER=2, CLUSTER_ID_START=3]
labels:
  - pairs: {cluster: prod-1} # of Kubernetes': for the trap below
    includeTemplates: true
patches:
  - target: {kind: StatefulSet}
    patch: |-
      - {op: replace, path: /spec/ordinals/start, value: 3}
`)
	if problems := disagreements(t, r); len(problems) > 0 {
		t.Errorf("%q", problems)
	}
	k.namespace("monitoring")
	k.mustCreate(rendering{account("monitoring", "prometheus-k8s")})
	k.mustCreate(r)
	n := &node{k: k, discord: discord, bots: map[types.UID]*podBot{}, config: each[corev1.ConfigMap](t, rendering{r.object(t, "ConfigMap", theBot)}, "ConfigMap")[0].Data}
	t.Cleanup(func() {
		for _, b := range n.bots {
			b.end()
		}
	})
	token := k.token("monitoring", "prometheus-k8s")
	k.mayOnlyList(token)
	p := startPrometheus(t, "prometheus", k.prometheusConfig(token))

	// Discord is away. The first pod is there, is alive and a target, and is the only one.
	n.away()
	n.until("the first pod", func() (bool, string) { return n.are(false, "discord-bot-3") })
	n.until("the first pod is a target", func() (bool, string) {
		v, ok := p.value(`up{job="discord-bot",instance="discord-bot-3",namespace="argus",pod="discord-bot-3"}`)
		return ok && v == 1, fmt.Sprint(v, ok)
	})
	n.holds("no pod follows one that is not ready", 8*time.Second, func() (bool, string) { return n.are(false, "discord-bot-3") })

	// It is back.
	n.back()
	all := []string{"discord-bot-3", "discord-bot-4", "discord-bot-5"}
	took := n.until("all pods", func() (bool, string) { return n.are(true, all...) })
	t.Logf("three pods, one after the other, are up %v after Discord", took.Round(time.Second))
	born := map[string]time.Time{}
	for name, pod := range k.pods("argus") {
		born[name] = pod.CreationTimestamp.Time
	}
	for i := 1; i < len(all); i++ {
		if apart := born[all[i]].Sub(born[all[i-1]]); apart < 5*time.Second {
			t.Errorf("%s came %v after the one before it, want minReadySeconds at least", all[i], apart)
		}
	}
	sees := func() {
		t.Helper()
		for expr, want := range map[string]float64{
			`count(up{job="discord-bot"} == 1)`:                                            3,
			`count(up{job="discord-bot",cluster!=""}) or vector(0)`:                        0,
			`count(discord_shard_up{job="discord-bot"} == 1)`:                              shards,
			`count(count by (shard) (discord_shard_up{job="discord-bot"}))`:                shards,
			`count(discord_shard_up{job="discord-bot",cluster="3",instance=~".*-3"} == 1)`: 2,
			`count(discord_shard_up{job="discord-bot",cluster="4",instance=~".*-4"} == 1)`: 2,
			`count(discord_shard_up{job="discord-bot",cluster="5",instance=~".*-5"} == 1)`: 1,
			`count({job="discord-bot",exported_cluster!=""}) or vector(0)`:                 0,
			`sum(discord_guilds{job="discord-bot"})`:                                       10,
		} {
			n.until(expr, func() (bool, string) {
				v, ok := p.value(expr)
				return ok && v == want, fmt.Sprintf("%v %v, want %v", v, ok, want)
			})
		}
	}
	sees()

	// The trap: a labelmap that brings in a label cluster, and what the file has against it.
	for expr, want := range map[string]float64{
		`count(count by (cluster) (discord_shard_up{job="mistaken"}))`:            1,
		`count(count by (exported_cluster) (discord_shard_up{job="mistaken"}))`:   3,
		`count(discord_shard_up{job="mistaken",cluster="prod-1"})`:                shards,
		`count(count by (cluster) (discord_shard_up{job="mended"}))`:              3,
		`count(discord_shard_up{job="mended",exported_cluster!=""}) or vector(0)`: 0,
		`count(up{job="mended",app_kubernetes_io_name="discord-bot"})`:            3,
	} {
		n.until(expr, func() (bool, string) {
			v, ok := p.value(expr)
			return ok && v == want, fmt.Sprintf("%v %v, want %v", v, ok, want)
		})
	}

	// While Discord is away a new version is not rolled out, no node can be drained, and nothing is restarted.
	n.until("one pod may be moved", func() (bool, string) { return k.evictable() })
	n.away()
	n.until("no pod is ready", func() (bool, string) { return n.are(false, all...) })
	n.until("no pod may be moved", func() (bool, string) { ok, saw := k.evictable(); return !ok, saw })
	if err := k.evict("discord-bot-5"); !kerrors.IsTooManyRequests(err) {
		t.Errorf("an eviction while Discord is away: %v", err)
	}
	before := k.pods("argus")
	k.rollOut()
	n.holds("the pods stay", 6*time.Second, func() (bool, string) {
		ok, saw := n.are(false, all...)
		for name, pod := range k.pods("argus") {
			ok = ok && pod.UID == before[name].UID
		}
		return ok, saw
	})
	// What README.md says of the price: in place of a pod that is gone comes none while one before it is not ready.
	if err := k.podsOf("argus").Delete(t.Context(), "discord-bot-5", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	n.until("the last pod is gone", func() (bool, string) { return n.are(false, all[:2]...) })
	n.holds("none comes in its place", 6*time.Second, func() (bool, string) { return n.are(false, all[:2]...) })

	// It is back once more: the new version comes to all, the highest number first, and each stays who it was.
	n.back()
	n.until("the new version is everywhere", func() (bool, string) {
		ok, saw := n.are(true, all...)
		for name, pod := range k.pods("argus") {
			ok = ok && pod.Annotations["version"] == "new" && pod.UID != before[name].UID
			saw += fmt.Sprint(" ", name, "=", pod.Annotations["version"])
		}
		return ok, saw
	})
	after := k.pods("argus")
	if !after[all[1]].CreationTimestamp.After(after[all[2]].CreationTimestamp.Time) || !after[all[0]].CreationTimestamp.After(after[all[1]].CreationTimestamp.Time) {
		t.Errorf("the pods were not replaced from the highest number to the lowest: %v", []time.Time{
			after[all[2]].CreationTimestamp.Time, after[all[1]].CreationTimestamp.Time, after[all[0]].CreationTimestamp.Time,
		})
	}
	sees()
	if len(n.failed) > 0 {
		t.Errorf("the liveness probe failed for %v", n.failed)
	}
}

// TestKubernetesPrometheus: promtool does not accept a deploy/prometheus/kubernetes.yml that asks for what there is not.
func TestKubernetesPrometheus(t *testing.T) {
	t.Parallel()
	wrong := filepath.Join(t.TempDir(), "kubernetes.yml")
	write(t, wrong, []byte(strings.ReplaceAll(mustRead(t, deployedFile(t, "kubernetes.yml")), "role: pod", "role: pods")))
	if out, err := output(t, tool(t, tools.Promtool), nil, "check", "config", wrong); err == nil || !strings.Contains(out, `"pods"`) {
		t.Errorf("promtool accepts role: pods, or does not say that it is this: %v\n%s", err, out)
	}
}

// token is one of a ServiceAccount's.
func (k *controlPlane) token(namespace, name string) string {
	k.t.Helper()
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"expirationSeconds": int64(3600)},
	}}
	accounts := k.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}).Namespace(namespace)
	u, err := accounts.Create(k.t.Context(), request, metav1.CreateOptions{}, "token")
	if err != nil {
		k.t.Fatal(err)
	}
	token, _, _ := unstructured.NestedString(u.Object, "status", "token")
	return token
}

// mayOnlyList: the Role lets Prometheus see the pods of the namespace, and nothing besides.
func (k *controlPlane) mayOnlyList(token string) {
	k.t.Helper()
	config, client := k.as(token)
	prometheus, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		k.t.Fatal(err)
	}
	secrets := schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	if _, err := prometheus.Resource(podResource).Namespace("argus").List(k.t.Context(), metav1.ListOptions{}); err != nil {
		k.t.Errorf("Prometheus cannot list the pods: %v", err)
	}
	for what, list := range map[string]dynamic.ResourceInterface{
		"secrets": prometheus.Resource(secrets).Namespace("argus"), "pods elsewhere": prometheus.Resource(podResource).Namespace("monitoring"),
		"all pods": prometheus.Resource(podResource),
	} {
		if _, err := list.List(k.t.Context(), metav1.ListOptions{}); !kerrors.IsForbidden(err) {
			k.t.Errorf("Prometheus lists %s: %v", what, err)
		}
	}
	if err := prometheus.Resource(podResource).Namespace("argus").Delete(k.t.Context(), "discord-bot-3", metav1.DeleteOptions{}); !kerrors.IsForbidden(err) {
		k.t.Errorf("Prometheus deletes pods: %v", err)
	}
}

// prometheusConfig is deploy/prometheus/kubernetes.yml as it is but for the way to the server and the intervals, and two jobs more: one
// with a mistake, and one with the same mistake and what the file has against it.
func (k *controlPlane) prometheusConfig(token string) string {
	k.t.Helper()
	file := filepath.Join(k.t.TempDir(), "token")
	write(k.t, file, []byte(token))
	text := mustRead(k.t, deployedFile(k.t, "kubernetes.yml"))
	replace := func(in *string, from, to string, times int) {
		k.t.Helper()
		if n := strings.Count(*in, from); n != times {
			k.t.Fatalf("kubernetes.yml has %q %d times, want %d", from, n, times)
		}
		*in = strings.ReplaceAll(*in, from, to)
	}
	replace(&text, "_interval: 15s", "_interval: 1s", 2)
	replace(&text, "scrape_timeout: 10s", "scrape_timeout: 1s", 1)
	replace(&text, "      - role: pod\n        namespaces:", fmt.Sprintf(
		"      - role: pod\n        api_server: %q\n        authorization: {credentials_file: %q}\n        tls_config: {ca_file: %q}\n        namespaces:", k.url, file, k.ca), 1)
	_, job, _ := strings.Cut(text, "scrape_configs:\n")
	const (
		labelmap = "      - regex: __meta_kubernetes_pod_label_(.+)\n        action: labelmap\n"
		drop     = "      - regex: cluster\n        action: labeldrop\n"
	)
	mistaken, mended := job, job
	replace(&mistaken, "job_name: discord-bot", "job_name: mistaken", 1)
	replace(&mistaken, drop, labelmap, 1)
	replace(&mended, "job_name: discord-bot", "job_name: mended", 1)
	replace(&mended, drop, labelmap+drop, 1)
	return text + mistaken + mended
}

// evictable says whether the PodDisruptionBudget lets a pod be moved.
func (k *controlPlane) evictable() (bool, string) {
	k.t.Helper()
	budgets := k.client.Resource(schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}).Namespace("argus")
	u, err := budgets.Get(k.t.Context(), theBot, metav1.GetOptions{})
	if err != nil {
		k.t.Fatal(err)
	}
	allowed, _, _ := unstructured.NestedInt64(u.Object, "status", "disruptionsAllowed")
	return allowed == 1, fmt.Sprint(u.Object["status"])
}

// evict is what `kubectl drain` does to a pod.
func (k *controlPlane) evict(name string) error {
	_, err := k.podsOf("argus").Create(k.t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": name, "namespace": "argus"},
	}}, metav1.CreateOptions{}, "eviction")
	return err
}

// rollOut changes the pods' template.
func (k *controlPlane) rollOut() {
	k.t.Helper()
	sets := k.client.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}).Namespace("argus")
	if _, err := sets.Patch(k.t.Context(), theBot, types.MergePatchType,
		[]byte(`{"spec":{"template":{"metadata":{"annotations":{"version":"new"}}}}}`), metav1.PatchOptions{}); err != nil {
		k.t.Fatal(err)
	}
}
