package agent

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// tokens is where admission mounts the token of a pod's ServiceAccount.
const tokens = "/var/run/secrets/kubernetes.io/serviceaccount"

// unsupported says what a pod asks for that this agent does not do.
func unsupported(spec corev1.PodSpec) string {
	var all []string
	add := func(asked bool, format string, args ...any) {
		if asked {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	add(len(spec.InitContainers) > 0, "init containers")
	add(len(spec.ReadinessGates) > 0, "readiness gates")
	for _, c := range spec.Containers {
		add(c.LivenessProbe != nil, "%s: a liveness probe", c.Name)
		add(c.StartupProbe != nil, "%s: a startup probe", c.Name)
		add(len(c.EnvFrom) > 0, "%s: envFrom", c.Name)
		if p := c.ReadinessProbe; p != nil {
			add(p.HTTPGet == nil && p.TCPSocket == nil, "%s: a readiness probe by neither HTTP nor TCP", c.Name)
		}
		if l := c.Lifecycle; l != nil {
			add(l.PostStart != nil, "%s: a postStart hook", c.Name)
			add(l.PreStop != nil && l.PreStop.Sleep == nil && l.PreStop.HTTPGet == nil, "%s: a preStop hook by neither sleep nor HTTP", c.Name)
		}
		for _, m := range c.VolumeMounts {
			add(m.MountPath != tokens, "%s: a volume at %s", c.Name, m.MountPath)
		}
	}
	return strings.Join(all, ", ")
}
