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
