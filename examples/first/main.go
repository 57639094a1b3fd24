// Command first is the program at the top of README.md: a release that is taken back, since its last stage finds
// harm.
//
//	go run ./examples/first
//
// Its stages are functions that only say what they would do.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
)

func main() {
	say := func(words string, err error) stage.Stage { // any function can be a stage
		return stage.Func(func(context.Context, *stage.Task) error { fmt.Println(words); return err })
	}
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: say("built", nil)},
		{Name: "deploy", Do: stage.Undoable{Stage: say("deployed", nil), By: say("taken back", nil)}, Needs: []string{"build"}},
		{Name: "smoke", Do: say("tried", errors.New("the cake is gone")), Needs: []string{"deploy"}, OnFailure: release.Undo},
	}}
	runner := release.NewRunner(release.Config{})
	defer runner.Close()
	ctx := context.Background()
	_, err := runner.Run(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	fmt.Println(err)
	if review, err := runner.Review(ctx, "shop-1"); err == nil { // told by the events of the release alone
		fmt.Print(review)
	}
}
