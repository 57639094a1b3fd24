package loadtool

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const wrkBad = `Running 1s test @ http://127.0.0.1:1/
  1 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    42.79ms    9.86ms  51.90ms   95.06%
    Req/Sec    81.10     19.23   120.00     50.00%
  81 requests in 1.01s, 9.49KB read
  Socket errors: connect 1, read 2, write 30, timeout 400
  Non-2xx or 3xx responses: 11
Requests/sec:     80.54
Transfer/sec:      9.43KB
`

const wrkGood = `Running 1s test @ http://127.0.0.1:1/
  1 threads and 4 connections
  81 requests in 1.01s, 9.49KB read
Requests/sec:     80.54
`

const heyBad = `
Summary:
  Total:	20.8551 secs

Response time histogram:
  0.001 [1]	|■

Status code distribution:
  [200]	61 responses
  [500]	10 responses

Error distribution:
  [2]	Get "http://127.0.0.1:1/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)
  [13]	Get "http://127.0.0.1:1/": EOF

`

const heyGood = `
Summary:
  Total:	1.0 secs

Status code distribution:
  [200]	61 responses



`

const heyDown = `
Status code distribution:

Error distribution:
  [12238]	Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused
`

func TestParse(t *testing.T) {
	for _, c := range []struct {
		parse            func(string) (Report, error)
		text             string
		requests, errors int
	}{
		{parseWrk, wrkBad, 81, 444},
		{parseWrk, wrkGood, 81, 0},
		{parseHey, heyBad, 71, 25},
		{parseHey, heyGood, 61, 0},
		{parseHey, heyDown, 0, 12238},
	} {
		r, err := c.parse(c.text)
		require.NoError(t, err)
		assert.Equal(t, Report{c.requests, c.errors, c.text}, r)
	}
	for _, parse := range []func(string) (Report, error){parseWrk, parseHey} {
		_, err := parse("unable to connect")
		assert.Error(t, err)
	}
}

func TestAMissingToolIsTold(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, tool := range Tools() {
		_, err := tool.Start(t.Context(), Load{URL: "http://127.0.0.1:1/"})
		assert.ErrorContains(t, err, tool.Name()+" is not installed: get Debian's package "+tool.Name())
	}
}
