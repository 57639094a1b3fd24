package agent

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// missingPatience is the time until what a container names and is not there is looked for again.
const missingPatience = time.Second

// environment is what the process has around it. It waits for what the container names and is not there, and
// reports whether it ever was.
func (c *container) environment(ctx context.Context) (map[string]string, bool) {
	for {
		env, err := c.resolve(ctx)
		if err == nil {
			return env, true
		}
		if ctx.Err() == nil {
			c.event(corev1.EventTypeWarning, "Failed", "Error: %v", err)
			c.waiting("CreateContainerConfigError", err.Error())
		}
		if !sleep(ctx, c.ending, missingPatience) {
			return nil, false
		}
	}
}

// resolve gathers the environment. Later variables may name earlier ones.
func (c *container) resolve(ctx context.Context) (map[string]string, error) {
	env := map[string]string{
		"POD_NAME": c.object.Name, "POD_NAMESPACE": c.object.Namespace, "NODE_NAME": c.object.Spec.NodeName,
		"POD_IP": c.addr.String(), "BIND_IP": c.bind.String(), "IMAGE": c.spec.Image,
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env[name] = value
		}
	}
	for _, v := range c.spec.Env {
		if v.ValueFrom == nil {
			env[v.Name] = expand(v.Value, env)
			continue
		}
		value, found, err := c.from(ctx, v.ValueFrom)
		if err != nil {
			return nil, fmt.Errorf("env %s: %w", v.Name, err)
		}
		if found {
			env[v.Name] = value
		}
	}
	return env, nil
}

// from reads the value that a variable names.
func (c *container) from(ctx context.Context, s *corev1.EnvVarSource) (value string, found bool, err error) {
	core, namespace := c.client.CoreV1(), c.object.Namespace
	optional := func(o *bool) bool { return o != nil && *o }
	switch {
	case s.FieldRef != nil:
		value, err = c.field(s.FieldRef.FieldPath)
		return value, err == nil, err
	case s.ConfigMapKeyRef != nil:
		ref := s.ConfigMapKeyRef
		m, err := core.ConfigMaps(namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return "", false, missing(err, "configmap", ref.Name, optional(ref.Optional))
		}
		if value, found = m.Data[ref.Key]; !found && !optional(ref.Optional) {
			return "", false, fmt.Errorf("couldn't find key %s in ConfigMap %s/%s", ref.Key, namespace, ref.Name)
		}
		return value, found, nil
	case s.SecretKeyRef != nil:
		ref := s.SecretKeyRef
		m, err := core.Secrets(namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return "", false, missing(err, "secret", ref.Name, optional(ref.Optional))
		}
		b, found := m.Data[ref.Key]
		if !found && !optional(ref.Optional) {
			return "", false, fmt.Errorf("couldn't find key %s in Secret %s/%s", ref.Key, namespace, ref.Name)
		}
		return string(b), found, nil
	}
	return "", false, fmt.Errorf("this agent reads variables from fields, ConfigMaps and Secrets only")
}

// missing says that an object is not there, as a kubelet does.
func missing(err error, kind, name string, optional bool) error {
	if !errors.IsNotFound(err) {
		return err
	}
	if optional {
		return nil
	}
	return fmt.Errorf("%s %q not found", kind, name)
}

// field is a field of the pod.
func (c *container) field(path string) (string, error) {
	for prefix, values := range map[string]map[string]string{"metadata.labels": c.object.Labels, "metadata.annotations": c.object.Annotations} {
		if key, ok := strings.CutPrefix(path, prefix+"['"); ok {
			return values[strings.TrimSuffix(key, "']")], nil
		}
	}
	node := c.nodes[c.object.Spec.NodeName].String()
	value, ok := map[string]string{
		"metadata.name": c.object.Name, "metadata.namespace": c.object.Namespace, "metadata.uid": string(c.object.UID),
		"spec.nodeName": c.object.Spec.NodeName, "spec.serviceAccountName": c.object.Spec.ServiceAccountName,
		"status.podIP": c.addr.String(), "status.podIPs": c.addr.String(), "status.hostIP": node, "status.hostIPs": node,
	}[path]
	if !ok {
		return "", fmt.Errorf("this agent does not know the field %s", path)
	}
	return value, nil
}

// expand replaces $(NAME) by its value. $$ stands for $, and a name that is not known stays as it is.
func expand(text string, env map[string]string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		text = rest
		if after, ok := strings.CutPrefix(rest, "$"); ok {
			b.WriteByte('$')
			text = after
			continue
		}
		name, after, closed := strings.Cut(rest, ")")
		name, opened := strings.CutPrefix(name, "(")
		if value, known := env[name]; opened && closed && known {
			b.WriteString(value)
			text = after
			continue
		}
		b.WriteByte('$')
	}
}
