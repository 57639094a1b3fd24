package kubernetes_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// held is a rollout that walks, and stops wherever its plan pauses.
type held struct {
	*rollout.Rollout
	asked  chan struct{} // closed when somebody is asked first
	mu     sync.Mutex
	told   []rollout.Event
	result rollout.Result
	err    error
	over   chan struct{}
}

// hold begins a rollout, and waits until it asks somebody.
func (s *service) hold(plan strategy.Plan, o rollout.Options) *held {
	s.Helper()
	h := &held{asked: make(chan struct{}), over: make(chan struct{})}
	var once sync.Once
	o.Notify = func(e rollout.Event) {
		h.mu.Lock()
		h.told = append(h.told, e)
		h.mu.Unlock()
		if e.Kind == rollout.Asked {
			once.Do(func() { close(h.asked) })
		}
	}
	h.Rollout = s.wire(plan, o)
	go func() {
		defer close(h.over)
		h.result, h.err = h.Run(s.ctx)
	}()
	s.Cleanup(func() {
		_ = h.Abort("the test", "it is over") // it may have ended
		<-h.over
	})
	select {
	case <-h.asked:
	case <-h.over:
		s.Fatalf("it ended before it asked: %v", h.err)
	}
	return h
}

// heard are the texts of the events of a kind.
func (h *held) heard(kind rollout.EventKind) (texts []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.told {
		if e.Kind == kind {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

// hears waits until an event of a kind was told.
func (s *service) hears(h *held, kind rollout.EventKind) {
	s.Helper()
	s.until(string(kind)+" is told", func() error {
		select {
		case <-h.over:
			s.Fatalf("it ended: %v", h.err)
		default:
		}
		if len(h.heard(kind)) == 0 {
			return fmt.Errorf("it is not")
		}
		return nil
	})
}

// half is a canary that waits with half of the traffic on the new revision.
var half = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Pause: &strategy.Pause{Reason: "the test meddles"}}}}

// scale scales a Deployment as `kubectl scale` does.
func (s *service) scale(name string, n int32) {
	s.Helper()
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.name}, Spec: autoscalingv1.ScaleSpec{Replicas: n}}
	_, err := s.Client.AppsV1().Deployments(s.name).UpdateScale(s.ctx, name, scale, metav1.UpdateOptions{FieldManager: "kubectl"})
	require.NoError(s, err)
}

// claim makes a field manager own the replicas of a Deployment, as a GitOps controller does.
func (s *service) claim(name string, n int32) {
	s.Helper()
	patch := fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":%q},"spec":{"replicas":%d}}`, name, n)
	force := true
	_, err := s.Client.AppsV1().Deployments(s.name).Patch(s.ctx, name, types.ApplyPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "gitops", Force: &force})
	require.NoError(s, err)
}

// replicas is what a Deployment is asked for.
func (s *service) replicas(name string) int32 {
	s.Helper()
	d, err := s.Client.AppsV1().Deployments(s.name).Get(s.ctx, name, metav1.GetOptions{})
	require.NoError(s, err)
	return *d.Spec.Replicas
}

// Somebody scales by hand in mid-rollout: it is told, and undone.
func TestScalingByHandIsUndone(t *testing.T) {
	t.Parallel()
	for how, scale := range map[string]func(s *service, name string, n int32){"kubectl scale": (*service).scale, "GitOps": (*service).claim} {
		for _, n := range []int32{1, 4} {
			t.Run(fmt.Sprintf("%s to %d", how, n), func(t *testing.T) {
				t.Parallel()
				s := newService(t, kubernetes.Gateway{}, workload{}, nil)
				l := s.first(version("1"))
				h := s.hold(s.plan(half, version("2")), rollout.Options{})
				scale(s, "web-a", n)
				s.hears(h, rollout.Drifted)
				s.until("it is undone", func() error {
					if n := s.replicas("web-a"); n != 2 {
						return fmt.Errorf("%d", n)
					}
					return nil
				})
				require.NoError(t, h.Resume("the test", "go on"))
				<-h.over
				require.NoError(t, h.err)
				t.Log(h.heard(rollout.Drifted))
				s.runs(version("2"), 2)
				s.none(l)
			})
		}
	}
}

// Where the option says so, scaling by hand freezes the rollout, and is left as it was found.
func TestScalingByHandFreezes(t *testing.T) {
	t.Parallel()
	s := newService(t, kubernetes.Gateway{}, workload{}, nil)
	l := s.first(version("1"))
	h := s.hold(s.plan(half, version("2")), rollout.Options{Drift: rollout.Freeze})
	s.scale("web-a", 4)
	<-h.over
	var conflict *rollout.ConflictError
	require.ErrorAs(t, h.err, &conflict)
	assert.ErrorContains(t, conflict, "deployment web-a: .spec.replicas is owned by")
	assert.Equal(t, rollout.Frozen, h.result.Outcome)
	assert.EqualValues(t, 4, s.replicas("web-a"))
	assert.Equal(t, map[string]int64{"web-a": 500_000, "web-b": 500_000}, s.weights())
	s.none(l)
}

// Somebody applies the whole HTTPRoute in mid-rollout: who it was is part of what is told.
func TestAForeignRouteIsNamed(t *testing.T) {
	t.Parallel()
	s := newService(t, kubernetes.Gateway{}, workload{}, nil)
	l := s.first(version("1"))
	h := s.hold(s.plan(half, version("2")), rollout.Options{Drift: rollout.Freeze})
	s.route("web", `[{"backendRefs":[{"name":"web-a","port":8080}]}]`)
	<-h.over
	var conflict *rollout.ConflictError
	require.ErrorAs(t, h.err, &conflict)
	t.Log(h.err)
	assert.ErrorContains(t, conflict, `httproute web: .spec.rules is owned by "test"`)
	s.none(l)
}

// Somebody sets another image in mid-rollout.
func TestAForeignImageIsAConflict(t *testing.T) {
	t.Parallel()
	for _, answer := range []kubernetes.Conflicts{kubernetes.Refuse, kubernetes.Take} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			s := newService(t, kubernetes.Gateway{}, workload{}, func(o *kubernetes.Options) { o.Conflicts = answer })
			l := s.first(version("1"))
			full := half // nothing is to grow any more
			full.Steps = []strategy.CanaryStep{half.Steps[0]}
			full.Steps[0].Replicas = strategy.Count(2)
			h := s.hold(s.plan(full, version("2")), rollout.Options{})
			patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, image(version("3")))
			_, err := s.Client.AppsV1().Deployments(s.name).Patch(s.ctx, "web-b", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-set"})
			require.NoError(t, err)
			if answer == kubernetes.Take {
				s.until("it is taken back", func() error {
					d, err := s.Client.AppsV1().Deployments(s.name).Get(s.ctx, "web-b", metav1.GetOptions{})
					if by := d.Spec.Template.Spec.Containers[0].Image; err == nil && by != image(version("2")) {
						err = fmt.Errorf("it is %s", by)
					}
					return err
				})
			}
			if answer == kubernetes.Take {
				require.NoError(t, h.Resume("the test", "go on"))
			}
			<-h.over // by itself, where it is refused
			if answer == kubernetes.Take {
				require.NoError(t, h.err)
				s.runs(version("2"), 2)
				s.none(l)
				return
			}
			t.Log(h.err)
			require.ErrorContains(t, h.err, `deployments.apps web-b: .spec.template.spec.containers[name="web"].image is owned by "kubectl-set"`)
			require.Equal(t, rollout.RolledBack, h.result.Outcome)
			s.runs(version("1"), 2)
			s.none(l)
		})
	}
}

// A Deployment of somebody else stands where a slot shall be: nothing is moved.
func TestAForeignDeploymentIsRefused(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.prepare(kubernetes.Gateway{})
	s.deploy(workload{name: "web-a", image: image(version("1"))})
	o := options(s.name, workload{}, kubernetes.Gateway{})
	target := s.open(o, s.employ(o))
	require.ErrorContains(t, target.Check(s.ctx), "deployment web-a exists and was not made by Davit")
	plan, err := strategy.Rolling{Replicas: 2}.Plan(strategy.State{}, version("2"))
	require.NoError(t, err)
	r, err := rollout.New(target, plan, rollout.Options{})
	require.NoError(t, err)
	_, err = r.Run(s.ctx)
	require.ErrorContains(t, err, "deployment web-a exists and was not made by Davit")
	d, err := s.Client.AppsV1().Deployments(s.name).Get(s.ctx, "web-a", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, image(version("1")), d.Spec.Template.Spec.Containers[0].Image)
	assert.Empty(t, d.Labels["davit-sdk.github.io/service"])
}

// An autoscaler has the word about how many pods there are: nobody takes it from it, and the rollout ends.
func TestAnAutoscalerIsNotFought(t *testing.T) {
	t.Parallel()
	s := newService(t, kubernetes.Gateway{}, workload{}, func(o *kubernetes.Options) { o.MoveAutoscaler = true })
	l := s.first(version("1"))
	three := int32(3)
	scalers := s.Client.AutoscalingV2().HorizontalPodAutoscalers(s.name)
	_, err := scalers.Create(s.ctx, &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web-a"},
			MinReplicas:    &three, MaxReplicas: 5,
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	s.until("it has scaled", func() error {
		if n := s.replicas("web-a"); n != 3 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	s.until("three are available", func() error {
		now, err := rollout.Current(s.ctx, s.target)
		if err == nil && now.Stable.Replicas != 3 {
			err = fmt.Errorf("%s", now)
		}
		return err
	})
	h := s.hold(s.plan(half, version("2")), rollout.Options{})
	four := int32(4)
	scaler, err := scalers.Get(s.ctx, "web", metav1.GetOptions{})
	require.NoError(t, err)
	scaler.Spec.MinReplicas = &four
	_, err = scalers.Update(s.ctx, scaler, metav1.UpdateOptions{})
	require.NoError(t, err)
	s.until("four are available in mid-rollout", func() error {
		d, err := s.Client.AppsV1().Deployments(s.name).Get(s.ctx, "web-a", metav1.GetOptions{})
		if err == nil && d.Status.AvailableReplicas != 4 {
			err = fmt.Errorf("%d are", d.Status.AvailableReplicas)
		}
		return err
	})
	s.more(l, 100)
	assert.EqualValues(t, 4, s.replicas("web-a"))
	assert.Empty(t, h.heard(rollout.Drifted), "what an autoscaler does is no meddling")
	require.NoError(t, h.Resume("the test", "go on"))
	<-h.over
	require.NoError(t, h.err)
	assert.Equal(t, rollout.Promoted, h.result.Outcome)
	s.until("the autoscaler has moved to the new slot, and scales it", func() error {
		scaler, err := scalers.Get(s.ctx, "web", metav1.GetOptions{})
		if err == nil && (scaler.Spec.ScaleTargetRef.Name != "web-b" || s.replicas("web-b") != 4) {
			err = fmt.Errorf("%s has %d", scaler.Spec.ScaleTargetRef.Name, s.replicas("web-b"))
		}
		return err
	})
	s.none(l)
}

// With a disruption budget a rollout goes its way, and the budget protects what answers in the middle of it.
func TestADisruptionBudgetHoldsInMidRollout(t *testing.T) {
	t.Parallel()
	s := newService(t, kubernetes.Gateway{}, workload{}, nil)
	five := intstr.FromInt32(5)
	budgets := s.Client.PolicyV1().PodDisruptionBudgets(s.name)
	_, err := budgets.Create(s.ctx, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: policyv1.PodDisruptionBudgetSpec{
		MinAvailable: &five, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"davit-sdk.github.io/service": "web"}},
	}}, metav1.CreateOptions{})
	require.NoError(t, err)
	l := s.first(version("1"))
	plan := s.plan(half, version("2"))
	require.ErrorContains(t, s.target.Check(s.ctx, plan), "poddisruptionbudget web wants 5 available pods, and the plan leaves 2")
	_, err = budgets.Patch(s.ctx, "web", types.MergePatchType, []byte(`{"spec":{"minAvailable":2}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	require.NoError(t, s.target.Check(s.ctx, plan))
	h := s.hold(plan, rollout.Options{})
	pods, err := s.pods("davit-sdk.github.io/slot=a")
	require.NoError(t, err)
	refused := 0
	for _, p := range pods { // three are there: one may go, and no other one
		err := s.Client.PolicyV1().Evictions(s.name).Evict(s.ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: s.name}})
		if apierrors.IsTooManyRequests(err) {
			refused++
		} else {
			require.NoError(t, err)
		}
	}
	assert.Equal(t, 1, refused)
	s.until("the evicted pod has a successor", func() error {
		d, err := s.Client.AppsV1().Deployments(s.name).Get(s.ctx, "web-a", metav1.GetOptions{})
		if err == nil && (d.Status.AvailableReplicas != 2 || d.Status.TerminatingReplicas != nil && *d.Status.TerminatingReplicas > 0) {
			err = fmt.Errorf("%+v", d.Status)
		}
		return err
	})
	require.NoError(t, h.Resume("the test", "go on"))
	<-h.over
	require.NoError(t, h.err)
	s.runs(version("2"), 2)
	s.none(l)
}
