package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/report"
)

// answer writes what is asked for, and tells what may be wrong with it.
func answer(ctx context.Context, o options, out, told io.Writer) error {
	history, err := o.read(ctx, told)
	if err != nil {
		return err
	}
	figures, err := history.Report(o.rules, o.query)
	if err != nil {
		return err
	}
	silent := o.dir != "" // tags say nothing of failures
	if silent {
		figures = figures.WithoutFailures()
	}
	show := report.Options{Title: o.title()}
	if len(o.compare) > 0 {
		c, err := history.Compare(o.compare[0], o.compare[1], o.query)
		if err != nil {
			return err
		}
		if silent {
			c = c.WithoutFailures()
		}
		show.Comparison = &c
	}
	if o.html != "" {
		if err := o.page(history, figures, show); err != nil {
			return err
		}
	}
	if o.json {
		return report.JSON(out, figures, show)
	}
	return report.Text(out, figures, show)
}

// page writes the HTML, which shows the lead times one by one.
func (o options) page(history *dora.History, figures *dora.Report, show report.Options) (err error) {
	if show.LeadTimes, err = history.LeadTimes(o.rules, o.query); err != nil {
		return err
	}
	var page bytes.Buffer
	if err := report.HTML(&page, figures, show); err != nil {
		return err
	}
	return os.WriteFile(o.html, page.Bytes(), 0o644)
}

func (o options) title() string {
	switch {
	case o.dir != "":
		return "Delivery: " + o.service()
	case o.events != "":
		return "Delivery: " + filepath.Base(o.events)
	}
	return "Delivery: a sample"
}

// complain joins what is wrong with many lines, so that the first ones can be read.
func complain(file string, all []error) error {
	const shown = 10
	text := fmt.Sprintf("%s has %d lines that are no events, and no answer for that reason", file, len(all))
	if len(all) == 1 {
		text = file + " has a line that is no event, and no answer for that reason"
	}
	for _, err := range all[:min(len(all), shown)] {
		text += "\n  " + err.Error()
	}
	if rest := len(all) - shown; rest > 0 {
		text += fmt.Sprintf("\n  and %d more", rest)
	}
	return fmt.Errorf("%s", text)
}
