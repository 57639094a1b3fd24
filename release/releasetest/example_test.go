package releasetest_test

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/releasetest"
)

// forgetful is a store that loses what it is given.
type forgetful struct{ release.MemoryStore }

func (*forgetful) Append(context.Context, string, uint64, ...ledger.Event) error { return nil }

func ExampleCheck() {
	fmt.Println(releasetest.Check(func() release.Store { return new(release.MemoryStore) }))
	err := releasetest.Check(func() release.Store { return new(forgetful) })
	fmt.Println(err.(interface{ Unwrap() []error }).Unwrap()[0])
	// Output:
	// <nil>
	// law order: a from 0 on: 0 events, 7 were expected
}

// A store that keeps something is opened again, by the program that starts anew and by others.
func ExampleSuite() {
	memory := func() release.Store { return new(release.MemoryStore) }
	same := func(s release.Store) release.Store { return s }
	fmt.Println(releasetest.Suite{New: memory, Reopen: same, Share: same}.Check())
	fresh := func(release.Store) release.Store { return new(release.MemoryStore) }
	fmt.Println(releasetest.Suite{New: memory, Reopen: fresh}.Check())
	// Output:
	// <nil>
	// law reopened: opened anew: they are listed as [], but were begun as ["late" "early" "over"]
}
