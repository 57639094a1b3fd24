package kubernetes_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// controllers make of Deployments pods, and of Services EndpointSlices, as the controllers of a cluster do.
type controllers struct {
	*cluster
	// start is how long a pod takes to become ready, stop how long to end.
	start, stop time.Duration
	// late is how long after a ReplicaSet was asked for fewer pods they are told to end: its controller is another
	// one than the Deployment's, which goes on meanwhile.
	late time.Duration
	// behave changes a pod that was made, before anyone sees it; nil: it is a good one.
	behave func(pod object)
	// blind are Services that no EndpointSlice is written of any more.
	blind  map[string]bool
	born   map[string]time.Time
	spared map[string]time.Time // pods that their ReplicaSet is not asked for any more
	ending map[string]time.Time
}

// run reconciles until ctx ends.
func (k *controllers) run(ctx context.Context) {
	k.born, k.spared, k.ending = map[string]time.Time{}, map[string]time.Time{}, map[string]time.Time{}
	for {
		k.mu.Lock()
		more := k.more
		k.mu.Unlock()
		var tick <-chan time.Time
		if k.pass(time.Now()) {
			tick = time.After(10 * time.Millisecond)
		}
		select {
		case <-more:
		case <-tick:
		case <-ctx.Done():
			return
		}
	}
}

// pass reconciles once, and reports whether time alone will change something.
func (k *controllers) pass(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.age(now)
	for _, name := range slices.Sorted(maps.Keys(k.kinds["deployments"])) {
		k.deployment(k.kinds["deployments"][name], now)
	}
	for _, name := range slices.Sorted(maps.Keys(k.kinds["services"])) {
		k.service(k.kinds["services"][name])
	}
	for _, pod := range k.kinds["pods"] {
		if at(pod, "metadata", "deletionTimestamp") != nil && at(pod, "metadata", "finalizers") == nil || at(pod, "status", "phase") == "Pending" {
			return true
		}
	}
	return len(k.spared) > 0
}

// age makes pods ready, and ends those that were told to.
func (k *controllers) age(now time.Time) {
	for _, name := range slices.Sorted(maps.Keys(k.kinds["pods"])) {
		pod := k.kinds["pods"][name]
		if since, ok := k.spared[name]; ok && now.Sub(since) >= k.late {
			k.end(pod, now)
			continue
		}
		switch {
		case at(pod, "metadata", "deletionTimestamp") != nil && at(pod, "metadata", "finalizers") == nil:
			if now.Sub(k.ending[name]) >= k.stop {
				k.remove("pods", name)
			}
		case at(pod, "status", "phase") == "Pending" && now.Sub(k.born[name]) >= k.start:
			next := runtime.DeepCopyJSON(pod)
			next["status"] = object{"phase": "Running", "conditions": []any{object{"type": "Ready", "status": "True", "lastTransitionTime": now.UTC().Format(time.RFC3339)}}}
			k.store("pods", next)
		}
	}
}

func ready(pod object) bool {
	list, _ := at(pod, "status", "conditions").([]any)
	return at(pod, "metadata", "deletionTimestamp") == nil && at(pod, "status", "phase") != "Failed" && slices.ContainsFunc(list, func(c any) bool {
		return at(c.(object), "type") == "Ready" && at(c.(object), "status") == "True"
	})
}

func (k *controllers) selected(selector object) []object {
	wanted := labels.Set{}
	for key, v := range selector {
		wanted[key], _ = v.(string)
	}
	var pods []object
	for _, name := range slices.Sorted(maps.Keys(k.kinds["pods"])) {
		if pod := k.kinds["pods"][name]; len(wanted) > 0 && labels.SelectorFromSet(wanted).Matches(labels.Set(textsOf(pod, "labels"))) {
			pods = append(pods, pod)
		}
	}
	return pods
}

// deployment rolls: it makes pods of the template up to replicas and maxSurge, and ends others and too many.
func (k *controllers) deployment(d object, now time.Time) {
	replicas := int64(1)
	if n, ok := at(d, "spec", "replicas").(int64); ok {
		replicas = n
	}
	surge, _ := at(d, "spec", "strategy", "rollingUpdate", "maxSurge").(int64)
	missing, _ := at(d, "spec", "strategy", "rollingUpdate", "maxUnavailable").(int64)
	if surge == 0 && missing == 0 {
		surge = 1
	}
	hash := hashOf(at(d, "spec", "template"))
	k.set(d, hash)
	selector, _ := at(d, "spec", "selector", "matchLabels").(object)
	var fresh, old, avail int64
	var stale, current []object
	for _, pod := range k.selected(selector) {
		switch {
		case !k.wanted(pod):
			continue
		case strings.HasPrefix(nameOf(pod), nameOf(d)+"-"+hash):
			fresh, current = fresh+1, append(current, pod)
		default:
			old, stale = old+1, append(stale, pod)
		}
		if ready(pod) {
			avail++
		}
	}
	for ; fresh < replicas && fresh+old < replicas+surge; fresh++ {
		k.create(d, hash, now)
	}
	for _, pod := range reversed(current) {
		if fresh > replicas {
			k.spare(pod, now)
			fresh--
		}
	}
	for _, pod := range stale {
		if ready(pod) {
			if avail <= replicas-missing {
				break
			}
			avail--
		}
		k.spare(pod, now)
	}
	k.size(d)
	k.report(d)
}

// wanted reports whether a pod is one of those that its ReplicaSet is asked for.
func (k *controllers) wanted(pod object) bool {
	_, spared := k.spared[nameOf(pod)]
	return !spared && at(pod, "metadata", "deletionTimestamp") == nil && at(pod, "status", "phase") != "Failed"
}

// size asks each ReplicaSet for the pods that are wanted of it.
func (k *controllers) size(d object) {
	for _, name := range slices.Sorted(maps.Keys(k.kinds["replicasets"])) {
		if !strings.HasPrefix(name, nameOf(d)+"-") {
			continue
		}
		n := int64(0)
		for _, pod := range k.kinds["pods"] {
			if strings.HasPrefix(nameOf(pod), name+"-") && k.wanted(pod) {
				n++
			}
		}
		next := runtime.DeepCopyJSON(k.kinds["replicasets"][name])
		next["spec"].(object)["replicas"] = n
		k.store("replicasets", next)
	}
}

// set is the ReplicaSet of the template, which is the newest from now on.
func (k *controllers) set(d object, hash string) {
	name := nameOf(d) + "-" + hash
	old := k.kinds["replicasets"][name]
	newest := int64(0)
	for _, s := range k.kinds["replicasets"] {
		if strings.HasPrefix(nameOf(s), nameOf(d)+"-") {
			n, _ := strconv.ParseInt(textsOf(s, "annotations")["deployment.kubernetes.io/revision"], 10, 64)
			newest = max(newest, n)
		}
	}
	if old != nil && textsOf(old, "annotations")["deployment.kubernetes.io/revision"] == strconv.FormatInt(newest, 10) {
		return
	}
	if at(d, "spec", "template", "metadata", "labels") == nil {
		return
	}
	template := runtime.DeepCopyJSON(at(d, "spec", "template").(object))
	labels := template["metadata"].(object)["labels"].(object)
	labels["pod-template-hash"] = hash
	next := object{"metadata": object{"name": name, "labels": labels, "annotations": object{"deployment.kubernetes.io/revision": strconv.FormatInt(newest+1, 10)},
		"ownerReferences": []any{object{"apiVersion": "apps/v1", "kind": "Deployment", "name": nameOf(d), "uid": at(d, "metadata", "uid"), "controller": true}}},
		"spec": object{"template": template}}
	if old != nil {
		next["metadata"].(object)["uid"] = at(old, "metadata", "uid")
		next["metadata"].(object)["generation"] = at(old, "metadata", "generation")
	}
	k.store("replicasets", next)
}

func reversed(list []object) []object {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

func (k *controllers) create(d object, hash string, now time.Time) {
	template := runtime.DeepCopyJSON(at(d, "spec", "template").(object))
	k.serial++
	meta, _ := template["metadata"].(object)
	meta["name"] = fmt.Sprintf("%s-%s-%d", nameOf(d), hash, k.serial)
	meta["creationTimestamp"] = now.UTC().Format(time.RFC3339)
	pod := object{"metadata": meta, "spec": template["spec"], "status": object{"phase": "Pending"}}
	if k.behave != nil {
		k.behave(pod)
	}
	if set := k.kinds["replicasets"][nameOf(d)+"-"+hash]; set != nil {
		meta["ownerReferences"] = []any{object{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": nameOf(set), "uid": at(set, "metadata", "uid"), "controller": true}}
	}
	k.born[nameOf(pod)] = now
	k.store("pods", pod)
}

// spare tells a pod to end, sooner or later.
func (k *controllers) spare(pod object, now time.Time) {
	if k.late == 0 {
		k.end(pod, now)
		return
	}
	k.spared[nameOf(pod)] = now
}

func (k *controllers) end(pod object, now time.Time) {
	next := runtime.DeepCopyJSON(pod)
	next["metadata"].(object)["deletionTimestamp"] = now.UTC().Format(time.RFC3339)
	delete(k.spared, nameOf(pod))
	k.ending[nameOf(pod)] = now
	k.store("pods", next)
}

// report writes the status.
func (k *controllers) report(d object) {
	selector, _ := at(d, "spec", "selector", "matchLabels").(object)
	var all, good int64
	for _, pod := range k.selected(selector) {
		if at(pod, "metadata", "deletionTimestamp") == nil && at(pod, "status", "phase") != "Failed" {
			all++
		}
		if ready(pod) {
			good++
		}
	}
	next := runtime.DeepCopyJSON(d)
	status := object{"observedGeneration": at(d, "metadata", "generation"), "replicas": all, "readyReplicas": good, "availableReplicas": good}
	if c := at(d, "status", "conditions"); c != nil {
		status["conditions"] = c
	}
	next["status"] = status
	k.store("deployments", next)
}

// service writes the one EndpointSlice of a Service.
func (k *controllers) service(s object) {
	if k.blind[nameOf(s)] {
		return
	}
	selector, _ := at(s, "spec", "selector").(object)
	endpoints := []any{}
	for _, pod := range k.selected(selector) {
		if at(pod, "metadata", "deletionTimestamp") == nil {
			endpoints = append(endpoints, object{"addresses": []any{"10.0.0.1"}, "conditions": object{"ready": ready(pod)},
				"targetRef": object{"kind": "Pod", "name": nameOf(pod), "uid": at(pod, "metadata", "uid")}})
		}
	}
	name := nameOf(s) + "-1"
	old := k.kinds["endpointslices"][name]
	next := object{"metadata": object{"name": name, "labels": object{"kubernetes.io/service-name": nameOf(s)}}, "addressType": "IPv4", "endpoints": endpoints}
	if old != nil {
		next = runtime.DeepCopyJSON(old)
		next["endpoints"] = endpoints
	}
	k.store("endpointslices", next)
}

func hashOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:4])
}
