package traffic

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Counts are what customers have counted.
type Counts struct {
	// Since is when they began.
	Since time.Time
	// Versions are what each version answered.
	Versions map[string]Version
	// Lost are requests that no service answered: the connection was refused or broken, an answer did not
	// come in time, or the proxy said something in the place of the service.
	Lost int
	// Losses are the first of them.
	Losses []Loss
}

// Version is what one version answered.
type Version struct {
	// Served are good answers, Failed those with a status of 500 and above.
	Served, Failed int
}

// Loss is a request that was lost.
type Loss struct {
	At  time.Time
	Why string
}

const mostLosses = 5

func (c *Crowd) count(a Answer, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.counts.Lost++
		if len(c.counts.Losses) < mostLosses {
			c.counts.Losses = append(c.counts.Losses, Loss{time.Now(), err.Error()})
		}
		return
	}
	v := c.counts.Versions[a.Version]
	if a.Status >= http.StatusInternalServerError {
		v.Failed++
	} else {
		v.Served++
	}
	c.counts.Versions[a.Version] = v
}

// Counts are what the customers have counted so far.
func (c *Crowd) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := c.counts
	counts.Versions, counts.Losses = maps.Clone(counts.Versions), slices.Clone(counts.Losses)
	return counts
}

// Until waits until the customers have counted what is asked for.
func (c *Crowd) Until(ctx context.Context, what string, ok func(Counts) bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok(c.Counts()) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("it never came that %s: %w: %s", what, context.Cause(ctx), c.Counts())
		}
	}
	return nil
}

// More waits for so many more answers, whatever they are, and gives what was counted by then.
func (c *Crowd) More(ctx context.Context, n int) (Counts, error) {
	from := c.Counts().Asked()
	err := c.Until(ctx, fmt.Sprintf("%d more requests end", n), func(now Counts) bool { return now.Asked() >= from+n })
	return c.Counts(), err
}

// Asked is how many requests have ended, in whatever way.
func (c Counts) Asked() int {
	sum := c.Lost
	for _, v := range c.Versions {
		sum += v.Answered()
	}
	return sum
}

// Of is what a version answered; zero where it has answered nothing.
func (c Counts) Of(version string) Version { return c.Versions[version] }

// Answered is how many requests the version answered.
func (v Version) Answered() int { return v.Served + v.Failed }

// Less is what was counted since then.
func (c Counts) Less(then Counts) Counts {
	diff := Counts{Since: then.Since, Versions: map[string]Version{}, Lost: c.Lost - then.Lost}
	diff.Losses = slices.Clone(c.Losses[min(len(then.Losses), len(c.Losses)):])
	for name, v := range c.Versions {
		was := then.Versions[name]
		if v != was {
			diff.Versions[name] = Version{v.Served - was.Served, v.Failed - was.Failed}
		}
	}
	return diff
}

// String is all of it on one line, and each loss on another.
func (c Counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests, %d lost", c.Asked(), c.Lost)
	for _, name := range slices.Sorted(maps.Keys(c.Versions)) {
		v := c.Versions[name]
		fmt.Fprintf(&b, ", %s answered %d (%d failed)", name, v.Answered(), v.Failed)
	}
	for _, l := range c.Losses {
		fmt.Fprintf(&b, "\n  lost at %s (after %s): %s", l.At.Format("15:04:05.000"), l.At.Sub(c.Since).Round(time.Millisecond), l.Why)
	}
	return b.String()
}
