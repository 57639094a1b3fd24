package kubernetes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/davit-sdk/davit/strategy/kubernetes"
)

// object is an object as its JSON has it.
type object = map[string]any

// cluster is an API server in memory: it lists, watches, gets, applies and patches under resource versions,
// and refuses what is based on an older one. Its controllers are in controllers_test.go. It is an
// http.RoundTripper, so that clients talk to it without a network.
type cluster struct {
	mu      sync.Mutex
	version int64
	kinds   map[string]map[string]object // by resource, then by name
	log     []change
	more    chan struct{} // closed when the log grows, or the watches are cut
	down    bool
	held    bool // the watches tell nothing for now
	cuts    int
	// refuse is asked before each request, and its answer given in place of the object.
	refuse func(verb, resource, name string) *metav1.Status
	// managers are the owners of fields by other managers than the one that applies: a conflict each.
	owned map[string][]metav1.StatusCause // by resource/name
	// requests counts what was asked, by "verb resource".
	requests map[string]int
	serial   int
}

// change is one event.
type change struct {
	version  int64
	kind     string
	resource string
	object   object
}

func newCluster() *cluster {
	return &cluster{kinds: map[string]map[string]object{}, more: make(chan struct{}), owned: map[string][]metav1.StatusCause{}, requests: map[string]int{}, version: 100}
}

// clients talk to the cluster.
func (c *cluster) clients(t *testing.T) kubernetes.Clients {
	t.Helper()
	clients, err := kubernetes.Connect(&rest.Config{
		Host: "http://cluster.test", Transport: c, QPS: 10_000, Burst: 10_000,
		ContentConfig: rest.ContentConfig{ContentType: "application/json", AcceptContentTypes: "application/json"},
	})
	require.NoError(t, err)
	return clients
}

// kindOf are the kinds by resource.
var kindOf = map[string]string{
	"deployments": "Deployment", "replicasets": "ReplicaSet", "pods": "Pod", "services": "Service", "endpointslices": "EndpointSlice",
	"horizontalpodautoscalers": "HorizontalPodAutoscaler", "httproutes": "HTTPRoute", "events": "Event", "poddisruptionbudgets": "PodDisruptionBudget",
}

var groupOf = map[string]string{
	"deployments": "apps/v1", "replicasets": "apps/v1", "pods": "v1", "services": "v1", "events": "v1", "endpointslices": "discovery.k8s.io/v1",
	"horizontalpodautoscalers": "autoscaling/v2", "httproutes": "gateway.networking.k8s.io/v1", "poddisruptionbudgets": "policy/v1",
}

// RoundTrip answers one request.
func (c *cluster) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	down := c.down
	c.mu.Unlock()
	if down {
		return nil, fmt.Errorf("dial tcp: connection refused")
	}
	switch parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); {
	case strings.Contains(r.URL.Path, "selfsubjectaccessreviews"):
		return c.review(r)
	case len(parts) == 3: // discovery
		list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: parts[1] + "/" + parts[2]}
		if c.refused("get", "discovery", "") == nil {
			list.APIResources = []metav1.APIResource{{Name: "httproutes", Kind: "HTTPRoute", Namespaced: true}}
		}
		return answer(http.StatusOK, list)
	default:
		resource, name := parts[len(parts)-1], ""
		if kindOf[resource] == "" {
			resource, name = parts[len(parts)-2], parts[len(parts)-1]
		}
		return c.serve(r, resource, name)
	}
}

func (c *cluster) serve(r *http.Request, resource, name string) (*http.Response, error) {
	query := r.URL.Query()
	verb := "get"
	switch {
	case r.Method == http.MethodPatch:
		verb = "patch"
	case query.Get("watch") == "true" || query.Get("watch") == "1":
		verb = "watch"
	case name == "":
		verb = "list"
	}
	if status := c.refused(verb, resource, name); status != nil {
		return answer(int(status.Code), status)
	}
	selects, err := narrowed(query.Get("labelSelector"), query.Get("fieldSelector"))
	if err != nil {
		return nil, err
	}
	switch verb {
	case "watch":
		from, _ := strconv.ParseInt(query.Get("resourceVersion"), 10, 64)
		return c.watch(r, resource, from, selects), nil
	case "list":
		return c.list(resource, selects)
	case "patch":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		return c.patch(resource, name, r.Header.Get("Content-Type"), body, query.Get("force") == "true", query.Get("dryRun") != "")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o, ok := c.kinds[resource][name]; ok {
		return answer(http.StatusOK, o)
	}
	return answer(http.StatusNotFound, missing(resource, name))
}

func (c *cluster) refused(verb, resource, name string) *metav1.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[verb+" "+resource]++
	if c.refuse == nil {
		return nil
	}
	return c.refuse(verb, resource, name)
}

func answer(code int, v any) (*http.Response, error) {
	body, err := json.Marshal(v)
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body))}, err
}

func failure(code int32, reason metav1.StatusReason, format string, args ...any) *metav1.Status {
	return &metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: code, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func missing(resource, name string) *metav1.Status {
	return failure(404, metav1.StatusReasonNotFound, "%s %q not found", resource, name)
}

func forbidden(verb, resource, group string) *metav1.Status {
	return failure(403, metav1.StatusReasonForbidden, `%s is forbidden: User "someone" cannot %s resource %q in API group %q in the namespace "shop"`, resource, verb, resource, group)
}

func (c *cluster) review(r *http.Request) (*http.Response, error) {
	var review struct {
		metav1.TypeMeta `json:",inline"`
		Spec            struct {
			ResourceAttributes struct{ Verb, Resource, Name string } `json:"resourceAttributes"`
		} `json:"spec"`
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		return nil, err
	}
	a := review.Spec.ResourceAttributes
	status := c.refused(a.Verb, a.Resource, a.Name)
	review.Status.Allowed = status == nil || status.Code != http.StatusForbidden
	return answer(http.StatusCreated, review)
}

// narrowed is whether an object is listed by the selectors.
func narrowed(byLabel, byField string) (func(object) bool, error) {
	l, err := labels.Parse(byLabel)
	if err != nil {
		return nil, err
	}
	f, err := fields.ParseSelector(byField)
	if err != nil {
		return nil, err
	}
	return func(o object) bool {
		return l.Matches(labels.Set(textsOf(o, "labels"))) && f.Matches(fields.Set{"metadata.name": nameOf(o), "involvedObject.uid": fmt.Sprint(at(o, "involvedObject", "uid"))})
	}, nil
}

func (c *cluster) list(resource string, selects func(object) bool) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	items := []object{}
	for _, name := range slices.Sorted(maps.Keys(c.kinds[resource])) {
		if o := c.kinds[resource][name]; selects(o) {
			items = append(items, o)
		}
	}
	return answer(http.StatusOK, object{"kind": kindOf[resource] + "List", "apiVersion": groupOf[resource],
		"metadata": object{"resourceVersion": strconv.FormatInt(c.version, 10)}, "items": items})
}

// watch streams what has changed since a version, until the request ends or the watches are cut.
func (c *cluster) watch(r *http.Request, resource string, since int64, selects func(object) bool) *http.Response {
	reader, writer := io.Pipe()
	go func() {
		defer writer.Close()
		c.mu.Lock()
		cuts := c.cuts
		c.mu.Unlock()
		for {
			c.mu.Lock()
			var events []change
			for _, e := range c.log {
				if !c.held && e.version > since && e.resource == resource && selects(e.object) {
					events = append(events, e)
				}
			}
			if !c.held {
				since = c.version
			}
			more, cut := c.more, c.cuts != cuts
			c.mu.Unlock()
			for _, e := range events {
				line, err := json.Marshal(object{"type": e.kind, "object": e.object})
				if err != nil {
					return
				}
				if _, err := writer.Write(append(line, '\n')); err != nil {
					return
				}
			}
			if cut {
				return
			}
			select {
			case <-more:
			case <-r.Context().Done():
				return
			}
		}
	}()
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: reader}
}

// patch applies, or merges.
func (c *cluster) patch(resource, name, kind string, body []byte, force, dry bool) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var tree object
	text, err := yaml.YAMLToJSON(body)
	if err == nil {
		err = kjson.Unmarshal(text, &tree)
	}
	if err != nil {
		return nil, err
	}
	old, exists := c.kinds[resource][name]
	apply := strings.Contains(kind, "apply-patch")
	switch version := at(tree, "metadata", "resourceVersion"); {
	case !exists && (!apply || version != nil):
		return answer(404, missing(resource, name))
	case version != nil && version != at(old, "metadata", "resourceVersion"):
		return answer(409, failure(409, metav1.StatusReasonConflict, "the object has been modified"))
	case apply && !force && len(c.owned[resource+"/"+name]) > 0:
		status := failure(409, metav1.StatusReasonConflict, "Apply failed with conflicts")
		status.Details = &metav1.StatusDetails{Causes: c.owned[resource+"/"+name]}
		return answer(409, status)
	}
	next := object{}
	if exists {
		next = runtime.DeepCopyJSON(old)
	}
	merge(next, tree)
	manage(next, tree, apply)
	if !dry {
		c.store(resource, next)
	}
	return answer(200, next)
}

// manage notes what the one who applies owns. A patch of the replicas takes them over.
func manage(o, tree object, apply bool) {
	meta := o["metadata"].(object)
	if apply {
		meta["managedFields"] = []any{object{"manager": "davit", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fieldsOf(object{"spec": tree["spec"]})}}
	} else if list, ok := meta["managedFields"].([]any); ok && at(tree, "spec", "replicas") != nil {
		if spec, ok := at(list[0].(object), "fieldsV1", "f:spec").(object); ok {
			delete(spec, "f:replicas")
		}
	}
}

// fieldsOf are the fields of a tree, as managedFields has them.
func fieldsOf(tree object) object {
	all := object{}
	for k, v := range tree {
		switch v := v.(type) {
		case object:
			all["f:"+k] = fieldsOf(v)
		case []any:
			items := object{}
			for _, item := range v {
				if m, ok := item.(object); ok && m["name"] != nil {
					items[fmt.Sprintf(`k:{"name":%q}`, m["name"])] = fieldsOf(m)
				}
			}
			all["f:"+k] = items
		default:
			all["f:"+k] = object{}
		}
	}
	return all
}

// merge is a JSON merge patch.
func merge(into, from object) {
	for k, v := range from {
		child, ok := v.(object)
		switch {
		case v == nil:
			delete(into, k)
		case ok:
			below, ok := into[k].(object)
			if !ok {
				below = object{}
			}
			merge(below, child)
			into[k] = below
		default:
			into[k] = v
		}
	}
}

// store keeps an object if it has changed, under the next version.
func (c *cluster) store(resource string, o object) {
	name := nameOf(o)
	old := c.kinds[resource][name]
	meta := o["metadata"].(object)
	if old != nil {
		if same(old, o) {
			return
		}
		if !same(old["spec"], o["spec"]) {
			meta["generation"] = at(old, "metadata", "generation").(int64) + 1
		}
	} else {
		c.serial++
		meta["uid"], meta["generation"] = fmt.Sprintf("uid-%d", c.serial), int64(1)
		o["kind"], o["apiVersion"] = kindOf[resource], groupOf[resource]
	}
	kind := "MODIFIED"
	if old == nil {
		kind = "ADDED"
	}
	c.version++
	meta["resourceVersion"], meta["namespace"] = strconv.FormatInt(c.version, 10), "shop"
	if c.kinds[resource] == nil {
		c.kinds[resource] = map[string]object{}
	}
	c.kinds[resource][name] = o
	c.tell(kind, resource, o)
}

func (c *cluster) tell(kind, resource string, o object) {
	c.log = append(c.log, change{c.version, kind, resource, runtime.DeepCopyJSON(o)})
	close(c.more)
	c.more = make(chan struct{})
}

func (c *cluster) remove(resource, name string) {
	o := runtime.DeepCopyJSON(c.kinds[resource][name])
	delete(c.kinds[resource], name)
	c.version++
	o["metadata"].(object)["resourceVersion"] = strconv.FormatInt(c.version, 10)
	c.tell("DELETED", resource, o)
}

// put stores YAML as somebody else would.
func (c *cluster) put(t *testing.T, text string) {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	var o object
	require.NoError(t, kjson.Unmarshal(data, &o))
	c.mu.Lock()
	defer c.mu.Unlock()
	for resource, kind := range kindOf {
		if kind == o["kind"] {
			c.store(resource, o)
		}
	}
}

// edit changes an object as somebody else would.
func (c *cluster) edit(resource, name string, change func(o object)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := runtime.DeepCopyJSON(c.kinds[resource][name])
	change(o)
	c.store(resource, o)
}

// get is an object as it is now.
func (c *cluster) get(resource, name string) object {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o, ok := c.kinds[resource][name]; ok {
		return runtime.DeepCopyJSON(o)
	}
	return nil
}

// cut ends all watches; with down, nothing is answered any more either.
func (c *cluster) cut(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cuts, c.down = c.cuts+1, down
	close(c.more)
	c.more = make(chan struct{})
}

func (c *cluster) forbid(refuse func(verb, resource, name string) *metav1.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = refuse
}

func nameOf(o object) string {
	name, _ := at(o, "metadata", "name").(string)
	return name
}

func at(o object, path ...string) any {
	var here any = o
	for _, key := range path {
		m, _ := here.(object)
		here = m[key]
	}
	return here
}

// textsOf are the labels or annotations.
func textsOf(o object, field string) map[string]string {
	texts := map[string]string{}
	m, _ := at(o, "metadata", field).(object)
	for k, v := range m {
		texts[k], _ = v.(string)
	}
	return texts
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}
