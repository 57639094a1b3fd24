package local_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
)

func TestStickyCookie(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{StickyCookie: "who", StickyTTL: time.Hour, StickyPath: "/app"},
		sticky(strategy.Percent(50), old, young))
	keys := map[string]bool{}
	for range 50 {
		first := ask(r)
		cookies := first.Result().Cookies()
		require.Len(t, cookies, 1)
		c := cookies[0]
		assert.Equal(t, "who", c.Name)
		assert.Equal(t, "/app", c.Path)
		assert.Equal(t, 3600, c.MaxAge)
		assert.True(t, c.HttpOnly)
		assert.False(t, c.Secure)
		assert.Equal(t, http.SameSiteLaxMode, c.SameSite)
		keys[c.Value] = true
		for range 5 {
			again := ask(r, header("Cookie", "a=b; who="+c.Value))
			assert.Equal(t, first.Body.String(), again.Body.String())
			assert.Empty(t, again.Result().Cookies(), "a client that has a key keeps it")
		}
	}
	assert.Len(t, keys, 50)
	assert.Greater(t, old.hits.Load(), int64(0))
	assert.Greater(t, young.hits.Load(), int64(0))
}

func TestStickyHeaderComesFirst(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{StickyHeader: "x-user"}, sticky(strategy.Percent(50), old, young))
	for _, user := range []string{"ann", "bob", "cid", "dan", "eve"} {
		want := map[string]string{oldPool.String(): "old", newPool.String(): "young"}[r.Home(user)]
		w := ask(r, header("X-User", user), header("Cookie", "davit-client=other"))
		assert.Equal(t, want, w.Body.String())
		assert.Empty(t, w.Result().Cookies())
	}
	assert.Len(t, ask(r).Result().Cookies(), 1, "without the header the cookie tells")
}

func TestNoCookieWhereItDecidesNothing(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{}, split(strategy.Percent(50), old, young))
	assert.Empty(t, ask(r).Result().Cookies(), "not on a table that is not sticky")

	table := sticky(strategy.Percent(50), old, young)
	table.Routes[1].Match = []strategy.Match{{Header: "X-Canary", Value: "on"}}
	require.NoError(t, r.Route(t.Context(), table))
	assert.Empty(t, ask(r, header("X-Canary", "on")).Result().Cookies(), "not where a rule decides")
}

func FuzzClientKey(f *testing.F) {
	f.Add("davit-client=abc", "")
	f.Add(`davit-client="abc"; x`, "user")
	f.Add("davit-client=; davit-client=b", "")
	f.Add(strings.Repeat("davit-client=\xff;", 3), "\x00")
	r, err := local.NewRouter(local.RouterOptions{StickyHeader: "X-User"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, cookie, user string) {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header["Cookie"] = []string{cookie}
		req.Header["X-User"] = []string{user}
		key, fresh := r.ClientKey(req)
		again, freshAgain := r.ClientKey(req)
		if key == "" {
			t.Fatal("an empty key")
		}
		if fresh != freshAgain || !fresh && key != again || fresh && key == again {
			t.Fatalf("keys %q (%v), %q (%v)", key, fresh, again, freshAgain)
		}
		if user != "" && key != user {
			t.Fatalf("key %q, want the header %q", key, user)
		}
		if fresh { // what the router sets is what it reads
			req.Header["Cookie"] = []string{"davit-client=" + key}
			if got, fresh := r.ClientKey(req); fresh || got != key {
				t.Fatalf("cookie %q read as %q", key, got)
			}
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("X-Canary", "on", true)
	f.Add("group", "a b", false)
	f.Add("host", "a", true)
	f.Add("k", `"q"`, false)
	r, err := local.NewRouter(local.RouterOptions{})
	require.NoError(f, err)
	old, young := newSite(f, "old"), newSite(f, "young")
	f.Fuzz(func(t *testing.T, name, value string, cookie bool) {
		m := strategy.Match{Header: name, Value: value}
		if cookie {
			m = strategy.Match{Cookie: name, Value: value}
		}
		if r.Matches(m) != nil {
			return
		}
		// A rule that is accepted is one that a request can meet.
		router, err := local.NewRouter(local.RouterOptions{})
		require.NoError(t, err)
		table := split(strategy.Share{}, old, young)
		table.Routes[1].Match = []strategy.Match{m}
		require.NoError(t, router.Route(t.Context(), table))
		defer router.Close(t.Context())
		w := ask(router, func(req *http.Request) {
			switch {
			case cookie:
				req.AddCookie(&http.Cookie{Name: name, Value: value})
			case http.CanonicalHeaderKey(name) == "Host":
				req.Host = value
			default:
				req.Header.Set(name, value)
			}
		})
		if w.Body.String() != "young" {
			t.Fatalf("%s: answered by %q (%d)", m, w.Body, w.Code)
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add("stable", "1.0.0", 1_000_000, "a", "127.0.0.1:80", "candidate", "1.1.0", 0, "b", "[::1]:80")
	f.Add("stable", "1.0.0", -1, "", ":", "stable", "1.0.0", 1<<40, "", "x:y:z")
	r, err := local.NewRouter(local.RouterOptions{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, role1, v1 string, share1 int, id1, addr1, role2, v2 string, share2 int, id2, addr2 string) {
		table := twoRoutes(role1, v1, share1, id1, addr1, role2, v2, share2, id2, addr2)
		before, _ := r.Table(t.Context())
		err := r.Route(t.Context(), table)
		after, _ := r.Table(t.Context())
		if err != nil {
			assert.Equal(t, before, after)
			return
		}
		assert.Equal(t, table, after)
		sum := share1 + share2
		if sum != 0 && sum != 1_000_000 || share1 < 0 || share2 < 0 || id1 == id2 || addr1 == addr2 || v1 == v2 {
			t.Fatalf("accepted: %+v", table)
		}
	})
}
