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
		t.Run(name, func(t *testing.T) {
			releasetest.Run(t, func() release.Store { return place(t).host(t) })
		})
		t.Run(name+" with one connection", func(t *testing.T) {
			releasetest.Run(t, func() release.Store {
				p := place(t)
				db := p.database(t)
				db.SetMaxOpenConns(1)
				return p.on(t, db)
			})
		})
	}
}
