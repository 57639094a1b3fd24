package load

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say what is asked of whom. URL is required.
type Options struct {
	URL string
	// Host is the Host of each request. Default: that of the URL.
	Host string
	// Header is sent with each request.
	Header http.Header
	// By is the header of an answer that says who it is from. Default: X-Image.
	By string
	// Workers is how many requests are under way at once, each on a connection that is kept. Default: 8.
	Workers int
	// Rate is how many requests a second are sent at most, by all workers together. Default: 300.
	Rate int
	// Timeout is how long an answer may take. Default: 10 s.
	Timeout time.Duration
}

// Report is what was counted.
type Report struct {
	// Requests are all that came to an end, lost ones included.
	Requests int
	// Lost are those without a good answer.
	Lost int
	// By counts the good answers by who they are from.
	By map[string]int
	// Failures are the first of the lost ones.
	Failures []Failure
	// P50, P99 and Longest are how long answers took.
	P50, P99, Longest time.Duration
	// Lasted is how long it was counted.
	Lasted time.Duration
}

// Failure is one lost request.
type Failure struct {
	At  time.Time
	Why string
}

// String is the report on one line, with the first failures.
func (r Report) String() string {
	line := fmt.Sprintf("%d requests in %.1f s, %d lost, by %v, p50 %s, p99 %s, longest %s", r.Requests, r.Lasted.Seconds(), r.Lost, r.By, r.P50, r.P99, r.Longest)
	for _, f := range r.Failures {
		line += fmt.Sprintf("\n  %s %s", f.At.Format("15:04:05.000"), f.Why)
	}
	return line
}

// Load is load that runs.
type Load struct {
	o       Options
	began   time.Time
	cancel  context.CancelFunc
	workers sync.WaitGroup

	mu      sync.Mutex
	counted Report
	took    []time.Duration
}

// Start begins. Stop ends it.
func Start(o Options) *Load {
	o.By, o.Workers, o.Rate, o.Timeout = cmp.Or(o.By, "X-Image"), cmp.Or(o.Workers, 8), cmp.Or(o.Rate, 300), cmp.Or(o.Timeout, 10*time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	l := &Load{o: o, cancel: cancel, began: time.Now()}
	l.counted.By = map[string]int{}
	pace := time.Second * time.Duration(o.Workers) / time.Duration(o.Rate)
	for n := range o.Workers {
		l.workers.Go(func() { l.work(ctx, pace, time.Duration(n)*pace/time.Duration(o.Workers)) })
	}
	return l
}

// work sends one request after the other, on one connection.
func (l *Load) work(ctx context.Context, pace, delay time.Duration) {
	transport := &http.Transport{DisableCompression: true, MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: l.o.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	next := time.Now().Add(delay)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(next)):
		}
		if next = next.Add(pace); time.Since(next) > time.Second {
			next = time.Now() // what could not be sent in time is not sent in a burst
		}
		began := time.Now()
		by, err := l.ask(client)
		l.count(began, by, err)
	}
}

// ask sends one request, which is answered also when the load is to end.
func (l *Load) ask(client *http.Client) (by string, err error) {
	// A body that cannot be read twice keeps the transport from sending the request a second time.
	request, err := http.NewRequest(http.MethodGet, l.o.URL, io.NopCloser(strings.NewReader("")))
	if err != nil {
		return "", err
	}
	request.Host = l.o.Host
	for name, values := range l.o.Header {
		request.Header[name] = values
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", fmt.Errorf("half an answer: %w", err)
	}
	if answer.StatusCode >= 500 {
		return "", fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(text[:min(len(text), 200)])))
	}
	by = answer.Header.Get(l.o.By)
	if answer.StatusCode != http.StatusOK {
		by = answer.Status
	}
	return by, nil
}

// most is how many lost requests are told one by one.
const most = 10

func (l *Load) count(began time.Time, by string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counted.Requests++
	if err != nil {
		if l.counted.Lost++; len(l.counted.Failures) < most {
			l.counted.Failures = append(l.counted.Failures, Failure{time.Now(), err.Error()})
		}
		return
	}
	l.counted.By[by]++
	l.took = append(l.took, time.Since(began))
}

// Report is what was counted so far.
func (l *Load) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.counted
	r.By, r.Failures, r.Lasted = map[string]int{}, slices.Clone(r.Failures), time.Since(l.began)
	for by, n := range l.counted.By {
		r.By[by] = n
	}
	if took := slices.Sorted(slices.Values(l.took)); len(took) > 0 {
		r.P50, r.P99, r.Longest = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	}
	return r
}

// More waits until that many further requests have come to an end.
func (l *Load) More(ctx context.Context, n int) error {
	for until := l.requests() + n; l.requests() < until; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d more requests: %w", n, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

func (l *Load) requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counted.Requests
}

// Stop ends the load, waits for the answers that are under way, and tells what was counted. It may be called
// again.
func (l *Load) Stop() Report {
	l.cancel()
	l.workers.Wait()
	return l.Report()
}
