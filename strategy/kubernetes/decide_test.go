package kubernetes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/strategy"
)

func pool(version string) strategy.Pool {
	return strategy.Pool{Revision: strategy.Revision{Version: version}}
}

// readyPods are pods of a slot that are ready and behind its Service.
func readyPods(n *tenant, version string, count int) {
	n.behind, n.gated = map[types.UID]endpoint{}, true
	for i := range count {
		p := podWith(corev1.ContainerStatus{}, func(p *corev1.Pod) {
			p.Name, p.UID = fmt.Sprintf("%s-%d", n.object, i), types.UID(fmt.Sprintf("%s-%d", n.object, i))
			p.Annotations = tellsPool(pool(version))
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: instant(time.Minute)}}
		})
		n.pods = append(n.pods, p)
		n.sighted(p, time.Minute)
		n.behind[p.UID] = endpoint{ready: true}
	}
}

// idle makes that a mark was seen for so long, whatever it says.
func (t *tenant) idle(ago time.Duration, text string) {
	t.deployment.Annotations[annotationIdle] = text
	if t.seen == nil {
		t.seen = map[types.UID]seen{}
	}
	t.seen[t.deployment.UID] = seen{isIdle: {mark: text, at: noon().Add(-ago)}}
}

// scene is a view of slots a and b, each with ready pods, and the traffic between them.
type scene struct {
	a, b   string // versions; "" for a slot without a Deployment
	an, bn int
	led    split
	change func(v *view)
	now    func(tr *traffic)
	rules  func(r *rules)
}

func (c scene) decide(s strategy.State) decision {
	v := &view{now: noon(), services: map[string]*corev1.Service{}}
	for _, one := range []struct {
		name, version string
		n             int
	}{{"a", c.a, c.an}, {"b", c.b, c.bn}, {"baseline", "", 0}} {
		n := tenant{slot: slot{name: one.name, object: "shop-" + one.name, baseline: one.name == "baseline"}}
		if one.version != "" {
			n = lodger(one.name, pool(one.version), int32(one.n))
			readyPods(&n, one.version, one.n)
			if _, led := c.led[one.name]; !led {
				n.idle(time.Hour, "some time")
			}
			v.services[n.object] = &corev1.Service{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{labelService: "shop"}}, Spec: corev1.ServiceSpec{Selector: n.deployment.Spec.Selector.MatchLabels}}
		}
		v.slots = append(v.slots, n)
	}
	tr := traffic{split: c.led, busy: map[string]bool{}}
	tr.same = func(want split) bool { return sameSplit(want, tr.split) }
	r := rules{drain: time.Minute, service: "shop", perSlot: true, placed: func(string, int64) bool { return true }}
	if c.change != nil {
		c.change(v)
	}
	if c.now != nil {
		c.now(&tr)
	}
	if c.rules != nil {
		c.rules(&r)
	}
	return decide(v, s, tr, r)
}

func (d decision) String() string {
	var parts []string
	for _, w := range d.writes {
		text := string(w.kind) + " " + w.slot
		switch w.kind {
		case scale:
			text += fmt.Sprintf(" to %d", w.replicas)
		case mark:
			text += fmt.Sprintf(" idle=%t", !w.idle.IsZero())
		case lead:
			text = fmt.Sprintf("lead a=%s b=%s", w.split["a"].share, w.split["b"].share)
		}
		parts = append(parts, text)
	}
	for _, w := range append(d.waits, d.blocked...) {
		parts = append(parts, "wait: "+w)
	}
	return strings.Join(parts, "; ")
}

func TestDecide(t *testing.T) {
	one := strategy.State{Stable: strategy.Group{Revision: pool("1").Revision, Replicas: 2, Share: strategy.All()}}
	two := strategy.State{Stable: strategy.Group{Revision: pool("2").Revision, Replicas: 2, Share: strategy.All()}}
	split9010 := one
	split9010.Stable.Share = strategy.Percent(90)
	split9010.Candidate = strategy.Group{Revision: pool("2").Revision, Replicas: 1, Share: strategy.Percent(10)}
	all := func(slot string) split { return split{slot: {share: strategy.All()}} }
	scaler := func(slot string, asked string) func(v *view) {
		return func(v *view) {
			n := v.tenant(slot)
			n.scaler = &autoscalingv2.HorizontalPodAutoscaler{}
			n.deployment.Annotations[annotationAsked] = asked
		}
	}
	idle := func(slot string, ago time.Duration) func(v *view) {
		return func(v *view) { v.tenant(slot).idle(ago, noon().Format(time.RFC3339)) }
	}
	wrong := func(ago time.Duration, mark time.Duration) func(v *view) {
		return func(v *view) { v.tenant("a").idle(ago, noon().Add(mark).Format(time.RFC3339)) }
	}
	moves := func(r *rules) { r.move, r.patience = true, patience{image: time.Minute, node: time.Hour, crashes: 5} }
	both := func(changes ...func(v *view)) func(v *view) {
		return func(v *view) {
			for _, change := range changes {
				change(v)
			}
		}
	}
	peak := func(slot, text string) func(v *view) {
		return func(v *view) { v.tenant(slot).deployment.Annotations[annotationPeak] = text }
	}
	half := split9010
	half.Stable.Share, half.Candidate.Share = strategy.Percent(50), strategy.Percent(50)
	fifty := split{"a": {share: strategy.Percent(50)}, "b": {share: strategy.Percent(50)}}
	for name, c := range map[string]struct {
		scene scene
		state strategy.State
		want  string
	}{
		"nothing to do":             {scene{a: "1", an: 2, led: all("a")}, one, ""},
		"the first release":         {scene{}, one, "expose a; place a"},
		"a candidate moves in":      {scene{a: "1", an: 2, led: all("a")}, split9010, "expose b; place b"},
		"and starts":                {scene{a: "1", an: 2, b: "2", led: all("a"), change: func(v *view) { v.tenant("b").deployment.Status.ObservedGeneration = 0 }}, split9010, "scale b to 1"},
		"and gets its share":        {scene{a: "1", an: 2, b: "2", bn: 1, led: all("a")}, split9010, "mark b idle=false; lead a=90% b=10%"},
		"not before it can answer":  {scene{a: "1", an: 2, b: "2", bn: 1, led: all("a"), change: func(v *view) { v.tenant("b").behind = nil; v.tenant("b").sighted(v.tenant("b").pods[0], 0) }}, split9010, "wait: shop-b has no available pod: the traffic stays"},
		"nor a Service is missing":  {scene{a: "1", an: 2, b: "2", bn: 1, led: all("a"), change: func(v *view) { delete(v.services, "shop-b") }}, split9010, "expose b"},
		"a Service leads elsewhere": {scene{a: "1", an: 2, led: all("a"), change: func(v *view) { v.services["shop-a"].Spec.Selector = map[string]string{"x": "y"} }}, one, "expose a"},
		"the old one is led away":   {scene{a: "1", an: 2, b: "2", bn: 2, led: all("a")}, two, "mark b idle=false; lead a=0% b=100%"},
		"and is marked":             {scene{a: "1", an: 2, b: "2", bn: 2, led: all("b"), change: func(v *view) { delete(v.tenant("a").deployment.Annotations, annotationIdle) }}, two, "mark a idle=true"},
		"and drains":                {scene{a: "1", an: 2, b: "2", bn: 2, led: all("b"), change: idle("a", 20*time.Second)}, two, "wait: shop-a drains for another 40s"},
		"by a clock that is ahead":  {scene{a: "1", an: 2, b: "2", bn: 2, led: all("b"), change: wrong(time.Minute, time.Hour)}, two, "scale a to 0"},
		"by a clock that is behind": {scene{a: "1", an: 2, b: "2", bn: 2, led: all("b"), change: wrong(0, -time.Hour)}, two, "wait: shop-a drains for another 1m0s"},
		"and stops":                 {scene{a: "1", an: 2, b: "2", bn: 2, led: all("b"), change: idle("a", time.Minute)}, two, "scale a to 0"},
		"not while a rule leads to it": {scene{a: "1", an: 2, b: "2", bn: 2, led: all("b"), now: func(tr *traffic) { tr.busy["a"] = true }}, two,
			"mark a idle=false"},
		"not while the Gateway is late": {scene{a: "1", an: 2, b: "2", bn: 2, led: all("b"), change: func(v *view) { delete(v.tenant("a").deployment.Annotations, annotationIdle) },
			now: func(tr *traffic) { tr.pending = "not yet" }}, two, "wait: shop-a still gets requests; wait: not yet"},
		"stopping pods take the place": {scene{a: "1", an: 2, b: "2", led: all("a"), change: func(v *view) {
			n := v.tenant("b")
			readyPods(n, "2", 1)
			n.pods[0].DeletionTimestamp = &metav1.Time{Time: noon()}
		}}, split9010, "wait: shop-b has no available pod: the traffic stays"},
		"fewer, once all is led":      {scene{a: "1", an: 3, led: all("a")}, one, "scale a to 2"},
		"a third one has no place":    {scene{a: "1", an: 2, b: "3", bn: 1, led: all("a")}, split9010, "scale b to 0; wait: 2 has no place yet: shop-b still holds 3"},
		"nor traffic kept by it":      {scene{a: "1", an: 2, b: "3", bn: 1, led: split{"a": {share: strategy.Percent(90)}, "b": {share: strategy.Percent(10)}}}, split9010, "lead a=100% b=0%; wait: 2 has no place yet: shop-b still holds 3"},
		"an autoscaler is not fought": {scene{a: "1", an: 7, led: all("a"), change: scaler("a", "2")}, one, ""},
		"nor where it has fewer":      {scene{a: "1", an: 1, led: all("a"), change: scaler("a", "2")}, one, ""},
		"but the plan may want more":  {scene{a: "1", an: 1, led: all("a"), change: scaler("a", "1")}, one, "scale a to 2"},
		"and none at all":             {scene{a: "1", an: 7, b: "2", bn: 2, led: all("b"), change: scaler("a", "2")}, two, "scale a to 0"},
		"it is moved": {scene{a: "1", b: "2", bn: 2, led: all("b"), change: scaler("a", "2"), rules: func(r *rules) { r.move = true }}, two,
			"move b"},
		"a share of what it wants": {scene{a: "1", an: 10, b: "2", bn: 1, led: all("a"), change: scaler("a", "2"), rules: moves}, half,
			"scale b to 5"},
		"not before they can answer": {scene{a: "1", an: 10, b: "2", bn: 5, led: all("a"), change: both(scaler("a", "2"), func(v *view) {
			b := v.tenant("b")
			delete(b.behind, "shop-b-0")
			b.sighted(b.pods[0], 0)
		}), rules: moves}, half,
			"wait: shop-b has 4 of the 5 available pods that its share of what the autoscaler wants takes: the traffic stays"},
		"then":                          {scene{a: "1", an: 10, b: "2", bn: 5, led: all("a"), change: scaler("a", "2"), rules: moves}, half, "mark b idle=false; lead a=50% b=50%"},
		"and they stay":                 {scene{a: "1", an: 10, b: "2", bn: 5, led: fifty, change: scaler("a", "2"), rules: moves}, half, ""},
		"where it wants less meanwhile": {scene{a: "1", an: 5, b: "2", bn: 5, led: fifty, change: both(scaler("a", "2"), peak("b", "10 2")), rules: moves}, two, "scale b to 10"},
		"not by another pool's peak":    {scene{a: "1", an: 5, b: "2", bn: 5, led: fifty, change: both(scaler("a", "2"), peak("b", "10 7")), rules: moves}, two, "lead a=0% b=100%"},
		"nor where it stays":            {scene{a: "1", an: 10, b: "2", bn: 2, led: all("a"), change: scaler("a", "2")}, half, "mark b idle=false; lead a=50% b=50%"},
		"the way back may be short": {scene{a: "1", an: 2, b: "2", bn: 10, led: all("b"), change: both(scaler("b", "2"), func(v *view) {
			a := v.tenant("a")
			a.deployment.Spec.Replicas = new(int32(10))
			a.deployment.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate"}}
			a.sighted(a.pods[0], time.Hour)
		}), rules: moves}, one, "mark a idle=false; lead a=100% b=0%"},
		"but not at once":      {scene{a: "1", an: 2, b: "2", bn: 10, led: all("b"), change: scaler("b", "2"), rules: moves}, one, "scale a to 10"},
		"dark":                 {scene{a: "1", an: 2, led: all("a")}, strategy.State{}, "lead a=0% b=0%"},
		"light for who can":    {scene{a: "1", an: 2, b: "2", led: split{}, change: func(v *view) { v.tenant("b").deployment.Spec.Replicas = new(int32(1)) }}, split9010, "mark a idle=false; lead a=100% b=0%"},
		"an adopted one first": {scene{a: "1", an: 2, led: all("a"), change: func(v *view) { v.tenant("a").adopted = true }}, split9010, "adopt a"},
		"minimum time ready": {scene{a: "1", an: 2, led: all("a")}, func() strategy.State { s := one; s.MinReady = 1500 * time.Millisecond; return s }(),
			"scale a to 2"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, c.scene.decide(c.state).String()) })
	}
	// Pods that no request reaches say why, once that takes longer than usual.
	for _, c := range []struct {
		ago  time.Duration
		say  func(v *view)
		want string
	}{
		{time.Minute, func(v *view) { clear(v.tenant("b").behind) }, "wait: shop-b has no available pod: the traffic stays; wait: pod shop-b-0 is ready, and no requests reach it: it is not in the endpointslices of service shop-b (its controller may be late, or the Service has no selector for it)"},
		{time.Minute, func(v *view) { v.tenant("b").behind["shop-b-0"] = endpoint{} }, "wait: shop-b has no available pod: the traffic stays; wait: pod shop-b-0 is ready, and no requests reach it: the endpointslices of service shop-b say that it is not ready"},
		{time.Second, func(v *view) { clear(v.tenant("b").behind) }, "wait: shop-b has no available pod: the traffic stays"},
	} {
		assert.Equal(t, c.want, scene{a: "1", an: 2, b: "2", bn: 1, led: all("a"), change: func(v *view) {
			c.say(v)
			v.tenant("b").sighted(v.tenant("b").pods[0], c.ago)
		}}.decide(split9010).String())
	}
	// What somebody else has changed gets nothing more, and may always be left.
	foreign := func(v *view) { v.tenant("b").conflict = &ConflictError{Object: "x"} }
	tenth := split{"a": {share: strategy.Percent(90)}, "b": {share: strategy.Percent(10)}}
	assert.Error(t, scene{a: "1", an: 2, b: "2", bn: 1, led: tenth, change: foreign}.decide(two).err)
	assert.Error(t, scene{a: "1", an: 2, b: "2", bn: 1, led: all("a"), change: foreign}.decide(split9010).err)
	assert.NoError(t, scene{a: "1", an: 2, b: "2", bn: 1, led: tenth, change: foreign}.decide(split9010).err)
	assert.Equal(t, "lead a=100% b=0%", scene{a: "1", an: 2, b: "2", bn: 1, led: tenth, change: foreign}.decide(one).String())
	assert.Equal(t, "scale b to 0", scene{a: "1", an: 2, b: "2", bn: 1, led: all("a"), change: foreign}.decide(one).String())
}

// A pool keeps its slot, whatever else the state names.
func TestAssign(t *testing.T) {
	empty := func(name string) tenant {
		return tenant{slot: slot{name: name, object: name, baseline: name == "baseline"}}
	}
	v := &view{slots: []tenant{empty("a"), lodger("b", pool("1"), 2), empty("baseline")}}
	s := strategy.State{
		Stable:    strategy.Group{Revision: pool("1").Revision, Replicas: 2},
		Baseline:  strategy.Group{Revision: pool("1").Revision, Replicas: 1},
		Candidate: strategy.Group{Revision: pool("2").Revision, Replicas: 1},
	}
	at, waiting := assign(v, s, false)
	assert.Empty(t, waiting)
	assert.Equal(t, map[strategy.Pool]string{pool("1"): "b", pool("2"): "a", {Revision: pool("1").Revision, Baseline: true}: "baseline"}, at)

	native := &view{slots: []tenant{lodger("main", pool("1"), 2)}}
	at, waiting = assign(native, strategy.State{Stable: s.Candidate}, true)
	assert.Empty(t, waiting)
	assert.Equal(t, map[strategy.Pool]string{pool("2"): "main"}, at)
}

func TestRolling(t *testing.T) {
	for _, c := range []struct {
		n              int
		l              strategy.Limits
		surge, missing int
	}{
		{4, strategy.Limits{MinAvailable: 4, MaxTotal: 5}, 1, 0},
		{4, strategy.Limits{MinAvailable: 3, MaxTotal: 4}, 0, 1},
		{4, strategy.Limits{MinAvailable: 3}, 4, 1},
		{2, strategy.Limits{MinAvailable: 2, MaxTotal: 6}, 4, 0},
		{6, strategy.Limits{MinAvailable: 2, MaxTotal: 7}, 1, 4},
		{0, strategy.Limits{}, 1, 0},
		{3, strategy.Limits{MinAvailable: 3, MaxTotal: 3}, 0, 1},
	} {
		r := rolling(c.n, c.l)
		assert.Equal(t, []int{c.surge, c.missing}, []int{r.MaxSurge.IntValue(), r.MaxUnavailable.IntValue()}, "%+v", c)
	}
}
