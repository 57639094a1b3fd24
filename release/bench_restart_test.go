package release_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// BenchmarkOpen opens a folder of 10,000 releases that wait for an approval, and takes all of them up.
// The goals are one second, and 8 KiB for each.
func BenchmarkOpen(b *testing.B) {
	const n = 10_000
	dir := b.TempDir()
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "version", Do: nothing}, {Name: "build", Do: nothing, Needs: []string{"version"}},
		{Name: "approve", Do: waiter{}, Needs: []string{"build"}}, {Name: "deploy", Do: nothing, Needs: []string{"approve"}},
	}}
	j, err := journal.Open(dir, journal.Options{})
	require.NoError(b, err)
	first := release.NewRunner(release.Config{Store: j})
	atOnce(100, func(part int) {
		for i := range n / 100 {
			if err := first.Begin(context.Background(), p, request(fmt.Sprintf("r%d-%d", part, i))); err != nil {
				b.Error(err)
			}
		}
	})
	require.NoError(b, first.Close())
	require.NoError(b, j.Close())
	var each uint64
	for b.Loop() {
		b.StopTimer()
		before := heap()
		b.StartTimer()
		j, err := journal.Open(dir, journal.Options{})
		require.NoError(b, err)
		host := release.NewRunner(release.Config{Store: j})
		taken, err := host.TakeUp(b.Context(), p)
		require.NoError(b, err)
		require.Len(b, taken, n)
		b.StopTimer()
		each = (heap() - before) / n
		require.NoError(b, host.Close())
		require.NoError(b, j.Close())
		b.StartTimer()
	}
	b.ReportMetric(float64(each), "B/release")
}

const (
	killedFolder = "DAVIT_TEST_KILLED_FOLDER"
	killedIn     = 100
)

// stepping is a chain of 200 stages that take a while each.
func stepping(at func(step int)) release.Pipeline {
	p := chain(200)
	for i := range p.Stages {
		p.Stages[i].Do = do(func(context.Context, *stage.Task) error {
			at(i)
			time.Sleep(stepTime)
			return nil
		})
	}
	return p
}

const stepTime = time.Millisecond

// TestKilledHost is the host that BenchmarkKill kills.
func TestKilledHost(t *testing.T) {
	dir := os.Getenv(killedFolder)
	if dir == "" {
		return // not as a test
	}
	j, err := journal.Open(dir, journal.Options{})
	require.NoError(t, err)
	p := stepping(func(step int) {
		if step == killedIn {
			p, _ := os.FindProcess(os.Getpid())
			_ = p.Kill()
			select {}
		}
	})
	_, _ = release.NewRunner(release.Config{Store: j}).Run(t.Context(), p, request("r1"))
	t.Fatal("it was to be killed")
}

// BenchmarkKill kills a host inside of step 100 of 200, and measures how long another one on the same
// folder takes until the chain is done, beyond the time of the steps themselves. The goal is a second.
func BenchmarkKill(b *testing.B) {
	var beyond time.Duration
	n := 0
	for b.Loop() {
		n++
		dir := b.TempDir()
		host := exec.Command(os.Args[0], "-test.run", "^TestKilledHost$")
		host.Env = append(os.Environ(), killedFolder+"="+dir)
		require.Error(b, host.Run())
		began := time.Now()
		j, err := journal.Open(dir, journal.Options{})
		require.NoError(b, err)
		steps := 0
		p := stepping(func(int) { steps++ })
		state, err := release.NewRunner(release.Config{Store: j}).Resume(b.Context(), p, "r1")
		require.NoError(b, err)
		beyond += time.Since(began) - time.Duration(steps)*stepTime
		require.Equal(b, 200-killedIn, steps, "only the step that was cut off is run again")
		require.Equal(b, 2, state.Stage("s"+strconv.Itoa(killedIn)).Attempt)
		require.NoError(b, j.Close())
	}
	b.ReportMetric(float64(beyond.Milliseconds())/float64(n), "ms-beyond")
}
