package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// remote is the remote whose pages notes link to.
const remote = "origin"

// noForge is the forge that has no pages.
const noForge = "none"

// links are those of the pages of the remote: none, unless its address says which forge it is, or -forge does.
func links(ctx context.Context, repo *git.Repository, o options) (changelog.Links, error) {
	if o.forge == noForge {
		return changelog.Links{}, nil
	}
	address, err := repo.Address(ctx, remote)
	if err != nil {
		return changelog.Links{}, err
	}
	if address == "" {
		if o.forge == "" {
			return changelog.Links{}, nil
		}
		return changelog.Links{}, fmt.Errorf("-forge %s: there is no remote %s, whose pages notes could lead to", o.forge, remote)
	}
	links, err := changelog.LinksFor(address, changelog.Forge(o.forge))
	if err != nil && o.forge == "" {
		return changelog.Links{}, nil // it is a folder, or a host that nobody knows
	}
	return links, err
}

// notes are the notes of all components that are released, or a sentence.
func notes(ctx context.Context, repo *git.Repository, plan changelog.Plan, o options) (string, error) {
	at, err := links(ctx, repo, o)
	if err != nil {
		return "", err
	}
	var debuts changelog.Debuts
	text := ""
	for _, d := range decisions(plan) {
		if d.Next == nil {
			continue
		}
		said := changelog.NotesOptions{Links: at, Authors: true, Contributors: true}
		if d.Previous != nil { // of a first release everybody is new
			if debuts == nil {
				if debuts, err = changelog.FindDebuts(repo.Commits(ctx, git.Range{})); err != nil {
					return "", err
				}
			}
			said.Debuts = debuts
		}
		if text != "" {
			text += "\n"
		}
		text += d.Notes(said).Markdown()
	}
	if text == "" {
		text = "Nothing to release. (-why tells of each commit why it does not count.)\n"
	}
	return text, nil
}

// full writes the whole changelog, release by release, while the history is read.
func full(ctx context.Context, repo *git.Repository, policy changelog.Policy, o options, out, told io.Writer) error {
	head, err := repo.Head(ctx)
	if err != nil {
		return err
	}
	tags, err := repo.Tags(ctx)
	if err != nil {
		return err
	}
	at, err := links(ctx, repo, o)
	if err != nil {
		return err
	}
	to := bufio.NewWriterSize(out, 64<<10)
	if _, err := fmt.Fprintln(to, "# Changelog"); err != nil {
		return err
	}
	commits := repo.Commits(ctx, git.Range{To: head, Paths: policy.NeedsPaths()})
	said := changelog.ReleasesOptions{Notes: changelog.NotesOptions{Links: at, Authors: true}}
	for release, err := range changelog.Releases(commits, tags, policy, said) {
		if err != nil {
			return err
		}
		for _, d := range release.Diagnostics {
			note(d, told)
		}
		if release.Version == nil && len(release.Notes.Sections) == 0 {
			continue // nothing has come since the last release
		}
		if _, err := fmt.Fprintf(to, "\n%s", release.Notes.Markdown()); err != nil {
			return err
		}
	}
	return to.Flush()
}
