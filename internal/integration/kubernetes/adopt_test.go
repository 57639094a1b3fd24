package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// A Deployment that somebody else runs is taken over without a restart and without a lost request, and in the end
// nothing of theirs is left. Nobody needs Options.Adopt once it is marked.
func TestADeploymentIsTakenOver(t *testing.T) {
	t.Parallel()
	s := &service{space: newSpace(t), traffic: kubernetes.Gateway{}}
	theirs := workload{name: "web", image: image(version("1")), preStop: 2, change: func(d *appsv1.Deployment) {
		pod := &d.Spec.Template.Spec
		pod.Containers[0].Env = append(pod.Containers[0].Env, corev1.EnvVar{Name: "MODE", Value: "old"})
		pod.Containers = append(pod.Containers, corev1.Container{Name: "side", Image: "registry.test/side:1", Command: []string{"sleep", "1000"}})
	}}
	s.deploy(theirs)
	s.space.service("web", map[string]string{"app": "web"})
	s.rolled("web")
	s.route("web", `[{"backendRefs":[{"name":"web","port":80}]}]`)
	l := s.load("web")
	s.options = options(s.name, workload{}, kubernetes.Gateway{})
	s.options.Slots[0] = "web"
	s.options.Deployment.Spec.Template.Labels = map[string]string{"name": "web"}
	s.options.Adopt = func(d *appsv1.Deployment) (strategy.Revision, error) {
		_, digest, _ := strings.Cut(d.Spec.Template.Spec.Containers[0].Image, "@")
		return strategy.Revision{Version: "1", Digest: digest}, nil
	}
	s.as = s.employ(s.options)
	s.target = s.open(s.options, s.as)
	err := s.target.Check(s.ctx)
	require.ErrorContains(t, err, `deployment web was taken over and has what the manifest lacks: .spec.template.spec.containers[name="web"].env, .spec.template.spec.containers[name="side"]: `)
	s.options.Leftovers = kubernetes.Take
	s.target.Close()
	s.target = s.open(s.options, s.as)
	require.NoError(t, s.target.Check(s.ctx))

	before, err := s.pods("app=web")
	require.NoError(t, err)
	from, err := rollout.Current(s.ctx, s.target)
	require.NoError(t, err)
	s.until("it is marked", func() error { return s.target.Apply(s.ctx, from) })
	after, err := s.pods("app=web")
	require.NoError(t, err)
	assert.Equal(t, uids(before), uids(after), "nothing was restarted")
	s.target.Close()
	s.options.Adopt = nil
	s.target = s.open(s.options, s.as)
	s.runs(version("1"), 2)
	by := strategy.BlueGreen{}
	for _, v := range []string{"2", "3"} {
		s.release(by, version(v), rollout.Options{})
		s.runs(version(v), 2)
	}
	d, err := s.Client.AppsV1().Deployments(s.name).Get(s.ctx, "web", metav1.GetOptions{})
	require.NoError(t, err)
	require.Len(t, d.Spec.Template.Spec.Containers, 1)
	assert.Empty(t, d.Spec.Template.Spec.Containers[0].Env)
	s.none(l)
}

func uids(pods []corev1.Pod) (all []string) {
	for _, p := range pods {
		all = append(all, string(p.UID))
	}
	return all
}
