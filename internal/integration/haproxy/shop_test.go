package haproxy_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/haserver"
	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// patience is how long anything may take that does not take long.
const patience = time.Minute

// shop is a fleet of services. Their versions are those that a test has told of; any other version is a
// service that answers at once, and well.
type shop struct {
	t     testing.TB
	dir   string
	fleet *local.Fleet

	mu       sync.Mutex
	services map[string]traffic.Service
}

func openShop(t testing.TB, services ...traffic.Service) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), services: map[string]traffic.Service{}}
	for _, service := range services {
		s.services[service.Version] = service
	}
	s.reopen()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := s.fleet.StopAll(ctx)
		if errors.Is(err, local.ErrFleetClosed) { // a test has failed before it opened it again
			s.reopen()
			err = s.fleet.StopAll(ctx)
		}
		require.NoError(t, err)
	})
	return s
}

// reopen opens the fleet as a new process would, and takes over what runs.
func (s *shop) reopen() {
	s.t.Helper()
	var err error
	s.fleet, err = local.NewFleet(s.options(s.dir))
	require.NoError(s.t, err)
}

func (s *shop) options(dir string) local.FleetOptions {
	return local.FleetOptions{
		Dir: dir, Service: "shop", Command: s.command,
		Probe: local.Probe{Path: traffic.HealthPath, Interval: 20 * time.Millisecond},
	}
}

func (s *shop) command(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	service, ok := s.services[pool.Revision.Version]
	if !ok {
		service = traffic.Service{Version: pool.Revision.Version, Delay: 5 * time.Millisecond}
	}
	return service.Command(inst)
}

func pool(version string) strategy.Pool { return strategy.Pool{Revision: revision(version)} }

func revision(version string) strategy.Revision { return strategy.Revision{Version: version} }

// run scales a version, and gives all of its instances once they are ready.
func (s *shop) run(version string, n int) []rollout.Instance {
	s.t.Helper()
	require.NoError(s.t, s.fleet.Scale(s.t.Context(), pool(version), n))
	var ready []rollout.Instance
	eventually(s.t, fmt.Sprintf("%d instances of %s are ready", n, version), func() bool {
		all, err := s.fleet.Instances(s.t.Context())
		require.NoError(s.t, err)
		ready = nil
		for _, i := range all {
			if i.Pool == pool(version) && i.Phase == rollout.Ready {
				ready = append(ready, i)
			}
		}
		return len(ready) == n
	})
	return ready
}

// kill kills an instance as a crash would.
func (s *shop) kill(id string) {
	s.t.Helper()
	for _, p := range s.fleet.Processes() {
		if p.ID == id {
			require.NoError(s.t, syscall.Kill(p.PID, syscall.SIGKILL))
			return
		}
	}
	s.t.Fatalf("no process is %s", id)
}

// serve starts an HAProxy with that configuration, which gets as many addresses. Its log is shown where the
// test fails.
func serve(t testing.TB, addrs int, config func(at haserver.Place) (string, error)) *haserver.Server {
	t.Helper()
	s, err := haserver.Start(t.Context(), haserver.Options{Config: config, Addrs: addrs, Patience: patience})
	require.NoError(t, err)
	t.Cleanup(func() {
		log := s.Log()
		require.NoError(t, s.Close())
		if t.Failed() {
			t.Logf("HAProxy:\n%s", log[max(0, len(log)-4000):])
		}
		require.NoDirExists(t, s.Place().Dir)
	})
	return s
}

// beginning is what all configurations begin with. The socket is that by which the server is looked after;
// more are lines of the section global.
func beginning(at haserver.Place, more string) string {
	return fmt.Sprintf(`global
  stats socket %s mode 600 level admin expose-fd listeners
  log stdout format raw local0 notice
  hard-stop-after 20s
%sdefaults
  mode http
  log global
  option httplog
  option log-separate-errors
  timeout connect 2s
  timeout check 5s
  timeout client 20s
  timeout server 20s
`, at.Socket, more)
}

// eventually polls with a deadline that only a defect reaches.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// enter lets customers in. What they have lost is shown where the test fails.
func enter(t testing.TB, c traffic.Customers) *traffic.Crowd {
	t.Helper()
	crowd := c.Enter()
	t.Cleanup(func() {
		if counts := crowd.Leave(); t.Failed() {
			t.Logf("customers: %s", counts)
		}
	})
	return crowd
}

// more waits until so many more requests have ended.
func more(t testing.TB, c *traffic.Crowd, n int) traffic.Counts {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	counts, err := c.More(ctx, n)
	require.NoError(t, err)
	return counts
}

// write writes a file.
func write(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
