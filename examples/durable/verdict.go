package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/stage"
)

// verdict tells what the journal has to say of it all, and whether that fits what the world has seen.
func (p *play) verdict(ctx context.Context) error {
	first, err := readStory(ctx, p.dir, "shop-1")
	if err != nil {
		return err
	}
	second, err := readStory(ctx, p.dir, "shop-2")
	if err != nil {
		return err
	}
	p.say("\nHow often each stage of shop-1 was run, under %d hosts, by its %d events:", first.hosts(), len(first.events))
	var ran []string
	for i := range first.state.Stages {
		name := first.state.Stages[i].Name
		times, again := first.ran(name)
		if again {
			return unexpected("stage %s ran again, though it was done", name)
		}
		if times > 0 {
			ran = append(ran, fmt.Sprintf("%s %d", name, times))
		}
	}
	p.say("  %s", strings.Join(ran, ", "))
	p.say("  (approve: asked, then answered; production: gone on with; migrate: on Linus's word)")
	for _, once := range []string{"build", "region.eu", "region.us", "region.asia", "watch"} {
		if times, _ := first.ran(once); times != 1 {
			return unexpected("stage %s ran %d times", once, times)
		}
	}
	if answers := len(first.state.Stage("approve").Inbox); answers != 1 {
		return unexpected("Grace's answer was recorded %d times", answers)
	}
	if asked, changed := p.world.counted("shop-2 PUT /regions/us 1.1.0"); asked != 2 || changed != 1 {
		return unexpected("region us was asked %d times to go back, and did so %d times", asked, changed)
	}
	p.say("Region us was asked twice to go back, by host 4 and by host 5, and did so once.")
	if undone := second.state.Stage("production"); !undone.Undone() || second.state.Outcome != stage.RolledBack {
		return unexpected("production of shop-2 was not undone")
	}
	p.say("\nThe review of shop-2, from its events alone:\n")
	for text := range strings.Lines(second.review.String()) {
		p.say("%s", strings.TrimRight("  "+text, " \n"))
	}
	if err := journal.Verify(ctx, filepath.Join(p.dir, "journal")); err != nil {
		return err
	}
	p.say("\njournal.Verify finds nothing wrong: each event is as it was written, and none is missing.")
	return nil
}
