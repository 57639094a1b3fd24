package version

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"

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

// concerning is what an error of changelog.Decide says about what is released: the component or what it depends on, and of the
// umbrella everything. What it says of others does not hinder the release.
func (s Stage) concerning(name string, err error) error {
	var several *multierror.Error
	all := []error{err}
	if errors.As(err, &several) {
		all = several.Errors
	}
	needed := s.needed(name)
	for _, err := range all {
		var of *changelog.ComponentError
		if err != nil && (!errors.As(err, &of) || needed == nil || needed[of.Component]) {
			return err
		}
	}
	return nil
}

// needed are a component and all that it depends on, nil for the umbrella.
func (s Stage) needed(name string) map[string]bool {
	if u := s.Policy.Umbrella; u != nil && u.Name == name {
		return nil
	}
	all := map[string]bool{name: true}
	for todo := []string{name}; len(todo) > 0; todo = todo[1:] {
		for _, c := range s.Policy.Components {
			if c.Name != todo[0] {
				continue
			}
			for _, on := range c.DependsOn {
				if !all[on] {
					all[on] = true
					todo = append(todo, on)
				}
			}
		}
	}
	return all
}
