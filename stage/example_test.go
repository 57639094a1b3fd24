package stage_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
)

// Smoke is a custom stage: it asks a page, and fails unless the answer is 200.
type Smoke struct{ URL string }

func (s Smoke) Run(ctx context.Context, t *stage.Task) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	t.Logger().Info("answered", "status", res.StatusCode)
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", req.URL.Path, res.Status)
	}
	return nil
}

// A stage is a type with one method, and is tested without an engine.
func Example() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	smoke := Smoke{URL: server.URL + "/health"}
	fmt.Println(smoke.Run(context.Background(), stagetest.NewHost(smoke).Task()))
	// Output: /health answers 404 Not Found
}
