package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// A controlPlane is a real etcd and a real kube-apiserver, with RBAC and the admission plugins that are on by default. There is no
// node.
type controlPlane struct {
	t      *testing.T
	server *process
	url    string
	ca     string // file
	client dynamic.Interface
}

// adminToken is that of the test, which may do everything.
const adminToken = "admin-token-of-this-test"

func startControlPlane(t *testing.T) *controlPlane {
	t.Helper()
	dir := t.TempDir()
	clients, peers := "http://"+freeAddr(t), "http://"+freeAddr(t)
	etcd := launch(t, "etcd", tool(t, tools.Etcd), nil,
		"--data-dir="+filepath.Join(dir, "etcd"), "--listen-client-urls="+clients, "--advertise-client-urls="+clients,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers,
		"--unsafe-no-fsync", "--log-level=warn")
	etcd.reachable(clients+"/health", nil)

	authority := newAuthority(t, "kubernetes")
	serving, accounts := authority.issue(t, "kube-apiserver", false), authority.issue(t, "service-accounts", false)
	tokens := filepath.Join(dir, "tokens.csv")
	write(t, tokens, []byte(adminToken+",admin,admin,system:masters\n"))
	addr := freeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	k := &controlPlane{t: t, url: "https://" + addr, ca: authority.cert}
	k.server = launch(t, "kube-apiserver", tool(t, tools.APIServer), nil,
		"--etcd-servers="+clients, "--bind-address=127.0.0.1", "--secure-port="+port, "--cert-dir="+dir,
		"--tls-cert-file="+serving.cert, "--tls-private-key-file="+serving.key, "--token-auth-file="+tokens,
		"--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+accounts.cert,
		"--service-account-signing-key-file="+accounts.key,
		// It would publish its address, which must not be a loopback address.
		"--endpoint-reconciler-type=none")
	config, client := k.as(adminToken)
	if k.client, err = dynamic.NewForConfigAndClient(config, client); err != nil {
		t.Fatal(err)
	}
	eventually(t, "kube-apiserver is ready", 2*time.Minute, func() (bool, string) {
		if k.server.ended() {
			t.Fatalf("kube-apiserver has ended: %v\n%s", k.server.err, tail(k.server.logged(), 20))
		}
		status, body, err := ask(t.Context(), client, k.url+"/readyz")
		return status == http.StatusOK, fmt.Sprint(status, " ", err, " ", tail(body, 5))
	})
	return k
}

// as is a client with a token, which keeps no connection.
func (k *controlPlane) as(token string) (*rest.Config, *http.Client) {
	k.t.Helper()
	pem, err := os.ReadFile(k.ca)
	if err != nil {
		k.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		k.t.Fatalf("%s holds no certificate", k.ca)
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	return &rest.Config{Host: k.url, QPS: 200, Burst: 200}, &http.Client{Transport: bearing{token, transport}}
}

// bearing adds a token to each request.
type bearing struct {
	token string
	next  http.RoundTripper
}

func (b bearing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

func ask(ctx context.Context, client *http.Client, url string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, string(raw), err
}

// resource is where objects of this kind are.
func (k *controlPlane) resource(u *unstructured.Unstructured) dynamic.ResourceInterface {
	plural, _ := meta.UnsafeGuessKindToResource(u.GroupVersionKind()) // what the server does not have under that name it does not find
	if u.GetKind() == "Namespace" || u.GetKind() == "CustomResourceDefinition" {
		return k.client.Resource(plural)
	}
	return k.client.Resource(plural).Namespace(u.GetNamespace())
}

// create hands an object to the server, which refuses what it does not know.
func (k *controlPlane) create(u *unstructured.Unstructured, dryRun ...string) error {
	_, err := k.resource(u).Create(k.t.Context(), u, metav1.CreateOptions{DryRun: dryRun, FieldValidation: metav1.FieldValidationStrict})
	return err
}

func (k *controlPlane) mustCreate(r rendering) {
	k.t.Helper()
	for _, u := range r {
		if err := k.create(u); err != nil && !kerrors.IsAlreadyExists(err) {
			k.t.Fatalf("%s %s: %v", u.GetKind(), u.GetName(), err)
		}
	}
}

// namespace creates one.
func (k *controlPlane) namespace(name string) {
	k.t.Helper()
	k.mustCreate(rendering{{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}})
}

// operator installs prometheus-operator's custom resources, as its release has them.
func (k *controlPlane) operator() {
	k.t.Helper()
	files, err := filepath.Glob(filepath.Join(tool(k.t, tools.CRDs), "*.yaml"))
	if err != nil || len(files) != 3 {
		k.t.Fatalf("%v: %v", files, err)
	}
	var names []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			k.t.Fatal(err)
		}
		for _, u := range documents(k.t, raw) {
			k.mustCreate(rendering{u})
			names = append(names, u.GetName())
		}
	}
	crds := k.client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	for _, name := range names {
		eventually(k.t, name+" is served", 30*time.Second, func() (bool, string) {
			u, err := crds.Get(k.t.Context(), name, metav1.GetOptions{})
			if err != nil {
				return false, err.Error()
			}
			conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
			for _, c := range conditions {
				if c := c.(map[string]any); c["type"] == "Established" {
					return c["status"] == "True", fmt.Sprint(c)
				}
			}
			return false, "no condition"
		})
	}
	// Established comes a moment before the paths are there.
	for _, name := range names {
		plural, group, _ := strings.Cut(name, ".")
		eventually(k.t, name+" can be listed", 30*time.Second, func() (bool, string) {
			_, err := k.client.Resource(schema.GroupVersionResource{Group: group, Version: "v1", Resource: plural}).List(k.t.Context(), metav1.ListOptions{})
			return err == nil, fmt.Sprint(err)
		})
	}
}

// documents are those of a YAML file.
func documents(t *testing.T, raw []byte) rendering {
	t.Helper()
	decoder := kyaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	var r rendering
	for {
		u := new(unstructured.Unstructured)
		err := decoder.Decode(u)
		if errors.Is(err, io.EOF) {
			return r
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(u.Object) > 0 {
			r = append(r, u)
		}
	}
}

// TestKubernetesManifests: a real kube-apiserver takes each object of each kustomization, of those that README.md shows and of one with
// components/parallel, with the real custom resources, and refuses what has a mistake in it.
func TestKubernetesManifests(t *testing.T) {
	k := startControlPlane(t)
	k.operator()
	k.namespace("argus")
	k.namespace("music") // of the README's second bot
	k.namespace("default")
	renderings := map[string]rendering{"components/parallel": own(t, "pull", inParallel), "fleet": fleetManifests(t)}
	for _, name := range kustomizations(t) {
		renderings[name] = render(t, filepath.Join(kubernetesDir(t), filepath.FromSlash(name)))
	}
	for n, kustomization := range readmeKustomizations(t) {
		renderings[fmt.Sprint("README.md's kustomization ", n+1)] = own(t, "pull", kustomization)
	}
	accepted := 0
	for name, r := range renderings {
		for _, u := range r {
			if name == "base" { // an overlay names the namespace
				u.SetNamespace("argus")
			}
			if u.GetKind() == "Namespace" {
				u.SetNamespace("")
				u.SetName("argus-dry-run") // argus is there
			}
			if err := k.create(u, metav1.DryRunAll); err != nil {
				t.Errorf("%s: %s %s: %v", name, u.GetKind(), u.GetName(), err)
			} else {
				accepted++
			}
		}
	}
	t.Logf("%d objects of %d kustomizations accepted", accepted, len(renderings))

	const container = "spec.template.spec.containers.0."
	for _, tt := range []struct {
		overlay, kind, name, path string
		value                     any
		want                      string
	}{
		{"pull", "StatefulSet", theBot, "spec.podManagment", "Parallel", `unknown field "spec.podManagment"`},
		{"pull", "StatefulSet", theBot, "spec.podManagementPolicy", "Ordered", "must be 'OrderedReady' or 'Parallel'"},
		{"pull", "StatefulSet", theBot, "spec.template.metadata.labels", map[string]any{"app": "bot"}, "`selector` does not match template `labels`"},
		{"pull", "StatefulSet", theBot, container + "livenessProbe.httpGet.path", nil, ""}, // a default: "/"
		{"pull", "StatefulSet", theBot, container + "livenessProbe.successThreshold", int64(2), "must be 1"},
		{"pull", "StatefulSet", theBot, container + "env.0.valueFrom.fieldRef.fieldPath", "metadata.index", "metadata.index"},
		{"pull", "StatefulSet", theBot, container + "resources.limits.memory", "512 MB", "quantities must match"},
		{"pull", "NetworkPolicy", theBot, "spec.egress.1.to.0.ipBlock.cidr", "0.0.0.0", "CIDR"},
		{"pull", "PodDisruptionBudget", theBot, "spec.minAvailable", int64(1), "cannot be both set"},
		{"pull", "PodMonitor", theBot, "spec.podMetricsEndpoints.0.metricsPath", "/metrics", "unknown field"},
		{"pull", "PodMonitor", theBot, "spec.podMetricsEndpoints.0.interval", "15", "should match"},
		{"pull-by-service", "ServiceMonitor", theBot, "spec.selector", nil, "spec.selector: Required value"},
		{"pull", "PrometheusRule", "argus-alerts", "spec.groups.0.rules.0.severity", "page", "unknown field"},
		{"push", "Deployment", theCollector, "spec.strategy.rollingUpdate", map[string]any{"maxSurge": int64(1)}, "may not be specified when strategy `type` is 'Recreate'"},
		{"pull", "RoleBinding", "discord-bot-discovery", "roleRef.kind", "Roles", "supported values"},
	} {
		r := overlay(t, tt.overlay)
		u := r.object(t, tt.kind, tt.name)
		set(t, u, tt.path, tt.value)
		err := k.create(u, metav1.DryRunAll)
		if tt.want == "" && err != nil {
			t.Errorf("%s without %s: %v", tt.kind, tt.path, err)
		} else if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s with %s=%v: %v, want an error with %q", tt.kind, tt.path, tt.value, err, tt.want)
		}
	}
}

// TestKubernetesPodSecurity: in the Namespace of the manifests, with its labels, Kubernetes' own admission takes the pods of each
// overlay, and refuses them as soon as they ask for more.
func TestKubernetesPodSecurity(t *testing.T) {
	k := startControlPlane(t)
	k.mustCreate(rendering{overlay(t, "pull").object(t, "Namespace", "argus")})
	k.mustCreate(rendering{account("argus", "default")})
	pod := func(of *unstructured.Unstructured, template map[string]any) *unstructured.Unstructured {
		u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": of.GetName(), "namespace": "argus"}}}
		u.Object["spec"] = runtime.DeepCopyJSONValue(template["spec"])
		claims, _, _ := unstructured.NestedSlice(of.Object, "spec", "volumeClaimTemplates")
		volumes, _, _ := unstructured.NestedSlice(u.Object, "spec", "volumes")
		for _, claim := range claims { // as the controller of StatefulSets does
			name, _, _ := unstructured.NestedString(claim.(map[string]any), "metadata", "name")
			volumes = append(volumes, map[string]any{"name": name, "persistentVolumeClaim": map[string]any{"claimName": name + "-0"}})
		}
		if err := unstructured.SetNestedSlice(u.Object, volumes, "spec", "volumes"); err != nil {
			t.Fatal(err)
		}
		return u
	}
	for _, name := range append(kustomizations(t)[1:], "fleet") {
		for _, u := range render(t, filepath.Join(kubernetesDir(t), filepath.FromSlash(name))) {
			template, ok, _ := unstructured.NestedMap(u.Object, "spec", "template")
			if !ok || u.GetKind() == "PodMonitor" {
				continue
			}
			if err := k.create(pod(u, template), metav1.DryRunAll); err != nil {
				t.Errorf("%s: %s %s: %v", name, u.GetKind(), u.GetName(), err)
			}
			for path, value := range map[string]any{
				"spec.securityContext.seccompProfile":                        nil,
				"spec.securityContext.runAsNonRoot":                          nil,
				"spec.securityContext.runAsUser":                             int64(0),
				"spec.hostNetwork":                                           true,
				"spec.containers.0.securityContext.allowPrivilegeEscalation": true,
				"spec.containers.0.securityContext.capabilities.drop":        nil,
				"spec.containers.0.securityContext.capabilities.add":         []any{"NET_RAW"},
				"spec.containers.0.securityContext":                          nil,
			} {
				worse := pod(u, template).DeepCopy()
				set(t, worse, path, value)
				if err := k.create(worse, metav1.DryRunAll); err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
					t.Errorf("%s: %s %s with %s=%v: %v", name, u.GetKind(), u.GetName(), path, value, err)
				}
			}
		}
	}
}

// account is a ServiceAccount, which a controller would make where it is the default one.
func account(namespace, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": name, "namespace": namespace},
	}}
}
