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

// What a stage has done is taken back by its Undo, which is another stage.
func ExampleUndoable() {
	buckets := map[string]bool{}
	create := stage.Undoable{
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			buckets[t.Release().ID] = true
			return nil
		}),
		By: stage.Func(func(ctx context.Context, t *stage.Task) error {
			delete(buckets, t.Release().ID) // deleting what is gone is no error
			return nil
		}),
	}
	host := stagetest.NewHost(create)
	fmt.Println(create.Run(context.Background(), host.Task()), buckets)
	fmt.Println(create.Undo(context.Background(), host.UndoTask()), buckets)
	// Output:
	// <nil> map[release-1:true]
	// <nil> map[]
}

// A secret is asked for by a name that the stage declares, and shows nothing of itself.
func ExampleSecret() {
	login := stage.Declared{
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			token, err := t.Secret(ctx, "registry-token")
			if err != nil {
				return err
			}
			fmt.Println("Authorization:", "Bearer "+token.Reveal()) // the one call that needs it
			fmt.Println("the token is", token)
			return t.Checkpoint(ctx, token)
		}),
		Secret: []string{"registry-token"},
	}
	host := stagetest.NewHost(login, stagetest.Secret("registry-token", "s3cr3t"))
	fmt.Println(login.Run(context.Background(), host.Task()))
	// Output:
	// Authorization: Bearer s3cr3t
	// the token is (secret)
	// checkpoint: the value cannot be written as JSON: json: error calling MarshalJSON for type stage.Secret: a secret is never written down
}
