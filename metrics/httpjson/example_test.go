package httpjson_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/httpjson"
)

func Example() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"data":{"group":%q,"requests":1200,"errors":3}}`, r.FormValue("group"))
	}))
	defer service.Close()
	source, err := httpjson.NewSource(
		httpjson.Endpoint{
			URL: service.URL + "/counts?group={group}&from={from}&to={to}",
			Header: func(context.Context) (http.Header, error) {
				return http.Header{"Authorization": {"Bearer " + "read it from where secrets are"}}, nil
			},
		},
		httpjson.Fields{Requests: "data.requests", Errors: "data.errors"},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	w, err := source.Read(context.Background(), metrics.Query{Group: "1.1.0", From: noon, To: noon.Add(time.Minute)})
	fmt.Println(w.Errors, "of", w.Requests, "failed;", err)
	// Output: 3 of 1200 failed; <nil>
}
