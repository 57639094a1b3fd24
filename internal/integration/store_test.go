package integration_test

import (
	"testing"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/releasetest"

	_ "modernc.org/sqlite"
)

// TestLaws proves the store on real databases, and with a single connection, too.
func TestLaws(t *testing.T) {
	for name, place := range map[string]func(testing.TB) place{"SQLite": sqlitePlace, "PostgreSQL": postgresPlace} {
		t.Run(name, func(t *testing.T) { suite(t, place, 0).Run(t) })
		t.Run(name+" with one connection", func(t *testing.T) { suite(t, place, 1).Run(t) })
	}
}

// suite has stores at new places, and opens each once more as another host does.
func suite(t *testing.T, new func(testing.TB) place, connections int) releasetest.Suite {
	var at place // of the store of this law
	open := func() release.Store {
		db := at.database(t)
		db.SetMaxOpenConns(connections)
		return at.on(t, db)
	}
	again := func(release.Store) release.Store { return open() }
	return releasetest.Suite{
		New: func() release.Store {
			at = new(t)
			return open()
		},
		Reopen: again, Share: again,
	}
}
