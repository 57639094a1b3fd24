package plane

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// Main is `kubed up`.
func Main(args []string) (err error) {
	var o options
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	flags.StringVar(&o.dir, "dir", "", "an empty folder for data and logs, which stays (default: a temporary one, which does not)")
	flags.BoolVar(&o.stay, "stay", false, "stay up until SIGTERM, also when standard input is closed")
	flags.IntVar(&o.nodes, "nodes", 2, "how many nodes there are")
	flags.DurationVar(&o.backoff, "backoff", time.Second, "how long the agent waits before the second restart of a container, or pull of an image, in a row")
	flags.StringVar(&o.missing, "missing", `^missing\.test/|@sha256:0{8}`, "a regular expression for the images that no registry has")
	_ = flags.Parse(args) // it exits by itself
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	command := flags.Args()
	if len(command) == 0 && !o.stay {
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() { // ends with this process at the latest
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	p, err := raise(ctx, o, os.Stderr)
	defer func() { err = errors.Join(err, p.close()) }()
	if err != nil {
		return err
	}
	line, err := json.Marshal(p.now())
	if err != nil {
		return err
	}
	if len(command) > 0 {
		return within(ctx, command, "KUBECONFIG="+p.info.Kubeconfig, "KUBED="+string(line))
	}
	fmt.Printf("%s\n", line)
	<-ctx.Done()
	return nil
}

// within runs a command to its end, or to that of the plane.
func within(ctx context.Context, command []string, env ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopPatience
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
