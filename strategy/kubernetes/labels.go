package kubernetes

import (
	"encoding/json"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/davit-sdk/davit/strategy"
)

// What is remembered in the cluster, so that a new process goes on from there alone. All names share one
// prefix. Labels select, annotations tell.
const (
	prefix = "davit-sdk.github.io/"

	// labelService is on everything that belongs to a service: its Deployments, pods and Services.
	labelService = prefix + "service"
	// labelSlot is on a Deployment, its pods and its Service: "a", "b", "baseline", or "main".
	labelSlot = prefix + "slot"

	// annotationVersion, annotationDigest and annotationBaseline name the pool, on the Deployment and
	// on its pods.
	annotationVersion  = prefix + "version"
	annotationDigest   = prefix + "digest"
	annotationBaseline = prefix + "baseline"
	// annotationAsked is how many instances the last state that was applied wanted of the Deployment.
	annotationAsked = prefix + "asked"
	// annotationPeak is the most that an autoscaler of another slot has wanted since the pool moved in, and the
	// pool, so that it means nothing to the next one.
	annotationPeak = prefix + "peak"
	// annotationIdle is there while the pods of the Deployment get no requests: since when, in RFC 3339, by the
	// clock of the host that wrote it.
	annotationIdle = prefix + "idle-since"
	// annotationFence is the highest fencing token that was seen.
	annotationFence = prefix + "fence"
	// annotationRules is on the HTTPRoute, with the name of the service behind it: the rules in it that
	// were added for requests with a header or a cookie, as JSON.
	annotationRules = prefix + "rules."
)

// poolOf reads which pool an object belongs to.
func poolOf(o metav1.Object) (strategy.Pool, bool) {
	a := o.GetAnnotations()
	version, ok := a[annotationVersion]
	pool := strategy.Pool{
		Revision: strategy.Revision{Version: version, Digest: a[annotationDigest]},
		Baseline: a[annotationBaseline] == "true",
	}
	return pool, ok && !pool.Revision.IsZero()
}

// tellsPool are the annotations that poolOf reads.
func tellsPool(p strategy.Pool) map[string]string {
	return map[string]string{
		annotationVersion:  p.Revision.Version,
		annotationDigest:   p.Revision.Digest,
		annotationBaseline: strconv.FormatBool(p.Baseline),
	}
}

// asked is how many instances were wanted last; false where that is not known.
func asked(o metav1.Object) (int, bool) {
	n, err := strconv.Atoi(o.GetAnnotations()[annotationAsked])
	return n, err == nil
}

// idleMark is the mark that the object's pods get no requests any more; empty where there is none. The time in it
// tells one mark from another, and people when it was made: nothing is counted from it.
func idleMark(o metav1.Object) string { return o.GetAnnotations()[annotationIdle] }

// fenceOf is the token that an object was stamped with; zero where it was not.
func fenceOf(o metav1.Object, key string) uint64 {
	token, err := strconv.ParseUint(o.GetAnnotations()[key], 10, 64)
	if err != nil {
		return 0
	}
	return token
}

// added is what the target has added to an HTTPRoute besides shares.
type added struct {
	// Rules are the fingerprints of the rules that were added.
	Rules []string `json:"rules,omitempty"`
	// Match are the rules of a state that they stand for, by slot.
	Match map[string][]strategy.Match `json:"match,omitempty"`
}

func addedTo(o metav1.Object, service string) added {
	var a added
	if json.Unmarshal([]byte(o.GetAnnotations()[annotationRules+service]), &a) != nil {
		return added{}
	}
	return a
}

func (a added) text() string {
	text, err := json.Marshal(a)
	if err != nil {
		return "{}" // it holds strings only
	}
	return string(text)
}
