package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/changelog"
)

const usage = `changelog tells what comes next in a git repository, and why.

usage: changelog [-C DIR] [-next | -notes | -full | -why | -json] [-channel NAME] [-final] [-config FILE] [-forge NAME]

  -C DIR         a folder in the repository (default: the current one)
  -next          the next version, alone on a line; an empty line when nothing is to be released.
                 Of several components: a line for each that is released, with its name before the version
  -notes         the notes of what is not released yet, as Markdown (default)
  -full          the whole changelog, as Markdown
  -why           every commit and tag with the reason why it counts or not
  -json          the plan with all reasons, as JSON
  -channel NAME  make a pre-release of that channel, such as beta
  -final         make a final release, also of a pre-release that nothing has followed, whatever the channel
  -config FILE   a policy, as JSON: {"types": {"docs": "patch"}, "components": [{"name": "api", "paths": ["api"]}]}
  -forge NAME    where the pages of the remote origin are, for the links of the notes: github, gitlab, gitea, bitbucket,
                 bitbucket-server, or none for no links (default: what its address says, and no links where that says nothing)

Exit status: 0 with an answer, 1 without, 2 for flags that are wrong.
`

// What can be asked for.
const (
	askNotes = "notes"
	askNext  = "next"
	askFull  = "full"
	askWhy   = "why"
	askJSON  = "json"
)

// forges are what -forge can be.
var forges = []string{string(changelog.GitHub), string(changelog.GitLab), string(changelog.Gitea), string(changelog.Bitbucket), string(changelog.BitbucketServer), noForge}

// options are what the flags say.
type options struct {
	dir, ask, config, channel, forge string
	final                            bool
}

func parse(args []string) (options, error) {
	o := options{ask: askNotes}
	flags := flag.NewFlagSet("changelog", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what it says is said with the usage
	flags.Usage = func() {}
	flags.StringVar(&o.dir, "C", ".", "")
	flags.StringVar(&o.channel, "channel", "", "")
	flags.BoolVar(&o.final, "final", false, "")
	flags.StringVar(&o.config, "config", "", "")
	flags.StringVar(&o.forge, "forge", "", "")
	asked := map[string]*bool{}
	for _, name := range []string{askNotes, askNext, askFull, askWhy, askJSON} {
		asked[name] = flags.Bool(name, false, "")
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	// An empty one comes from a variable that is not set: to go on as if it were not there would answer another question.
	var empty []string
	flags.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" {
			empty = append(empty, "-"+f.Name)
		}
	})
	var all []string
	for _, name := range []string{askNext, askNotes, askFull, askWhy, askJSON} {
		if *asked[name] {
			o.ask = name
			all = append(all, "-"+name)
		}
	}
	switch {
	case len(all) > 1:
		return o, fmt.Errorf("%s cannot be asked for at once", strings.Join(all, " and "))
	case flags.NArg() > 0:
		return o, fmt.Errorf("what is %q for? The repository is named by -C", flags.Arg(0))
	case len(empty) > 0:
		return o, fmt.Errorf("%s: empty; give a value, or leave it out", strings.Join(empty, " and "))
	case o.forge != "" && !slices.Contains(forges, o.forge):
		return o, fmt.Errorf("-forge %s: is none of %s", o.forge, strings.Join(forges, ", "))
	}
	if err := (changelog.Policy{Channel: o.channel}).Validate(); err != nil {
		return o, fmt.Errorf("-channel: %w", err)
	}
	return o, nil
}

// policy is what the configuration says, and the flags above it.
func (o options) policy() (changelog.Policy, error) {
	var p changelog.Policy
	if o.config != "" {
		text, err := os.ReadFile(o.config)
		if err != nil {
			return p, err
		}
		if p, err = changelog.ParsePolicy(text); err != nil {
			return p, fmt.Errorf("%s: %w", o.config, err)
		}
	}
	if o.channel != "" {
		p.Channel, p.Final = o.channel, false
	}
	p.Final = p.Final || o.final
	if err := p.Validate(); err != nil {
		return p, fmt.Errorf("policy: %w", err)
	}
	return p, nil
}
