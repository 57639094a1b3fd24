package jsonl_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/jsonl"
	"github.com/davit-sdk/davit/metrics/metricstest"
	"github.com/davit-sdk/davit/metrics/trace"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func second(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

// growing is a file that a test writes to.
type growing struct {
	t    testing.TB
	path string
}

func newGrowing(t testing.TB) growing { return growing{t, filepath.Join(t.TempDir(), "metrics.jsonl")} }

func (g growing) add(texts ...string) {
	f, err := os.OpenFile(g.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(g.t, err)
	_, err = f.WriteString(strings.Join(texts, ""))
	require.NoError(g.t, errors.Join(err, f.Close()))
}

// of is a line of a group that ends at a second.
func of(end int, group string, requests int) string {
	return fmt.Sprintf(`{"at":%q,"group":%q,"requests":%d,"errors":0}`+"\n", second(end).Format(time.RFC3339), group, requests)
}

func (g growing) source(edit ...func(*jsonl.Options)) *jsonl.Source {
	o := jsonl.Options{Path: g.path}
	for _, e := range edit {
		e(&o)
	}
	s, err := jsonl.NewSource(o)
	require.NoError(g.t, err)
	return s
}

func read(s *jsonl.Source, group string, from, to int) (metrics.Window, error) {
	return s.Read(context.Background(), metrics.Query{Group: group, From: second(from), To: second(to)})
}

func requests(t testing.TB, s *jsonl.Source, group string) uint64 {
	w, err := read(s, group, -1000, 100_000)
	require.NoError(t, err)
	return w.Requests
}

func TestAFileThatGrows(t *testing.T) {
	g := newGrowing(t)
	s := g.source()
	_, err := read(s, "a", 0, 10)
	assert.ErrorIs(t, err, fs.ErrNotExist, "until it is there")
	assert.ErrorContains(t, err, g.path)

	g.add("\xef\xbb\xbf", of(5, "a", 1), "\r\n")
	assert.EqualValues(t, 1, requests(t, s, "a"))
	_, err = read(s, "b", 0, 10)
	assert.ErrorIs(t, err, metrics.ErrUnknownGroup)

	g.add(of(10, "a", 10), of(10, "b", 7), of(15, "a", 100)[:30])
	assert.EqualValues(t, 11, requests(t, s, "a"), "the last line is torn")
	assert.EqualValues(t, 7, requests(t, s, "b"))
	g.add(strings.TrimSuffix(of(15, "a", 100)[30:], "\n"))
	assert.EqualValues(t, 11, requests(t, s, "a"), "and may still be")
	g.add("\n")
	assert.EqualValues(t, 111, requests(t, s, "a"))
	w, err := read(s, "a", 10, 15)
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: second(10), To: second(15), Requests: 100}, w)
	_, err = read(s, "a", 15, 20)
	assert.ErrorIs(t, err, metrics.ErrNoData)
}

// A file that nobody writes to any more passes no gate.
func TestAFileThatStopsGrowing(t *testing.T) {
	g := newGrowing(t)
	for end := 10; end <= 600; end += 10 {
		g.add(of(end, "1.1.0", 50))
	}
	errors := gate.ErrorRate{Source: g.source(), Max: 0.01}
	check := func(now int) gate.Verdict {
		v, err := errors.Check(t.Context(), gate.Subject{Candidate: "1.1.0", Since: second(0), Now: second(now)})
		require.NoError(t, err)
		return v
	}
	assert.Equal(t, gate.Pass, check(600).Outcome)
	v := check(1200)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.True(t, v.NoData)
	assert.Contains(t, v.Reason, "10m0s before (at most 5m0s)")
}

func TestOnlyWhatIsNewIsRead(t *testing.T) {
	g := newGrowing(t)
	for i := range 1000 {
		g.add(of(i, "a", 1))
	}
	s := g.source()
	assert.EqualValues(t, 1000, requests(t, s, "a"))
	f, err := os.OpenFile(g.path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("this is no line at all\n"), 0) // what was read once is not looked at again
	require.NoError(t, errors.Join(err, f.Close()))
	g.add(of(1000, "a", 1))
	assert.EqualValues(t, 1001, requests(t, s, "a"))
	assert.ErrorContains(t, errOf(g.source()), "line 1: it is no JSON", "by this source")
}

func errOf(s *jsonl.Source) error {
	_, err := read(s, "a", -1000, 100_000)
	return err
}

func TestReplacedAndCutFiles(t *testing.T) {
	for name, change := range map[string]func(g growing){
		"rotated": func(g growing) {
			require.NoError(t, os.Rename(g.path, g.path+".1"))
			g.add(of(5, "a", 1), of(10, "a", 10), of(15, "a", 100))
		},
		"cut": func(g growing) { require.NoError(t, os.Truncate(g.path, 10)) },
		"cut, and longer than before": func(g growing) {
			require.NoError(t, os.Truncate(g.path, 0))
			for i := range 10 {
				g.add(of(20+i, "a", 1))
			}
		},
		"overwritten": func(g growing) {
			text, err := os.ReadFile(g.path)
			require.NoError(t, err)
			f, err := os.OpenFile(g.path, os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteAt([]byte(strings.Replace(string(text), `"requests":10`, `"requests":99`, 1)), 0)
			require.NoError(t, errors.Join(err, f.Close()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGrowing(t)
			g.add(of(5, "a", 1), of(10, "a", 10))
			s := g.source()
			assert.EqualValues(t, 11, requests(t, s, "a"))
			change(g)
			for range 2 {
				err := errOf(s)
				assert.ErrorIs(t, err, jsonl.ErrReplaced)
				for _, kind := range []error{metrics.ErrNoData, metrics.ErrUnknownGroup} {
					assert.NotErrorIs(t, err, kind)
				}
			}
			if name == "rotated" {
				assert.EqualValues(t, 111, requests(t, g.source(), "a"), "a new source reads the new file")
				require.NoError(t, os.Remove(g.path))
				require.NoError(t, os.Rename(g.path+".1", g.path))
				assert.ErrorIs(t, errOf(s), jsonl.ErrReplaced, "nobody knows what it has missed")
			}
		})
	}
}

func TestAFileThatIsGoneForAWhile(t *testing.T) {
	g := newGrowing(t)
	g.add(of(5, "a", 1))
	s := g.source()
	assert.EqualValues(t, 1, requests(t, s, "a"))
	require.NoError(t, os.Rename(g.path, g.path+".away"))
	assert.ErrorIs(t, errOf(s), fs.ErrNotExist)
	require.NoError(t, os.Rename(g.path+".away", g.path))
	assert.EqualValues(t, 1, requests(t, s, "a"))
}

func TestBadLines(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nonsense":           {"nonsense\n", "line 3: it is no JSON"},
		"back in time":       {of(4, "a", 1), "line 3: t: goes back"},
		"t without a start":  {`{"t":5,"group":"b"}` + "\n", "line 3: t: it counts from Options.Start, which is not set"},
		"a long line":        {strings.Repeat(" ", 200) + "\n", "line 3: is longer than 100 bytes"},
		"a line without end": {strings.Repeat(" ", 200_000), "line 3: is longer than 100 bytes"},
		"a misspelt field":   {`{"at":"2026-01-01T12:00:09Z","group":"a","request":3,"errors":0,"latency":[]}` + "\n", `line 3: "request" is no field`},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGrowing(t)
			g.add(of(5, "a", 1), "\n")
			s := g.source(func(o *jsonl.Options) { o.MaxLine = 100 })
			assert.EqualValues(t, 1, requests(t, s, "a"))
			g.add(c.text)
			for range 2 {
				err := errOf(s)
				require.ErrorContains(t, err, c.want)
				_, ok := errors.AsType[*trace.LineError](err)
				assert.True(t, ok)
				g.add(of(20, "a", 1)) // nothing after it is counted
			}
		})
	}
}

func TestLongLines(t *testing.T) {
	g := newGrowing(t)
	pad := func(n int) string { return strings.Repeat(" ", n) }
	g.add(pad(200_000), of(5, "a", 1), pad(64<<10), of(10, "a", 10), of(15, "a", 100), pad(300_000)+"\n", of(20, "a", 1000)[:20])
	s := g.source()
	assert.EqualValues(t, 111, requests(t, s, "a"), "longer than any buffer")
	g.add(of(20, "a", 1000)[20:])
	assert.EqualValues(t, 1111, requests(t, s, "a"))

	line := of(25, "a", 1)
	exact := newGrowing(t)
	exact.add(strings.TrimSuffix(line, "\n") + "\r\n")
	assert.NoError(t, errOf(exact.source(func(o *jsonl.Options) { o.MaxLine = len(line) - 1 })), "a line end is no part of a line")
	assert.ErrorContains(t, errOf(exact.source(func(o *jsonl.Options) { o.MaxLine = len(line) - 2 })), "is longer than")
}

func TestLinesWithAStart(t *testing.T) {
	g := newGrowing(t)
	g.add(`{"t":5,"group":"a/1","requests":3,"errors":1,"gauges":{"heap":7}}`, "\n", `{"t":5,"group":"a/2","requests":4,"errors":1}`, "\n")
	s := g.source(func(o *jsonl.Options) { o.Start = noon })
	w, err := read(s, "a", 0, 10)
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: noon, To: second(5), Requests: 7, Errors: 2, Gauges: map[string][]float64{"heap": {7}}}, w)
	parts, err := s.Parts(t.Context(), metrics.Query{Group: "a", From: noon, To: second(10)})
	require.NoError(t, err)
	assert.Len(t, parts, 2)
	points, err := s.Series(t.Context(), metrics.SeriesQuery{Name: "heap", Group: "a", From: noon, To: second(10)})
	require.NoError(t, err)
	assert.Equal(t, []metrics.Point{{At: second(5), Value: 7}}, points)
}

func TestWhatIsKept(t *testing.T) {
	g := newGrowing(t)
	for i := range 100 {
		g.add(of(10*i, "a", 1), of(10*i, "b", 1))
	}
	s := g.source(func(o *jsonl.Options) { o.Keep = 100 * time.Second })
	w, err := read(s, "a", 0, 1000)
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: second(890), To: second(990), Requests: 10}, w, "From tells that there is no more")
	_, err = read(s, "a", 0, 890)
	assert.ErrorIs(t, err, metrics.ErrNoData)

	s = g.source(func(o *jsonl.Options) { o.MaxLines = 20 })
	n := requests(t, s, "a") + requests(t, s, "b")
	assert.LessOrEqual(t, n, uint64(24))
	assert.GreaterOrEqual(t, n, uint64(18))
	g.add(of(2000, "a", 5))
	w, err = read(s, "a", 1999, 2001)
	require.NoError(t, err)
	assert.EqualValues(t, 5, w.Requests, "the latest are kept")
}

func TestCancel(t *testing.T) {
	g := newGrowing(t)
	g.add(of(5, "a", 1))
	s := g.source()
	cause := errors.New("aborted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := s.Read(ctx, metrics.Query{Group: "a", From: noon, To: second(9)})
	assert.ErrorIs(t, err, context.Canceled)
	assert.EqualValues(t, 1, requests(t, s, "a"), "and nothing is lost by it")
}

func TestWhatIsNoFile(t *testing.T) {
	s, err := jsonl.NewSource(jsonl.Options{Path: t.TempDir()})
	require.NoError(t, err)
	assert.ErrorContains(t, errOf(s), "it is no regular file")
	_, err = jsonl.NewSource(jsonl.Options{Keep: -1, MaxLines: -1, MaxLine: -1})
	for _, field := range []string{"Path", "Keep", "MaxLines", "MaxLine"} {
		assert.ErrorContains(t, err, "Options."+field)
	}
}

// Many ask while one writes, byte by byte: what they see only grows, and in the end nothing is missing.
func TestManyReadersAndAWriter(t *testing.T) {
	g := newGrowing(t)
	const lines = 200
	g.add(of(0, "a", 1))
	s := g.source()
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := range lines - 1 {
			text := of(i+1, "a", 1)
			g.add(text[:i%len(text)])
			g.add(text[i%len(text):])
		}
	}()
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			var before uint64
			for {
				w, err := read(s, "a", -1, 10_000)
				if !assert.NoError(t, err) || !assert.GreaterOrEqual(t, w.Requests, before) {
					return
				}
				before = w.Requests
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	<-written
	readers.Wait()
	assert.EqualValues(t, lines, requests(t, s, "a"))
}

func TestConformance(t *testing.T) {
	g := newGrowing(t)
	var lines []trace.Line
	for i := range 10 {
		for k, group := range []string{"a/1", "a/2"} {
			l := trace.Line{T: time.Duration(i+1) * time.Second, Group: group, Requests: uint64(10 + i + 5*k), Errors: uint64(i), Counts: map[string]uint64{"hits": uint64(k)}}
			l.Latency = metrics.NewHistogram([]float64{0.1, 1})
			l.Latency.Observe(0.01, float64(i))
			lines = append(lines, l)
		}
	}
	for _, l := range lines {
		text, err := l.Append(nil)
		require.NoError(t, err)
		g.add(string(text), "\n")
	}
	start := func(o *jsonl.Options) { o.Start = noon }
	s := g.source(start)
	gone := growing{t, filepath.Join(t.TempDir(), "gone")}
	cuts := []time.Time{second(0), second(1), second(4), second(10)}
	metricstest.Run(t, func() metrics.Source { return s }, metricstest.Case{
		Group: "a", Cuts: cuts, Parts: 2, SilentFrom: second(20), SilentTo: second(30), Down: func() metrics.Source { return gone.source(start) },
	})
	metricstest.RunSeries(t, func() metrics.SeriesSource { return s }, metricstest.SeriesCase{
		Series: trace.ErrorRate, Group: "a", Cuts: cuts[1:], SilentFrom: second(20), SilentTo: second(30), Down: func() metrics.SeriesSource { return gone.source(start) },
	})
}

// Reading a long file stops when its context ends, and goes on from there.
func TestALongFileIsReadInParts(t *testing.T) {
	g := newGrowing(t)
	var text strings.Builder
	for i := range 20_000 {
		io.WriteString(&text, of(i/10, "a", 1))
	}
	g.add(text.String())
	s := g.source()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := s.Read(ctx, metrics.Query{Group: "a", From: second(-1), To: second(9000)})
	if err != nil { // a fast machine may have read it all
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	}
	assert.EqualValues(t, 20_000, requests(t, s, "a"))
}

// A line from the future, by a clock that is wrong, costs the other groups nothing.
func TestAWrongClockOfOneGroup(t *testing.T) {
	g := newGrowing(t)
	g.add(of(1, "a", 1), of(2, "a", 1))
	s := g.source()
	assert.EqualValues(t, 2, requests(t, s, "a"))
	g.add(of(1_000_000, "b", 1), of(3, "a", 1))
	assert.EqualValues(t, 3, requests(t, s, "a"))
	g.add(of(7200, "a", 5))
	assert.EqualValues(t, 5, requests(t, s, "a"), "an hour of each group is kept")
}
