package local_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func TestInFlightFollowsARequestToItsEnd(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	arrived, leave := make(chan struct{}), make(chan struct{})
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "begin ")
		http.NewResponseController(w).Flush()
		arrived <- struct{}{}
		<-leave
		fmt.Fprint(w, "end")
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	answer := make(chan string)
	go func() { answer <- ask(r).Body.String() }()
	<-arrived
	assert.Equal(t, 1, inFlight(t, r, "old"))
	require.NoError(t, r.Route(t.Context(), stable(young)))
	assert.Equal(t, 1, inFlight(t, r, "old"), "after its backend left the table, too")
	assert.Equal(t, "young", ask(r).Body.String())
	assert.Equal(t, 1, inFlight(t, r, "old"))
	assert.Zero(t, inFlight(t, r, "nobody"))

	// The backend comes back before it is drained: it is the same one.
	require.NoError(t, r.Route(t.Context(), stable(young, old)))
	assert.Equal(t, 1, inFlight(t, r, "old"))
	require.NoError(t, r.Route(t.Context(), stable(young)))

	leave <- struct{}{}
	assert.Equal(t, "begin end", <-answer)
	assert.Zero(t, inFlight(t, r, "old"))
	eventually(t, "the idle connection is closed", func() bool { return r.IdleConns("old") == 0 })
	assert.Equal(t, 1, r.IdleConns("young"))
}

func TestIdleConnectionsOfRemovedBackendsAreClosed(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{}, stable(old))
	ask(r)
	eventually(t, "a connection is kept", func() bool { return r.IdleConns("old") == 1 })
	require.NoError(t, r.Route(t.Context(), stable(young)))
	eventually(t, "it is closed", func() bool { return r.IdleConns("old") == 0 })
}

// A backend that comes back while it drains is in service like any other: its connections are kept.
func TestABackendThatComesBackKeepsItsConnections(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	arrived, leave := make(chan struct{}), make(chan struct{})
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-leave
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	answered := make(chan struct{})
	go func() { defer close(answered); ask(r) }()
	<-arrived
	require.NoError(t, r.Route(t.Context(), stable(young)))
	require.NoError(t, r.Route(t.Context(), stable(old)), "it has not drained yet")
	leave <- struct{}{}
	<-answered

	old.answer(func(http.ResponseWriter, *http.Request) {})
	open := r.IdleConns("old")
	for range 20 {
		ask(r)
		time.Sleep(2 * time.Millisecond) // for a connection that would be closed
		require.GreaterOrEqual(t, r.IdleConns("old"), max(open, 1), "a connection was closed")
		open = r.IdleConns("old")
	}
}

func TestUpgradedConnectionIsInFlightUntilItEnds(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		io.Copy(c, rw)
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	c, err := net.Dial("tcp", front(t, r).Listener.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	fmt.Fprint(c, "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
	for range 3 {
		fmt.Fprint(c, "hello\n")
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "hello\n", line)
	}
	sum := totals(t, r, oldPool)
	assert.EqualValues(t, 1, sum.Statuses[1], "counted when it begins")

	require.NoError(t, r.Route(t.Context(), stable(young)))
	assert.Equal(t, 1, inFlight(t, r, "old"))
	fmt.Fprint(c, "still here\n")
	line, err := in.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "still here\n", line)
	c.Close()
	eventually(t, "the connection has ended", func() bool { return inFlight(t, r, "old") == 0 })
	assert.EqualValues(t, 1, totals(t, r, oldPool).Requests, "counted once")
}

func TestRequestThatChoseARemovedBackendChoosesAgain(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{}, stable(old))
	went := r.Visit(func(string) {
		require.NoError(t, r.Route(t.Context(), stable(young)))
		require.Zero(t, inFlight(t, r, "old"))
	}, func(id string) { t.Errorf("a request reaches %s after it was drained", id) })
	assert.False(t, went)
	assert.Zero(t, inFlight(t, r, "old"))
	assert.True(t, r.Visit(func(string) {}, func(id string) {
		assert.Equal(t, "young", id)
		assert.Equal(t, 1, inFlight(t, r, "young"))
	}))
}

func TestNoVisitAfterDraining(t *testing.T) {
	// The same from many goroutines, which stop for others just where it hurts.
	ids := []string{"a", "b"}
	sites := []*site{newSite(t, "a"), newSite(t, "b")}
	r := newRouter(t, local.RouterOptions{}, stable(sites[0]))
	var ended [2]atomic.Bool
	var late, visits atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r.Visit(func(string) { runtime.Gosched() }, func(id string) {
					visits.Add(1)
					if ended[slices.Index(ids, id)].Load() {
						late.Add(1)
					}
				})
			}
		})
	}
	for turn := range 3000 {
		from, to := turn%2, (turn+1)%2
		ended[to].Store(false)
		require.NoError(t, r.Route(t.Context(), stable(sites[to])))
		for inFlight(t, r, ids[from]) > 0 {
			runtime.Gosched()
		}
		ended[from].Store(true)
		runtime.Gosched()
	}
	close(stop)
	all.Wait()
	assert.Zero(t, late.Load(), "of %d visits", visits.Load())
}

// stand is a fake instance whose requests after the end are counted.
type stand struct {
	site
	ended atomic.Bool
	late  atomic.Int64
}

func newStand(t testing.TB, id string) *stand {
	s := &stand{}
	s.site.id = id
	s.Server = newSite(t, id).Server
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.ended.Load() {
			s.late.Add(1)
		}
		if strings.HasPrefix(r.URL.Path, "/slow") {
			time.Sleep(200 * time.Microsecond)
		}
		if s.ended.Load() {
			s.late.Add(1)
		}
	})
	return s
}

// drainRace swaps two backends in and out under load, and counts the requests that reached one after
// it was declared drained. With wait unset it declares that at once, which must be seen.
func drainRace(t *testing.T, wait bool) (late int64) {
	r, err := local.NewRouter(local.RouterOptions{})
	require.NoError(t, err)
	defer r.Close(t.Context())
	stands := []*stand{newStand(t, "a"), newStand(t, "b")}
	require.NoError(t, r.Route(t.Context(), stable(&stands[0].site)))
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for i := range 16 {
		path := []string{"/", "/slow"}[i%2]
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if code := ask(r, func(req *http.Request) { req.URL.Path = path }).Code; code != 200 {
					t.Errorf("status %d", code)
					return
				}
			}
		})
	}
	for turn := range 60 {
		from, to := stands[turn%2], stands[(turn+1)%2]
		to.ended.Store(false)
		require.NoError(t, r.Route(t.Context(), stable(&to.site)))
		for wait && inFlight(t, r, from.id) > 0 {
			time.Sleep(20 * time.Microsecond)
		}
		from.ended.Store(true)
		time.Sleep(time.Millisecond)
	}
	close(stop)
	clients.Wait()
	return stands[0].late.Load() + stands[1].late.Load()
}

func TestNothingReachesADrainedBackend(t *testing.T) {
	assert.Zero(t, drainRace(t, true))
	assert.Positive(t, drainRace(t, false), "the test can see late requests")
}

// fleetRun holds keep-alive clients on a served router while backends are replaced one after the
// other, and counts the requests without a good answer. In the right order a backend is started,
// routed to, and stopped when it is drained after it has left the table.
func fleetRun(t *testing.T, clients, turns int, rightOrder bool) (served, lost int64) {
	var sites []*http.Server
	start := func(i int) rollout.Backend {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			time.Sleep(time.Duration(i%3) * time.Millisecond)
			fmt.Fprint(w, n)
		})}
		go s.Serve(ln)
		sites = append(sites, s)
		t.Cleanup(func() { s.Close() })
		return rollout.Backend{ID: fmt.Sprint("i", i), Addr: ln.Addr().String()}
	}
	table := func(backends ...rollout.Backend) rollout.Table {
		return rollout.Table{Routes: []rollout.Route{
			{Role: strategy.Stable, Traffic: rollout.Traffic{Pool: oldPool, Share: strategy.Percent(50)}, Backends: backends[:1]},
			{Role: strategy.Candidate, Traffic: rollout.Traffic{Pool: newPool, Share: strategy.Percent(50)}, Backends: backends[1:]},
		}}
	}
	now := []rollout.Backend{start(0), start(1)}
	r := newRouter(t, local.RouterOptions{}, table(now...))
	url := front(t, r).URL

	var good, bad atomic.Int64
	var all sync.WaitGroup
	stop := make(chan struct{})
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	for range clients {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				res, err := (&http.Client{Transport: transport}).Post(url, "text/plain", strings.NewReader("12345"))
				if err != nil {
					bad.Add(1)
					continue
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != 200 || string(body) != "5" {
					bad.Add(1)
				} else {
					good.Add(1)
				}
			}
		})
	}
	for i := range turns {
		before := good.Load() + bad.Load()
		eventually(t, "traffic flows", func() bool { return good.Load()+bad.Load() > before+int64(clients)/4 })
		next := start(2 + i)
		leaving := now[0]
		now = []rollout.Backend{now[1], next}
		if !rightOrder {
			sites[i].Close()
		}
		require.NoError(t, r.Route(t.Context(), table(now...)))
		if rightOrder {
			eventually(t, "drained", func() bool { return inFlight(t, r, leaving.ID) == 0 })
			sites[i].Close()
		}
	}
	close(stop)
	all.Wait()
	return good.Load(), bad.Load()
}

func TestNoRequestIsLostWhileBackendsAreReplaced(t *testing.T) {
	served, lost := fleetRun(t, 300, 8, true)
	t.Logf("%d served, %d lost", served, lost)
	assert.Zero(t, lost)

	_, lost = fleetRun(t, 60, 4, false)
	t.Logf("in the wrong order: %d lost", lost)
	assert.Positive(t, lost, "the test can see lost requests")
}
