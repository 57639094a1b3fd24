package haproxy_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy/haproxy"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the files in testdata")

func TestGroupsOptions(t *testing.T) {
	_, err := haproxy.NewGroups(haproxy.GroupsOptions{
		Endpoint: haproxy.Endpoint{Socket: "nowhere", Master: "x", Timeout: -1}, Name: "my shop", Dir: "files", Backends: []string{"a", "a b", "-", "a", "s"}, Servers: 1001,
		DefaultServer: "check\nserver x", AddServers: "check; show info", HealthPath: "/a b", Headers: []string{"X-A", "x-a", "X A"}, Cookies: []string{"a", "a", ""},
		If: "a\nb", StickyCookie: "a;b", StickyTTL: time.Millisecond, Ring: "my ring", RingSize: 1, CheckTimeout: -1, BootTime: -1,
	})
	for _, field := range []string{
		"Socket", "Master", "Timeout", "Name", "Dir", "Backends", "Backends[1]", "Backends[2]", "Backends[3]", "Backends[4]", "Servers", "DefaultServer", "AddServers", "HealthPath",
		"Headers[1]", "Headers[2]", "Cookies[1]", "Cookies[2]", "If", "StickyCookie", "StickyTTL", "Ring", "RingSize", "CheckTimeout", "BootTime",
	} {
		assert.ErrorContains(t, err, "GroupsOptions."+field+":")
	}
	_, err = haproxy.GroupsOptions{}.Configuration()
	assert.ErrorContains(t, err, "GroupsOptions.Socket: it is empty")
	assert.Error(t, haproxy.GroupsOptions{}.CreateFiles())
}

// What HAProxy takes is taken here, and what no system takes is told at once.
func TestNamesAndPaths(t *testing.T) {
	o := haproxy.GroupsOptions{Endpoint: haproxy.Endpoint{Socket: "/" + strings.Repeat("s", 106)}, Name: "shop", Dir: "/d", Backends: []string{"shop:a", "shop.b", "shop-c"}, Ring: "shop:log"}
	require.NoError(t, o.Validate())
	o.Socket += "s"
	assert.ErrorContains(t, o.Validate(), "is longer than the 107 bytes that the path of a socket may have")
	o.Socket = strings.Repeat("h", 200) + ".example.org:9999"
	assert.NoError(t, o.Validate())
}

func TestWeightsOptions(t *testing.T) {
	_, err := haproxy.NewWeights(haproxy.WeightsOptions{Dir: "/a//b", AddServers: "a;b", Ring: "a b", CheckTimeout: -1, BootTime: -1})
	for _, field := range []string{"Socket", "Name", "Dir", "Backend", "AddServers", "Ring", "CheckTimeout", "BootTime"} {
		assert.ErrorContains(t, err, "WeightsOptions."+field+":")
	}
}

// The configuration is what people paste: a change of it is a decision.
func TestConfiguration(t *testing.T) {
	c, err := haproxy.GroupsOptions{
		Endpoint: haproxy.Endpoint{Socket: "/run/haproxy/admin.sock"}, Name: "shop", Dir: "/etc/haproxy/davit", Headers: []string{"X-Canary"}, Cookies: []string{"canary"},
		HealthPath: "/healthz", If: "{ hdr(host) -i shop.example.org }",
	}.Configuration()
	require.NoError(t, err)
	file := filepath.Join("testdata", "configuration.cfg")
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(c.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), c.String())
}

func TestConfigurationOfTCP(t *testing.T) {
	c, err := haproxy.GroupsOptions{Endpoint: haproxy.Endpoint{Socket: "127.0.0.1:9999"}, Name: "shop", Dir: "/d"}.Configuration()
	require.NoError(t, err)
	assert.Contains(t, c.Global, "stats socket ipv4@127.0.0.1:9999 level admin expose-fd listeners\n")
	assert.NotContains(t, c.Frontend, "Rules")
	assert.NotContains(t, c.Backends, "httpchk")
}

// CreateFiles leaves what is there alone, and writes what HAProxy wants to find.
func TestCreateFiles(t *testing.T) {
	o := haproxy.GroupsOptions{Endpoint: haproxy.Endpoint{Socket: "/s"}, Name: "shop", Dir: filepath.Join(realDir(t), "davit")}
	require.NoError(t, o.CreateFiles())
	text, err := os.ReadFile(o.MapFile())
	require.NoError(t, err)
	assert.Equal(t, "# The routing table of shop, written by Davit: changes by hand are lost.\ntable 0/0/0/1000000/-/-/-\n", string(text))
	require.NoError(t, os.WriteFile(o.MapFile(), []byte("table x\n"), 0o640))
	require.NoError(t, o.CreateFiles())
	text, err = os.ReadFile(o.MapFile())
	require.NoError(t, err)
	assert.Equal(t, "table x\n", string(text))
	entries, err := os.ReadDir(o.Dir)
	require.NoError(t, err)
	assert.Len(t, entries, 4, "and nothing else")
}

// realDir is a folder whose path HAProxy's configuration can hold.
func realDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "davit-haproxy")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// The files are replaced as a whole, and keep their modes.
func TestFilesOnDisk(t *testing.T) {
	w := newWorld(t)
	o := w.groups
	o.Dir = filepath.Join(realDir(t), "davit")
	require.NoError(t, o.CreateFiles())
	require.NoError(t, os.Chmod(o.MapFile(), 0o640))
	for _, f := range []string{o.MapFile(), o.StateFile("shop_a"), o.StateFile("shop_b"), o.StateFile("shop_c")} {
		require.FileExists(t, f)
	}
	w.mapFile = o.MapFile()
	g, err := haproxy.NewGroups(o)
	require.NoError(t, err)
	g.On(haproxy.Folder(), w.dialAdmin, nil)
	tab := table(route("stable", oldPool, wholeShare, w.instances(oldPool, 1)))
	require.NoError(t, g.Route(t.Context(), tab))
	info, err := os.Stat(o.MapFile())
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	text, err := os.ReadFile(o.StateFile("shop_a"))
	require.NoError(t, err)
	assert.Contains(t, string(text), " 10.1.0.2 2 4 ")
	require.NoError(t, os.Chmod(o.Dir, 0o500))
	defer os.Chmod(o.Dir, 0o700)
	if os.Getuid() != 0 {
		assert.ErrorContains(t, g.Route(t.Context(), table()), o.Dir)
	}
	remote := o
	remote.Remote, remote.Dir = true, o.Dir+"/none"
	assert.ErrorContains(t, os.Remove(remote.MapFile()), "no such file")
}
