package dora_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/deliveries"
	"github.com/davit-sdk/davit/internal/integration/pgserver"
	"github.com/davit-sdk/davit/metrics/dora"
)

// settings are those of a server that has the machine for itself: everything fits into memory, sorts do not go to the disk, queries
// run on all cores, and plans know that nothing is read from a disk. No query is compiled (jit): none runs for long enough.
var settings = []string{
	"shared_buffers=2GB", "effective_cache_size=8GB", "work_mem=512MB", "hash_mem_multiplier=2", "maintenance_work_mem=512MB",
	"max_parallel_workers=8", "max_parallel_workers_per_gather=4", "max_parallel_maintenance_workers=2",
	"random_page_cost=1.1", "jit=off", "timezone=UTC",
	"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=8GB", "autovacuum=off",
}

// tables are as one who knows PostgreSQL would make them: numbers for ids, no more columns than are asked for, times of eight bytes.
const tables = `
CREATE TABLE service (id smallint PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE deployment (
	finish timestamp NOT NULL, id integer NOT NULL, service smallint NOT NULL, kind smallint NOT NULL, production boolean NOT NULL, succeeded boolean NOT NULL, name text NOT NULL
);
CREATE TABLE change (committed timestamp NOT NULL, id integer NOT NULL, name text NOT NULL);
CREATE TABLE shipped (change integer NOT NULL, deployment integer NOT NULL);
CREATE TABLE incident (opened timestamp NOT NULL, resolved timestamp, id integer NOT NULL, service smallint NOT NULL, name text NOT NULL);
CREATE TABLE caused (incident integer NOT NULL, deployment integer NOT NULL);
`

// indexes have whatever a plan could want, most of them so that the table itself need not be read.
const indexes = `
ALTER TABLE deployment ADD PRIMARY KEY (id);
ALTER TABLE change ADD PRIMARY KEY (id);
ALTER TABLE shipped ADD PRIMARY KEY (change, deployment);
ALTER TABLE incident ADD PRIMARY KEY (id);
ALTER TABLE caused ADD PRIMARY KEY (deployment, incident);
CREATE INDEX ON deployment (finish) INCLUDE (id, service, kind) WHERE production AND succeeded;
CREATE INDEX ON deployment (service, finish) INCLUDE (id, kind) WHERE production AND succeeded;
CREATE INDEX ON change (id) INCLUDE (committed);
CREATE INDEX ON change (committed);
CREATE INDEX ON shipped (deployment, change);
CREATE INDEX ON incident (id) INCLUDE (opened, resolved);
CREATE INDEX ON incident (service, opened);
CREATE INDEX ON caused (incident, deployment);
VACUUM (FREEZE, ANALYZE);
`

// story is one whose times are whole microseconds, as those of PostgreSQL are.
func story(events int) *deliveries.Story {
	s := deliveries.New(events, 200, 42)
	for i := range s.Deployments {
		s.Deployments[i].Time = s.Deployments[i].Time.Truncate(time.Microsecond)
	}
	for i := range s.Changes {
		s.Changes[i].Time = s.Changes[i].Time.Truncate(time.Microsecond)
	}
	for i := range s.Incidents {
		in := &s.Incidents[i]
		in.Opened, in.Resolved = in.Opened.Truncate(time.Microsecond), in.Resolved.Truncate(time.Microsecond)
	}
	return s
}

// started is a connection to a server of its own.
func started(t testing.TB) *pgx.Conn {
	t.Helper()
	server, err := pgserver.Start(settings...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	db, err := pgx.Connect(context.Background(), server.URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close(context.Background())) })
	return db
}

// load fills the tables with a story.
func load(t testing.TB, db *pgx.Conn, s *deliveries.Story) {
	t.Helper()
	_, err := db.Exec(context.Background(), tables)
	require.NoError(t, err)
	services := map[string]int16{}
	var names [][]any
	for i := range s.Deployments {
		name := s.Deployments[i].Service
		if _, ok := services[name]; !ok {
			services[name] = int16(len(services))
			names = append(names, []any{services[name], name})
		}
	}
	copied(t, db, "service", "id name", len(names), func(i int) []any { return names[i] })
	copied(t, db, "deployment", "finish id service kind production succeeded name", len(s.Deployments), func(i int) []any {
		d := &s.Deployments[i]
		return []any{d.Time, number(d.ID), services[d.Service], kind(d.Kind), d.Environment == "production", d.Status != dora.Failure, d.ID}
	})
	copied(t, db, "change", "committed id name", len(s.Changes), func(i int) []any {
		return []any{s.Changes[i].Time, number(s.Changes[i].ID), s.Changes[i].ID}
	})
	var shipped, caused [][]any
	for i := range s.Deployments {
		for _, c := range s.Deployments[i].Changes {
			shipped = append(shipped, []any{number(c), number(s.Deployments[i].ID)})
		}
	}
	copied(t, db, "shipped", "change deployment", len(shipped), func(i int) []any { return shipped[i] })
	copied(t, db, "incident", "opened resolved id service name", len(s.Incidents), func(i int) []any {
		in := &s.Incidents[i]
		var resolved *time.Time
		if !in.Resolved.IsZero() {
			resolved = &in.Resolved
		}
		for _, d := range in.CausedBy {
			caused = append(caused, []any{number(in.ID), number(d)})
		}
		return []any{in.Opened, resolved, number(in.ID), services[in.Service], in.ID}
	})
	copied(t, db, "caused", "incident deployment", len(caused), func(i int) []any { return caused[i] })
	for statement := range strings.SplitSeq(strings.TrimSpace(indexes), ";") {
		_, err := db.Exec(context.Background(), statement)
		require.NoError(t, err, statement)
	}
}

func copied(t testing.TB, db *pgx.Conn, table, columns string, n int, row func(i int) []any) {
	t.Helper()
	rows := pgx.CopyFromSlice(n, func(i int) ([]any, error) { return row(i), nil })
	_, err := db.CopyFrom(context.Background(), pgx.Identifier{table}, strings.Fields(columns), rows)
	require.NoError(t, err, table)
}

// number is the one in an id: d000007 is 7.
func number(id string) int32 {
	n, err := strconv.Atoi(id[1:])
	if err != nil {
		panic(err)
	}
	return int32(n)
}

// kind is a kind as a number: 0 for what is planned.
func kind(k dora.Kind) int16 {
	if k.Remedies() {
		return 1
	}
	return 0
}
