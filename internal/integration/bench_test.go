package integration_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// connections are how many a host keeps open in benchmarks.
const connections = 16

// bench makes a benchmark of each place, with the store of one host, and the floor: what inserts one
// text into a table of its own, through connections of its own, as quickly as the database can with
// everything on the disk.
func bench(b *testing.B, measure func(b *testing.B, s *sqlstore.Store, floor func(text string) error)) {
	for _, name := range []string{"SQLite", "PostgreSQL"} {
		b.Run(name, func(b *testing.B) {
			p := places(b)[name]
			db, bare := p.database(b), p
			if p.Dialect == sqlstore.SQLite {
				bare.Source += "?_pragma=synchronous(full)&_pragma=busy_timeout(60000)"
			}
			floor := bare.database(b)
			for _, db := range []*sql.DB{db, floor} {
				db.SetMaxOpenConns(connections)
				db.SetMaxIdleConns(connections)
			}
			s := p.on(b, db)
			if p.Dialect == sqlstore.SQLite {
				floor.SetMaxOpenConns(1) // more would only be in each other's way
			}
			_, err := floor.Exec(`CREATE TABLE ` + p.table("floor") + ` (body text NOT NULL)`)
			require.NoError(b, err)
			insert := `INSERT INTO ` + p.table("floor") + ` (body) VALUES ($1)`
			measure(b, s, func(text string) error { _, err := floor.Exec(insert, text); return err })
		})
	}
}

// timed adds to a duration what it takes to do something.
func timed(b *testing.B, total *time.Duration, do func() error) {
	b.Helper()
	began := time.Now()
	require.NoError(b, do())
	*total += time.Since(began)
}

// together does something so many times at once.
func together(n int, do func(i int) error) error {
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- do(i) }()
	}
	var first error
	for range n {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// BenchmarkAppend appends events one by one to a number of releases at once, and inserts as many texts by
// as many bare inserts, in turn. Both are on the disk when they are acknowledged.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ releases, steps int }{{1, 200}, {200, 20}} {
		b.Run(fmt.Sprintf("releases=%d", c.releases), func(b *testing.B) {
			bench(b, func(b *testing.B, s *sqlstore.Store, floor func(string) error) {
				body, err := json.Marshal(notes(1, 1, "some text")[0])
				require.NoError(b, err)
				var ours, bare time.Duration
				for round := range b.N {
					timed(b, &bare, func() error {
						return together(c.releases, func(int) error {
							for range c.steps {
								if err := floor(string(body)); err != nil {
									return err
								}
							}
							return nil
						})
					})
					timed(b, &ours, func() error {
						return together(c.releases, func(i int) error {
							id := fmt.Sprintf("r%d-%d", round, i)
							for n := range uint64(c.steps) {
								if err := s.Append(context.Background(), id, n, notes(n+1, n+1, "some text")...); err != nil {
									return err
								}
							}
							return nil
						})
					})
				}
				all := float64(b.N * c.releases * c.steps)
				b.ReportMetric(all/ours.Seconds(), "appends/s")
				b.ReportMetric(all/bare.Seconds(), "inserts/s")
				b.ReportMetric(bare.Seconds()/ours.Seconds(), "of-bare")
				b.ReportMetric(0, "ns/op")
			})
		})
	}
}

// BenchmarkRead reads a release of 10,000 events, and the list of 10,000 open ones beside 10,000 that are over.
func BenchmarkRead(b *testing.B) {
	const many = 10_000
	bench(b, func(b *testing.B, s *sqlstore.Store, _ func(string) error) {
		ctx := context.Background()
		require.NoError(b, s.Append(ctx, "long", 0, notes(1, many, "some text")...))
		require.NoError(b, together(100, func(i int) error {
			for n := range 2 * many / 100 {
				id, list := fmt.Sprintf("r%d-%d", i, n), notes(1, 1, "some text")
				if n%2 == 0 {
					list[0].Body = ledger.Finished{Outcome: stage.Succeeded}
				}
				if err := s.Append(ctx, id, 0, list...); err != nil {
					return err
				}
			}
			return nil
		}))
		var reading, listing time.Duration
		b.ResetTimer()
		for range b.N {
			timed(b, &reading, func() error { n, err := last(ctx, s, "long", 0); require.EqualValues(b, many, n); return err })
			timed(b, &listing, func() error {
				n := 0
				for _, err := range s.Open(ctx) {
					if err != nil {
						return err
					}
					n++
				}
				require.Equal(b, many+1, n)
				return nil
			})
		}
		b.ReportMetric(many*float64(b.N)/reading.Seconds(), "events/s")
		b.ReportMetric(listing.Seconds()*1000/float64(b.N), "ms/10000-open")
		b.ReportMetric(0, "ns/op")
	})
}
