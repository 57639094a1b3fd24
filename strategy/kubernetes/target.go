package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Clients talk to one cluster.
type Clients struct {
	Kubernetes clientset.Interface
	// Dynamic is needed with Gateway only.
	Dynamic dynamic.Interface
}

// Connect makes clients of a configuration, as clientcmd or rest.InClusterConfig give it. Where it does
// not limit the rate of requests, 50 a second are its limit, with bursts of 100.
func Connect(config *rest.Config) (Clients, error) {
	config = rest.CopyConfig(config)
	if config.QPS == 0 && config.RateLimiter == nil {
		config.QPS, config.Burst = 50, 100
	}
	k, err := clientset.NewForConfig(config)
	if err != nil {
		return Clients{}, fmt.Errorf("connect to the cluster: %w", err)
	}
	d, err := dynamic.NewForConfig(config)
	if err != nil {
		return Clients{}, fmt.Errorf("connect to the cluster: %w", err)
	}
	return Clients{Kubernetes: k, Dynamic: d}, nil
}

// Target is a rollout.Target over the Deployments, and what leads traffic to them, of one service in one
// namespace. All that it must remember lies in the cluster: a new one goes on where an old one ended.
//
// Observe may be called beside a rollout; Apply, Roll and Fence are a rollout's, one call at a time.
type Target struct {
	s       settings
	clients Clients
	log     hclog.Logger

	deployments *shelf[*appsv1.Deployment]
	pods        *shelf[*corev1.Pod]
	services    *shelf[*corev1.Service]
	endpoints   *shelf[*discoveryv1.EndpointSlice]
	scalers     *shelf[*autoscalingv2.HorizontalPodAutoscaler]
	routes      *shelf[*unstructured.Unstructured]

	busy     atomic.Bool
	token    atomic.Uint64 // that Fence was called with last
	ledger   *ledger
	sights   *sights
	tellings tellings

	mu     sync.Mutex
	leave  map[string]bool    // slots that the last state leaves nothing of
	raised map[string]int     // slots that are to have more pods than the last state says
	placed map[string]int64   // the generation of a slot's Deployment after the manifest was applied
	denied map[string]denial  // rights that were refused
	lost   map[types.UID]bool // pods that were told to be lost
	alive  time.Time          // the API server answered last

	stop    context.CancelFunc
	closed  atomic.Bool
	follows sync.WaitGroup
}

var (
	_ rollout.Target   = (*Target)(nil)
	_ rollout.Claimer  = (*Target)(nil)
	_ rollout.Fencer   = (*Target)(nil)
	_ rollout.Matcher  = (*Target)(nil)
	_ rollout.Mirrorer = (*Target)(nil)
	_ rollout.Sticker  = (*Target)(nil)
	_ rollout.Grainer  = (*Target)(nil)
	_ rollout.Roller   = (*Target)(nil)
	_ rollout.Fitter   = (*Target)(nil)
)

// Open watches a service, and returns once all is known of it that is to be known. Ctx bounds the opening
// alone; Close ends the watches. A right that is missing ends it at once.
func Open(ctx context.Context, clients Clients, o Options) (*Target, error) {
	s, err := o.resolve()
	if clients.Kubernetes == nil {
		err = errors.Join(err, errors.New("Clients.Kubernetes is nil"))
	}
	if _, gateway := o.Traffic.(Gateway); gateway && clients.Dynamic == nil {
		err = errors.Join(err, errors.New("Clients.Dynamic is nil, and a Gateway needs it"))
	}
	if err != nil {
		return nil, fmt.Errorf("open a Kubernetes target: %w", err)
	}
	t := &Target{s: s, clients: clients, log: s.Logger.Named("kubernetes").With("namespace", s.Namespace, "service", s.Name), placed: map[string]int64{}, denied: map[string]denial{}, lost: map[types.UID]bool{}}
	t.ledger, t.sights, t.tellings.told = newLedger(), newSights(), map[string]telling{}
	t.watch()
	if err := t.trust(ctx, true); err != nil {
		t.Close()
		return nil, fmt.Errorf("open a Kubernetes target: %w", err)
	}
	return t, nil
}

// Close ends all watches and waits until they have ended. It may be called more than once; afterwards
// all calls are errors.
func (t *Target) Close() {
	t.closed.Store(true)
	t.stop()
	t.follows.Wait()
}

// Claim takes the target for one rollout of this process.
func (t *Target) Claim() (release func(), err error) {
	if !t.busy.CompareAndSwap(false, true) {
		return nil, rollout.ErrBusy
	}
	return func() { t.busy.Store(false) }, nil
}

// passes bounds how many kinds of writes one Apply makes: each is decided on what the one before has left.
const passes = 12

// Apply makes all writes that bring the target nearer to the state and can be made now. Each is based on
// the version of its object that was seen: whoever has changed it meanwhile is seen first.
func (t *Target) Apply(ctx context.Context, s strategy.State) error {
	if err := t.Fits(s); err != nil {
		return rollout.Permanent(err)
	}
	return t.converge(ctx, s, func(v *view, now traffic) decision { return decide(v, s, now, t.rules()) })
}

func (t *Target) converge(ctx context.Context, s strategy.State, next func(*view, traffic) decision) error {
	for range passes {
		if err := t.trust(ctx, false); err != nil {
			return err
		}
		v, err := t.look(time.Now())
		if err != nil {
			return rollout.Permanent(err)
		}
		if err := t.mayWrite(v); err != nil {
			return err
		}
		now, err := t.traffic(v)
		if err != nil {
			return err
		}
		t.remember(v, s)
		d := next(v, now)
		if d.err != nil {
			return rollout.Permanent(d.err)
		}
		if len(d.writes) == 0 {
			if len(d.blocked) > 0 {
				return errors.New(strings.Join(d.blocked, "; "))
			}
			return nil
		}
		for _, w := range d.writes {
			if err := t.write(ctx, v, w); errors.Is(err, errStale) {
				t.log.Debug("an object was changed meanwhile", "write", string(w.kind), "error", err)
				break // look again
			} else if err != nil {
				return err
			}
		}
	}
	return nil // the next call goes on
}

// mayWrite refuses once somebody else has taken over.
func (t *Target) mayWrite(v *view) error {
	if token := t.token.Load(); v.token > token {
		if token == 0 {
			return fmt.Errorf("%w: it was moved under token %d, and this rollout has none (rollout.Options.Fence)", rollout.ErrFenced, v.token)
		}
		return fmt.Errorf("%w: %d has it, not %d", rollout.ErrFenced, v.token, token)
	}
	return nil
}

// rules are the settings that decide goes by.
func (t *Target) rules() rules {
	r := rules{service: t.s.Name, manager: t.s.FieldManager, drain: t.s.DrainDelay, move: t.s.MoveAutoscaler, patience: t.s.patience(), take: t.s.Conflicts == Take, placed: t.wasPlaced}
	switch t.s.Traffic.(type) {
	case Gateway:
		r.perSlot = true
	case Native:
		r.native = true
	}
	return r
}

// wasPlaced reports whether the manifest was applied to a slot by this process, and has stood since.
func (t *Target) wasPlaced(slot string, generation int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	placed, ok := t.placed[slot]
	return ok && placed == generation
}

// remember notes which slots are to be left by all of their pods.
func (t *Target) remember(v *view, s strategy.State) {
	leave := map[string]bool{}
	for _, n := range v.slots {
		_, g, ok := s.Find(n.pool)
		leave[n.name] = !ok || g.Replicas == 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave, t.raised = leave, t.rules().raised(v, s)
}

// raisedTo is how many pods a slot is to have because an autoscaler wants so many elsewhere; zero: as the state says.
func (t *Target) raisedTo(slot string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.raised[slot]
}

func (t *Target) leaving(slot string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.leave[slot]
}
