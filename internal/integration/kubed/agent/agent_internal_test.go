package agent

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
)

func TestExpand(t *testing.T) {
	env := map[string]string{"A": "1", "B": "$(A)"}
	for text, want := range map[string]string{
		"": "", "x": "x", "$(A)": "1", "x$(A)y$(A)": "x1y1", "$(B)": "$(A)", "$$(A)": "$(A)", "$$$(A)": "$1", "$(C)": "$(C)", "$A": "$A", "$": "$", "$(A": "$(A", "a$": "a$", "$$": "$",
	} {
		assert.Equal(t, want, expand(text, env), "%q", text)
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("$(A)$$x$(B")
	f.Fuzz(func(t *testing.T, text string) { expand(text, map[string]string{"A": "1"}) })
}

func TestBackoff(t *testing.T) {
	b := backoff{first: time.Second, most: 10 * time.Second}
	var all []time.Duration
	for range 7 {
		all = append(all, b.next()/time.Second)
	}
	assert.Equal(t, []time.Duration{0, 1, 2, 4, 8, 10, 10}, all)
	b.reset()
	assert.Zero(t, b.next())
	b.n = 1 << 20
	assert.Equal(t, 10*time.Second, b.next())
}

func TestPhase(t *testing.T) {
	waiting := corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}}
	running := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	end := func(code int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}
	}
	good, bad, crashing := corev1.ContainerStatus{State: end(0)}, corev1.ContainerStatus{State: end(1)}, waiting
	crashing.LastTerminationState = end(1)
	const always, failure, never = corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever
	for _, c := range []struct {
		all     []corev1.ContainerStatus
		policy  corev1.RestartPolicy
		leaving bool
		want    corev1.PodPhase
	}{
		{[]corev1.ContainerStatus{waiting}, always, false, corev1.PodPending},
		{[]corev1.ContainerStatus{running, waiting}, always, false, corev1.PodPending},
		{[]corev1.ContainerStatus{running}, always, false, corev1.PodRunning},
		{[]corev1.ContainerStatus{crashing}, always, false, corev1.PodRunning},
		{[]corev1.ContainerStatus{bad}, always, false, corev1.PodRunning},
		{[]corev1.ContainerStatus{good}, failure, false, corev1.PodSucceeded},
		{[]corev1.ContainerStatus{bad}, failure, false, corev1.PodRunning},
		{[]corev1.ContainerStatus{good, bad}, never, false, corev1.PodFailed},
		{[]corev1.ContainerStatus{running, bad}, never, false, corev1.PodRunning},
		{[]corev1.ContainerStatus{running}, always, true, corev1.PodRunning},
		{[]corev1.ContainerStatus{good}, always, true, corev1.PodSucceeded},
		{[]corev1.ContainerStatus{bad}, always, true, corev1.PodFailed},
		{[]corev1.ContainerStatus{waiting}, always, true, corev1.PodSucceeded},
	} {
		assert.Equal(t, c.want, phase(c.all, c.policy, c.leaving), "%+v", c)
	}
}

// What was set last is written last, through any number of failures, and a flush waits for it.
func TestReportOutlivesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var written []corev1.PodStatus
		failures := 3
		r := newReport(&corev1.Pod{}, func(_ context.Context, s corev1.PodStatus) error {
			mu.Lock()
			defer mu.Unlock()
			if failures--; failures >= 0 {
				return errors.New("the server is away")
			}
			written = append(written, s)
			return nil
		})
		last := func() corev1.PodStatus {
			mu.Lock()
			defer mu.Unlock()
			return written[len(written)-1]
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan struct{})
		go func() { defer close(done); r.run(ctx) }()
		ready := condition(corev1.PodReady, true, "", "")
		r.set(corev1.PodStatus{Phase: corev1.PodPending})
		r.set(corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{ready}})
		r.flush(ctx)
		assert.Equal(t, corev1.PodRunning, last().Phase)
		time.Sleep(time.Minute)
		r.set(corev1.PodStatus{Phase: corev1.PodRunning, Reason: "x", Conditions: []corev1.PodCondition{condition(corev1.PodReady, true, "", "")}})
		r.close()
		<-done
		assert.Equal(t, "x", last().Reason, "what was set before the end is written")
		assert.Equal(t, ready, last().Conditions[0], "the condition has not changed, nor has its time")
	})
}

func TestImageID(t *testing.T) {
	assert.Equal(t, "registry.test/web@sha256:"+digits, imageID("registry.test/web@sha256:"+digits))
	assert.Equal(t, imageID("registry.test/web:1"), imageID("registry.test/web:1"))
	assert.NotEqual(t, imageID("registry.test/web:1"), imageID("registry.test/web:2"))
	assert.Empty(t, imageID("No"))
}

const digits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
