package kubernetes_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// kinds are the kinds of traffic.
var kinds = []struct {
	name    string
	traffic kubernetes.Traffic
}{{"a Gateway", kubernetes.Gateway{CookieRegex: true}}, {"a Selector", kubernetes.Selector{}}, {"Native", kubernetes.Native{}}}

// native reports whether a kind of traffic is for one Deployment that rolls by itself.
func native(traffic kubernetes.Traffic) bool { _, ok := traffic.(kubernetes.Native); return ok }

// bring is how a kind of traffic releases.
func bring(traffic kubernetes.Traffic) strategy.Strategy {
	if native(traffic) {
		return strategy.Native{Replicas: 1}
	}
	return strategy.BlueGreen{Replicas: 1}
}

// No right is shipped that is not needed: one release that goes well, and one that does not, use all of them.
func TestEachRightIsUsed(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, kind.traffic, troubled, soon)
			require.NoError(t, s.target.Check(s.ctx))
			s.release(bring(kind.traffic), version("1"), rollout.Options{Fence: 1})
			s.release(bring(kind.traffic), version("2"), rollout.Options{Fence: 2})
			_, err := s.wire(s.plan(bring(kind.traffic), version("crash")), rollout.Options{Fence: 3, CrashLimit: 100}).Run(s.ctx)
			var stuck *rollout.StuckError
			require.ErrorAs(t, err, &stuck)
			s.runs(version("2"), 1)
			require.NoError(t, s.target.Check(s.ctx), "now that everything is there")
			rules, err := kubernetes.Rights(s.options)
			require.NoError(t, err)
			var granted []string
			for _, r := range rules {
				for _, verb := range r.Verbs {
					granted = append(granted, verb+" "+r.Resources[0])
				}
			}
			slices.Sort(granted)
			used := slices.DeleteFunc(s.audited("davit"), func(what string) bool { return strings.HasPrefix(what, "create selfsubjectaccessreviews") })
			assert.Equal(t, slices.Compact(granted), used)
		})
	}
}

// Without any one of the rights something breaks, and says which right is missing.
func TestEachRightIsMissed(t *testing.T) {
	t.Parallel()
	n := 0
	for _, kind := range kinds {
		rules, err := kubernetes.Rights(options("any", workload{}, kind.traffic))
		require.NoError(t, err)
		for _, r := range rules {
			for _, verb := range r.Verbs {
				if n++; n%stride != 0 {
					continue
				}
				r := r
				r.Verbs = []string{verb}
				t.Run(fmt.Sprintf("%s/%s %s", kind.name, verb, r.Resources[0]), func(t *testing.T) {
					t.Parallel()
					misses(t, kind.traffic, r)
				})
			}
		}
	}
}

// misses takes one right away, and looks for it in what Check says, and in what breaks.
func misses(t *testing.T, traffic kubernetes.Traffic, without rbacv1.PolicyRule) {
	s := newSpace(t)
	s.prepare(traffic)
	o := options(s.name, troubled, traffic)
	soon(&o)
	as := s.employ(o, without)
	clients, err := kubernetes.Connect(as)
	require.NoError(t, err)
	assert.True(t, lacks(kubernetes.Check(s.ctx, clients, o), without), "Check says: %v", kubernetes.Check(s.ctx, clients, o))
	err = s.breaks(o, clients)
	if told := without.Resources[0]; told == "events" || told == "poddisruptionbudgets" {
		return // the ones are read for people's sake, the others by Check alone
	}
	require.Error(t, err)
	assert.True(t, lacks(err, without), "%v", err)
}

// breaks opens a target and releases three times, until something breaks.
func (s space) breaks(o kubernetes.Options, clients kubernetes.Clients) error {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	target, err := kubernetes.Open(ctx, clients, o)
	if err != nil {
		return err
	}
	defer target.Close()
	for n, v := range []string{"1", "2"} {
		from, err := rollout.Current(ctx, target)
		if err != nil {
			return err
		}
		plan, err := bring(o.Traffic).Plan(from, version(v))
		if err != nil {
			return err
		}
		r, err := rollout.New(target, plan, rollout.Options{Poll: 100 * time.Millisecond, Fence: uint64(n + 1)})
		if err != nil {
			return err
		}
		if _, err := r.Run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lacks reports whether an error names a right that is missing.
func lacks(err error, right rbacv1.PolicyRule) bool {
	switch e := err.(type) {
	case nil:
		return false
	case *kubernetes.RightsError:
		return slices.Contains(e.Verbs, right.Verbs[0]) && e.Resource == right.Resources[0] && e.Group == right.APIGroups[0]
	case *multierror.Error:
		return slices.ContainsFunc(e.Errors, func(err error) bool { return lacks(err, right) })
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(err error) bool { return lacks(err, right) })
	case interface{ Unwrap() error }:
		return lacks(e.Unwrap(), right)
	}
	return false
}
