package version

import (
	"errors"
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/changelog"
)

// of is the decision for the component that is released.
func (s Stage) of(plan changelog.Plan) (changelog.Decision, bool) {
	if u := plan.Umbrella; u != nil && (s.Component == "" || s.Component == u.Name) {
		return *u, true
	}
	if s.Component == "" && len(plan.Components) == 1 {
		return plan.Components[0], true
	}
	return plan.Component(s.Component)
}

// componentError says why there is no component that is released.
func (s Stage) componentError() error {
	all, umbrella := s.Policy.Components, s.Policy.Umbrella
	switch {
	case s.Component == "" && (umbrella != nil || len(all) < 2):
		return nil
	case s.Component == "":
		return errors.New("is missing: a release is of one component, and the policy has several")
	case umbrella != nil && umbrella.Name == s.Component:
		return nil
	case slices.ContainsFunc(all, func(c changelog.Component) bool { return c.Name == s.Component }):
		return nil
	}
	return fmt.Errorf("%q is no component of the policy", s.Component)
}
