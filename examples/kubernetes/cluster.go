package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
)

// place is where the current context points.
type place struct {
	context, cluster, server, namespace string
	config                              *rest.Config
}

// current reads the kubeconfig as kubectl does.
func current(namespace string) (place, error) {
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{})
	raw, err := loader.RawConfig()
	if err != nil {
		return place{namespace: namespace}, err
	}
	where := place{context: raw.CurrentContext, namespace: namespace}
	c := raw.Contexts[raw.CurrentContext]
	if c == nil {
		return where, fmt.Errorf("the kubeconfig has no current context (kubectl config use-context)")
	}
	where.cluster = c.Cluster
	if cluster := raw.Clusters[c.Cluster]; cluster != nil {
		where.server = cluster.Server
	}
	if where.namespace == "" {
		where.namespace = c.Namespace
	}
	if where.namespace == "" {
		where.namespace = "default"
	}
	where.config, err = loader.ClientConfig()
	return where, err
}

func (p place) String() string {
	return fmt.Sprintf("context %s, cluster %s at %s, namespace %s", p.context, p.cluster, p.server, p.namespace)
}

// signs are words in names that say production.
func signs() []string { return []string{"prod", "prd", "production", "live"} }

// production is what of the place looks like production; empty where nothing does.
func (p place) production() string {
	for what, name := range p.named() {
		for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
			word = strings.TrimRight(word, "0123456789")
			if slices.ContainsFunc(signs(), func(sign string) bool { return word == sign || strings.HasPrefix(word, "prod") }) {
				return fmt.Sprintf("%s %q", what, name)
			}
		}
	}
	return ""
}

// named are the names of the place, in a fixed order.
func (p place) named() func(yield func(what, name string) bool) {
	return func(yield func(string, string) bool) {
		_ = yield("context", p.context) && yield("cluster", p.cluster) && yield("server", p.server) && yield("namespace", p.namespace)
	}
}

// options are the target's, and the revision.
func (s settings) options(namespace string) (kubernetes.Options, strategy.Revision, error) {
	repository, digest, ok := strings.Cut(s.image, "@")
	if s.name == "" || s.manifest == "" || s.image == "" && !s.rbac {
		return kubernetes.Options{}, strategy.Revision{}, errIncomplete
	}
	if s.rbac && s.image == "" {
		repository, ok = "any", true
	}
	if !ok {
		return kubernetes.Options{}, strategy.Revision{}, fmt.Errorf("-image: %q names no digest: REPOSITORY@sha256:…, so that what was tested is what runs", s.image)
	}
	manifest, err := os.ReadFile(s.manifest)
	if err != nil {
		return kubernetes.Options{}, strategy.Revision{}, fmt.Errorf("-manifest: %w", err)
	}
	if namespace == "" {
		namespace = "default"
	}
	o := kubernetes.Options{Name: s.name, Namespace: namespace, Manifest: manifest, Repository: repository}
	switch s.traffic {
	case "gateway":
		o.Traffic = kubernetes.Gateway{Route: s.route}
	case "selector":
		o.Traffic = kubernetes.Selector{}
	case "native":
		o.Traffic = kubernetes.Native{}
	default:
		return o, strategy.Revision{}, fmt.Errorf("-traffic: %q is none of gateway, selector and native", s.traffic)
	}
	to := strategy.Revision{Version: s.version, Digest: digest}
	if to.Version == "" {
		_, digits, _ := strings.Cut(digest, ":")
		to.Version = digits[:min(12, len(digits))]
	}
	return o, to, o.Validate()
}

// tell says what is needed.
func tell(out io.Writer, where place, err error) {
	fmt.Fprint(out, `This releases an image to a namespace of a Kubernetes cluster, step by step, and takes it back when it does harm.

It needs
  a kubeconfig whose current context may do what -rbac prints, and nothing else
  -name      the service's name
  -manifest  a file with its Deployment (a readiness probe is a must)
  -image     the image by digest: REPOSITORY@sha256:…
  with -traffic gateway (the default), the Gateway API, and an HTTPRoute with a rule for the service

It shows the plan, and moves nothing until it is given -go.

`)
	if err != nil {
		fmt.Fprintf(out, "Just now there is no cluster to talk to: %v\n", err)
		return
	}
	fmt.Fprintf(out, "It would talk to %s\n", where)
	if sign := where.production(); sign != "" {
		fmt.Fprintf(out, "%s looks like production: it would refuse without -yes-this-is-production\n", sign)
	}
}

func printRights(out io.Writer, o kubernetes.Options) error {
	text, err := kubernetes.RBAC(o, "davit")
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
