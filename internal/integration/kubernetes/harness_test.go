package kubernetes_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/cluster"
	"github.com/davit-sdk/davit/internal/integration/kubernetes/load"
)

// What other tests rest upon: a Deployment whose pods leave the Service before they end loses nothing.
func TestHarnessRollsWithoutLoss(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "web", image: "registry.test/web:1", preStop: 2})
	s.service("web", map[string]string{"app": "web"})
	l := s.load("web")
	s.rolled("web")
	s.more(l, 100)
	s.image("web", "registry.test/web:2")
	s.rolled("web")
	s.more(l, 100)
	report := l.Stop()
	t.Log(report)
	assert.Zero(t, report.Lost, "%s", report)
	assert.NotZero(t, report.By["registry.test/web:1"])
	assert.NotZero(t, report.By["registry.test/web:2"])
}

// The control case: pods that end at once, while the Service still names them, must lose requests. If this finds
// none, the counter proves nothing.
func TestHarnessSeesLoss(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "web", image: "registry.test/web:1", args: []string{"-behave", "web=abrupt"}})
	s.service("web", map[string]string{"app": "web"})
	l := s.load("web")
	for n := 2; l.Report().Lost == 0; n++ {
		require.Less(t, n, 12, "ten rollouts that must lose lost nothing")
		s.image("web", fmt.Sprintf("registry.test/web:%d", n))
		s.rolled("web")
	}
	t.Log(l.Stop())
}

// A process that is killed loses what it was asked, and what it is asked until it answers its probe again.
func TestHarnessSeesAKill(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "web", image: "registry.test/web:1", replicas: 1})
	s.service("web", map[string]string{"app": "web"})
	l := s.load("web")
	s.rolled("web")
	pods, err := s.pods("app=web")
	require.NoError(t, err)
	require.Len(t, pods, 1)
	pid, err := strconv.Atoi(strings.TrimPrefix(pods[0].Status.ContainerStatuses[0].ContainerID, "process://"))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	s.until("somebody noticed", func() error {
		if l.Report().Lost == 0 {
			return fmt.Errorf("nothing is lost")
		}
		return nil
	})
	s.until("the container is back", func() error {
		pods, err := s.pods("app=web")
		if err != nil {
			return err
		}
		c := pods[0].Status.ContainerStatuses[0]
		if end := c.LastTerminationState.Terminated; !c.Ready || c.RestartCount != 1 || end == nil || end.ExitCode != 137 {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	s.more(l, 100)
	t.Log(l.Stop())
}

// Debian's load generators count as the Go client does.
func TestHarnessLoadGenerators(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "web", image: "registry.test/web:1", args: []string{"-behave", "bad=fail:100"}})
	s.service("web", map[string]string{"app": "web"})
	s.rolled("web")
	s.load("web").Stop()
	for name, begin := range map[string]func(load.Options) (*load.Program, error){"wrk": load.Wrk, "hey": load.Hey} {
		program, err := begin(load.Options{URL: s.Info.Edge, Host: s.host("web"), Workers: 4, Rate: 400})
		require.NoError(t, err)
		time.Sleep(time.Second) // nothing is waited for: a program is given something to count
		report, err := program.Stop()
		require.NoError(t, err)
		t.Log(name, report)
		assert.Greater(t, report.Requests, 50, name)
		assert.Zero(t, report.Lost, name)
	}
	s.image("web", "registry.test/bad:1")
	s.rolled("web")
	for name, begin := range map[string]func(load.Options) (*load.Program, error){"wrk": load.Wrk, "hey": load.Hey} {
		program, err := begin(load.Options{URL: s.Info.Edge, Host: s.host("web"), Workers: 4, Rate: 400})
		require.NoError(t, err)
		time.Sleep(time.Second)
		report, err := program.Stop()
		require.NoError(t, err)
		assert.Greater(t, report.Lost, 50, name)
		assert.Equal(t, report.Requests, report.Lost, name)
	}
}

// A ServiceAccount may do what a Role gives it, and nothing else, and what it asked is on record.
func TestHarnessAccounts(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	config, err := s.Account(s.ctx, s.name, "default")
	require.NoError(t, err)
	account, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	_, err = account.CoreV1().Pods(s.name).List(s.ctx, metav1.ListOptions{})
	assert.True(t, apierrors.IsForbidden(err), "%v", err)
	s.grant("default", rule{[]string{""}, []string{"pods"}, []string{"list"}})
	s.until("the right is in effect", func() error {
		_, err = account.CoreV1().Pods(s.name).List(s.ctx, metav1.ListOptions{})
		return err
	})
	_, err = account.CoreV1().Secrets(s.name).List(s.ctx, metav1.ListOptions{})
	assert.True(t, apierrors.IsForbidden(err), "%v", err)
	asked := s.audited("default")
	assert.Contains(t, asked, "list pods")
	assert.NotContains(t, asked, "get pods")
}

// Whatever ends the process that holds the plane, all of its parts and all processes of pods end with it.
func TestHarnessDiesAsAWhole(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir := t.TempDir()
	own, err := cluster.Start(kubed, os.Stderr, "-dir", dir+"/plane", "-nodes", "1")
	require.NoError(t, err)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "sleep"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{
		Name: "sleep", Image: "registry.test/sleep:1", Command: []string{"sleep", "1000"},
	}}}}
	_, err = own.Client.CoreV1().Pods("default").Create(ctx, pod, metav1.CreateOptions{})
	require.NoError(t, err)
	var pids []int
	require.Eventually(t, func() bool {
		now, err := own.Client.CoreV1().Pods("default").Get(ctx, "sleep", metav1.GetOptions{})
		if err != nil || now.Status.Phase != corev1.PodRunning {
			return false
		}
		pid, err := strconv.Atoi(strings.TrimPrefix(now.Status.ContainerStatuses[0].ContainerID, "process://"))
		pids = append(pids, pid)
		return err == nil
	}, patience, 20*time.Millisecond)
	for _, part := range own.Info.Parts {
		require.NotZero(t, part.PID, part.Name)
		pids = append(pids, part.PID)
	}
	require.NoError(t, syscall.Kill(own.PID(), syscall.SIGKILL))
	assert.Error(t, own.Close(), "it was killed")
	for _, pid := range pids {
		require.Eventually(t, func() bool { return !runs(pid) }, patience, 20*time.Millisecond, "process %d", pid)
	}
}

// runs reports whether there is a process that has not ended.
func runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(state, "Z")
}
