//go:build unix

package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// TestMain makes the test binary play the shop that is deployed: it answers every request with the
// revision that it was started as.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "shop" {
		shop(os.Args[2], os.Args[3])
		return
	}
	os.Exit(m.Run())
}

func shop(addr, version string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, version)
	})}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // it ends by itself, should a test fail badly
	defer cancel()
	ctx, cancel = signal.NotifyContext(ctx, syscall.SIGTERM)
	defer cancel()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	_ = server.Serve(l)
}

// machine is one process of a host: a fleet on a folder, a router of its own, and what it was told of
// artifacts since it began.
type machine struct {
	fleet  *local.Fleet
	router *local.Router
	target rollout.Target

	mu     sync.Mutex
	places map[strategy.Revision]string
}

func (m *machine) learn(r strategy.Revision, place string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.places[r] = place
}

func boot(t *testing.T, dir string) *machine {
	t.Helper()
	m := &machine{places: map[strategy.Revision]string{}}
	var err error
	m.router, err = local.NewRouter(local.RouterOptions{})
	require.NoError(t, err)
	m.fleet, err = local.NewFleet(local.FleetOptions{
		Dir: dir, Service: "shop", Probe: local.Probe{Interval: 10 * time.Millisecond},
		Command: func(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			place, ok := m.places[pool.Revision]
			if !ok {
				return local.Command{}, rollout.Permanent(fmt.Errorf("nobody said where %s lies", pool.Revision))
			}
			return local.Command{Path: place, Args: []string{"shop", inst.Addr, pool.Revision.Version}}, nil
		},
	})
	require.NoError(t, err)
	m.target, err = rollout.Compose(m.fleet, m.router, rollout.ComposeOptions{})
	require.NoError(t, err)
	return m
}

// deploy is the stage of a host. Artifacts lie where the archive says.
func (m *machine) deploy(s strategy.Strategy, archive map[strategy.Revision]string) deploy.Stage {
	return deploy.Stage{
		Target: m.target, Strategy: s, Options: rollout.Options{Poll: 5 * time.Millisecond, Deadline: 30 * time.Second},
		Prepare: func(_ context.Context, r strategy.Revision, a stage.Artifact) error {
			m.learn(r, a.Location)
			return nil
		},
		Recall: func(_ context.Context, r strategy.Revision) error {
			place, ok := archive[r]
			if !ok {
				return errors.New("it is not in the archive")
			}
			m.learn(r, place)
			return nil
		},
	}
}

// ask sends requests without a break until it is told to stop, and then says how many were lost.
func ask(url string) (stop func() (asked, lost int64)) {
	var asked, lost atomic.Int64
	over := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				asked.Add(1)
				if _, err := get(url); err != nil {
					lost.Add(1)
				}
			}
		})
	}
	return func() (int64, int64) {
		close(over)
		clients.Wait()
		return asked.Load(), lost.Load()
	}
}

func get(url string) (string, error) {
	res, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return string(text), err
}

// Real processes are taken back by a host that was restarted since and knows nothing of its own. What
// runs is adopted, answers at once, and where the old artifact lies the stage is told by Recall.
func TestUndoByARestartedHost(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	for name, s := range map[string]strategy.Strategy{
		"rolling":    strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)},
		"blue-green": strategy.BlueGreen{},
		"canary":     strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			archive := map[strategy.Revision]string{old: self}
			first := boot(t, dir)
			first.learn(old, self)
			require.NoError(t, rollout.Restore(t.Context(), first.target, alone(old), rollout.Options{Poll: 5 * time.Millisecond}))
			d := first.deploy(s, archive)
			artifact := built
			artifact.Location = self
			h := given(d, artifact)
			require.NoError(t, d.Run(t.Context(), h.Task()))
			require.NoError(t, first.fleet.Close(t.Context()))
			require.NoError(t, first.router.Close(t.Context()))

			second := boot(t, dir)
			defer func() {
				assert.NoError(t, second.fleet.StopAll(context.Background()))
				assert.NoError(t, second.router.Close(context.Background()))
			}()
			d = second.deploy(s, nil)
			require.ErrorContains(t, d.Undo(t.Context(), h.UndoTask()), "it is not in the archive", "nothing is moved that cannot be brought to an end")

			// As package local tells a host to do before it listens again.
			now, err := rollout.Current(t.Context(), second.target)
			require.ErrorIs(t, err, rollout.ErrDark)
			require.NoError(t, rollout.Restore(t.Context(), second.target, now, rollout.Options{Poll: 5 * time.Millisecond}))
			front := httptest.NewServer(second.router)
			defer front.Close()
			answer, err := get(front.URL)
			require.NoError(t, err)
			require.Equal(t, fresh.Version, answer)
			stop := ask(front.URL)
			d = second.deploy(s, archive)
			require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
			asked, lost := stop()
			assert.Zero(t, lost, "of %d requests", asked)
			answer, err = get(front.URL)
			require.NoError(t, err)
			assert.Equal(t, old.Version, answer)
			now, err = rollout.Current(t.Context(), second.target)
			require.NoError(t, err)
			assert.True(t, now.Equal(alone(old)), "%s", now)
			require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
		})
	}
}
