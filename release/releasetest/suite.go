package releasetest

import (
	"errors"
	"testing"

	"github.com/davit-sdk/davit/release"
)

// Suite is a kind of store, with what the laws need of it. Its methods are Check and Run with the laws about
// stores that are opened more than once.
type Suite struct {
	// New makes an empty store. It is called for each law.
	New func() release.Store

	// Reopen opens what a store keeps anew, as a program does that starts again. A store of which there
	// can be but one at a time is closed first; the law does not use it any more. Nil: the laws about
	// that are left out.
	Reopen func(release.Store) release.Store

	// Share opens what a store keeps once more, as another program does at the same time. Both are
	// used from then on. Nil: the store has no other handle, and the laws about that are left out.
	Share func(release.Store) release.Store
}

// Check reports every law that a store breaks, each as a *Violation in one joined error. new makes an
// empty store; it is called for each law. Laws about an ability that the store does not have are left
// out.
func Check(new func() release.Store) error { return Suite{New: new}.Check() }

// Run checks each law as a subtest of its name. Laws about an ability that the store does not have are
// skipped, and name it.
func Run(t *testing.T, new func() release.Store) {
	t.Helper()
	Suite{New: new}.Run(t)
}

// Check is Check for the suite.
func (s Suite) Check() error {
	var errs []error
	for _, l := range laws {
		if err := l.violation(s); err != nil && !errors.As(err, new(absent)) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run is Run for the suite.
func (s Suite) Run(t *testing.T) {
	t.Helper()
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			t.Helper()
			switch err := l.violation(s); {
			case errors.As(err, new(absent)):
				t.Skip(err)
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// law has one of three checks: of a store, of one that is opened anew, or of two handles on one.
type law struct {
	name   string
	check  func(release.Store) error
	anew   func(s release.Store, reopen func(release.Store) release.Store) error
	shared func(one, other release.Store) error
}

// violation is a *Violation, or an absent ability.
func (l law) violation(s Suite) error {
	err := l.on(s)
	if a, none := err.(absent); none {
		return a
	}
	if err != nil {
		return &Violation{l.name, err.Error()}
	}
	return nil
}

func (l law) on(s Suite) error {
	switch {
	case l.anew != nil && s.Reopen == nil:
		return absent("the suite does not say how to reopen a store")
	case l.anew != nil:
		return l.anew(s.New(), s.Reopen)
	case l.shared != nil && s.Share == nil:
		return absent("the suite does not say how to share a store")
	case l.shared != nil:
		one := s.New()
		return l.shared(one, s.Share(one))
	}
	return l.check(s.New())
}

// leases makes a law of one about the ability to lease, likewise opens and tells.
func leases(check func(release.Leaser) error) func(release.Store) error {
	return func(s release.Store) error {
		l, ok := s.(release.Leaser)
		if !ok {
			return absent("the store is no release.Leaser")
		}
		return check(l)
	}
}

func opens(check func(release.Store, release.Opener) error) func(release.Store) error {
	return func(s release.Store) error {
		o, ok := s.(release.Opener)
		if !ok {
			return absent("the store is no release.Opener")
		}
		return check(s, o)
	}
}

func tells(check func(release.Store, release.Changer) error) func(release.Store) error {
	return func(s release.Store) error {
		c, ok := s.(release.Changer)
		if !ok {
			return absent("the store is no release.Changer")
		}
		return check(s, c)
	}
}

var laws = []law{
	{name: "order", check: order}, {name: "from", check: from}, {name: "fence", check: fence}, {name: "whole", check: whole},
	{name: "apart", check: apart}, {name: "listed", check: listed}, {name: "unknown", check: unknown},
	{name: "cancelled", check: cancelled}, {name: "hasty", check: hasty}, {name: "snapshot", check: snapshot},
	{name: "contest", check: contest}, {name: "names", check: names}, {name: "bodies", check: bodies},
	{name: "wide", check: wide}, {name: "large", check: large}, {name: "pages", check: pages},
	{name: "repeat", check: repeat}, {name: "break", check: breaks},

	{name: "reopened", anew: reopened},
	{name: "shared", shared: shared}, {name: "rivals", shared: rivals}, {name: "abroad", shared: abroad}, {name: "heard", shared: heard},

	{name: "alive", check: leases(alive)}, {name: "lapse", check: leases(lapse)}, {name: "renew", check: leases(renew)},
	{name: "end", check: leases(end)}, {name: "hosts", check: leases(hosts)}, {name: "crowd", check: leases(crowd)},
	{name: "impatient", check: leases(impatient)},

	{name: "open", check: opens(open)}, {name: "queue", check: opens(queue)}, {name: "agree", check: opens(agree)},

	{name: "changed", check: tells(changed)}, {name: "again", check: tells(again)},
}
