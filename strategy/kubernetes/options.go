package kubernetes

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/davit-sdk/davit/strategy"
)

// Options say what a service is, and how its target deals with the cluster. Name, Namespace, Traffic,
// one of Deployment and Manifest, and one of Repository and Image are required; the zero value of all
// else is the default that is told.
type Options struct {
	// Name is the service's name. Its objects are called after it. It is a DNS label of at most 50
	// characters.
	Name string
	// Namespace is where all of the service's objects are.
	Namespace string
	// Traffic is Gateway, Selector or Native.
	Traffic Traffic

	// Deployment, or Manifest as YAML, is the manifest to make the Deployments of: what Helm or
	// kustomize would render. Its name, selector and replicas are replaced, as are the image of
	// Container and what Davit adds; everything else is kept. It is applied to a slot when a revision
	// moves in, and stays as it is for as long as that revision runs.
	Deployment *appsv1.Deployment
	Manifest   []byte
	// Container is the container of the pod template that runs the service. Default: the only one.
	Container string
	// Repository is the image without its tag or digest: a revision's image is Repository@Digest, and
	// a revision without a digest is refused.
	Repository string
	// Image says what a revision's image is, in place of Repository.
	Image func(strategy.Revision) (string, error)

	// Slots are the names of the two Deployments that revisions move into in turns, and of their
	// Services. Default: NAME-a and NAME-b; with Native the first one is NAME, and there is no second.
	Slots [2]string
	// Baseline is the name of the Deployment of a baseline group. Default: NAME-baseline.
	Baseline string
	// Ports are the ports of the Services that are made. Default: those of Container, each under its own
	// number. The first one is where a Gateway sends requests.
	Ports []corev1.ServicePort

	// FieldManager is the name under which fields are owned. Default: "davit".
	FieldManager string
	// Conflicts says what happens where another manager owns a field that is to be written: Refuse
	// (the default) or Take. Replicas, the rules of an HTTPRoute and the selector of a Service are always
	// taken, replicas unless an autoscaler has them: the rollout has a policy of its own for what somebody
	// changes by hand (rollout.Options.Drift), and is told who it was.
	Conflicts Conflicts
	// Adopt says which revision a Deployment runs that stands in a slot and was not made by Davit, so
	// that it is taken over as it is. Its selector must not select the pods of the other slots. The
	// whole namespace's Deployments and pods are watched then. Nil: such a Deployment is refused.
	Adopt func(*appsv1.Deployment) (strategy.Revision, error)
	// Leftovers says what happens with what the pod template of an adopted Deployment has and the manifest
	// lacks, as another manager's containers, volumes and variables: Refuse (the default) makes it a
	// *LeftoverError, of Check and when another revision is to move in; Take takes it out when one does, and
	// logs it. The revision that was adopted runs as it stands until then, also when it is gone back to.
	Leftovers Conflicts
	// MoveAutoscaler moves a HorizontalPodAutoscaler of a slot to the one that has got all of the
	// traffic. Default: it stays where it is.
	MoveAutoscaler bool

	// DrainDelay is how long a slot that gets no requests any more is left alone before its pods are
	// stopped. It must be longer than the Gateway, or kube-proxy, needs to take notice. Each process counts
	// it from when it saw first that the slot gets none. Default: 5 s.
	DrainDelay time.Duration
	// PreStop is how long a pod that is told to stop goes on serving before it gets SIGTERM, so that
	// all who send requests to it know; its grace period is prolonged by it. All containers of the manifest
	// get it, as a preStop sleep, or else a proxy beside the service would end first. One that has a preStop
	// hook of its own keeps that; the others sleep as long as the longest sleep among those. It needs
	// Kubernetes 1.30. In whole seconds, rounded up. Default: 5 s. Below zero: none.
	PreStop time.Duration
	// NoReadinessProbe allows a container without a readiness probe, whose pods get requests as soon
	// as they run.
	NoReadinessProbe bool

	// ImagePatience is how long an image may fail to be pulled, a container to be started, and a pod to be
	// created, before its pool is stuck, counted from when the target saw it fail first: a registry may
	// be down for a moment. Default: 20 s.
	ImagePatience time.Duration
	// NodePatience is how long a pod may find no node before its pool is stuck: a cluster may grow.
	// Default: 2 min.
	NodePatience time.Duration
	// CrashPatience is how many crashes of one container make its pool stuck. Default: 5.
	CrashPatience int

	// Logger gets a line for each write. Default: none.
	Logger hclog.Logger
}

// Conflicts is what happens with what is another manager's.
type Conflicts string

const (
	// Refuse makes it a *ConflictError, which names the managers and the fields.
	Refuse Conflicts = "refuse"
	// Take takes the field over.
	Take Conflicts = "take"
)

const maxName = 50

var dnsLabel = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// Validate reports everything that is wrong with the options, each problem with its field. What the
// cluster says to them is told by Check.
func (o Options) Validate() error {
	_, err := o.resolve()
	return err
}

// settings are options with their defaults, and what follows from them.
type settings struct {
	Options
	slots    []slot // that pools can live in: one or two, and one for a baseline
	manifest manifest
}

// slot is a place for a pool.
type slot struct {
	name     string // the value of labelSlot
	object   string // the name of its Deployment, and of its Service
	baseline bool
}

func (o Options) resolve() (settings, error) {
	var errs *multierror.Error
	add := func(field, format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("Options."+field+": "+format, args...))
	}
	if !dnsLabel.MatchString(o.Name) || len(o.Name) > maxName {
		add("Name", "%q is not a DNS label of at most %d characters", o.Name, maxName)
	}
	if !dnsLabel.MatchString(o.Namespace) || len(o.Namespace) > 63 {
		add("Namespace", "%q is not a namespace's name", o.Namespace)
	}
	if o.Traffic == nil {
		add("Traffic", "is missing: Gateway, Selector or Native")
	} else {
		o.Traffic = o.Traffic.withDefaults(o.Name)
	}
	if (o.Repository == "") == (o.Image == nil) {
		add("Repository", "exactly one of Repository and Image says which image a revision is")
	}
	for field, c := range map[string]*Conflicts{"Conflicts": &o.Conflicts, "Leftovers": &o.Leftovers} {
		switch *c {
		case "":
			*c = Refuse
		case Refuse, Take:
		default:
			add(field, "%q is neither %q nor %q", *c, Refuse, Take)
		}
	}
	if o.FieldManager == "" {
		o.FieldManager = "davit"
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	for _, err := range o.durations() {
		errs = multierror.Append(errs, err)
	}
	s := settings{}
	s.slots = o.places()
	seen := map[string]bool{}
	for _, at := range s.slots {
		if !dnsLabel.MatchString(at.object) || len(at.object) > 63 {
			add("Slots", "%q is not a DNS label", at.object)
		}
		if seen[at.object] {
			add("Slots", "two slots are called %q", at.object)
		}
		seen[at.object] = true
	}
	m, err := o.base()
	if err != nil {
		var many *multierror.Error
		if errors.As(err, &many) {
			errs = multierror.Append(errs, many.Errors...)
		} else {
			errs = multierror.Append(errs, err)
		}
	} else {
		o.Container = m.container
		if len(o.Ports) == 0 {
			o.Ports = m.ports()
		}
		if len(o.Ports) == 0 {
			add("Ports", "there are none, and container %q names none", o.Container)
		}
	}
	s.Options, s.manifest = o, m
	return s, errs.ErrorOrNil()
}

// durations fills in what is left out, and reports what makes no sense.
func (o *Options) durations() (errs []error) {
	for _, d := range []struct {
		field string
		value *time.Duration
		def   time.Duration
	}{
		{"DrainDelay", &o.DrainDelay, 5 * time.Second},
		{"ImagePatience", &o.ImagePatience, 20 * time.Second},
		{"NodePatience", &o.NodePatience, 2 * time.Minute},
	} {
		switch {
		case *d.value < 0:
			errs = append(errs, fmt.Errorf("Options.%s: %s is below zero", d.field, *d.value))
		case *d.value == 0:
			*d.value = d.def
		}
	}
	switch {
	case o.CrashPatience < 0:
		errs = append(errs, fmt.Errorf("Options.CrashPatience: %d is below zero", o.CrashPatience))
	case o.CrashPatience == 0:
		o.CrashPatience = 5
	}
	if o.PreStop == 0 {
		o.PreStop = 5 * time.Second
	}
	return errs
}

// places are the slots, in the order in which they are filled.
func (o Options) places() []slot {
	if _, ok := o.Traffic.(Native); ok {
		name := o.Slots[0]
		if name == "" {
			name = o.Name
		}
		return []slot{{name: "main", object: name}}
	}
	slots := []slot{{name: "a", object: o.Slots[0]}, {name: "b", object: o.Slots[1]}, {name: "baseline", object: o.Baseline, baseline: true}}
	for i := range slots {
		if slots[i].object == "" {
			slots[i].object = o.Name + "-" + slots[i].name
		}
	}
	return slots
}

// image is the image of a revision.
func (s settings) image(r strategy.Revision) (string, error) {
	if s.Image != nil {
		return s.Image(r)
	}
	if r.Digest == "" {
		return "", fmt.Errorf("revision %s has no digest: an image is named by its digest, so that what was tested is what runs (Options.Image can name it otherwise)", r)
	}
	return s.Repository + "@" + r.Digest, nil
}

// slot finds a slot by its name.
func (s settings) slot(name string) (slot, bool) {
	for _, at := range s.slots {
		if at.name == name {
			return at, true
		}
	}
	return slot{}, false
}
