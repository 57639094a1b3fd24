//go:build unix

package git_test

import (
	"flag"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// floors says that the goals are to be kept. Without it the benchmarks only show that they run, on small repositories.
var floors = flag.Bool("floors", false, "measure repositories of full size, and fail where a goal is missed")

var clone = flag.String("clone", "", "a local clone to measure besides the generated repositories")

// measured are the repositories that the benchmarks measure, by their names.
func measured(b *testing.B, sizes map[string]size) map[string]*workshop {
	all := map[string]*workshop{}
	for name, s := range sizes {
		if !*floors {
			s.commits, s.since = s.commits/100, s.since/100
		}
		all[name] = generate(b, s, 1)
	}
	if *clone != "" {
		all["clone"] = &workshop{t: b, dir: *clone}
	}
	return all
}

// cpu is the time that processors spent for this process and those that it has waited for.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		require.NoError(b, syscall.Getrusage(who, &used))
		sum += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return sum
}

// spent is the processor time that something takes.
func spent(b *testing.B, do func()) time.Duration {
	b.Helper()
	before := cpu(b)
	do()
	return cpu(b) - before
}

// plainly runs git without anything of ours, its output thrown away by the system.
func (w *workshop) plainly(b *testing.B, args ...string) {
	b.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	require.NoError(b, cmd.Run())
}

const (
	plainFormat  = "--format=%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%B%x00"
	plainListing = "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(creatordate:unix)"
)

// rounds is how often two things are measured in turn. The median of the ratios, pair by pair, counts.
const rounds = 21

// compare fails a benchmark when some work takes more than so many times the time of its floor. What is
// allowed beside that is in neither.
func compare(b *testing.B, goal float64, floor, beside, work func()) {
	b.Helper()
	var ratios, leasts, works []float64
	turns := rounds
	if !*floors {
		turns = 1
	}
	for range turns {
		extra := spent(b, beside)
		least, took := spent(b, floor), spent(b, work)
		ratios = append(ratios, float64(took-extra)/float64(least))
		leasts, works = append(leasts, least.Seconds()*1e3), append(works, took.Seconds()*1e3)
	}
	for b.Loop() { // the time per operation says nothing here: it does not count what git takes
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(leasts), "floor-ms")
	b.ReportMetric(median(works), "ms")
	b.ReportMetric(median(ratios), "x-floor")
	if got := median(ratios); *floors && got > goal {
		b.Errorf("%.2f times the floor, more than %.2f", got, goal)
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkNext finds the next version: at most 1.3 times git log of the commits since the last one, and a listing
// of the tags, however long the history is before.
func BenchmarkNext(b *testing.B) {
	for name, w := range measured(b, map[string]size{
		"15000-commits-10-since":   {commits: 15_000, release: 200, since: 10},
		"15000-commits-1000-since": {commits: 15_000, release: 200, since: 1000},
		"80000-commits-10-since":   {commits: 80_000, release: 200, since: 10},
		"80000-commits-1000-since": {commits: 80_000, release: 200, since: 1000},
	}) {
		b.Run(name, func(b *testing.B) {
			tag := w.decided(b).PreviousTag
			compare(b, 1.3, func() { w.plainly(b, "log", plainFormat, tag+"..HEAD") },
				func() { w.plainly(b, "for-each-ref", plainListing, "refs/tags/") }, func() { w.decided(b) })
		})
	}
}

// decided is what the tool does.
func (w *workshop) decided(b *testing.B) changelog.Decision {
	b.Helper()
	r, err := git.Open(b.Context(), w.dir, git.Options{})
	require.NoError(b, err)
	h, err := r.History(b.Context(), changelog.Policy{})
	require.NoError(b, err)
	plan, err := changelog.Decide(h, changelog.Policy{})
	require.NoError(b, err)
	return plan.Components[0]
}

// BenchmarkRead reads all commits: what remains for whatever is done with them.
func BenchmarkRead(b *testing.B) {
	for name, w := range measured(b, map[string]size{
		"15000-commits": {commits: 15_000, release: 200, since: 10},
		"80000-commits": {commits: 80_000, release: 200, since: 10},
	}) {
		b.Run(name, func(b *testing.B) {
			r := w.opened(b)
			compare(b, 1.2, func() { w.plainly(b, "log", plainFormat) }, func() {}, func() {
				for _, err := range r.Commits(b.Context(), git.Range{}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func (w *workshop) opened(b *testing.B) *git.Repository {
	b.Helper()
	r, err := git.Open(b.Context(), w.dir, git.Options{})
	require.NoError(b, err)
	return r
}

// mostLive is how much memory the whole changelog may take, in bytes, however long the history is.
const mostLive = 4 << 20

// BenchmarkHistory writes the whole changelog: at most 1.5 times git log of the whole history.
func BenchmarkHistory(b *testing.B) {
	for name, w := range measured(b, map[string]size{
		"15000-commits": {commits: 15_000, release: 200, since: 10},
		"80000-commits": {commits: 80_000, release: 200, since: 10},
	}) {
		b.Run(name, func(b *testing.B) {
			compare(b, 1.5, func() { w.plainly(b, "log", plainFormat) }, func() {}, func() { w.tell(b, io.Discard) })
			peak := w.peak(b)
			b.ReportMetric(float64(peak)/(1<<20), "live-MiB")
			if *floors && name != "clone" && peak > mostLive {
				b.Errorf("%d KiB in use at once, more than %d", peak>>10, mostLive>>10)
			}
		})
	}
}

// tell writes the whole changelog.
func (w *workshop) tell(b *testing.B, to io.Writer) {
	b.Helper()
	r := w.opened(b)
	tags, err := r.Tags(b.Context())
	require.NoError(b, err)
	for release, err := range changelog.Releases(r.Commits(b.Context(), git.Range{}), tags, changelog.Policy{}, changelog.ReleasesOptions{}) {
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.WriteString(to, release.Notes.Markdown()); err != nil {
			b.Fatal(err)
		}
	}
}

// peak is the most memory that is in use while the changelog is written, above what is before.
func (w *workshop) peak(b *testing.B) uint64 {
	b.Helper()
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, n := live(), uint64(0), 0
	w.tell(b, writer(func([]byte) {
		if n++; n%20 == 0 {
			most = max(most, live())
		}
	}))
	return most - min(before, most)
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// BenchmarkComponents plans 40 components at once that were never released: at most 4 times git log of the whole
// history, which does not say what commits change.
func BenchmarkComponents(b *testing.B) {
	const parts = 40
	policy := changelog.Policy{}
	for i := range parts {
		policy.Components = append(policy.Components, changelog.Component{Name: fmt.Sprintf("part-%02d", i), Paths: []string{fmt.Sprintf("parts/%02d", i)}})
	}
	for name, w := range measured(b, map[string]size{"15000-commits": {commits: 15_000, release: 200, parts: parts}}) {
		b.Run(name, func(b *testing.B) {
			compare(b, 4, func() { w.plainly(b, "log", plainFormat) }, func() {}, func() {
				h, err := w.opened(b).History(b.Context(), policy)
				require.NoError(b, err)
				_, err = changelog.Decide(h, policy)
				require.NoError(b, err)
			})
		})
	}
}
