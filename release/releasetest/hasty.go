package releasetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release"
)

// hurry lets workers take steps until one fails or they have done so many, ends their context when the
// first steps are done, and expects all of them to return soon, and none to fail before. It does not wait
// for those that do not return.
func hurry(workers, steps, first int, step func(ctx context.Context, worker int) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done, all := make(chan struct{}, workers*steps), make(chan struct{})
	early := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range steps {
				if err := step(ctx, w); err != nil {
					if ctx.Err() == nil {
						early[w] = fmt.Errorf("one of many calls at once fails, and its context is not over: %w", err)
					}
					return
				}
				done <- struct{}{}
			}
		})
	}
	go func() { wg.Wait(); close(all) }()
	late := time.NewTimer(patience)
	defer late.Stop()
	for n, ended := 0, false; n < first && !ended; n++ {
		select {
		case <-done:
		case <-all:
			ended = true
		case <-late.C:
			return fmt.Errorf("%d calls at once have not come to an end within %v", workers, patience)
		}
	}
	cancel()
	late.Reset(patience)
	select {
	case <-all:
		return errors.Join(early...)
	case <-late.C:
		return fmt.Errorf("a call has not returned %v after its context was over", patience)
	}
}

// haste is a writer whose context ends while it writes, three events at a time.
type haste struct {
	id   string
	kept uint64 // the last event that was acknowledged
	err  error
}

const stride = 3

func hasty(s release.Store) error {
	const rounds, writers, steps = 10, 12, 6
	var past []haste
	for round := range rounds {
		all := make([]haste, writers)
		for n := range all {
			all[n].id = fmt.Sprintf("hasty-%d-%02d", round, n)
		}
		err := hurry(writers, steps, 1+round*4, func(ctx context.Context, n int) error {
			w := &all[n]
			if w.err = s.Append(ctx, w.id, w.kept, events(w.kept+1, w.kept+stride)...); w.err == nil {
				w.kept += stride
			}
			return w.err
		})
		if err != nil {
			return err
		}
		for n := range all {
			if err := all[n].goOn(s); err != nil {
				return err
			}
		}
		past = append(past, all...)
	}
	// A write that was cut off does not come behind one that was made since.
	for _, w := range past {
		if err := holds(s, w.id, 0, events(1, w.kept)); err != nil {
			return err
		}
	}
	return nil
}

// goOn expects what was acknowledged, and of the write that failed all or nothing, and that the
// release goes on. That write may come to its end even now, but not behind another one.
func (w *haste) goOn(s release.Store) error {
	if errors.Is(w.err, release.ErrConflict) {
		return fmt.Errorf("a write whose context is over gives %w, and nobody else writes", w.err)
	}
	for began := time.Now(); ; time.Sleep(short / 10) {
		lines, err := read(s, w.id, 0)
		if err != nil {
			return err
		}
		have := uint64(len(lines))
		if have != w.kept && (w.err == nil || have != w.kept+stride) {
			return fmt.Errorf("%d events are there, %d were acknowledged, and a write of %d more ended with %v", have, w.kept, stride, w.err)
		}
		err = write(s, w.id, events(have+1, have+1))
		if err == nil {
			w.kept = have + 1
			return nil
		}
		if !errors.Is(err, release.ErrConflict) || w.err == nil || have != w.kept || time.Since(began) > patience {
			return fmt.Errorf("after a write whose context ended: %w", err)
		}
	}
}
