package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/hashicorp/go-multierror"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/davit-sdk/davit/strategy"
)

// defaultGrace is Kubernetes' grace period of pods that name none.
const defaultGrace = 30

// manifest is the host's Deployment, to make those of the slots of.
type manifest struct {
	tree      map[string]any // as it was written: what it leaves out is not ours
	typed     *appsv1.Deployment
	container string
	index     int // of the container
}

// base reads the manifest.
func (o Options) base() (manifest, error) {
	var m manifest
	switch {
	case (o.Deployment == nil) == (len(o.Manifest) == 0):
		return m, errors.New("Options.Deployment: exactly one of Deployment and Manifest is the manifest")
	case o.Deployment != nil:
		tree, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o.Deployment)
		if err != nil {
			return m, fmt.Errorf("Options.Deployment: %w", err)
		}
		m.tree, m.typed = tree, o.Deployment.DeepCopy()
	default:
		m.typed = &appsv1.Deployment{}
		if err := yaml.UnmarshalStrict(o.Manifest, m.typed); err != nil {
			return m, fmt.Errorf("Options.Manifest: %w", err)
		}
		if err := yaml.Unmarshal(o.Manifest, &m.tree); err != nil {
			return m, fmt.Errorf("Options.Manifest: %w", err)
		}
		if m.typed.Kind != "Deployment" || m.typed.APIVersion != "apps/v1" {
			return m, fmt.Errorf("Options.Manifest: it is %q of %q, not a Deployment of apps/v1", m.typed.Kind, m.typed.APIVersion)
		}
	}
	return m.find(o.Container)
}

// find looks for the container that runs the service.
func (m manifest) find(name string) (manifest, error) {
	var errs *multierror.Error
	containers := m.typed.Spec.Template.Spec.Containers
	m.index = -1
	for i, c := range containers {
		if c.Name == name || name == "" && len(containers) == 1 {
			m.container, m.index = c.Name, i
		}
	}
	switch {
	case len(containers) == 0:
		errs = multierror.Append(errs, errors.New("Options.Deployment: its pod template has no container"))
	case m.index < 0 && name == "":
		errs = multierror.Append(errs, fmt.Errorf("Options.Container: the pod template has %d containers: name the one that runs the service", len(containers)))
	case m.index < 0:
		errs = multierror.Append(errs, fmt.Errorf("Options.Container: the pod template has no container %q", name))
	}
	for _, l := range []map[string]string{m.typed.Labels, m.typed.Spec.Template.Labels} {
		if l[labelService] != "" || l[labelSlot] != "" {
			errs = multierror.Append(errs, fmt.Errorf("Options.Deployment: the labels %s and %s are Davit's own", labelService, labelSlot))
			break
		}
	}
	return m, errs.ErrorOrNil()
}

// app is the container that runs the service.
func (m manifest) app() corev1.Container { return m.typed.Spec.Template.Spec.Containers[m.index] }

// ports are the container's, as ports of a Service.
func (m manifest) ports() []corev1.ServicePort {
	var ports []corev1.ServicePort
	for _, p := range m.app().Ports {
		if p.Protocol == "" || p.Protocol == corev1.ProtocolTCP {
			ports = append(ports, corev1.ServicePort{Name: p.Name, Port: p.ContainerPort, TargetPort: intstr.FromInt32(p.ContainerPort), Protocol: corev1.ProtocolTCP})
		}
	}
	if len(ports) > 1 {
		for i := range ports {
			if ports[i].Name == "" { // several ports must have names
				ports[i].Name = fmt.Sprintf("port-%d", ports[i].Port)
			}
		}
	}
	return ports
}

// tenancy is what a Deployment is made for.
type tenancy struct {
	at       slot
	pool     strategy.Pool
	image    string
	selector map[string]string // nil: the slot's own
	replicas *int32            // nil: they are not touched
	rolling  *appsv1.RollingUpdateDeployment
	template *corev1.PodTemplateSpec // as it ran before; nil: the manifest's
}

// labels are those by which a slot's objects are found.
func (s settings) labels(at slot) map[string]string {
	return map[string]string{labelService: s.Name, labelSlot: at.name}
}

// deployment is what is applied to a slot when a pool moves in.
func (s settings) deployment(t tenancy) (map[string]any, error) {
	d := runtime.DeepCopyJSON(plain(s.manifest.tree))
	selector := t.selector
	if selector == nil {
		selector = s.labels(t.at)
	}
	meta := map[string]any{
		"name": t.at.object, "namespace": s.Namespace,
		"labels":      merged(child(child(d, "metadata"), "labels"), s.labels(t.at)),
		"annotations": merged(child(child(d, "metadata"), "annotations"), tellsPool(t.pool)),
	}
	spec := child(d, "spec")
	for _, name := range []string{"replicas", "minReadySeconds", "paused"} {
		delete(spec, name)
	}
	if t.replicas != nil {
		spec["replicas"] = int64(*t.replicas)
	}
	spec["selector"] = map[string]any{"matchLabels": merged(nil, selector)}
	if t.rolling != nil {
		rolling, err := runtime.DefaultUnstructuredConverter.ToUnstructured(t.rolling)
		if err != nil {
			return nil, err
		}
		spec["strategy"] = map[string]any{"type": string(appsv1.RollingUpdateDeploymentStrategyType), "rollingUpdate": rolling}
	}
	if t.template != nil {
		before, err := runtime.DefaultUnstructuredConverter.ToUnstructured(t.template)
		if err != nil {
			return nil, err
		}
		spec["template"] = before
		delete(child(before, "metadata"), "creationTimestamp")
		return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}, nil
	}
	template := child(spec, "template")
	templateMeta := child(template, "metadata")
	templateMeta["labels"] = merged(merged(child(templateMeta, "labels"), selector), s.labels(t.at))
	templateMeta["annotations"] = merged(child(templateMeta, "annotations"), tellsPool(t.pool))
	delete(templateMeta, "creationTimestamp")
	s.stopSlowly(child(template, "spec"), t.image)
	return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}, nil
}

// stopSlowly sets the image, and lets a pod serve on for a moment after it was told to stop: all of its containers,
// because nobody knows which of them carry the requests, and each is told for itself. One that has a hook of its own
// keeps that. A sidecar among the init containers is told once all others have ended.
func (s settings) stopSlowly(pod map[string]any, image string) {
	containers, _ := pod["containers"].([]any)
	app, _ := containers[s.manifest.index].(map[string]any)
	app["image"] = image
	seconds := wholeSeconds(s.PreStop)
	if seconds > 0 {
		seconds = max(seconds, s.manifest.ownSleep())
	}
	slow := false
	for _, item := range containers {
		c, _ := item.(map[string]any)
		lifecycle := child(c, "lifecycle")
		if _, own := lifecycle["preStop"]; own || seconds <= 0 {
			if len(lifecycle) == 0 {
				delete(c, "lifecycle")
			}
			continue
		}
		lifecycle["preStop"], slow = map[string]any{"sleep": map[string]any{"seconds": int64(seconds)}}, true
	}
	if slow {
		pod["terminationGracePeriodSeconds"] = s.manifest.grace() + int64(seconds)
	}
}

// ownSleep is the longest sleep that the manifest's containers bring: what is beside them must last as long.
func (m manifest) ownSleep() (seconds int32) {
	for _, c := range m.typed.Spec.Template.Spec.Containers {
		if l := c.Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil {
			seconds = max(seconds, int32(min(l.PreStop.Sleep.Seconds, math.MaxInt32)))
		}
	}
	return seconds
}

// grace is the grace period of the manifest's pods, in seconds.
func (m manifest) grace() int64 {
	if g := m.typed.Spec.Template.Spec.TerminationGracePeriodSeconds; g != nil {
		return *g
	}
	return defaultGrace
}

// service is the Service of a slot, or the one Service of the target.
func (s settings) service(name string, labels, selector map[string]string) (map[string]any, error) {
	svc := &corev1.Service{Spec: corev1.ServiceSpec{Ports: s.Ports}}
	tree, err := runtime.DefaultUnstructuredConverter.ToUnstructured(svc)
	if err != nil {
		return nil, err
	}
	spec := child(tree, "spec")
	if selector != nil {
		spec["selector"] = merged(nil, selector)
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": name, "namespace": s.Namespace, "labels": merged(nil, labels)},
		"spec":     spec,
	}, nil
}

// child is the map under a key, which is made where there is none.
func child(m map[string]any, key string) map[string]any {
	c, ok := m[key].(map[string]any)
	if !ok {
		c = map[string]any{}
		m[key] = c
	}
	return c
}

func merged(a map[string]any, b map[string]string) map[string]any {
	m := map[string]any{}
	maps.Copy(m, a)
	for k, v := range b {
		m[k] = v
	}
	return m
}

// plain is a tree with numbers as JSON of Kubernetes has them, which DeepCopyJSON wants.
func plain(tree map[string]any) map[string]any {
	text, err := json.Marshal(tree)
	if err != nil {
		return tree
	}
	var again map[string]any
	if kjson.Unmarshal(text, &again) != nil {
		return tree
	}
	return again
}

// wholeSeconds is a duration rounded up to whole seconds.
func wholeSeconds(d time.Duration) int32 {
	return int32(min(math.Ceil(d.Seconds()), math.MaxInt32))
}
