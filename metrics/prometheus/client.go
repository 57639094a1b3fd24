package prometheus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// atOnce is how many questions one Read asks at once.
const atOnce = 4

// client asks the API. It does the requests for client_golang, which would read without a bound, and leave a
// goroutine behind.
type client struct {
	server Server
	base   *url.URL
	host   string // for errors
	http   *http.Client
	own    *http.Transport // to be closed; nil where it is somebody else's
	api    v1.API
}

var _ api.Client = (*client)(nil)

// newClient makes a client. The errors name the fields that are wrong.
func newClient(s Server) (*client, []error) {
	base, problems := s.problems()
	if len(problems) > 0 {
		return nil, problems
	}
	s.Timeout, s.MaxBody = cmp.Or(s.Timeout, DefaultTimeout), cmp.Or(s.MaxBody, DefaultMaxBody)
	c := &client{server: s, base: base, host: base.Scheme + "://" + base.Host}
	if s.Transport == nil {
		own, err := s.transport()
		if err != nil {
			return nil, []error{err}
		}
		c.own, c.server.Transport = own, own
	}
	c.http = &http.Client{Transport: c.server.Transport, CheckRedirect: c.redirect}
	c.api = v1.NewAPI(c)
	return c, nil
}

func (c *client) close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// errRedirect is a redirect that is not followed.
var errRedirect = errors.New("it redirects to somewhere else, which is not followed")

// redirect follows as many redirects as the server's options allow, within the host.
func (c *client) redirect(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > c.server.Redirects || next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
		return errRedirect
	}
	return nil
}

// URL is where an endpoint of the API is. None of those that are asked here has an argument in its path.
func (c *client) URL(endpoint string, _ map[string]string) *url.URL {
	u := *c.base
	u.Path, u.RawPath = path.Join("/", c.base.Path, endpoint), ""
	return &u
}

// trail is what a question leaves behind for its error.
type trail struct {
	secrets []string
	status  int
}

type trailKey struct{}

// Do does one request.
func (c *client) Do(ctx context.Context, req *http.Request) (*http.Response, []byte, error) {
	t, _ := ctx.Value(trailKey{}).(*trail)
	if t == nil {
		t = new(trail)
	}
	secrets, err := c.server.authorize(ctx, req.Header)
	t.secrets = slices.Concat(t.secrets, secrets, inQuery(c.base))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "application/json")
	res, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	t.status = res.StatusCode
	most := c.server.MaxBody
	failed := res.StatusCode/100 != 2
	if failed {
		most = 64 << 10
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("its answer breaks off: %w", err)
	case int64(len(body)) > most && failed:
		body = body[:most]
	case int64(len(body)) > most:
		return nil, nil, fmt.Errorf("its answer is larger than %d bytes (Server.MaxBody): ask for a shorter stretch, or for fewer series", most)
	case !failed && !isJSON(res.Header.Get("Content-Type")):
		return nil, nil, errors.New("its answer is no JSON by its content type: is the URL that of Prometheus?")
	}
	return res, body, nil
}

// isJSON reports whether that is the content type of JSON.
func isJSON(contentType string) bool {
	base, _, err := mime.ParseMediaType(contentType)
	return err == nil && base == "application/json"
}

// ask asks one question of the API, within the server's timeout.
func ask[T any](ctx context.Context, c *client, question func(context.Context, ...v1.Option) (T, v1.Warnings, v1.Infos, error)) (answer T, err error) {
	if ctx.Err() != nil {
		return answer, context.Cause(ctx)
	}
	t := new(trail)
	limited, cancel := context.WithTimeout(context.WithValue(ctx, trailKey{}, t), c.server.Timeout)
	defer cancel()
	answer, warnings, infos, err := question(limited, v1.WithTimeout(seconds(c.server.Timeout)))
	switch {
	case err == nil && len(warnings) > 0 && !c.server.AllowWarnings:
		err = fmt.Errorf("%w: it warns: %s", ErrPartial, excerpt(warnings[0], t.secrets))
	case err == nil && len(infos) > 0 && !c.server.AllowInfos:
		err = fmt.Errorf("%w: it says: %s", ErrPartial, excerpt(infos[0], t.secrets))
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case limited.Err() != nil:
		err = fmt.Errorf("there is no answer after %s", c.server.Timeout)
	default:
		err = failure(err, t)
	}
	var none T
	return none, fmt.Errorf("ask %s: %w", c.host, err)
}

// seconds is a length of time in whole seconds, the finest that the API reads.
func seconds(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }

// query asks for the value of an expression at a time.
func (c *client) query(ctx context.Context, text string, at time.Time) (model.Value, error) {
	return ask(ctx, c, func(ctx context.Context, o ...v1.Option) (model.Value, v1.Warnings, v1.Infos, error) {
		return c.api.Query(ctx, text, at, o...)
	})
}

// vector asks for an instant vector.
func (c *client) vector(ctx context.Context, text string, at time.Time, lookback time.Duration) (model.Vector, error) {
	value, err := ask(ctx, c, func(ctx context.Context, o ...v1.Option) (model.Value, v1.Warnings, v1.Infos, error) {
		return c.api.Query(ctx, text, at, append(o, v1.WithLookbackDelta(seconds(lookback)))...)
	})
	if err != nil {
		return nil, err
	}
	switch value := value.(type) {
	case model.Vector:
		return value, nil
	case *model.Scalar:
		return model.Vector{{Value: value.Value, Timestamp: value.Timestamp}}, nil
	}
	return nil, c.odd(value)
}

// samples asks for all samples of a selector in [from, to].
func (c *client) samples(ctx context.Context, selector string, from, to int64) (model.Matrix, error) {
	// Up to Prometheus 2 the begin is in, and from 3 on it is not: one millisecond more is left out later.
	text := fmt.Sprintf("%s[%dms]", selector, to-from+1)
	value, err := c.query(ctx, text, time.UnixMilli(to))
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, c.odd(value)
	}
	return matrix, nil
}

// grid asks for the values of an expression at from, and each step after that, up to to.
func (c *client) grid(ctx context.Context, text string, from, to int64, step, lookback time.Duration) (model.Matrix, error) {
	value, err := ask(ctx, c, func(ctx context.Context, o ...v1.Option) (model.Value, v1.Warnings, v1.Infos, error) {
		r := v1.Range{Start: time.UnixMilli(from), End: time.UnixMilli(to), Step: step}
		return c.api.QueryRange(ctx, text, r, append(o, v1.WithLookbackDelta(seconds(lookback)))...)
	})
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, c.odd(value)
	}
	return matrix, nil
}

// ever reports whether there has ever been a series that one of the selectors matches.
func (c *client) ever(ctx context.Context, selectors ...string) (bool, error) {
	found, err := ask(ctx, c, func(ctx context.Context, o ...v1.Option) ([]model.LabelSet, v1.Warnings, v1.Infos, error) {
		found, warnings, infos, err := c.api.Series(ctx, selectors, time.UnixMilli(0), time.Now().Add(24*time.Hour), append(o, v1.WithLimit(1))...)
		if err == nil && len(found) > 0 {
			return found, nil, nil, nil // that there are more than one is no news
		}
		return found, warnings, infos, err
	})
	return len(found) > 0, err
}

// now is the server's time in milliseconds since 1970, and by how much it is ahead of this host's clock: in the
// mean of what can be, as the answer takes its time.
func (c *client) now(ctx context.Context) (now int64, ahead time.Duration, err error) {
	before := time.Now()
	value, err := c.query(ctx, "time()", time.Time{})
	if err != nil {
		return 0, 0, err
	}
	scalar, ok := value.(*model.Scalar)
	if !ok || math.IsNaN(float64(scalar.Value)) {
		return 0, 0, c.odd(value)
	}
	now = int64(math.Round(float64(scalar.Value) * 1000))
	middle := before.Add(time.Since(before) / 2)
	return now, time.UnixMilli(now).Sub(middle), nil
}

// checkedNow is the server's time, where the clocks do not differ by more than most. Below zero: they may.
func (c *client) checkedNow(ctx context.Context, most time.Duration) (int64, error) {
	now, ahead, err := c.now(ctx)
	if err == nil && most >= 0 && ahead.Abs() > most {
		direction := "ahead"
		if ahead < 0 {
			direction = "behind"
		}
		err = fmt.Errorf("ask %s: %w: its clock is %s %s of this host's", c.host, ErrSkew, ahead.Abs().Round(time.Millisecond), direction)
	}
	return now, err
}

func (c *client) odd(value model.Value) error {
	kind := "nothing"
	if value != nil {
		kind = value.Type().String()
	}
	return fmt.Errorf("ask %s: its answer is of the wrong kind (%s)", c.host, kind)
}
