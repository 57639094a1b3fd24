package prometheus_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

const canary = "c4nary-s3cret"

// says answers each question alike.
func says(t *testing.T, status int, contentType, body string) prometheus.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return prometheus.Server{URL: s.URL}
}

func TestAnswers(t *testing.T) {
	const isJSON = "application/json; charset=utf-8"
	fails := func(kind, text string) string {
		return fmt.Sprintf(`{"status":"error","errorType":%q,"error":%q}`, kind, text)
	}
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		kind                    error
		want                    string
	}{
		{"bad data", isJSON, fails("bad_data", "parse error: at char 3"), 400, prometheus.ErrRefused, "(bad_data): parse error: at char 3"},
		{"too much", isJSON, fails("execution", "query processing would load too many samples"), 422, prometheus.ErrRefused, "too many samples"},
		{"a timeout of the server", isJSON, fails("timeout", "query timed out"), 503, nil, "it fails (timeout, status 503): query timed out"},
		{"starting", "text/plain", "Service Unavailable", 503, nil, "it fails (server_error, status 503): Service Unavailable"},
		{"internal", isJSON, fails("internal", "boom"), 500, nil, "it fails (internal, status 500): boom"},
		{"an error with status 200", isJSON, fails("timeout", "slow"), 200, nil, "it fails (timeout, status 200): slow"},
		{"no access", "text/html", "<html>\n<b>Unauthorized</b>", 401, prometheus.ErrDenied, "<html> <b>Unauthorized</b>"},
		{"forbidden", "text/plain", "no tenant", 403, prometheus.ErrDenied, "no tenant"},
		{"no such API", "text/plain", "404 page not found", 404, prometheus.ErrRefused, "is the URL that of Prometheus?"},
		{"a proxy", "text/html", strings.Repeat("x", 1<<20), 502, nil, "xxx…"},
		{"a page", "text/html", "<html>", 200, nil, "its answer is no JSON by its content type"},
		{"no JSON", isJSON, `{"status":`, 200, nil, "bad_response"},
		{"nothing", isJSON, `{}`, 200, nil, "its answer is of the wrong kind (nothing)"},
		{"another kind", isJSON, `{"status":"success","data":{"resultType":"string","result":[1,"x"]}}`, 200, nil, "unexpected value type"},
		{"a vector for a matrix", isJSON, `{"status":"success","data":{"resultType":"vector","result":[]}}`, 200, nil, "its answer is of the wrong kind"},
		{"a warning", isJSON, `{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["store down"]}`, 200, prometheus.ErrPartial, "it warns: store down"},
		{"an info", isJSON, `{"status":"success","data":{"resultType":"matrix","result":[]},"infos":["no counter"]}`, 200, prometheus.ErrPartial, "it says: no counter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newWorld(noon).options()
			o.Server = says(t, c.status, c.contentType, c.body)
			_, err := read(t, newSource(t, o), 10, 20)
			require.ErrorContains(t, err, c.want)
			if c.kind != nil {
				require.ErrorIs(t, err, c.kind)
			}
			assert.NotErrorIs(t, err, metrics.ErrNoData)
			assert.NotErrorIs(t, err, metrics.ErrUnknownGroup)
			assert.Less(t, len(err.Error()), 600)
			t.Log(err)
		})
	}
}

func TestWarningsThatAreAllowed(t *testing.T) {
	for _, kind := range []string{"warnings", "infos"} {
		w := newWorld(at(100))
		w.scrape(ok1, 0, 60, 1000, 7)
		o := w.options()
		inner := o.Server.Transport
		o.Server.Transport = transport(func(r *http.Request) (*http.Response, error) {
			res, err := inner.RoundTrip(r)
			body, _ := io.ReadAll(res.Body)
			res.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), `"status"`, `"`+kind+`":["one"],"status"`, 1)))
			return res, err
		})
		_, err := read(t, newSource(t, o), 10, 20)
		require.ErrorIs(t, err, prometheus.ErrPartial)
		o.Server.AllowWarnings, o.Server.AllowInfos = kind == "warnings", kind == "infos"
		got, err := read(t, newSource(t, o), 10, 20)
		require.NoError(t, err)
		assert.Equal(t, uint64(70), got.Requests)
	}
}

type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever goes wrong: no secret is in the error.
func TestErrorsTellNoSecret(t *testing.T) {
	tattle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(500)
		fmt.Fprint(w, r.Header, r.URL, r.FormValue("query"))
	}))
	defer tattle.Close()
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"status":"error","errorType":"bad_data","error":%q}`, fmt.Sprint(r.Header))
	}))
	defer echo.Close()
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://"+canary+"\x7f/%zz")
		w.WriteHeader(302)
	}))
	defer redirect.Close()
	warn := says(t, 200, "application/json", `{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["`+canary+`"]}`)
	ways := map[string]func(s *prometheus.Server){
		"bearer": func(s *prometheus.Server) { s.Bearer = canary },
		"basic":  func(s *prometheus.Server) { s.Username, s.Password = "ada", canary },
		"header": func(s *prometheus.Server) {
			s.Header = func(context.Context) (http.Header, error) { return http.Header{"x-key": {"Key " + canary}}, nil }
		},
		"a header that is none": func(s *prometheus.Server) {
			s.Header = func(context.Context) (http.Header, error) { return http.Header{"X-Key": {canary + "\n"}}, nil }
		},
		"no header": func(s *prometheus.Server) {
			s.Header = func(context.Context) (http.Header, error) {
				return http.Header{"X-Key": {canary}}, errors.New("the vault refuses " + canary)
			}
		},
	}
	for where, server := range map[string]prometheus.Server{
		"nobody there": {URL: "http://127.0.0.1:1"}, "a server that tattles": {URL: tattle.URL}, "an error that does": {URL: echo.URL}, "a redirect": {URL: redirect.URL, Redirects: 3},
		"a warning": warn,
		"a transport that tattles": {URL: "http://x.invalid", Transport: transport(func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("cannot send %v to %s", r.Header, r.URL)
		})},
	} {
		for way, set := range ways {
			t.Run(where+"/"+way, func(t *testing.T) {
				o := newWorld(noon).options()
				o.Server = server
				set(&o.Server)
				s := newSource(t, o)
				_, err := read(t, s, 10, 20)
				require.Error(t, err)
				_, err2 := s.Check(t.Context())
				require.Error(t, err2)
				for _, e := range []error{err, err2} {
					for ; e != nil; e = errors.Unwrap(e) {
						assert.NotContains(t, fmt.Sprintf("%v %+v %#v", e, e, e), canary)
						assert.NotContains(t, e.Error(), base64.StdEncoding.EncodeToString([]byte("ada:"+canary)))
					}
				}
			})
		}
	}
	t.Log(func() error {
		o := newWorld(noon).options()
		o.Server = prometheus.Server{URL: echo.URL, Bearer: canary}
		_, err := read(t, newSource(t, o), 10, 20)
		return err
	}())
}

func TestRedirects(t *testing.T) {
	var went []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { went = append(went, "elsewhere") }))
	defer elsewhere.Close()
	w := newWorld(at(100))
	w.scrape(ok1, 0, 60, 1000, 7)
	base := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/away/"):
			http.Redirect(rw, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case strings.HasPrefix(r.URL.Path, "/moved/"):
			http.Redirect(rw, r, strings.TrimPrefix(r.URL.Path, "/moved"), http.StatusTemporaryRedirect)
		default:
			w.ServeHTTP(rw, r)
		}
	}))
	defer base.Close()
	try := func(path string, redirects int) error {
		o := w.options()
		o.Server = prometheus.Server{URL: base.URL + path, Bearer: canary, Redirects: redirects}
		_, err := read(t, newSource(t, o), 10, 20)
		return err
	}
	assert.NoError(t, try("", 0))
	assert.ErrorContains(t, try("/moved", 0), "it redirects to somewhere else")
	assert.NoError(t, try("/moved/", 1))
	assert.ErrorContains(t, try("/away", 5), "it redirects to somewhere else")
	assert.Empty(t, went, "nothing goes to another host")
}

func TestPrefixAndParameters(t *testing.T) {
	w := newWorld(at(100))
	w.scrape(ok1, 0, 60, 1000, 7)
	var mu sync.Mutex
	var paths, partial []string
	o := w.options()
	o.Server.URL += "/prefix/?partial_response=false"
	o.Server.Transport = transport(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		paths, partial = append(paths, r.URL.Path), append(partial, r.URL.Query().Get("partial_response"))
		mu.Unlock()
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/prefix")
		return w.RoundTrip(r)
	})
	o.Server.Header = func(context.Context) (http.Header, error) { return http.Header{"X-Scope-OrgID": {"shop"}}, nil }
	w.edit = func(_ http.ResponseWriter, r *http.Request) bool {
		assert.Equal(t, []string{"shop"}, r.Header.Values("X-Scope-OrgID"))
		assert.Equal(t, "10s", r.FormValue("timeout"))
		return false
	}
	_, err := read(t, newSource(t, o), 10, 20)
	require.NoError(t, err)
	assert.Equal(t, "/prefix/api/v1/query", paths[0])
	assert.Equal(t, "false", partial[0])
}

func TestTLS(t *testing.T) {
	w := newWorld(at(100))
	w.scrape(ok1, 0, 60, 1000, 7)
	server := httptest.NewTLSServer(w)
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	try := func(tls prometheus.TLS) error {
		o := w.options()
		o.Server = prometheus.Server{URL: server.URL, TLS: tls}
		s := newSource(t, o)
		_, err := read(t, s, 10, 20)
		return err
	}
	assert.ErrorContains(t, try(prometheus.TLS{}), "certificate")
	assert.NoError(t, try(prometheus.TLS{CAFile: ca}))
	assert.NoError(t, try(prometheus.TLS{CAFile: ca, ServerName: "example.com"}))
	assert.ErrorContains(t, try(prometheus.TLS{CAFile: ca, ServerName: "other.org"}), "certificate")
}

// hanging is a server that does not answer.
func hanging(t testing.TB) prometheus.Server {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // then the end of the request is seen
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return prometheus.Server{URL: s.URL}
}

func TestTimeout(t *testing.T) {
	o := newWorld(noon).options()
	o.Server = hanging(t)
	o.Server.Timeout = 10 * time.Millisecond
	_, err := read(t, newSource(t, o), 10, 20)
	assert.ErrorContains(t, err, "there is no answer after 10ms")
	assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's time is not over")

	o.Server.Timeout = 0
	cause := errors.New("the release was aborted")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
	_, err = newSource(t, o).Read(ctx, metrics.Query{Group: "1.1.0", From: at(0), To: at(1)})
	assert.ErrorIs(t, err, cause)
}

func TestBodies(t *testing.T) {
	w := newWorld(at(100))
	w.scrape(ok1, 0, 60, 1000, 7)
	o := w.options()
	o.Server.MaxBody = 500
	_, err := read(t, newSource(t, o), 10, 50)
	assert.ErrorContains(t, err, "its answer is larger than 500 bytes (Server.MaxBody)")

	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"status":"success","data":`)
	}))
	defer broken.Close()
	o.Server = prometheus.Server{URL: broken.URL}
	_, err = read(t, newSource(t, o), 10, 50)
	assert.ErrorContains(t, err, "its answer breaks off")
}

// A series that begins before the others of a Read fails fast: the others are cancelled.
func TestOneFailureEndsAll(t *testing.T) {
	w := newWorld(at(100))
	w.edit = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.FormValue("query") != "time()" {
			return false
		}
		http.Error(rw, "no", 500)
		return true
	}
	o := w.options()
	_, err := read(t, newSource(t, o), 10, 20)
	assert.ErrorContains(t, err, "status 500")
}

// A proxy may repeat the URL, and a key may be in its query: as it is, as it is written, and as others write it.
func TestNoErrorHoldsTheQueryOfTheURL(t *testing.T) {
	for _, query := range []string{"apikey=s3cr3t+key%2f1", "a=b1&apikey=s3cr3t%20key/1"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, "Cannot %s %s (%s, %s)", r.Method, r.URL, r.URL.Query().Get("apikey"), r.URL.Query().Encode())
		}))
		t.Cleanup(srv.Close)
		s := newSource(t, prometheus.Options{
			Server: prometheus.Server{URL: srv.URL + "?" + query}, Scrape: time.Second, MaxSkew: -1,
			Requests: `req{version="{version}"}`, Errors: `req{version="{version}",code="500"}`,
		})
		_, err := read(t, s, 10, 20)
		require.ErrorIs(t, err, prometheus.ErrRefused)
		assert.ErrorContains(t, err, "apikey=***")
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
}
