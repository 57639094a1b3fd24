package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"time"
)

// Customers ask a service all the time. The zero value, with a URL, is ready to use.
type Customers struct {
	// URL is what they ask for.
	URL string
	// Number is how many there are, each of which has one request under way at most. Zero: 8.
	Number int
	// Pause is how long a customer waits from an answer to its next request. Zero: not at all.
	Pause time.Duration
	// Fresh says that they make a new connection for each request, instead of keeping one.
	Fresh bool
	// Header is in each request.
	Header http.Header
	// Cookies says that each customer keeps the cookies that it is given.
	Cookies bool
	// Timeout is how long they wait for an answer. Zero: 10 s.
	Timeout time.Duration
	// Seen is told each answer. It is called by several goroutines at once, and holds up the customer.
	// Optional.
	Seen func(Answer)
}

// Answer is what a customer got from the service.
type Answer struct {
	// Customer counts the customers from 0.
	Customer int
	Version  string
	Instance string
	Status   int
}

// Crowd are customers that ask.
type Crowd struct {
	customers Customers
	stop      context.CancelFunc
	left      sync.WaitGroup

	mu     sync.Mutex
	counts Counts
}

// Enter lets the customers in. They ask until Leave is called.
func (c Customers) Enter() *Crowd {
	c.Number, c.Timeout = cmp.Or(c.Number, 8), cmp.Or(c.Timeout, 10*time.Second)
	ctx, stop := context.WithCancel(context.Background())
	crowd := &Crowd{customers: c, stop: stop, counts: Counts{Since: time.Now(), Versions: map[string]Version{}}}
	for n := range c.Number {
		crowd.left.Go(func() { crowd.shop(ctx, n) })
	}
	return crowd
}

// shop is the life of one customer.
func (c *Crowd) shop(ctx context.Context, n int) {
	transport := &http.Transport{DisableKeepAlives: c.customers.Fresh}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: c.customers.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	if c.customers.Cookies {
		client.Jar, _ = cookiejar.New(nil) // it never fails
	}
	for ctx.Err() == nil {
		answer, err := c.customers.ask(client)
		answer.Customer = n
		c.count(answer, err)
		if err == nil && c.customers.Seen != nil {
			c.customers.Seen(answer)
		}
		rest := time.NewTimer(c.customers.Pause)
		if err != nil {
			rest.Reset(cmp.Or(c.customers.Pause, 10*time.Millisecond)) // nobody needs thousands of the same loss
		}
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
		}
	}
}

// errNoService is what an answer is that does not come from the service.
var errNoService = errors.New("not answered by the service")

// ask asks once. A request that was begun is never given up: it counts. It is a POST whose body cannot be had
// a second time: those are never sent again by the client itself, which would hide a loss.
func (c Customers) ask(client *http.Client) (Answer, error) {
	const order = "one tea"
	req, err := http.NewRequest(http.MethodPost, c.URL, io.NopCloser(strings.NewReader(order)))
	if err != nil {
		return Answer{}, err
	}
	req.ContentLength = int64(len(order))
	for name, values := range c.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	answer := Answer{Version: res.Header.Get(VersionHeader), Instance: res.Header.Get(InstanceHeader), Status: res.StatusCode}
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("after %s: %w", res.Status, err)
	case answer.Version == "":
		return Answer{}, fmt.Errorf("%w: %s: %.100q", errNoService, res.Status, body)
	}
	return answer, nil
}

// Leave tells the customers to stop asking, waits for the answers that they still get, and gives what they
// have counted. It may be called again.
func (c *Crowd) Leave() Counts {
	c.stop()
	c.left.Wait()
	return c.Counts()
}
