package integration_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/internal/integration/process"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// task is what a process is to do.
type task struct {
	Place   place
	Release string
	Host    string
	Many    int
	Lease   time.Duration
	Target  string        // the folder of a target
	Skew    time.Duration // how far the process's clock is off
}

// open opens the store of the task, in a process of its own.
func (k task) open() (*sql.DB, *sqlstore.Store, error) {
	db, err := sql.Open(k.Place.Driver, k.Place.Source)
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.Open(context.Background(), db, k.Place.Dialect, k.Place.Options)
	return db, store, err
}

// last is the number of a release's last event.
func last(ctx context.Context, s release.Store, id string, from uint64) (uint64, error) {
	for e, err := range s.Events(ctx, id, from) {
		if err != nil {
			return 0, err
		}
		from = e.Seq + 1
	}
	return max(from, 1) - 1, nil
}

// writer appends until it has written so many events, and tells the number of each.
func writer(k task, in *bufio.Scanner, out io.Writer) error {
	db, store, err := k.open()
	if err != nil {
		return err
	}
	defer db.Close()
	fmt.Fprintln(out, "ready")
	in.Scan()
	have, ctx := uint64(0), context.Background()
	for wrote := 0; wrote < k.Many; {
		switch err := store.Append(ctx, k.Release, have, notes(have+1, have+1, k.Host)...); {
		case err == nil:
			have, wrote = have+1, wrote+1
			fmt.Fprintln(out, have)
		case errors.Is(err, release.ErrConflict):
			if have, err = last(ctx, store, k.Release, have+1); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// TestProcessesRace lets processes write to one release, and one that is killed in the middle.
func TestProcessesRace(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		store := p.host(t)
		const many = 100
		var ps []*process.Process
		hosts := []string{"ada", "grace", "victim"}
		for _, host := range hosts {
			k := task{Place: p, Release: "a", Host: host, Many: many}
			if host == "victim" {
				k.Many = 1 << 30
			}
			ps = append(ps, process.Start(t, "writer", k))
		}
		for _, w := range ps {
			require.Equal(t, "ready", w.Line(), "%v", w.Said())
		}
		for _, w := range ps {
			w.Tell("go")
		}
		told := make([][]string, len(ps))
		for len(told[2]) < 5 {
			told[2] = append(told[2], ps[2].Line())
		}
		ps[2].Shoot()
		for i, w := range ps {
			for line := w.Line(); line != ""; line = w.Line() {
				told[i] = append(told[i], line)
			}
			if i < 2 {
				require.NoError(t, w.Wait())
			}
		}
		by := texts(t, store, "a")
		for i, host := range hosts {
			for _, line := range told[i] {
				n, err := strconv.Atoi(line)
				require.NoError(t, err)
				require.LessOrEqual(t, n, len(by))
				assert.Equal(t, host, by[n-1], "event %d was acknowledged to %s", n, host)
			}
		}
		assert.Len(t, told[0], many)
		assert.Len(t, told[1], many)
		// What was killed may have written one event more than it could tell.
		assert.Contains(t, []int{0, 1}, len(by)-2*many-len(told[2]))
	})
}

// opener opens the store, and does nothing with it.
func opener(k task, in *bufio.Scanner, out io.Writer) error {
	fmt.Fprintln(out, "ready")
	in.Scan()
	db, _, err := k.open()
	if err != nil {
		return err
	}
	return db.Close()
}

// TestManyMakeTheTables lets goroutines and processes make one set of tables at once.
func TestManyMakeTheTables(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		var ps []*process.Process
		for range 4 {
			ps = append(ps, process.Start(t, "opener", task{Place: p}))
		}
		for _, o := range ps {
			require.Equal(t, "ready", o.Line(), "%v", o.Said())
		}
		for _, o := range ps {
			o.Tell("go")
		}
		errs := make(chan error)
		for range 8 {
			go func() {
				db, _, err := task{Place: p}.open()
				if err == nil {
					err = db.Close()
				}
				errs <- err
			}()
		}
		for range 8 {
			assert.NoError(t, <-errs)
		}
		for _, o := range ps {
			assert.NoError(t, o.Wait())
		}
		rows := 0
		require.NoError(t, p.database(t).QueryRow(`SELECT count(*) FROM `+p.table("schema")).Scan(&rows))
		assert.Equal(t, 1, rows)
		require.NoError(t, p.host(t).Append(t.Context(), "a", 0, notes(1, 1, "works")...))
	})
}

// leaser renews its lease every third of it, and tells when.
func leaser(k task, in *bufio.Scanner, out io.Writer) error {
	db, store, err := k.open()
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		if err := store.Lease(context.Background(), k.Host, k.Lease); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "leased"); err != nil {
			return nil // whoever listened is gone
		}
		time.Sleep(k.Lease / 3)
	}
}

// TestStoppedHostsLease shows that a host that stands still loses its lease, and that one that dies does.
func TestStoppedHostsLease(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		store := p.host(t)
		host := process.Start(t, "leaser", task{Place: p, Host: "sleeper", Lease: 300 * time.Millisecond})
		dead := func() bool {
			on, err := store.Alive(t.Context(), "sleeper")
			require.NoError(t, err)
			return !on
		}
		require.Equal(t, "leased", host.Line(), "%v", host.Said())
		host.Stop()
		require.Eventually(t, dead, 30*time.Second, 10*time.Millisecond)
		host.Wake()
		require.Eventually(t, func() bool { return !dead() }, 30*time.Second, 10*time.Millisecond)
		host.Kill()
		require.Eventually(t, dead, 30*time.Second, 10*time.Millisecond)
	})
}

// TestHostsContend lets many goroutines of two hosts write to many releases, each to all of them.
func TestHostsContend(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		const releases, writers, each = 5, 8, 10
		stores := []*sqlstore.Store{p.host(t), p.host(t)}
		errs := make(chan error)
		for w := range writers {
			go func() {
				errs <- func() error {
					s, ctx := stores[w%2], context.Background()
					for i := range releases * each {
						id := fmt.Sprintf("r%d", (w+i)%releases)
						for {
							have, err := last(ctx, s, id, 0)
							if err != nil {
								return err
							}
							err = s.Append(ctx, id, have, notes(have+1, have+2, strconv.Itoa(w))...)
							if err == nil {
								break
							}
							if !errors.Is(err, release.ErrConflict) {
								return err
							}
						}
					}
					return nil
				}()
			}()
		}
		for range writers {
			require.NoError(t, <-errs)
		}
		for r := range releases {
			by := texts(t, stores[0], fmt.Sprintf("r%d", r))
			require.Len(t, by, writers*each*2)
			for w := range writers {
				own := slices.DeleteFunc(slices.Clone(by), func(s string) bool { return s != strconv.Itoa(w) })
				assert.Len(t, own, each*2, "%s", strings.Join(by, " "))
			}
		}
	})
}
