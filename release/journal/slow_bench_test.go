package journal_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/stage"
)

// slowDisk is a folder on a disk whose flushes take longer.
type slowDisk struct {
	journal.Disk
	late time.Duration
}

type slowFile struct {
	journal.File
	late time.Duration
}

func (d slowDisk) Open(name string, write, create bool) (journal.File, error) {
	f, err := d.Disk.Open(name, write, create)
	if err != nil {
		return nil, err
	}
	return slowFile{f, d.late}, nil
}

func (d slowDisk) Stands(name string, f journal.File) error {
	if s, ok := f.(slowFile); ok {
		f = s.File
	}
	return d.Disk.Stands(name, f)
}

func (d slowDisk) Sync() error {
	defer time.Sleep(d.late)
	return d.Disk.Sync()
}

func (f slowFile) Sync() error {
	defer time.Sleep(f.late)
	return f.File.Sync()
}

// 200 releases of 20 stages at once, by how much longer than this machine's disk another one takes for a flush; beside it, in turns, a
// bare appender that groups as many bytes on the same disk.
func BenchmarkReleasesOnSlowerDisks(b *testing.B) {
	const releases, stages = 200, 20
	chain := release.Pipeline{Name: "chain"}
	for i := range stages {
		s := release.Stage{Name: fmt.Sprintf("s%d", i), Do: stage.Func(func(context.Context, *stage.Task) error { return nil })}
		if i > 0 {
			s.Needs = []string{fmt.Sprintf("s%d", i-1)}
		}
		chain.Stages = append(chain.Stages, s)
	}
	for _, late := range []time.Duration{0, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond} {
		b.Run(fmt.Sprintf("%v-later", late), func(b *testing.B) {
			j, err := journal.OpenOn(slowDisk{journal.Folder(filepath.Join(b.TempDir(), "journal")), late}, journal.Options{})
			require.NoError(b, err)
			runner := release.NewRunner(release.Config{Store: j})
			var ours, bare time.Duration
			for n := range b.N {
				bare += bareGroup(b, filepath.Join(b.TempDir(), "floor"), releases, stages, late)
				began := time.Now()
				var wg sync.WaitGroup
				for i := range releases {
					wg.Go(func() {
						request := release.Request{ID: fmt.Sprintf("r%d-%d", n, i), Service: "shop", RequestedBy: "ada"}
						if _, err := runner.Run(ctx, chain, request); err != nil {
							b.Error(err)
						}
					})
				}
				wg.Wait()
				ours += time.Since(began)
			}
			require.NoError(b, runner.Close())
			require.NoError(b, j.Close())
			steps := float64(b.N * releases * stages)
			b.ReportMetric(steps/ours.Seconds(), "steps/s")
			b.ReportMetric(steps/bare.Seconds(), "floor-steps/s")
			b.ReportMetric(bare.Seconds()/ours.Seconds(), "x-floor")
		})
	}
}
