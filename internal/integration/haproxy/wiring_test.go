package haproxy_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/haserver"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// wired is an HAProxy and what routes by it.
type wired struct {
	*haserver.Server
	url     string
	router  rollout.Router
	again   func() rollout.Router // the router that a new process makes
	options haproxy.GroupsOptions
	lossy   bool // whether a reload loses what was routed until that is routed again
}

// wiring is one of the ways in which a router and an HAProxy belong together.
type wiring struct {
	name string
	open func(t testing.TB) wired
	// matches says that there are rules, and sticks that clients can be kept.
	matches, sticks bool
}

// quick makes what HAProxy and its router wait for as short as tests like it.
func quick(o *haproxy.GroupsOptions) { o.BootTime = 50 * time.Millisecond }

// wirings are all ways. The edits are for those that have groups; weights take the BootTime of them.
func wirings(edit ...func(*haproxy.GroupsOptions)) []wiring {
	with := func(more ...func(*haproxy.GroupsOptions)) func(testing.TB) wired {
		return func(t testing.TB) wired { return openGroups(t, append(more, edit...)...) }
	}
	return []wiring{
		{"groups", with(), true, true},
		{"groups over TCP", with(func(o *haproxy.GroupsOptions) { o.Socket, o.Master = "tcp", "" }), true, true},
		{"remote groups with added servers", with(func(o *haproxy.GroupsOptions) {
			o.Remote, o.Servers, o.AddServers = true, 1, "check inter 100ms fall 10 rise 1"
		}), true, true},
		{"weights", func(t testing.TB) wired { return openWeights(t, asIs, edit...) }, false, false},
	}
}

// openGroups starts an HAProxy that routes by groups. A socket named "tcp" is one on a port.
func openGroups(t testing.TB, edits ...func(*haproxy.GroupsOptions)) wired {
	t.Helper()
	return openEdited(t, asIs, edits...)
}

// openEdited is openGroups with a configuration that somebody has changed.
func openEdited(t testing.TB, edit func(string) string, edits ...func(*haproxy.GroupsOptions)) wired {
	t.Helper()
	var o haproxy.GroupsOptions
	server := serve(t, 2, func(at haserver.Place) (string, error) {
		o = haproxy.GroupsOptions{
			Endpoint: haproxy.Endpoint{Socket: at.Socket, Master: at.Master},
			Name:     "shop", Dir: filepath.Join(at.Dir, "files"),
			Headers: []string{"X-Canary"}, Cookies: []string{"canary"},
			DefaultServer: "check inter 100ms fall 10 rise 1", HealthPath: "/healthz",
		}
		for _, edit := range edits {
			edit(&o)
		}
		if o.Socket == "tcp" {
			o.Socket = at.Addrs[1]
		}
		text, err := configuration(at, o)
		return edit(text), err
	})
	again := func() rollout.Router {
		g, err := haproxy.NewGroups(o)
		require.NoError(t, err)
		return g
	}
	return wired{Server: server, url: server.URL(0), router: again(), again: again, options: o, lossy: o.Remote}
}

// configuration is that of an HAProxy which routes by groups. It also has the socket by which the server
// itself is looked after.
func configuration(at haserver.Place, o haproxy.GroupsOptions) (string, error) {
	if err := o.CreateFiles(); err != nil {
		return "", err
	}
	c, err := o.Configuration()
	if err != nil {
		return "", err
	}
	extra := ""
	if o.Socket != at.Socket {
		extra = c.Global
	}
	return fmt.Sprintf("%s\n%s\nfrontend shop\n  bind %s\n%s%s\n%s", beginning(at, extra), c.Ring, at.Addrs[0], c.Frontend, c.Log, c.Backends), nil
}

// openWeights starts an HAProxy with one backend, whose servers have weights, and a configuration that somebody
// has changed.
func openWeights(t testing.TB, change func(string) string, edits ...func(*haproxy.GroupsOptions)) wired {
	t.Helper()
	var like haproxy.GroupsOptions
	for _, edit := range edits {
		edit(&like)
	}
	var o haproxy.WeightsOptions
	server := serve(t, 1, func(at haserver.Place) (string, error) {
		o = haproxy.WeightsOptions{
			Endpoint: haproxy.Endpoint{Socket: at.Socket, Master: at.Master},
			Name:     "shop", Dir: filepath.Join(at.Dir, "files"), Backend: "pages", Ring: "lines", BootTime: like.BootTime,
		}
		text, err := weighing(at, o)
		return change(text), err
	})
	again := func() rollout.Router {
		w, err := haproxy.NewWeights(o)
		require.NoError(t, err)
		return w
	}
	return wired{Server: server, url: server.URL(0), router: again(), again: again}
}

// weighing is the configuration of somebody who has one backend, and a frontend of his own.
func weighing(at haserver.Place, o haproxy.WeightsOptions) (string, error) {
	if err := o.CreateFiles(); err != nil {
		return "", err
	}
	c, err := o.Configuration()
	if err != nil {
		return "", err
	}
	checks := strings.Replace(c.Backends, "server-template", "option httpchk GET /healthz\n    default-server check inter 100ms fall 10 rise 1\n    server-template", 1)
	return fmt.Sprintf("%s\n%s\nfrontend shop\n  bind %s\n%s%s  default_backend %s\n%s", beginning(at, ""), c.Ring, at.Addrs[0], c.Frontend, c.Log, o.Backend, checks), nil
}

// percent is a table of two versions, of which the candidate gets so much.
func percent(n float64, old, young []rollout.Instance) rollout.Table {
	return rollout.Table{Routes: []rollout.Route{
		route(strategy.Stable, strategy.Percent(n).Rest(), old...), route(strategy.Candidate, strategy.Percent(n), young...),
	}}
}

// whole is a table of one version.
func whole(instances ...rollout.Instance) rollout.Table {
	return rollout.Table{Routes: []rollout.Route{route(strategy.Stable, strategy.All(), instances...)}}
}

func route(role strategy.Role, share strategy.Share, instances ...rollout.Instance) rollout.Route {
	r := rollout.Route{Role: role, Traffic: rollout.Traffic{Pool: instances[0].Pool, Share: share}}
	for _, i := range instances {
		r.Backends = append(r.Backends, rollout.Backend{ID: i.ID, Addr: i.Addr})
	}
	return r
}

// keeper is what each router offers a host to keep HAProxy as it is.
type keeper interface {
	Keep(ctx context.Context, interval time.Duration) error
}

// keep looks after HAProxy as a host does, until the test ends.
func (s *scene) keep() {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.router.(keeper).Keep(ctx, 50*time.Millisecond) }()
	s.t.Cleanup(func() {
		stop()
		require.ErrorIs(s.t, <-ended, context.Canceled)
	})
}

// keeps brings back what a reload has lost, where that lies in nobody's files.
func (s *scene) keeps() {
	s.t.Helper()
	if s.lossy {
		require.NoError(s.t, s.router.(interface{ Reapply(context.Context) error }).Reapply(s.t.Context()))
	}
}
