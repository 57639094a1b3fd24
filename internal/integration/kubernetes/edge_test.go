package kubernetes_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/cluster"
)

// pair runs two Deployments with a Service each, and no Service of the name web.
func pair(s space) {
	for name, image := range map[string]string{"blue": "registry.test/web:1", "green": "registry.test/web:2"} {
		s.deploy(workload{name: name, image: image, replicas: 1, preStop: 1})
		s.service(name, map[string]string{"app": name})
	}
	for _, name := range []string{"blue", "green"} {
		s.rolled(name)
		s.answers(name)
	}
}

// shares sends requests until the sum is n, and counts who answered.
func (s space) shares(name string, n int, header http.Header) map[string]int {
	s.Helper()
	by := map[string]int{}
	for range n {
		code, image, err := s.get(name, header)
		require.NoError(s, err)
		by[fmt.Sprintf("%d %s", code, strings.TrimPrefix(image, "registry.test/"))]++
	}
	return by
}

func TestHarnessEdgeWeighs(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	pair(s)
	s.route("web", `[{"backendRefs":[{"name":"blue","port":80,"weight":100},{"name":"green","port":80,"weight":0}]}]`)
	assert.Equal(t, map[string]int{"200 web:1": 50}, s.shares("web", 50, nil))
	s.route("web", `[{"backendRefs":[{"name":"blue","port":80,"weight":3},{"name":"green","port":80,"weight":1}]}]`)
	by := s.shares("web", 400, nil)
	assert.Len(t, by, 2)
	assert.InDelta(t, 100, by["200 web:2"], 60, "a quarter of 400 within 7 standard deviations")
	s.route("web", `[{"backendRefs":[{"name":"blue","port":80,"weight":0},{"name":"green","port":80,"weight":5}]}]`)
	assert.Equal(t, map[string]int{"200 web:2": 50}, s.shares("web", 50, nil))
}

func TestHarnessEdgeMatches(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	pair(s)
	// The rule without a match stands first, and comes last all the same.
	s.route("web", `[
		{"backendRefs":[{"name":"blue","port":80}]},
		{"matches":[
			{"headers":[{"name":"X-Canary","value":"on"}]},
			{"headers":[{"type":"RegularExpression","name":"Cookie","value":"(.*;\\s*)?group=canary(;.*)?"}]}],
		 "backendRefs":[{"name":"green","port":80}]}]`)
	for header, by := range map[string]string{
		"": "web:1", "X-Canary=on": "web:2", "X-Canary=off": "web:1", "Cookie=group=canary": "web:2",
		"Cookie=a=b; group=canary; c=d": "web:2", "Cookie=group=canary2": "web:1", "Cookie=mygroup=canary": "web:1",
	} {
		h := http.Header{}
		if name, value, ok := strings.Cut(header, "="); ok {
			h.Set(name, value)
		}
		assert.Equal(t, map[string]int{"200 " + by: 10}, s.shares("web", 10, h), header)
	}
}

// count is how many requests a pod was asked, its probes left out.
func (s space) count(p corev1.Pod) int {
	s.Helper()
	at, err := cluster.Direct(p.Status.PodIP)
	require.NoError(s, err)
	answer, err := http.Get("http://" + at + ":8080/count")
	require.NoError(s, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s, err)
	n, err := strconv.Atoi(string(text))
	require.NoError(s, err)
	return n
}

func TestHarnessEdgeMirrors(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	pair(s)
	green, err := s.pods("app=green")
	require.NoError(t, err)
	count := func() int { return s.count(green[0]) }
	before := count()
	s.route("web", `[{"filters":[{"type":"RequestMirror","requestMirror":{"backendRef":{"name":"green","port":80}}}],"backendRefs":[{"name":"blue","port":80}]}]`)
	assert.Equal(t, map[string]int{"200 web:1": 50}, s.shares("web", 50, nil))
	s.until("all copies have come", func() error {
		if n := count() - before; n != 50 {
			return fmt.Errorf("%d have", n)
		}
		return nil
	})
	s.route("web", `[{"filters":[{"type":"RequestMirror","requestMirror":{"backendRef":{"name":"green","port":80},"fraction":{"numerator":1,"denominator":4}}}],"backendRefs":[{"name":"blue","port":80}]}]`)
	s.shares("web", 400, nil)
	s.until("a quarter has come, within 7 standard deviations", func() error {
		if n := count() - before - 50; n < 40 {
			return fmt.Errorf("%d have", n)
		}
		return nil
	})
	assert.LessOrEqual(t, count()-before-50, 160)
}

func TestHarnessEdgeJudges(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	pair(s)
	verdict := func(rules string) string {
		object := s.route("web", rules)
		parents, _, _ := unstructured.NestedSlice(object.Object, "status", "parents")
		require.Len(t, parents, 1)
		assert.Equal(t, "davit.test/edge", parents[0].(map[string]any)["controllerName"])
		conditions, _, _ := unstructured.NestedSlice(parents[0].(map[string]any), "conditions")
		var all []string
		for _, c := range conditions {
			c := c.(map[string]any)
			all = append(all, fmt.Sprintf("%s=%s %s", c["type"], c["status"], c["reason"]))
		}
		return strings.Join(all, ", ")
	}
	assert.Equal(t, "Accepted=True Accepted, ResolvedRefs=True ResolvedRefs", verdict(`[{"backendRefs":[{"name":"blue","port":80}]}]`))
	assert.Equal(t, "Accepted=True Accepted, ResolvedRefs=False BackendNotFound", verdict(`[{"backendRefs":[{"name":"red","port":80}]}]`))
	assert.Equal(t, map[string]int{"500 ": 5}, s.shares("web", 5, nil))
	assert.Equal(t, "Accepted=True Accepted, ResolvedRefs=False BackendNotFound", verdict(`[{"backendRefs":[{"name":"blue","port":81}]}]`))
	assert.Equal(t, "Accepted=True Accepted, ResolvedRefs=False RefNotPermitted", verdict(`[{"backendRefs":[{"name":"blue","namespace":"default","port":80}]}]`))
	assert.Equal(t, "Accepted=False UnsupportedValue, ResolvedRefs=True ResolvedRefs",
		verdict(`[{"filters":[{"type":"URLRewrite","urlRewrite":{"hostname":"x.test"}}],"backendRefs":[{"name":"blue","port":80}]}]`))
	assert.Equal(t, map[string]int{"404 ": 5}, s.shares("web", 5, nil))
	s.service("empty", map[string]string{"app": "nobody"})
	assert.Equal(t, "Accepted=True Accepted, ResolvedRefs=True ResolvedRefs", verdict(`[{"backendRefs":[{"name":"empty","port":80}]}]`))
	assert.Equal(t, map[string]int{"503 ": 5}, s.shares("web", 5, nil))
}
