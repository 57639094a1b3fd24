package strategy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Table prints the plan as a person approves it: what it brings where and in which order, what
// happens when a wave is bad, and then the table of each region's plan. Regions whose plans are the
// same share one.
//
// The result ends with a line break and contains no control characters but those between lines,
// whatever names the plan has.
func (p WavePlan) Table() string {
	var out strings.Builder
	regions := 0
	for range p.Regions() {
		regions++
	}
	fmt.Fprintf(&out, "Waves: %s to %s in %s\n", clean(p.To.String()), count(regions, "region"), count(len(p.Waves), "wave"))
	switch p.TakeBack {
	case EveryWave:
		out.WriteString("a bad wave is taken back, and so are the waves before it; none begins after it\n")
	default:
		out.WriteString("a bad wave is taken back, the waves before it stay; none begins after it\n")
	}
	if len(p.Same) > 0 {
		fmt.Fprintf(&out, "left out, as they run it already: %s\n", clean(strings.Join(p.Same, ", ")))
	}
	out.WriteString("\n")
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range p.rows() {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	for i := range p.Waves {
		for _, same := range p.Waves[i].alike() {
			fmt.Fprintf(&out, "\nwave %d, %s\n%s", i+1, clean(strings.Join(same.regions, ", ")), same.table)
		}
	}
	return trimLines(out.String())
}

// rows are one for each wave, without the columns in which none says anything.
func (p WavePlan) rows() [][]string {
	rows := [][]string{{"WAVE", "REGIONS", "NAME", "AT ONCE", "BAKE", "GATES", "PAUSE"}}
	for i, wave := range p.Waves {
		names := make([]string, len(wave.Regions))
		var bake, gates []string // they are those of all its regions, unless somebody has edited one
		for j, r := range wave.Regions {
			names[j] = r.Region
			if r.Held() {
				last := r.Plan.Steps[len(r.Plan.Steps)-1]
				bake = append(bake, orDash(last.Bake))
				gates = append(gates, list(slices.DeleteFunc(slices.Clone(last.Gates), func(g string) bool { return g == WaveGate })))
			}
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), clean(strings.Join(names, ", ")), textCell(wave.Name),
			strconv.Itoa(wave.AtOnce), either(bake), either(gates), pauseCell(wave.Pause)})
	}
	for column := len(rows[0]) - 1; column > 0; column-- {
		if !slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "-" }) {
			for i := range rows {
				rows[i] = slices.Delete(rows[i], column, column+1)
			}
		}
	}
	return rows
}

// either is what all cells say, or each of it.
func either(cells []string) string {
	slices.Sort(cells)
	if cells = slices.Compact(cells); len(cells) == 0 {
		return "-"
	}
	return strings.Join(cells, " or ")
}

type alike struct {
	regions []string
	table   string
}

// alike are the wave's regions, put together where their plans read the same.
func (w PlannedWave) alike() []alike {
	var groups []alike
	for _, r := range w.Regions {
		text := r.Plan.Table()
		i := slices.IndexFunc(groups, func(g alike) bool { return g.table == text })
		if i < 0 {
			i, groups = len(groups), append(groups, alike{table: text})
		}
		groups[i].regions = append(groups[i].regions, r.Region)
	}
	return groups
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
