package report

import "slices"

// A section is a part of a report that text and Markdown show alike: sentences, a table, and sentences below it.
type section struct {
	name          string
	before, after []sentence
	table         table
}

// A cell is a text. One that is foreign comes from events, and may hold anything.
type cell struct {
	text    string
	foreign bool
}

func own(text string) cell { return cell{text: text} }

// named is what an event calls something; what has no name is told so.
func named(text, nameless string) cell {
	if text == "" {
		return cell{text: nameless}
	}
	return cell{text, true}
}

// A sentence is made of cells that follow each other.
type sentence []cell

func says(text string) sentence { return sentence{own(text)} }

// A column has a heading, and numbers if it is right.
type column struct {
	name  string
	right bool
}

type table struct {
	columns []column
	rows    [][]cell
}

// without leaves out a column.
func (t *table) without(name string) {
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
	t.columns = slices.Delete(t.columns, i, i+1)
	for k := range t.rows {
		t.rows[k] = slices.Delete(t.rows[k], i, i+1)
	}
}

func left(names ...string) []column { return columns(false, names) }

func right(names ...string) []column { return columns(true, names) }

func columns(right bool, names []string) []column {
	var all []column
	for _, name := range names {
		all = append(all, column{name, right})
	}
	return all
}

// row makes cells of texts of our own.
func row(texts ...string) []cell {
	all := make([]cell, len(texts))
	for i, text := range texts {
		all[i] = own(text)
	}
	return all
}
