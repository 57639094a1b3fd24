package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/strategy"
)

// Check reports, as a *multierror.Error, all that stands in the way of a rollout before anything moves:
// what is wrong with the options, rights that are missing, a cluster without the Gateway API, an HTTPRoute
// that is not there or not accepted, that has no room for the rules of a plan, or whose own rules match already what
// a plan wants to match, a container without a readiness probe, objects of others that stand
// where the slots shall be, manifests that the API server refuses, disruption budgets that miss one of the
// slots or that a plan can never satisfy, and autoscalers that a promotion would leave behind. It writes
// nothing: manifests are tried as a dry run. The plans, if there are any, are those that shall be walked.
func Check(ctx context.Context, clients Clients, o Options, plans ...strategy.Plan) error {
	s, err := o.resolve()
	if err != nil {
		return err
	}
	if _, gateway := s.Traffic.(Gateway); clients.Kubernetes == nil || gateway && clients.Dynamic == nil {
		return errors.New("Clients: a client is missing")
	}
	c := &checking{s: s, clients: clients, plans: plans}
	for _, look := range []func(context.Context) []error{
		c.probes, c.rights, c.leads, c.places, c.budgets, c.scalers,
	} {
		for _, err := range look(ctx) {
			if apierrors.IsForbidden(err) && c.lacking {
				continue // the right was reported
			}
			c.errs = multierror.Append(c.errs, err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return c.errs.ErrorOrNil()
}

// Check is the function Check, for this target.
func (t *Target) Check(ctx context.Context, plans ...strategy.Plan) error {
	return Check(ctx, t.clients, t.s.Options, plans...)
}

// checking is one Check under way.
type checking struct {
	s       settings
	clients Clients
	plans   []strategy.Plan
	lacking bool // a right
	errs    *multierror.Error
}

// probes looks at the container.
func (c *checking) probes(context.Context) (errs []error) {
	app := c.s.manifest.app()
	if app.ReadinessProbe == nil && !c.s.NoReadinessProbe {
		errs = append(errs, fmt.Errorf("container %q has no readinessProbe: its pods would get requests as soon as they run (Options.NoReadinessProbe allows that)", app.Name))
	}
	grace := c.s.manifest.grace()
	if l := app.Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil && l.PreStop.Sleep.Seconds >= grace {
		errs = append(errs, fmt.Errorf("container %q sleeps %ds before it stops, and terminationGracePeriodSeconds is %d: it would be killed before it can stop", app.Name, l.PreStop.Sleep.Seconds, grace))
	}
	return errs
}

type right struct{ verb, group, resource, name string }

// rights asks for each right by itself.
func (c *checking) rights(ctx context.Context) []error {
	var wanted []right
	for _, rule := range c.s.rights() {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, verb := range rule.Verbs {
			for _, name := range names {
				wanted = append(wanted, right{verb, rule.APIGroups[0], rule.Resources[0], name})
			}
		}
	}
	answers := c.ask(ctx, wanted)
	if slices.ContainsFunc(answers, func(err error) bool { return err != nil }) {
		wait(ctx, secondLook) // an API server that has just started does not know yet
		answers = c.ask(ctx, wanted)
	}
	c.lacking = slices.ContainsFunc(answers, func(err error) bool { return err != nil })
	return slices.DeleteFunc(answers, func(err error) bool { return err == nil })
}

// ask asks for rights, and gives an error for each that is refused.
func (c *checking) ask(ctx context.Context, wanted []right) []error {
	answers := make([]error, len(wanted))
	var asking errgroup.Group
	asking.SetLimit(8)
	for i, r := range wanted {
		asking.Go(func() error {
			review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: c.s.Namespace, Verb: r.verb, Group: r.group, Resource: r.resource, Name: r.name},
			}}
			got, err := c.clients.Kubernetes.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
			switch {
			case err != nil:
				answers[i] = fmt.Errorf("ask for the right to %s %s: %w", r.verb, r.resource, err)
			case !got.Status.Allowed:
				answers[i] = &RightsError{Verbs: []string{r.verb}, Group: r.group, Resource: r.resource, Name: r.name, Namespace: c.s.Namespace}
			}
			return nil
		})
	}
	_ = asking.Wait() // each tells by its answer
	return answers
}

// leads looks at what leads the traffic.
func (c *checking) leads(ctx context.Context) []error {
	switch mode := c.s.Traffic.(type) {
	case Selector:
		return c.service(ctx, mode.Service)
	case Native:
		return c.service(ctx, mode.Service)
	case Gateway:
		return c.route(ctx, mode)
	}
	return nil
}

func (c *checking) service(ctx context.Context, name string) []error {
	svc, err := c.clients.Kubernetes.CoreV1().Services(c.s.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return c.try(ctx, "services", func() (map[string]any, error) {
			return c.s.service(name, map[string]string{labelService: c.s.Name}, nil)
		}, name)
	case err != nil:
		return []error{fmt.Errorf("read service %s: %w", name, err)}
	case svc.Labels[labelService] != "" && svc.Labels[labelService] != c.s.Name:
		return []error{fmt.Errorf("service %s leads to %q: each service needs one of its own", name, svc.Labels[labelService])}
	case svc.Spec.Type == corev1.ServiceTypeExternalName:
		return []error{fmt.Errorf("service %s is of type ExternalName, and selects no pods", name)}
	}
	return nil
}

// places looks at what stands where the slots shall be, and tries the manifests.
func (c *checking) places(ctx context.Context) (errs []error) {
	for _, at := range c.s.slots {
		errs = append(errs, c.deployment(ctx, at)...)
		if _, gateway := c.s.Traffic.(Gateway); !gateway {
			continue
		}
		svc, err := c.clients.Kubernetes.CoreV1().Services(c.s.Namespace).Get(ctx, at.object, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			errs = append(errs, c.try(ctx, "services", func() (map[string]any, error) {
				return c.s.service(at.object, c.s.labels(at), c.s.labels(at))
			}, at.object)...)
		case err != nil:
			errs = append(errs, fmt.Errorf("read service %s: %w", at.object, err))
		case svc.Labels[labelService] == "" && c.s.Adopt != nil:
			// It is taken over with its slot.
		case svc.Labels[labelService] != c.s.Name:
			errs = append(errs, fmt.Errorf("service %s exists and was not made by Davit: delete it, or choose other names (Options.Slots, Options.Baseline)", at.object))
		}
	}
	return errs
}

func (c *checking) deployment(ctx context.Context, at slot) []error {
	d, err := c.clients.Kubernetes.AppsV1().Deployments(c.s.Namespace).Get(ctx, at.object, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return c.try(ctx, "deployments", func() (map[string]any, error) {
			return c.s.deployment(tenancy{at: at, pool: c.someone(at), image: c.image(), replicas: new(int32)})
		}, at.object)
	case err != nil:
		return []error{fmt.Errorf("read deployment %s: %w", at.object, err)}
	case d.Labels[labelService] == c.s.Name && !applied(d.ManagedFields, c.s.FieldManager):
		return c.leftovers(ctx, at, d)
	case d.Labels[labelService] == c.s.Name:
		if d.Spec.Replicas == nil || *d.Spec.Replicas > 0 {
			return nil // the manifest is not applied to it while it runs
		}
		return c.try(ctx, "deployments", func() (map[string]any, error) {
			return c.s.deployment(tenancy{at: at, pool: c.someone(at), image: c.image(), replicas: d.Spec.Replicas, selector: d.Spec.Selector.MatchLabels})
		}, at.object)
	case d.Labels[labelService] != "":
		return []error{fmt.Errorf("deployment %s belongs to service %q: choose other names (Options.Slots)", at.object, d.Labels[labelService])}
	case c.s.Adopt == nil:
		return []error{fmt.Errorf("deployment %s %s", at.object, notOurs)}
	}
	if _, err := c.s.Adopt(d); err != nil {
		return []error{fmt.Errorf("adopt deployment %s: %w", at.object, err)}
	}
	if err := c.s.adoptable(at, d); err != nil {
		return []error{fmt.Errorf("adopt deployment %s: %w", at.object, err)}
	}
	return c.leftovers(ctx, at, d)
}

// leftovers looks for what an adopted Deployment has and the manifest lacks.
func (c *checking) leftovers(ctx context.Context, at slot, d *appsv1.Deployment) []error {
	tree, err := c.s.deployment(tenancy{at: at, pool: c.someone(at), image: c.image(), selector: d.Spec.Selector.MatchLabels})
	if err != nil {
		return []error{err}
	}
	left, err := leftovers(ctx, c.clients.Kubernetes, c.s.FieldManager, d, tree)
	switch {
	case err != nil:
		return []error{fmt.Errorf("a dry run: %w", call{"patch", "apps", "deployments", c.s.Namespace, at.object}.explain(err))}
	case left != nil && c.s.Leftovers != Take:
		return []error{left}
	}
	return nil
}

// someone is a pool to try a manifest with.
func (c *checking) someone(at slot) strategy.Pool {
	return strategy.Pool{Revision: strategy.Revision{Version: "check"}, Baseline: at.baseline}
}

// image is an image to try a manifest with.
func (c *checking) image() string {
	if c.s.Repository != "" {
		return c.s.Repository + "@sha256:0000000000000000000000000000000000000000000000000000000000000000"
	}
	if name := c.s.manifest.app().Image; name != "" {
		return name
	}
	return "check"
}

// try applies a manifest as a dry run.
func (c *checking) try(ctx context.Context, resource string, make func() (map[string]any, error), name string) []error {
	tree, err := make()
	if err != nil {
		return []error{err}
	}
	body, err := json.Marshal(tree)
	if err != nil {
		return []error{err}
	}
	force := c.s.Conflicts == Take
	o := metav1.PatchOptions{FieldManager: c.s.FieldManager, Force: &force, DryRun: []string{metav1.DryRunAll}}
	group := "apps"
	switch resource {
	case "services":
		group = ""
		_, err = c.clients.Kubernetes.CoreV1().Services(c.s.Namespace).Patch(ctx, name, types.ApplyPatchType, body, o)
	default:
		_, err = c.clients.Kubernetes.AppsV1().Deployments(c.s.Namespace).Patch(ctx, name, types.ApplyPatchType, body, o)
	}
	if err != nil {
		return []error{fmt.Errorf("a dry run: %w", call{"patch", group, resource, c.s.Namespace, name}.explain(err))}
	}
	return nil
}

// budgets looks at the disruption budgets of the slots' pods.
func (c *checking) budgets(ctx context.Context) []error {
	list, err := c.clients.Kubernetes.PolicyV1().PodDisruptionBudgets(c.s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return []error{fmt.Errorf("list poddisruptionbudgets: %w", err)}
	}
	var errs []error
	for i := range list.Items {
		errs = append(errs, c.s.budget(&list.Items[i], c.plans)...)
	}
	return errs
}

// scalers looks for autoscalers that a promotion would leave behind.
func (c *checking) scalers(ctx context.Context) []error {
	list, err := c.clients.Kubernetes.AutoscalingV2().HorizontalPodAutoscalers(c.s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return []error{fmt.Errorf("list horizontalpodautoscalers: %w", err)}
	}
	of := map[string]string{}
	for _, h := range list.Items {
		if ref := h.Spec.ScaleTargetRef; ref.Kind == "Deployment" {
			of[ref.Name] = h.Name
		}
	}
	var scaled, bare []slot
	for _, at := range c.s.slots {
		switch {
		case at.baseline:
		case of[at.object] != "":
			scaled = append(scaled, at)
		default:
			bare = append(bare, at)
		}
	}
	if len(scaled) == 1 && len(bare) == 1 && !c.s.MoveAutoscaler {
		return []error{fmt.Errorf("horizontalpodautoscaler %s scales %s, and nobody scales %s: after the next promotion nothing is scaled (Options.MoveAutoscaler moves it; or give each slot one)",
			of[scaled[0].object], scaled[0].object, bare[0].object)}
	}
	return nil
}
