package tags_test

import (
	"context"
	"fmt"
	"os"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/release/delivery/tags"
)

// How long do changes take from their commit to a tag, in the repository of the current folder?
func Example() {
	ctx := context.Background()
	repo, err := git.Open(ctx, ".", git.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	var history dora.History
	for event, err := range tags.Events(ctx, repo, changelog.Policy{}, tags.Options{Environment: "production"}) {
		if err == nil {
			err = history.Add(event)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
	}
	report, err := history.Report(dora.Rules{}, dora.Query{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if lead := report.LeadTime; lead != nil {
		fmt.Println(lead.P50, "s")
	}
}
