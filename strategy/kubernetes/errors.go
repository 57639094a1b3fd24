package kubernetes

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// RightsError says that a right is missing. It wraps the API server's answer.
type RightsError struct {
	// Verbs are what is not allowed, each as a Role has it: what is watched is listed, too, and needs both.
	Verbs []string
	// Group is the API group of the resource, empty for the core group.
	Group, Resource, Namespace string
	// Name is the object's name, where the right is needed for that one alone.
	Name string
	Err  error
}

// Error names the right, and the rule to add to the Role.
func (e *RightsError) Error() string {
	what, names := e.full(), ""
	if e.Name != "" {
		what, names = what+" "+e.Name, fmt.Sprintf(", resourceNames: [%q]", e.Name)
	}
	text := fmt.Sprintf("no right to %s %s in namespace %s: the Role lacks {apiGroups: [%q], resources: [%q]%s, verbs: [\"%s\"]}",
		strings.Join(e.Verbs, " and "), what, e.Namespace, e.Group, e.Resource, names, strings.Join(e.Verbs, `", "`))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *RightsError) full() string {
	if e.Group == "" {
		return e.Resource
	}
	return e.Resource + "." + e.Group
}

// Unwrap is the API server's answer.
func (e *RightsError) Unwrap() error { return e.Err }

// ConflictError says that other field managers own fields that were to be written.
type ConflictError struct {
	// Object is what was to be written, as "deployments.apps web-a".
	Object string
	// Fields are the fields, each with its manager.
	Fields []FieldOwner
}

// FieldOwner is a field and who owns it.
type FieldOwner struct{ Field, Manager string }

func (e *ConflictError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = fmt.Sprintf("%s is owned by %q", f.Field, f.Manager)
	}
	return fmt.Sprintf("%s: %s: take them out of what that manager applies, or set Options.Conflicts to Take", e.Object, strings.Join(parts, "; "))
}

// notOurs is what is wrong with an object that stands where one of ours shall be.
const notOurs = "exists and was not made by Davit: delete it, choose other names (Options.Slots, Options.Baseline), or say which revision it runs (Options.Adopt)"

// errStale says that an object was changed since it was read.
var errStale = errors.New("the object was changed meanwhile")

// call is a request to the API server, for its error.
type call struct {
	verb, group, resource, namespace, name string
}

func (c call) object() string {
	text := c.resource
	if c.group != "" {
		text += "." + c.group
	}
	return strings.TrimSpace(text + " " + c.name)
}

var ownedBy = regexp.MustCompile(`conflict with "([^"]*)"`)

// explain turns the API server's answer into an error that says what to do. What waiting cannot mend is
// marked so. The authorizer's answers have the same code as those of admission plugins, a used up quota for
// example, and are told by their words.
func (c call) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot create resource"): // by applying
		return rollout.Permanent(&RightsError{Verbs: []string{"create"}, Group: c.group, Resource: c.resource, Namespace: c.namespace, Err: err})
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot "+c.verb+" resource"):
		return rollout.Permanent(&RightsError{Verbs: []string{c.verb}, Group: c.group, Resource: c.resource, Namespace: c.namespace, Name: c.name, Err: err})
	case apierrors.IsConflict(err):
		if owners := ownersOf(err); len(owners) > 0 {
			return rollout.Permanent(&ConflictError{Object: c.object(), Fields: owners})
		}
		return fmt.Errorf("%s %s: %w: %w", c.verb, c.object(), errStale, err)
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsMethodNotSupported(err):
		return rollout.Permanent(fmt.Errorf("%s %s: %w", c.verb, c.object(), err))
	}
	return fmt.Errorf("%s %s: %w", c.verb, c.object(), err)
}

// rightsPatience is how long a right may be refused before it counts as missing: an API server that has just
// started answers, for a moment, before it has read who has which rights.
const rightsPatience = 20 * time.Second

// denial is since when, and until when, a right was refused.
type denial struct{ first, last time.Time }

// explain is the call's, but for a right that is refused for the first time: that may pass.
func (t *Target) explain(c call, err error) error {
	explained := c.explain(err)
	var missing *RightsError
	if !errors.As(explained, &missing) {
		return explained
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now, right := time.Now(), strings.Join(missing.Verbs, " ")+" "+missing.full()
	d := t.denied[right]
	if now.Sub(d.last) > rightsPatience/2 {
		d.first = now
	}
	d.last = now
	if t.denied[right] = d; now.Sub(d.first) >= rightsPatience {
		return explained
	}
	return missing
}

// ownersOf are the fields of a conflict between field managers; none where the conflict is another.
func ownersOf(err error) []FieldOwner {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var owners []FieldOwner
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		manager := cause.Message
		if m := ownedBy.FindStringSubmatch(cause.Message); m != nil {
			manager = m[1]
		}
		owners = append(owners, FieldOwner{Field: cause.Field, Manager: manager})
	}
	return owners
}
