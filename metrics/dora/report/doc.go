// Package report (PURE) shows what package metrics/dora says: as a text table, Markdown, JSON, a page of HTML with
// charts, or in the text format of Prometheus.
//
//	figures, err := history.Report(dora.Rules{}, dora.Query{From: from, To: to})
//	...
//	err = report.Text(os.Stdout, figures, report.Options{})
//
// Every figure comes with the number of what it is made of, its interval, how many have not ended yet, and its tier
// with the year and the source of its table. What there is no data for is said to have none; it is never 0. What the
// events leave open (incidents without a cause, lead times that were dropped, anomalies) is part of each form, and where a
// list is cut short, it says of how many.
//
// Durations are shown in days of 24 hours, hours, minutes and seconds; JSON and Prometheus have seconds. Numbers, dates
// and words are the same everywhere: no locale is asked.
//
// # HTML
//
// The page is one file: it has no scripts, and no fonts, pictures or styles from elsewhere. It is light or dark as the reader's system
// is, and can be printed. Each chart has a title, a description and a table with its numbers. What events say (names of
// services, ids) is text in it, whatever they say.
//
// A chart shows no line between weeks, as nothing was measured there, and nothing is smoothed. The bar behind a point is
// its interval; a point that is hollow stands for too few to have one.
//
// # Prometheus
//
// All is a gauge of the window that was asked for, not a counter. Figures of all services together have scope="all", those of
// one have scope="service" and service. They can be served to Prometheus, or written to a file for its node exporter.
//
// # Errors
//
// An error is about the options, or is the writer's. Nothing is written where the options are wrong, and what is written is written
// at once, when all of it is known.
//
// # Concurrency
//
// Functions share nothing, and read what they are given. The same report gives the same bytes.
package report
