package metricstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// law is one law. check returns what is wrong, or why the law does not apply.
type law struct {
	name  string
	check func(x situation) (wrong []string, skipped string)
}

// of checks the law, where the case allows to.
func (l law) of(x situation) (wrong []string, skipped string) {
	ascend := len(x.cuts) > 1
	for i := 1; i < len(x.cuts); i++ {
		ascend = ascend && x.cuts[i-1].Before(x.cuts[i])
	}
	switch {
	case ascend:
		return l.check(x)
	case l.name == "answers":
		return []string{"the case has no two Cuts, ascending, between which the group was measured"}, ""
	}
	return nil, "the case has no Cuts"
}

// laws are those of a source, or of a source of series.
func laws(series bool) []law {
	return slices.DeleteFunc([]law{
		{"answers", answers},
		{"unknown", unknown},
		{"metric", metric},
		{"nodata", noData},
		{"down", down},
		{"backwards", backwards},
		{"window", window},
		{"points", points},
		{"adds", adds},
		{"parts", parts},
		{"names", names},
		{"again", again},
		{"cancel", cancels},
		{"hangs", hangs},
		{"together", together},
	}, func(l law) bool {
		other := []string{"metric", "points"}
		if series {
			other = []string{"window", "parts"}
		}
		return slices.Contains(other, l.name)
	})
}

// kinds are the errors that a source tells apart.
var kinds = []error{metrics.ErrUnknownGroup, metrics.ErrUnknownMetric, metrics.ErrNoData}

// only says what is wrong with an error that should be of one kind, nil for none of them.
func only(err, kind error) string {
	if err == nil {
		return "is answered"
	}
	for _, k := range kinds {
		if is := errors.Is(err, k); is != (k == kind) {
			if is {
				return fmt.Sprintf("says %q, which is %q", err, k)
			}
			return fmt.Sprintf("says %q, which is not %q", err, k)
		}
	}
	return ""
}

func answers(x situation) (wrong []string, skipped string) {
	for _, d := range x.doors {
		x.stretches(func(from, to time.Time) {
			if _, err := d.ask(context.Background(), x.group, from, to); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s from %s to %s: %v", d.name, stamp(from), stamp(to), err))
			}
		})
	}
	return wrong, ""
}

func unknown(x situation) (wrong []string, skipped string) {
	if x.unknown == "" {
		return nil, "the series belongs to no group"
	}
	from, to := x.whole()
	for _, d := range x.doors {
		_, err := d.ask(context.Background(), x.unknown, from, to)
		if what := only(err, metrics.ErrUnknownGroup); what != "" {
			wrong = append(wrong, fmt.Sprintf("%s of a group that is unknown %s", d.name, what))
		}
	}
	return wrong, ""
}

func metric(x situation) (wrong []string, skipped string) {
	from, to := x.whole()
	_, err := x.otherMetric.ask(context.Background(), x.group, from, to)
	if what := only(err, metrics.ErrUnknownMetric); what != "" {
		wrong = append(wrong, "a series that is unknown "+what)
	}
	return wrong, ""
}

func noData(x situation) (wrong []string, skipped string) {
	if !x.silent[0].Before(x.silent[1]) {
		return nil, "the case names no stretch that the source knows nothing of"
	}
	for _, d := range x.doors {
		_, err := d.ask(context.Background(), x.group, x.silent[0], x.silent[1])
		if what := only(err, metrics.ErrNoData); what != "" {
			wrong = append(wrong, fmt.Sprintf("%s of a stretch that it knows nothing of %s", d.name, what))
		}
	}
	return wrong, ""
}

func down(x situation) (wrong []string, skipped string) {
	if x.down == nil {
		return nil, "the case names no source that is down"
	}
	from, to := x.whole()
	for _, d := range x.down {
		_, err := d.ask(context.Background(), x.group, from, to)
		if what := only(err, nil); what != "" {
			wrong = append(wrong, fmt.Sprintf("%s of a source that is down %s", d.name, what))
		}
	}
	return wrong, ""
}

func backwards(x situation) (wrong []string, skipped string) {
	from, to := x.whole()
	for _, d := range x.doors {
		for _, stretch := range [][2]time.Time{{from, from}, {to, from}} {
			if a, err := d.ask(context.Background(), x.group, stretch[0], stretch[1]); err == nil {
				wrong = append(wrong, fmt.Sprintf("%s from %s to %s is answered by %s", d.name, stamp(stretch[0]), stamp(stretch[1]), a))
			}
		}
	}
	return wrong, ""
}

func names(x situation) (wrong []string, skipped string) {
	if x.names == nil {
		return nil, "it is no metrics.Namer"
	}
	first := slices.Clone(x.names())
	for i, name := range first {
		if name == "" {
			wrong = append(wrong, "Names: a name is empty")
		}
		if i > 0 && name <= first[i-1] {
			wrong = append(wrong, fmt.Sprintf("Names: %q stands after %q", name, first[i-1]))
		}
	}
	answered := x.names()
	for i := range answered {
		answered[i] = "spoilt"
	}
	if again := x.names(); !slices.Equal(first, again) {
		wrong = append(wrong, fmt.Sprintf("Names: first %q, then %q", first, again))
	}
	return wrong, ""
}

func again(x situation) (wrong []string, skipped string) {
	for _, d := range x.doors {
		x.stretches(func(from, to time.Time) {
			first, err := d.ask(context.Background(), x.group, from, to)
			if err != nil {
				return // answers tells
			}
			said := first.String()
			first.spoil()
			if second, err := d.ask(context.Background(), x.group, from, to); err != nil || second.String() != said {
				wrong = append(wrong, fmt.Sprintf("%s from %s to %s: first %s, then %s, %v", d.name, stamp(from), stamp(to), said, second, err))
			}
		})
	}
	return wrong, ""
}

func cancels(x situation) (wrong []string, skipped string) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	from, to := x.whole()
	for _, d := range x.doors {
		if _, err := d.ask(ctx, x.group, from, to); !errors.Is(err, context.Canceled) {
			wrong = append(wrong, fmt.Sprintf("%s after its context was cancelled says %v", d.name, err))
		}
	}
	return wrong, ""
}

// grace is how long a source that hangs is asked.
const grace = 5 * time.Millisecond

func hangs(x situation) (wrong []string, skipped string) {
	if x.hangs == nil {
		return nil, "the case names no source that hangs"
	}
	from, to := x.whole()
	for _, d := range x.hangs {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		said := make(chan error, 1)
		go func() {
			_, err := d.ask(ctx, x.group, from, to)
			said <- err
		}()
		select {
		case err := <-said:
			if !errors.Is(err, context.DeadlineExceeded) {
				wrong = append(wrong, fmt.Sprintf("%s of a source that hangs says %v when its context ends", d.name, err))
			}
		case <-time.After(grace + x.patience):
			wrong = append(wrong, fmt.Sprintf("%s of a source that hangs has not returned %s after its context ended", d.name, x.patience))
		}
		cancel()
	}
	return wrong, ""
}

func together(x situation) (wrong []string, skipped string) {
	from, to := x.whole()
	const many, times = 8, 4
	for _, d := range x.doors {
		alone, err := d.ask(context.Background(), x.group, from, to)
		if err != nil {
			continue // answers tells
		}
		var mu sync.Mutex
		var all sync.WaitGroup
		for range many {
			all.Go(func() {
				for range times {
					a, err := d.ask(context.Background(), x.group, from, to)
					if err == nil && a.String() == alone.String() {
						continue
					}
					mu.Lock()
					if len(wrong) == 0 {
						wrong = append(wrong, fmt.Sprintf("%s alone: %s; with others: %s, %v", d.name, alone, a, err))
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
	}
	return wrong, ""
}
