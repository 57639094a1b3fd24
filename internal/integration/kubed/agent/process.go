package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// live runs the process once. It tells the exit code, and whether the container has no more to do because the
// pod is to end.
func (c *container) live(ctx context.Context, env map[string]string) (code int32, left bool) {
	began := metav1.Now()
	cmd, exited, err := c.start(env)
	if err != nil {
		text := fmt.Sprintf("failed to create containerd task: failed to create shim task: OCI runtime create failed: %v", err)
		c.event(corev1.EventTypeWarning, "Failed", "Error: %s", text)
		c.ended(corev1.ContainerStateTerminated{ExitCode: 128, Reason: "StartError", Message: text, StartedAt: began, FinishedAt: metav1.Now()})
		return 128, c.leaves() || ctx.Err() != nil
	}
	c.event(corev1.EventTypeNormal, "Created", "Container created")
	c.event(corev1.EventTypeNormal, "Started", "Container started")
	c.set(func(s *corev1.ContainerStatus) {
		if s.State.Terminated != nil {
			s.LastTerminationState = s.State
		}
		started := true
		s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}}
		s.Started, s.Ready = &started, c.spec.ReadinessProbe == nil
		s.ContainerID = fmt.Sprintf("process://%d", cmd.Process.Pid)
	})
	probing, cancel := context.WithCancel(ctx)
	var probes sync.WaitGroup
	if c.spec.ReadinessProbe != nil {
		probes.Go(func() { c.probe(probing, c.spec.ReadinessProbe) })
	}
	select {
	case <-exited:
	case <-c.ending:
		c.finish(ctx, cmd, exited)
		left = true
	case <-ctx.Done():
		kill(cmd)
		<-exited
		left = true
	}
	cancel()
	probes.Wait()
	kill(cmd) // what the process has started itself
	end := corev1.ContainerStateTerminated{StartedAt: began, FinishedAt: metav1.Now(), Reason: "Completed", ContainerID: fmt.Sprintf("process://%d", cmd.Process.Pid)}
	end.ExitCode = int32(cmd.ProcessState.ExitCode())
	if w, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		end.ExitCode = 128 + int32(w.Signal())
	}
	if end.ExitCode != 0 {
		end.Reason = "Error"
	}
	c.ended(end)
	return end.ExitCode, left || c.leaves()
}

// start starts the process. The channel is closed when it has ended.
func (c *container) start(env map[string]string) (*exec.Cmd, <-chan struct{}, error) {
	var argv []string
	for _, word := range slices.Concat(c.spec.Command, c.spec.Args) {
		argv = append(argv, expand(word, env))
	}
	if len(argv) == 0 {
		return nil, nil, errors.New("no command specified: an image has none here")
	}
	out, err := os.OpenFile(filepath.Join(c.logs, strings.Join([]string{c.object.Namespace, c.object.Name, c.spec.Name}, "_")+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer out.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.logs, out, out
	if c.spec.WorkingDir != "" {
		cmd.Dir = c.spec.WorkingDir
	}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	exited := make(chan struct{})
	c.running.Go(func() {
		_ = cmd.Wait() // its state says how it ended
		close(exited)
	})
	return cmd, exited, nil
}

// kill ends a process and all that it has started, at once.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// ended says how the process ended.
func (c *container) ended(how corev1.ContainerStateTerminated) {
	c.set(func(s *corev1.ContainerStatus) {
		if s.State.Terminated != nil {
			s.LastTerminationState = s.State
		}
		started := false
		s.State, s.Started, s.Ready = corev1.ContainerState{Terminated: &how}, &started, false
	})
}

// finish ends the process within the grace period: its preStop hook, SIGTERM, SIGKILL.
func (c *container) finish(ctx context.Context, cmd *exec.Cmd, exited <-chan struct{}) {
	c.event(corev1.EventTypeNormal, "Killing", "Stopping container %s", c.spec.Name)
	grace, cancel := context.WithDeadline(ctx, c.until)
	defer cancel()
	if c.spec.Lifecycle != nil && c.spec.Lifecycle.PreStop != nil && grace.Err() == nil {
		c.preStop(grace, c.spec.Lifecycle.PreStop, exited)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-exited:
		return
	case <-ctx.Done():
	case <-time.After(max(time.Until(c.until), leastGrace)):
	}
	kill(cmd)
	<-exited
}

// preStop does what the container asks for before SIGTERM.
func (c *container) preStop(ctx context.Context, hook *corev1.LifecycleHandler, exited <-chan struct{}) {
	var err error
	switch {
	case hook.Sleep != nil:
		sleep(ctx, exited, time.Duration(hook.Sleep.Seconds)*time.Second)
	case hook.HTTPGet != nil:
		err = c.get(ctx, hook.HTTPGet, http.DefaultClient)
	}
	if err != nil {
		c.event(corev1.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed: %v", err)
	}
}
