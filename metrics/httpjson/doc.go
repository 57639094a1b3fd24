// Package httpjson (SHELL) reads metrics from a service that answers JSON over HTTP: most monitoring
// systems do, and so does a handler of ten lines.
//
//	source, err := httpjson.NewSource(
//		httpjson.Endpoint{URL: "https://metrics.example/v1/counts?group={group}&from={from}&to={to}"},
//		httpjson.Fields{Requests: "data.requests", Errors: "data.errors", Latency: "data.latency"},
//	)
//
// A [Source] is a metrics.Source, a [Series] a metrics.SeriesSource. Each question is one GET; nothing is
// repeated, as who asks asks again.
//
// # URL
//
// In the path and the query of the URL, these stand for what is asked, escaped as it has to be:
//
//	{group}                     the label of the group
//	{name}                      the name of the series
//	{from} {to}                 the stretch, as in RFC 3339, in UTC
//	{from.unix} {to.unix}       in seconds since 1970, with a fraction where there is one
//	{from.ms} {to.ms}           in whole milliseconds since 1970
//	{seconds}                   how long the stretch is
//
// # Fields
//
// A field is named by a path: keys and, in lists, numbers from 0, with dots between them.
// "data.result.0.value.1" is the second entry of the value of the first entry of the list result in data. A
// dot within a key is written as \. and a backslash as \\ and "." alone is the whole answer. A path that
// leads nowhere is an error, as the answer then is not what it is taken for; where it meets null, or a list
// that is empty, there is no data.
//
// A number may be written as a text, as 64-bit numbers often are in JSON. A time is a text as in RFC 3339, or a
// number of seconds since 1970.
//
// # Errors
//
// An answer of status 404 is metrics.ErrUnknownGroup, one of 204 metrics.ErrNoData: Endpoint says which
// statuses are which. Any other than 200 is an error, and so are another content type, a body above
// the limit, a redirect, and what is no such JSON. An error names the host and what is wrong. It holds
// nothing of the body, and neither headers nor the URL; where a transport tells these, each value of a
// header, of the query and the password of the URL is masked.
//
// # Concurrency
//
// All methods may be called by any number of goroutines at once.
package httpjson
