package haproxy_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy/haproxy"
)

// checked is what Check finds, each with its mending.
func checked(t *testing.T, err error) []*haproxy.Lack {
	t.Helper()
	if err == nil {
		return nil
	}
	var many *multierror.Error
	require.ErrorAs(t, err, &many)
	var all []*haproxy.Lack
	for _, one := range many.Errors {
		var lack *haproxy.Lack
		require.ErrorAs(t, one, &lack)
		assert.NotEmpty(t, lack.Mend)
		all = append(all, lack)
	}
	return all
}

// without drops the lines that match.
func without(pattern string) func(string) string {
	drop := regexp.MustCompile(`(?m)^.*` + pattern + `.*\n`)
	return func(text string) string { return drop.ReplaceAllString(text, "") }
}

func asIs(text string) string { return text }

// TestWhatAConfigurationLacksIsTold starts HAProxy with a configuration from which something is missing. Check
// says what, and nothing else.
func TestWhatAConfigurationLacksIsTold(t *testing.T) {
	for _, c := range []struct {
		name    string
		config  func(text string) string
		options func(o *haproxy.GroupsOptions) // of the router, not of the configuration
		says    []string
	}{
		{"nothing", asIs, nil, nil},
		{"the lines of the frontend", func(text string) string {
			return without(`(http-request|use_backend|http-response) `)(text)
		}, nil, []string{"shop.map is not used by the running configuration"}},
		{"the line of a header", without(`req\.fhdr\(x-canary\)`), nil, []string{"some lines are missing"}},
		{"a header that the router is to know", asIs, func(o *haproxy.GroupsOptions) { o.Headers = append(o.Headers, "X-Other") }, []string{"some lines are missing"}},
		{"a backend", func(text string) string { return text[:strings.Index(text, "backend shop_c")] }, nil, []string{"there is no backend shop_c", "the servers of shop_c"}},
		{"servers", func(text string) string {
			return strings.ReplaceAll(text, "server-template s 1-10 ", "server-template s 1-3 ")
		}, nil,
			[]string{"shop_a has 3 servers", "shop_b has 3 servers", "shop_c has 3 servers"}},
		{"the ring", func(text string) string {
			text = without(`log ring@shop_log`)(text)
			return regexp.MustCompile(`(?s)ring shop_log\n.*?\nfrontend`).ReplaceAllString(text, "frontend")
		}, nil, []string{"there is no ring shop_log"}},
		{"the rights of an admin", func(text string) string { return strings.ReplaceAll(text, "level admin", "level operator") }, nil, []string{`is of level "operator", not admin`}},
		{"a master", asIs, func(o *haproxy.GroupsOptions) { o.Master = o.Socket }, []string{"is no master's socket"}},
		{"a master that is there", asIs, func(o *haproxy.GroupsOptions) { o.Master += ".not" }, []string{"the master's socket does not answer"}},
		{"the states over a reload", without(`server-state-file-name .*shop_b`), nil, []string{"a reload will bring back the servers of shop_b"}},
		{"the choice of a backend", without(`use_backend %`), nil, []string{"lack 1 lines of the frontend"}},
		{"a choice before that of a group", func(text string) string {
			return strings.Replace(text, "use_backend %", "use_backend shop_a if { path /a }\n    use_backend %", 1)
		}, nil, []string{"comes before the choice of a group"}},
		{"what keeps a reload from losing requests", without(`idle-close-on-response`), nil, []string{"the first: option idle-close-on-response"}},
		{"the loading of states", without(`load-server-state-from-file`), nil, []string{"the servers of shop_a", "the servers of shop_b", "the servers of shop_c"}},
		{"the log-format", without(`log-format`), nil, []string{"no log-format of the configuration ends in"}},
		{"freedom from cookies, and from backups", func(text string) string {
			return strings.Replace(text, "backend shop_b\n", "backend shop_b\n    cookie SRV insert indirect\n    server sorry 127.0.0.1:1 backup\n", 1)
		}, nil, []string{"the server shop_b/sorry is a backup", "by the cookie SRV"}},
		{"all of it", func(text string) string { return text[:strings.Index(text, "ring shop_log")] }, nil,
			[]string{"shop.map is not used", "there is no backend shop_a", "there is no backend shop_b", "there is no backend shop_c", "there is no ring shop_log",
				"the servers of shop_a", "the servers of shop_b", "the servers of shop_c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := openEdited(t, c.config)
			o := h.options
			if c.options != nil {
				c.options(&o)
			}
			g, err := haproxy.NewGroups(o)
			require.NoError(t, err)
			lacks := checked(t, g.Check(t.Context()))
			require.Len(t, lacks, len(c.says), "%v", lacks)
			for i, says := range c.says {
				assert.Contains(t, lacks[i].What, says)
			}
		})
	}
}

// TestFilesThatCannotBeUsedAreTold makes the folder unusable in all ways.
func TestFilesThatCannotBeUsedAreTold(t *testing.T) {
	t.Parallel()
	h := openGroups(t)
	g := h.again().(*haproxy.Groups)
	require.Empty(t, checked(t, g.Check(t.Context())))
	require.NoError(t, os.RemoveAll(h.options.Dir))
	lacks := checked(t, g.Check(t.Context()))
	require.Len(t, lacks, 5, "%v", lacks)
	assert.Contains(t, lacks[4].What, "no file can be written in "+h.options.Dir)
	assert.Contains(t, lacks[3].What, filepath.Join(h.options.Dir, "shop.map")+" is missing")

	// What cannot be remembered is not done.
	s := openShop(t)
	old := s.run("1.0.0", 1)
	require.Error(t, g.Route(t.Context(), whole(old...)))
	table, err := g.Table(t.Context())
	require.NoError(t, err)
	assert.Empty(t, table.Routes)

	require.NoError(t, h.Stop())
	err = g.Check(t.Context())
	require.ErrorContains(t, err, h.options.Socket)
	require.False(t, errors.As(err, new(*haproxy.Lack)))
}

// TestWeightsTellWhatTheyLack is the same for a backend with weights.
func TestWeightsTellWhatTheyLack(t *testing.T) {
	for _, c := range []struct {
		name   string
		config func(text string) string
		says   []string
	}{
		{"nothing", asIs, nil},
		{"shares by weights", func(text string) string { return strings.ReplaceAll(text, "balance roundrobin", "balance source") }, []string{"balances by source"}},
		{"the ring", func(text string) string {
			return regexp.MustCompile(`(?s)ring lines\n.*?\nfrontend`).ReplaceAllString(without(`log ring@lines`)(text), "frontend")
		}, []string{"there is no ring lines"}},
		{"requests", func(text string) string {
			text = without(`(log-format|option httplog|option httpchk|mode http)`)(text)
			return strings.ReplaceAll(text, "defaults\n", "defaults\n  mode tcp\n")
		}, []string{"pages is in mode tcp", "no log-format of the configuration ends in"}},
		{"the backend", func(text string) string { return strings.ReplaceAll(text, "pages", "posters") },
			[]string{"there is no backend pages", "the servers of pages"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := openWeights(t, c.config)
			lacks := checked(t, h.router.(*haproxy.Weights).Check(t.Context()))
			require.Len(t, lacks, len(c.says), "%v", lacks)
			for i, says := range c.says {
				assert.Contains(t, lacks[i].What, says)
			}
		})
	}
}

// TestTheSourceTellsALogThatItCannotRead has a frontend that does not log as it should. What is not in the log is
// not taken for silence.
func TestTheSourceTellsALogThatItCannotRead(t *testing.T) {
	for name, edit := range map[string]func(string) string{
		"a log-format of somebody's own": func(text string) string {
			return regexp.MustCompile(`log-format ".*"`).ReplaceAllString(text, `log-format "%ci %s %ST"`)
		},
		"good answers are left out": func(text string) string {
			return strings.ReplaceAll(text, "option httplog\n", "option dontlog-normal\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scene{t: t, shop: openShop(t), wired: openEdited(t, edit)}
			require.NoError(t, s.router.Route(t.Context(), whole(s.shop.run("1.0.0", 1)...)))
			source := s.measure(haproxy.SourceOptions{})
			since := time.Now()
			customers := enter(t, traffic.Customers{URL: s.url, Number: 2, Pause: 5 * time.Millisecond})
			eventually(t, "the source tells", func() bool {
				_, err := source.Read(t.Context(), metrics.Query{Group: pool("1.0.0").String(), From: since, To: time.Now()})
				return errors.Is(err, metrics.ErrNoData) && strings.Contains(err.Error(), "LogFormat")
			})
			assert.Zero(t, customers.Leave().Lost)
		})
	}
}

// TestWhatDoesNotFitIsRefused asks for more than HAProxy has room for, and for what it cannot do.
func TestWhatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	old, young := s.run("1.0.0", 3), s.run("1.1.0", 2)
	h := openGroups(t, quick, func(o *haproxy.GroupsOptions) { o.Servers = 2 })
	require.ErrorContains(t, h.router.Route(t.Context(), whole(old...)), "shop_")
	require.NoError(t, h.router.Route(t.Context(), percent(30, old[:2], young)))
	want, err := h.router.Table(t.Context())
	require.NoError(t, err)
	require.Error(t, h.router.Route(t.Context(), whole(old...)))
	now, err := h.router.Table(t.Context())
	require.NoError(t, err)
	assert.True(t, now.Equal(want), "%s", now)

	// An instance that fails HAProxy's checks gets no request, and is named.
	dead := young[0]
	s.kill(dead.ID)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	again := openGroups(t, quick, func(o *haproxy.GroupsOptions) { o.CheckTimeout = 500 * time.Millisecond })
	require.NoError(t, again.router.Route(ctx, whole(old[0])))
	err = again.router.Route(ctx, percent(30, old[:1], young))
	require.ErrorContains(t, err, dead.ID)
	assert.ErrorContains(t, err, "has not passed a health check")
}
