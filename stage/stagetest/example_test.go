package stagetest_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
)

// shout is a custom stage: one method, and one for each thing that it declares.
type shout struct{}

func (shout) Reads() []stage.Ref  { return []stage.Ref{stage.Version.Ref()} }
func (shout) Writes() []stage.Ref { return []stage.Ref{stage.Notes.Ref()} }

func (shout) Run(ctx context.Context, t *stage.Task) error {
	version, err := stage.Version.Get(t)
	if err != nil {
		return err
	}
	return stage.Notes.Set(t, strings.ToUpper("version "+version+" is out"))
}

func Example() {
	host := stagetest.NewHost(shout{}, stagetest.Given(stage.Version, "1.5.0"))
	if err := (shout{}).Run(context.Background(), host.Task()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(stagetest.Value(host, stage.Notes))
	fmt.Println(stagetest.Check(func() stage.Stage { return shout{} }, stagetest.Case{
		Inputs: []stagetest.Input{stagetest.Given(stage.Version, "1.5.0")},
	}))
	// Output:
	// VERSION 1.5.0 IS OUT <nil>
	// <nil>
}
