package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load is a crowd of customers that asks production for prices all the time, and counts what it
// gets: the judge of whether anybody noticed anything.
type load struct {
	url    string
	client *http.Client

	mu     sync.Mutex
	counts map[string]*count
	lost   int    // requests that got no answer at all
	why    string // the last reason for that
}

// count is what one version answered.
type count struct{ served, failed int }

const (
	customers = 12
	items     = 64
	pause     = 25 * time.Millisecond
)

func newLoad(addr string) *load {
	transport := &http.Transport{MaxIdleConnsPerHost: customers}
	return &load{
		url:    "http://" + addr,
		client: &http.Client{Transport: transport, Timeout: 10 * time.Second},
		counts: map[string]*count{},
	}
}

// run asks until ctx ends, and returns when the last answer has come.
func (l *load) run(ctx context.Context) {
	var crowd sync.WaitGroup
	for range customers {
		crowd.Go(func() {
			tick := time.NewTicker(pause)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					l.ask(rand.IntN(items))
				case <-ctx.Done():
					return
				}
			}
		})
	}
	crowd.Wait()
	l.client.CloseIdleConnections()
}

// ask asks for a price. A request that was begun is never given up: it counts.
func (l *load) ask(item int) {
	res, err := l.client.Get(fmt.Sprintf("%s/price/%d", l.url, item))
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.lost++
		l.why = err.Error()
		return
	}
	version := cmp.Or(res.Header.Get("Shop-Version"), "router")
	if l.counts[version] == nil {
		l.counts[version] = &count{}
	}
	if res.StatusCode == http.StatusOK {
		l.counts[version].served++
	} else {
		l.counts[version].failed++
	}
}

// table is what the customers got, a line a version.
func (l *load) table() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := []string{fmt.Sprintf("%-10s %8s %8s", "version", "served", "failed")}
	for _, version := range slices.Sorted(maps.Keys(l.counts)) {
		c := l.counts[version]
		lines = append(lines, fmt.Sprintf("%-10s %8d %8d", version, c.served, c.failed))
	}
	lines = append(lines, fmt.Sprintf("%-10s %8s %8d", "no answer", "", l.lost))
	if l.lost > 0 {
		lines = append(lines, "last reason: "+l.why)
	}
	return lines
}

// of is what a version answered.
func (l *load) of(version string) count {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.counts[version]; c != nil {
		return *c
	}
	return count{}
}
