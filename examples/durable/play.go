package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/stage"
)

// play is the story: two releases, five hosts, four deaths.
type play struct {
	dir   string
	world *world
	out   io.Writer
	gone  func(error) // called when nobody reads on

	host  *deputy // the one that lives
	hosts int     // so far
}

func (p *play) play(ctx context.Context) error {
	for _, act := range []func(context.Context) error{
		p.whileItWaits, p.inTheRollout, p.inTheMigration, p.aPersonDecides, p.onTheWayBack, p.verdict,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// whileItWaits: the host dies while the release waits for a person, who answers all the same.
func (p *play) whileItWaits(ctx context.Context) error {
	up, err := p.next(ctx)
	if err != nil {
		return err
	}
	p.say("What happens to a release when its host dies? Each host is a process; to kill it is SIGKILL.")
	p.say("Host %d (pid %d) opens the journal; %d shops run 1.0.0. It begins release shop-1, of 1.1.0:", p.hosts, p.pid(), replicas)
	p.say("build, approve, production (a canary), migrate, a stage for each of three regions, watch.")
	if len(up.Taken) > 0 {
		return unexpected("the first host has taken up %v", up.Taken)
	}
	if err := p.host.say(order{Release: "shop-1", Version: "1.1.0"}); err != nil {
		return err
	}
	asks, err := p.host.waits(ctx, "shop-1", "approve")
	if err != nil {
		return err
	}
	p.say("It builds, and asks: %q. Killed.", asks)
	if err := p.host.kill(); err != nil {
		return err
	}
	approval := stage.Signal{ID: "grace-1", Kind: stage.Approve, Stage: "approve", By: "grace", Why: "the prices are right"}
	err = withJournal(p.dir, func(_ *journal.Journal, runner *release.Runner) error {
		return errors.Join(runner.Signal(ctx, "shop-1", approval), runner.Signal(ctx, "shop-1", approval))
	})
	p.say("No host lives. Grace approves, twice by mistake, with a program that opens the journal for that alone.")
	return err
}

// inTheRollout: the host dies while one shop of four runs the new version.
func (p *play) inTheRollout(ctx context.Context) error {
	dies := p.springs(ctx, "check")
	if _, err := p.takeUp(ctx, "shop-1"); err != nil {
		return err
	}
	p.say("\nHost %d takes shop-1 up, finds her answer, and starts a shop of 1.1.0 beside the old ones.", p.hosts)
	if err := p.await(ctx, dies); err != nil {
		return err
	}
	p.say("While the gate of the canary looks at it: killed. The shops run on, with nobody to look after them.")
	return nil
}

// inTheMigration: the next host ends the rollout, and dies in the middle of what must not be done twice.
func (p *play) inTheMigration(ctx context.Context) error {
	dies := p.springs(ctx, "shop-1 POST /orders/batches/2")
	up, err := p.takeUp(ctx, "shop-1")
	if err != nil {
		return err
	}
	if len(up.Adopted) != replicas+1 {
		return unexpected("%d shops were adopted, not %d", len(up.Adopted), replicas+1)
	}
	p.say("\nHost %d adopts the %d shops by their pids, goes on inside the plan, and promotes 1.1.0.", p.hosts, len(up.Adopted))
	if err := p.await(ctx, dies); err != nil {
		return err
	}
	p.say("Then it turns all orders from euros to cents, which must not be done twice. In batch 3 of %d: killed.", batches)
	return nil
}

// aPersonDecides: what may not run twice does not, until a person has looked.
func (p *play) aPersonDecides(ctx context.Context) error {
	if _, err := p.takeUp(ctx, "shop-1"); err != nil {
		return err
	}
	reason, err := p.host.waits(ctx, "shop-1", "migrate")
	if err != nil {
		return err
	}
	_, why, _ := strings.Cut(reason, ": ")
	p.say("\nHost %d does not run that again. Stage migrate is parked:", p.hosts)
	p.say("  %s", why)
	p.say("Linus looks: %d of %d batches are in cents. He puts the orders back, and says retry.", p.world.migrated(), batches)
	p.world.restore()
	if err := p.host.say(order{"shop-1", "", &stage.Signal{Kind: stage.Retry, Stage: "migrate", By: "linus", Why: "the orders are restored"}}); err != nil {
		return err
	}
	end, err := p.host.finishes(ctx, "shop-1")
	if err != nil {
		return err
	}
	if now := p.world.migrated(); end.Outcome != stage.Succeeded || now != batches || !slices.Equal(p.world.shown(), []string{"1.1.0"}) {
		return unexpected("shop-1 %s (%s), %d batches are in cents, the regions show %v", end.Outcome, end.Reason, now, p.world.shown())
	}
	p.say("All %d are, once; the regions show 1.1.0, its prices are seen from outside: shop-1 %s.", batches, end.Outcome)
	return nil
}

// onTheWayBack: a bad release is undone, and the host dies while it does that.
func (p *play) onTheWayBack(ctx context.Context) error {
	p.say("\nIt begins shop-2, of 1.2.0, which has forgotten the cake. Grace approves, the canary looks well,")
	if err := p.host.say(order{Release: "shop-2", Version: "1.2.0"}); err != nil {
		return err
	}
	if _, err := p.host.waits(ctx, "shop-2", "approve"); err != nil {
		return err
	}
	dies := p.springs(ctx, "shop-2 PUT /regions/us 1.1.0")
	if err := p.host.say(order{"shop-2", "", &stage.Signal{Kind: stage.Approve, Stage: "approve", By: "grace"}}); err != nil {
		return err
	}
	if err := p.await(ctx, dies); err != nil {
		return err
	}
	p.say("but the watch asks for every price, fails, and has all undone. In the second of the regions: killed.")
	if _, err := p.takeUp(ctx, "shop-2"); err != nil {
		return err
	}
	end, err := p.host.finishes(ctx, "shop-2")
	if err != nil {
		return err
	}
	if end.Outcome != stage.RolledBack || !slices.Equal(p.world.shown(), []string{"1.1.0"}) {
		return unexpected("shop-2 %s (%s), the regions show %v", end.Outcome, end.Reason, p.world.shown())
	}
	p.say("\nHost %d goes on with that: the regions show 1.1.0 again, and the shops run it: shop-2 %s.", p.hosts, end.Outcome)
	return p.leave()
}

// next starts a host.
func (p *play) next(ctx context.Context) (up line, err error) {
	p.hosts++
	p.host, up, err = startHost(ctx, p.dir, p.world.addr)
	return up, err
}

// takeUp starts a host that takes up a release.
func (p *play) takeUp(ctx context.Context, id string) (line, error) {
	up, err := p.next(ctx)
	if err == nil && !slices.Equal(up.Taken, []string{id}) {
		err = unexpected("host %d has taken up %v", p.hosts, up.Taken)
	}
	return up, err
}

func (p *play) pid() int { return p.host.cmd.Process.Pid }

// ambush is where a host is going to be killed.
type ambush struct {
	host chan *deputy // the one that will be
	dead chan error
}

// springs lays an ambush at a request to the world: it is not answered until the host is dead that await
// names.
func (p *play) springs(ctx context.Context, request string) ambush {
	a := ambush{make(chan *deputy, 1), make(chan error, 1)}
	p.world.when(request, func() {
		select {
		case host := <-a.host:
			a.dead <- host.kill()
		case <-ctx.Done():
		}
	})
	return a
}

// await waits until the living host is killed there. One that ends otherwise never will be.
func (p *play) await(ctx context.Context, a ambush) error {
	a.host <- p.host
	select {
	case <-p.host.ended:
		if p.host.killed.Load() {
			return <-a.dead
		}
		return unexpected("host %d has ended by itself: %s", p.hosts, strings.TrimSpace(p.host.errors.String()))
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave stops the host that lives, if one does.
func (p *play) leave() error {
	if p.host == nil {
		return nil
	}
	err := p.host.end()
	p.host = nil
	return err
}

func (p *play) say(format string, args ...any) {
	if _, err := fmt.Fprintf(p.out, format+"\n", args...); err != nil {
		p.gone(fmt.Errorf("nobody reads on: %w", err))
	}
}
