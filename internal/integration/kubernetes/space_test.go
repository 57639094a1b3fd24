package kubernetes_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/cluster"
	"github.com/davit-sdk/davit/internal/integration/kubernetes/load"
)

var httpRoutes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

// space is a namespace of a test's own.
type space struct {
	*testing.T
	*cluster.Cluster
	ctx  context.Context
	name string
}

// newSpace makes a namespace, which goes when the test is over. All that is done in it is to be done in its time.
func newSpace(t *testing.T) space {
	t.Helper()
	return newSpaceFor(t, 2*patience)
}

func newSpaceFor(t *testing.T, within time.Duration) space {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	made, err := shared.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "t-"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	s := space{T: t, Cluster: shared, ctx: ctx, name: made.Name}
	t.Cleanup(func() {
		if t.Failed() {
			s.tell()
		}
		_ = shared.Client.CoreV1().Namespaces().Delete(context.WithoutCancel(ctx), made.Name, metav1.DeleteOptions{}) // it is gone with the cluster at the latest
	})
	s.until("the namespace has its account", func() error {
		_, err := shared.Client.CoreV1().ServiceAccounts(s.name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	return s
}

// tell logs what there is in the namespace, for who looks for the reason of a failure.
func (s space) tell() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 10*time.Second)
	defer cancel()
	if pods, err := s.Client.CoreV1().Pods(s.name).List(ctx, metav1.ListOptions{}); err == nil {
		for _, p := range pods.Items {
			s.Logf("pod %s: %s %s, labels %v, leaving %v", p.Name, p.Status.Phase, about(p), p.Labels, p.DeletionTimestamp != nil)
		}
	}
	if events, err := s.Client.CoreV1().Events(s.name).List(ctx, metav1.ListOptions{}); err == nil {
		for _, e := range events.Items[max(0, len(events.Items)-60):] {
			s.Logf("event %s %s %s/%s: %s", e.LastTimestamp.Format("15:04:05"), e.Reason, e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Message)
		}
	}
	if text, err := s.Said(ctx, "edge"); err == nil {
		var ours []string
		for line := range strings.Lines(text) {
			if strings.Contains(line, "."+s.name) {
				ours = append(ours, strings.TrimSpace(line))
			}
		}
		for _, line := range ours[max(0, len(ours)-20):] {
			s.Logf("edge: %s", line)
		}
	}
}

// about is what a pod's containers do.
func about(p corev1.Pod) string {
	var all []string
	for _, c := range p.Status.ContainerStatuses {
		text := "running"
		if w := c.State.Waiting; w != nil {
			text = w.Reason + ": " + w.Message
		} else if e := c.State.Terminated; e != nil {
			text = fmt.Sprintf("ended with %d", e.ExitCode)
		}
		all = append(all, fmt.Sprintf("%s %s, ready %v, restarts %d", c.Image, text, c.Ready, c.RestartCount))
	}
	return strings.Join(all, "; ")
}

// until polls until ok returns nil.
func (s space) until(what string, ok func() error) {
	s.Helper()
	var err error
	for ctx, end := s.ctx, time.Now().Add(patience); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if err = ok(); err == nil {
			return
		}
	}
	require.NoError(s, err, "it never came that %s", what)
}

// workload is a Deployment of the service web. Name and image are required.
type workload struct {
	name, image string
	replicas    int32 // default 2
	preStop     int64 // seconds of sleep before the end; 0: no hook
	args        []string
	grace       int64 // seconds; default 10
	change      func(d *appsv1.Deployment)
}

func (w workload) deployment() *appsv1.Deployment {
	if w.replicas == 0 {
		w.replicas = 2
	}
	if w.grace == 0 {
		w.grace = 10
	}
	labels := map[string]string{"app": w.name}
	none, one := intstr.FromInt32(0), intstr.FromInt32(1)
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: w.name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &w.replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &none, MaxSurge: &one}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &w.grace, Containers: []corev1.Container{{
					Name: "web", Image: w.image, Command: append([]string{web, "-addr", "$(BIND_IP):8080", "-delay", "5ms"}, w.args...),
					Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
					ReadinessProbe: &corev1.Probe{
						ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")}},
						PeriodSeconds: 1, TimeoutSeconds: 10, FailureThreshold: 3, // a busy machine makes no pod unready
					},
				}}},
			},
		},
	}
	if w.preStop > 0 {
		d.Spec.Template.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: w.preStop}}}
	}
	if w.change != nil {
		w.change(d)
	}
	return d
}

// deploy makes a Deployment.
func (s space) deploy(w workload) {
	s.Helper()
	_, err := s.Client.AppsV1().Deployments(s.name).Create(s.ctx, w.deployment(), metav1.CreateOptions{})
	require.NoError(s, err)
}

// service makes a Service for the pods with a label.
func (s space) service(name string, selector map[string]string) {
	s.Helper()
	_, err := s.Client.CoreV1().Services(s.name).Create(s.ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("http")}}},
	}, metav1.CreateOptions{})
	require.NoError(s, err)
}

// image changes what a Deployment runs.
func (s space) image(name, image string) {
	s.Helper()
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, image)
	_, err := s.Client.AppsV1().Deployments(s.name).Patch(s.ctx, name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	require.NoError(s, err)
}

// rolled waits until a Deployment has become what it is to be, and its old pods are gone.
func (s space) rolled(name string) {
	s.Helper()
	s.until(name+" has rolled", func() error {
		d, err := s.Client.AppsV1().Deployments(s.name).Get(s.ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		n, st := *d.Spec.Replicas, d.Status
		if st.ObservedGeneration < d.Generation || st.UpdatedReplicas != n || st.AvailableReplicas != n || st.Replicas != n {
			return fmt.Errorf("%+v", st)
		}
		pods, err := s.pods("app=" + name)
		if err == nil && len(pods) != int(n) {
			err = fmt.Errorf("%d pods", len(pods))
		}
		return err
	})
}

func (s space) pods(selector string) ([]corev1.Pod, error) {
	list, err := s.Client.CoreV1().Pods(s.name).List(s.ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// host is the Host by which the edge finds a Service or an HTTPRoute.
func (s space) host(name string) string { return name + "." + s.name }

// answers waits until a Service or an HTTPRoute does: the edge learns of endpoints after the Deployment does.
func (s space) answers(name string) {
	s.Helper()
	s.until(name+" answers", func() error {
		code, _, err := s.get(name, nil)
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("status %d", code)
		}
		return err
	})
}

// load puts load on a Service or an HTTPRoute, once that answers.
func (s space) load(name string) *load.Load {
	s.Helper()
	s.answers(name)
	l := load.Start(load.Options{URL: s.Info.Edge, Host: s.host(name), Workers: 6, Rate: 150})
	s.Cleanup(func() { l.Stop() })
	return l
}

// get sends one request through the edge, and tells which image answered.
func (s space) get(name string, header http.Header) (code int, image string, err error) {
	// A body that cannot be read twice keeps the client from sending the request a second time.
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.Info.Edge+"/", io.NopCloser(strings.NewReader("")))
	if err != nil {
		return 0, "", err
	}
	if header != nil {
		request.Header = header
	}
	request.Host = s.host(name)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header.Get("X-Image"), err
}

// more waits until the load has had so many further answers.
func (s space) more(l *load.Load, n int) {
	s.Helper()
	require.NoError(s, l.More(s.ctx, n))
}

// route makes an HTTPRoute, or changes it, and waits until it is in effect as it stands. The rules are JSON.
func (s space) route(name, rules string) *unstructured.Unstructured {
	s.Helper()
	object := &unstructured.Unstructured{}
	text := fmt.Sprintf(`{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":%q},"spec":{"parentRefs":[{"name":"edge"}],"rules":%s}}`, name, rules)
	require.NoError(s, json.Unmarshal([]byte(text), object))
	made, err := s.Dynamic.Resource(httpRoutes).Namespace(s.name).Apply(s.ctx, name, object, metav1.ApplyOptions{FieldManager: "test", Force: true})
	require.NoError(s, err)
	s.until("the route is observed", func() error {
		now, err := s.Dynamic.Resource(httpRoutes).Namespace(s.name).Get(s.ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		parents, _, _ := unstructured.NestedSlice(now.Object, "status", "parents")
		for _, p := range parents {
			conditions, _, _ := unstructured.NestedSlice(p.(map[string]any), "conditions")
			seen := 0
			for _, c := range conditions {
				if c.(map[string]any)["observedGeneration"] == made.GetGeneration() {
					seen++
				}
			}
			if seen == 2 {
				made = now
				return nil
			}
		}
		return fmt.Errorf("generation %d is not observed: %v", made.GetGeneration(), parents)
	})
	return made
}
