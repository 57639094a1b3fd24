package haproxy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

const (
	someInfo = "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nRelease_date: 2026/10/17\nNbthread: 2\nPid: 18819\nUptime: 0d 0h00m07s\nUptime_sec: 7\nnode: vm\nStopping: 0\nTainted: 0"

	stateColumnsLine = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port"
	someServers      = "1\n" + stateColumnsLine + "\n" +
		"3 shop_a 1 s1 127.0.0.1 2 4 1 1 2 15 3 2 6 0 0 0 - 29001 - 0 0 - - 0\n" +
		"3 shop_a 2 s2 127.0.0.1 0 12 1 1 1 8 2 0 6 0 0 0 - 29099 - 0 0 - - 0\n" +
		"3 shop_a 3 s3 ::1 0 5 0 1 21 1 0 0 14 0 0 0 - 1 - 0 0 - - 0\n" +
		"4 shop_b 1 s1 0.0.0.0 0 5 1 1 0 1 0 0 8 0 0 0 - 0 - 0 0 - - 0"

	someStat = "# pxname,svname,qcur,qmax,scur,smax,slim,stot,econ,eresp,status,weight,check_status,last_chk,algo,hrsp_2xx,hrsp_5xx,\n" +
		"shop,FRONTEND,,,1,2,9978,5,,,OPEN,,,,,5,0,\n" +
		"shop_a,s1,1,0,2,0,,40,3,4,UP 1/2,1,* L7OK,\"HTTP \"\"200\"\", fine\",,30,9,\n" +
		"shop_a,BACKEND,0,0,3,0,1,41,0,0,UP,1,,,roundrobin,30,10,"

	someEntries = "0x564e473d4380 table 4/1/100000/900000/shop_b/shop_a/shop_c\n0x1 shop_a/p/4 1.0.0//-\n0x2 shop_b/p/4 1.1.0/sha256%3Aab/-\n0x3 shop_c/p/4 1.0.0//b\n" +
		"0x4 6F6E/h/x-canary/4 1/1/X-Canary\n0x5 31/c/canary/4 1/0/canary\n0x6 6F/h/x-canary/3 2/0/X-Canary\n0x7 shop_a/p/3 0.9.0//-\n0x8 s/shop_a/s1 i-1/10.0.0.1%3A80/1.0.0//-\n0x9 mine and yours"

	someLine = `GET /x davit:1 shop 18819 12 7 1795423071730 1.1.0/sha256%3Aab/b shop_b s1 200 ---- 12`

	someProc = "#<PID>          <type>          <reloads>       <uptime>        <version>      \n1050            master          1 [failed: 0]   0d00h00m01s     2.6.12-1+deb12u4\n# workers\n1145            worker          0               0d00h00m01s     2.6.12-1+deb12u4\n# old workers\n1100            worker          1               0d00h00m02s     2.6.12-1+deb12u4\n# programs"
)

func TestParseInfo(t *testing.T) {
	p, err := parseInfo(someInfo)
	require.NoError(t, err)
	assert.Equal(t, process{version: version{2, 6}, release: "2.6.12-1+deb12u4", pid: 18819, uptime: 7 * time.Second}, p)
	require.NoError(t, p.supported())
	for text, v := range map[string]version{"2.4.0": {2, 4}, "3.0-dev7-abc": {3, 0}, "2.10.1": {2, 10}, "3.2.0": {3, 2}} {
		got, err := parseVersion(text)
		require.NoError(t, err)
		assert.Equal(t, v, got)
		assert.False(t, got.before(oldest))
	}
	old, err := parseInfo(strings.ReplaceAll(someInfo, "2.6.12", "2.3.99"))
	require.NoError(t, err)
	assert.ErrorContains(t, old.supported(), "HAProxy 2.3.99-1+deb12u4 is too old: 2.4 is the first")
	for _, bad := range []string{
		"", "Pid: 1", "Version: 2.6\nPid: 0\nUptime_sec: 1", "Version: x\nPid: 1\nUptime_sec: 1", "Version: 2.6\nPid: 1\nUptime_sec: -1",
		"Version: 2.6\nPid: 1\nPid: 2\nUptime_sec: 1", "Permission denied", "Name:\nVersion: 2.6\nPid: 1\nUptime_sec: 1",
	} {
		_, err := parseInfo(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestParseServers(t *testing.T) {
	s, err := parseServers(someServers)
	require.NoError(t, err)
	require.Len(t, s.servers, 4)
	up, drains, out, none := s.servers[0], s.servers[1], s.servers[2], s.servers[3]
	assert.True(t, up.ready() && up.passed() && up.up() && !up.draining() && !up.maint())
	assert.Equal(t, "127.0.0.1:29001", up.addr)
	assert.True(t, drains.draining() && !drains.ready() && !drains.passed() && !drains.up())
	assert.True(t, out.maint() && !out.draining() && out.tested())
	assert.Equal(t, "[::1]:1", out.addr)
	assert.Empty(t, none.addr)
	assert.True(t, none.passed(), "it is not checked")
	assert.Len(t, s.of("shop_a"), 3)

	text := string(stateText(s, "shop_a", map[place]fate{
		up.place: {toDrain, -1}, drains.place: {toReady, 7}, out.place: {toMaint, -1},
	}))
	again, err := parseServers(strings.TrimSuffix(text, "\n"))
	require.NoError(t, err)
	assert.True(t, again.servers[0].draining())
	assert.True(t, again.servers[1].ready() && again.servers[1].up(), "who is to be ready counts as up")
	assert.Equal(t, []int{4 | forcedDrain, 4, 5}, []int{again.servers[0].admin, again.servers[1].admin, again.servers[2].admin}, "what the configuration says of maintenance is kept")
	assert.Equal(t, []int{1, 7, 1}, []int{again.servers[0].uweight, again.servers[1].uweight, again.servers[2].uweight})

	for _, bad := range []string{
		"", "1", "2\n" + stateColumnsLine, "1\nbe_id be_name", "1\n# be_id be_name", strings.Replace(someServers, "srv_id", "be_id", 1),
		someServers + "\n3 shop_a", strings.Replace(someServers, " 2 4 1 1 ", " 9 4 1 1 ", 1), strings.Replace(someServers, " 2 4 1 1 ", " 2 4 300 1 ", 1),
		strings.Replace(someServers, "29001", "290010", 1), strings.Replace(someServers, "shop_a 2 s2", "shop_a 2 s1", 1), strings.Replace(someServers, "shop_a 1 s1", "shop_a  s1", 1),
		"Can't find backend.",
	} {
		_, err := parseServers(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestParseStat(t *testing.T) {
	stats, err := parseStat(someStat)
	require.NoError(t, err)
	require.Len(t, stats, 3)
	assert.Equal(t, stat{
		place: place{"shop_a", "s1"}, current: 2, queued: 1, total: 40, answers: [6]uint64{0, 0, 30, 0, 0, 9}, lost: 7,
		status: "UP 1/2", checked: "* L7OK", lastCheck: `HTTP "200", fine`,
	}, stats[1])
	assert.Equal(t, "roundrobin", stats[2].algorithm)
	for _, bad := range []string{
		"", "# ", "pxname,svname", "# pxname,svname", strings.Replace(someStat, "qmax", "qcur", 1), strings.Replace(someStat, ",40,", ",-4,", 1),
		someStat + "\nx,y", strings.Replace(someStat, "shop_a,BACKEND", ",BACKEND", 1), strings.Replace(someStat, `""200"`, `"200`, 1),
	} {
		_, err := parseStat(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestParseEntries(t *testing.T) {
	all, err := parseEntries(someEntries)
	require.NoError(t, err)
	l, err := readLayout(all)
	require.NoError(t, err)
	pool := func(version, digest string, baseline bool) strategy.Pool {
		return strategy.Pool{Revision: strategy.Revision{Version: version, Digest: digest}, Baseline: baseline}
	}
	assert.Equal(t, layout{
		generation: 4, sticky: true,
		share:   map[strategy.Role]strategy.Share{strategy.Candidate: strategy.Percent(10), strategy.Stable: strategy.Percent(80), strategy.Baseline: strategy.Percent(10)},
		slot:    map[strategy.Role]string{strategy.Candidate: "shop_b", strategy.Stable: "shop_a", strategy.Baseline: "shop_c"},
		pool:    map[string]strategy.Pool{"shop_a": pool("1.0.0", "", false), "shop_b": pool("1.1.0", "sha256:ab", false), "shop_c": pool("1.0.0", "", true)},
		rules:   []rule{{strategy.Match{Cookie: "canary", Value: "1"}, strategy.Candidate, 0}, {strategy.Match{Header: "X-Canary", Value: "on"}, strategy.Candidate, 1}},
		tenants: map[place]tenant{{"shop_a", "s1"}: {"i-1", "10.0.0.1:80", pool("1.0.0", "", false)}},
		before:  []entry{{"6F/h/x-canary/3", "2/0/X-Canary"}, {"shop_a/p/3", "0.9.0//-"}},
	}, l)
	known := slices.DeleteFunc(slices.Clone(all), func(e entry) bool { return e.key == "mine" })
	assert.Equal(t, sortedEntries(known), l.entries(), "what it says is what it was read from")

	empty, err := readLayout(nil)
	require.NoError(t, err)
	assert.Equal(t, emptyLayout(), empty)
	assert.Equal(t, []entry{{tableKey, noTable}}, empty.entries())

	_, err = parseEntries("Unknown map identifier. Please use #<id> or <file>.")
	assert.Error(t, err)
	replaced := func(old, young string) string { return strings.Replace(someEntries, old, young, 1) }
	for _, bad := range []string{
		replaced("4/1/", "4/2/"), replaced("4/1/", "-4/1/"), replaced("100000/900000", "900001/900000"), replaced("900000/", "1900000/"), replaced("shop_b/shop_a", "shop_b/shop_b"),
		replaced("shop_b/shop_a", "shop_b/-"), replaced("shop_b/shop_a", "/shop_a"), replaced("/shop_c\n", "\n"), replaced("shop_c/p/4", "shop_d/p/4"), replaced("1.0.0//b", "1.0.0//c"),
		replaced("1.0.0//b", "//b"), replaced("1.0.0//b", "1.0%zz//b"), replaced("1.0.0//b", "1.0 0//b"), replaced("1/1/X-Canary", "4/1/X-Canary"), replaced("1/1/X-Canary", "1/X-Canary"),
		replaced("1/1/X-Canary", "1/1/X-Other"), replaced("6F6E/", "6f6e/"), replaced("6F6E/", "6F6/"), replaced("i-1/", "/"), replaced("i-1/", ""), replaced("mine", "table"),
		replaced("shop_b/shop_a", "-/shop_a"),
	} {
		all, err := parseEntries(bad)
		if err == nil {
			_, err = readLayout(all)
		}
		assert.Error(t, err, "%s", bad)
	}
}

func TestParseLine(t *testing.T) {
	l, err := parseLine(someLine)
	require.NoError(t, err)
	assert.Equal(t, line{
		frontend: "shop", pid: 18819, request: 12, logged: 7, at: time.UnixMilli(1795423071730), place: place{"shop_b", "s1"}, status: 200, ended: "----", took: 12 * time.Millisecond,
		pool: strategy.Pool{Revision: strategy.Revision{Version: "1.1.0", Digest: "sha256:ab"}, Baseline: true},
	}, l)
	denied, err := parseLine("davit:1 shop 1 2 3 4 - shop <NOSRV> 503 PR-- -1")
	require.NoError(t, err)
	assert.True(t, denied.pool.Revision.IsZero() && denied.place.server == "" && denied.failed() && !denied.gone() && denied.took == 0)
	for _, other := range []string{"", "Proxy shop stopped (cumulated conns: FE: 2, BE: 0).", "xdavit:1 shop"} {
		_, err := parseLine(other)
		assert.ErrorIs(t, err, errNotOurs, other)
	}
	for _, bad := range []string{
		"davit:1 ", "davit:1 shop 1 2 3 4 - shop s1 200 ---- +12", "davit:1 shop 0 2 3 4 - shop s1 200 ---- 12", "davit:1 shop 1 2 3 4 1.0.0 shop s1 200 ---- 12",
		"davit:1 shop 1 2 3 4 - shop s1 2000 ---- 12", "davit:1 shop 1 2 3 4 - shop s1 200 - 12", "davit:1 shop 1 2 3 4 - shop s1 200 ---- 12 more", "davit:1 shop 1 2 3 4 - shop s1 200 ---- -2",
	} {
		_, err := parseLine(bad)
		require.Error(t, err, bad)
		assert.NotErrorIs(t, err, errNotOurs, bad)
	}
	for text, want := range map[string]uint64{"1 event dropped": 1, "312 events dropped": 312, "<6>Nov 23 haproxy: 5 events dropped": 5} {
		n, ok := dropped(text)
		assert.True(t, ok)
		assert.Equal(t, want, n)
	}
	_, ok := dropped("many events dropped")
	assert.False(t, ok)
}

func TestParseFormer(t *testing.T) {
	pids, err := parseFormer(someProc)
	require.NoError(t, err)
	assert.Equal(t, []int{1100}, pids)
	for _, bad := range []string{"", "Unknown command", someProc + "\nx", strings.Replace(someProc, "1100 ", "-100 ", 1)} {
		_, err := parseFormer(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestSplitAnswers(t *testing.T) {
	got, err := splitAnswers("a\nb\n\n\nc\n\n", 3)
	require.NoError(t, err)
	assert.Equal(t, []string{"a\nb", "", "c"}, got)
	for text, n := range map[string]int{"a": 1, "a\n": 1, "a\n\nb\n": 2, "a\n\n": 2, "a\n\nb\n\n": 1} {
		_, err := splitAnswers(text, n)
		assert.Error(t, err, "%q", text)
	}
}

func FuzzServers(f *testing.F) {
	f.Add(someServers)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseServers(text)
		if err != nil || len(s.servers) == 0 {
			return
		}
		fates := map[place]fate{}
		for i, one := range s.servers {
			fates[one.place] = fate{[]will{toReady, toDrain, toMaint}[i%3], i % 257}
		}
		backend := s.servers[0].backend
		again, err := parseServers(strings.TrimSuffix(string(stateText(s, backend, fates)), "\n"))
		require.NoError(t, err)
		require.Len(t, again.servers, len(s.of(backend)))
		for _, one := range again.servers {
			was, ok := s.find(one.place)
			require.True(t, ok)
			require.Equal(t, was.addr, one.addr)
			require.Equal(t, fates[one.place].weight, one.uweight)
			require.Equal(t, fates[one.place].will == toMaint, one.admin&forcedMaint != 0)
			require.Equal(t, fates[one.place].will == toDrain, one.admin&forcedDrain != 0)
		}
	})
}

// What a map says can be written again, line by line, and says the same.
func FuzzEntries(f *testing.F) {
	f.Add(someEntries)
	f.Fuzz(func(t *testing.T, text string) {
		all, err := parseEntries(text)
		if err != nil {
			return
		}
		l, err := readLayout(all)
		if err != nil {
			return
		}
		var b strings.Builder
		for i, e := range l.entries() {
			require.False(t, strings.ContainsAny(e.value, "\n"))
			fmt.Fprintf(&b, "0x%x %s\n", i, e.line())
		}
		all, err = parseEntries(strings.TrimSuffix(b.String(), "\n"))
		require.NoError(t, err)
		again, err := readLayout(all)
		require.NoError(t, err)
		require.Equal(t, l.entries(), again.entries())
	})
}

// Whatever a table names, the map that it becomes says the same table.
func FuzzLayout(f *testing.F) {
	f.Add("1.0.0", "sha256:ab", "X-Canary", "on; off\\ # é", "i-1", 100_000, uint64(7))
	f.Fuzz(func(t *testing.T, version, digest, header, value, id string, share int, generation uint64) {
		p := strategy.Pool{Revision: strategy.Revision{Version: version, Digest: digest}}
		if p.Revision.IsZero() || !fieldName.MatchString(header) || id == "" || share <= 0 || share > whole || generation > 1<<62 {
			return
		}
		l := emptyLayout()
		l.generation, l.share[strategy.Candidate], l.slot[strategy.Candidate], l.pool["b"] = generation, strategy.Millionths(share), "b", p
		l.rules = []rule{{strategy.Match{Header: header, Value: value}, strategy.Candidate, 0}}
		if share < whole {
			other := p
			other.Baseline = true
			l.share[strategy.Stable], l.slot[strategy.Stable], l.pool["a"] = strategy.Millionths(whole-share), "a", other
		}
		l.tenants[place{"b", "s1"}] = tenant{id, "10.0.0.1:80", p}
		for _, e := range l.entries() {
			require.NotContains(t, e.key, " ")
			require.False(t, strings.ContainsAny(e.line(), "\n\r\t;\\\"'") || strings.HasPrefix(e.key, "#") || strings.Count(e.line(), " ") != 1, "%q", e.line())
		}
		got, err := readLayout(l.entries())
		require.NoError(t, err)
		require.Equal(t, l, got)
	})
}

func FuzzRecord(f *testing.F) {
	some, _ := record{recordFormat, "shop", rollout.Table{Routes: []rollout.Route{{Role: strategy.Stable}}}, []seatRecord{{Server: "s1", ID: "a"}}}.text()
	f.Add(string(some))
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRecord([]byte(text))
		if err != nil {
			return
		}
		data, err := r.text()
		if err != nil {
			return // shares that cannot be
		}
		again, err := parseRecord(data)
		require.NoError(t, err)
		a, err := json.Marshal(again)
		require.NoError(t, err)
		b, err := json.Marshal(r)
		require.NoError(t, err)
		require.JSONEq(t, string(b), string(a))
	})
}

// No answer of HAProxy makes anything panic.
func FuzzAnswers(f *testing.F) {
	for _, text := range []string{"", "# ", someInfo, someStat, someLine, someProc, "a\n\nb\n\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = parseInfo(text)
		_, _ = parseStat(text)
		_, _ = parseFormer(text)
		_, _ = splitAnswers(text, 1)
		_, _ = lastLine(text)
		if l, err := parseLine(text); err == nil {
			require.GreaterOrEqual(t, l.took, time.Duration(0))
			require.Greater(t, l.pid, 0)
		}
	})
}

func TestSkewed(t *testing.T) {
	for lag, want := range map[time.Duration]string{
		0: "", maxSkew: "", -maxSkew: "", maxSkew + time.Second: "comes 4s late", -maxSkew - time.Second: "is 4s ahead",
	} {
		if err := skewed(lag); want == "" {
			assert.NoError(t, err, lag)
		} else {
			assert.ErrorContains(t, err, want)
		}
	}
	f := follower{}
	now := time.UnixMilli(1795424221000)
	f.came(line{at: now.Add(-time.Hour)}, now)
	f.came(line{at: now.Add(-time.Second)}, now)
	require.NoError(t, f.inTime(), "one that comes late is none of the clock")
	f.came(line{at: now.Add(-time.Hour)}, now)
	require.Error(t, f.inTime())
	require.Error(t, f.inTime(), "nothing has come that would say otherwise")
}
